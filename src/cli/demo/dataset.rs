//! The returns of the example board: who owes each, and how its file is named.

use crate::domain::{AgencyId, NotAnId, Period, ReturnId};

/// One of the example's returns. The text is the name of its folder in `pipelines/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dataset {
    /// The police's missing children.
    MissingChildren,
    /// Children's services' protection plans.
    ChildProtection,
    /// The voluntary sector's interviews of children who came back.
    ReturnInterviews,
    /// CAFCASS's care applications.
    CareApplications,
    /// The schools' persistent absence.
    PersistentAbsence,
    /// The health trust's immunisations.
    Immunisations,
    /// The youth justice service's first-time entrants.
    FirstTimeEntrants,
    /// Probation's Prevent referrals.
    PreventReferrals,
    /// Children's services' early help.
    EarlyHelp,
    /// Children's services' referrals, assessments, conferences, children looked after, and social workers.
    SocialCare,
    /// The police's exploitation referrals, domestic abuse and MARAC.
    PoliceSafeguarding,
    /// The schools' children missing education, and suspensions.
    MissingEducation,
    /// The health trust's admissions, and health checks of looked-after children.
    ChildHealth,
    /// Every agency's staff with current safeguarding training.
    Training,
    /// The business unit's action log.
    Actions,
    /// What others publish.
    Benchmarks,
}

impl Dataset {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::MissingChildren,
        Self::ChildProtection,
        Self::ReturnInterviews,
        Self::CareApplications,
        Self::PersistentAbsence,
        Self::Immunisations,
        Self::FirstTimeEntrants,
        Self::PreventReferrals,
        Self::EarlyHelp,
        Self::SocialCare,
        Self::PoliceSafeguarding,
        Self::MissingEducation,
        Self::ChildHealth,
        Self::Training,
        Self::Actions,
        Self::Benchmarks,
    ];

    /// The return, the agency that owes it (the first of several), and the ending of its files.
    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::MissingChildren => ("missing-children", "police", "xlsx"),
            Self::ChildProtection => ("child-protection", "children-services", "csv"),
            Self::ReturnInterviews => ("return-interviews", "voluntary-sector", "xlsx"),
            Self::CareApplications => ("care-applications", "cafcass", "csv"),
            Self::PersistentAbsence => ("persistent-absence", "schools", "json"),
            Self::Immunisations => ("immunisations", "health-trust", "json"),
            Self::FirstTimeEntrants => ("first-time-entrants", "youth-justice", "xlsx"),
            Self::PreventReferrals => ("prevent-referrals", "probation", "csv"),
            Self::EarlyHelp => ("early-help", "children-services", "xlsx"),
            Self::SocialCare => ("social-care", "children-services", "xlsx"),
            Self::PoliceSafeguarding => ("police-safeguarding", "police", "xlsx"),
            Self::MissingEducation => ("missing-education", "schools", "xlsx"),
            Self::ChildHealth => ("child-health", "health-trust", "xlsx"),
            Self::Training => ("training", "police", "csv"),
            Self::Actions => ("actions", "business-unit", "xlsx"),
            Self::Benchmarks => ("benchmarks", "business-unit", "parquet"),
        }
    }

    /// The return as its folder in `pipelines/` names it.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The agency as `agencies.toml` names it.
    pub const fn agency_name(self) -> &'static str {
        self.row().1
    }

    /// The return.
    ///
    /// # Errors
    /// None that happens: a test reads every name.
    pub fn return_id(self) -> Result<ReturnId, NotAnId> {
        self.name().parse()
    }

    /// Who owes it.
    ///
    /// # Errors
    /// None that happens: a test reads every name.
    pub fn agency(self) -> Result<AgencyId, NotAnId> {
        self.agency_name().parse()
    }

    /// The dataset of a return.
    pub fn of(return_id: &ReturnId) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.name() == return_id.as_str())
    }

    /// What a partner calls the file of a period: `missing-children 2025-26-Q1.xlsx`.
    pub fn file_name(self, period: Period) -> String {
        let (name, _, ending) = self.row();
        format!("{name} {period}.{ending}")
    }

    /// Where the partner server has the file of a period: `/cafcass/care-applications/2025-26-Q1.csv`.
    pub fn path(self, period: Period) -> String {
        let (name, agency, ending) = self.row();
        format!("/{agency}/{name}/{period}.{ending}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_has_a_definition_and_names_that_can_be_read_back() {
        for dataset in Dataset::ALL {
            let id = dataset.return_id().unwrap();
            assert_eq!(Dataset::of(&id), Some(dataset));
            assert!(dataset.agency().is_ok());
            let folder = format!("{}/pipelines/{id}/return.toml", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&folder).is_file(), "{folder}");
            let period: Period = "2025-26-Q1".parse().unwrap();
            assert_eq!(crate::source::period_in_name(&dataset.file_name(period)), Some(period));
        }
    }
}

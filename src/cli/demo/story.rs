//! The quarter the example board lives through: what each partner does, and when.
//!
//! Pure data on the simulated clock; whoever drives the daemon performs the acts. What the daemon does in between
//! (notices, reminders, answers, the escalation, the pack) is its own affair and not told here.

use jiff::{Timestamp, civil};

use super::{
    Dataset, FormatError, World, benchmarks,
    world::{File, Version},
};
use crate::{
    domain::{AgencyId, NotAnId, Period, ReturnId},
    timetable::instant_on,
};

/// One thing that somebody does.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// When.
    pub at: Timestamp,
    /// What is done; none when only time has come that is worth a word.
    pub act: Option<Act>,
    /// What the progress display says.
    pub says: String,
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// From now on the partner server has this file.
    Publish {
        /// Where, as in `/cafcass/care-applications/2025-26-Q1.csv`.
        path: String,
        /// The file.
        bytes: Vec<u8>,
    },
    /// A file is put into a drop folder.
    Drop {
        /// Whose folder.
        agency: AgencyId,
        /// The file's name.
        name: String,
        /// The file.
        bytes: Vec<u8>,
    },
    /// There is nothing to report.
    Nil {
        /// The return.
        return_id: ReturnId,
        /// Who says so.
        agency: AgencyId,
        /// For which period.
        period: Period,
        /// The line of reason.
        reason: String,
    },
    /// The chair signs a pack off.
    Approve {
        /// The pack.
        pack: String,
        /// The period it speaks of.
        period: Period,
        /// How it is known.
        because: String,
    },
    /// A person brings a file with `quarterday submit`.
    Submit {
        /// The return.
        return_id: ReturnId,
        /// On whose behalf.
        agency: AgencyId,
        /// For which period.
        period: Period,
        /// The file's name.
        name: String,
        /// The file.
        bytes: Vec<u8>,
    },
}

/// Why there is no story.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// A file could not be written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A name is no identifier.
    #[error(transparent)]
    Name(#[from] NotAnId),
    /// The world has no such file.
    #[error("the example has no file of {0} for {1}")]
    NoFile(&'static str, Period),
}

/// The quarter's scenes in their order, from 1 July to the meeting on 12 August 2025.
///
/// # Errors
/// When a file cannot be written.
pub fn story(world: &World) -> Result<Vec<Scene>, StoryError> {
    let teller = Teller { world, period: World::present() };
    let benchmark_day = benchmarks::releases()[1];
    Ok(vec![
        word(
            at(7, 1, 0, 5),
            "April to June 2025 has ended; eight agencies and the business unit are asked for their returns",
        ),
        teller.publishes(
            at(7, 2, 6, 0),
            Dataset::PersistentAbsence,
            Version::Right,
            "Schools publish persistent absence (JSON)",
        )?,
        teller.publishes(
            at(7, 2, 6, 5),
            Dataset::MissingEducation,
            Version::Right,
            "Schools publish children missing education, and suspensions (XLSX)",
        )?,
        teller.drops(at(7, 3, 14, 10), Dataset::MissingChildren, "Police drop their workbook on missing children")?,
        teller.drops(
            at(7, 3, 14, 30),
            Dataset::PoliceSafeguarding,
            "Police drop another on exploitation and domestic abuse",
        )?,
        teller.publishes(
            at(7, 4, 5, 30),
            Dataset::Immunisations,
            Version::Right,
            "The health trust publishes immunisations (JSON)",
        )?,
        teller.publishes(
            at(7, 4, 5, 35),
            Dataset::ChildHealth,
            Version::Right,
            "The health trust publishes admissions and health checks (XLSX)",
        )?,
        teller.publishes(
            at(7, 7, 6, 10),
            Dataset::EarlyHelp,
            Version::Right,
            "Children's services publish early help (XLSX)",
        )?,
        teller.publishes(
            at(7, 7, 6, 12),
            Dataset::SocialCare,
            Version::Right,
            "Children's services publish referrals, assessments and social work (XLSX)",
        )?,
        teller.publishes(
            at(7, 8, 6, 15),
            Dataset::ChildProtection,
            Version::Right,
            "Children's services publish child protection plans (CSV)",
        )?,
        teller.drops_wrong(at(7, 9, 11, 20), "Youth justice drop a workbook with a word where a number belongs")?,
        teller.publishes(
            at(7, 10, 6, 40),
            Dataset::CareApplications,
            Version::Right,
            "CAFCASS publishes care applications (CSV)",
        )?,
        teller.says_nil(at(7, 11, 10, 5), "Probation has no Prevent referral to report: a nil return")?,
        teller.drops_corrected(at(7, 11, 15, 30), "Youth justice drop the corrected workbook, two days later")?,
        teller.submits(at(7, 14, 9, 0), "The business unit brings its action log")?,
        teller.drops_release(at(7, 14, 9, 45), benchmark_day, "This year's benchmarks are released (Parquet)")?,
        word(at(7, 14, 17, 1), "Returns are due; the voluntary sector's has not come"),
        word(at(7, 16, 10, 1), "The voluntary sector is two days late and is told so"),
        teller.publishes(
            at(7, 17, 6, 20),
            Dataset::ChildProtection,
            Version::Restated,
            "Children's services restate: two plans were recorded late",
        )?,
        word(at(7, 18, 10, 1), "The manager reads what would go to the voluntary sector's Board member"),
        word(at(7, 21, 10, 1), "Nobody held it: the Board member is asked"),
        teller.drops(at(7, 23, 9, 25), Dataset::ReturnInterviews, "The voluntary sector's workbook arrives")?,
        word(at(7, 25, 10, 1), "Twelve working days before the meeting the chair gets a draft"),
        word(at(7, 28, 17, 1), "The time for comments is over; gaps will be printed"),
        Scene {
            at: at(7, 30, 16, 20),
            act: Some(Act::Approve {
                pack: "board".to_owned(),
                period: World::present(),
                because: "she has read the draft and says so by telephone".to_owned(),
            }),
            says: "The chair has read the draft and signs it off".to_owned(),
        },
        word(at(8, 4, 12, 1), "The pack is circulated, five clear days before the meeting"),
        word(at(8, 12, 14, 0), "The Board meets"),
    ])
}

/// An instant of 2025 in London.
fn at(month: i8, day: i8, hour: i8, minute: i8) -> Timestamp {
    instant_on(civil::date(2025, month, day), civil::time(hour, minute, 0, 0))
}

fn word(at: Timestamp, says: &str) -> Scene {
    Scene { at, act: None, says: says.to_owned() }
}

struct Teller<'a> {
    world: &'a World,
    period: Period,
}

impl Teller<'_> {
    fn file(&self, dataset: Dataset, period: Period, version: Version) -> Result<File, StoryError> {
        self.world.version(dataset, period, version)?.ok_or(StoryError::NoFile(dataset.name(), period))
    }

    fn publishes(&self, at: Timestamp, dataset: Dataset, version: Version, says: &str) -> Result<Scene, StoryError> {
        let file = self.file(dataset, self.period, version)?;
        let act = Act::Publish { path: dataset.path(self.period), bytes: file.bytes };
        Ok(Scene { at, act: Some(act), says: says.to_owned() })
    }

    fn drops(&self, at: Timestamp, dataset: Dataset, says: &str) -> Result<Scene, StoryError> {
        drop_of(at, self.file(dataset, self.period, Version::Right)?, says)
    }

    fn drops_wrong(&self, at: Timestamp, says: &str) -> Result<Scene, StoryError> {
        drop_of(at, self.file(Dataset::FirstTimeEntrants, self.period, Version::Wrong)?, says)
    }

    fn drops_corrected(&self, at: Timestamp, says: &str) -> Result<Scene, StoryError> {
        let file = self.file(Dataset::FirstTimeEntrants, self.period, Version::Right)?;
        let name = file.name.replace(".xlsx", " corrected.xlsx");
        drop_of(at, File { name, ..file }, says)
    }

    fn drops_release(&self, at: Timestamp, date: civil::Date, says: &str) -> Result<Scene, StoryError> {
        drop_of(at, self.file(Dataset::Benchmarks, Period::Release { date }, Version::Right)?, says)
    }

    fn says_nil(&self, at: Timestamp, says: &str) -> Result<Scene, StoryError> {
        let act = Act::Nil {
            return_id: Dataset::PreventReferrals.return_id()?,
            agency: Dataset::PreventReferrals.agency()?,
            period: self.period,
            reason: "no under-18 was referred to Prevent this quarter".into(),
        };
        Ok(Scene { at, act: Some(act), says: says.to_owned() })
    }

    fn submits(&self, at: Timestamp, says: &str) -> Result<Scene, StoryError> {
        let file = self.file(Dataset::Actions, self.period, Version::Right)?;
        let act = Act::Submit {
            return_id: file.dataset.return_id()?,
            agency: file.dataset.agency()?,
            period: file.period,
            name: file.name,
            bytes: file.bytes,
        };
        Ok(Scene { at, act: Some(act), says: says.to_owned() })
    }
}

fn drop_of(at: Timestamp, file: File, says: &str) -> Result<Scene, StoryError> {
    let act = Act::Drop { agency: file.dataset.agency()?, name: file.name, bytes: file.bytes };
    Ok(Scene { at, act: Some(act), says: says.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Calendar;

    #[test]
    fn the_scenes_come_in_order_and_the_correction_within_three_working_days() {
        let scenes = story(&World::new(super::super::SEED)).unwrap();
        assert!(scenes.is_sorted_by_key(|scene| scene.at));
        let drops: Vec<_> = scenes
            .iter()
            .filter(|s| matches!(&s.act, Some(Act::Drop { name, .. }) if name.starts_with("first-time")))
            .map(|scene| crate::domain::civil_day(scene.at))
            .collect();
        let calendar = Calendar::england_and_wales([]);
        assert_eq!(calendar.working_days_between(drops[0], drops[1]), Ok(2));
    }

    #[test]
    fn every_return_is_settled_by_the_meeting() {
        let scenes = story(&World::new(1)).unwrap();
        let told: String = scenes.iter().map(|scene| format!("{:?}\n", scene.act)).collect();
        // Training is owed each half-year, and none ends in the story.
        for dataset in Dataset::ALL.into_iter().filter(|dataset| *dataset != Dataset::Training) {
            assert!(told.contains(dataset.name()), "{}", dataset.name());
        }
    }

    #[test]
    fn the_story_reads_like_this() {
        let scenes = story(&World::new(super::super::SEED)).unwrap();
        let lines: Vec<_> = scenes
            .iter()
            .map(|s| format!("{} {}", crate::domain::to_london(s.at).strftime("%d %b %H:%M"), s.says))
            .collect();
        assert_eq!(
            lines[0],
            "01 Jul 00:05 April to June 2025 has ended; eight agencies and the business unit are asked for their returns"
        );
        assert_eq!(lines.last().unwrap(), "12 Aug 14:00 The Board meets");
    }
}

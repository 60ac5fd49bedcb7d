//! What stands on every page of an edition, and what tells one edition from another.

use jiff::civil::Date;

use super::days::day;
use crate::domain::{Period, words::listed};
use crate::ledger::Vector;

/// Whether somebody has signed a pack off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// Nobody is asked to.
    NotAsked,
    /// It is shown to whoever is to sign it.
    Draft,
    /// Somebody has.
    Given {
        /// Who, and as what: "Dr Ruth Adeyemi (chair)".
        by: String,
        /// On which day.
        on: Date,
        /// The returns whose files came after the draft that was signed.
        moved: Vec<String>,
    },
    /// Nobody has, though somebody was asked.
    Missing,
}

impl Approval {
    /// In a sentence, for a page and for a message.
    pub fn says(&self) -> Option<String> {
        match self {
            Self::NotAsked | Self::Draft => None,
            Self::Given { by, on, moved } if moved.is_empty() => Some(format!("Signed off by {by}, {}.", day(*on))),
            Self::Given { by, on, moved } => Some(format!(
                "Signed off by {by}, {}. Figures changed after sign-off, by files that came after the draft: {}.",
                day(*on),
                listed(moved)
            )),
            Self::Missing => Some(
                "Not signed off: neither the chair nor anybody in the chair’s stead had signed it when it \
                was circulated."
                    .to_owned(),
            ),
        }
    }
}

/// The edition's particulars.
#[derive(Debug, Clone)]
pub struct Imprint {
    /// The board's name.
    pub board: String,
    /// The area it answers for, the name of our own lines and bars.
    pub area: String,
    /// Whether board, agencies and figures are invented; every page says so.
    pub example: bool,
    /// The pack's title.
    pub pack: String,
    /// The period it speaks of.
    pub period: Period,
    /// The edition's number, counted per pack from 1; 0 for a draft.
    pub edition: i64,
    /// Who signed it off.
    pub approval: Approval,
    /// What the pack's gate found missing, each in a phrase.
    pub missing: Vec<String>,
    /// Why it was issued in spite of that, and by whom.
    pub in_spite: Option<String>,
    /// The day it is issued, the only "today" its pages know.
    pub issued_on: Date,
    /// The day at whose end the figures stood.
    pub data_as_at: Date,
    /// The meeting it is for, if it is for one.
    pub meeting_on: Option<Date>,
    /// Whom to ask: a name, a telephone number, a mail address.
    pub contact: String,
    /// The newest link of the ledger's audit chain: its number and its digest.
    pub chain_head: (i64, String),
    /// The tables the figures came from, each at its version.
    pub versions: Vector,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_signature_names_its_day_and_what_came_after_it() {
        let given = |moved| Approval::Given { by: "Dr Ruth Adeyemi (chair)".into(), on: date(2025, 7, 31), moved };
        assert_eq!(given(vec![]).says().unwrap(), "Signed off by Dr Ruth Adeyemi (chair), 31 July 2025.");
        let moved = given(vec!["Return interviews".into(), "Immunisations".into()]).says().unwrap();
        assert!(moved.ends_with("by files that came after the draft: Return interviews and Immunisations."), "{moved}");
        assert!(Approval::Missing.says().unwrap().starts_with("Not signed off"));
        assert_eq!((Approval::Draft.says(), Approval::NotAsked.says()), (None, None));
    }
}

//! Who is written to: changes that a person recorded beside the definitions.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{RecordedEvent, Result, Txn};

/// Whom of an agency a person can put another in the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactRole {
    /// The named lead.
    Lead,
    /// The lead's deputy.
    Deputy,
    /// The agency's member of the board.
    BoardMember,
    /// Whoever gets, for a time, what the lead gets too.
    Cover,
}

impl ContactRole {
    /// In words: "lead".
    pub fn words(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Deputy => "deputy",
            Self::BoardMember => "board member",
            Self::Cover => "cover for the lead",
        }
    }
}

impl FromStr for ContactRole {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "lead" => Self::Lead,
            "deputy" => Self::Deputy,
            "board-member" => Self::BoardMember,
            "cover" => Self::Cover,
            _ => return Err("one of lead, deputy, board-member, cover"),
        })
    }
}

impl Txn<'_> {
    /// Every change of contacts, oldest first.
    pub fn contact_changes(&self) -> Result<Vec<RecordedEvent>> {
        self.recorded("WHERE subject >= 'contact/' AND subject < 'contact0' AND payload IS NOT NULL ORDER BY seq", [])
    }
}

//! How far an obligation has come.

use serde::{Deserialize, Serialize};

/// How far an obligation has come. Whether an open one is overdue depends on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing readable has arrived.
    Open,
    /// A file is in the landing archive and is being looked at.
    Received,
    /// A file was not accepted; a corrected one is awaited.
    ToCorrect,
    /// A file awaits a person's decision.
    Held,
    /// A file was accepted.
    Accepted,
    /// There was nothing to report.
    Nil,
    /// A person let somebody off.
    Waived,
}

impl State {
    /// The word as it is stored and queried.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Received => "received",
            Self::ToCorrect => "to_correct",
            Self::Held => "held",
            Self::Accepted => "accepted",
            Self::Nil => "nil",
            Self::Waived => "waived",
        }
    }

    /// Whether nothing more is owed.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Accepted | Self::Nil | Self::Waived)
    }
}

//! What became of a submission.

use serde::{Deserialize, Serialize};

/// The answer to one submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every rule holds; the rows are in the warehouse.
    Accepted,
    /// In the warehouse; something is to be explained.
    AcceptedWithQueries,
    /// An error stands in the way; nothing was changed.
    NotAccepted,
    /// Readable, but a person decides first.
    Held,
    /// The same bytes as the submission that already stands.
    Duplicate,
}

impl Verdict {
    /// The verdict as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AcceptedWithQueries => "accepted_with_queries",
            Self::NotAccepted => "not_accepted",
            Self::Held => "held",
            Self::Duplicate => "duplicate",
        }
    }

    /// Reads what [`Verdict::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Accepted, Self::AcceptedWithQueries, Self::NotAccepted, Self::Held, Self::Duplicate]
            .into_iter()
            .find(|v| v.as_str() == text)
    }

    /// Whether the submission's rows are in the warehouse.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted | Self::AcceptedWithQueries)
    }
}

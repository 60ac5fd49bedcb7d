//! Why a number is not there.

use serde::{Deserialize, Serialize};

/// The reason that stands in a measure's `_status` column when it has no number.
///
/// The symbols are those of the Government Statistical Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Confidential: hidden to protect a person.
    C,
    /// Not applicable.
    Z,
    /// Not available.
    X,
    /// Rounds to zero but is not zero.
    K,
    /// Low reliability.
    U,
}

impl Status {
    /// The symbol as it is stored: one lower-case letter.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Z => "z",
            Self::X => "x",
            Self::K => "k",
            Self::U => "u",
        }
    }

    /// Reads a published symbol, the older ones (`:`, `~`, `low`) included.
    pub fn from_symbol(text: &str) -> Option<Self> {
        match text.trim() {
            "c" | "C" => Some(Self::C),
            "z" | "Z" => Some(Self::Z),
            "x" | "X" | ":" => Some(Self::X),
            "k" | "K" | "low" | "~" => Some(Self::K),
            "u" | "U" => Some(Self::U),
            _ => None,
        }
    }

    /// What a reader of a page is told; of a hidden number not how small it is, which only the one who hid it knows.
    pub fn words(self) -> &'static str {
        match self {
            Self::C => "hidden",
            Self::Z => "not applicable",
            Self::X => "not available",
            Self::K => "rounds to zero, but is not",
            Self::U => "low reliability",
        }
    }
}

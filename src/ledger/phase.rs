//! Whether the figures that somebody owes are the first, or the final ones after provisional ones.

use serde::{Deserialize, Serialize};

/// Which figures of an obligation are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The only ones.
    #[default]
    Only,
    /// Provisional ones.
    Provisional,
    /// The final ones; what came up to the submission of this number is provisional.
    FinalAwaited {
        /// The submission's number.
        after: i64,
    },
    /// The final ones, and they are here.
    Final,
}

impl Phase {
    /// Whether there are no others.
    pub fn is_only(&self) -> bool {
        *self == Self::Only
    }

    /// Whether final figures were asked for.
    pub fn is_final(self) -> bool {
        matches!(self, Self::FinalAwaited { .. } | Self::Final)
    }

    /// Whether what came so far is provisional.
    pub fn is_provisional(self) -> bool {
        matches!(self, Self::Provisional | Self::FinalAwaited { .. })
    }

    /// The word as SQL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Only => "only",
            Self::Provisional => "provisional",
            Self::FinalAwaited { .. } | Self::Final => "final",
        }
    }

    /// Whether final figures are awaited.
    pub fn is_awaited(self) -> bool {
        matches!(self, Self::FinalAwaited { .. })
    }

    /// Whether final figures are awaited and a submission came too early to be them.
    pub(super) fn is_too_early(self, submission: i64) -> bool {
        matches!(self, Self::FinalAwaited { after } if submission <= after)
    }
}

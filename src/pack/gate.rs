//! What must be there before a pack goes out, as `[readiness]` in `pack.toml` asks for it.

use std::{fmt, str::FromStr};

use crate::settings::Section;

/// A share of a whole: `80 %`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u8);

/// A text that is no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a share from 0 % to 100 %, as in \"80 %\"")]
pub struct NotAShare;

impl Share {
    /// Whether `part` of `whole` falls short of it; nothing of nothing is enough.
    pub fn exceeds(self, part: usize, whole: usize) -> bool {
        part * 100 < whole * usize::from(self.0)
    }
}

impl FromStr for Share {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim().strip_suffix('%').ok_or(NotAShare)?.trim();
        number.parse().ok().filter(|share| *share <= 100).map(Self).ok_or(NotAShare)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// How old the newest accepted figures of a required return may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshest {
    /// Of the pack's own period, or the newest that was owed by its end.
    ThisPeriod,
    /// Or of the one before that.
    OnePeriodOld,
    /// It does not matter.
    AnyPeriod,
}

/// What happens at the circulation where something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenNotReady {
    /// It goes out, and the gate says nothing; who delivered stands in it all the same.
    Send,
    /// It goes out, and its first page says what is missing.
    SendWithGaps,
    /// It waits, and the manager is told.
    Hold,
}

/// The gate of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The returns that must be in; all when empty.
    pub required_returns: Vec<String>,
    /// How many of the returns that are owed must be in.
    pub minimum_coverage: Option<Share>,
    /// How many of a group's members its file must speak of.
    pub minimum_members: Option<Share>,
    /// How old the newest figures may be.
    pub freshest: Freshest,
    /// What happens where something is missing.
    pub when_not_ready: WhenNotReady,
}

impl Gate {
    /// Reads `[readiness]`; `required_returns` may stand beside it, where it used to.
    pub(super) fn settle(root: &mut Section<'_>) -> Self {
        let beside = root.list_or_empty("required_returns");
        let mut gate = Self {
            required_returns: beside,
            minimum_coverage: None,
            minimum_members: None,
            freshest: Freshest::ThisPeriod,
            when_not_ready: WhenNotReady::SendWithGaps,
        };
        let Some(mut table) = root.section_opt("readiness") else { return gate };
        let required = table.list_or_empty("required_returns");
        if !required.is_empty() && !gate.required_returns.is_empty() {
            table.refuse(
                "required_returns",
                "one list; another stands above, outside [readiness]",
                "the list here alone",
            );
        }
        gate.required_returns.extend(required);
        gate.minimum_coverage = table.parsed_opt("minimum_coverage");
        gate.minimum_members = table.parsed_opt("minimum_members");
        gate.freshest = match table.one_of_opt("freshest", &["this period", "one period old", "any period"]) {
            Some("one period old") => Freshest::OnePeriodOld,
            Some("any period") => Freshest::AnyPeriod,
            _ => Freshest::ThisPeriod,
        };
        gate.when_not_ready = match table.one_of_opt("when_not_ready", &["send", "send-with-gaps", "hold"]) {
            Some("send") => WhenNotReady::Send,
            Some("hold") => WhenNotReady::Hold,
            _ => WhenNotReady::SendWithGaps,
        };
        gate
    }

    /// Whether the return must be in.
    pub fn requires(&self, return_id: &str) -> bool {
        self.required_returns.is_empty() || self.required_returns.iter().any(|required| required == return_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_whole_and_of_a_hundred() {
        for (text, part, whole, exceeds) in [
            ("80 %", 4, 5, false),
            ("80%", 3, 4, true),
            ("100 %", 2, 2, false),
            ("80 %", 0, 0, false),
            ("0 %", 0, 9, false),
        ] {
            assert_eq!(text.parse::<Share>().unwrap().exceeds(part, whole), exceeds, "{text} {part}/{whole}");
        }
        for wrong in ["80", "101 %", "-1 %", "0.8", "most", ""] {
            assert_eq!(wrong.parse::<Share>(), Err(NotAShare), "{wrong}");
        }
    }
}

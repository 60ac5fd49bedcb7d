//! The steps of a reporting cycle, and where they lie.
//!
//! Knows nothing of meetings: offsets in working days. The window opens the day after the period ends, and when the
//! returns are due stands in their own definitions, so neither is set here.

/// A step of the reporting cycle, in the order in which the steps must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Milestone {
    /// The period is over, and returns may come.
    WindowOpens,
    /// The last return of the period is due.
    ReturnsDue,
    /// Returns are checked and explained.
    Validated,
    /// Comments on exceptions are in.
    Commentary,
    /// Agencies have corrected what is wrong about them; silence is agreement.
    FactualCheck,
    /// The chair sees a draft.
    Draft,
    /// The chair signs off.
    SignOff,
    /// The pack goes out.
    Circulated,
    /// The board meets.
    Meeting,
    /// What the board asked for is done or reported on.
    ActionsDue,
}

impl Milestone {
    /// Every step, in order.
    pub const ALL: [Self; 10] = [
        Self::WindowOpens,
        Self::ReturnsDue,
        Self::Validated,
        Self::Commentary,
        Self::FactualCheck,
        Self::Draft,
        Self::SignOff,
        Self::Circulated,
        Self::Meeting,
        Self::ActionsDue,
    ];

    /// Steps of which the first may not fall after the second. The chair's draft may be written while commentary still
    /// comes in, but not before the returns are due.
    pub(super) const IN_ORDER: [(Self, Self); 12] = [
        (Self::WindowOpens, Self::ReturnsDue),
        (Self::ReturnsDue, Self::Validated),
        (Self::Validated, Self::Commentary),
        (Self::Validated, Self::FactualCheck),
        (Self::Commentary, Self::SignOff),
        (Self::FactualCheck, Self::SignOff),
        (Self::ReturnsDue, Self::Draft),
        (Self::Draft, Self::SignOff),
        (Self::Draft, Self::Circulated),
        (Self::SignOff, Self::Circulated),
        (Self::Circulated, Self::Meeting),
        (Self::Meeting, Self::ActionsDue),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WindowOpens => "window opens",
            Self::ReturnsDue => "returns due",
            Self::Validated => "validated",
            Self::Commentary => "commentary",
            Self::FactualCheck => "factual check",
            Self::Draft => "draft",
            Self::SignOff => "signed off",
            Self::Circulated => "circulated",
            Self::Meeting => "meeting",
            Self::ActionsDue => "actions due",
        }
    }

    /// Whether the agencies have something to do by it.
    pub fn asks_agencies(self) -> bool {
        matches!(self, Self::Commentary | Self::FactualCheck | Self::ActionsDue)
    }
}

/// Where the steps of one cycle lie, in working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestones {
    /// After the period: returns are validated.
    pub validated: i32,
    /// After the period: comments on exceptions are in.
    pub commentary: i32,
    /// After the period: agencies have looked through what is said of them.
    pub factual_check: i32,
    /// Before the meeting (negative): the chair's draft.
    pub draft: i32,
    /// Before the meeting (negative): signed off.
    pub sign_off: i32,
    /// Before the meeting (negative): circulated, so that five clear days remain.
    pub circulated: i32,
    /// After the meeting: what it asked for is due.
    pub actions_due: i32,
}

impl Default for Milestones {
    fn default() -> Self {
        Self {
            validated: 13,
            commentary: 20,
            factual_check: 20,
            draft: -12,
            sign_off: -8,
            circulated: -6,
            actions_due: 10,
        }
    }
}

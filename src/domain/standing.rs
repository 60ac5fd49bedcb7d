//! How a return stands on a day, and the words for it on every page, in every list and message.

use super::words::count;

/// How a return stands on a day; in the order of what presses most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Its due instant has passed and nothing readable came.
    Overdue,
    /// Not accepted; a correction is awaited.
    ToCorrect,
    /// A person decides first.
    Held,
    /// Due today.
    DueToday,
    /// Due within a week.
    DueSoon,
    /// Not due yet.
    Open,
    /// A person arranged something about it, or a file came, before it opens.
    NotYetOpen,
    /// Here, being checked.
    Received,
    /// Accepted, after its due instant.
    AcceptedLate,
    /// Accepted, in time.
    Accepted,
    /// Nothing to report, and said so.
    Nil,
    /// A person let somebody off.
    Waived,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Overdue,
        Self::ToCorrect,
        Self::Held,
        Self::DueToday,
        Self::DueSoon,
        Self::Open,
        Self::NotYetOpen,
        Self::Received,
        Self::AcceptedLate,
        Self::Accepted,
        Self::Nil,
        Self::Waived,
    ];

    /// The word as SQL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::ToCorrect => "to_correct",
            Self::Held => "held",
            Self::DueToday => "due_today",
            Self::DueSoon => "due_soon",
            Self::Open => "open",
            Self::NotYetOpen => "not_yet_open",
            Self::Received => "received",
            Self::AcceptedLate => "accepted_late",
            Self::Accepted => "accepted",
            Self::Nil => "nil",
            Self::Waived => "waived",
        }
    }

    /// Reads what [`Standing::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == text)
    }

    /// Whether something readable came.
    pub fn is_in(self) -> bool {
        !self.is_not_due() && !matches!(self, Self::Overdue | Self::Waived)
    }

    /// Whether it is asked for, and its due instant is still to come.
    pub fn is_not_due(self) -> bool {
        matches!(self, Self::DueToday | Self::DueSoon | Self::Open | Self::NotYetOpen)
    }

    /// Whether somebody has to do something about it.
    pub fn is_alarming(self) -> bool {
        matches!(self, Self::Overdue | Self::ToCorrect | Self::Held)
    }

    /// Whether its figures are missing though they are due.
    pub fn is_gap(self) -> bool {
        self.is_alarming() || self == Self::Received
    }

    /// In a few words, for a list: "to be corrected".
    pub fn brief(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::ToCorrect => "to be corrected",
            Self::Held => "held for a person to decide",
            Self::DueToday => "due today",
            Self::DueSoon => "due within a week",
            Self::Open => "not due yet",
            Self::NotYetOpen => "not open yet",
            Self::Received => "received, being checked",
            Self::AcceptedLate => "accepted late",
            Self::Accepted => "accepted in time",
            Self::Nil => "nothing to report",
            Self::Waived => "not asked for this time",
        }
    }

    /// In so many words as a page has room for, as a phrase: "not received, 9 days late".
    pub fn words(self, days_late: i64) -> String {
        let late = || format!("{} late", count(usize::try_from(days_late).unwrap_or(0), "day", "days"));
        match self {
            Self::Overdue => format!("not received, {}", late()),
            Self::ToCorrect => "sent back to be corrected".to_owned(),
            Self::Held => "held until a person decides".to_owned(),
            Self::DueToday => "due today, not received yet".to_owned(),
            Self::DueSoon => "due within a week, not received yet".to_owned(),
            Self::Open => "not due yet".to_owned(),
            Self::NotYetOpen => "not open yet".to_owned(),
            Self::Received => "received, being checked".to_owned(),
            Self::AcceptedLate => format!("accepted, {}", late()),
            Self::Accepted => "accepted, in time".to_owned(),
            Self::Nil => "nil return: nothing to report".to_owned(),
            Self::Waived => "waived: not asked for this time".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_is_read_as_it_is_written_and_has_words_of_its_own() {
        let (mut words, mut brief) = (BTreeSet::new(), BTreeSet::new());
        for standing in Standing::ALL {
            assert_eq!(Standing::parse(standing.as_str()), Some(standing));
            assert!(words.insert(standing.words(1)) && brief.insert(standing.brief()), "{standing:?}");
        }
        assert_eq!(Standing::parse("late"), None);
        assert_eq!(Standing::Overdue.words(1), "not received, 1 day late");
    }
}

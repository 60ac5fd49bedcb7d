//! The standing question of a return about what happens now and then: "anything since?"
//!
//! Pure. Of what nobody opened, nobody can be reminded; so whoever would owe it is asked at regular times whether it happened.

use jiff::civil::Date;

use super::{Due, Dues, Every, dues};
use crate::settings::Section;

/// How often it is asked, and by when an answer is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// How often.
    pub every: Every,
    /// The first period it is asked of is the one this day falls in, where that is not the return's own first.
    pub starts_on: Option<Date>,
    /// When the answer is due, counted from the end of the period that it is about.
    pub due: Due,
}

impl Since {
    /// Reads `[anything_since]`; what is wrong is told to the section.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        let mut every: Option<Every> = table.parsed("every");
        if matches!(every, Some(Every::Occurrence | Every::Release)) {
            table.refuse("every", "how often it is asked, as quarter, half or year", "every = \"quarter\"");
            every = None;
        }
        let starts_on = table.date_opt("starts_on");
        let due = dues::settle(table, None, None);
        if due.as_ref().is_some_and(Due::needs_meeting) {
            let expected = "working days or fixed days: what is asked belongs to no meeting";
            table.refuse("clear_working_days_before_meeting", expected, "working_days = 10");
        }
        Some(Self { every: every?, starts_on, due: due? })
    }

    /// The same as the due rules of a duty.
    pub fn dues(&self) -> Dues {
        Dues::of(self.due.clone())
    }
}

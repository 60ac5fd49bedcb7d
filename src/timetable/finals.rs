//! Returns that come twice: provisional figures first, final ones later.
//!
//! Pure. The final file is owed on the same obligation, once its turn has come; until it is there, the provisional one stands.

use jiff::{Timestamp, civil};

use super::{
    Due, DueError, DueRule, Dues, Meeting,
    dues::{self, number},
    instant_on,
};
use crate::{
    domain::{Calendar, CalendarError, Period, civil_day},
    settings::Section,
};

/// When the final figures of a return are asked for, and when they are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Final {
    /// Working days after the provisional figures were due: then the final ones are asked for.
    pub opens: i32,
    /// When they are due.
    pub due: Due,
}

impl Final {
    /// When the final figures are asked for.
    ///
    /// # Errors
    /// When the holiday list does not reach so far.
    pub fn asked_at(&self, provisional_due: Timestamp, calendar: &Calendar) -> Result<Timestamp, CalendarError> {
        let day = calendar.add_working_days(civil_day(provisional_due), self.opens)?;
        Ok(instant_on(day, civil::Time::midnight()))
    }

    /// When the final figures of a period are due, and by which rule.
    ///
    /// # Errors
    /// When the holiday list does not reach so far, or no meeting speaks of the period.
    pub fn due_of(
        &self,
        period: Period,
        calendar: &Calendar,
        meetings: &[Meeting],
    ) -> Result<(Timestamp, String), DueError> {
        let due = self.due.of(period, calendar, meetings)?;
        Ok((due.at, format!("{} (final figures)", due.rule)))
    }

    /// Reads `[final]`; what is wrong is told to the section. `provisional` are the due rules of the provisional figures.
    pub fn settle(table: &mut Section<'_>, provisional: Option<&Dues>) -> Option<Self> {
        let opens = if table.has("opens") { number(table, "opens", 1, 260, 1) } else { Some(1) };
        let due = dues::settle(table, None, None);
        let (opens, due) = (opens?, due?);
        if let (DueRule::WorkingDays(days), Some(first)) = (&due.rule, provisional.and_then(Dues::most_working_days))
            && *days <= first + opens
        {
            let expected =
                format!("a day after that on which it opens, {} working days after the period ends", first + opens);
            table.refuse("working_days", &expected, &format!("working_days = {}", first + opens + 10));
        }
        Some(Self { opens, due })
    }
}

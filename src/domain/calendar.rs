//! Working days: Monday to Friday less the bank holidays of a nation and the board's own closure days.
//!
//! Past either end of the holiday list every question is an error that says so, never a guess.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{BankHolidays, Nation};

/// A question the calendar cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The holiday list does not reach the day.
    #[error(
        "the bank holidays of {year} are not known (the list covers {first} to {last}); refresh the list before counting working days there"
    )]
    OffTheList {
        /// The year asked for.
        year: i16,
        /// The first year the list covers.
        first: i16,
        /// The last year the list covers.
        last: i16,
    },
    /// The day does not exist in this calendar system.
    #[error("counting working days left the calendar after {0}")]
    OutOfRange(Date),
}

/// Which days are working days. Cheap to clone is not promised; share it by reference.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Calendar {
    list: BankHolidays,
    closures: BTreeSet<Date>,
}

impl Calendar {
    /// The bank holidays of a list, with the board's own closure days.
    pub fn of(list: BankHolidays, closures: impl IntoIterator<Item = Date>) -> Self {
        Self { list, closures: closures.into_iter().collect() }
    }

    /// The list of England and Wales shipped with the program, with the board's own closure days.
    pub fn england_and_wales(closures: impl IntoIterator<Item = Date>) -> Self {
        Self::of(BankHolidays::shipped(Nation::EnglandAndWales), closures)
    }

    /// A calendar of these bank holidays, which are taken as complete for every year between the first and the last,
    /// and of these closure days.
    pub fn new(bank_holidays: impl IntoIterator<Item = Date>, closures: impl IntoIterator<Item = Date>) -> Self {
        Self::of(BankHolidays::of(bank_holidays), closures)
    }

    /// The bank holidays it counts with.
    pub fn list(&self) -> &BankHolidays {
        &self.list
    }

    /// The same closures with another list.
    pub fn with_list(&self, list: BankHolidays) -> Self {
        Self { list, closures: self.closures.clone() }
    }

    /// The last day the holiday list covers.
    pub fn covered_until(&self) -> Option<Date> {
        self.list.covered_until()
    }

    /// Whether people work on the day.
    pub fn is_working_day(&self, day: Date) -> Result<bool, CalendarError> {
        let (year, (first, last)) = (day.year(), self.list.years());
        if year < first || year > last {
            return Err(CalendarError::OffTheList { year, first, last });
        }
        let weekend = matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
        Ok(!weekend && !self.list.contains(day) && !self.closures.contains(&day))
    }

    /// The `n`th working day after `start` (before it when `n` is negative), not counting `start` itself.
    ///
    /// With `n` = 0 the answer is `start` if it is a working day, else the next one.
    pub fn add_working_days(&self, start: Date, n: i32) -> Result<Date, CalendarError> {
        let step = if n < 0 { -1 } else { 1 };
        let mut day = start;
        if n == 0 {
            while !self.is_working_day(day)? {
                day = next(day, 1)?;
            }
            return Ok(day);
        }
        let mut left = n.abs();
        while left > 0 {
            day = next(day, step)?;
            if self.is_working_day(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// The day itself if it is a working day, else the last one before it.
    pub fn working_day_by(&self, day: Date) -> Result<Date, CalendarError> {
        if self.is_working_day(day)? { Ok(day) } else { self.add_working_days(day, -1) }
    }

    /// How many working days lie after `from` up to and including `to`; negative when `to` is earlier.
    pub fn working_days_between(&self, from: Date, to: Date) -> Result<i32, CalendarError> {
        let (mut day, end, sign) = if from <= to { (from, to, 1) } else { (to, from, -1) };
        let mut count = 0;
        while day < end {
            day = next(day, 1)?;
            if self.is_working_day(day)? {
                count += 1;
            }
        }
        Ok(sign * count)
    }
}

fn next(day: Date, step: i32) -> Result<Date, CalendarError> {
    day.checked_add(step.days()).map_err(|_| CalendarError::OutOfRange(day))
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;

//! Working days: Monday to Friday less the bank holidays of England and Wales and the board's own closure days.
//!
//! Past either end of the holiday list every question is an error that says so, never a guess.

use std::collections::BTreeSet;

use govuk_bank_holidays::{BankHolidayCalendar, Division, MonToFriWorkDays, PlainDate, Weekday};
use jiff::{ToSpan, civil::Date};

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
    /// A text is no list of bank holidays.
    #[error("a list of bank holidays in the shape of https://www.gov.uk/bank-holidays.json ({0})")]
    NotAList(String),
    /// The day does not exist in this calendar system.
    #[error("counting working days left the calendar after {0}")]
    OutOfRange(Date),
}

/// Which days are working days. Cheap to clone is not promised; share it by reference.
#[derive(Debug, Clone)]
pub struct Calendar {
    holidays: BTreeSet<Date>,
    first: i16,
    last: i16,
}

impl Calendar {
    /// The list shipped with the program, with the board's own closure days.
    pub fn england_and_wales(closures: impl IntoIterator<Item = Date>) -> Self {
        let shipped = BankHolidayCalendar::<Day, MonToFriWorkDays>::cached();
        let listed = shipped.holidays(Some(Division::EnglandAndWales));
        Self::new(listed.into_iter().map(|holiday| holiday.date().0), closures)
    }

    /// The list of a file in the shape of <https://www.gov.uk/bank-holidays.json>, with the board's own closure days.
    pub fn from_gov_uk(json: &str, closures: impl IntoIterator<Item = Date>) -> Result<Self, CalendarError> {
        let published: Published = serde_json::from_str(json).map_err(|e| CalendarError::NotAList(e.to_string()))?;
        if published.england_and_wales.events.is_empty() {
            return Err(CalendarError::NotAList("it has no events for england-and-wales".into()));
        }
        Ok(Self::new(published.england_and_wales.events.into_iter().map(|event| event.date), closures))
    }

    /// A calendar of these bank holidays, which are taken as complete for every year between the first and the last,
    /// and of these closure days.
    pub fn new(bank_holidays: impl IntoIterator<Item = Date>, closures: impl IntoIterator<Item = Date>) -> Self {
        let mut holidays: BTreeSet<Date> = bank_holidays.into_iter().collect();
        let first = holidays.first().map_or(i16::MAX, |d| d.year());
        let last = holidays.last().map_or(i16::MIN, |d| d.year());
        holidays.extend(closures);
        Self { holidays, first, last }
    }

    /// The last day the holiday list covers.
    pub fn covered_until(&self) -> Option<Date> {
        Date::new(self.last, 12, 31).ok()
    }

    /// Whether people work on the day.
    pub fn is_working_day(&self, day: Date) -> Result<bool, CalendarError> {
        let year = day.year();
        if year < self.first || year > self.last {
            return Err(CalendarError::OffTheList { year, first: self.first, last: self.last });
        }
        let weekend = matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
        Ok(!weekend && !self.holidays.contains(&day))
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

/// What gov.uk publishes, as far as it is read.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Published {
    england_and_wales: PublishedDivision,
}

#[derive(serde::Deserialize)]
struct PublishedDivision {
    events: Vec<PublishedDay>,
}

#[derive(serde::Deserialize)]
struct PublishedDay {
    date: Date,
}

fn next(day: Date, step: i32) -> Result<Date, CalendarError> {
    day.checked_add(step.days()).map_err(|_| CalendarError::OutOfRange(day))
}

/// jiff's date as the holiday list's crate wants to see one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Day(Date);

impl PlainDate for Day {
    fn try_from_components(year: i32, month: u8, day: u8) -> Result<Self, govuk_bank_holidays::Error> {
        let bad = || govuk_bank_holidays::Error::InvalidDate;
        let year = i16::try_from(year).map_err(|_| bad())?;
        let month = i8::try_from(month).map_err(|_| bad())?;
        let day = i8::try_from(day).map_err(|_| bad())?;
        Date::new(year, month, day).map(Day).map_err(|_| bad())
    }

    fn as_components(&self) -> (i32, u8, u8) {
        (self.year(), self.month(), self.day())
    }

    fn year(&self) -> i32 {
        i32::from(self.0.year())
    }

    fn month(&self) -> u8 {
        self.0.month().unsigned_abs()
    }

    fn day(&self) -> u8 {
        self.0.day().unsigned_abs()
    }

    fn weekday(&self) -> Weekday {
        match self.0.weekday() {
            jiff::civil::Weekday::Monday => Weekday::Monday,
            jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
            jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
            jiff::civil::Weekday::Thursday => Weekday::Thursday,
            jiff::civil::Weekday::Friday => Weekday::Friday,
            jiff::civil::Weekday::Saturday => Weekday::Saturday,
            jiff::civil::Weekday::Sunday => Weekday::Sunday,
        }
    }

    fn previous_day(&self) -> Self {
        Self(self.0.yesterday().unwrap_or(self.0))
    }

    fn next_day(&self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn shipped() -> Calendar {
        Calendar::england_and_wales([])
    }

    #[test]
    fn the_tenth_working_day_does_not_count_the_start() {
        for (end, due) in [
            (date(2025, 6, 30), date(2025, 7, 14)),
            (date(2025, 9, 30), date(2025, 10, 14)),
            (date(2025, 12, 31), date(2026, 1, 15)),
            (date(2026, 3, 31), date(2026, 4, 16)),
            (date(2023, 3, 31), date(2023, 4, 18)),
        ] {
            assert_eq!(shipped().add_working_days(end, 10), Ok(due), "{end}");
        }
    }

    #[test]
    fn five_working_days_before_a_meeting_skip_bank_holidays() {
        for (meeting, before) in [
            (date(2026, 5, 28), date(2026, 5, 20)),
            (date(2026, 1, 8), date(2025, 12, 31)),
            (date(2022, 9, 26), date(2022, 9, 16)),
            (date(2023, 5, 11), date(2023, 5, 3)),
        ] {
            assert_eq!(shipped().add_working_days(meeting, -5), Ok(before), "{meeting}");
        }
    }

    #[test]
    fn past_the_end_of_the_list_is_an_error_that_says_so() {
        let error = shipped().add_working_days(date(2040, 1, 1), 1).unwrap_err();
        assert!(error.to_string().contains("bank holidays of 2040 are not known"), "{error}");
    }

    #[test]
    fn a_published_list_takes_the_place_of_the_shipped_one() {
        let json = r#"{"england-and-wales": {"division": "england-and-wales", "events": [
            {"title": "New Year’s Day", "date": "2029-01-01", "notes": "", "bunting": true},
            {"title": "Boxing Day", "date": "2030-12-26", "notes": "", "bunting": true}]}}"#;
        let calendar = Calendar::from_gov_uk(json, [date(2029, 1, 2)]).unwrap();
        assert_eq!(calendar.add_working_days(date(2029, 1, 1), 0), Ok(date(2029, 1, 3)));
        assert_eq!(calendar.covered_until(), Some(date(2030, 12, 31)));
        assert!(calendar.is_working_day(date(2028, 12, 29)).is_err());
        for wrong in ["{}", "[]", r#"{"england-and-wales": {"events": []}}"#] {
            let error = Calendar::from_gov_uk(wrong, []).unwrap_err().to_string();
            assert!(error.contains("gov.uk/bank-holidays.json"), "{error}");
        }
    }

    #[test]
    fn the_shipped_list_agrees_with_the_published_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/calendar/bank-holidays.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
            let in_ci = std::env::var_os("CI").is_some();
            assert!(!in_ci, "{path} is required in CI");
            return;
        };
        let published: serde_json::Value = serde_json::from_str(&text).unwrap();
        let calendar = shipped();
        for event in published["england-and-wales"]["events"].as_array().unwrap() {
            let day: Date = event["date"].as_str().unwrap().parse().unwrap();
            if day <= calendar.covered_until().unwrap() {
                assert_eq!(calendar.is_working_day(day), Ok(false), "{day} is a bank holiday");
            }
        }
    }

    proptest! {
        #[test]
        fn going_forward_and_back_lands_on_a_working_day_at_or_before(offset in 0i32..4000, n in 1i32..40) {
            let calendar = shipped();
            let start = date(2013, 1, 1).checked_add(offset.days()).unwrap();
            let there = calendar.add_working_days(start, n).unwrap();
            prop_assert!(calendar.is_working_day(there).unwrap());
            prop_assert_eq!(calendar.working_days_between(start, there).unwrap(), n);
            prop_assert!(calendar.add_working_days(there, -n).unwrap() <= start);
        }
    }
}

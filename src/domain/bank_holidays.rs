//! The bank holidays of a nation, as gov.uk publishes them, and when a newer list may take the place of one.
//!
//! A list is taken as complete for every year between its first and its last day. Knows nothing of weekends, of the board's
//! own closures, or of where a list came from.

use std::{collections::BTreeSet, fmt, str::FromStr};

use govuk_bank_holidays::{BankHolidayCalendar, Division, MonToFriWorkDays, PlainDate, Weekday};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The fewest bank holidays a whole year has in any nation: eight in England and Wales.
const FEWEST_A_YEAR: usize = 8;

/// A part of the United Kingdom with bank holidays of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nation {
    /// England and Wales.
    #[default]
    EnglandAndWales,
    /// Scotland.
    Scotland,
    /// Northern Ireland.
    NorthernIreland,
}

impl Nation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::EnglandAndWales, Self::Scotland, Self::NorthernIreland];

    /// The word for it in definitions and in the published list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnglandAndWales => "england-and-wales",
            Self::Scotland => "scotland",
            Self::NorthernIreland => "northern-ireland",
        }
    }

    fn division(self) -> Division {
        match self {
            Self::EnglandAndWales => Division::EnglandAndWales,
            Self::Scotland => Division::Scotland,
            Self::NorthernIreland => Division::NorthernIreland,
        }
    }
}

impl fmt::Display for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Nation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|nation| nation.as_str() == text);
        known.ok_or("one of england-and-wales, scotland, northern-ireland")
    }
}

/// A text that is no list of bank holidays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a list of bank holidays in the shape of https://www.gov.uk/bank-holidays.json ({0})")]
pub struct NotAList(String);

/// Why a list may not take the place of the present one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNewer {
    /// It reaches less far.
    #[error("it ends in {newer}, and the present list in {present}")]
    EndsSooner {
        /// Its last year.
        newer: i16,
        /// The present list's last year.
        present: i16,
    },
    /// Years between the two would be unknown.
    #[error("it begins in {newer}, and the present list ends in {present}")]
    LeavesAGap {
        /// Its first year.
        newer: i16,
        /// The present list's last year.
        present: i16,
    },
    /// A day that was a bank holiday is none in it.
    #[error("{0} was a bank holiday and is none in it")]
    Lost(Date),
    /// A year that cannot be whole.
    #[error("it has {days} bank holidays in {year}, and a whole year has at least {FEWEST_A_YEAR}")]
    Thin {
        /// The year.
        year: i16,
        /// How many days it has.
        days: usize,
    },
}

/// The bank holidays of one nation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankHolidays {
    days: BTreeSet<Date>,
    /// The first and the last year; the first lies after the last where there is none.
    years: (i16, i16),
}

impl BankHolidays {
    /// These days, which are taken as complete for every year between the first and the last.
    pub fn of(days: impl IntoIterator<Item = Date>) -> Self {
        let days: BTreeSet<Date> = days.into_iter().collect();
        let years = (days.first().map_or(i16::MAX, |d| d.year()), days.last().map_or(i16::MIN, |d| d.year()));
        Self { days, years }
    }

    /// The list shipped with the program.
    pub fn shipped(nation: Nation) -> Self {
        let shipped = BankHolidayCalendar::<Day, MonToFriWorkDays>::cached();
        Self::of(shipped.holidays(Some(nation.division())).into_iter().map(|holiday| holiday.date().0))
    }

    /// The nation's list in a text in the shape of <https://www.gov.uk/bank-holidays.json>.
    ///
    /// # Errors
    /// When the text is no such list, or has none of that nation.
    pub fn from_gov_uk(json: &str, nation: Nation) -> Result<Self, NotAList> {
        let mut published: serde_json::Value = serde_json::from_str(json).map_err(|e| NotAList(e.to_string()))?;
        let division: PublishedDivision =
            serde_json::from_value(published.get_mut(nation.as_str()).map(serde_json::Value::take).unwrap_or_default())
                .map_err(|_| NotAList(format!("it has no events for {nation}")))?;
        if division.events.is_empty() {
            return Err(NotAList(format!("it has no events for {nation}")));
        }
        Ok(Self::of(division.events.into_iter().map(|event| event.date)))
    }

    /// The same list as gov.uk would publish it of the nation alone; [`BankHolidays::from_gov_uk`] reads it.
    pub fn to_gov_uk(&self, nation: Nation) -> String {
        let events: Vec<_> = self.days.iter().map(|day| serde_json::json!({ "date": day })).collect();
        serde_json::json!({ nation.as_str(): { "division": nation.as_str(), "events": events } }).to_string()
    }

    /// The first and the last year it covers.
    pub fn years(&self) -> (i16, i16) {
        self.years
    }

    /// The last day it covers.
    pub fn covered_until(&self) -> Option<Date> {
        Date::new(self.years.1, 12, 31).ok()
    }

    /// Whether the day is a bank holiday.
    pub fn contains(&self, day: Date) -> bool {
        self.days.contains(&day)
    }

    /// The list that is in force once `newer` has come: its years, and before them what was known.
    ///
    /// # Errors
    /// When it ends sooner than this one, leaves a gap after it, lacks a bank holiday that is over by `today`, or has a
    /// year that cannot be whole. The future may change: bank holidays are moved by proclamation.
    pub fn succeeded_by(&self, newer: &Self, today: Date) -> Result<Self, NotNewer> {
        let ((first, last), (_, present)) = (newer.years, self.years);
        if last < present {
            return Err(NotNewer::EndsSooner { newer: last, present });
        }
        if first > present.saturating_add(1) {
            return Err(NotNewer::LeavesAGap { newer: first, present });
        }
        let is_lost = |day: &&Date| day.year() >= first && **day < today && !newer.contains(**day);
        if let Some(lost) = self.days.iter().find(is_lost) {
            return Err(NotNewer::Lost(*lost));
        }
        for year in first..=last {
            let days = newer.days.iter().filter(|day| day.year() == year).count();
            if days < FEWEST_A_YEAR {
                return Err(NotNewer::Thin { year, days });
            }
        }
        let before = self.days.iter().filter(|day| day.year() < first);
        Ok(Self::of(before.chain(&newer.days).copied()))
    }
}

/// What gov.uk publishes of one nation, as far as it is read.
#[derive(serde::Deserialize)]
struct PublishedDivision {
    events: Vec<Published>,
}

#[derive(serde::Deserialize)]
struct Published {
    date: Date,
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

//! The stretch of time a return speaks of.
//!
//! Identifiers sort within a kind, never collide across kinds, and a bare `2011-12` is refused with its two readings.

use std::{fmt, str::FromStr};

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// A text that names no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPeriod {
    /// Two readings are possible.
    #[error("{0:?} can be read in two ways; write {0}-FY (April to March) or {0}-AY (September to August)")]
    Ambiguous(String),
    /// No reading is possible.
    #[error("{0:?} is not a period; write a quarter as 2025-26-Q1, a year as 2025-26-FY, a release as its date")]
    Unknown(String),
}

/// A reporting period. Years that straddle are named by the year in which they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Period {
    /// `2025-26-Q1`: April to June is the first quarter of a financial year.
    Quarter { year: i16, quarter: i8 },
    /// `2025-26-H1`: April to September is the first half.
    Half { year: i16, half: i8 },
    /// `2025-26-B1`: two months, April and May being the first.
    TwoMonths { year: i16, number: i8 },
    /// `2025-26-FY`: April to March.
    FinancialYear { year: i16 },
    /// `2025-26-AY`: September to August.
    AcademicYear { year: i16 },
    /// `2025-26-AY-T1`: autumn, spring and summer terms, cut at the turn of January and of Easter's April.
    Term { year: i16, term: i8 },
    /// `2025-27-2Y`: two financial years.
    TwoYears { year: i16 },
    /// `2025-CY`: January to December.
    CalendarYear { year: i16 },
    /// `2025-M07`: one month.
    Month { year: i16, month: i8 },
    /// `2025-W31`: an ISO week.
    Week { year: i16, week: i8 },
    /// `2025-07-14`: the date of a release.
    Release { date: Date },
}

impl Period {
    /// The first day of the period.
    pub fn start(self) -> Date {
        match self {
            Self::Quarter { year, quarter } => month_start(year, 4, 3 * (quarter - 1)),
            Self::Half { year, half } => month_start(year, 4, 6 * (half - 1)),
            Self::TwoMonths { year, number } => month_start(year, 4, 2 * (number - 1)),
            Self::FinancialYear { year } | Self::TwoYears { year } => month_start(year, 4, 0),
            Self::AcademicYear { year } => month_start(year, 9, 0),
            Self::Term { year, term } => month_start(year, 9, 4 * (term - 1)),
            Self::CalendarYear { year } => month_start(year, 1, 0),
            Self::Month { year, month } => month_start(year, month, 0),
            Self::Week { year, week } => jiff::civil::ISOWeekDate::new(year, week, jiff::civil::Weekday::Monday)
                .map_or(Date::MIN, jiff::civil::ISOWeekDate::date),
            Self::Release { date } => date,
        }
    }

    /// The last day of the period.
    pub fn end(self) -> Date {
        let months = match self {
            Self::Quarter { .. } => 3,
            Self::Half { .. } => 6,
            Self::TwoMonths { .. } => 2,
            Self::FinancialYear { .. } | Self::AcademicYear { .. } | Self::CalendarYear { .. } => 12,
            Self::Term { .. } => 4,
            Self::TwoYears { .. } => 24,
            Self::Month { .. } => 1,
            Self::Week { .. } => return self.start().saturating_add(6.days()),
            Self::Release { date } => return date,
        };
        self.start().saturating_add(months.months()).saturating_sub(1.day())
    }

    /// The period of the same kind that follows; a release has none.
    pub fn next(self) -> Option<Self> {
        self.shift(1)
    }

    /// The period of the same kind that comes before; a release has none.
    pub fn previous(self) -> Option<Self> {
        self.shift(-1)
    }

    /// The period of the same kind and place one year earlier.
    pub fn year_before(self) -> Option<Self> {
        let back = |year: i16| year.checked_sub(1);
        Some(match self {
            Self::Quarter { year, quarter } => Self::Quarter { year: back(year)?, quarter },
            Self::Half { year, half } => Self::Half { year: back(year)?, half },
            Self::TwoMonths { year, number } => Self::TwoMonths { year: back(year)?, number },
            Self::FinancialYear { year } => Self::FinancialYear { year: back(year)? },
            Self::AcademicYear { year } => Self::AcademicYear { year: back(year)? },
            Self::Term { year, term } => Self::Term { year: back(year)?, term },
            Self::CalendarYear { year } => Self::CalendarYear { year: back(year)? },
            Self::Month { year, month } => Self::Month { year: back(year)?, month },
            Self::Week { .. } | Self::TwoYears { .. } | Self::Release { .. } => return None,
        })
    }

    /// The period of the same kind `by` places later, or earlier if negative; a release has none.
    pub fn shift(self, by: i16) -> Option<Self> {
        let within = |year: i16, number: i8, of: i16| -> Option<(i16, i8)> {
            let index = year.checked_mul(of)?.checked_add(i16::from(number) - 1)?.checked_add(by)?;
            Some((index.div_euclid(of), i8::try_from(index.rem_euclid(of)).ok()? + 1))
        };
        Some(match self {
            Self::Quarter { year, quarter } => {
                let (year, quarter) = within(year, quarter, 4)?;
                Self::Quarter { year, quarter }
            }
            Self::Half { year, half } => {
                let (year, half) = within(year, half, 2)?;
                Self::Half { year, half }
            }
            Self::TwoMonths { year, number } => {
                let (year, number) = within(year, number, 6)?;
                Self::TwoMonths { year, number }
            }
            Self::Term { year, term } => {
                let (year, term) = within(year, term, 3)?;
                Self::Term { year, term }
            }
            Self::Month { year, month } => {
                let total = i32::from(year) * 12 + i32::from(month) - 1 + i32::from(by);
                let year = i16::try_from(total.div_euclid(12)).ok()?;
                Self::Month { year, month: i8::try_from(total.rem_euclid(12)).ok()? + 1 }
            }
            Self::FinancialYear { year } => Self::FinancialYear { year: year.checked_add(by)? },
            Self::AcademicYear { year } => Self::AcademicYear { year: year.checked_add(by)? },
            Self::CalendarYear { year } => Self::CalendarYear { year: year.checked_add(by)? },
            Self::TwoYears { year } => Self::TwoYears { year: year.checked_add(by.checked_mul(2)?)? },
            Self::Week { .. } => {
                let week = self.start().checked_add((7 * i32::from(by)).days()).ok()?.iso_week_date();
                Self::Week { year: week.year(), week: week.week() }
            }
            Self::Release { .. } => return None,
        })
    }

    /// The quarter whose last day is on or before `day`: the newest one that is over.
    pub fn quarter_ended_by(day: Date) -> Self {
        let (year, month) = (day.year(), day.month());
        let financial = if month >= 4 { year } else { year - 1 };
        let current = Self::Quarter { year: financial, quarter: (month + 8) % 12 / 3 + 1 };
        if current.end() <= day { current } else { current.previous().unwrap_or(current) }
    }

    /// The quarter in which a day falls.
    pub fn quarter_of(day: Date) -> Self {
        let ended = Self::quarter_ended_by(day);
        if ended.end() == day { ended } else { ended.next().unwrap_or(ended) }
    }

    /// How people read it: "April to June 2025 (Q1)".
    pub fn human(self) -> String {
        let (start, end) = (self.start(), self.end());
        let span = if start.year() == end.year() {
            format!("{} to {} {}", month_name(start), month_name(end), end.year())
        } else {
            format!("{} {} to {} {}", month_name(start), start.year(), month_name(end), end.year())
        };
        match self {
            Self::Quarter { quarter, .. } => format!("{span} (Q{quarter})"),
            Self::FinancialYear { .. } => format!("year to March {}", end.year()),
            Self::AcademicYear { .. } => format!("school year {}/{:02}", start.year(), end.year() % 100),
            Self::CalendarYear { year } => year.to_string(),
            Self::Month { .. } => format!("{} {}", month_name(start), start.year()),
            Self::Week { .. } => format!("week beginning {} {} {}", start.day(), month_name(start), start.year()),
            Self::Release { date } => format!("{} {} {}", date.day(), month_name(date), date.year()),
            Self::Half { .. } | Self::TwoMonths { .. } | Self::Term { .. } | Self::TwoYears { .. } => span,
        }
    }

    /// How a chart's axis reads it, in few characters: "Q1 25".
    pub fn short(self) -> String {
        let year = self.start().year() % 100;
        match self {
            Self::Quarter { quarter, .. } => format!("Q{quarter} {year:02}"),
            Self::FinancialYear { .. } => format!("{}", self.end().year()),
            Self::Release { date } => format!("{} {}", date.day(), &month_name(date)[..3]),
            other => other.to_string(),
        }
    }
}

fn month_start(year: i16, first_month: i8, months: i8) -> Date {
    Date::new(year, first_month, 1).map_or(Date::MIN, |d| d.saturating_add(i32::from(months).months()))
}

/// The month's English name.
pub(crate) fn month_name(date: Date) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    usize::try_from(date.month() - 1).ok().and_then(|i| NAMES.get(i)).copied().unwrap_or("")
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let straddle = |year: i16, by: i16| format!("{year}-{:02}", (year + by) % 100);
        match *self {
            Self::Quarter { year, quarter } => write!(f, "{}-Q{quarter}", straddle(year, 1)),
            Self::Half { year, half } => write!(f, "{}-H{half}", straddle(year, 1)),
            Self::TwoMonths { year, number } => write!(f, "{}-B{number}", straddle(year, 1)),
            Self::FinancialYear { year } => write!(f, "{}-FY", straddle(year, 1)),
            Self::AcademicYear { year } => write!(f, "{}-AY", straddle(year, 1)),
            Self::Term { year, term } => write!(f, "{}-AY-T{term}", straddle(year, 1)),
            Self::TwoYears { year } => write!(f, "{}-2Y", straddle(year, 2)),
            Self::CalendarYear { year } => write!(f, "{year}-CY"),
            Self::Month { year, month } => write!(f, "{year}-M{month:02}"),
            Self::Week { year, week } => write!(f, "{year}-W{week:02}"),
            Self::Release { date } => write!(f, "{date}"),
        }
    }
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let unknown = || NotAPeriod::Unknown(text.to_owned());
        let numbered = |part: &str, letter: char, most: i8| -> Option<i8> {
            let number: i8 = part.strip_prefix(letter)?.parse().ok()?;
            (1..=most).contains(&number).then_some(number)
        };
        let parts: Vec<&str> = text.split('-').collect();
        let year: i16 = parts.first().filter(|p| p.len() == 4).and_then(|p| p.parse().ok()).ok_or_else(unknown)?;
        let straddles = |by: i16| parts.get(1).is_some_and(|p| p.len() == 2 && p.parse() == Ok((year + by) % 100));
        let found = match parts.as_slice() {
            [_, "CY"] => Some(Self::CalendarYear { year }),
            [_, part] if part.starts_with('M') => numbered(part, 'M', 12).map(|month| Self::Month { year, month }),
            [_, part] if part.starts_with('W') => numbered(part, 'W', 53)
                .filter(|week| jiff::civil::ISOWeekDate::new(year, *week, jiff::civil::Weekday::Monday).is_ok())
                .map(|week| Self::Week { year, week }),
            [_, _] if straddles(1) => return Err(NotAPeriod::Ambiguous(text.to_owned())),
            [_, _, "2Y"] if straddles(2) => Some(Self::TwoYears { year }),
            [_, _, "AY", term] if straddles(1) => numbered(term, 'T', 3).map(|term| Self::Term { year, term }),
            [_, _, part] if straddles(1) && !part.starts_with(|c: char| c.is_ascii_digit()) => match *part {
                "FY" => Some(Self::FinancialYear { year }),
                "AY" => Some(Self::AcademicYear { year }),
                part if part.starts_with('Q') => numbered(part, 'Q', 4).map(|quarter| Self::Quarter { year, quarter }),
                part if part.starts_with('H') => numbered(part, 'H', 2).map(|half| Self::Half { year, half }),
                part if part.starts_with('B') => numbered(part, 'B', 6).map(|number| Self::TwoMonths { year, number }),
                _ => None,
            },
            [_, _, _] if text.len() == 10 => text.parse().ok().map(|date| Self::Release { date }),
            _ => None,
        };
        found.ok_or_else(unknown)
    }
}

impl TryFrom<String> for Period {
    type Error = NotAPeriod;
    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_kind_reads_back_what_it_writes() {
        for text in [
            "2025-26-Q1",
            "2025-26-H2",
            "2025-26-B6",
            "2025-26-FY",
            "2025-26-AY",
            "2025-26-AY-T3",
            "2025-27-2Y",
            "2025-CY",
            "2025-M07",
            "2025-W31",
            "2025-07-14",
            "1999-00-Q4",
            "2020-W53",
        ] {
            let period: Period = text.parse().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(period.to_string(), text);
        }
    }

    #[test]
    fn a_bare_straddling_year_is_refused_with_its_two_readings() {
        let error = "2011-12".parse::<Period>().unwrap_err().to_string();
        assert!(error.contains("2011-12-FY") && error.contains("2011-12-AY"), "{error}");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "2025", "2025-26-Q5", "2025-27-Q1", "2025-M13", "2021-W53", "2025-02-30", "Q1 2025"] {
            assert!(text.parse::<Period>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_quarter_knows_its_days_and_its_neighbours() {
        let q1: Period = "2025-26-Q1".parse().unwrap();
        assert_eq!((q1.start(), q1.end()), (date(2025, 4, 1), date(2025, 6, 30)));
        assert_eq!(q1.human(), "April to June 2025 (Q1)");
        assert_eq!(q1.previous().unwrap().to_string(), "2024-25-Q4");
        assert_eq!(q1.year_before().unwrap().to_string(), "2024-25-Q1");
        assert_eq!(Period::quarter_ended_by(date(2025, 6, 30)), q1);
        assert_eq!(Period::quarter_ended_by(date(2025, 6, 29)).to_string(), "2024-25-Q4");
        assert_eq!(Period::quarter_ended_by(date(2026, 1, 5)).to_string(), "2025-26-Q3");
    }
}

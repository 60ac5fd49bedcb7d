//! Duties, and the obligations that follow from them.

use std::{fmt, iter, str::FromStr};

use jiff::{Timestamp, civil};

use super::instant_on;
use crate::{
    domain::{Calendar, CalendarError, Period, civil_day},
    ledger::ObligationKey,
};

/// How often a return is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Four times a financial year.
    Quarter,
    /// Twice a financial year.
    Half,
    /// Once a financial year.
    Year,
    /// Once a school year.
    AcademicYear,
    /// Every month.
    Month,
    /// Whenever its publisher releases it; nobody owes it.
    Release,
}

impl FromStr for Every {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "quarter" => Self::Quarter,
            "half" => Self::Half,
            "year" => Self::Year,
            "academic-year" => Self::AcademicYear,
            "month" => Self::Month,
            "release" => Self::Release,
            _ => return Err("one of quarter, half, year, academic-year, month, release"),
        })
    }
}

impl Every {
    /// The period of this kind that `day` falls in; a release has none.
    pub fn period_of(self, day: civil::Date) -> Option<Period> {
        let (year, month) = (day.year(), day.month());
        let financial = if month >= 4 { year } else { year - 1 };
        Some(match self {
            Self::Quarter => Period::Quarter { year: financial, quarter: (month + 8) % 12 / 3 + 1 },
            Self::Half => Period::Half { year: financial, half: (month + 8) % 12 / 6 + 1 },
            Self::Year => Period::FinancialYear { year: financial },
            Self::AcademicYear => Period::AcademicYear { year: if month >= 9 { year } else { year - 1 } },
            Self::Month => Period::Month { year, month },
            Self::Release => return None,
        })
    }
}

/// When a return is due, counted from the end of its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Working days after the period's last day.
    pub working_days: i32,
    /// The time of that day in London.
    pub time: civil::Time,
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} working days after the period ends, at {}", self.working_days, self.time.strftime("%H:%M"))
    }
}

/// What one agency owes again and again.
#[derive(Debug, Clone)]
pub struct Duty {
    /// The return.
    pub return_id: crate::domain::ReturnId,
    /// Who owes it.
    pub agency: crate::domain::AgencyId,
    /// How often.
    pub every: Every,
    /// When it is due.
    pub due: Due,
    /// The first period owed is the one this day falls in.
    pub starts_on: civil::Date,
}

/// An obligation that exists by now.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Which one.
    pub key: ObligationKey,
    /// From when on it exists: the day after its period ends.
    pub opens_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// The rule the due instant came from.
    pub rule: String,
}

impl Duty {
    /// The obligations that exist on the day of `now`, oldest first: one per period that has ended since it began.
    pub fn opened_by(&self, now: Timestamp) -> impl Iterator<Item = ObligationKey> {
        let today = civil_day(now);
        let periods = iter::successors(self.every.period_of(self.starts_on), |period| period.next());
        periods.take_while(move |period| period.end() < today).map(|period| ObligationKey {
            return_id: self.return_id.clone(),
            agency: self.agency.clone(),
            period,
        })
    }

    /// One of them: from when on it exists and when it is due.
    ///
    /// # Errors
    /// When the holiday list does not reach its due day.
    pub fn opening(&self, key: ObligationKey, calendar: &Calendar) -> Result<Opening, CalendarError> {
        let end = key.period.end();
        let due_day = calendar.add_working_days(end, self.due.working_days)?;
        Ok(Opening {
            opens_at: end.tomorrow().map_or(Timestamp::MAX, |day| instant_on(day, civil::Time::midnight())),
            due_at: instant_on(due_day, self.due.time),
            rule: self.due.to_string(),
            key,
        })
    }
}

/// Every obligation of `duty` that exists by `now`: one per period that has ended since it began, oldest first. A due
/// day that the holiday list does not reach is an error in the place of its obligation.
pub fn openings(duty: &Duty, calendar: &Calendar, now: Timestamp) -> Vec<Result<Opening, CalendarError>> {
    duty.opened_by(now).map(|key| duty.opening(key, calendar)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn police() -> Duty {
        Duty {
            return_id: "missing-children".parse().unwrap(),
            agency: "police".parse().unwrap(),
            every: Every::Quarter,
            due: Due { working_days: 10, time: time(17, 0, 0, 0) },
            starts_on: date(2025, 4, 1),
        }
    }

    #[test]
    fn an_obligation_opens_the_day_after_its_period_and_is_due_ten_working_days_later() {
        let calendar = Calendar::england_and_wales([]);
        let on = |now: &str| -> Vec<Opening> {
            openings(&police(), &calendar, now.parse().unwrap()).into_iter().map(Result::unwrap).collect()
        };
        assert!(on("2025-06-30T22:59:59Z").is_empty());
        let opened = on("2025-06-30T23:00:00Z");
        assert_eq!(opened.len(), 1);
        assert_eq!(opened[0].key.to_string(), "missing-children/police/2025-26-Q1");
        assert_eq!(opened[0].due_at.to_string(), "2025-07-14T16:00:00Z");
        assert_eq!(on("2026-04-01T00:00:00Z").len(), 4);
    }

    #[test]
    fn the_obligations_of_a_day_are_named_without_counting_to_their_due_days() {
        let on = |now: &str| -> Vec<String> {
            police().opened_by(now.parse().unwrap()).map(|key| key.period.to_string()).collect()
        };
        assert_eq!(on("2025-06-30T22:59:59Z"), [""; 0]);
        assert_eq!(on("2025-06-30T23:00:00Z"), ["2025-26-Q1"]);
        assert_eq!(on("2026-04-01T00:00:00Z"), ["2025-26-Q1", "2025-26-Q2", "2025-26-Q3", "2025-26-Q4"]);
    }

    #[test]
    fn what_the_holiday_list_reaches_opens_though_a_later_period_cannot() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], []);
        let found = openings(&police(), &calendar, "2026-02-01T00:00:00Z".parse().unwrap());
        assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    }
}

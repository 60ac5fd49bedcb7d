//! Duties, and the obligations that follow from them.

use std::iter;

use jiff::{Timestamp, civil};

use super::{DueError, Dues, Every, Final, Meeting, WindowRule, instant_on};
use crate::{
    domain::{Calendar, Period, civil_day},
    ledger::ObligationKey,
};

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
    pub due: Dues,
    /// From when on and until when files for it are taken.
    pub window: WindowRule,
    /// When its final figures follow, if provisional ones come first.
    pub finals: Option<Final>,
    /// The ladder on which it is chased, where that is not the usual one.
    pub ladder: Option<String>,
    /// The first period owed is the one this day falls in.
    pub starts_on: civil::Date,
}

/// An obligation that exists by now.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Which one.
    pub key: ObligationKey,
    /// From when on it exists: the day after its period ends, or the later one on which its window opens.
    pub opens_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// The rule the due instant came from.
    pub rule: String,
}

impl Duty {
    /// The obligations whose periods are over on the day of `now`, oldest first. The window of one may open later.
    pub fn over_by(&self, now: Timestamp) -> impl Iterator<Item = ObligationKey> {
        let today = civil_day(now);
        let periods = iter::successors(self.every.period_of(self.starts_on), |period| period.next());
        periods.take_while(move |period| period.end() < today).map(|period| ObligationKey {
            return_id: self.return_id.clone(),
            agency: self.agency.clone(),
            period,
        })
    }
}

/// Every obligation of `duty` that exists by `now`: one per period that has ended since it began, oldest first. One of which
/// nobody can say when it is due is an error in its place.
pub fn openings(
    duty: &Duty,
    calendar: &Calendar,
    meetings: &[Meeting],
    now: Timestamp,
) -> Vec<Result<Opening, DueError>> {
    let mut found = Vec::new();
    let mut next = duty.every.period_of(duty.starts_on);
    while let Some(period) = next.filter(|period| over_at(*period) <= now) {
        match opening(duty, period, calendar, meetings) {
            Ok(opening) if opening.opens_at > now => {}
            opening => found.push(opening),
        }
        next = period.next();
    }
    found
}

/// The obligation of `duty` for one period.
///
/// # Errors
/// When nobody can say when it is due.
pub fn opening(duty: &Duty, period: Period, calendar: &Calendar, meetings: &[Meeting]) -> Result<Opening, DueError> {
    let due = duty.due.rule(&duty.agency, period).of(period, calendar, meetings)?;
    Ok(Opening {
        key: ObligationKey { return_id: duty.return_id.clone(), agency: duty.agency.clone(), period },
        opens_at: duty.window.opens_at(period, calendar)?.max(over_at(period)),
        due_at: due.at,
        rule: due.rule,
    })
}

/// The first instant after a period.
fn over_at(period: Period) -> Timestamp {
    period.end().tomorrow().map_or(Timestamp::MAX, |day| instant_on(day, civil::Time::midnight()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;
    use crate::timetable::{Due, DueRule};

    fn police() -> Duty {
        Duty {
            return_id: "missing-children".parse().unwrap(),
            agency: "police".parse().unwrap(),
            every: Every::Quarter,
            due: Dues::of(Due { rule: DueRule::WorkingDays(10), time: time(17, 0, 0, 0) }),
            window: WindowRule::default(),
            finals: None,
            ladder: None,
            starts_on: date(2025, 4, 1),
        }
    }

    #[test]
    fn an_obligation_opens_the_day_after_its_period_and_is_due_ten_working_days_later() {
        let calendar = Calendar::england_and_wales([]);
        let on = |now: &str| -> Vec<Opening> {
            openings(&police(), &calendar, &[], now.parse().unwrap()).into_iter().map(Result::unwrap).collect()
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
            police().over_by(now.parse().unwrap()).map(|key| key.period.to_string()).collect()
        };
        assert_eq!(on("2025-06-30T22:59:59Z"), [""; 0]);
        assert_eq!(on("2025-06-30T23:00:00Z"), ["2025-26-Q1"]);
        assert_eq!(on("2026-04-01T00:00:00Z"), ["2025-26-Q1", "2025-26-Q2", "2025-26-Q3", "2025-26-Q4"]);
    }

    #[test]
    fn what_the_holiday_list_reaches_opens_though_a_later_period_cannot() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], []);
        let found = openings(&police(), &calendar, &[], "2026-02-01T00:00:00Z".parse().unwrap());
        assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn a_window_that_opens_later_opens_the_obligation_and_one_that_opens_earlier_does_not() {
        let calendar = Calendar::england_and_wales([]);
        let opens_at = |opens: i32| {
            let duty = Duty { window: WindowRule { opens: Some(opens), ..WindowRule::default() }, ..police() };
            let found = openings(&duty, &calendar, &[], "2025-09-01T00:00:00Z".parse().unwrap());
            found[0].as_ref().unwrap().opens_at.to_string()
        };
        assert_eq!(opens_at(3), "2025-07-02T23:00:00Z");
        assert_eq!(opens_at(-3), "2025-06-30T23:00:00Z");
        let duty = Duty { window: WindowRule { opens: Some(3), ..WindowRule::default() }, ..police() };
        assert!(openings(&duty, &calendar, &[], "2025-07-02T22:59:59Z".parse().unwrap()).is_empty());
    }
}

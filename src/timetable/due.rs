//! When something is due: a closed set of rules, each of which names an instant for a period and says in words how it came
//! to it.
//!
//! Pure. What a rule needs and does not find, as a meeting that nobody has set, is an error, never a guess.

use std::fmt;

use jiff::{Timestamp, civil};

use super::{Meeting, instant_on};
use crate::domain::{Calendar, CalendarError, Period};

/// Why nobody can say when something is due.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DueError {
    /// The holiday list does not reach so far.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// It is due before a meeting that nobody has set.
    #[error(
        "it is due {days} clear working days before the meeting about {}, and there is none; add the [[meeting]] to config/timetable.toml",
        period.human()
    )]
    NoMeeting {
        /// For which period.
        period: Period,
        /// How long before the meeting.
        days: i32,
    },
    /// It would be due before it can be there.
    #[error("it would be due on {day}, and {} ends on {}; the meeting on {meeting} comes too soon", period.human(), period.end())]
    BeforeItsEnd {
        /// The day it would be due.
        day: civil::Date,
        /// For which period.
        period: Period,
        /// The meeting.
        meeting: civil::Date,
    },
}

/// A day of every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct YearDay {
    month: i8,
    day: i8,
}

impl YearDay {
    /// The day, if every year has it: 29 February is none.
    pub fn new(month: i8, day: i8) -> Option<Self> {
        civil::Date::new(2023, month, day).ok().map(|_| Self { month, day })
    }

    /// The first such day after another.
    fn after(self, day: civil::Date) -> Option<civil::Date> {
        let of = |year| civil::Date::new(year, self.month, self.day).ok();
        of(day.year()).filter(|found| *found > day).or_else(|| of(day.year().checked_add(1)?))
    }
}

/// On which day something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueRule {
    /// So many working days after the period's last day, which is not counted.
    WorkingDays(i32),
    /// The last working day of the month that lies so many months after the one in which the period ends.
    LastWorkingDay {
        /// Months after the one in which the period ends, at least one.
        months_after: i8,
    },
    /// So many whole working days lie between it and the board's next meeting about the period.
    BeforeMeeting {
        /// Working days between the two.
        clear_days: i32,
    },
    /// The first of these days after the period ends; the working day before, where it is none.
    Yearly(Vec<YearDay>),
    /// This day; the working day before, where it is none.
    On(civil::Date),
}

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The day.
    pub rule: DueRule,
    /// The time of that day in London.
    pub time: civil::Time,
}

/// An instant, and the rule it came from in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueAt {
    /// When.
    pub at: Timestamp,
    /// How it came to that, in words.
    pub rule: String,
}

impl Due {
    /// When it is due for a period.
    ///
    /// # Errors
    /// When the holiday list does not reach so far, or the meeting it depends on is not known.
    pub fn of(&self, period: Period, calendar: &Calendar, meetings: &[Meeting]) -> Result<DueAt, DueError> {
        let end = period.end();
        let (day, detail) = match &self.rule {
            DueRule::WorkingDays(days) => (calendar.add_working_days(end, *days)?, String::new()),
            DueRule::LastWorkingDay { months_after } => {
                let month = end.first_of_month().saturating_add(jiff::Span::new().months(*months_after));
                (calendar.working_day_by(month.last_of_month())?, String::new())
            }
            DueRule::BeforeMeeting { clear_days } => {
                let days = *clear_days;
                let meeting = next_about(period, meetings).ok_or(DueError::NoMeeting { period, days })?;
                let day = calendar.add_working_days(meeting, -(days + 1))?;
                if day <= end {
                    return Err(DueError::BeforeItsEnd { day, period, meeting });
                }
                (day, format!(" on {}", long(meeting)))
            }
            DueRule::Yearly(days) => {
                let first = days.iter().filter_map(|day| day.after(end)).min();
                on_a_working_day(first.unwrap_or(civil::Date::MAX), end, calendar)?
            }
            DueRule::On(day) => on_a_working_day(*day, end, calendar)?,
        };
        let after = match period {
            Period::Release { date } => long(date),
            _ => "the period ends".to_owned(),
        };
        let rule = format!("{}{detail}{}", self.rule.words(&after), self.at_its_time());
        Ok(DueAt { at: instant_on(day, self.time), rule })
    }

    /// Whether it depends on a meeting.
    pub fn needs_meeting(&self) -> bool {
        matches!(self.rule, DueRule::BeforeMeeting { .. })
    }

    fn at_its_time(&self) -> String {
        format!(", at {}", self.time.strftime("%H:%M"))
    }
}

/// The day of the board's next meeting whose period holds the end of this one.
fn next_about(period: Period, meetings: &[Meeting]) -> Option<civil::Date> {
    let end = period.end();
    let about = meetings.iter().filter(|meeting| (meeting.period.start()..=meeting.period.end()).contains(&end));
    about.map(|meeting| meeting.on).filter(|on| *on > end).min()
}

/// A fixed day, moved to the working day before if it is none, with what that is called. One that would fall into the
/// period is moved to the next working day instead.
fn on_a_working_day(
    day: civil::Date,
    end: civil::Date,
    calendar: &Calendar,
) -> Result<(civil::Date, String), CalendarError> {
    let before = calendar.working_day_by(day)?;
    if before == day {
        return Ok((day, String::new()));
    }
    let (moved, which) = match before > end {
        true => (before, "the one before"),
        false => (calendar.add_working_days(day, 0)?, "the next"),
    };
    Ok((moved, format!(" ({} is no working day, so {which}: {})", long(day), long(moved))))
}

fn long(day: civil::Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

impl DueRule {
    /// The rule in words; `after` is what days are counted from.
    fn words(&self, after: &str) -> String {
        match self {
            Self::WorkingDays(0) => format!("on the day {after}, or the next working day"),
            Self::WorkingDays(1) => format!("1 working day after {after}"),
            Self::WorkingDays(days) => format!("{days} working days after {after}"),
            Self::LastWorkingDay { months_after: 1 } => format!("the last working day of the month after {after}"),
            Self::LastWorkingDay { months_after } => {
                format!("the last working day of the month {months_after} months after {after}")
            }
            Self::BeforeMeeting { clear_days: 1 } => "1 clear working day before the meeting".to_owned(),
            Self::BeforeMeeting { clear_days } => format!("{clear_days} clear working days before the meeting"),
            Self::Yearly(days) => {
                let days: Vec<String> = days
                    .iter()
                    .filter_map(|day| civil::Date::new(2023, day.month, day.day).ok())
                    .map(|day| day.strftime("%-d %B").to_string())
                    .collect();
                match days.as_slice() {
                    [day] => format!("on {day} after {after}"),
                    days => format!("on the first after {after} of {}", days.join(", ")),
                }
            }
            Self::On(day) => format!("on {}", long(*day)),
        }
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.rule.words("the period ends"), self.at_its_time())
    }
}

#[cfg(test)]
#[path = "due_tests.rs"]
mod tests;

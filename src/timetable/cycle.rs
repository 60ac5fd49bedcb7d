//! Meetings that come again and again: by a rule or on given days, each with the period that is on the table.
//!
//! A rule is carried to the end of the holiday list and never beyond it.

use std::{collections::BTreeSet, str::FromStr};

use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use super::{Meeting, Milestone, Milestones, Schedule, instant_on};
use crate::domain::{Calendar, Period, to_london};

/// No rule names more days than this before the holiday list ends.
const MOST_NAMED: usize = 1_000;

/// Of which length the periods are that a cycle looks back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Two months.
    TwoMonths,
    /// A quarter.
    Quarter,
    /// Half a financial year.
    Half,
    /// A financial year.
    Year,
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "two-months" => Self::TwoMonths,
            "quarter" => Self::Quarter,
            "half" => Self::Half,
            "year" => Self::Year,
            _ => return Err("one of two-months, quarter, half, year"),
        })
    }
}

impl Span {
    /// The period of this length that `day` falls in.
    fn period_of(self, day: Date) -> Period {
        let month_of_year = (day.month() + 8) % 12;
        let year = if day.month() >= 4 { day.year() } else { day.year() - 1 };
        match self {
            Self::TwoMonths => Period::TwoMonths { year, number: month_of_year / 2 + 1 },
            Self::Quarter => Period::Quarter { year, quarter: month_of_year / 3 + 1 },
            Self::Half => Period::Half { year, half: month_of_year / 6 + 1 },
            Self::Year => Period::FinancialYear { year },
        }
    }
}

/// On which days a cycle's meetings are.
#[derive(Debug, Clone)]
pub enum Days {
    /// Those that a cron expression names, at its time.
    Rule {
        /// The expression as it was written.
        text: String,
        /// The same, read.
        schedule: Box<Schedule>,
        /// Days of it that are left out.
        except: BTreeSet<Date>,
    },
    /// These, at this time.
    Dates {
        /// The days.
        on: Vec<Date>,
        /// The time of day in London.
        time: Time,
    },
}

/// One report, again and again.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// Its name.
    pub id: String,
    /// The pack.
    pub pack: String,
    /// The length of its periods.
    pub every: Span,
    /// Which of the periods that have ended before a meeting is on the table: 1 is the last.
    pub periods_back: i16,
    /// When it meets.
    pub days: Days,
    /// Where the steps lie.
    pub milestones: Milestones,
    /// A rule puts no period on the table that ends before this day.
    pub starts_on: Date,
}

impl Cycle {
    /// Its meetings, in their order.
    ///
    /// Of a rule, those whose every step up to the meeting the calendar knows; one that falls on a day on which nobody
    /// works is moved to the next that somebody does.
    pub fn meetings(&self, calendar: &Calendar) -> Vec<Meeting> {
        match &self.days {
            Days::Dates { on, time } => {
                let rule = format!("a date of the cycle {}", self.id);
                on.iter().filter_map(|on| self.meeting(*on, *time, rule.clone())).collect()
            }
            Days::Rule { text, schedule, except } => {
                let end = calendar.covered_until().unwrap_or(Date::MIN);
                let named = self.named(schedule, end).into_iter().filter(|(day, _)| !except.contains(day));
                let meetings = named.filter_map(|(day, time)| {
                    let on = calendar.add_working_days(day, 0).ok()?;
                    let moved = if on == day { String::new() } else { format!(", moved from {day}") };
                    self.meeting(on, time, format!("{text} of the cycle {}{moved}", self.id))
                });
                let counts = |meeting: &Meeting| {
                    let mut steps = Milestone::ALL.into_iter().filter(|step| *step < Milestone::Meeting);
                    meeting.period.end() >= self.starts_on
                        && steps.all(|step| meeting.day_of(step, 0, calendar).is_ok())
                };
                meetings.filter(counts).collect()
            }
        }
    }

    /// Days of a rule that are left out and that it does not name.
    pub fn exceptions_to_nothing(&self, calendar: &Calendar) -> Vec<Date> {
        let Days::Rule { schedule, except, .. } = &self.days else { return Vec::new() };
        let named: BTreeSet<Date> = except
            .last()
            .map(|last| (*last).min(calendar.covered_until().unwrap_or(*last)))
            .map(|end| self.named(schedule, end).into_iter().map(|(day, _)| day).collect())
            .unwrap_or_default();
        except.difference(&named).copied().collect()
    }

    /// The days and times that a rule names, from the first that may count to `end`. Of one that names more than any
    /// report is made for, only the beginning: two of its meetings are about one period, and it is refused.
    fn named(&self, schedule: &Schedule, end: Date) -> Vec<(Date, Time)> {
        let until = instant_on(end.tomorrow().unwrap_or(end), Time::midnight());
        let mut at = instant_on(self.starts_on, Time::midnight());
        let mut found = Vec::new();
        while let Some(next) = schedule.next_after(at).filter(|next: &Timestamp| *next < until) {
            if found.len() == MOST_NAMED {
                break;
            }
            let london = to_london(next);
            found.push((london.date(), london.time()));
            at = next;
        }
        found
    }

    fn meeting(&self, on: Date, time: Time, rule: String) -> Option<Meeting> {
        // A meeting on a period's last day looks back on the one before it.
        let period = self.every.period_of(on).shift(-self.periods_back)?;
        Some(Meeting { on, time, period, pack: self.pack.clone(), milestones: self.milestones, rule })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn cycle(every: Span, rule: &str) -> Cycle {
        Cycle {
            id: "score-card".into(),
            pack: "board".into(),
            every,
            periods_back: 1,
            days: Days::Rule { text: rule.into(), schedule: Box::new(rule.parse().unwrap()), except: BTreeSet::new() },
            milestones: Milestones::default(),
            starts_on: date(2025, 4, 1),
        }
    }

    fn meets(cycle: &Cycle, calendar: &Calendar) -> Vec<String> {
        let meetings = cycle.meetings(calendar);
        meetings.iter().map(|one| format!("{} {} {}", one.on, one.time.strftime("%H:%M"), one.period)).collect()
    }

    #[test]
    fn a_rule_names_days_and_the_last_period_that_has_ended_is_on_the_table() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2026, 12, 28)], []);
        let quarterly = cycle(Span::Quarter, "0 14 * 2,5,8,11 TUE#3");
        assert_eq!(
            meets(&quarterly, &calendar)[..4],
            [
                "2025-08-19 14:00 2025-26-Q1",
                "2025-11-18 14:00 2025-26-Q2",
                "2026-02-17 14:00 2025-26-Q3",
                "2026-05-19 14:00 2025-26-Q4"
            ]
        );
        let first = |every, rule| meets(&cycle(every, rule), &calendar)[0].clone();
        assert_eq!(first(Span::TwoMonths, "30 9 * */2 MON#2"), "2025-07-14 09:30 2025-26-B1");
        assert_eq!(first(Span::Half, "0 10 * 6,12 THU#1"), "2025-12-04 10:00 2025-26-H1");
        assert_eq!(first(Span::Year, "0 10 * 7 THU#1"), "2026-07-02 10:00 2025-26-FY");
        let back = Cycle { periods_back: 2, ..quarterly };
        assert_eq!(meets(&back, &calendar)[0], "2025-11-18 14:00 2025-26-Q1");
    }

    #[test]
    fn a_meeting_on_a_closure_day_moves_to_the_next_working_day_and_says_so() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], [date(2025, 8, 19), date(2025, 8, 20)]);
        let meetings = cycle(Span::Quarter, "0 14 * 2,5,8,11 TUE#3").meetings(&calendar);
        assert_eq!((meetings[0].on, meetings[0].time), (date(2025, 8, 21), time(14, 0, 0, 0)));
        assert_eq!(meetings[0].rule, "0 14 * 2,5,8,11 TUE#3 of the cycle score-card, moved from 2025-08-19");
    }

    #[test]
    fn a_rule_ends_with_the_holiday_list() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], []);
        assert_eq!(meets(&cycle(Span::Quarter, "0 14 * 2,5,8,11 TUE#3"), &calendar).len(), 2);
        // The last of these would be moved to a year of which nothing is known.
        let last = cycle(Span::Quarter, "0 14 31 12 *");
        assert_eq!(meets(&last, &calendar), ["2025-12-31 14:00 2025-26-Q2"]);
        let closed = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], [date(2025, 12, 31)]);
        assert!(meets(&last, &closed).is_empty());
    }

    #[test]
    fn a_day_of_a_rule_can_be_left_out_and_only_such_a_day() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], []);
        let mut quarterly = cycle(Span::Quarter, "0 14 * 2,5,8,11 TUE#3");
        if let Days::Rule { except, .. } = &mut quarterly.days {
            except.extend([date(2025, 8, 19), date(2025, 8, 20)]);
        }
        assert_eq!(meets(&quarterly, &calendar), ["2025-11-18 14:00 2025-26-Q2"]);
        assert_eq!(quarterly.exceptions_to_nothing(&calendar), [date(2025, 8, 20)]);
    }

    #[test]
    fn the_same_time_in_london_in_summer_and_winter() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2026, 12, 28)], []);
        let meetings = cycle(Span::Quarter, "0 14 * 2,5,8,11 TUE#3").meetings(&calendar);
        assert!(meetings.iter().all(|one| one.time == time(14, 0, 0, 0)), "{meetings:?}");
    }
}

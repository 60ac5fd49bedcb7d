//! Every date of the timetable in a span of days: what is due, the steps towards each meeting, and the reminders that
//! leave if nothing arrives.
//!
//! Pure: definitions in, dates out. What the holiday list does not reach has no date and says so; nothing is guessed.

use std::iter::successors;

use jiff::civil::{Date, Time};

use super::{Duty, Meeting, Milestone, RungKind, Timetable, climb, instant_on};
use crate::{
    domain::{AgencyId, Period, ReturnId, to_london},
    ledger::Obligation,
};

/// What happens on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A step of the reporting cycle.
    Step(Milestone),
    /// A return is due.
    Due,
    /// A step of the chase, if nothing has arrived.
    Reminder(RungKind),
}

/// One date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// The day; none where the holiday list does not reach it.
    pub on: Option<Date>,
    /// The time of day in London, where there is one.
    pub time: Option<Time>,
    /// What happens.
    pub what: What,
    /// The return, where it is about one.
    pub return_id: Option<ReturnId>,
    /// Who owes it.
    pub agency: Option<AgencyId>,
    /// The pack, where it is about a meeting.
    pub pack: Option<String>,
    /// For which period.
    pub period: Period,
    /// The rule the date came from or, without a date, why it is not known.
    pub rule: String,
}

/// Dates in their order; those that are not known come last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dates(pub Vec<Dated>);

/// Every date from `from` up to and including `until`; reminders only when they are asked for.
pub fn dates(duties: &[Duty], timetable: &Timetable, (from, until): (Date, Date), reminders: bool) -> Dates {
    let mut found = Vec::new();
    for duty in duties {
        found.extend(of_duty(duty, timetable, until, reminders));
    }
    for meeting in timetable.meetings().iter() {
        found.extend(of_meeting(meeting, timetable));
    }
    // What is not known lies beyond the list, and is told unless the list ends before all that was asked for.
    found.retain(|one| one.on.is_none_or(|on| (from..=until).contains(&on)));
    found.sort_by(|a, b| {
        let order = |one: &Dated| (one.on.is_none(), one.on, one.time, one.what, one.period);
        let subject = |one: &Dated| (one.return_id.clone(), one.pack.clone(), one.agency.clone());
        order(a).cmp(&order(b)).then_with(|| subject(a).cmp(&subject(b)))
    });
    Dates(found)
}

fn of_duty(duty: &Duty, timetable: &Timetable, until: Date, reminders: bool) -> Vec<Dated> {
    let end = instant_on(until, Time::constant(23, 59, 59, 0));
    let periods = successors(duty.every.period_of(duty.starts_on), |period| period.next());
    let dated = |what, period, on: Option<Date>, time, rule: String| Dated {
        on,
        time,
        what,
        return_id: Some(duty.return_id.clone()),
        agency: Some(duty.agency.clone()),
        pack: None,
        period,
        rule,
    };
    let mut found = Vec::new();
    for period in periods.take_while(|period| period.end() < until) {
        let opening = match timetable.opening(duty, period) {
            Ok(opening) if opening.opens_at > end => continue,
            Ok(opening) => opening,
            Err(error) => {
                found.push(dated(What::Due, period, None, None, unknown(&error)));
                continue;
            }
        };
        let due = to_london(opening.due_at);
        found.push(dated(What::Due, period, Some(due.date()), Some(due.time()), opening.rule.clone()));
        if !reminders {
            continue;
        }
        let obligation = Obligation::opened(&opening.key, opening.opens_at, opening.due_at, &opening.rule);
        let (ladder, calendar) = (timetable.ladder_named(duty.ladder.as_deref()), timetable.calendar());
        for (rung, at) in climb(&obligation, ladder, &calendar, opening.opens_at, None).unwrap_or_default() {
            let at = to_london(at);
            let rule = format!("{} of the ladder, if nothing has arrived", rung.name);
            found.push(dated(What::Reminder(rung.kind), period, Some(at.date()), Some(at.time()), rule));
        }
    }
    found
}

/// The steps of one meeting. When its returns are due is told return by return.
fn of_meeting<'a>(meeting: &'a Meeting, timetable: &'a Timetable) -> impl Iterator<Item = Dated> + 'a {
    let steps = Milestone::ALL.into_iter().filter(|step| *step != Milestone::ReturnsDue);
    steps.map(|step| {
        let (on, rule) = match meeting.day_of(step, 0, &timetable.calendar()) {
            Ok(on) => (Some(on), rule(meeting, step)),
            Err(error) => (None, unknown(&error)),
        };
        let (time, pack) = (on.and_then(|_| meeting.time_of(step)), Some(meeting.pack.clone()));
        Dated { on, time, what: What::Step(step), return_id: None, agency: None, pack, period: meeting.period, rule }
    })
}

/// The rule of a step's day, in words.
fn rule(meeting: &Meeting, step: Milestone) -> String {
    let milestones = &meeting.milestones;
    let (days, from) = match step {
        Milestone::WindowOpens => return "the day after the period ends".to_owned(),
        Milestone::Meeting | Milestone::ReturnsDue => return meeting.rule.clone(),
        Milestone::Validated => (milestones.validated, "after the period ends"),
        Milestone::Commentary => (milestones.commentary, "after the period ends"),
        Milestone::FactualCheck => (milestones.factual_check, "after the period ends"),
        Milestone::Draft => (milestones.draft, "before the meeting"),
        Milestone::SignOff => (milestones.sign_off, "before the meeting"),
        Milestone::Circulated => (milestones.circulated, "before the meeting"),
        Milestone::ActionsDue => (milestones.actions_due, "after the meeting"),
    };
    let days = days.abs();
    format!("{days} working {} {from}", if days == 1 { "day" } else { "days" })
}

fn unknown(error: &dyn std::error::Error) -> String {
    format!("not known: {error}")
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;
    use crate::{
        domain::Calendar,
        timetable::{Due, DueRule, Dues, Every, Milestones, WindowRule},
    };

    fn board(calendar: Calendar) -> (Vec<Duty>, Timetable) {
        let duty = Duty {
            return_id: "missing-children".parse().unwrap(),
            agency: "police".parse().unwrap(),
            every: Every::Quarter,
            due: Dues::of(Due { rule: DueRule::WorkingDays(10), time: time(17, 0, 0, 0) }),
            window: WindowRule::default(),
            finals: None,
            ladder: None,
            starts_on: date(2025, 4, 1),
        };
        let meeting = Meeting {
            on: date(2025, 8, 12),
            time: time(14, 0, 0, 0),
            period: "2025-26-Q1".parse().unwrap(),
            pack: "board".into(),
            milestones: Milestones::default(),
            rule: "a date".into(),
        };
        let meetings = vec![meeting];
        (vec![duty], Timetable::plain(date(2025, 4, 1), calendar, meetings))
    }

    fn told(calendar: Calendar, from: Date, until: Date, reminders: bool) -> Vec<String> {
        let (duties, timetable) = board(calendar);
        let found = dates(&duties, &timetable, (from, until), reminders).0;
        let day = |one: &Dated| one.on.map_or("unknown".to_owned(), |on| on.to_string());
        found.iter().map(|one| format!("{} {:?} {}", day(one), one.what, one.period)).collect()
    }

    #[test]
    fn a_quarter_has_its_due_day_its_steps_and_its_reminders_in_order() {
        let calendar = || Calendar::england_and_wales([]);
        let july = told(calendar(), date(2025, 7, 1), date(2025, 7, 31), true);
        assert_eq!(
            july,
            [
                "2025-07-01 Step(WindowOpens) 2025-26-Q1",
                "2025-07-01 Reminder(Notice) 2025-26-Q1",
                "2025-07-07 Reminder(Nudge) 2025-26-Q1",
                "2025-07-14 Reminder(DueToday) 2025-26-Q1",
                "2025-07-14 Due 2025-26-Q1",
                "2025-07-16 Reminder(Overdue) 2025-26-Q1",
                "2025-07-17 Step(Validated) 2025-26-Q1",
                "2025-07-18 Reminder(Preview) 2025-26-Q1",
                "2025-07-21 Reminder(Escalation) 2025-26-Q1",
                "2025-07-25 Step(Draft) 2025-26-Q1",
                "2025-07-25 Reminder(Preview) 2025-26-Q1",
                "2025-07-28 Step(Commentary) 2025-26-Q1",
                "2025-07-28 Step(FactualCheck) 2025-26-Q1",
                "2025-07-28 Reminder(Escalation) 2025-26-Q1",
                "2025-07-31 Step(SignOff) 2025-26-Q1"
            ]
        );
        let august = told(calendar(), date(2025, 8, 1), date(2025, 8, 31), true);
        assert_eq!(
            august,
            [
                "2025-08-01 Reminder(Preview) 2025-26-Q1",
                "2025-08-04 Reminder(Escalation) 2025-26-Q1",
                "2025-08-04 Step(Circulated) 2025-26-Q1",
                "2025-08-12 Step(Meeting) 2025-26-Q1",
                "2025-08-27 Step(ActionsDue) 2025-26-Q1"
            ]
        );
        assert_eq!(told(calendar(), date(2025, 10, 1), date(2025, 10, 31), false), ["2025-10-14 Due 2025-26-Q2"]);
    }

    #[test]
    fn a_date_beyond_the_holiday_list_is_named_as_unknown() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], []);
        let found = told(calendar, date(2025, 10, 1), date(2026, 6, 30), true);
        assert_eq!(found[found.len() - 2..], ["unknown Due 2025-26-Q3", "unknown Due 2025-26-Q4"]);
        assert_eq!(found.iter().filter(|one| one.contains("Due 2025-26-Q2")).count(), 1);
    }
}

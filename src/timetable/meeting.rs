//! When the board meets, and the steps that lead there.

use jiff::civil::{Date, Time};

use crate::domain::{Calendar, CalendarError, Period};

/// One meeting of the board.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// The day.
    pub on: Date,
    /// The time of day in London.
    pub time: Time,
    /// The period whose pack is on the table.
    pub period: Period,
    /// The pack.
    pub pack: String,
}

/// Where the steps lie, in working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestones {
    /// After the period: returns are validated.
    pub validated: i32,
    /// After the period: commentary and factual check end.
    pub commentary: i32,
    /// Before the meeting (negative): the chair's draft.
    pub draft: i32,
    /// Before the meeting (negative): signed off.
    pub sign_off: i32,
    /// Before the meeting (negative): circulated, so that five clear days remain.
    pub circulated: i32,
}

impl Default for Milestones {
    fn default() -> Self {
        Self { validated: 13, commentary: 20, draft: -12, sign_off: -8, circulated: -6 }
    }
}

/// Two milestones of one meeting in the wrong order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first} falls on {first_on}, after {second} on {second_on}")]
pub struct OutOfOrder {
    /// The step that should come first.
    pub first: &'static str,
    /// Its day.
    pub first_on: Date,
    /// The step that should follow.
    pub second: &'static str,
    /// Its day.
    pub second_on: Date,
}

impl Meeting {
    /// The steps towards this meeting with their days, in the order in which they must come.
    ///
    /// `due_working_days` is the latest due rule of the returns.
    pub fn plan(
        &self,
        milestones: &Milestones,
        due_working_days: i32,
        calendar: &Calendar,
    ) -> Result<Vec<(&'static str, Date)>, CalendarError> {
        let after = |days| calendar.add_working_days(self.period.end(), days);
        let before = |days| calendar.add_working_days(self.on, days);
        Ok(vec![
            ("returns due", after(due_working_days)?),
            ("validated", after(milestones.validated)?),
            ("commentary", after(milestones.commentary)?),
            ("signed off", before(milestones.sign_off)?),
            ("circulated", before(milestones.circulated)?),
            ("meeting", self.on),
        ])
    }

    /// Milestones of this meeting that come in the wrong order.
    ///
    /// The chair's draft may be written while commentary still comes in, but not before the returns are due.
    pub fn out_of_order(
        &self,
        milestones: &Milestones,
        due_working_days: i32,
        calendar: &Calendar,
    ) -> Result<Vec<OutOfOrder>, CalendarError> {
        let plan = self.plan(milestones, due_working_days, calendar)?;
        let mut pairs: Vec<_> = plan.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let draft = ("draft", calendar.add_working_days(self.on, milestones.draft)?);
        if let Some(due) = plan.first() {
            pairs.push((*due, draft));
        }
        pairs.push((draft, ("signed off", calendar.add_working_days(self.on, milestones.sign_off)?)));
        Ok(pairs
            .into_iter()
            .filter(|((_, first_on), (_, second_on))| first_on > second_on)
            .map(|((first, first_on), (second, second_on))| OutOfOrder { first, first_on, second, second_on })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn meeting(on: Date) -> Meeting {
        Meeting { on, time: time(14, 0, 0, 0), period: "2025-26-Q1".parse().unwrap(), pack: "board".into() }
    }

    #[test]
    fn a_meeting_with_room_for_every_step_is_in_order() {
        let calendar = Calendar::england_and_wales([]);
        let wrong = meeting(date(2025, 8, 12)).out_of_order(&Milestones::default(), 10, &calendar);
        assert_eq!(wrong, Ok(vec![]));
    }

    #[test]
    fn a_meeting_too_early_names_both_steps_and_both_dates() {
        let calendar = Calendar::england_and_wales([]);
        let wrong = meeting(date(2025, 7, 24)).out_of_order(&Milestones::default(), 10, &calendar).unwrap();
        assert_eq!(wrong[0].to_string(), "commentary falls on 2025-07-28, after signed off on 2025-07-14");
    }
}

//! When the board meets, and the steps that lead there and on.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use super::{Milestone, Milestones, instant_on};
use crate::domain::{Calendar, CalendarError, Period};

/// The time of day at which a pack goes out.
const CIRCULATED_AT: Time = Time::constant(12, 0, 0, 0);

/// One meeting of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// The day.
    pub on: Date,
    /// The time of day in London.
    pub time: Time,
    /// The period whose pack is on the table.
    pub period: Period,
    /// The pack.
    pub pack: String,
    /// Where its steps lie.
    pub milestones: Milestones,
    /// Where its day came from, in words.
    pub rule: String,
}

/// Two milestones of one meeting in the wrong order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} falls on {first_on}, after {} on {second_on}", .first.as_str(), .second.as_str())]
pub struct OutOfOrder {
    /// The step that should come first.
    pub first: Milestone,
    /// Its day.
    pub first_on: Date,
    /// The step that should follow.
    pub second: Milestone,
    /// Its day.
    pub second_on: Date,
}

impl Meeting {
    /// By its day and time, then by its pack.
    pub(super) fn order(&self) -> (Date, Time, &str) {
        (self.on, self.time, &self.pack)
    }

    /// The day of one of its steps. One that counts back from the meeting moves earlier off days on which nobody works,
    /// one that counts on from the period or the meeting moves later.
    ///
    /// `due_working_days` is the latest due rule of the returns.
    pub fn day_of(&self, step: Milestone, due_working_days: i32, calendar: &Calendar) -> Result<Date, CalendarError> {
        let ended = self.period.end();
        let Milestones { validated, commentary, factual_check, draft, sign_off, circulated, actions_due } =
            self.milestones;
        let (from, days) = match step {
            Milestone::WindowOpens => return ended.tomorrow().map_err(|_| CalendarError::OutOfRange(ended)),
            Milestone::Meeting => return Ok(self.on),
            Milestone::ReturnsDue => (ended, due_working_days),
            Milestone::Validated => (ended, validated),
            Milestone::Commentary => (ended, commentary),
            Milestone::FactualCheck => (ended, factual_check),
            Milestone::Draft => (self.on, draft),
            Milestone::SignOff => (self.on, sign_off),
            Milestone::Circulated => (self.on, circulated),
            Milestone::ActionsDue => (self.on, actions_due),
        };
        calendar.add_working_days(from, days)
    }

    /// When its pack is circulated.
    pub fn circulation(&self, calendar: &Calendar) -> Result<Timestamp, CalendarError> {
        // A pack does not wait for any return's rule, so none is asked.
        Ok(instant_on(self.day_of(Milestone::Circulated, 0, calendar)?, CIRCULATED_AT))
    }

    /// The time of day of one of its steps, where it has one.
    pub fn time_of(&self, step: Milestone) -> Option<Time> {
        match step {
            Milestone::Circulated => Some(CIRCULATED_AT),
            Milestone::Meeting => Some(self.time),
            _ => None,
        }
    }

    /// Milestones of this meeting that come in the wrong order.
    ///
    /// # Errors
    /// When a step up to the meeting lies beyond the holiday list. Actions may be due beyond it: they are asked for later.
    ///
    /// `returns_due` is the day on which the last of its returns is due, if any is.
    pub fn out_of_order(
        &self,
        returns_due: Option<Date>,
        calendar: &Calendar,
    ) -> Result<Vec<OutOfOrder>, CalendarError> {
        // A return whose own period ended sooner may be due before the window of the last ones opens.
        let opens = self.day_of(Milestone::WindowOpens, 0, calendar)?;
        let day = |step| match step {
            Milestone::ReturnsDue => Ok(returns_due.map(|due| due.max(opens))),
            step => self.day_of(step, 0, calendar).map(Some),
        };
        let mut wrong = Vec::new();
        // A factual check that ends with the commentary would only repeat what is wrong with it.
        let is_with_commentary = self.milestones.factual_check == self.milestones.commentary;
        for (first, second) in Milestone::IN_ORDER {
            if is_with_commentary && [first, second].contains(&Milestone::FactualCheck) {
                continue;
            }
            let second_on = match day(second) {
                Err(CalendarError::OffTheList { .. }) if second == Milestone::ActionsDue => continue,
                day => day?,
            };
            let Some((first_on, second_on)) = day(first)?.zip(second_on) else { continue };
            if first_on > second_on {
                wrong.push(OutOfOrder { first, first_on, second, second_on });
            }
        }
        Ok(wrong)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn meeting(on: Date, milestones: Milestones) -> Meeting {
        let period = "2025-26-Q1".parse().unwrap();
        Meeting { on, time: time(14, 0, 0, 0), period, pack: "board".into(), milestones, rule: String::new() }
    }

    fn wrong(on: Date, milestones: Milestones) -> Vec<String> {
        let calendar = Calendar::england_and_wales([]);
        let due = calendar.add_working_days(date(2025, 6, 30), 10).unwrap();
        let wrong = meeting(on, milestones).out_of_order(Some(due), &calendar).unwrap();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_meeting_with_room_for_every_step_is_in_order() {
        assert!(wrong(date(2025, 8, 12), Milestones::default()).is_empty());
    }

    #[test]
    fn a_meeting_too_early_names_both_steps_and_both_dates() {
        let told = wrong(date(2025, 7, 24), Milestones::default());
        assert_eq!(told[0], "commentary falls on 2025-07-28, after signed off on 2025-07-14");
    }

    #[test]
    fn every_step_out_of_order_is_named_with_both_dates() {
        let usual = Milestones::default();
        for (milestones, told) in [
            (Milestones { validated: 9, ..usual }, "returns due falls on 2025-07-14, after validated on 2025-07-11"),
            (Milestones { commentary: 12, ..usual }, "validated falls on 2025-07-17, after commentary on 2025-07-16"),
            (
                Milestones { factual_check: 12, ..usual },
                "validated falls on 2025-07-17, after factual check on 2025-07-16",
            ),
            (
                Milestones { factual_check: 24, ..usual },
                "factual check falls on 2025-08-01, after signed off on 2025-07-31",
            ),
            (Milestones { draft: -22, ..usual }, "returns due falls on 2025-07-14, after draft on 2025-07-11"),
            (Milestones { draft: -7, ..usual }, "draft falls on 2025-08-01, after signed off on 2025-07-31"),
            (Milestones { sign_off: -5, ..usual }, "signed off falls on 2025-08-05, after circulated on 2025-08-04"),
            (Milestones { circulated: 1, ..usual }, "circulated falls on 2025-08-13, after meeting on 2025-08-12"),
            (Milestones { actions_due: -1, ..usual }, "meeting falls on 2025-08-12, after actions due on 2025-08-11"),
        ] {
            assert_eq!(wrong(date(2025, 8, 12), milestones), [told]);
        }
    }

    #[test]
    fn a_step_before_the_meeting_moves_earlier_off_closure_days_and_one_after_it_later() {
        let meeting = meeting(date(2025, 8, 12), Milestones::default());
        let day = |step, closed: &[Date]| {
            meeting.day_of(step, 10, &Calendar::england_and_wales(closed.iter().copied())).unwrap()
        };
        assert_eq!(day(Milestone::Circulated, &[]), date(2025, 8, 4));
        assert_eq!(day(Milestone::Circulated, &[date(2025, 8, 4)]), date(2025, 8, 1));
        assert_eq!(day(Milestone::ActionsDue, &[]), date(2025, 8, 27), "the bank holiday of 25 August does not count");
        assert_eq!(day(Milestone::ActionsDue, &[date(2025, 8, 27)]), date(2025, 8, 28));
    }

    #[test]
    fn actions_that_are_due_beyond_the_holiday_list_stand_in_no_meetings_way() {
        let calendar = Calendar::new([date(2025, 1, 1), date(2025, 12, 26)], []);
        let late =
            Meeting { period: "2025-26-Q2".parse().unwrap(), ..meeting(date(2025, 12, 29), Milestones::default()) };
        assert_eq!(late.out_of_order(Some(late.period.end()), &calendar), Ok(vec![]));
        assert!(late.day_of(Milestone::ActionsDue, 10, &calendar).is_err());
    }
}

//! When a group is asked for the members that its file left out: one message to its lead, on the days of the ladder, until
//! they are in it or somebody said why they are not.
//!
//! Pure. What is late is a part of a return that has come, so nobody above the lead is told.

use jiff::Timestamp;

use super::{Ladder, Rung, RungKind, Step, instant_on, ladder::speaks_from};
use crate::{
    domain::{Calendar, CalendarError, civil_day},
    ledger::{Obligation, State},
};

/// What is asked at `now` of a group whose file stands and lacks members.
///
/// A file that comes late is asked about once more, as many working days after its answer as the ladder waits after the
/// due day.
pub fn owed_by_members(
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Step, CalendarError> {
    let mut step = Step::default();
    let stands = obligation.duty && obligation.state == State::Accepted;
    let Some(answered) = obligation.decided_at.filter(|_| stands) else { return Ok(step) };
    let due_day = civil_day(obligation.due_at);
    let mut reached: Vec<Rung> = Vec::new();
    for rung in &ladder.rungs {
        let from = match rung.kind {
            RungKind::Nudge | RungKind::DueToday => due_day,
            RungKind::Overdue => due_day.max(civil_day(answered)),
            RungKind::Notice | RungKind::Preview | RungKind::Escalation => continue,
        };
        let rung = Rung { name: format!("{}-members", rung.name), ..rung.clone() };
        let at = instant_on(calendar.add_working_days(from, rung.working_days)?, ladder.at);
        // The answer to the file has named them.
        if at <= answered || obligation.is_past(&rung.name) {
            continue;
        }
        if at <= now {
            reached.push(rung);
        } else {
            step.look_again = Some(step.look_again.map_or(at, |sooner| sooner.min(at)));
        }
    }
    let morning = speaks_from(now, ladder, calendar)?;
    if !reached.is_empty() && now < morning {
        step.look_again = Some(step.look_again.map_or(morning, |sooner| sooner.min(morning)));
        return Ok(step);
    }
    step.tell = reached.pop();
    step.skip = reached.into_iter().map(|rung| (rung.name, "a later rung was already reached")).collect();
    Ok(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ObligationKey;

    /// On which days a group is asked whose partial file was answered then.
    fn asked(answered: &str) -> Vec<String> {
        let key: ObligationKey = "school-figures/schools/2025-26-Q1".parse().unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut obligation = Obligation::opened(&key, at("2025-06-30T23:00:00Z"), at("2025-07-14T16:00:00Z"), "");
        (obligation.state, obligation.decided_at) = (State::Accepted, Some(at(answered)));
        let (calendar, ladder) = (Calendar::england_and_wales([]), Ladder::default());
        let (mut now, mut told) = (at(answered), Vec::new());
        loop {
            let step = owed_by_members(&obligation, &ladder, &calendar, now).unwrap();
            obligation.skipped.extend(step.skip.into_iter().map(|(rung, _)| rung));
            if let Some(rung) = step.tell {
                told.push(format!("{} {}", civil_day(now), rung.name));
                obligation.told.push((rung.name, now));
            }
            match step.look_again {
                Some(later) => now = later,
                None => return told,
            }
        }
    }

    #[test]
    fn a_group_is_asked_on_the_days_that_are_left_and_once_after_a_late_file() {
        let early = ["2025-07-07 nudge-members", "2025-07-14 due-today-members", "2025-07-16 overdue-members"];
        assert_eq!(asked("2025-07-02T09:00:00Z"), early);
        assert_eq!(asked("2025-07-14T15:00:00Z"), ["2025-07-16 overdue-members"]);
        assert_eq!(asked("2025-08-01T15:00:00Z"), ["2025-08-05 overdue-members"]);
    }

    #[test]
    fn after_an_outage_only_the_latest_is_told() {
        let key: ObligationKey = "school-figures/schools/2025-26-Q1".parse().unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut obligation = Obligation::opened(&key, at("2025-06-30T23:00:00Z"), at("2025-07-14T16:00:00Z"), "");
        (obligation.state, obligation.decided_at) = (State::Accepted, Some(at("2025-07-02T09:00:00Z")));
        let step = |obligation: &Obligation| {
            let calendar = Calendar::england_and_wales([]);
            owed_by_members(obligation, &Ladder::default(), &calendar, at("2025-07-18T12:00:00Z")).unwrap()
        };
        let late = step(&obligation);
        assert_eq!(late.tell.unwrap().name, "overdue-members");
        assert_eq!(late.skip.len(), 2);
        obligation.state = State::Nil;
        assert_eq!(step(&obligation), Step::default());
    }
}

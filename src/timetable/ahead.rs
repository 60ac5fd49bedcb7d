//! Where the ladder leads from here, if nothing arrives: the same steps, taken ahead of time.

use jiff::Timestamp;

use super::{Ladder, Rung, RungKind, owed};
use crate::{
    domain::{Calendar, CalendarError},
    ledger::Obligation,
};

/// The rungs that are told from `now` on if nothing arrives, every message leaves when it may and each is accepted at
/// once, with the instant of each.
///
/// It walks the ladder that [`owed`] climbs, so a message that names one of these days names the day the ladder keeps.
pub fn climb(
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    now: Timestamp,
    mut lead_told: Option<Timestamp>,
) -> Result<Vec<(Rung, Timestamp)>, CalendarError> {
    let mut ahead = obligation.clone();
    let (mut at, mut told) = (now, Vec::new());
    // Each turn passes a rung or moves on to the instant of one.
    for _ in 0..=2 * ladder.rungs.len() {
        let step = owed(&ahead, ladder, calendar, at, lead_told)?;
        ahead.skipped.extend(step.skip.into_iter().map(|(rung, _)| rung));
        match (step.tell, step.look_again) {
            (Some(rung), _) => {
                if rung.is_for_the_lead() {
                    lead_told.get_or_insert(at);
                }
                ahead.told.push((rung.name.clone(), at));
                told.push((rung, at));
            }
            (None, Some(later)) => at = at.max(later),
            (None, None) => break,
        }
    }
    Ok(told)
}

/// When the escalation would go if nothing arrives; `None` when there will be none.
pub fn escalates_at(
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    now: Timestamp,
    lead_told: Option<Timestamp>,
) -> Result<Option<Timestamp>, CalendarError> {
    let told = climb(obligation, ladder, calendar, now, lead_told)?;
    Ok(told.into_iter().find(|(rung, _)| rung.kind == RungKind::Escalation).map(|(_, at)| at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::civil_day, ledger::ObligationKey};

    fn obligation() -> Obligation {
        let key: ObligationKey = "missing-children/police/2025-26-Q1".parse().unwrap();
        let (opened, due) = ("2025-06-30T23:00:00Z".parse().unwrap(), "2025-07-14T16:00:00Z".parse().unwrap());
        Obligation::opened(&key, opened, due, "")
    }

    fn day(obligation: &Obligation, now: &str, lead_told: Option<&str>) -> Option<String> {
        let lead_told = lead_told.map(|at| at.parse().unwrap());
        let calendar = Calendar::england_and_wales([]);
        let at = escalates_at(obligation, &Ladder::default(), &calendar, now.parse().unwrap(), lead_told).unwrap();
        at.map(|at| civil_day(at).to_string())
    }

    #[test]
    fn in_time_it_is_five_working_days_after_the_due_day() {
        assert_eq!(day(&obligation(), "2025-07-01T09:00:00Z", None).as_deref(), Some("2025-07-21"));
        assert_eq!(
            day(&obligation(), "2025-07-16T09:00:00Z", Some("2025-07-01T09:00:05Z")).as_deref(),
            Some("2025-07-21")
        );
    }

    #[test]
    fn after_an_outage_it_lies_ahead_and_after_the_preview() {
        let notice = Some("2025-07-01T09:00:05Z");
        assert_eq!(day(&obligation(), "2025-08-26T12:00:00Z", notice).as_deref(), Some("2025-08-29"));
        // Nobody was told before: three working days of evidence come first.
        assert_eq!(day(&obligation(), "2025-08-26T12:00:00Z", None).as_deref(), Some("2025-08-29"));
    }

    #[test]
    fn once_it_has_gone_or_was_held_there_is_none() {
        let mut gone = obligation();
        let ladder = Ladder::default();
        gone.told.extend(ladder.rungs.iter().map(|rung| (rung.name.clone(), gone.due_at)));
        assert_eq!(day(&gone, "2025-08-26T12:00:00Z", Some("2025-07-01T09:00:05Z")), None);
        let held = Obligation { escalation_held: Some("agreed with the Chief Constable".into()), ..obligation() };
        assert_eq!(day(&held, "2025-07-01T09:00:00Z", None), None);
    }
}

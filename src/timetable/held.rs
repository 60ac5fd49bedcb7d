//! When the manager is reminded of a file that waits for a decision: what is held counts as received, so its lead is left in
//! peace.
//!
//! Pure.

use jiff::Timestamp;

use super::{Ladder, instant_on, ladder::speaks_from};
use crate::{
    domain::{Calendar, CalendarError, civil_day},
    ledger::{Obligation, State},
};

/// Working days a file may wait for a decision before the manager is reminded.
const WAITS: i32 = 2;

/// The reminder that is owed of a held file at `now`: its name, and when it goes, which after an outage is when the chase
/// next speaks. Each held file has one.
pub fn reminder_of_held(
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Option<(String, Timestamp)>, CalendarError> {
    let Some(held) = obligation.held.first().filter(|_| obligation.state == State::Held) else { return Ok(None) };
    let name = format!("held-{held}");
    if obligation.is_past(&name) {
        return Ok(None);
    }
    let since = obligation.decided_at.unwrap_or(obligation.opened_at);
    let day = calendar.add_working_days(civil_day(since), WAITS)?;
    let at = instant_on(day, ladder.at);
    let at = if at <= now { speaks_from(now, ladder, calendar)? } else { at };
    Ok(Some((name, at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ObligationKey;

    #[test]
    fn the_manager_is_reminded_once_two_working_days_after_a_file_was_held() {
        let key: ObligationKey = "missing-children/police/2025-26-Q1".parse().unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut obligation = Obligation::opened(&key, at("2025-06-30T23:00:00Z"), at("2025-07-14T16:00:00Z"), "");
        let ask_at = |obligation: &Obligation, now: &str| {
            reminder_of_held(obligation, &Ladder::default(), &Calendar::england_and_wales([]), at(now)).unwrap()
        };
        let ask = |obligation: &Obligation| ask_at(obligation, "2025-07-11T15:00:00Z");
        assert_eq!(ask(&obligation), None);
        (obligation.state, obligation.held) = (State::Held, vec![7, 9]);
        obligation.decided_at = Some(at("2025-07-11T15:00:00Z"));
        assert_eq!(ask(&obligation), Some(("held-7".to_owned(), at("2025-07-15T09:00:00Z"))));
        let after_an_outage = ask_at(&obligation, "2025-07-18T22:00:00Z");
        assert_eq!(after_an_outage, Some(("held-7".to_owned(), at("2025-07-21T09:00:00Z"))), "not at night");
        obligation.told.push(("held-7".into(), at("2025-07-15T09:00:00Z")));
        assert_eq!(ask(&obligation), None);
    }
}

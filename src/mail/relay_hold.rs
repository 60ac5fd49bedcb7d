//! The relay as a whole is left alone for a while: kept in the ledger, so that a restart is no reason to try again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::mailer::Verb;
use crate::ledger::{Event, LedgerError, Txn};

const FACT: &str = "mail relay hold";

/// Why nothing leaves, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayHold {
    /// Since when.
    pub since: Timestamp,
    /// Until when nothing is tried.
    pub until: Timestamp,
    /// How often it was tried in vain.
    pub failures: u32,
    /// How far the conversation came.
    pub verb: String,
    /// What the relay said last.
    pub says: String,
}

impl RelayHold {
    /// What is in force, or was until the next try.
    pub fn of(txn: &Txn<'_>) -> Result<Option<Self>, LedgerError> {
        match txn.fact(FACT)?.filter(|text| !text.is_empty()) {
            Some(text) => Ok(Some(serde_json::from_str(&text)?)),
            None => Ok(None),
        }
    }

    /// Leaves the relay alone for the next of its pauses, and at least for `least`; the first time it says so where a person will see it.
    pub(super) fn begin(
        txn: &Txn<'_>,
        now: Timestamp,
        pauses: &[i64],
        least: SignedDuration,
        verb: Verb,
        says: &str,
    ) -> Result<Self, LedgerError> {
        // Another verb is another trouble, with pauses of its own.
        let verb = verb.to_string();
        let before = Self::of(txn)?.filter(|hold| hold.verb == verb);
        let failures = before.as_ref().map_or(0, |hold| hold.failures) + 1;
        let since = before.map_or(now, |hold| hold.since);
        let until = after(now, pauses, failures).max(now.checked_add(least).unwrap_or(now));
        let hold = Self { since, until, failures, verb, says: says.to_owned() };
        txn.set_fact(FACT, &serde_json::to_string(&hold)?)?;
        if failures == 1 {
            let why = format!("{}: {}", hold.verb, hold.says);
            txn.append(now, "daemon", "daemon", &Event::Failed { what: "sending mail".into(), why })?;
        }
        Ok(hold)
    }

    /// The relay took a message.
    pub(super) fn end(txn: &Txn<'_>) -> Result<(), LedgerError> {
        if txn.fact(FACT)?.is_some_and(|text| !text.is_empty()) {
            txn.set_fact(FACT, "")?;
        }
        Ok(())
    }
}

/// Minutes to wait after the nth failure of one message.
pub(super) const MESSAGE_PAUSES: &[i64] = &[1, 5, 15, 60, 120, 240];
/// Minutes to wait after the nth failure of the relay; short, since all mail waits for it.
pub(super) const RELAY_PAUSES: &[i64] = &[1, 5, 15];
/// Minutes to wait after the nth failed sign-in; long, since accounts are locked after a few.
pub(super) const SIGN_IN_PAUSES: &[i64] = &[15, 60, 120, 240];

/// The instant after the pause of the nth failure.
pub(super) fn after(now: Timestamp, pauses: &[i64], failures: u32) -> Timestamp {
    let nth = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let minutes = pauses.get(nth).or(pauses.last()).copied().unwrap_or(1);
    now.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_at_their_longest() {
        let now: Timestamp = "2025-07-14T16:00:00Z".parse().unwrap();
        let waits: Vec<i64> = (1..=8).map(|n| after(now, MESSAGE_PAUSES, n).duration_since(now).as_mins()).collect();
        assert_eq!(waits, [1, 5, 15, 60, 120, 240, 240, 240]);
    }
}

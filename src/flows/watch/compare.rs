//! What has changed between what is wrong now and what was known to be: who is to hear of what.
//!
//! Pure. A condition is told when it has lasted, and when it is over; never twice on one day that it is there.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::condition::{Condition, trouble_of};
use crate::{domain::civil_day, ledger::ConditionRow};

/// What has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// Seen for the first time.
    pub begun: Vec<&'a Condition>,
    /// There again before it was over.
    pub back: Vec<&'a ConditionRow>,
    /// No longer seen.
    pub gone: Vec<&'a ConditionRow>,
    /// Over before anybody was told.
    pub forgotten: Vec<&'a ConditionRow>,
    /// To be told; the row where it was seen before.
    pub told: Vec<(Option<&'a ConditionRow>, &'a Condition)>,
    /// Over, and to be told so.
    pub over: Vec<&'a ConditionRow>,
}

/// Holds what is wrong against what is known: the conditions that are not over, and those told today.
pub fn compare<'a>(present: &'a BTreeSet<Condition>, known: &'a [ConditionRow], now: Timestamp) -> Changes<'a> {
    let mut changes = Changes::default();
    // What has been seen before goes with what is told, so that troubles that came together come in one message.
    let mut along = Vec::new();
    let mut is_ready = false;
    for condition in present {
        let name = condition.name();
        let patience = condition.trouble.patience();
        let was_told_today =
            known.iter().filter(|row| row.name == name).any(|row| row.told_at.map(civil_day) == Some(civil_day(now)));
        let Some(row) = known.iter().find(|row| row.name == name && row.ends_at.is_none()) else {
            match patience.is_zero() && !was_told_today {
                true => changes.told.push((None, condition)),
                false => changes.begun.push(condition),
            }
            continue;
        };
        if row.gone_at.is_some() {
            changes.back.push(row);
        }
        if was_told_today {
            continue;
        }
        match row.told_at {
            Some(_) if condition.level > row.level => changes.told.push((Some(row), condition)),
            Some(_) => {}
            None => {
                is_ready |= lasts(row.begins_at, patience, now);
                if row.begins_at < now || patience.is_zero() {
                    along.push((Some(row), condition));
                }
            }
        }
    }
    if is_ready || !changes.told.is_empty() {
        changes.told.extend(along);
    }
    for row in known.iter().filter(|row| row.ends_at.is_none()) {
        if present.iter().any(|condition| condition.name() == row.name) {
            continue;
        }
        let patience = trouble_of(&row.name).map_or(SignedDuration::ZERO, |trouble| trouble.patience());
        match (row.told_at, row.gone_at) {
            (None, _) => changes.forgotten.push(row),
            (Some(_), Some(gone_at)) if lasts(gone_at, patience, now) => changes.over.push(row),
            (Some(_), None) if patience.is_zero() => changes.over.push(row),
            (Some(_), None) => changes.gone.push(row),
            (Some(_), Some(_)) => {}
        }
    }
    changes
}

/// When what is known is to be looked at again, if nothing happens before.
pub fn look_again(known: &[ConditionRow], now: Timestamp) -> Option<Timestamp> {
    let open = known.iter().filter(|row| row.ends_at.is_none());
    let at = open.filter_map(|row| {
        let patience = trouble_of(&row.name)?.patience();
        let since = if row.told_at.is_none() { row.begins_at } else { row.gone_at? };
        since.checked_add(patience).ok()
    });
    at.filter(|at| *at > now).min()
}

/// Whether so long has passed; what lies ahead was written down before the clock was set back.
fn lasts(since: Timestamp, patience: SignedDuration, now: Timestamp) -> bool {
    since > now || now.duration_since(since) >= patience
}

#[cfg(test)]
mod tests {
    use super::{super::condition::Trouble, *};

    fn at(text: &str) -> Timestamp {
        format!("2025-07-{text}:00Z").parse().unwrap()
    }

    fn condition(trouble: Trouble, of: &str, level: i64) -> Condition {
        let [what, why, next_step] = [of, "", ""].map(str::to_owned);
        Condition { trouble, of: of.to_owned(), level, what, why, next_step, since: None }
    }

    fn row(name: &str, begins_at: &str, told_at: Option<&str>) -> ConditionRow {
        ConditionRow {
            id: 1,
            name: name.to_owned(),
            level: 1,
            says: String::new(),
            begins_at: at(begins_at),
            told_at: told_at.map(at),
            gone_at: None,
            ends_at: None,
        }
    }

    /// What is told, by name.
    fn told(changes: &Changes<'_>) -> Vec<String> {
        changes.told.iter().map(|(_, condition)| condition.name()).collect()
    }

    #[test]
    fn what_flaps_is_told_when_it_has_lasted_and_what_does_not_at_once() {
        let present = BTreeSet::from([condition(Trouble::Pull, "a", 1), condition(Trouble::Ending, "b", 1)]);
        let changes = compare(&present, &[], at("14T09:00"));
        assert_eq!(told(&changes), ["ending/b"]);
        assert_eq!(changes.begun.len(), 1);
        let known = [row("pull/a", "14T09:00", None), row("ending/b", "14T09:00", Some("14T09:00"))];
        assert!(compare(&present, &known, at("14T09:09")).told.is_empty());
        assert_eq!(told(&compare(&present, &known, at("14T09:10"))), ["pull/a"]);
    }

    #[test]
    fn what_began_together_is_told_together() {
        let present = BTreeSet::from([condition(Trouble::Pull, "a", 1), condition(Trouble::Pull, "b", 1)]);
        let known = [row("pull/a", "14T09:00", None), row("pull/b", "14T09:04", None)];
        assert_eq!(told(&compare(&present, &known, at("14T09:10"))), ["pull/a", "pull/b"]);
    }

    #[test]
    fn a_blip_is_forgotten_and_the_end_of_what_was_told_has_to_last_too() {
        let nothing = BTreeSet::new();
        let blip = [row("pull/a", "14T09:00", None)];
        assert_eq!(compare(&nothing, &blip, at("14T09:05")).forgotten.len(), 1);
        let mut known = [row("pull/a", "14T09:00", Some("14T09:10"))];
        assert_eq!(compare(&nothing, &known, at("14T10:00")).gone.len(), 1);
        known[0].gone_at = Some(at("14T10:00"));
        assert!(compare(&nothing, &known, at("14T10:09")).over.is_empty());
        assert_eq!(compare(&nothing, &known, at("14T10:10")).over.len(), 1);
        let there_again = BTreeSet::from([condition(Trouble::Pull, "a", 1)]);
        assert_eq!(compare(&there_again, &known, at("14T10:05")).back.len(), 1);
    }

    #[test]
    fn what_comes_again_or_grows_on_a_day_is_not_told_again_on_it() {
        let present = BTreeSet::from([condition(Trouble::Ending, "b", 2)]);
        let mut known = [row("ending/b", "14T09:00", Some("14T09:00"))];
        assert!(compare(&present, &known, at("14T12:00")).told.is_empty(), "it has grown on the same day");
        assert_eq!(told(&compare(&present, &known, at("15T09:00"))), ["ending/b"]);
        known[0].ends_at = Some(at("14T10:00"));
        let changes = compare(&present, &known, at("14T12:00"));
        assert!(changes.told.is_empty() && changes.begun.len() == 1, "it is there again on the same day");
    }

    #[test]
    fn the_same_twice_changes_nothing() {
        let present = BTreeSet::from([condition(Trouble::Pull, "a", 1)]);
        let known = [row("pull/a", "14T09:00", Some("14T09:10"))];
        assert_eq!(compare(&present, &known, at("15T09:10")), Changes::default());
        assert_eq!(look_again(&known, at("14T09:00")), None);
        let untold = [row("pull/a", "14T09:00", None)];
        assert_eq!(look_again(&untold, at("14T09:00")), Some(at("14T09:10")));
    }
}

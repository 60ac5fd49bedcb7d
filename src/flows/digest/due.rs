//! Whether a digest is due, and what of the past it has to speak of.
//!
//! Pure. After an outage there is one, however many were missed.

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{domain::civil_day, timetable::Schedule};

/// After an outage so long is waited before the summary, so that it says what was caught up.
const CATCHING_UP: SignedDuration = SignedDuration::from_mins(10);

/// More digests than this are not counted one by one.
const MOST_MISSED: usize = 60;

/// A digest that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDigest {
    /// What it is remembered under: there is one of it, whatever interrupts it.
    pub key: String,
    /// Days on which one should have come and none did.
    pub missed: Vec<Date>,
}

/// The digest that is due at `now`, if the last one spoke of the time `through` and nothing ran in `away`, which nobody was
/// told of yet.
pub fn due(
    schedule: &Schedule,
    through: Timestamp,
    away: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Option<DueDigest> {
    let mut occurrences: Vec<Timestamp> = Vec::new();
    let mut last = through;
    while occurrences.len() < MOST_MISSED
        && let Some(next) = schedule.next_after(last).filter(|next| *next <= now)
    {
        occurrences.push(next);
        last = next;
    }
    let (key, missed) = match away {
        Some((_, back)) if now.duration_since(back) < CATCHING_UP => return None,
        Some((_, back)) => (format!("digest/back/{back}"), occurrences.iter().filter(|at| **at <= back).count()),
        None => (format!("digest/{}", occurrences.last()?), occurrences.len() - 1),
    };
    Some(DueDigest { key, missed: occurrences[..missed].iter().map(|at| civil_day(*at)).collect() })
}

/// When the next one could be due.
pub fn next(schedule: &Schedule, through: Timestamp, away: Option<(Timestamp, Timestamp)>) -> Option<Timestamp> {
    let back = away.and_then(|(_, back)| back.checked_add(CATCHING_UP).ok());
    back.or_else(|| schedule.next_after(through))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2025-{text}:00Z").parse().unwrap()
    }

    #[test]
    fn there_is_one_a_week_and_after_an_outage_one_that_names_those_missed() {
        let monday: Schedule = "0 9 * * 1".parse().unwrap();
        let through = at("07-07T08:00");
        let none = due(&monday, through, None, at("07-14T07:59"));
        assert_eq!(none, None);
        let one = due(&monday, through, None, at("07-14T08:00")).unwrap();
        assert_eq!((one.key.as_str(), one.missed.len()), ("digest/2025-07-14T08:00:00Z", 0));
        let again = due(&monday, at("07-14T08:00"), None, at("07-14T08:05"));
        assert_eq!(again, None);
        let away = Some((at("07-11T10:00"), at("07-29T10:00")));
        assert_eq!(due(&monday, through, away, at("07-29T10:09")), None, "it has not caught up");
        let back = due(&monday, through, away, at("07-29T10:10")).unwrap();
        let days: Vec<String> = back.missed.iter().map(ToString::to_string).collect();
        assert_eq!(days, ["2025-07-14", "2025-07-21", "2025-07-28"]);
        assert_eq!(next(&monday, through, away), Some(at("07-29T10:10")));
    }
}

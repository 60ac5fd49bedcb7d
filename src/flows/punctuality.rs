//! How punctual an obligation was: in time, accepted first time, corrected in time, held, restated.
//!
//! Pure: an obligation, what was decided on its files and the present instant in. In time is the arrival of the first
//! readable file by the due instant; a file that is held counts as arrived.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Board, facts};
use crate::{
    domain::{Calendar, Verdict, civil_day},
    ledger::{Event, Obligation, RecordedEvent, State},
    timetable::Ladder,
};

/// How punctual one obligation was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Punctuality {
    /// Whether the first readable file arrived in time; unknown while nothing arrived and it is not due.
    pub on_time: Option<bool>,
    /// Civil days by which it was late, or is.
    pub days_late: i32,
    /// Whether the first file that was decided on was accepted; unknown until one was.
    pub accepted_first_time: Option<bool>,
    /// Files that were not accepted before one was.
    pub corrections: i32,
    /// Whether a file took the place of one not accepted within the days for it; unknown where none was needed, or while
    /// it may still come.
    pub corrected_in_time: Option<bool>,
    /// How often an accepted file was replaced.
    pub restatements: i32,
    /// Whether a file had to wait for a person.
    pub held: bool,
}

/// Whether an obligation counts: somebody owes a return, and it was neither dropped from the definitions nor waived.
pub fn counts(board: &Board, obligation: &Obligation) -> bool {
    let is_return =
        obligation.duty && board.commentary(&obligation.key).is_none() && !board.is_question(&obligation.key);
    is_return && obligation.state != State::Waived && (obligation.state.is_settled() || board.is_owed(&obligation.key))
}

/// What happened to the files of each obligation, by its key, oldest first.
pub fn by_obligation(decisions: &[RecordedEvent]) -> BTreeMap<&str, Vec<&RecordedEvent>> {
    let mut all: BTreeMap<&str, Vec<&RecordedEvent>> = BTreeMap::new();
    for recorded in decisions {
        all.entry(&recorded.subject).or_default().push(recorded);
    }
    all
}

/// How punctual an obligation was, or is at `now`.
pub fn of(
    obligation: &Obligation,
    decisions: &[&RecordedEvent],
    (ladder, calendar): (&Ladder, &Calendar),
    now: Timestamp,
) -> Punctuality {
    let mut found = Punctuality {
        days_late: facts::days_late(obligation, now),
        restatements: i32::try_from(obligation.restatements).unwrap_or(i32::MAX),
        on_time: match obligation.received_at {
            Some(received) => Some(received <= obligation.due_at),
            None => (now > obligation.due_at).then_some(false),
        },
        ..Punctuality::default()
    };
    let mut arrivals = BTreeMap::new();
    let (mut refused_at, mut stands) = (None, None);
    for RecordedEvent { at, event, .. } in decisions {
        match event {
            Event::ExtractReceived { submission, arrived_at, .. } => {
                arrivals.insert(*submission, arrived_at.unwrap_or(*at));
            }
            Event::Decided { verdict: Verdict::Held, .. } => found.held = true,
            Event::Decided { verdict: Verdict::NotAccepted, .. } if stands.is_none() => {
                found.corrections += 1;
                found.accepted_first_time.get_or_insert(false);
                refused_at.get_or_insert(*at);
            }
            Event::Decided { submission, verdict, .. } if verdict.is_accepted() => {
                found.accepted_first_time.get_or_insert(true);
                stands.get_or_insert(arrivals.get(submission).copied().unwrap_or(*at));
            }
            Event::NilReturned { arrived_at, .. } => {
                found.accepted_first_time.get_or_insert(true);
                stands.get_or_insert(arrived_at.unwrap_or(*at));
            }
            _ => {}
        }
    }
    if let Some(refused_at) = refused_at {
        let of_the_first = Obligation { first_refused_at: None, ..obligation.clone() };
        let until = ladder.corrected_by(&of_the_first, calendar, refused_at).ok();
        found.corrected_in_time = until.and_then(|until| match stands {
            Some(stands) => Some(civil_day(stands) <= until),
            None => (civil_day(now) > until).then_some(false),
        });
    }
    found
}

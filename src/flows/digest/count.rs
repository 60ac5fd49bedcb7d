//! What happened, counted from events.

use std::collections::BTreeSet;

use crate::{
    domain::Verdict,
    ledger::{Event, RecordedEvent},
    mail::Counted,
    timetable::{Ladder, RungKind},
};

/// Counts what happened.
pub fn count(events: &[RecordedEvent], ladder: &Ladder) -> Counted {
    let mut counted = Counted::default();
    let mut failures = BTreeSet::new();
    for recorded in events {
        match &recorded.event {
            Event::ExtractReceived { .. } => counted.files += 1,
            Event::Decided { verdict, .. } => match verdict {
                Verdict::Accepted | Verdict::AcceptedWithQueries => counted.accepted += 1,
                Verdict::NotAccepted => counted.not_accepted += 1,
                Verdict::Held => counted.held += 1,
                Verdict::Duplicate => {}
            },
            Event::NilReturned { .. } => counted.nil += 1,
            Event::MessageArrived { .. } => counted.letters += 1,
            Event::Told { rung, .. } => {
                counted.chased += 1;
                counted.escalated += usize::from(ladder.kind_of(rung) == Some(RungKind::Escalation));
            }
            Event::MessageSettled { outcome, .. } => match outcome.as_str() {
                "sent" => counted.sent += 1,
                "written" => counted.written += 1,
                "refused" => counted.refused += 1,
                _ => {}
            },
            Event::Bounced { .. } => counted.bounced += 1,
            Event::Issued { .. } => counted.packs += 1,
            Event::IncidentOpened { .. } => counted.incidents += 1,
            Event::Failed { what, .. } => {
                failures.insert(what.clone());
            }
            _ => {}
        }
    }
    counted.failures = failures.into_iter().collect();
    counted
}

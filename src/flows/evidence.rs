//! What lead and deputy were told of an obligation, and what of it a relay accepted: the evidence an escalation needs.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    ledger::{Event, OutboxState, RecordedEvent},
    timetable::{Ladder, RungKind},
};

/// One message to lead and deputy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeadTold {
    /// What it said.
    pub kind: RungKind,
    /// When it was put into the outbox.
    pub at: Timestamp,
    /// When a relay first accepted a copy that is addressed to lead or deputy.
    pub accepted_at: Option<Timestamp>,
}

/// The messages of the chase to lead and deputy, oldest first. A copy for anybody else says nothing about them.
pub(super) fn of(events: &[RecordedEvent], ladder: &Ladder) -> Vec<LeadTold> {
    let mut told = Vec::new();
    // What was said of provisional figures says nothing of the final ones.
    let asked_anew = events.iter().rposition(|recorded| matches!(recorded.event, Event::FinalAsked { .. }));
    let events = &events[asked_anew.unwrap_or(0)..];
    // What came back was not told, whatever the relay said first.
    let bounced: BTreeSet<&String> = events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Bounced { key, .. } => Some(key),
            _ => None,
        })
        .collect();
    for (place, recorded) in events.iter().enumerate() {
        let Event::Told { rung, to_lead, .. } = &recorded.event else { continue };
        let Some(kind) = ladder.kind_of(rung).filter(|_| !to_lead.is_empty()) else { continue };
        let keys: BTreeSet<&String> = to_lead.iter().filter(|key| !bounced.contains(key)).collect();
        let accepted_at = events[place..].iter().find_map(|later| match &later.event {
            Event::MessageSettled { key, outcome, .. } if outcome == OutboxState::Sent.as_str() => {
                keys.contains(key).then_some(later.at)
            }
            _ => None,
        });
        told.push(LeadTold { kind, at: recorded.at, accepted_at });
    }
    told
}

/// The first instant at which a relay accepted a message to lead or deputy.
pub(super) fn accepted_at(told: &[LeadTold]) -> Option<Timestamp> {
    told.iter().filter_map(|told| told.accepted_at).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(at: &str, event: Event) -> RecordedEvent {
        RecordedEvent { seq: 0, at: at.parse().unwrap(), subject: "missing-children/police/2025-26-Q1".into(), event }
    }

    fn sent(at: &str, key: &str) -> RecordedEvent {
        let outcome = OutboxState::Sent.as_str().into();
        recorded(at, Event::MessageSettled { key: key.into(), outcome, says: "250 kept".into(), message_id: None })
    }

    #[test]
    fn a_copy_that_somebody_else_got_is_no_evidence_that_the_lead_was_told() {
        let keys = vec!["notice/lead".to_owned(), "notice/manager".to_owned()];
        let told = Event::Told { rung: "notice".into(), keys, to_lead: vec!["notice/lead".into()] };
        let mut events = vec![recorded("2025-07-01T09:00:00Z", told), sent("2025-07-01T09:00:05Z", "notice/manager")];
        assert_eq!(accepted_at(&of(&events, &Ladder::default())), None);
        events.push(sent("2025-07-03T09:00:00Z", "notice/lead"));
        let told = of(&events, &Ladder::default());
        assert_eq!(accepted_at(&told), Some("2025-07-03T09:00:00Z".parse().unwrap()));
        assert_eq!((told[0].kind, told[0].at), (RungKind::Notice, "2025-07-01T09:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_message_that_came_back_is_no_evidence_and_another_copy_still_is() {
        let keys = vec!["notice/lead".to_owned(), "notice/deputy".to_owned()];
        let told = Event::Told { rung: "notice".into(), keys: keys.clone(), to_lead: keys };
        let bounced =
            |key: &str| recorded("2025-07-01T09:01:00Z", Event::Bounced { key: key.into(), status: "5.1.1".into() });
        let mut events = vec![recorded("2025-07-01T09:00:00Z", told), sent("2025-07-01T09:00:05Z", "notice/lead")];
        events.push(bounced("notice/lead"));
        assert_eq!(accepted_at(&of(&events, &Ladder::default())), None);
        events.push(sent("2025-07-02T09:00:00Z", "notice/deputy"));
        let at = accepted_at(&of(&events, &Ladder::default()));
        assert_eq!(at, Some("2025-07-02T09:00:00Z".parse().unwrap()));
    }
}

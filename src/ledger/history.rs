//! What was known at the end of a day: the same questions as of now, answered from what was recorded until then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan, civil::Date};

use super::{Event, MessageHead, Obligation, ObligationKey, OutboxState, RecordedEvent, Result, Submission, Txn};
use crate::domain::{Verdict, london};

/// The end of a day in London.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysEnd {
    /// The first instant that no longer belongs to the day.
    pub end: Timestamp,
    /// The last event before it.
    pub seq: i64,
}

impl Txn<'_> {
    /// The end of that civil day in London, as the ledger knows it.
    pub fn end_of(&self, day: Date) -> Result<DaysEnd> {
        let end = day
            .checked_add(1.day())
            .and_then(|next| next.to_zoned(london()))
            .map_err(|e| super::LedgerError::Refused(format!("{day} has no end: {e}")))?
            .timestamp();
        let seq =
            self.0.query_row("SELECT coalesce(max(seq), 0) FROM events WHERE at < ?1", [end.to_string()], |row| {
                row.get(0)
            })?;
        Ok(DaysEnd { end, seq })
    }

    /// Every obligation as its events until then left it, by return, agency and period.
    pub fn obligations_at(&self, then: DaysEnd) -> Result<Vec<Obligation>> {
        let mut events: BTreeMap<ObligationKey, Vec<RecordedEvent>> = BTreeMap::new();
        for recorded in self.events_until(then.seq)? {
            if let Ok(key) = recorded.subject.parse() {
                events.entry(key).or_default().push(recorded);
            }
        }
        Ok(events.values().filter_map(|events| Obligation::fold(events)).collect())
    }

    /// Every submission that was known by then, with the verdict it had by then.
    pub fn submissions_at(&self, then: DaysEnd) -> Result<Vec<Submission>> {
        let mut verdicts: BTreeMap<i64, (Verdict, Option<String>)> = BTreeMap::new();
        let mut known = BTreeSet::new();
        for recorded in self.events_until(then.seq)? {
            match recorded.event {
                Event::ExtractReceived { submission, .. } => {
                    known.insert(submission);
                }
                Event::Decided { submission, verdict, reason, .. } => {
                    verdicts.insert(submission, (verdict, reason));
                }
                Event::NilReturned { submission, .. } => {
                    known.insert(submission);
                    verdicts.insert(submission, (Verdict::Accepted, None));
                }
                _ => {}
            }
        }
        // Not by when they arrived: that may have been days before it was recorded.
        let arrived = self.submissions()?.into_iter().filter(|submission| known.contains(&submission.id));
        Ok(arrived
            .map(|submission| match verdicts.remove(&submission.id) {
                Some((verdict, reason)) => Submission { verdict: Some(verdict), reason, ..submission },
                None => Submission {
                    verdict: None,
                    reason: None,
                    rows_in: 0,
                    rows_accepted: 0,
                    rows_refused: 0,
                    ..submission
                },
            })
            .collect())
    }

    /// Every message that was in the outbox by then; what was settled later was waiting.
    pub fn message_heads_at(&self, then: DaysEnd) -> Result<Vec<MessageHead>> {
        let known = self.message_heads()?.into_iter().filter(|message| message.enqueued_at < then.end);
        Ok(known
            .map(|message| match message.settled_at {
                Some(at) if at >= then.end => MessageHead {
                    state: OutboxState::Queued,
                    settled_at: None,
                    says: None,
                    message_id: None,
                    ..message
                },
                _ => message,
            })
            .collect())
    }

    /// What arrived and what was decided on it, of every obligation up to the event of that number, oldest first.
    pub fn decisions(&self, until: i64) -> Result<Vec<RecordedEvent>> {
        self.recorded(
            "WHERE seq <= ?1 AND kind IN ('extract_received', 'decided', 'nil_returned') AND payload IS NOT NULL
             ORDER BY seq",
            [until],
        )
    }

    fn events_until(&self, seq: i64) -> Result<Vec<RecordedEvent>> {
        self.recorded("WHERE seq <= ?1 AND payload IS NOT NULL ORDER BY seq", [seq])
    }
}

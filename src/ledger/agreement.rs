//! Whether the chain is whole, and the tables beside the events say what the events say: messages and their outcomes, submissions and their
//! verdicts, findings, and obligations.
//!
//! Evidence is read from these tables; a row that was changed, added or taken away by hand is found here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Event, Obligation, OutboxState, RecordedEvent, Result, Submission, Txn, chain::link, instant};
use crate::domain::{Verdict, sha256};

/// What the chain says of one message.
struct Settled {
    seq: i64,
    at: Timestamp,
    subject: String,
    outcome: String,
    says: String,
}

/// What the outbox says of one message.
struct Posted {
    key: String,
    obligation: Option<String>,
    recipient: String,
    state: String,
    says: Option<String>,
    settled_at: Option<Timestamp>,
}

/// What the chain says of one submission.
struct Arrived {
    subject: String,
    sha256: String,
    at: Timestamp,
    verdict: Option<(Verdict, Option<String>)>,
}

impl Txn<'_> {
    /// Walks the whole chain and compares every projection with its events; answers with what does not agree.
    pub fn verify(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        let mut before = String::new();
        let mut statement =
            self.0.prepare("SELECT seq, at, kind, subject, actor, payload, digest, chain FROM events ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let (at, kind, subject, actor): (String, String, String, String) =
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let payload: Option<String> = row.get(5)?;
            let (digest, chain): (String, String) = (row.get(6)?, row.get(7)?);
            if payload.is_some_and(|payload| sha256(&payload) != digest) {
                wrong.push(format!("event {seq} ({kind} of {subject}): its payload is not what was recorded"));
            }
            if link(&before, seq, &at, &kind, &subject, &actor, &digest) != chain {
                wrong.push(format!("event {seq} ({kind} of {subject}): the chain is broken here"));
            }
            before = chain;
        }
        wrong.extend(self.verify_projections()?);
        wrong.extend(self.verify_tables()?);
        Ok(wrong)
    }

    /// Records, as a digest, what is kept of a submission's findings, so that none can be changed unnoticed.
    pub fn seal_findings(&self, at: Timestamp, subject: &str, submission: i64) -> Result<()> {
        let (findings, sha256) = self.findings_digest(submission)?;
        self.append(at, subject, "daemon", &Event::Found { submission, findings, sha256 })?;
        Ok(())
    }

    /// What does not agree with the events, a sentence each.
    fn verify_tables(&self) -> Result<Vec<String>> {
        let events = self.recorded(
            "WHERE kind IN ('opened', 'told', 'message_settled', 'extract_received', 'nil_returned', 'decided',
             'released', 'found') AND payload IS NOT NULL ORDER BY seq",
            [],
        )?;
        let mut wrong = self.wrong_messages(&events)?;
        wrong.extend(self.wrong_submissions(&events)?);
        wrong.extend(self.wrong_findings(&events)?);
        wrong.extend(self.wrong_obligations(&events)?);
        Ok(wrong)
    }

    fn wrong_messages(&self, events: &[RecordedEvent]) -> Result<Vec<String>> {
        let mut settled: BTreeMap<&str, Settled> = BTreeMap::new();
        for RecordedEvent { seq, at, subject, event } in events {
            if let Event::MessageSettled { key, outcome, says, .. } = event {
                let (subject, outcome, says) = (subject.clone(), outcome.clone(), says.clone());
                settled.insert(key, Settled { seq: *seq, at: *at, subject, outcome, says });
            }
        }
        let posted = self.posted()?;
        let mut wrong = Vec::new();
        for (key, row) in &posted {
            let is_settled = ![OutboxState::Queued, OutboxState::Sending].iter().any(|s| s.as_str() == row.state);
            match (settled.remove(key.as_str()), is_settled) {
                (None, false) => {}
                (None, true) => wrong.push(format!("message {key}: it is {} in the outbox and in no event", row.state)),
                (Some(told), _) if !told.is(row) => {
                    wrong.push(format!("message {key}: its outcome is not what event {} recorded", told.seq));
                }
                (Some(_), _) => {}
            }
            // The key of a letter ends with the address it was put out for.
            let named = key.rsplit('/').next().filter(|last| last.contains('@'));
            if named.is_some_and(|named| named != row.recipient) {
                wrong.push(format!("message {key}: its recipient is not the one it was put out for"));
            }
        }
        let lost = settled.into_iter();
        wrong.extend(lost.map(|(key, told)| format!("message {key} of event {}: it is not in the outbox", told.seq)));
        for RecordedEvent { seq, subject, event, .. } in events {
            let Event::Told { keys, .. } = event else { continue };
            for key in keys {
                match posted.get(key) {
                    None => wrong.push(format!("message {key}, told in event {seq}: it is not in the outbox")),
                    Some(row) if row.obligation.as_ref() != Some(subject) => {
                        wrong.push(format!("message {key}, told in event {seq}: the outbox has it for something else"));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(wrong)
    }

    fn posted(&self) -> Result<BTreeMap<String, Posted>> {
        let mut statement =
            self.0.prepare("SELECT key, obligation, recipient, state, says, settled_at FROM outbox ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut posted = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let settled_at: Option<String> = row.get(5)?;
            let one = Posted {
                key: row.get(0)?,
                obligation: row.get(1)?,
                recipient: row.get(2)?,
                state: row.get(3)?,
                says: row.get(4)?,
                settled_at: settled_at.map(|at| instant(&at)).transpose()?,
            };
            posted.insert(one.key.clone(), one);
        }
        Ok(posted)
    }

    fn wrong_submissions(&self, events: &[RecordedEvent]) -> Result<Vec<String>> {
        let mut arrived: BTreeMap<i64, Arrived> = BTreeMap::new();
        for RecordedEvent { at, subject, event, .. } in events {
            let verdict = match event {
                Event::ExtractReceived { submission, sha256, arrived_at } => {
                    let (subject, sha256, at) = (subject.clone(), sha256.clone(), arrived_at.unwrap_or(*at));
                    arrived.insert(*submission, Arrived { subject, sha256, at, verdict: None });
                    continue;
                }
                Event::NilReturned { submission, arrived_at, .. } => {
                    let (subject, at) = (subject.clone(), arrived_at.unwrap_or(*at));
                    let verdict = Some((Verdict::Accepted, None));
                    arrived.insert(*submission, Arrived { subject, sha256: String::new(), at, verdict });
                    continue;
                }
                Event::Decided { submission, verdict, reason, .. } => (submission, Some((*verdict, reason.clone()))),
                Event::Released { submission, .. } => (submission, None),
                _ => continue,
            };
            if let Some(one) = arrived.get_mut(verdict.0) {
                one.verdict = verdict.1;
            }
        }
        let mut wrong = Vec::new();
        for one in self.submissions()? {
            let id = one.id;
            match arrived.remove(&id) {
                // A nil return that an interruption left undecided has no event yet.
                None if one.verdict.is_none() => {}
                None => wrong.push(format!("submission {id}: it is in no event")),
                Some(told) if !told.is(&one) => {
                    wrong.push(format!("submission {id}: it is not what the events of {} recorded", told.subject));
                }
                Some(_) => {}
            }
        }
        wrong.extend(arrived.into_keys().map(|id| format!("submission {id}: it is gone, and its events are not")));
        Ok(wrong)
    }

    fn wrong_findings(&self, events: &[RecordedEvent]) -> Result<Vec<String>> {
        let mut sealed: BTreeMap<i64, (i64, &str)> = BTreeMap::new();
        for RecordedEvent { seq, event, .. } in events {
            if let Event::Found { submission, sha256, .. } = event {
                sealed.insert(*submission, (*seq, sha256));
            }
        }
        let mut wrong = Vec::new();
        for (submission, (seq, sha256)) in sealed {
            if self.findings_digest(submission)?.1 != sha256 {
                wrong.push(format!("submission {submission}: its findings are not what event {seq} recorded"));
            }
        }
        Ok(wrong)
    }

    /// How many findings are kept of a submission, and a digest over all of them.
    fn findings_digest(&self, submission: i64) -> Result<(usize, String)> {
        let findings = self.findings(submission)?;
        let mut all = String::new();
        for f in &findings {
            let row = f.row.map(|row| row.to_string());
            let known = [&f.sheet, &f.heading, &f.letter, &row].map(|part| part.as_deref().unwrap_or_default());
            let [sheet, heading, letter, row] = known;
            for part in [f.severity.as_str(), &f.table, sheet, heading, letter, row, &f.rule, &f.says] {
                all.push_str(part);
                all.push('\0');
            }
        }
        Ok((findings.len(), sha256(all)))
    }

    fn wrong_obligations(&self, events: &[RecordedEvent]) -> Result<Vec<String>> {
        let mut statement = self.0.prepare("SELECT key, return_id, agency, period, state, folded FROM obligations")?;
        let mut rows = statement.query([])?;
        let mut wrong = Vec::new();
        let mut known = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let key: String = row.get(0)?;
            let folded: Obligation = serde_json::from_str(&row.get::<_, String>(5)?)?;
            let parts = [row.get::<_, String>(1)?, row.get(2)?, row.get(3)?];
            let is_filed = folded.key.to_string() == key && parts.join("/") == key;
            if !is_filed || folded.state.as_str() != row.get::<_, String>(4)? {
                wrong.push(format!("obligation {key}: it is filed as something else than it is"));
            }
            known.insert(key);
        }
        for RecordedEvent { seq, subject, event, .. } in events {
            if matches!(event, Event::Opened { .. }) && !known.contains(subject) {
                wrong.push(format!("obligation {subject}, opened in event {seq}: it is gone"));
            }
        }
        Ok(wrong)
    }
}

impl Settled {
    fn is(&self, row: &Posted) -> bool {
        let subject = row.obligation.clone().unwrap_or_else(|| format!("message/{}", row.key));
        self.outcome == row.state
            && row.says.as_deref() == Some(&self.says)
            && row.settled_at == Some(self.at)
            && self.subject == subject
    }
}

impl Arrived {
    fn is(&self, one: &Submission) -> bool {
        let decided = match &self.verdict {
            // Of a nil return the reason stands in its event alone.
            Some((verdict, _)) if self.sha256.is_empty() => one.verdict == Some(*verdict),
            Some((verdict, reason)) => one.verdict == Some(*verdict) && one.reason == *reason,
            None => one.verdict.is_none(),
        };
        decided && one.obligation.to_string() == self.subject && one.sha256 == self.sha256 && one.received_at == self.at
    }
}

//! The events in their order: appended once, each bound to the one before, and read back.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Event, Result, Txn, chain::link, instant};
use crate::domain::sha256;

/// An event as it stands in the ledger.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its number.
    pub seq: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What it happened to: an obligation's key, a pack's name, or `daemon`.
    pub subject: String,
    /// What happened.
    pub event: Event,
}

impl Txn<'_> {
    /// Appends an event and returns its number. Events of an obligation bring its projection up to date.
    pub fn append(&self, at: Timestamp, subject: &str, actor: &str, event: &Event) -> Result<i64> {
        let payload = serde_json::to_string(event)?;
        let digest = sha256(&payload);
        let (last, before): (i64, String) = self
            .0
            .query_row("SELECT seq, chain FROM events ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?
            .unwrap_or((0, String::new()));
        let seq = last + 1;
        let at_text = at.to_string();
        let chain = link(&before, seq, &at_text, event.kind(), subject, actor, &digest);
        self.0.execute(
            "INSERT INTO events (seq, at, kind, subject, actor, payload, digest, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![seq, at_text, event.kind(), subject, actor, payload, digest, chain],
        )?;
        if let Event::Stored { versions, .. } | Event::Refreshed { versions } = event {
            self.move_versions(seq, versions)?;
        }
        self.project(subject)?;
        Ok(seq)
    }

    /// The events of one subject, oldest first.
    pub fn events_of(&self, subject: &str) -> Result<Vec<RecordedEvent>> {
        self.events("WHERE subject = ?1 AND payload IS NOT NULL", Some(subject))
    }

    /// Every event whose payload still exists, oldest first.
    pub fn all_events(&self) -> Result<Vec<RecordedEvent>> {
        self.events("WHERE payload IS NOT NULL AND ?1 IS NULL", None)
    }

    fn events(&self, filter: &str, subject: Option<&str>) -> Result<Vec<RecordedEvent>> {
        self.recorded(&format!("{filter} ORDER BY seq"), [subject])
    }

    /// The newest failures, newest first.
    pub fn recent_failures(&self, most: i64) -> Result<Vec<RecordedEvent>> {
        self.recorded("WHERE kind = 'failed' AND payload IS NOT NULL ORDER BY seq DESC LIMIT ?1", [most])
    }

    /// The events that `rest` of the statement asks for; it leaves out those whose payload was destroyed.
    pub(super) fn recorded(&self, rest: &str, parameters: impl rusqlite::Params) -> Result<Vec<RecordedEvent>> {
        let mut statement = self.0.prepare_cached(&format!("SELECT seq, at, subject, payload FROM events {rest}"))?;
        let rows = statement.query_map(parameters, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
        })?;
        rows.map(|row| {
            let (seq, at, subject, payload) = row?;
            Ok(RecordedEvent { seq, at: instant(&at)?, subject, event: serde_json::from_str(&payload)? })
        })
        .collect()
    }
}

//! Work that failed and is tried again: when next, so that a restart neither forgets nor hurries it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Result, Txn, instant};

/// One piece of work that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Not tried before this instant.
    pub next_at: Timestamp,
    /// Failures in a row.
    pub attempts: u32,
    /// What went wrong last, in words.
    pub says: String,
}

impl Txn<'_> {
    /// What is remembered of a piece of work; nothing when it did not fail.
    pub fn retry(&self, key: &str) -> Result<Option<Retry>> {
        let row = self
            .0
            .query_row("SELECT next_at, attempts, says FROM retries WHERE key = ?1", [key], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        row.map(|(next_at, attempts, says)| Ok(Retry { next_at: instant(&next_at)?, attempts, says })).transpose()
    }

    /// Remembers a failure.
    pub fn keep_retry(&self, key: &str, retry: &Retry) -> Result<()> {
        self.0.execute(
            "INSERT INTO retries (key, next_at, attempts, says) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key) DO UPDATE SET next_at = ?2, attempts = ?3, says = ?4",
            params![key, retry.next_at.to_string(), retry.attempts, retry.says],
        )?;
        Ok(())
    }

    /// Forgets the failures of work that succeeded.
    pub fn clear_retry(&self, key: &str) -> Result<()> {
        self.0.execute("DELETE FROM retries WHERE key = ?1", [key])?;
        Ok(())
    }

    /// The next instant at which something is tried again.
    pub fn next_retry_at(&self) -> Result<Option<Timestamp>> {
        let at: Option<String> = self.0.query_row("SELECT min(next_at) FROM retries", [], |row| row.get(0))?;
        at.map(|at| instant(&at)).transpose()
    }
}

//! Things the timetable did once.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Result, Txn};

impl Txn<'_> {
    /// How an occurrence ended, if it did.
    pub fn occurrence(&self, key: &str) -> Result<Option<String>> {
        Ok(self.0.query_row("SELECT outcome FROM occurrences WHERE key = ?1", [key], |row| row.get(0)).optional()?)
    }

    /// Records how an occurrence ended; says whether this was the first word on it, which is the one that stands.
    pub fn settle_occurrence(&self, at: Timestamp, key: &str, outcome: &str) -> Result<bool> {
        let added = self.0.execute(
            "INSERT OR IGNORE INTO occurrences (key, at, outcome) VALUES (?1, ?2, ?3)",
            params![key, at.to_string(), outcome],
        )?;
        Ok(added == 1)
    }
}

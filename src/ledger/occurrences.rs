//! Things the timetable did once.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Result, Txn};

impl Txn<'_> {
    /// How an occurrence ended, if it did.
    pub fn occurrence(&self, key: &str) -> Result<Option<String>> {
        Ok(self.0.query_row("SELECT outcome FROM occurrences WHERE key = ?1", [key], |row| row.get(0)).optional()?)
    }

    /// Whether one of the occurrences whose keys begin so ended in something that was issued.
    pub fn is_issued(&self, begins: &str) -> Result<bool> {
        // '0' is the character after '/', in which what they begin with ends.
        let until = format!("{}0", begins.trim_end_matches('/'));
        let sql = "SELECT EXISTS (SELECT 1 FROM occurrences WHERE key >= ?1 AND key < ?2 AND outcome LIKE 'issued%')";
        Ok(self.0.query_row(sql, params![begins, until], |row| row.get(0))?)
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

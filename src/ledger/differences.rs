//! What an accepted file changed of the one it replaced.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Result, Txn};

impl Txn<'_> {
    /// Notes that what `submission` changed of `before` is to be worked out.
    pub fn owe_difference(&self, at: Timestamp, submission: i64, before: i64) -> Result<()> {
        self.0.execute(
            "INSERT OR IGNORE INTO differences (submission, before, at) VALUES (?1, ?2, ?3)",
            params![submission, before, at.to_string()],
        )?;
        Ok(())
    }

    /// The differences still to be worked out, oldest first: the submission and the one it replaced.
    pub fn owed_differences(&self) -> Result<Vec<(i64, i64)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT submission, before FROM differences WHERE difference IS NULL ORDER BY submission",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Keeps a difference.
    pub fn keep_difference(&self, submission: i64, difference: &serde_json::Value) -> Result<()> {
        self.0.execute(
            "UPDATE differences SET difference = ?2 WHERE submission = ?1",
            params![submission, difference.to_string()],
        )?;
        Ok(())
    }

    /// What a submission changed, once it is known.
    pub fn difference(&self, submission: i64) -> Result<Option<serde_json::Value>> {
        let text: Option<Option<String>> = self
            .0
            .query_row("SELECT difference FROM differences WHERE submission = ?1", [submission], |row| row.get(0))
            .optional()?;
        Ok(text.flatten().map(|text| serde_json::from_str(&text)).transpose()?)
    }
}

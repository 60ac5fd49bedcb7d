//! What is remembered of each place that is asked for files: the next attempt survives a restart.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Move, Result, Txn, instant};
use crate::domain::sha256;

/// One place, and what it last said.
#[derive(Debug, Clone, PartialEq)]
pub struct Pull {
    /// Not asked before this instant.
    pub next_at: Timestamp,
    /// Failures in a row.
    pub attempts: u32,
    /// The validator of what was last taken.
    pub etag: Option<String>,
    /// Likewise.
    pub last_modified: Option<String>,
    /// What went wrong last, in words.
    pub says: Option<String>,
    /// When it last answered as it should.
    pub ok_at: Option<Timestamp>,
}

/// A file of a folder that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFile {
    /// Where it lies.
    pub path: String,
    /// Its size.
    pub size: u64,
    /// Which version of it was taken.
    pub version: String,
}

impl Pull {
    /// Of a place that was never asked.
    pub fn never() -> Self {
        Self { next_at: Timestamp::UNIX_EPOCH, attempts: 0, etag: None, last_modified: None, says: None, ok_at: None }
    }
}

impl Txn<'_> {
    /// What is remembered of a place.
    pub fn pull(&self, key: &str) -> Result<Option<Pull>> {
        let row = self
            .0
            .query_row(
                "SELECT next_at, attempts, etag, last_modified, says, last_ok_at FROM pulls WHERE key = ?1",
                [key],
                |row| {
                    let ok_at: Option<String> = row.get(5)?;
                    Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, ok_at))
                },
            )
            .optional()?;
        row.map(|(next_at, attempts, etag, last_modified, says, ok_at)| {
            let ok_at = ok_at.map(|at| instant(&at)).transpose()?;
            Ok(Pull { next_at: instant(&next_at)?, attempts, etag, last_modified, says, ok_at })
        })
        .transpose()
    }

    /// Every place that last failed: key, failures in a row, when it is asked again, what went wrong.
    pub fn failing_pulls(&self) -> Result<Vec<(String, Pull)>> {
        let mut statement = self.0.prepare_cached("SELECT key FROM pulls WHERE attempts > 0 ORDER BY key")?;
        let keys: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        keys.into_iter().filter_map(|key| self.pull(&key).map(|p| p.map(|p| (key, p))).transpose()).collect()
    }

    /// Remembers what a place said and when to ask again.
    pub fn keep_pull(&self, key: &str, pull: &Pull) -> Result<()> {
        self.0.execute(
            "INSERT INTO pulls (key, next_at, attempts, etag, last_modified, says, last_ok_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (key) DO UPDATE
             SET next_at = ?2, attempts = ?3, etag = ?4, last_modified = ?5, says = ?6, last_ok_at = ?7",
            params![
                key,
                pull.next_at.to_string(),
                pull.attempts,
                pull.etag,
                pull.last_modified,
                pull.says,
                pull.ok_at.map(|at| at.to_string())
            ],
        )?;
        Ok(())
    }

    /// Whether this version of a file was taken. A path that may not be kept stands there as its digest.
    pub fn is_taken(&self, file: &TakenFile) -> Result<bool> {
        Ok(self
            .0
            .query_row(
                "SELECT 1 FROM taken_files WHERE path IN (?1, ?4) AND size = ?2 AND modified = ?3",
                params![file.path, i64::try_from(file.size).unwrap_or(i64::MAX), file.version, sha256(&file.path)],
                |_| Ok(()),
            )
            .optional()?
            .is_some())
    }

    /// Records that a file was taken, and what is to be moved away because of it.
    pub fn take_file(&self, file: &TakenFile, moves: &[Move], sha256: &str) -> Result<()> {
        self.0.execute(
            "INSERT OR IGNORE INTO taken_files (path, size, modified, sha256) VALUES (?1, ?2, ?3, ?4)",
            params![file.path, i64::try_from(file.size).unwrap_or(i64::MAX), file.version, sha256],
        )?;
        moves.iter().try_for_each(|planned| self.plan_move(planned))
    }
}

//! Extracts offered for an obligation.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{LedgerError, ObligationKey, Result, Txn, instant};
use crate::domain::{AgencyId, ReturnId, Verdict};

/// What is known of a submission when its bytes have arrived.
#[derive(Debug, Clone)]
pub struct NewSubmission {
    /// What it is offered for.
    pub obligation: ObligationKey,
    /// The digest of the bytes.
    pub sha256: String,
    /// The file's own name.
    pub name: String,
    /// Where it came from, in words.
    pub source: String,
    /// The hash of the contract it is judged under.
    pub contract_hash: String,
    /// The contract itself.
    pub contract: String,
}

/// One submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Its number.
    pub id: i64,
    /// What it was offered for.
    pub obligation: ObligationKey,
    /// The digest of the bytes; empty for a nil return.
    pub sha256: String,
    /// The file's own name.
    pub name: String,
    /// Where it came from, in words.
    pub source: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The hash of the contract it was judged under.
    pub contract_hash: String,
    /// The verdict, once there is one.
    pub verdict: Option<Verdict>,
    /// Why it is held or was not accepted.
    pub reason: Option<String>,
    /// Rows read.
    pub rows_in: i64,
    /// Rows taken.
    pub rows_accepted: i64,
    /// Rows refused.
    pub rows_refused: i64,
}

/// Rows read, taken and refused; the first is always the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows read.
    pub read: i64,
    /// Rows taken.
    pub accepted: i64,
    /// Rows refused.
    pub refused: i64,
}

const COLUMNS: &str = "id, obligation, sha256, name, source, received_at, contract_hash, verdict, reason, rows_in, rows_accepted, rows_refused";

impl Txn<'_> {
    /// Gives a new submission its number.
    pub fn add_submission(&self, at: Timestamp, new: &NewSubmission) -> Result<i64> {
        self.0.execute(
            "INSERT OR IGNORE INTO contracts (hash, text) VALUES (?1, ?2)",
            [&new.contract_hash, &new.contract],
        )?;
        let key = &new.obligation;
        self.0.execute(
            "INSERT INTO submissions (obligation, return_id, agency, period, sha256, name, source, received_at, contract_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                key.to_string(),
                key.return_id.as_str(),
                key.agency.as_str(),
                key.period.to_string(),
                new.sha256,
                new.name,
                new.source,
                at.to_string(),
                new.contract_hash
            ],
        )?;
        Ok(self.0.last_insert_rowid())
    }

    /// Records the verdict on a submission.
    pub fn decide_submission(
        &self,
        at: Timestamp,
        id: i64,
        verdict: Verdict,
        reason: Option<&str>,
        rows: RowCounts,
    ) -> Result<()> {
        self.0.execute(
            "UPDATE submissions SET verdict = ?2, reason = ?3, decided_at = ?4, rows_in = ?5, rows_accepted = ?6, rows_refused = ?7
             WHERE id = ?1",
            params![id, verdict.as_str(), reason, at.to_string(), rows.read, rows.accepted, rows.refused],
        )?;
        Ok(())
    }

    /// Takes the verdict off a held submission that a person let pass, so that whatever interrupts its judging is resumed.
    pub fn reopen_submission(&self, id: i64) -> Result<()> {
        self.0.execute("UPDATE submissions SET verdict = NULL WHERE id = ?1 AND verdict = 'held'", [id])?;
        Ok(())
    }

    /// Submissions that a person is to decide, oldest first.
    pub fn held_submissions(&self) -> Result<Vec<Submission>> {
        self.submissions_where("verdict = 'held'", params![])
    }

    /// Keeps what was read of a submission, for the answer to the next one.
    pub fn keep_totals(&self, id: i64, totals: &serde_json::Value) -> Result<()> {
        self.0.execute("UPDATE submissions SET totals = ?2 WHERE id = ?1", params![id, totals.to_string()])?;
        Ok(())
    }

    /// What was read of a submission.
    pub fn totals(&self, id: i64) -> Result<Option<serde_json::Value>> {
        let text: Option<Option<String>> =
            self.0.query_row("SELECT totals FROM submissions WHERE id = ?1", [id], |row| row.get(0)).optional()?;
        Ok(text.flatten().map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// One submission.
    pub fn submission(&self, id: i64) -> Result<Option<Submission>> {
        let mut found = self.submissions_where("id = ?1", params![id])?;
        Ok(found.pop())
    }

    /// The submissions of an obligation, oldest first.
    pub fn submissions_of(&self, key: &ObligationKey) -> Result<Vec<Submission>> {
        self.submissions_where("obligation = ?1", params![key.to_string()])
    }

    /// All submissions, oldest first.
    pub fn submissions(&self) -> Result<Vec<Submission>> {
        self.submissions_where("1 = 1", params![])
    }

    /// What came from an agency for a return, of every period.
    pub fn submissions_from(&self, return_id: &ReturnId, agency: &AgencyId) -> Result<Vec<Submission>> {
        // Through the index of obligations, whose names begin with both; '0' is the character after '/'.
        let (from, to) = (format!("{return_id}/{agency}/"), format!("{return_id}/{agency}0"));
        self.submissions_where("obligation >= ?1 AND obligation < ?2", params![from, to])
    }

    /// Submissions whose bytes are safe but that have no verdict: what a crash interrupted.
    pub fn undecided_submissions(&self) -> Result<Vec<Submission>> {
        self.submissions_where("verdict IS NULL", params![])
    }

    /// The text of a contract some submission was judged under.
    pub fn contract(&self, hash: &str) -> Result<Option<String>> {
        Ok(self.0.query_row("SELECT text FROM contracts WHERE hash = ?1", [hash], |row| row.get(0)).optional()?)
    }

    fn submissions_where(&self, filter: &str, parameters: impl rusqlite::Params) -> Result<Vec<Submission>> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM submissions WHERE {filter} ORDER BY id"))?;
        let rows = statement.query_map(parameters, |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<Submission> {
    let verdict: Option<String> = row.get(7)?;
    Ok(Submission {
        id: row.get(0)?,
        obligation: row.get::<_, String>(1)?.parse()?,
        sha256: row.get(2)?,
        name: row.get(3)?,
        source: row.get(4)?,
        received_at: instant(&row.get::<_, String>(5)?)?,
        contract_hash: row.get(6)?,
        verdict: verdict
            .map(|text| Verdict::parse(&text).ok_or(LedgerError::Unreadable { what: "a verdict", why: text }))
            .transpose()?,
        reason: row.get(8)?,
        rows_in: row.get(9)?,
        rows_accepted: row.get(10)?,
        rows_refused: row.get(11)?,
    })
}

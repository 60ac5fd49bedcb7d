//! Earlier periods that were found changed in a file sent for a later one: held together, until a person confirms them.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Event, NewSubmission, ObligationKey, Result, RowCounts, Submission, Txn};
use crate::domain::Verdict;

/// An earlier period that a file would change.
#[derive(Debug, Clone)]
pub struct Restated {
    /// The period, as it is owed.
    pub key: ObligationKey,
    /// How it opens, should nothing have opened it.
    pub opening: Event,
    /// Why it is held.
    pub reason: String,
    /// How many rows it has.
    pub rows: i64,
}

impl Txn<'_> {
    /// Holds the earlier periods that submission `parent` would change, each as a submission of its own on the same bytes.
    /// What an earlier file would have changed there is refused: this one is newer. Doing it again changes nothing.
    pub fn hold_restatement(
        &self,
        at: Timestamp,
        parent: &Submission,
        contract: &str,
        restated: &[Restated],
    ) -> Result<Vec<i64>> {
        let known = self.found_in(parent.id)?;
        if !known.is_empty() {
            return Ok(known);
        }
        self.refuse_older_restatements(at, parent)?;
        let mut held = Vec::new();
        for Restated { key, opening, reason, rows } in restated {
            let subject = key.to_string();
            if self.obligation(key)?.is_none() {
                self.append(at, &subject, "daemon", opening)?;
            }
            let id = self.add_submission(
                at,
                &NewSubmission {
                    obligation: key.clone(),
                    sha256: parent.sha256.clone(),
                    name: parent.name.clone(),
                    source: format!("the file of submission {}", parent.id),
                    contract_hash: parent.contract_hash.clone(),
                    contract: contract.to_owned(),
                },
            )?;
            self.0.execute("UPDATE submissions SET found_in = ?2 WHERE id = ?1", [id, parent.id])?;
            let received = Event::ExtractReceived { submission: id, sha256: parent.sha256.clone(), arrived_at: None };
            self.append(at, &subject, "daemon", &received)?;
            self.decide_restatement(at, id, &subject, Verdict::Held, reason, *rows)?;
            held.push(id);
        }
        Ok(held)
    }

    fn refuse_older_restatements(&self, at: Timestamp, parent: &Submission) -> Result<()> {
        let reason = format!("submission {} came after it and says what these periods are", parent.id);
        for older in self.held_submissions()? {
            let same = older.obligation.return_id == parent.obligation.return_id
                && older.obligation.agency == parent.obligation.agency;
            if same && self.parent_of(older.id)?.is_some() {
                let subject = older.obligation.to_string();
                self.decide_restatement(at, older.id, &subject, Verdict::NotAccepted, &reason, 0)?;
            }
        }
        Ok(())
    }

    fn decide_restatement(
        &self,
        at: Timestamp,
        id: i64,
        subject: &str,
        verdict: Verdict,
        reason: &str,
        rows: i64,
    ) -> Result<()> {
        let rows = RowCounts { read: rows, accepted: 0, refused: rows };
        self.decide_submission(at, id, verdict, Some(reason), rows)?;
        let reason = Some(reason.to_owned());
        self.append(at, subject, "daemon", &Event::Decided { submission: id, verdict, readable: true, reason })?;
        Ok(())
    }

    /// The submission in which this one was found, if it is an earlier period of a later file.
    pub fn parent_of(&self, submission: i64) -> Result<Option<i64>> {
        Ok(self
            .0
            .query_row("SELECT found_in FROM submissions WHERE id = ?1", [submission], |row| row.get(0))
            .optional()?
            .flatten())
    }

    /// The earlier periods that were found in a submission.
    pub fn found_in(&self, parent: i64) -> Result<Vec<i64>> {
        let mut statement = self.0.prepare_cached("SELECT id FROM submissions WHERE found_in = ?1 ORDER BY id")?;
        let rows = statement.query_map(params![parent], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The held submissions that are confirmed together with this one, itself not among them.
    pub fn held_with(&self, submission: i64) -> Result<Vec<i64>> {
        let Some(parent) = self.parent_of(submission)? else { return Ok(Vec::new()) };
        let together = self.found_in(parent)?;
        let held = self.held_submissions()?;
        Ok(together.into_iter().filter(|id| *id != submission && held.iter().any(|one| one.id == *id)).collect())
    }
}

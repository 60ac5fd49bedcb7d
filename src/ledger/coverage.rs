//! How much of a group a file speaks of: members there, and the names of those that are not.

use rusqlite::params;

use super::{Obligation, ObligationKey, Result, Txn};

/// The coverage of a file that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageRow {
    /// What it was sent for.
    pub key: ObligationKey,
    /// The submission.
    pub submission: i64,
    /// Members in it.
    pub present: i64,
    /// The names of those that are not.
    pub missing: Vec<String>,
}

impl Txn<'_> {
    /// Keeps how much of a group a submission speaks of.
    pub fn keep_coverage(&self, submission: i64, present: usize, missing: &[String]) -> Result<()> {
        self.0.execute(
            "INSERT INTO coverage (submission, present, missing) VALUES (?1, ?2, ?3)
             ON CONFLICT (submission) DO UPDATE SET present = ?2, missing = ?3",
            params![submission, i64::try_from(present).unwrap_or(i64::MAX), serde_json::to_string(missing)?],
        )?;
        Ok(())
    }

    /// The coverage of the files that stand in `obligations`, where they are of groups.
    pub fn coverage(&self, obligations: &[Obligation]) -> Result<Vec<CoverageRow>> {
        let mut statement = self.0.prepare_cached("SELECT present, missing FROM coverage WHERE submission = ?1")?;
        let mut rows = Vec::new();
        for obligation in obligations {
            let Some(submission) = obligation.effective else { continue };
            let mut found = statement.query([submission])?;
            if let Some(row) = found.next()? {
                let missing = serde_json::from_str(&row.get::<_, String>(1)?)?;
                rows.push(CoverageRow { key: obligation.key.clone(), submission, present: row.get(0)?, missing });
            }
        }
        Ok(rows)
    }
}

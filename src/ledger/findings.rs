//! The findings of each submission, without the values they were found in.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::{LedgerError, Result, Txn};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The submission is not accepted.
    Error,
    /// To be fixed or explained.
    Query,
    /// Good to know.
    Note,
}

impl Severity {
    /// The word as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Query => "query",
            Self::Note => "note",
        }
    }
}

/// One finding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// How much it matters.
    pub severity: Severity,
    /// The table of the contract.
    pub table: String,
    /// The sheet of the workbook, where there is one.
    pub sheet: Option<String>,
    /// The column's heading.
    pub heading: Option<String>,
    /// The column's letter.
    pub letter: Option<String>,
    /// The row, counted from 1 as in a spreadsheet.
    pub row: Option<u32>,
    /// The rule's short name.
    pub rule: String,
    /// A sentence with what to do; never the value.
    pub says: String,
}

impl Txn<'_> {
    /// Keeps the findings of a submission.
    pub fn keep_findings(&self, submission: i64, findings: &[FindingRow]) -> Result<()> {
        let mut statement = self.0.prepare_cached(
            "INSERT OR REPLACE INTO findings (submission, position, severity, table_name, sheet, heading, letter, row, rule, says)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for (position, f) in (1_i64..).zip(findings) {
            statement.execute(params![
                submission,
                position,
                f.severity.as_str(),
                f.table,
                f.sheet,
                f.heading,
                f.letter,
                f.row,
                f.rule,
                f.says
            ])?;
        }
        Ok(())
    }

    /// The findings of a submission, in the order they were found.
    pub fn findings(&self, submission: i64) -> Result<Vec<FindingRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT severity, table_name, sheet, heading, letter, row, rule, says FROM findings
             WHERE submission = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map([submission], |row| {
            Ok((
                row.get::<_, String>(0)?,
                FindingRow {
                    severity: Severity::Note,
                    table: row.get(1)?,
                    sheet: row.get(2)?,
                    heading: row.get(3)?,
                    letter: row.get(4)?,
                    row: row.get(5)?,
                    rule: row.get(6)?,
                    says: row.get(7)?,
                },
            ))
        })?;
        rows.map(|row| {
            let (severity, finding) = row?;
            let severity = [Severity::Error, Severity::Query, Severity::Note]
                .into_iter()
                .find(|s| s.as_str() == severity)
                .ok_or_else(|| LedgerError::Unreadable { what: "a severity", why: severity })?;
            Ok(FindingRow { severity, ..finding })
        })
        .collect()
    }
}

//! The findings of each submission, without the values they were found in.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::{LedgerError, Result, Txn};
use crate::domain::words::whole;

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

impl FindingRow {
    /// Adds to the sentence that it was found so many times more, of which nothing else is kept.
    pub fn add_more_like_it(&mut self, more: u64) {
        match more {
            0 => {}
            1 => self.says.push_str(" There is 1 more like it."),
            more => self.says.push_str(&format!(" There are {} more like it.", whole(more))),
        }
    }

    /// A sentence without that addition, and the number in it.
    pub fn more_like_it(says: &str) -> (&str, u64) {
        let parted = says.strip_suffix(" more like it.").and_then(|rest| {
            let (says, more) = rest.rsplit_once(" There are ").or_else(|| rest.rsplit_once(" There is "))?;
            Some((says, more.replace(',', "").parse().ok()?))
        });
        parted.unwrap_or((says, 0))
    }

    /// Where it is, as a sentence begins: `sheet Return, cell C5: `; nothing where it is about the whole file.
    pub fn place(&self) -> String {
        match (&self.sheet, &self.letter, self.row) {
            (Some(sheet), Some(letter), Some(row)) => format!("sheet {sheet}, cell {letter}{row}: "),
            (None, Some(letter), Some(row)) => format!("column {letter}, row {row}: "),
            (_, _, Some(row)) => format!("row {row}: "),
            (Some(sheet), Some(letter), None) => format!("sheet {sheet}, column {letter}: "),
            (None, Some(letter), None) => format!("column {letter}: "),
            (Some(sheet), _, None) => format!("sheet {sheet}: "),
            _ => String::new(),
        }
    }
}

impl Txn<'_> {
    /// Keeps the findings of a submission.
    pub fn keep_findings(&self, submission: i64, findings: &[FindingRow]) -> Result<()> {
        let mut statement = self.0.prepare_cached(
            "INSERT INTO findings (submission, position, severity, table_name, sheet, heading, letter, row, rule, says)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (submission, position) DO UPDATE
             SET severity = ?3, table_name = ?4, sheet = ?5, heading = ?6, letter = ?7, row = ?8, rule = ?9, says = ?10",
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

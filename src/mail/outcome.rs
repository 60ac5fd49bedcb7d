//! What came of a file, in numbers.

use serde::Serialize;

/// Rows of a file; the first is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Rows read.
    pub read: u64,
    /// Rows taken.
    pub taken: u64,
    /// Rows refused.
    pub refused: u64,
}

/// Whether the sender's file goes back with what was found marked in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marked {
    /// No: nothing can be pointed at, or the file may not travel by mail.
    #[default]
    No,
    /// It is attached.
    Attached,
    /// It is too large for a mail.
    TooLarge,
}

/// What changed in one table of a restated file.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    /// The sheet, or the table's name in SQL.
    pub table: String,
    /// Rows before.
    pub rows_before: u64,
    /// Rows after.
    pub rows_after: u64,
    /// What became of them: "2 added, 0 removed, 1 changed (episodes in one row)".
    pub says: String,
}

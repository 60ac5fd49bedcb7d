//! What a message says of a file that came.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{Due, Marked, Read, ReadRow, Rows, Thing};

/// A file that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// The return.
    pub due: Due,
    /// When the file arrived.
    pub arrived_at: Timestamp,
    /// What was read.
    pub read: Read,
    /// The same figure by figure, where the file is small and has several rows.
    pub figures: Vec<ReadRow>,
    /// Rows that the replaced file had, or last period's, and this one has not.
    pub gone: Vec<String>,
    /// Whether words came with it on the template's sheet for them, and go to whoever reads the figures.
    pub narrative: bool,
    /// How many rows.
    pub rows: Rows,
    /// Sheets that were left aside.
    pub ignored_sheets: Vec<String>,
    /// Columns that were left aside.
    pub ignored_columns: Vec<String>,
    /// What is asked about it.
    pub queries: Vec<Thing>,
    /// What was noticed and asks for nothing.
    pub notes: Vec<Thing>,
    /// Whether it goes back with that marked.
    pub marked: Marked,
    /// Until when an explanation is printed with the figures.
    pub answer_by: Option<Date>,
}

/// Something that came with a message and could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// What it is: a file's name, in its sender's words.
    pub name: String,
    /// Why it could not be used, and what to do.
    pub why: String,
}

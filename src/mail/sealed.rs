//! What is told of a file that was sealed: its places and kinds, never what stood there.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{Due, Thing};

/// A file that was sealed because of what it says about children.
#[derive(Debug, Clone, Serialize)]
pub struct Sealed {
    /// The return.
    pub due: Due,
    /// When the file arrived.
    pub arrived_at: Timestamp,
    /// The incident's number.
    pub incident: i64,
    /// What it holds: "NHS numbers", "dates of birth".
    pub what: Vec<String>,
    /// Where, without what stands there.
    pub findings: Vec<Thing>,
    /// Where it also lies, in words.
    pub lies: Vec<String>,
    /// The day on which the sealed copy is destroyed.
    pub destroyed_on: Date,
    /// Whether that is done.
    pub destroyed: bool,
    /// Whether the same file came before.
    pub again: bool,
}

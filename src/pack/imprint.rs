//! What stands on every page of an edition, and what tells one edition from another.

use jiff::civil::Date;

use crate::domain::Period;
use crate::ledger::Vector;

/// The edition's particulars.
#[derive(Debug, Clone)]
pub struct Imprint {
    /// The board's name.
    pub board: String,
    /// The area it answers for, the name of our own lines and bars.
    pub area: String,
    /// Whether board, agencies and figures are invented; every page says so.
    pub example: bool,
    /// The pack's title.
    pub pack: String,
    /// The period it speaks of.
    pub period: Period,
    /// The edition's number, counted per pack.
    pub edition: i64,
    /// The day it is issued, the only "today" its pages know.
    pub issued_on: Date,
    /// The day at whose end the figures stood.
    pub data_as_at: Date,
    /// The meeting it is for, if it is for one.
    pub meeting_on: Option<Date>,
    /// Whom to ask: a name, a telephone number, a mail address.
    pub contact: String,
    /// The newest link of the ledger's audit chain: its number and its digest.
    pub chain_head: (i64, String),
    /// The tables the figures came from, each at its version.
    pub versions: Vector,
}

//! What stands on every page of an edition, and what tells one edition from another.

use jiff::civil::Date;

/// The edition's particulars.
#[derive(Debug, Clone)]
pub struct Imprint {
    /// The board's name.
    pub board: String,
    /// The area it answers for, the name of our own lines and bars.
    pub area: String,
    /// Whether board, agencies and figures are invented; every page says so.
    pub example: bool,
    /// The edition's number, counted per pack.
    pub edition: i64,
    /// The day it is issued, the only "today" its pages know.
    pub issued_on: Date,
    /// The day at whose end the figures stood.
    pub data_as_at: Date,
    /// The newest link of the ledger's audit chain.
    pub chain_head: String,
    /// The tables the figures came from, each at its version.
    pub versions: Vec<(String, i64)>,
    /// Whom to ask.
    pub contact: Contact,
}

/// A person at the business unit.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Name or office.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// Mail address.
    pub email: String,
}

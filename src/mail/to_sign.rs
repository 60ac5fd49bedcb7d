//! A pack that waits to be signed off, as the messages about it tell it.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use crate::domain::Period;

/// What is to be signed, by when, and how.
#[derive(Debug, Clone, Serialize)]
pub struct ToSign {
    /// The pack's title.
    pub title: String,
    /// The period.
    pub period: Period,
    /// The day of the meeting it is for.
    pub meeting: Date,
    /// The day by which the chair is asked to sign.
    pub sign_by: Date,
    /// When it goes out, signed or not.
    pub circulated_at: Timestamp,
    /// What is not in it yet.
    pub gaps: Vec<String>,
    /// Who chairs.
    pub chair: String,
    /// Whether it is the manager's copy.
    pub to_manager: bool,
    /// Whether somebody is asked in the chair's stead.
    pub instead: bool,
    /// The path of the page on which its recipient signs; it becomes a link where the board has a public address.
    pub page: Option<String>,
    /// The command with which the business unit records a sign-off.
    pub command: String,
}

/// A draft that was sent back.
#[derive(Debug, Clone, Serialize)]
pub struct SentBack {
    /// The pack's title.
    pub title: String,
    /// The period.
    pub period: Period,
    /// The day of the meeting it is for.
    pub meeting: Date,
    /// Who sent it back, and as what.
    pub by: String,
    /// Their words.
    pub says: String,
    /// The command that makes a new draft.
    pub command: String,
}

//! What a message says of something owed: which return, how to send it, what was told so far, what comes next.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::domain::Period;

/// The return a message speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Its short name, as subjects say it: "Missing children return".
    pub name: String,
    /// Its full title: "Children missing from home and care".
    pub title: String,
    /// The agency's name.
    pub agency: String,
    /// The period.
    pub period: Period,
    /// When it is due.
    pub due_at: Timestamp,
}

/// How a file can be sent; with none of them the board fetches it itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ways {
    /// Whether a workbook with the period filled in goes with the message.
    pub workbook: bool,
    /// Whether an empty CSV with the right headings does.
    pub csv: bool,
    /// Whether a file attached to a reply is read.
    pub reply: bool,
    /// A place both sides know, in words: "the shared folder Safeguarding returns".
    pub place: Option<String>,
    /// The path of the upload page; it becomes a link where the board has a public address.
    pub upload: Option<String>,
}

/// The agreement under which the figures are asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Agreement {
    /// As a sentence goes on: "the partnership's information sharing agreement".
    pub name: String,
    /// When it is to be reviewed.
    pub review: Date,
    /// What the figures are for: "to see whether children who go missing are found and heard".
    pub purpose: String,
}

/// What would happen next, and when.
#[derive(Debug, Clone, Serialize)]
pub struct Next {
    /// On which day.
    pub on: Date,
    /// Who would be told: "the Board member for your agency".
    pub who: String,
}

/// One message of the chase so far.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// What it was: "notice", "reminder", "due", "overdue".
    pub what: String,
    /// When it left.
    pub on: Timestamp,
    /// Whether a relay accepted it.
    pub accepted: bool,
}

/// What goes above the lead.
#[derive(Debug, Clone, Serialize)]
pub struct Escalation {
    /// The return.
    pub due: Due,
    /// The last day for a corrected file, where one was not accepted.
    pub corrected_by: Option<Date>,
    /// The lead who was told.
    pub lead: String,
    /// The chase so far.
    pub told: Vec<Told>,
    /// Whether nobody answered any of it.
    pub silent: bool,
}

/// What a person decided about something owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arranged {
    /// More time.
    More,
    /// Not asked for this time.
    LetOff,
    /// Asked for again.
    Again,
    /// Due on another day, for the timetable was changed.
    Moved,
}

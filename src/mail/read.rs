//! What was read of a file, as it is told to its sender, and what was written beside it, as it is told to the analyst.

use serde::Serialize;

/// What is read back to the sender of a file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// The sender's own totals, of a return that holds no rows about single children.
    Totals(Vec<Total>),
    /// The file is about single children: no figure of it is repeated in a message.
    ChildLevel,
}

/// One total of an aggregate return.
#[derive(Debug, Clone, Serialize)]
pub struct Total {
    /// What was counted, in the template's own words.
    pub label: String,
    /// How much, as text; where cells hold no number, that too.
    pub value: String,
    /// How much the replaced file said.
    pub before: Option<String>,
    /// How much it was the period before.
    pub last: Option<String>,
}

/// One row of a small table, figure by figure.
#[derive(Debug, Clone, Serialize)]
pub struct ReadRow {
    /// What it is called: "Physical harm".
    pub label: String,
    /// Its figures.
    pub figures: Vec<Total>,
}

/// What a sender wrote about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// What about: "What changed most, and why".
    pub about: String,
    /// The words.
    pub says: String,
}

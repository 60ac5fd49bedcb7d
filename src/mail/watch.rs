//! What the watch has to tell: what is wrong, what is over, and how the week went.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

/// What has changed.
#[derive(Debug, Clone, Serialize)]
pub struct Watched {
    /// What is wrong, or has grown worse.
    pub began: Vec<Wrong>,
    /// What is over.
    pub over: Vec<Over>,
}

/// Something that is wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Wrong {
    /// What, as a sentence begins and a subject says it, without a full stop: "The mailbox cannot be read".
    pub what: String,
    /// Why, without a full stop.
    pub why: String,
    /// Since when, unless its own words name a day.
    pub since: Option<Timestamp>,
    /// What to do.
    pub next_step: String,
}

/// Something that was wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Over {
    /// What it was.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// How the week went, or the time since the last digest.
#[derive(Debug, Clone, Serialize)]
pub struct Digest {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When nothing ran, if that was so for long.
    pub away: Option<Away>,
    /// Days on which a digest should have come and none did.
    pub missed: Vec<Date>,
    /// What is wrong now.
    pub wrong: Vec<Wrong>,
    /// What was wrong and is over.
    pub over: Vec<Over>,
    /// What waits for a person, a line each.
    pub waiting: Vec<String>,
    /// What happened.
    pub done: Counted,
    /// What falls due and is sent out within a week, a line each.
    pub next: Vec<String>,
    /// When each source was last heard of, a line each.
    pub sources: Vec<String>,
    /// Room on the disk and sizes, a line each.
    pub room: Vec<String>,
    /// How many events the ledger holds.
    pub events: i64,
    /// The last link of their chain.
    pub chain: String,
}

/// A time in which nothing ran.
#[derive(Debug, Clone, Serialize)]
pub struct Away {
    /// When it was last seen running.
    pub from: Timestamp,
    /// When it was back.
    pub until: Timestamp,
    /// What has happened since.
    pub caught_up: Counted,
}

/// How often what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Files that arrived.
    pub files: usize,
    /// Files that were accepted.
    pub accepted: usize,
    /// Files that were not.
    pub not_accepted: usize,
    /// Files that were held for a person.
    pub held: usize,
    /// Reports of nothing to report.
    pub nil: usize,
    /// Messages that came into the mailbox.
    pub letters: usize,
    /// Steps of the chase that were told.
    pub chased: usize,
    /// Steps of the chase that went above a lead.
    pub escalated: usize,
    /// Messages that a relay took.
    pub sent: usize,
    /// Messages that were written to a folder and not sent.
    pub written: usize,
    /// Messages that the relay refused for good.
    pub refused: usize,
    /// Messages of ours that came back.
    pub bounced: usize,
    /// Packs that were issued.
    pub packs: usize,
    /// Files with identities that were sealed.
    pub incidents: usize,
    /// What went wrong at least once, as the log names it.
    pub failures: Vec<String>,
}

/// A message that only shows that mail leaves.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: String,
}

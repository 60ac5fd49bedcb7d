//! What a message is to say, as typed values; the words are the templates'.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{
    AgencyReport, Agreement, Arranged, Changed, Contact, Digest, Due, Escalation, Judged, Marked, Next, Noted, Part,
    Person, Rows, Sealed, SentBack, Thing, ToSign, Tried, Unused, Watched, Ways, Written,
};
use crate::domain::Period;

/// Everything one message is made from.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// Whose message it is.
    pub board: Board,
    /// To whom.
    pub to: Person,
    /// Who answers questions; named on every message.
    pub contact: Contact,
    /// What it is about.
    pub letter: Letter,
}

/// The board that writes.
#[derive(Debug, Clone, Serialize)]
pub struct Board {
    /// Its name.
    pub name: String,
    /// Whether it is invented; then every message says so.
    pub example: bool,
    /// Where its pages can be reached, such as `https://quarterday.example`; without it no message holds a link.
    pub public_url: Option<String>,
}

/// What a message is about.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Letter {
    /// A return is open.
    Notice {
        /// The return.
        due: Due,
        /// How to send it.
        ways: Ways,
        /// Why and under what it is asked for.
        agreement: Option<Agreement>,
    },
    /// A return will soon be due.
    Nudge {
        /// The return.
        due: Due,
        /// How to send it.
        ways: Ways,
    },
    /// A return is due today.
    DueToday {
        /// The return.
        due: Due,
        /// How to send it.
        ways: Ways,
    },
    /// A return is late.
    Overdue {
        /// The return.
        due: Due,
        /// The last day for a corrected file, where one was not accepted.
        corrected_by: Option<Date>,
        /// What comes next.
        next: Option<Next>,
        /// Whether a workbook with the period filled in goes with the message.
        workbook: bool,
        /// Whether an empty CSV with the right headings does.
        csv: bool,
    },
    /// A person gave more time, let the agency off, or asks again.
    Arranged {
        /// The return, with its new due instant.
        due: Due,
        /// What was decided.
        what: Arranged,
        /// When it was due before.
        before: Timestamp,
        /// Whether a file stands already.
        stands: bool,
        /// Why, in the words of who decided.
        reason: String,
    },
    /// Somebody gets the board's messages from now on, or for a time.
    Contact {
        /// The agency's name.
        agency: String,
        /// In which role: "lead", "deputy", "cover for the lead".
        role: String,
        /// Who.
        person: Person,
        /// Until which day, where it is for a time.
        until: Option<Date>,
    },
    /// A figure stands out, and words on it are asked for.
    Commentary {
        /// What is owed.
        due: Due,
        /// The figure's title.
        figure: String,
        /// What stands out, in a sentence.
        headline: String,
        /// What was owed, as commands name it.
        key: String,
        /// Whether a reply is read.
        reply: bool,
        /// Whether its day is over.
        late: bool,
        /// Whether the manager reads it, who hears that nothing came.
        manager: bool,
    },
    /// It is asked whether anything happened that a return is about.
    AnythingSince {
        /// What is owed.
        due: Due,
        /// The days in the period of which something was opened already.
        known: Vec<Date>,
        /// The command that records that nothing happened, without its reason.
        nil: String,
        /// The command that opens what happened, without its day and reason.
        open: String,
        /// Whether a reply is read.
        reply: bool,
        /// Whether its day is over.
        late: bool,
        /// Whether the manager reads it, who hears that no answer came.
        manager: bool,
    },
    /// Words on a figure came, and are printed.
    AnswerCommentary {
        /// The figure's title.
        figure: String,
        /// The period.
        period: Period,
        /// The words as they are printed.
        says: String,
    },
    /// A document came, which is kept as it is.
    AnswerDocument {
        /// What it is.
        due: Due,
        /// When it arrived.
        arrived_at: Timestamp,
        /// Whether one was here before.
        replaced: bool,
    },
    /// The manager gets a document to read.
    Document {
        /// What it is.
        due: Due,
        /// What was owed, as commands name it.
        key: String,
        /// When it arrived.
        arrived_at: Timestamp,
        /// The submission's number.
        submission: i64,
        /// Whether it goes with the message.
        attached: bool,
    },
    /// Members of a group are not in the file that stands.
    Members {
        /// The return.
        due: Due,
        /// How many members there are.
        members: usize,
        /// How many are in it.
        present: usize,
        /// The names of those that are not, the first of them where there are many.
        missing: Vec<String>,
        /// How many more are missing than are named.
        more: usize,
        /// How to send it.
        ways: Ways,
    },
    /// The manager sees what will go above the lead.
    Preview {
        /// When it will go.
        goes_at: Timestamp,
        /// To whom, in words: "the Board member of Exampleshire Police".
        who: String,
        /// The command that holds it.
        hold: String,
        /// What will be said, and to whom.
        escalation: Escalation,
    },
    /// Somebody above the lead is told.
    Escalation(Escalation),
    /// A file was accepted.
    AnswerAccepted(Judged),
    /// A file was accepted; something is to be explained.
    AnswerAcceptedWithQueries(Judged),
    /// A file was not accepted.
    AnswerNotAccepted {
        /// The return.
        due: Due,
        /// When the file arrived.
        arrived_at: Timestamp,
        /// Why it could not be read at all, where that is so.
        unreadable: Option<String>,
        /// What the person said who looked at it and did not take it.
        refused: Option<String>,
        /// What stops it from being used.
        things: Vec<Thing>,
        /// What was noticed and stops nothing.
        notes: Vec<Thing>,
        /// In how many places that was found.
        places: u64,
        /// Whether the file goes back with that marked.
        marked: Marked,
        /// How many rows it has.
        rows: Rows,
        /// The last day on which a corrected file is on time.
        fix_by: Date,
        /// How many other rows were fine; left out for returns about single children.
        rows_fine: Option<u64>,
        /// Whether we fetch the file from its sender's system ourselves.
        fetched: bool,
    },
    /// A file waits for a person's decision.
    AnswerHeld {
        /// The return.
        due: Due,
        /// When the file arrived.
        arrived_at: Timestamp,
        /// Why.
        reason: String,
        /// How many rows wait.
        rows: Rows,
    },
    /// The same file came again.
    AnswerDuplicate {
        /// The return.
        due: Due,
        /// When the first one arrived.
        first_at: Timestamp,
    },
    /// A file replaced an accepted one.
    AnswerRestated {
        /// The file.
        #[serde(flatten)]
        judged: Judged,
        /// When the replaced file arrived.
        replaced_at: Timestamp,
    },
    /// Nothing to report was reported.
    AnswerNil {
        /// The return.
        due: Due,
        /// The reason that was given.
        reason: String,
    },
    /// The analyst hears what a restatement changed.
    Restated {
        /// The return.
        due: Due,
        /// The submission that was replaced.
        before: i64,
        /// When it arrived.
        replaced_at: Timestamp,
        /// The submission that replaces it.
        after: i64,
        /// When that arrived.
        arrived_at: Timestamp,
        /// Table by table.
        tables: Vec<Changed>,
        /// Totals that moved, a line each.
        totals: Vec<String>,
        /// Issued figures that moved, a line each.
        figures: Vec<String>,
        /// What came to stand out with it or no longer does, a line each.
        exceptions: Vec<String>,
    },
    /// The analyst reads what a sender wrote beside the figures.
    Narrative {
        /// The return.
        due: Due,
        /// The submission it came with.
        submission: i64,
        /// When that arrived.
        arrived_at: Timestamp,
        /// What was written, in the order of the sheet.
        words: Vec<Written>,
    },
    /// A file holds what looks like identities; its sender is told how to put it right.
    IncidentSender {
        /// The file.
        #[serde(flatten)]
        sealed: Sealed,
        /// The last day on which a corrected file is on time.
        fix_by: Date,
    },
    /// The same, for the manager and the custodian.
    IncidentManager {
        /// The file.
        #[serde(flatten)]
        sealed: Sealed,
        /// Who alone can open it; none if nobody is named.
        custodian: Option<String>,
        /// The addresses to which a letter is on its way that says how to put it right.
        told: Vec<String>,
    },
    /// A message waits for a person's decision.
    PostHeld {
        /// When it arrived.
        arrived_at: Timestamp,
        /// Why.
        reason: String,
        /// What of it could not be used whatever the person decides.
        things: Vec<Unused>,
    },
    /// A message without a file is read by a person.
    PostPassedOn {
        /// When it arrived.
        arrived_at: Timestamp,
        /// What it is about: one return where that is known, else all that it could be.
        noted: Vec<Noted>,
    },
    /// Something in a message could not be used.
    PostNotTaken {
        /// When it arrived.
        arrived_at: Timestamp,
        /// What, and what to do.
        things: Vec<Unused>,
        /// The kinds of file that are taken, where that helps.
        taken: Option<String>,
        /// Whether a person reads the words that came with it.
        words: bool,
    },
    /// A pack is issued.
    Pack {
        /// Its title.
        title: String,
        /// The period.
        period: Period,
        /// The edition's number.
        edition: i64,
        /// The day of the meeting it is for.
        meeting: Option<Date>,
        /// Data as at.
        data_as_at: Date,
        /// Returns that are not in it: "Missing children, Exampleshire Police".
        gaps: Vec<String>,
        /// Who signed it off, or that nobody did, in a sentence.
        approval: Option<String>,
    },
    /// The chair reads a draft and is asked to sign it off; the manager sees it too.
    Draft(ToSign),
    /// The chair is reminded, or the vice-chair asked instead.
    SignOff(ToSign),
    /// The manager hears that a draft was sent back.
    SentBack(SentBack),
    /// An agency is told how punctual it was.
    AgencyReport(AgencyReport),
    /// Something needs a person.
    Alarm {
        /// What is wrong, as a subject says it: "The mail relay refuses to be signed in to".
        what: String,
        /// Why, one line each.
        why: Vec<String>,
        /// Since when.
        since: Timestamp,
        /// What to do.
        next_step: String,
    },
    /// Several of the chase to one person, in one message.
    Together {
        /// Each in the words that it would have alone, the one due first before the others.
        parts: Vec<Part>,
        /// Whether the first is due already.
        late: bool,
    },
    /// What is wrong with the daemon or around it has changed.
    Watch(Watched),
    /// How the week went.
    Digest(Box<Digest>),
    /// Shows that mail leaves.
    Test(Tried),
}

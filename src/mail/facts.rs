//! What a message is to say, as typed values; the words are the templates'.

use std::str::FromStr;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{Contact, Person};
use crate::{domain::Period, ledger::FindingRow};

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

/// The return a message speaks of.
#[derive(Debug, Clone, Serialize)]
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
    /// How much, as text.
    pub value: String,
    /// How much it was before.
    pub before: Option<String>,
}

/// A file that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// The return.
    pub due: Due,
    /// When the file arrived.
    pub arrived_at: Timestamp,
    /// What was read.
    pub read: Read,
    /// Sheets that were left aside.
    pub ignored_sheets: Vec<String>,
    /// What is asked about it.
    pub queries: Vec<FindingRow>,
    /// Until when an explanation is printed with the figures.
    pub answer_by: Option<Date>,
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
        /// What stops it from being used.
        findings: Vec<FindingRow>,
        /// The last day on which a corrected file is on time.
        fix_by: Date,
        /// How many other rows were fine; left out for returns about single children.
        rows_fine: Option<u64>,
    },
    /// A file waits for a person's decision.
    AnswerHeld {
        /// The return.
        due: Due,
        /// When the file arrived.
        arrived_at: Timestamp,
        /// Why.
        reason: String,
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
        /// The file; `before` of its totals is what the replaced file said.
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
    },
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
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal),* $(,)?) => {
        /// The kinds of message; each has a template of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name),*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word: the template's file name, and what the outbox keeps.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word),*
                }
            }
        }

        impl Letter {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name { .. } => Kind::$name),*
                }
            }
        }
    };
}

kinds! {
    /// A return is open.
    Notice "notice",
    /// A return will soon be due.
    Nudge "nudge",
    /// A return is due today.
    DueToday "due-today",
    /// A return is late.
    Overdue "overdue",
    /// The manager sees what will go above the lead.
    Preview "preview",
    /// Somebody above the lead is told.
    Escalation "escalation",
    /// A file was accepted.
    AnswerAccepted "answer-accepted",
    /// A file was accepted; something is to be explained.
    AnswerAcceptedWithQueries "answer-accepted-with-queries",
    /// A file was not accepted.
    AnswerNotAccepted "answer-not-accepted",
    /// A file waits for a person's decision.
    AnswerHeld "answer-held",
    /// The same file came again.
    AnswerDuplicate "answer-duplicate",
    /// A file replaced an accepted one.
    AnswerRestated "answer-restated",
    /// Nothing to report was reported.
    AnswerNil "answer-nil",
    /// A pack is issued.
    Pack "pack",
    /// Something needs a person.
    Alarm "alarm",
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or("one of the kinds of message")
    }
}

//! Things that can be wrong, each with a name of its own.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};

macro_rules! troubles {
    ($($(#[$doc:meta])* $name:ident $word:literal),* $(,)?) => {
        /// The kinds of condition.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Trouble {
            $($(#[$doc])* $name),*
        }

        impl Trouble {
            /// The word that stands in the ledger.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word),*
                }
            }
        }

        impl FromStr for Trouble {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($word => Ok(Self::$name),)*
                    _ => Err(()),
                }
            }
        }
    };
}

troubles! {
    /// The ledger is another machine's or an older copy, or the clock has jumped.
    Hold "hold",
    /// A step goes on and on.
    Stuck "stuck",
    /// The relay takes nothing.
    Relay "relay",
    /// The mailbox cannot be read.
    Mailbox "mailbox",
    /// A place that is asked for files does not answer as it should.
    Pull "pull",
    /// Work on one thing fails again and again.
    Work "work",
    /// A step fails at every ring.
    Step "step",
    /// The data folder's disk is nearly full.
    Disk "disk",
    /// The outer watcher does not hear us.
    Heartbeat "heartbeat",
    /// The list of bank holidays ends.
    Holidays "holidays",
    /// The first cycle is a rehearsal.
    Rehearsal "rehearsal",
    /// An agreement is to be reviewed.
    Agreement "agreement",
    /// A certificate, a host key or a secret ends.
    Ending "ending",
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Who looks after the machine.
    Operator,
    /// The board's manager.
    Manager,
}

impl Trouble {
    /// How long it has to last, or to be gone, before anybody hears of it: what comes and goes is not told each time.
    pub fn patience(self) -> SignedDuration {
        match self {
            Self::Relay | Self::Mailbox | Self::Pull | Self::Work | Self::Step | Self::Disk => {
                SignedDuration::from_mins(10)
            }
            Self::Hold
            | Self::Stuck
            | Self::Heartbeat
            | Self::Holidays
            | Self::Rehearsal
            | Self::Agreement
            | Self::Ending => SignedDuration::ZERO,
        }
    }

    /// Whether it names the day that matters itself.
    pub fn names_its_day(self) -> bool {
        matches!(self, Self::Holidays | Self::Agreement | Self::Ending)
    }

    /// Who is told.
    pub fn whom(self) -> Whom {
        match self {
            Self::Holidays | Self::Rehearsal | Self::Agreement => Whom::Manager,
            _ => Whom::Operator,
        }
    }

    /// Whether mail of its beginning could leave at all; else people hear of it when it is over, and the outer watcher at
    /// once.
    pub fn lets_mail_out(self) -> bool {
        !matches!(self, Self::Hold | Self::Relay)
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Its kind.
    pub trouble: Trouble,
    /// What of that kind: a place, a step, a certificate; empty where there is only one.
    pub of: String,
    /// How bad it is, from 1.
    pub level: i64,
    /// The same for people, as a sentence begins: "Missing children of Exampleshire Police cannot be fetched".
    pub what: String,
    /// Why, in a sentence or several.
    pub why: String,
    /// What to do.
    pub next_step: String,
    /// Since when, where it is known to be older than the look that finds it.
    pub since: Option<Timestamp>,
}

impl Condition {
    /// What it is remembered under.
    pub fn name(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.trouble.as_str())?;
        if self.of.is_empty() { Ok(()) } else { write!(f, "/{}", self.of) }
    }
}

/// The kind of a remembered condition; none of one that a later program remembered.
pub fn trouble_of(name: &str) -> Option<Trouble> {
    name.split('/').next()?.parse().ok()
}

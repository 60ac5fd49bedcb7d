//! Messages: what they say, how they are addressed, and how they leave.
//!
//! A flow fills [`Facts`], [`Templates`] turn them into a [`Message`], which waits in the ledger's outbox; the
//! [`Mailroom`] decides in one transaction whether it is still wanted, speaks to the relay and records the outcome.
//! At least once: a second copy leaves only when the relay's last reply was lost, under the same Message-ID and marked.
//! Knows nothing of who is owed a message and when: that is for the timetable and the flows.

mod dates;
mod eml;
mod example_answers;
mod example_arranged;
mod example_findings;
mod example_packs;
mod example_together;
mod example_watch;
mod examples;
mod facts;
mod first_cycle;
mod folder;
mod graph;
mod judged;
mod kind;
mod mailer;
mod memory;
mod message;
mod noted;
mod outcome;
mod owed;
mod parcel;
mod person;
mod prose;
mod pump;
mod quiet;
mod read;
mod relay_hold;
mod report;
mod required;
mod sealed;
mod settings;
mod sign_in;
mod smtp;
mod templates;
mod things;
mod to_sign;
mod together;
mod wanted;
mod watch;
mod way;

use std::path::PathBuf;

pub use eml::{key_of, message_id};
pub use examples::example;
pub use facts::{Board, Facts, Letter};
pub use first_cycle::{FOLDER as REHEARSAL_FOLDER, confirm, is_confirmed};
pub use judged::{Judged, Unused};
pub use kind::Kind;
pub use mailer::Mailer;
pub use memory::{Answer, Memory, Posted};
pub use message::{Attachment, Content, Message};
pub use noted::{Noted, Wait};
pub use outcome::{Changed, Marked, Rows};
pub use owed::{Agreement, Arranged, Due, Escalation, Next, Told, Ways};
pub use person::{Contact, Person};
pub use pump::{Mailroom, Pumped};
pub use quiet::{Pace, Quiet};
pub use read::{Read, ReadRow, Total, Written};
pub use relay_hold::RelayHold;
pub use report::{AgencyReport, Reported, ReportedPeriod};
pub use sealed::Sealed;
pub use settings::Settings;
pub use smtp::Deadlines;
pub use templates::Templates;
pub use things::{Thing, things};
pub use to_sign::{SentBack, ToSign};
pub use together::{Owed, Part};
pub use watch::{Away, Counted, Digest, Over, Tried, Watched, Wrong};
pub use way::{Office, Relay, SignIn, Tls, Way};

use crate::{durable::DiskError, ledger::LedgerError, settings::SecretError};

/// What the mail stage could not do.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A template is missing or cannot be rendered.
    #[error("the message template reports/mail/{name}: {why}")]
    Template {
        /// Its file.
        name: String,
        /// What is wrong and where.
        why: String,
    },
    /// A header would carry something that could pass for another header.
    #[error("the {header} of a message holds a line break or a control character; nothing was sent")]
    Header {
        /// Which header.
        header: &'static str,
    },
    /// An address that cannot be written to.
    #[error("{address:?} is not a plain address such as lead@police.example; correct it in config/agencies.toml")]
    Address {
        /// The address.
        address: String,
    },
    /// The recipient's domain is not one the board writes to.
    #[error(
        "{domain} is not in allowed_domains of [mail]; nothing was sent: add the domain or correct the person's address"
    )]
    Domain {
        /// The domain.
        domain: String,
    },
    /// An example board is about to write to somebody who could be real.
    #[error(
        "{domain} could be real and the board is an example; nothing was sent: use an address in .example, or leave example out of [board]"
    )]
    RealDomain {
        /// The domain.
        domain: String,
    },
    /// An attachment is not what it was when the message was written.
    #[error("the attachment {} {why}; the message waits until it is back", path.display())]
    Attachment {
        /// The file, below the data folder.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A message does not fit together.
    #[error("the message could not be put together: {0}")]
    Compose(String),
    /// The relay's certificate authority cannot be read.
    #[error("ca_file {} of [mail] {why}; it must hold certificates in PEM", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("TLS to the mail relay could not be set up: {0}")]
    Tls(String),
    /// A secret cannot be had.
    #[error("a secret of [mail]: {0}")]
    Password(#[from] SecretError),
    /// The folder refused.
    #[error("the mail folder: {0}")]
    Disk(#[from] DiskError),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

//! A mailbox that agencies write to, over IMAP or Microsoft Graph.
//!
//! Lists what lies in one folder, brings a message as it was received, and moves it away when its taker says so. What a
//! message means is for its taker; [`Incoming`] is what a worker found in one.

mod graph;
mod imap;
mod incoming;
mod kinds;
mod nature;
mod proof;
mod refresh;
mod settings;
mod token;
mod worker;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;

use crate::settings::SecretError;

pub use incoming::{File, Incoming, Report};
pub use kinds::{DataKind, Kind, TAKEN, Wrapping};
pub use nature::{Nature, nature};
pub use proof::{Proof, is_proven};
pub use settings::{OAuth2, Settings, Way, settle_oauth2};
pub use token::{Access, Tokens, cause, client};
pub use worker::{Unreadable, read, serve_worker};

/// The largest message that is read.
pub const MOST_BYTES: u64 = 40 << 20;

/// How much of a larger one is looked at: enough for its headers.
const BEGINNING: usize = 256 << 10;

/// How many messages one look lists.
const MOST_LISTED: usize = 50;

/// The file of the data folder that keeps the newest refresh token.
const KEPT_TOKEN: &str = "mailbox.token";

/// How long a server may take over one command.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a mailbox could not do. No message repeats a secret or what stands in a letter.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// A secret cannot be had.
    #[error("the {key} of [mailbox]: {source}")]
    Secret {
        /// Its key.
        key: &'static str,
        /// Why not.
        source: SecretError,
    },
    /// The certificate authority cannot be read.
    #[error("ca_file {} of [mailbox] {why}; it must hold certificates in PEM", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The refresh token that was kept cannot be read.
    #[error(
        "the mailbox's token in {} {why}; remove that file and give [mailbox.oauth2] a new refresh_token",
        path.display()
    )]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The refresh token that came in the place of another could not be kept.
    #[error(
        "the mailbox's new token could not be kept: {0}; nothing is read before it is, since the one before may be good no \
         longer"
    )]
    NotKept(String),
    /// The client could not be built.
    #[error("the mailbox's client could not be made: {0}")]
    Client(String),
    /// The server could not be reached or broke off.
    #[error("{host} could not be reached: {why}; it is tried again")]
    Unreachable {
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// The server does not let us in.
    #[error("{host} refuses the sign-in as {user} ({says}); renew the secret that [mailbox] names, or the permission")]
    SignIn {
        /// The server.
        host: String,
        /// Whose mailbox.
        user: String,
        /// Its code for it.
        says: String,
    },
    /// The server would not do what it was asked.
    #[error("{host} did not {what} ({says}); check the folders of [mailbox] and what its user may do")]
    Refused {
        /// The server.
        host: String,
        /// What it was asked.
        what: &'static str,
        /// Its words.
        says: String,
    },
    /// The server asks for patience.
    #[error("{host} asks to be left alone for a while; it is tried again")]
    Busy {
        /// The server.
        host: String,
        /// For how long.
        retry_after: Option<Duration>,
    },
}

impl MailboxError {
    /// Whether trying again soon could lock the account.
    pub fn is_sign_in(&self) -> bool {
        matches!(self, Self::SignIn { .. })
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// A message in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What the server calls it.
    pub id: String,
    /// How large it is, where the server says so.
    size: Option<u64>,
    /// When the server received it, where it says so.
    pub arrived: Option<Timestamp>,
}

/// A message as it was received.
#[derive(Clone, PartialEq, Eq)]
pub enum Fetched {
    /// All of it.
    Whole(Bytes),
    /// The beginning of one that is larger than is ever read.
    TooLarge(Bytes),
    /// It is no longer there.
    Gone,
}

/// A mailbox, ready to be looked into.
#[derive(Debug)]
pub struct Mailbox {
    settings: Settings,
    door: Door,
}

#[derive(Debug)]
enum Door {
    Imap(imap::Imap),
    Graph(Box<graph::Graph>),
}

impl Mailbox {
    /// Reads the secrets and the certificates, and speaks to nobody. `data` is the folder in which a token is kept that the
    /// provider gave in the place of the configured one.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn open(settings: Settings, environment: &BTreeMap<String, String>, data: &Path) -> Result<Self, MailboxError> {
        let door = match &settings.way {
            Way::Imap { .. } => Door::Imap(imap::Imap::open(&settings, environment, data)?),
            Way::Graph { .. } => Door::Graph(Box::new(graph::Graph::open(&settings, environment, data)?)),
        };
        Ok(Self { settings, door })
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Goes in.
    ///
    /// # Errors
    /// When the server cannot be reached or does not let us in.
    pub async fn session(&self) -> Result<Session<'_>, MailboxError> {
        Ok(match &self.door {
            Door::Imap(imap) => Session::Imap(Box::new(imap.session().await?)),
            Door::Graph(graph) => Session::Graph(Box::new(graph.session())),
        })
    }
}

/// One look into a mailbox.
pub enum Session<'a> {
    /// Over IMAP.
    #[doc(hidden)]
    Imap(Box<imap::Session>),
    /// Over Microsoft Graph.
    #[doc(hidden)]
    Graph(Box<graph::Session<'a>>),
}

impl Session<'_> {
    /// What lies in the folder, oldest first; says whether there is more than one look lists.
    ///
    /// # Errors
    /// See [`MailboxError`].
    pub async fn list(&mut self) -> Result<(Vec<Listed>, bool), MailboxError> {
        let mut listed = match self {
            Self::Imap(session) => session.list().await?,
            Self::Graph(session) => session.list().await?,
        };
        let more = listed.len() > MOST_LISTED;
        listed.truncate(MOST_LISTED);
        Ok((listed, more))
    }

    /// A message as it was received.
    ///
    /// # Errors
    /// See [`MailboxError`].
    pub async fn fetch(&mut self, listed: &Listed) -> Result<Fetched, MailboxError> {
        match self {
            Self::Imap(session) => session.fetch(listed).await,
            Self::Graph(session) => session.fetch(listed).await,
        }
    }

    /// Moves a message into another folder, which is made if need be.
    ///
    /// # Errors
    /// See [`MailboxError`].
    pub async fn move_to(&mut self, listed: &Listed, folder: &str) -> Result<(), MailboxError> {
        match self {
            Self::Imap(session) => session.move_to(listed, folder).await,
            Self::Graph(session) => session.move_to(listed, folder).await,
        }
    }

    /// Leaves; what goes wrong then matters to nobody.
    pub async fn end(self) {
        if let Self::Imap(session) = self {
            session.end().await;
        }
    }
}

/// A server's words as they may be shown: one short line.
fn words(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect::<String>().trim().to_owned()
}

/// The certificates in PEM of a file.
fn authority(path: &Path) -> Result<Vec<u8>, MailboxError> {
    let wrong = |why: String| MailboxError::Authority { path: path.to_owned(), why };
    let pem = std::fs::read(path).map_err(|error| wrong(format!("cannot be read ({error})")))?;
    if memchr::memmem::find(&pem, b"-----BEGIN CERTIFICATE-----").is_none() {
        return Err(wrong("holds no certificate".into()));
    }
    Ok(pem)
}

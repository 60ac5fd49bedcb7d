//! The ways a message can leave, and what can come of it.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use jiff::SignedDuration;

use super::{
    MailError, Settings, Way,
    eml::Eml,
    folder::Folder,
    graph::{Graph, MOST_AT_ONCE},
    memory::Memory,
    smtp::{Deadlines, Smtp, SmtpSession},
};

/// One way for messages to leave.
#[derive(Debug, Clone)]
pub enum Mailer {
    /// Through a relay.
    Smtp(Smtp),
    /// Through Microsoft Graph.
    Graph(Arc<Graph>),
    /// Into a folder: written, not sent, and no evidence that anybody was told.
    Folder(Folder),
    /// Into memory, as a relay that answers by a script: for tests and simulations.
    Memory(Memory),
}

impl Mailer {
    /// The way the settings ask for; a folder lies below `data` unless its path is absolute.
    ///
    /// Reads the password and the certificates, and speaks to nobody.
    pub fn open(
        settings: &Settings,
        environment: &BTreeMap<String, String>,
        data: &Path,
        deadlines: Deadlines,
    ) -> Result<Self, MailError> {
        Ok(match &settings.way {
            Way::Smtp(relay) => Self::Smtp(Smtp::open(relay, environment, data, deadlines)?),
            Way::Graph(office) => Self::Graph(Arc::new(Graph::open(office, environment, data, deadlines)?)),
            Way::Folder(folder) => Self::Folder(Folder::open(&data.join(folder))?),
        })
    }

    /// Goes as far as a message would, without one; answers with what was found, or the step that failed and why.
    pub(super) async fn knock(&self) -> Result<String, (Verb, String)> {
        match self {
            Self::Smtp(smtp) => smtp.knock().await,
            Self::Graph(graph) => graph.knock().await,
            Self::Folder(_) | Self::Memory(_) => Ok("nothing is sent".to_owned()),
        }
    }

    /// Begins to speak; a relay is connected to when there is something to send.
    pub(super) fn session(&self) -> Session<'_> {
        match self {
            Self::Smtp(smtp) => Session::Smtp(Box::new(smtp.session())),
            Self::Graph(graph) => Session::Graph(graph),
            Self::Folder(folder) => Session::Folder(folder),
            Self::Memory(memory) => Session::Memory(memory),
        }
    }
}

/// How far a message came on its way to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    /// Putting the message together, before anybody is spoken to.
    Compose,
    /// The connection, TLS where it comes first, the greeting and EHLO.
    Connect,
    /// TLS after STARTTLS, and EHLO again.
    StartTls,
    /// Signing in.
    Auth,
    /// The envelope's sender.
    Mail,
    /// The envelope's recipient.
    Rcpt,
    /// Leave to send the message.
    Data,
    /// The message, before its final dot.
    Body,
    /// The final dot and its answer.
    Dot,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compose => "COMPOSE",
            Self::Connect => "CONNECT",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Body => "BODY",
            Self::Dot => "DOT",
        })
    }
}

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The relay accepted it, with these words.
    Sent(String),
    /// It lies here and was not sent.
    Written(String),
    /// Not now; it did not leave.
    Later { verb: Verb, says: String },
    /// Never, says the relay of this message or recipient.
    Refused { verb: Verb, says: String },
    /// Too large as it is.
    TooLarge { verb: Verb, says: String },
    /// It may have left: the relay's answer to the final dot was lost.
    Unknown { says: String },
    /// The relay takes nothing from anybody just now.
    Down { verb: Verb, says: String },
    /// The same, and it says for how long.
    Busy { verb: Verb, says: String, wait: SignedDuration },
    /// The relay does not know us.
    AuthFailed { says: String },
}

impl Outcome {
    /// Whether the connection in which this came about was lost with it.
    pub fn cost_the_connection(&self, session: &Session<'_>) -> bool {
        let spoken = match self {
            Self::Later { verb, .. } | Self::Refused { verb, .. } => *verb > Verb::Connect,
            Self::Unknown { .. } => true,
            _ => false,
        };
        spoken
            && match session {
                Session::Smtp(session) => !session.is_open(),
                Session::Graph(_) => !matches!(self, Self::Refused { .. }),
                Session::Folder(_) | Session::Memory(_) => false,
            }
    }
}

/// A conversation in which any number of messages leave.
pub(super) enum Session<'a> {
    Smtp(Box<SmtpSession<'a>>),
    Graph(&'a Graph),
    Folder(&'a Folder),
    Memory(&'a Memory),
}

impl Session<'_> {
    /// Sends one message to its one recipient.
    pub async fn send(&mut self, eml: &Eml) -> Outcome {
        match self {
            Self::Smtp(session) => session.send(eml).await,
            Self::Graph(graph) => graph.send(eml).await,
            Self::Folder(folder) => match folder.write(eml) {
                Ok(path) => Outcome::Written(format!("written to {}, not sent", path.display())),
                Err(error) => Outcome::Down { verb: Verb::Data, says: error.to_string() },
            },
            Self::Memory(memory) => memory.take(eml),
        }
    }

    /// The largest message that it takes with its files in it.
    pub fn most_at_once(&self) -> Option<usize> {
        matches!(self, Self::Graph(_)).then_some(MOST_AT_ONCE)
    }

    /// Says good-bye.
    pub async fn close(self) {
        if let Self::Smtp(session) = self {
            session.close().await;
        }
    }
}

//! The memory mailer: keeps what leaves, and answers as a script says. For tests and simulations.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    eml::Eml,
    mailer::{Outcome, Verb},
};

/// What a scripted relay says to one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It takes the message.
    Taken,
    /// It takes the message, and its receipt is lost.
    ReceiptLost,
    /// Not now, with these words.
    Later(String),
    /// Never, with these words.
    Refused(String),
    /// It is down, with these words.
    Down(String),
    /// It does not know us, with these words.
    NotKnown(String),
}

type Script = Arc<dyn Fn(&Posted) -> Answer + Send + Sync>;

/// Everything a memory mailer took; clones share it.
#[derive(Clone)]
pub struct Memory {
    posted: Arc<Mutex<Vec<Posted>>>,
    script: Script,
}

/// A message in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The key its Message-ID is made from: its outbox row's, or that of several which left as one.
    pub key: String,
    /// The envelope's recipient.
    pub recipient: String,
    /// Headers and body.
    pub bytes: Vec<u8>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::scripted(|_| Answer::Taken)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} messages)", self.posted.lock().unwrap_or_else(PoisonError::into_inner).len())
    }
}

impl Memory {
    /// One that answers each message as `script` says; what it takes is kept, also where the receipt is lost.
    pub fn scripted(script: impl Fn(&Posted) -> Answer + Send + Sync + 'static) -> Self {
        Self { posted: Arc::default(), script: Arc::new(script) }
    }

    /// Everything taken so far, oldest first.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn take(&self, eml: &Eml) -> Outcome {
        let posted = Posted { key: eml.key.clone(), recipient: eml.recipient.to_string(), bytes: eml.bytes.clone() };
        let answer = (self.script)(&posted);
        if matches!(answer, Answer::Taken | Answer::ReceiptLost) {
            self.posted.lock().unwrap_or_else(PoisonError::into_inner).push(posted);
        }
        match answer {
            Answer::Taken => Outcome::Sent("250 kept in memory".into()),
            Answer::ReceiptLost => Outcome::Unknown { says: "the receipt was lost".into() },
            Answer::Later(says) => Outcome::Later { verb: Verb::Rcpt, says },
            Answer::Refused(says) => Outcome::Refused { verb: Verb::Rcpt, says },
            Answer::Down(says) => Outcome::Down { verb: Verb::Connect, says },
            Answer::NotKnown(says) => Outcome::AuthFailed { says },
        }
    }
}

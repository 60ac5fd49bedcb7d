//! Sends what is due: one transaction decides and marks, then the relay is spoken to, then the outcome is recorded.
//!
//! A message that is found marked had its outcome lost; it leaves again under the same Message-ID and says so.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Board, Deadlines, MailError, Mailer, RelayHold, Settings, Templates, Way,
    eml::{self, Copy, Eml},
    first_cycle::{FirstCycle, is_confirmed},
    mailer::{Outcome, Session, Verb},
    parcel::{Parcel, Rules, Taken, take},
    together,
};
use crate::{
    domain::{Calendar, civil_day},
    ledger::{Ledger, OutboxRow},
};

/// Messages one call sends at most, so that its caller can look at the clock and at whether it should stop.
const MOST: usize = 25;

/// Lost connections in a row after which the relay is left alone for a while.
const MOST_LOST: u32 = 3;

/// Everything needed to send the board's mail.
#[derive(Debug, Clone)]
pub struct Mailroom {
    settings: Settings,
    mailer: Mailer,
    data: PathBuf,
    house: Option<Arc<House>>,
    first_cycle: Option<FirstCycle>,
}

/// What is known of the board that writes.
#[derive(Debug)]
struct House {
    templates: Templates,
    board: Board,
    calendar: Arc<Calendar>,
}

/// What one call did, in rows of the outbox; several can have left as one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pumped {
    /// Messages a relay accepted.
    pub sent: usize,
    /// Messages written to the folder.
    pub written: usize,
    /// Messages to be tried again.
    pub later: usize,
    /// Messages that may have left, and leave again.
    pub unknown: usize,
    /// Messages refused for good.
    pub refused: usize,
    /// Messages that were no longer wanted.
    pub superseded: usize,
    /// Why nothing leaves.
    pub held: Option<String>,
    /// Whether more is due: call again.
    pub more: bool,
}

impl Pumped {
    fn count(&mut self, rows: usize, outcome: &Outcome) {
        let counted = match outcome {
            Outcome::Sent(_) => &mut self.sent,
            Outcome::Written(_) => &mut self.written,
            Outcome::Refused { .. } | Outcome::TooLarge { .. } => &mut self.refused,
            Outcome::Unknown { .. } => &mut self.unknown,
            Outcome::Later { .. } | Outcome::Down { .. } | Outcome::Busy { .. } | Outcome::AuthFailed { .. } => {
                &mut self.later
            }
        };
        *counted += rows;
    }
}

/// What is to be done after a transaction.
enum Turn {
    Taken(Taken),
    /// Nothing more should be sent, for this reason.
    Stop(String),
}

impl Mailroom {
    /// Opens the way the settings ask for.
    pub fn open(
        settings: Settings,
        environment: &BTreeMap<String, String>,
        data: &Path,
        deadlines: Deadlines,
    ) -> Result<Self, MailError> {
        let mailer = Mailer::open(&settings, environment, data, deadlines)?;
        Ok(Self::with(settings, mailer, data))
    }

    /// A mailroom with a mailer of one's own.
    pub fn with(settings: Settings, mailer: Mailer, data: &Path) -> Self {
        Self { settings, mailer, data: data.to_owned(), house: None, first_cycle: None }
    }

    /// Gives it the board's wording, with which several messages to one person become one, and its calendar of days off.
    pub fn of_board(self, templates: Templates, board: Board, calendar: Arc<Calendar>) -> Self {
        Self { house: Some(Arc::new(House { templates, board, calendar })), ..self }
    }

    /// Writes what the timetable sends to a folder, until somebody has confirmed the first cycle. Where everything is
    /// written to a folder anyway, nothing is changed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn rehearsing(self, manager: &str) -> Result<Self, MailError> {
        let first_cycle = match self.settings.way {
            Way::Folder(_) => None,
            Way::Smtp(_) | Way::Graph(_) => Some(FirstCycle::open(&self.data, manager)?),
        };
        Ok(Self { first_cycle, ..self })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Goes as far as a message would, without one.
    ///
    /// # Errors
    /// The step that failed, and why.
    pub async fn knock(&self) -> Result<String, (String, String)> {
        self.mailer.knock().await.map_err(|(verb, says)| (verb.to_string(), says))
    }

    /// Sends one message at once, beside the outbox: to try the way out.
    ///
    /// # Errors
    /// Why it did not leave.
    pub async fn send_now(&self, row: &OutboxRow, now: Timestamp) -> Result<String, String> {
        let mut session = self.mailer.session();
        let parcel = Parcel { key: row.key.clone(), rows: vec![row.clone()], again: false };
        let outcome = self.send(&mut session, &parcel, now).await;
        session.close().await;
        match outcome {
            Outcome::Sent(says) | Outcome::Written(says) => Ok(says),
            Outcome::Later { verb, says }
            | Outcome::Refused { verb, says }
            | Outcome::TooLarge { verb, says }
            | Outcome::Busy { verb, says, .. }
            | Outcome::Down { verb, says } => Err(format!("{verb}: {says}")),
            Outcome::AuthFailed { says } | Outcome::Unknown { says } => Err(says),
        }
    }

    /// Sends what is due at `now`, at most a handful; `hold` is a reason to send nothing.
    pub async fn pump(&self, ledger: &Ledger, now: Timestamp, hold: Option<&str>) -> Result<Pumped, MailError> {
        let mut pumped = Pumped { held: hold.map(str::to_owned), ..Pumped::default() };
        if civil_day(now).year() < 2020 {
            pumped.held = Some("the clock of this machine is not set; mail leaves when it is".into());
        }
        if pumped.held.is_some() {
            return Ok(pumped);
        }
        if let Some(hold) = ledger.read(RelayHold::of).await?.filter(|hold| hold.until > now) {
            pumped.held = Some(hold.says);
            return Ok(pumped);
        }
        let rehearses = match &self.first_cycle {
            Some(first_cycle) if !ledger.read(is_confirmed).await? => Some(first_cycle),
            _ => None,
        };
        let mut session = self.mailer.session();
        let rules = Arc::new(Rules {
            together: self.house.is_some(),
            pace: self.settings.pace.clone(),
            calendar: self.house.as_ref().map(|house| (*house.calendar).clone()),
        });
        let mut done: Option<(Parcel, String, Outcome)> = None;
        let mut lost_in_a_row = 0;
        for sent in 0..=MOST {
            // What came of one and the decision on the next are one transaction, durable before the next is handed over.
            let (before, rules, lost_too_often) = (done.take(), rules.clone(), lost_in_a_row >= MOST_LOST);
            let turn = ledger.write(move |txn| {
                if let Some((parcel, id, outcome)) = before
                    && let Some(says) = parcel.record(txn, &id, outcome, lost_too_often, now)?
                {
                    return Ok((Turn::Stop(says), 0));
                }
                if sent == MOST {
                    return Ok((Turn::Taken(Taken::Enough), 0));
                }
                take(txn, &rules, now).map(|(taken, superseded)| (Turn::Taken(taken), superseded))
            });
            let (turn, superseded) = turn.await?;
            pumped.superseded += superseded;
            let parcel = match turn {
                Turn::Taken(Taken::Parcel(parcel)) => parcel,
                Turn::Taken(Taken::Nothing) => break,
                Turn::Taken(Taken::Enough) => {
                    pumped.more = true;
                    break;
                }
                Turn::Stop(says) => {
                    pumped.held = Some(says);
                    break;
                }
            };
            crate::fault::point("mail-after-sending");
            let outcome = match rehearses.filter(|first_cycle| first_cycle.keeps_back(&parcel)) {
                Some(first_cycle) => match self.send(&mut first_cycle.mailer.session(), &parcel, now).await {
                    Outcome::Written(says) => Outcome::Written(format!("the first cycle is a rehearsal; {says}")),
                    outcome => outcome,
                },
                None => self.send(&mut session, &parcel, now).await,
            };
            crate::fault::point("mail-before-settled");
            lost_in_a_row = if outcome.cost_the_connection(&session) { lost_in_a_row + 1 } else { 0 };
            pumped.count(parcel.rows.len(), &outcome);
            let id = self.settings.message_id(&parcel.key);
            done = Some((parcel, id, outcome));
        }
        session.close().await;
        Ok(pumped)
    }

    async fn send(&self, session: &mut Session<'_>, parcel: &Parcel, now: Timestamp) -> Outcome {
        let copy = Copy { again: parcel.again.then(|| parcel.attempts()), ..Copy::default() };
        let whole = self.compose(parcel, copy, now).and_then(|eml| {
            let apart = session.most_at_once().is_some_and(|most| eml.bytes.len() > most);
            if apart { self.compose(parcel, Copy { apart, ..copy }, now) } else { Ok(eml) }
        });
        let eml = match whole {
            Ok(eml) => eml,
            // The file may come back, and the template's slip be mended; what is wrong with the message itself stays wrong.
            Err(error @ (MailError::Attachment { .. } | MailError::Template { .. })) => {
                return Outcome::Later { verb: Verb::Compose, says: error.to_string() };
            }
            Err(error) => return Outcome::Refused { verb: Verb::Compose, says: error.to_string() },
        };
        let first = match self.settings.largest.filter(|largest| eml.size() > *largest) {
            Some(largest) => {
                let says = format!("largest of [mail] is {largest} bytes, the message has {}", eml.size());
                Outcome::TooLarge { verb: Verb::Compose, says }
            }
            None => session.send(&eml).await,
        };
        let Outcome::TooLarge { verb, says } = first else { return first };
        match self.compose(parcel, Copy { without_attachments: true, ..copy }, now) {
            Ok(bare) if bare.size() < eml.size() => match session.send(&bare).await {
                Outcome::TooLarge { verb, says } => Outcome::Refused { verb, says },
                outcome => outcome,
            },
            _ => Outcome::Refused { verb, says },
        }
    }

    fn compose(&self, parcel: &Parcel, copy: Copy, now: Timestamp) -> Result<Eml, MailError> {
        let mut messages =
            parcel.messages().map_err(|e| MailError::Compose(format!("the outbox row does not read back ({e})")))?;
        let message = match (&self.house, messages.len()) {
            (Some(house), 2..) => together::message(messages, &house.templates, &house.board, now)?,
            (None, 2..) => {
                return Err(MailError::Template { name: "together.txt".into(), why: "is not at hand".into() });
            }
            _ => messages.pop().ok_or_else(|| MailError::Compose("nothing is in it".into()))?,
        };
        let files = if copy.without_attachments {
            Vec::new()
        } else {
            message.attachments.iter().map(|file| file.bytes(&self.data)).collect::<Result<_, _>>()?
        };
        let recipient = parcel.rows.first().map_or("", |row| row.recipient.as_str());
        eml::compose(&self.settings, &parcel.key, recipient, &message, files, copy, now)
    }
}

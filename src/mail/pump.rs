//! Sends what is due: one transaction decides and marks, then the relay is spoken to, then the outcome is recorded.
//!
//! A message that is found marked had its outcome lost; it leaves again under the same Message-ID and says so.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    Deadlines, Kind, MailError, Mailer, Message, RelayHold, Settings,
    eml::{self, Copy, Eml},
    mailer::{Outcome, Session, Verb},
    message::without_bytes,
    relay_hold::{MESSAGE_PAUSES, RELAY_PAUSES, SIGN_IN_PAUSES, after},
    wanted,
};
use crate::{
    domain::civil_day,
    ledger::{Ledger, LedgerError, OutboxRow, OutboxState, Txn},
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
}

/// What one call did.
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

/// A message that was decided on.
enum Taken {
    /// Nothing is due.
    Nothing,
    /// It leaves now. `again` says that an earlier attempt may have arrived.
    Send { row: Box<OutboxRow>, again: bool },
    /// It is no longer wanted, and that is recorded.
    Superseded,
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
        Self { settings, mailer, data: data.to_owned() }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
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
        let mut session = self.mailer.session();
        let mut lost_in_a_row = 0;
        pumped.more = true;
        for _ in 0..MOST {
            let (row, again) = match ledger.write(move |txn| take(txn, now)).await? {
                Taken::Nothing => {
                    pumped.more = false;
                    break;
                }
                Taken::Superseded => {
                    pumped.superseded += 1;
                    continue;
                }
                Taken::Send { row, again } => (row, again),
            };
            crate::fault::point("mail-after-sending");
            let outcome = self.send(&mut session, &row, again, now).await;
            crate::fault::point("mail-before-settled");
            lost_in_a_row = if outcome.cost_the_connection(&session) { lost_in_a_row + 1 } else { 0 };
            let stop = record(ledger, row, again, outcome, lost_in_a_row >= MOST_LOST, now, &mut pumped).await?;
            if let Some(says) = stop {
                pumped.held = Some(says);
                pumped.more = false;
                break;
            }
        }
        session.close().await;
        Ok(pumped)
    }

    async fn send(&self, session: &mut Session<'_>, row: &OutboxRow, again: bool, now: Timestamp) -> Outcome {
        let copy = Copy { again: again.then_some(row.attempts), without_attachments: false };
        let eml = match self.compose(row, copy, now) {
            Ok(eml) => eml,
            // The file may come back; what is wrong with the message itself stays wrong.
            Err(error @ MailError::Attachment { .. }) => {
                return Outcome::Later { verb: Verb::Compose, says: error.to_string() };
            }
            Err(error) => return Outcome::Refused { verb: Verb::Compose, says: error.to_string() },
        };
        let first = session.send(&eml).await;
        let Outcome::TooLarge { verb, says } = first else { return first };
        match self.compose(row, Copy { without_attachments: true, ..copy }, now) {
            Ok(bare) if bare.bytes.len() < eml.bytes.len() => match session.send(&bare).await {
                Outcome::TooLarge { verb, says } => Outcome::Refused { verb, says },
                outcome => outcome,
            },
            _ => Outcome::Refused { verb, says },
        }
    }

    fn compose(&self, row: &OutboxRow, copy: Copy, now: Timestamp) -> Result<Eml, MailError> {
        let message: Message = serde_json::from_value(row.message.clone())
            .map_err(|e| MailError::Compose(format!("the outbox row does not read back ({e})")))?;
        let files = if copy.without_attachments {
            Vec::new()
        } else {
            message.attachments.iter().map(|file| file.bytes(&self.data)).collect::<Result<_, _>>()?
        };
        eml::compose(&self.settings, &row.key, &row.recipient, &message, files, copy, now)
    }
}

/// Decides on the next message that is due; when this is durable, the message counts as handed over.
fn take(txn: &Txn<'_>, now: Timestamp) -> Result<Taken, LedgerError> {
    let Some(mut row) = txn.next_to_send(now)? else { return Ok(Taken::Nothing) };
    let again = row.state == OutboxState::Sending;
    if let Ok(kind) = row.kind.parse() {
        let obligation = match row.obligation.as_ref().and_then(|key| key.parse().ok()) {
            Some(key) => txn.obligation(&key)?,
            None => None,
        };
        let overtaken = txn.is_overtaken(&row, &[Kind::DueToday.as_str(), Kind::Overdue.as_str()])?;
        if let Some(why) = wanted::unwanted(kind, &row, obligation.as_ref(), overtaken, now) {
            let says = if again { format!("{why}; an earlier attempt may have arrived") } else { why.to_owned() };
            settle(txn, now, &row, OutboxState::Superseded, &says)?;
            return Ok(Taken::Superseded);
        }
    }
    txn.mark_sending(&row.key)?;
    row.attempts += 1;
    Ok(Taken::Send { row: Box::new(row), again })
}

/// Records the outcome of a message for good; the bytes that went with it are kept no longer.
fn settle(txn: &Txn<'_>, now: Timestamp, row: &OutboxRow, state: OutboxState, says: &str) -> Result<(), LedgerError> {
    txn.settle_message(now, row, state, says)?;
    without_bytes(&row.message).map_or(Ok(()), |kept| txn.keep_of_message(&row.key, &kept))
}

/// Records what came of a message; answers with why nothing more should be sent now.
async fn record(
    ledger: &Ledger,
    row: Box<OutboxRow>,
    again: bool,
    outcome: Outcome,
    lost_too_often: bool,
    now: Timestamp,
    pumped: &mut Pumped,
) -> Result<Option<String>, LedgerError> {
    match &outcome {
        Outcome::Sent(_) => pumped.sent += 1,
        Outcome::Written(_) => pumped.written += 1,
        Outcome::Refused { .. } | Outcome::TooLarge { .. } => pumped.refused += 1,
        Outcome::Unknown { .. } => pumped.unknown += 1,
        Outcome::Later { .. } | Outcome::Down { .. } | Outcome::AuthFailed { .. } => pumped.later += 1,
    }
    ledger
        .write(move |txn| {
            // Once a copy may have arrived, every further one is marked.
            let waiting = if again { OutboxState::Sending } else { OutboxState::Queued };
            let next_at = after(now, MESSAGE_PAUSES, row.attempts);
            let hold = |verb: Verb, says: String, pauses: &[i64]| {
                let hold = RelayHold::begin(txn, now, pauses, verb, &says)?;
                txn.retry_message(&row.key, waiting, hold.until, &verb.to_string(), &says)?;
                Ok(Some(says))
            };
            let retry = |state: OutboxState, verb: Verb, says: String| {
                txn.retry_message(&row.key, state, next_at, &verb.to_string(), &says)?;
                if !lost_too_often {
                    return Ok(None);
                }
                RelayHold::begin(txn, now, RELAY_PAUSES, verb, &says)?;
                Ok(Some(says))
            };
            match outcome {
                Outcome::Sent(reply) => {
                    RelayHold::end(txn)?;
                    settle(txn, now, &row, OutboxState::Sent, &reply)?;
                }
                Outcome::Written(says) => {
                    RelayHold::end(txn)?;
                    settle(txn, now, &row, OutboxState::Written, &says)?;
                }
                Outcome::Refused { verb, says } | Outcome::TooLarge { verb, says } => {
                    settle(txn, now, &row, OutboxState::Refused, &format!("{verb}: {says}"))?;
                }
                Outcome::Down { verb, says } => return hold(verb, says, RELAY_PAUSES),
                Outcome::AuthFailed { says } => return hold(Verb::Auth, says, SIGN_IN_PAUSES),
                Outcome::Later { verb, says } => return retry(waiting, verb, says),
                Outcome::Unknown { says } => return retry(OutboxState::Sending, Verb::Dot, says),
            }
            Ok(None)
        })
        .await
}

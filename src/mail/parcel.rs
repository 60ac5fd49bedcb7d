//! What leaves as one message, decided in one transaction: one row of the outbox, or several of the chase to one person.

use jiff::{SignedDuration, Timestamp};

use super::{
    Kind, Message, RelayHold,
    mailer::{Outcome, Verb},
    message::without_bytes,
    quiet::{self, Pace},
    relay_hold::{MESSAGE_PAUSES, RELAY_PAUSES, SIGN_IN_PAUSES, after},
    together, wanted,
};
use crate::{
    domain::{Calendar, civil_day, london},
    ledger::{LedgerError, OutboxRow, OutboxState, Txn},
};

/// So many rows are put aside in one transaction before it is ended.
const MOST_PUT_ASIDE: usize = 200;

/// What decides whether and with what a message leaves, beside the ledger.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Whether several to one person make one message.
    pub together: bool,
    pub pace: Pace,
    pub calendar: Option<Calendar>,
}

/// The rows of one message, taken and marked.
#[derive(Debug)]
pub(super) struct Parcel {
    /// What its Message-ID is made from.
    pub key: String,
    pub rows: Vec<OutboxRow>,
    /// Whether an earlier attempt may have arrived.
    pub again: bool,
}

/// What was decided on.
pub(super) enum Taken {
    /// This leaves now.
    Parcel(Parcel),
    /// Nothing is due.
    Nothing,
    /// Enough was put aside for one transaction.
    Enough,
}

/// Decides on the next message that is due; when this is durable, its rows count as handed over. Says how many rows were
/// no longer wanted.
pub(super) fn take(txn: &Txn<'_>, rules: &Rules, now: Timestamp) -> Result<(Taken, usize), LedgerError> {
    let (mut superseded, mut put_aside) = (0, 0);
    while put_aside < MOST_PUT_ASIDE {
        let Some(row) = txn.next_to_send(now)? else { return Ok((Taken::Nothing, superseded)) };
        let again = row.state == OutboxState::Sending;
        let bundle = row.bundle.clone().filter(|_| again);
        let mut rows = Vec::new();
        for row in beside(txn, rules, row, bundle.as_deref(), now)? {
            if let Some(why) = unwanted(txn, &row, now)? {
                let says = if again { format!("{why}; an earlier attempt may have arrived") } else { why.to_owned() };
                settle(txn, now, &row, OutboxState::Superseded, &says, None)?;
                superseded += 1;
                put_aside += 1;
            } else if let Some((until, why)) = waits(txn, rules, &row, now)? {
                txn.wait_message(&row.key, until, why)?;
                put_aside += 1;
            } else {
                rows.push(row);
            }
        }
        let Some(first) = rows.first() else { continue };
        // What may have arrived keeps its Message-ID, whatever is left of it.
        let bundle = bundle.or_else(|| (rows.len() > 1).then(|| together::key(&first.key)));
        let key = bundle.clone().unwrap_or_else(|| first.key.clone());
        for row in &mut rows {
            txn.mark_sending(&row.key, bundle.as_deref())?;
            row.attempts += 1;
        }
        return Ok((Taken::Parcel(Parcel { key, rows, again }), superseded));
    }
    Ok((Taken::Enough, superseded))
}

/// A row and those that leave with it: as they left before, or all that wait for the same person now, of each return one.
fn beside(
    txn: &Txn<'_>,
    rules: &Rules,
    row: OutboxRow,
    bundle: Option<&str>,
    now: Timestamp,
) -> Result<Vec<OutboxRow>, LedgerError> {
    if let Some(bundle) = bundle {
        let rows = txn.bundled(bundle)?;
        return Ok(rows.into_iter().filter(|row| row.state == OutboxState::Sending).collect());
    }
    if !rules.together || row.state == OutboxState::Sending || !can_leave_together(&row) {
        return Ok(vec![row]);
    }
    let others = txn.due_beside(&row, &together::KINDS.map(Kind::as_str), now, together::MOST - 1)?;
    let mut rows = vec![row];
    for other in others.into_iter().filter(can_leave_together) {
        if rows.iter().all(|row| row.obligation != other.obligation) {
            rows.push(other);
        }
    }
    Ok(rows)
}

fn can_leave_together(row: &OutboxRow) -> bool {
    let is_one = row.kind.parse().is_ok_and(|kind| together::KINDS.contains(&kind));
    is_one && row.obligation.is_some() && row.message.get("owed").is_some_and(|owed| !owed.is_null())
}

fn unwanted(txn: &Txn<'_>, row: &OutboxRow, now: Timestamp) -> Result<Option<&'static str>, LedgerError> {
    let Ok(kind) = row.kind.parse() else { return Ok(None) };
    let obligation = match row.obligation.as_ref().and_then(|key| key.parse().ok()) {
        Some(key) => txn.obligation(&key)?,
        None => None,
    };
    let overtaken = txn.is_overtaken(row, &wanted::LATER.map(Kind::as_str))?;
    Ok(wanted::unwanted(kind, row, obligation.as_ref(), overtaken, now))
}

fn waits(
    txn: &Txn<'_>,
    rules: &Rules,
    row: &OutboxRow,
    now: Timestamp,
) -> Result<Option<(Timestamp, &'static str)>, LedgerError> {
    let Ok(kind) = row.kind.parse() else { return Ok(None) };
    // One that may have arrived already is among those of its day.
    let counted = rules.pace.most_a_day.is_some() && quiet::is_counted(kind) && row.state == OutboxState::Queued;
    let left_today = if counted {
        let midnight = civil_day(now).to_zoned(london()).map_or(now, |midnight| midnight.timestamp());
        txn.left_since(&row.recipient, &Kind::TO_LEAD.map(Kind::as_str), midnight)?
    } else {
        0
    };
    Ok(rules.pace.waits(kind, left_today, rules.calendar.as_ref(), now))
}

impl Parcel {
    /// Which attempt it is.
    pub fn attempts(&self) -> u32 {
        self.rows.iter().map(|row| row.attempts).max().unwrap_or(1)
    }

    /// The messages of its rows.
    pub fn messages(&self) -> Result<Vec<Message>, serde_json::Error> {
        self.rows.iter().map(|row| serde_json::from_value(row.message.clone())).collect()
    }

    /// Records for each of its rows what came of it, with the Message-ID it left under; answers with why nothing more should
    /// be sent now.
    pub fn record(
        &self,
        txn: &Txn<'_>,
        message_id: &str,
        outcome: Outcome,
        lost_too_often: bool,
        now: Timestamp,
    ) -> Result<Option<String>, LedgerError> {
        // Once a copy may have arrived, every further one is marked.
        let waiting = if self.again { OutboxState::Sending } else { OutboxState::Queued };
        let hold = |verb: Verb, says: String, pauses: &[i64], least: SignedDuration| {
            let hold = RelayHold::begin(txn, now, pauses, least, verb, &says)?;
            self.retry(txn, waiting, hold.until, verb, &says)?;
            Ok(Some(says))
        };
        let retry = |state: OutboxState, verb: Verb, says: String, at: Timestamp| {
            self.retry(txn, state, at, verb, &says)?;
            if !lost_too_often {
                return Ok(None);
            }
            RelayHold::begin(txn, now, RELAY_PAUSES, SignedDuration::ZERO, verb, &says)?;
            Ok(Some(says))
        };
        let next_at = after(now, MESSAGE_PAUSES, self.attempts());
        match outcome {
            Outcome::Sent(reply) => {
                RelayHold::end(txn)?;
                self.settle(txn, now, OutboxState::Sent, &reply, message_id)?;
            }
            Outcome::Written(says) => {
                RelayHold::end(txn)?;
                self.settle(txn, now, OutboxState::Written, &says, message_id)?;
            }
            Outcome::Refused { verb, says } | Outcome::TooLarge { verb, says } => {
                self.settle(txn, now, OutboxState::Refused, &format!("{verb}: {says}"), message_id)?;
            }
            Outcome::Down { verb, says } => return hold(verb, says, RELAY_PAUSES, SignedDuration::ZERO),
            Outcome::Busy { verb, says, wait } => return hold(verb, says, RELAY_PAUSES, wait),
            Outcome::AuthFailed { says } => return hold(Verb::Auth, says, SIGN_IN_PAUSES, SignedDuration::ZERO),
            Outcome::Later { verb, says } => return retry(waiting, verb, says, next_at),
            Outcome::Unknown { says } => return retry(OutboxState::Sending, Verb::Dot, says, next_at),
        }
        Ok(None)
    }

    fn retry(
        &self,
        txn: &Txn<'_>,
        state: OutboxState,
        at: Timestamp,
        verb: Verb,
        says: &str,
    ) -> Result<(), LedgerError> {
        self.rows.iter().try_for_each(|row| txn.retry_message(&row.key, state, at, &verb.to_string(), says))
    }

    fn settle(
        &self,
        txn: &Txn<'_>,
        now: Timestamp,
        state: OutboxState,
        says: &str,
        message_id: &str,
    ) -> Result<(), LedgerError> {
        self.rows.iter().try_for_each(|row| settle(txn, now, row, state, says, Some(message_id.to_owned())))
    }
}

/// Records the outcome of a message for good; the bytes that went with it are kept no longer.
fn settle(
    txn: &Txn<'_>,
    now: Timestamp,
    row: &OutboxRow,
    state: OutboxState,
    says: &str,
    message_id: Option<String>,
) -> Result<(), LedgerError> {
    txn.settle_message(now, row, state, says, message_id)?;
    without_bytes(&row.message).map_or(Ok(()), |kept| txn.keep_of_message(&row.key, &kept))
}

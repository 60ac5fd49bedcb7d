//! Messages on their way: each exists here before anybody speaks SMTP, and its outcome is recorded after.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{Event, LedgerError, Result, Txn, instant};

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxState {
    /// Waiting for its turn.
    Queued,
    /// Handed to the relay; the answer is not known yet. Found at start, it is sent again under the same Message-ID.
    Sending,
    /// The relay accepted it.
    Sent,
    /// Written to a folder: not sent, and no evidence that anybody was told.
    Written,
    /// The relay refused it for good.
    Refused,
    /// What it asked for arrived before it left.
    Superseded,
}

impl OutboxState {
    /// The word as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Written => "written",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Queued, Self::Sending, Self::Sent, Self::Written, Self::Refused, Self::Superseded]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| LedgerError::Unreadable { what: "a message's state", why: text.into() })
    }
}

/// One message to one recipient.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// What makes it unique: kind, obligation, rung, recipient. Its Message-ID is made from this.
    pub key: String,
    /// The kind of message: `notice`, `reminder`, `answer`, `pack` …
    pub kind: String,
    /// The obligation it speaks of.
    pub obligation: Option<String>,
    /// The address.
    pub recipient: String,
    /// The message itself, as the mail stage wrote it down.
    pub message: serde_json::Value,
    /// When it was put here.
    pub enqueued_at: Timestamp,
    /// How far it has come.
    pub state: OutboxState,
    /// Tries so far.
    pub attempts: u32,
    /// Not tried before this instant.
    pub next_at: Timestamp,
    /// The relay's last words, or where it was written.
    pub says: Option<String>,
    /// When its outcome became known.
    pub settled_at: Option<Timestamp>,
    /// The key of the message in which it leaves together with others of the same person.
    pub bundle: Option<String>,
}

impl OutboxRow {
    /// One that is to leave from `now` on, and speaks of no obligation.
    pub fn new(key: String, kind: &str, recipient: &str, message: serde_json::Value, now: Timestamp) -> Self {
        Self {
            key,
            kind: kind.to_owned(),
            obligation: None,
            recipient: recipient.to_owned(),
            message,
            enqueued_at: now,
            state: OutboxState::Queued,
            attempts: 0,
            next_at: now,
            says: None,
            settled_at: None,
            bundle: None,
        }
    }
}

/// What SQL is told of a message is made from this: its text is not among it, and its address is not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHead {
    /// What makes it unique.
    pub key: String,
    /// The address.
    pub recipient: String,
    /// The relay's last words.
    pub says: Option<String>,
    /// The Message-ID it left under, if that was recorded.
    pub message_id: Option<String>,
    /// The kind of message.
    pub kind: String,
    /// The obligation it speaks of.
    pub obligation: Option<String>,
    /// When it was put into the outbox.
    pub enqueued_at: Timestamp,
    /// How far it has come.
    pub state: OutboxState,
    /// When its outcome became known.
    pub settled_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "key, kind, obligation, recipient, message, enqueued_at, state, attempts, next_at, says, settled_at, bundle";

impl Txn<'_> {
    /// Puts a message into the outbox; the same key is put in once, whatever happens.
    pub fn enqueue(&self, row: &OutboxRow) -> Result<bool> {
        let added = self.0.execute(
            "INSERT OR IGNORE INTO outbox (key, kind, obligation, recipient, message, enqueued_at, state, next_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7)",
            params![
                row.key,
                row.kind,
                row.obligation,
                row.recipient,
                serde_json::to_string(&row.message)?,
                row.enqueued_at.to_string(),
                row.next_at.to_string()
            ],
        )?;
        Ok(added == 1)
    }

    /// The next message to leave by `now`, oldest first.
    pub fn next_to_send(&self, now: Timestamp) -> Result<Option<OutboxRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox WHERE id =
               (SELECT id FROM outbox INDEXED BY outbox_waiting
                WHERE state IN ('queued', 'sending') AND next_at <= ?1 ORDER BY id LIMIT 1)"
        ))?;
        statement.query_row([now.to_string()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Up to `most` other messages of these kinds that wait for the same person and may leave by `now`, oldest first.
    pub fn due_beside(&self, row: &OutboxRow, kinds: &[&str], now: Timestamp, most: u32) -> Result<Vec<OutboxRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox INDEXED BY outbox_by_person
             WHERE recipient = ?1 AND kind IN (SELECT value FROM json_each(?2)) AND state = 'queued' AND next_at <= ?3
               AND key <> ?4
             ORDER BY id LIMIT ?5"
        ))?;
        let kinds = serde_json::to_string(kinds)?;
        let rows =
            statement.query_map(params![row.recipient, kinds, now.to_string(), row.key, most], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The rows that left, or leave, as one message, oldest first.
    pub fn bundled(&self, bundle: &str) -> Result<Vec<OutboxRow>> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE bundle = ?1 ORDER BY id"))?;
        let rows = statement.query_map([bundle], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Messages of these kinds that were refused since an instant and of which nobody was told.
    pub fn refused_and_untold(&self, kinds: &[&str], since: Timestamp) -> Result<Vec<OutboxRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox
             WHERE state = 'refused' AND kind IN (SELECT value FROM json_each(?1)) AND settled_at >= ?2
               AND NOT EXISTS (SELECT 1 FROM occurrences WHERE occurrences.key = 'refused/' || outbox.key)
             ORDER BY id"
        ))?;
        let kinds = serde_json::to_string(kinds)?;
        let rows = statement.query_map(params![kinds, since.to_string()], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// How many messages of these kinds left for a person since an instant; several that left as one are one.
    pub fn left_since(&self, recipient: &str, kinds: &[&str], since: Timestamp) -> Result<u32> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(DISTINCT coalesce(bundle, key)) FROM outbox INDEXED BY outbox_by_person
             WHERE recipient = ?1 AND kind IN (SELECT value FROM json_each(?2)) AND state IN ('sent', 'written')
               AND settled_at >= ?3",
        )?;
        let kinds = serde_json::to_string(kinds)?;
        Ok(statement.query_row(params![recipient, kinds, since.to_string()], |row| row.get(0))?)
    }

    /// Whether a later message of one of these kinds waits for the same person about the same obligation.
    pub fn is_overtaken(&self, row: &OutboxRow, by: &[&str]) -> Result<bool> {
        let mut statement = self.0.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_by_person
             WHERE recipient = ?1 AND kind IN (SELECT value FROM json_each(?2)) AND state IN ('queued', 'sending')
               AND obligation = ?3 AND id > (SELECT id FROM outbox WHERE key = ?4))",
        )?;
        let kinds = serde_json::to_string(by)?;
        Ok(statement.query_row(params![row.recipient, kinds, row.obligation, row.key], |row| row.get(0))?)
    }

    /// Marks a message as handed to the relay, alone or as part of a bundle; this is the instant that decides whether it was
    /// still wanted.
    pub fn mark_sending(&self, key: &str, bundle: Option<&str>) -> Result<()> {
        let mut statement = self.0.prepare_cached(
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1, bundle = ?2 WHERE key = ?1",
        )?;
        statement.execute(params![key, bundle])?;
        Ok(())
    }

    /// Has a message wait until an instant; that is no try.
    pub fn wait_message(&self, key: &str, until: Timestamp, why: &str) -> Result<()> {
        self.0.execute(
            "UPDATE outbox SET next_at = ?2, says = ?3 WHERE key = ?1",
            params![key, until.to_string(), why],
        )?;
        Ok(())
    }

    /// Puts a message back for another try. One that certainly did not leave is bundled afresh.
    pub fn retry_message(
        &self,
        key: &str,
        state: OutboxState,
        next_at: Timestamp,
        verb: &str,
        says: &str,
    ) -> Result<()> {
        self.0.execute(
            "UPDATE outbox SET state = ?2, next_at = ?3, verb = ?4, says = ?5,
                    bundle = CASE WHEN ?2 = 'sending' THEN bundle END
             WHERE key = ?1",
            params![key, state.as_str(), next_at.to_string(), verb, says],
        )?;
        Ok(())
    }

    /// Holds every waiting message until `until`, as after a failed sign-in to the relay.
    pub fn hold_outbox(&self, until: Timestamp) -> Result<()> {
        self.0.execute(
            "UPDATE outbox SET next_at = ?1 WHERE state IN ('queued', 'sending') AND next_at < ?1",
            [until.to_string()],
        )?;
        Ok(())
    }

    /// Records the outcome of a message for good; `message_id` is the one it left under, where it left.
    pub fn settle_message(
        &self,
        at: Timestamp,
        row: &OutboxRow,
        state: OutboxState,
        says: &str,
        message_id: Option<String>,
    ) -> Result<()> {
        let mut statement =
            self.0.prepare_cached("UPDATE outbox SET state = ?2, says = ?3, settled_at = ?4 WHERE key = ?1")?;
        statement.execute(params![row.key, state.as_str(), says, at.to_string()])?;
        let subject = row.obligation.clone().unwrap_or_else(|| format!("message/{}", row.key));
        let (key, outcome) = (row.key.clone(), state.as_str().to_owned());
        let event = Event::MessageSettled { key, outcome, says: says.to_owned(), message_id };
        self.append(at, &subject, "daemon", &event)?;
        Ok(())
    }

    /// Puts what is kept of a message whose outcome is known in the place of the message.
    pub fn keep_of_message(&self, key: &str, message: &serde_json::Value) -> Result<()> {
        self.0.execute("UPDATE outbox SET message = ?2 WHERE key = ?1", params![key, message.to_string()])?;
        Ok(())
    }

    /// The next instant at which a message may leave.
    pub fn next_message_at(&self) -> Result<Option<Timestamp>> {
        let at: Option<String> =
            self.0.query_row("SELECT min(next_at) FROM outbox WHERE state IN ('queued', 'sending')", [], |row| {
                row.get(0)
            })?;
        at.map(|at| instant(&at)).transpose()
    }

    /// One message.
    pub fn message(&self, key: &str) -> Result<Option<OutboxRow>> {
        let found = self
            .0
            .query_row(&format!("SELECT {COLUMNS} FROM outbox WHERE key = ?1"), [key], |row| Ok(read(row)))
            .optional()?;
        found.transpose()
    }

    /// The messages about one obligation, oldest first.
    pub fn messages_of(&self, obligation: &str) -> Result<Vec<OutboxRow>> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE obligation = ?1 ORDER BY id"))?;
        let rows = statement.query_map([obligation], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Every message without its body, oldest first.
    pub fn message_heads(&self) -> Result<Vec<MessageHead>> {
        let mut statement = self.0.prepare_cached(
            "SELECT kind, obligation, enqueued_at, state, settled_at, key, recipient, says,
                    (SELECT max(json_extract(payload, '$.message_id')) FROM events
                     WHERE subject = coalesce(obligation, 'message/' || key) AND kind = 'message_settled'
                       AND json_extract(payload, '$.key') = key)
             FROM outbox ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((
                (row.get(0)?, row.get(1)?),
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, Option<String>>(4)?,
                (row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?),
            ))
        })?;
        rows.map(|row| {
            let ((kind, obligation), enqueued_at, state, settled_at, (key, recipient, says, message_id)) = row?;
            Ok(MessageHead {
                key,
                recipient,
                says,
                message_id,
                kind,
                obligation,
                enqueued_at: instant(&enqueued_at)?,
                state: OutboxState::parse(&state)?,
                settled_at: settled_at.map(|at| instant(&at)).transpose()?,
            })
        })
        .collect()
    }

    /// The first messages that have not left, oldest first.
    pub fn waiting_messages(&self, most: i64) -> Result<Vec<OutboxRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox WHERE state IN ('queued', 'sending') ORDER BY id LIMIT ?1"
        ))?;
        let rows = statement.query_map([most], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// How many messages have come to a state.
    pub fn messages_in(&self, state: OutboxState) -> Result<i64> {
        Ok(self.0.query_row("SELECT count(*) FROM outbox WHERE state = ?1", [state.as_str()], |row| row.get(0))?)
    }

    /// Every message, oldest first.
    pub fn messages(&self) -> Result<Vec<OutboxRow>> {
        let mut statement = self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox ORDER BY id"))?;
        let rows = statement.query_map([], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<OutboxRow> {
    let settled: Option<String> = row.get(10)?;
    Ok(OutboxRow {
        key: row.get(0)?,
        kind: row.get(1)?,
        obligation: row.get(2)?,
        recipient: row.get(3)?,
        message: serde_json::from_str(&row.get::<_, String>(4)?)?,
        enqueued_at: instant(&row.get::<_, String>(5)?)?,
        state: OutboxState::parse(&row.get::<_, String>(6)?)?,
        attempts: row.get(7)?,
        next_at: instant(&row.get::<_, String>(8)?)?,
        says: row.get(9)?,
        settled_at: settled.map(|at| instant(&at)).transpose()?,
        bundle: row.get(11)?,
    })
}

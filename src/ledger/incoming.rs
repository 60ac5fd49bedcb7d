//! Messages that came into the mailbox: what became of each, and which submissions its files are.
//!
//! A message's words are not here; its subject is, for the person who decides on it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{LedgerError, ObligationKey, Result, Txn, instant};
use crate::domain::AgencyId;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncomingState {
    /// Its plan is written down and not carried out yet.
    Planned,
    /// Nothing more is to be done with it.
    Done,
    /// A person was told of it and reads it.
    PassedOn,
    /// A person is to decide on it.
    Held,
    /// A person decided that it is taken.
    Accepted,
    /// A person decided that it is not.
    Refused,
    /// Nobody waits for an answer to it.
    Ignored,
}

impl IncomingState {
    const ALL: [Self; 7] =
        [Self::Planned, Self::Done, Self::PassedOn, Self::Held, Self::Accepted, Self::Refused, Self::Ignored];

    /// The word as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Done => "done",
            Self::PassedOn => "passed_on",
            Self::Held => "held",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
        }
    }

    /// Whether a person is to look at the message itself.
    pub fn is_for_a_person(self) -> bool {
        matches!(self, Self::PassedOn | Self::Held | Self::Accepted | Self::Refused)
    }
}

/// What is to be done with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its files by number, and what each is offered for.
    pub offers: Vec<(usize, ObligationKey)>,
    /// What it says there is nothing to report for, and why.
    pub nil: Option<(ObligationKey, String)>,
    /// What it is once that is done.
    pub then: IncomingState,
    /// Its Message-ID, without brackets: what is said about it answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// What is known of a message when it has been read.
#[derive(Debug, Clone)]
pub struct NewIncoming {
    /// What makes it the same message when it comes again.
    pub identity: String,
    /// The address it says it is from; empty if it names none.
    pub sender: String,
    /// The name beside it.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The digest of the message in the landing archive, where it was kept.
    pub sha256: Option<String>,
    /// Whether its sender may be written to.
    pub answerable: bool,
    /// Why a person is to look at it.
    pub why: Option<String>,
    /// What is to be done with it.
    pub plan: Plan,
}

/// One message.
#[derive(Debug, Clone)]
pub struct IncomingRow {
    /// Its number.
    pub id: i64,
    /// When it was read.
    pub arrived_at: Timestamp,
    /// How far it has come.
    pub state: IncomingState,
    /// What was known of it.
    pub known: NewIncoming,
}

const COLUMNS: &str = "id, identity, arrived_at, sender, name, subject, sha256, answerable, state, why, plan";

impl Txn<'_> {
    /// The number that the next message gets.
    pub fn next_incoming(&self) -> Result<i64> {
        Ok(self.0.query_row("SELECT coalesce(max(id), 0) + 1 FROM incoming", [], |row| row.get(0))?)
    }

    /// Records a message whose plan is to be carried out, under its number.
    pub fn add_incoming(&self, at: Timestamp, id: i64, new: &NewIncoming) -> Result<()> {
        self.0.execute(
            "INSERT INTO incoming (id, identity, arrived_at, sender, name, subject, sha256, answerable, state, why, plan)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'planned', ?9, ?10)",
            params![
                id,
                new.identity,
                at.to_string(),
                new.sender,
                new.name,
                new.subject,
                new.sha256,
                new.answerable,
                new.why,
                serde_json::to_string(&new.plan)?
            ],
        )?;
        Ok(())
    }

    /// Records what became of a message.
    pub fn settle_incoming(&self, id: i64, state: IncomingState) -> Result<()> {
        self.0.execute("UPDATE incoming SET state = ?2 WHERE id = ?1", params![id, state.as_str()])?;
        Ok(())
    }

    /// The message that is this one.
    pub fn incoming_like(&self, identity: &str) -> Result<Option<IncomingRow>> {
        Ok(self.incoming_where("identity = ?1", [identity])?.pop())
    }

    /// One message.
    pub fn incoming(&self, id: i64) -> Result<Option<IncomingRow>> {
        Ok(self.incoming_where("id = ?1", [id])?.pop())
    }

    /// The messages that a person is to decide on, oldest first.
    pub fn held_incoming(&self) -> Result<Vec<IncomingRow>> {
        self.incoming_where("state = 'held'", [])
    }

    /// How many messages of a sender arrived since an instant.
    pub fn incoming_since(&self, sender: &str, since: Timestamp) -> Result<i64> {
        Ok(self.0.query_row(
            "SELECT count(*) FROM incoming WHERE sender = ?1 AND arrived_at >= ?2",
            params![sender, since.to_string()],
            |row| row.get(0),
        )?)
    }

    /// Records which submission a file of a message is.
    pub fn take_part(&self, message: i64, part: usize, submission: i64) -> Result<()> {
        self.0.execute(
            "INSERT INTO incoming_parts (message, part, submission) VALUES (?1, ?2, ?3)",
            params![message, part_number(part), submission],
        )?;
        Ok(())
    }

    /// The submission that a file of a message is.
    pub fn part_taken(&self, message: i64, part: usize) -> Result<Option<i64>> {
        Ok(self
            .0
            .query_row(
                "SELECT submission FROM incoming_parts WHERE message = ?1 AND part = ?2",
                params![message, part_number(part)],
                |row| row.get(0),
            )
            .optional()?)
    }

    /// Who sent the message that a submission came in, if it came in one and its sender may be written to: name, address.
    pub fn sender_of(&self, submission: i64) -> Result<Option<(String, String)>> {
        Ok(self
            .0
            .query_row(
                "SELECT name, sender FROM incoming JOIN incoming_parts ON message = id
                 WHERE submission = ?1 AND answerable AND sender <> ''",
                [submission],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?)
    }

    /// The Message-ID of the message that a submission came in, without brackets.
    pub fn message_id_of(&self, submission: i64) -> Result<Option<String>> {
        let plan: Option<String> = self
            .0
            .query_row(
                "SELECT plan FROM incoming JOIN incoming_parts ON message = id WHERE submission = ?1",
                [submission],
                |row| row.get(0),
            )
            .optional()?;
        let plan: Option<Plan> = plan.map(|plan| serde_json::from_str(&plan)).transpose()?;
        Ok(plan.and_then(|plan| plan.message_id))
    }

    /// Remembers that an address belongs to an agency.
    pub fn remember_sender(&self, at: Timestamp, address: &str, agency: &AgencyId, actor: &str) -> Result<()> {
        self.0.execute(
            "INSERT INTO senders (address, agency, decided_at, actor) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (address) DO UPDATE SET agency = ?2, decided_at = ?3, actor = ?4",
            params![address, agency.as_str(), at.to_string(), actor],
        )?;
        Ok(())
    }

    /// The agency that an address was said to belong to.
    pub fn remembered_sender(&self, address: &str) -> Result<Option<AgencyId>> {
        let agency: Option<String> = self
            .0
            .query_row("SELECT agency FROM senders WHERE address = ?1", [address], |row| row.get(0))
            .optional()?;
        let unreadable = |agency: String| LedgerError::Unreadable { what: "an agency", why: agency };
        agency.map(|agency| agency.parse().map_err(|_| unreadable(agency))).transpose()
    }

    /// The key and the obligation of every message in the outbox. One that left for several rows speaks of none of them alone.
    pub fn message_keys(&self) -> Result<Vec<(String, Option<String>)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT key, obligation FROM outbox
             UNION ALL SELECT DISTINCT bundle, NULL FROM outbox WHERE bundle IS NOT NULL",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn incoming_where(&self, filter: &str, parameters: impl rusqlite::Params) -> Result<Vec<IncomingRow>> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM incoming WHERE {filter} ORDER BY id"))?;
        let rows = statement.query_map(parameters, |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn part_number(part: usize) -> i64 {
    i64::try_from(part).unwrap_or(i64::MAX)
}

fn read(row: &Row<'_>) -> Result<IncomingRow> {
    let state: String = row.get(8)?;
    let known = IncomingState::ALL.into_iter().find(|known| known.as_str() == state);
    Ok(IncomingRow {
        id: row.get(0)?,
        arrived_at: instant(&row.get::<_, String>(2)?)?,
        state: known.ok_or(LedgerError::Unreadable { what: "a message's state", why: state })?,
        known: NewIncoming {
            identity: row.get(1)?,
            sender: row.get(3)?,
            name: row.get(4)?,
            subject: row.get(5)?,
            sha256: row.get(6)?,
            answerable: row.get(7)?,
            why: row.get(9)?,
            plan: serde_json::from_str(&row.get::<_, String>(10)?)?,
        },
    })
}

//! The events of a subject with who acted and their links in the chain, as evidence shows them, and all events without
//! what they say, as SQL shows them.

use jiff::Timestamp;

use super::{Event, Result, Txn, instant};

/// One event with its place in the chain.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its number.
    pub seq: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Its kind, in one word.
    pub kind: String,
    /// Who acted: the daemon, the mailbox, or a person.
    pub actor: String,
    /// What happened; none if that was destroyed.
    pub event: Option<Event>,
    /// The chain's link at it.
    pub chain: String,
}

/// What is told of an event in SQL: not what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    /// Its number.
    pub seq: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Its kind, in one word.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// Who acted.
    pub actor: String,
}

impl Txn<'_> {
    /// The events of one subject, oldest first, those whose payload was destroyed among them.
    pub fn links_of(&self, subject: &str) -> Result<Vec<Link>> {
        let mut statement = self.0.prepare_cached(
            "SELECT seq, at, kind, actor, payload, chain FROM events WHERE subject = ?1 ORDER BY seq",
        )?;
        let mut rows = statement.query([subject])?;
        let mut links = Vec::new();
        while let Some(row) = rows.next()? {
            let payload: Option<String> = row.get(4)?;
            links.push(Link {
                seq: row.get(0)?,
                at: instant(&row.get::<_, String>(1)?)?,
                kind: row.get(2)?,
                actor: row.get(3)?,
                event: payload.map(|payload| serde_json::from_str(&payload)).transpose()?,
                chain: row.get(5)?,
            });
        }
        Ok(links)
    }

    /// Every event up to a number, oldest first, without what it says.
    pub fn event_heads(&self, until: i64) -> Result<Vec<EventHead>> {
        let mut statement =
            self.0.prepare_cached("SELECT seq, at, kind, subject, actor FROM events WHERE seq <= ?1 ORDER BY seq")?;
        let mut rows = statement.query([until])?;
        let mut heads = Vec::new();
        while let Some(row) = rows.next()? {
            heads.push(EventHead {
                seq: row.get(0)?,
                at: instant(&row.get::<_, String>(1)?)?,
                kind: row.get(2)?,
                subject: row.get(3)?,
                actor: row.get(4)?,
            });
        }
        Ok(heads)
    }
}

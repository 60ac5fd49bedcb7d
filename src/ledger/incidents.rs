//! Files in which identities were found where there should be none: what kind, sealed for whom, destroyed when.
//!
//! No content, and no name of a file. The event that opens an incident, the sealed key and the end of the ordinary key are
//! one transaction, so that the ledger never says sealed while the extract can be read.

use jiff::{Timestamp, civil::Date};
use rusqlite::{OptionalExtension, Row, params};

use super::{Event, LedgerError, Result, Txn, instant};

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: i64,
    /// The submission.
    pub submission: i64,
    /// The digest of the extract.
    pub sha256: String,
    /// When it was found.
    pub opened_at: Timestamp,
    /// The day on which the extract is destroyed.
    pub destroy_on: Date,
    /// What was found: the words of the kinds.
    pub kinds: Vec<String>,
    /// For whom the key is sealed: an age recipient, or [`MASTER`].
    pub sealed_for: String,
    /// The extract's key, sealed; none once it is destroyed.
    pub sealed_key: Option<Vec<u8>>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// By whom.
    pub closed_by: Option<String>,
}

/// Who a key is sealed for where no custodian is named: the archive's own key, which no command uses for it.
pub const MASTER: &str = "master";

const COLUMNS: &str =
    "id, submission, sha256, opened_at, destroy_on, kinds, sealed_for, sealed_key, closed_at, closed_by";

impl Txn<'_> {
    /// The number the next incident gets.
    pub fn next_incident(&self) -> Result<i64> {
        Ok(self.0.query_row("SELECT coalesce(max(id), 0) + 1 FROM incidents", [], |row| row.get(0))?)
    }

    /// Records an incident and, in the same transaction, takes away the key that opened the extract, unless `shared`: then
    /// an accepted submission of another return rests on the same bytes.
    ///
    /// # Errors
    /// When the number or the submission has an incident already.
    pub fn open_incident(&self, subject: &str, incident: &Incident, shared: bool) -> Result<()> {
        self.0.execute(
            &format!("INSERT INTO incidents ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL)"),
            params![
                incident.id,
                incident.submission,
                incident.sha256,
                incident.opened_at.to_string(),
                incident.destroy_on.to_string(),
                incident.kinds.join(" "),
                incident.sealed_for,
                incident.sealed_key,
            ],
        )?;
        if !shared {
            self.0.execute("DELETE FROM data_keys WHERE sha256 = ?1", [&incident.sha256])?;
        }
        let opened = Event::IncidentOpened {
            incident: incident.id,
            submission: incident.submission,
            kinds: incident.kinds.clone(),
            destroy_on: incident.destroy_on,
            sealed_for: incident.sealed_for.clone(),
        };
        self.append(incident.opened_at, subject, "daemon", &opened)?;
        Ok(())
    }

    /// Closes an incident: its key goes, and with it the extract. False if it was closed before.
    ///
    /// # Errors
    /// When there is no such incident.
    pub fn close_incident(&self, at: Timestamp, id: i64, actor: &str, why: &str) -> Result<bool> {
        let Some(incident) = self.incident(id)? else {
            return Err(LedgerError::Refused(format!("there is no incident {id}; `quarterday incidents` lists them")));
        };
        if incident.closed_at.is_some() {
            return Ok(false);
        }
        self.0.execute(
            "UPDATE incidents SET sealed_key = NULL, closed_at = ?2, closed_by = ?3 WHERE id = ?1",
            params![id, at.to_string(), actor],
        )?;
        let subject = match self.submission(incident.submission)? {
            Some(submission) => submission.obligation.to_string(),
            None => "daemon".to_owned(),
        };
        self.append(at, &subject, actor, &Event::IncidentClosed { incident: id, why: why.to_owned() })?;
        Ok(true)
    }

    /// Seals an open incident's key anew, for somebody else.
    pub fn reseal_incident(&self, id: i64, sealed_for: &str, sealed_key: &[u8]) -> Result<()> {
        self.0.execute(
            "UPDATE incidents SET sealed_for = ?2, sealed_key = ?3 WHERE id = ?1 AND closed_at IS NULL",
            params![id, sealed_for, sealed_key],
        )?;
        Ok(())
    }

    /// One incident.
    pub fn incident(&self, id: i64) -> Result<Option<Incident>> {
        Ok(self.incidents_where("id = ?1", [id])?.pop())
    }

    /// Every incident, oldest first.
    pub fn incidents(&self) -> Result<Vec<Incident>> {
        self.incidents_where("1 = 1", [])
    }

    /// The incident of an extract that was judged under this contract.
    pub fn incident_of(&self, sha256: &str, contract_hash: &str) -> Result<Option<Incident>> {
        let filter = "sha256 = ?1 AND submission IN (SELECT id FROM submissions WHERE contract_hash = ?2)";
        Ok(self.incidents_where(filter, [sha256, contract_hash])?.pop())
    }

    /// An accepted submission that rests on the same bytes.
    pub fn accepted_with(&self, sha256: &str) -> Result<Option<i64>> {
        Ok(self
            .0
            .query_row(
                "SELECT max(id) FROM submissions
                 WHERE sha256 = ?1 AND verdict IN ('accepted', 'accepted_with_queries')",
                [sha256],
                |row| row.get(0),
            )
            .optional()?
            .flatten())
    }

    fn incidents_where(&self, filter: &str, parameters: impl rusqlite::Params) -> Result<Vec<Incident>> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM incidents WHERE {filter} ORDER BY id"))?;
        let rows = statement.query_map(parameters, |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<Incident> {
    let day: String = row.get(4)?;
    let closed: Option<String> = row.get(8)?;
    Ok(Incident {
        id: row.get(0)?,
        submission: row.get(1)?,
        sha256: row.get(2)?,
        opened_at: instant(&row.get::<_, String>(3)?)?,
        destroy_on: day
            .parse()
            .map_err(|e: jiff::Error| LedgerError::Unreadable { what: "a day", why: e.to_string() })?,
        kinds: row.get::<_, String>(5)?.split(' ').map(str::to_owned).collect(),
        sealed_for: row.get(6)?,
        sealed_key: row.get(7)?,
        closed_at: closed.map(|at| instant(&at)).transpose()?,
        closed_by: row.get(9)?,
    })
}

//! Looks that cost little however much was recorded: keys, states and counts, without folded records and bodies.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use super::{ObligationKey, Result, State, Txn, instant, period};
use crate::domain::{AgencyId, Period, ReturnId};

/// What the gauges show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Events recorded.
    pub events: i64,
    /// Messages that have not left.
    pub waiting: i64,
    /// Submissions without a verdict.
    pub undecided: i64,
    /// Places that could not be reached.
    pub failing: i64,
}

impl Txn<'_> {
    /// Every obligation's key and how far it has come.
    pub fn obligation_states(&self) -> Result<BTreeMap<ObligationKey, State>> {
        self.states("SELECT key, state FROM obligations", [])
    }

    /// Those of one agency.
    pub fn states_of(&self, agency: &AgencyId) -> Result<BTreeMap<ObligationKey, State>> {
        self.states("SELECT key, state FROM obligations WHERE agency = ?1", [agency.as_str()])
    }

    /// Those of which something more is owed; however much was ever settled is not read.
    pub fn unsettled(&self) -> Result<BTreeMap<ObligationKey, State>> {
        self.states(
            "SELECT key, state FROM obligations INDEXED BY obligations_unsettled
             WHERE state NOT IN ('accepted', 'nil', 'waived')",
            [],
        )
    }

    fn states(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<BTreeMap<ObligationKey, State>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(parameters, |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (key, state) = row?;
            Ok((key.parse()?, serde_json::from_value(state.into())?))
        })
        .collect()
    }

    /// The newest period of a return for which nothing more is owed by an agency.
    pub fn newest_settled(&self, return_id: &ReturnId, agency: &AgencyId) -> Result<Option<Period>> {
        let mut statement = self.0.prepare_cached(
            "SELECT period FROM obligations
             WHERE agency = ?1 AND return_id = ?2 AND state IN ('accepted', 'nil', 'waived')
             ORDER BY period DESC LIMIT 1",
        )?;
        let newest = statement.query_row([agency.as_str(), return_id.as_str()], |row| row.get::<_, String>(0));
        newest.optional()?.map(|text| period(&text)).transpose()
    }

    /// How much there is of what is watched.
    pub fn counts(&self) -> Result<Counts> {
        let count = |sql: &str| self.0.query_row(sql, [], |row| row.get(0));
        Ok(Counts {
            events: count("SELECT coalesce(max(seq), 0) FROM events")?,
            waiting: count("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")?,
            undecided: count("SELECT count(*) FROM submissions WHERE verdict IS NULL")?,
            failing: count("SELECT count(*) FROM pulls WHERE attempts > 0")?,
        })
    }

    /// What changes figures that are made of the ledger: the number of the last event that says something of what is owed
    /// or of what came of it, and how many that are not settled were due by `now`.
    pub fn deeds(&self, now: Timestamp) -> Result<(i64, i64)> {
        let last = self.0.query_row(
            "SELECT seq FROM events WHERE kind NOT IN ('told', 'skipped', 'deferred', 'bounced', 'message_settled',
               'message_arrived', 'message_decided', 'refreshed', 'issued', 'failed', 'started', 'adopted',
               'condition_began', 'condition_ended')
             ORDER BY seq DESC LIMIT 1",
            [],
            |row| row.get(0),
        );
        let due = self.0.query_row(
            "SELECT count(*) FROM obligations INDEXED BY obligations_unsettled
             WHERE state NOT IN ('accepted', 'nil', 'waived') AND json_extract(folded, '$.due_at') <= ?1",
            [now.to_string()],
            |row| row.get(0),
        )?;
        Ok((last.optional()?.unwrap_or(0), due))
    }

    /// What SQLite finds wrong with the file; nothing when it is whole.
    pub fn damage(&self) -> Result<Option<String>> {
        let found: String = self.0.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok(Some(found).filter(|found| found != "ok"))
    }

    /// When the last event was recorded.
    pub fn last_event_at(&self) -> Result<Option<Timestamp>> {
        let at: Option<String> =
            self.0.query_row("SELECT at FROM events ORDER BY seq DESC LIMIT 1", [], |row| row.get(0)).optional()?;
        at.map(|at| instant(&at)).transpose()
    }

    /// The chain's link at an event; none where the ledger does not go so far.
    pub fn link(&self, seq: i64) -> Result<Option<String>> {
        if seq == 0 {
            return Ok(Some(String::new()));
        }
        Ok(self.0.query_row("SELECT chain FROM events WHERE seq = ?1", [seq], |row| row.get(0)).optional()?)
    }

    /// The data key of every extract that was not destroyed, by the extract's digest.
    pub fn data_keys(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut statement = self.0.prepare_cached("SELECT sha256, wrapped FROM data_keys ORDER BY sha256")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

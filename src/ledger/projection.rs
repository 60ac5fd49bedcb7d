//! Obligations as they stand now, kept beside their events: disposable, and compared with them by `verify`.

use std::ops::RangeInclusive;

use jiff::{Timestamp, civil::Date};
use rusqlite::{OptionalExtension, params};

use super::{Obligation, ObligationKey, Result, Txn};
use crate::domain::{AgencyId, Period, ReturnId};

/// Through the index of what is to be looked at: most obligations were settled long ago and are passed over.
const LOOK_AT: &str = "SELECT folded FROM obligations INDEXED BY obligations_by_next WHERE next_at <= ?1 ORDER BY key";
/// Through an index that holds no others.
const PROVISIONAL: &str = "SELECT folded FROM obligations INDEXED BY obligations_provisional
    WHERE json_extract(folded, '$.phase') = 'provisional' AND ?1 = ?1 ORDER BY key";
const NEXT_LOOK: &str = "SELECT min(next_at) FROM obligations INDEXED BY obligations_by_next WHERE next_at IS NOT NULL";

impl Txn<'_> {
    /// Brings the projection of one subject up to date; subjects that are not obligations have none.
    pub(super) fn project(&self, subject: &str) -> Result<()> {
        let Ok(key) = subject.parse::<ObligationKey>() else { return Ok(()) };
        let events = self.events_of(subject)?;
        let Some(folded) = Obligation::fold(&events) else { return Ok(()) };
        // Whatever happened, the timetable looks at it at its next ring.
        let look = events.last().map(|e| e.at.to_string());
        self.0.execute(
            "INSERT INTO obligations (key, return_id, agency, period, state, next_at, folded) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (key) DO UPDATE SET state = ?5, next_at = ?6, folded = ?7",
            params![
                subject,
                key.return_id.as_str(),
                key.agency.as_str(),
                key.period.to_string(),
                folded.state.as_str(),
                look,
                serde_json::to_string(&folded)?
            ],
        )?;
        Ok(())
    }

    /// Says when the timetable should look at the obligation again; `None` for never.
    pub fn look_again(&self, key: &ObligationKey, at: Option<Timestamp>) -> Result<()> {
        self.0.execute(
            "UPDATE obligations SET next_at = ?2 WHERE key = ?1",
            params![key.to_string(), at.map(|at| at.to_string())],
        )?;
        Ok(())
    }

    /// One obligation.
    pub fn obligation(&self, key: &ObligationKey) -> Result<Option<Obligation>> {
        let folded: Option<String> = self
            .0
            .query_row("SELECT folded FROM obligations WHERE key = ?1", [key.to_string()], |row| row.get(0))
            .optional()?;
        folded.map(|text| Ok(serde_json::from_str(&text)?)).transpose()
    }

    /// Whether an obligation was opened.
    pub fn is_opened(&self, key: &ObligationKey) -> Result<bool> {
        let mut statement = self.0.prepare_cached("SELECT 1 FROM obligations WHERE key = ?1")?;
        Ok(statement.exists([key.to_string()])?)
    }

    /// Every obligation, by return, agency and period.
    pub fn obligations(&self) -> Result<Vec<Obligation>> {
        self.folded("SELECT folded FROM obligations WHERE ?1 = ?1 ORDER BY return_id, agency, period", "")
    }

    /// What an agency owed whose period ends in some days; what else was ever owed is not read.
    pub fn obligations_of(&self, agency: &AgencyId, ends: &RangeInclusive<Date>) -> Result<Vec<Obligation>> {
        let sql = "SELECT period, folded FROM obligations WHERE agency = ?1 ORDER BY return_id, period";
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query([agency.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let period: Option<Period> = row.get::<_, String>(0)?.parse().ok();
            if period.is_some_and(|period| ends.contains(&period.end())) {
                found.push(serde_json::from_str(&row.get::<_, String>(1)?)?);
            }
        }
        Ok(found)
    }

    /// The periods of a return of which some of an agency's figures stand, by the days they end.
    pub fn standing_periods(&self, return_id: &ReturnId, agency: &AgencyId) -> Result<Vec<Period>> {
        let mut statement = self.0.prepare_cached(
            "SELECT period FROM obligations
             WHERE agency = ?1 AND return_id = ?2 AND json_extract(folded, '$.effective') IS NOT NULL",
        )?;
        let rows = statement.query_map([agency.as_str(), return_id.as_str()], |row| row.get::<_, String>(0))?;
        let mut periods = Vec::new();
        for text in rows {
            periods.push(super::period(&text?)?);
        }
        periods.sort_by_key(|period| period.end());
        Ok(periods)
    }

    /// Returns whose final figures were not asked for yet.
    pub fn provisional(&self) -> Result<Vec<Obligation>> {
        self.folded(PROVISIONAL, "provisional")
    }

    /// Comments on figures of a period that are still asked for.
    pub fn commentary_owed(&self, period: Period) -> Result<Vec<Obligation>> {
        self.folded(
            "SELECT folded FROM obligations
             WHERE key >= 'commentary-' AND key < 'commentary.' AND state = 'open' AND period = ?1 ORDER BY key",
            &period.to_string(),
        )
    }

    /// The obligations the timetable is to look at by `now`.
    pub fn obligations_to_look_at(&self, now: Timestamp) -> Result<Vec<Obligation>> {
        self.folded(LOOK_AT, &now.to_string())
    }

    /// The next instant at which some obligation is to be looked at.
    pub fn next_look(&self) -> Result<Option<Timestamp>> {
        let at: Option<String> = self.0.query_row(NEXT_LOOK, [], |row| row.get(0))?;
        at.map(|at| super::instant(&at)).transpose()
    }

    fn folded(&self, sql: &str, parameter: &str) -> Result<Vec<Obligation>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map([parameter], |row| row.get::<_, String>(0))?;
        rows.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
    }

    pub(super) fn verify_projections(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        for stored in self.obligations()? {
            let key = stored.key.to_string();
            if Obligation::fold(&self.events_of(&key)?).as_ref() != Some(&stored) {
                wrong.push(format!("obligation {key}: its projection does not follow from its events"));
            }
        }
        Ok(wrong)
    }
}

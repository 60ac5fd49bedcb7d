//! What happened lately, and when each source was last heard of: what a digest is made from.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{RecordedEvent, Result, Retry, Txn, instant};
use crate::domain::{AgencyId, ReturnId};

impl Txn<'_> {
    /// The events that were recorded after `after`, until `until`, oldest first.
    pub fn events_between(&self, after: Timestamp, until: Timestamp) -> Result<Vec<RecordedEvent>> {
        let bounds = [after.to_string(), until.to_string()];
        self.recorded("WHERE at > ?1 AND at <= ?2 AND payload IS NOT NULL ORDER BY seq", bounds)
    }

    /// When the last file of each agency's return arrived.
    pub fn last_received(&self) -> Result<BTreeMap<(ReturnId, AgencyId), Timestamp>> {
        let sql =
            "SELECT return_id, agency, max(received_at) FROM submissions WHERE sha256 <> '' GROUP BY return_id, agency";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
        let mut found = BTreeMap::new();
        for row in rows {
            let (return_id, agency, at) = row?;
            // What is called otherwise now is nobody's any more.
            if let (Ok(return_id), Ok(agency)) = (return_id.parse(), agency.parse()) {
                found.insert((return_id, agency), instant(&at)?);
            }
        }
        Ok(found)
    }

    /// When each place that is asked for files last answered as it should, by its key.
    pub fn last_answers(&self) -> Result<BTreeMap<String, Timestamp>> {
        let mut statement = self.0.prepare_cached("SELECT key, last_ok_at FROM pulls WHERE last_ok_at IS NOT NULL")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (key, at) = row?;
            Ok((key, instant(&at)?))
        })
        .collect()
    }

    /// Work of the daemon's own that goes on failing, by its key.
    pub fn failing_work(&self) -> Result<Vec<(String, Retry)>> {
        let sql = "SELECT key, next_at, attempts, says FROM retries WHERE attempts > 1 ORDER BY key";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?)))?;
        rows.map(|row| {
            let (key, next_at, attempts, says) = row?;
            Ok((key, Retry { next_at: instant(&next_at)?, attempts, says }))
        })
        .collect()
    }
}

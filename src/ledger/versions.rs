//! The version vector: which Delta version of each table readers see.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::params;

use super::{Result, Txn};

/// Table → Delta version.
pub type Vector = BTreeMap<String, i64>;

impl Txn<'_> {
    pub(super) fn move_versions(&self, seq: i64, versions: &Vector) -> Result<()> {
        for (table, version) in versions {
            self.0.execute(
                "INSERT INTO versions (table_name, seq, version) VALUES (?1, ?2, ?3)",
                params![table, seq, version],
            )?;
        }
        Ok(())
    }

    /// What readers see now.
    pub fn vector(&self) -> Result<Vector> {
        self.vector_at_event(i64::MAX)
    }

    /// What readers saw at the end of that civil day in London.
    pub fn vector_as_of(&self, day: Date) -> Result<Vector> {
        self.vector_at_event(self.end_of(day)?.seq)
    }

    fn vector_at_event(&self, seq: i64) -> Result<Vector> {
        let mut statement = self.0.prepare_cached(
            "SELECT table_name, version FROM versions v
             WHERE seq = (SELECT max(seq) FROM versions WHERE table_name = v.table_name AND seq <= ?1)",
        )?;
        let rows = statement.query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

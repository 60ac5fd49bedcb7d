//! Files that a partner's server is still to move away: noted in the transaction that records their arrival.

use rusqlite::params;

use super::{Result, Txn};

/// A file that is to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The folder it lies in, with its server.
    pub place: String,
    /// Its name.
    pub name: String,
    /// Its size when it was taken.
    pub size: u64,
    /// Which version was taken; another is not moved.
    pub version: String,
    /// The name it is given.
    pub target: String,
}

impl Txn<'_> {
    /// Notes that a file is to be moved.
    pub fn plan_move(&self, planned: &Move) -> Result<()> {
        let Move { place, name, size, version, target } = planned;
        self.0.execute(
            "INSERT OR REPLACE INTO moves (place, name, size, version, target) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![place, name, i64::try_from(*size).unwrap_or(i64::MAX), version, target],
        )?;
        Ok(())
    }

    /// The moves that a place still owes, by name.
    pub fn moves_of(&self, place: &str) -> Result<Vec<Move>> {
        let mut statement = self
            .0
            .prepare_cached("SELECT name, size, version, target FROM moves WHERE place = ?1 ORDER BY name, version")?;
        let moves = statement.query_map([place], |row| {
            let size: i64 = row.get(1)?;
            let size = u64::try_from(size).unwrap_or_default();
            Ok(Move { place: place.to_owned(), name: row.get(0)?, size, version: row.get(2)?, target: row.get(3)? })
        })?;
        Ok(moves.collect::<rusqlite::Result<_>>()?)
    }

    /// Forgets a move that was made, or that there is nothing left to make of.
    pub fn move_done(&self, done: &Move) -> Result<()> {
        self.0.execute(
            "DELETE FROM moves WHERE place = ?1 AND name = ?2 AND version = ?3",
            params![done.place, done.name, done.version],
        )?;
        Ok(())
    }
}

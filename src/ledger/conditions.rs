//! What is wrong, or was: each condition from its beginning to its end, and when people were told.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::{Event, Result, Txn, instant};

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionRow {
    /// Its number.
    pub id: i64,
    /// What it is, as `pull/missing-children/police`.
    pub name: String,
    /// How bad it was when it was last told, or when it began.
    pub level: i64,
    /// The same for people, as a sentence begins.
    pub says: String,
    /// Since when.
    pub begins_at: Timestamp,
    /// When people were told last; none if they were not.
    pub told_at: Option<Timestamp>,
    /// Since when it has not been seen any more.
    pub gone_at: Option<Timestamp>,
    /// When it was over.
    pub ends_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, name, level, says, begins_at, told_at, gone_at, ends_at";

impl Txn<'_> {
    /// Notes that something was seen to be wrong; answers with its number. People are told later, or never.
    pub fn see_condition(&self, at: Timestamp, name: &str, level: i64, says: &str) -> Result<i64> {
        self.0.execute(
            "INSERT INTO conditions (name, level, says, begins_at) VALUES (?1, ?2, ?3, ?4)",
            params![name, level, says, at.to_string()],
        )?;
        Ok(self.0.last_insert_rowid())
    }

    /// Notes since when a condition has not been seen; `None` when it is there again.
    pub fn miss_condition(&self, id: i64, gone_at: Option<Timestamp>) -> Result<()> {
        self.0.execute(
            "UPDATE conditions SET gone_at = ?2 WHERE id = ?1",
            params![id, gone_at.map(|at| at.to_string())],
        )?;
        Ok(())
    }

    /// Forgets a condition of which nobody was told.
    pub fn forget_condition(&self, id: i64) -> Result<()> {
        self.0.execute("DELETE FROM conditions WHERE id = ?1 AND told_at IS NULL", [id])?;
        Ok(())
    }

    /// Records that a condition holds and people are told of it: the first time, or because it has grown.
    pub fn tell_condition(&self, at: Timestamp, row: &ConditionRow, level: i64, says: &str) -> Result<()> {
        self.0.execute(
            "UPDATE conditions SET told_at = ?2, level = ?3, says = ?4 WHERE id = ?1",
            params![row.id, at.to_string(), level, says],
        )?;
        let event =
            Event::ConditionBegan { name: row.name.clone(), says: says.to_owned(), since: row.begins_at, level };
        self.append(at, "daemon", "daemon", &event)?;
        Ok(())
    }

    /// Records that a condition is over.
    pub fn end_condition(&self, at: Timestamp, row: &ConditionRow) -> Result<()> {
        let ended = row.gone_at.unwrap_or(at);
        self.0.execute("UPDATE conditions SET ends_at = ?2 WHERE id = ?1", params![row.id, ended.to_string()])?;
        let event = Event::ConditionEnded { name: row.name.clone(), since: row.begins_at, until: ended };
        self.append(at, "daemon", "daemon", &event)?;
        Ok(())
    }

    /// The conditions that are not over, oldest first.
    pub fn open_conditions(&self) -> Result<Vec<ConditionRow>> {
        self.conditions("WHERE ends_at IS NULL ORDER BY begins_at, id", [])
    }

    /// Those that were over since `since`, or of which people were told since then.
    pub fn conditions_since(&self, since: Timestamp) -> Result<Vec<ConditionRow>> {
        self.conditions(
            "WHERE ends_at IS NULL OR told_at >= ?1 OR ends_at >= ?1 ORDER BY begins_at, id",
            [since.to_string()],
        )
    }

    fn conditions(&self, rest: &str, parameters: impl rusqlite::Params) -> Result<Vec<ConditionRow>> {
        let mut statement = self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM conditions {rest}"))?;
        let rows = statement.query_map(parameters, |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<ConditionRow> {
    let at = |column: usize| -> Result<Option<Timestamp>> {
        row.get::<_, Option<String>>(column)?.map(|text| instant(&text)).transpose()
    };
    Ok(ConditionRow {
        id: row.get(0)?,
        name: row.get(1)?,
        level: row.get(2)?,
        says: row.get(3)?,
        begins_at: instant(&row.get::<_, String>(4)?)?,
        told_at: at(5)?,
        gone_at: at(6)?,
        ends_at: at(7)?,
    })
}

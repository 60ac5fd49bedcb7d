//! What each submission was judged with beside its contract, so that its verdict can be replayed.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{ObligationKey, Result, Txn, Vector};
use crate::domain::sha256;

/// What a submission was judged with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JudgedWith {
    /// The versions of the tables that rules, lists and histories saw.
    #[serde(skip_serializing_if = "Vector::is_empty")]
    pub versions: Vector,
    /// The digests of the code lists of other returns.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<String, String>,
    /// The fingerprint of the key of its pseudonyms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pseudonym_key: Option<String>,
}

impl Txn<'_> {
    /// Keeps what a submission was judged with, and what it was seen to hold.
    pub fn keep_judged(&self, submission: i64, with: &JudgedWith, seen: &serde_json::Value) -> Result<()> {
        let with = serde_json::to_string(with)?;
        self.0.execute(
            "UPDATE submissions SET judged_with = ?2, seen = ?3 WHERE id = ?1",
            params![submission, with, seen.to_string()],
        )?;
        Ok(())
    }

    /// Keeps how many rows each table took and how many cells of each figure were filled, by their names in SQL.
    pub fn keep_sizes(&self, submission: i64, rows: &BTreeMap<String, i64>) -> Result<()> {
        let rows = serde_json::to_string(rows)?;
        self.0.execute("UPDATE submissions SET sizes = ?2 WHERE id = ?1", params![submission, rows])?;
        Ok(())
    }

    /// How large a submission was, table by table; nothing of one that was stored before that was kept.
    pub fn sizes(&self, submission: i64) -> Result<BTreeMap<String, i64>> {
        let sql = "SELECT sizes FROM submissions WHERE id = ?1";
        let text: Option<Option<String>> = self.0.query_row(sql, [submission], |row| row.get(0)).optional()?;
        Ok(text.flatten().map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
    }

    /// What a submission was judged with.
    pub fn judged_with(&self, submission: i64) -> Result<JudgedWith> {
        let sql = "SELECT judged_with FROM submissions WHERE id = ?1";
        let text: Option<Option<String>> = self.0.query_row(sql, [submission], |row| row.get(0)).optional()?;
        Ok(text.flatten().map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
    }

    /// What the last accepted file of this return and agency was seen to hold.
    pub fn last_seen(&self, key: &ObligationKey) -> Result<Option<serde_json::Value>> {
        let sql = "SELECT seen FROM submissions WHERE return_id = ?1 AND agency = ?2 AND seen IS NOT NULL
                   AND verdict IN ('accepted', 'accepted_with_queries') ORDER BY id DESC LIMIT 1";
        let keys = [key.return_id.as_str(), key.agency.as_str()];
        let text: Option<String> = self.0.query_row(sql, keys, |row| row.get(0)).optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Keeps a text under its digest.
    pub fn keep_text(&self, text: &str) -> Result<()> {
        self.0
            .execute("INSERT OR IGNORE INTO kept_texts (digest, text) VALUES (?1, ?2)", params![sha256(text), text])?;
        Ok(())
    }

    /// A text by its digest.
    pub fn kept_text(&self, digest: &str) -> Result<Option<String>> {
        let sql = "SELECT text FROM kept_texts WHERE digest = ?1";
        Ok(self.0.query_row(sql, [digest], |row| row.get(0)).optional()?)
    }

    /// Keeps which rows were refused, by the names of their tables in the contract; what an earlier try kept goes.
    pub fn keep_refused(&self, submission: i64, refused: &BTreeMap<String, BTreeSet<u32>>) -> Result<()> {
        self.0.execute("DELETE FROM refused_rows WHERE submission = ?1", [submission])?;
        let mut statement = self
            .0
            .prepare_cached("INSERT OR IGNORE INTO refused_rows (submission, table_name, row) VALUES (?1, ?2, ?3)")?;
        for (table, rows) in refused {
            for row in rows {
                statement.execute(params![submission, table, row])?;
            }
        }
        Ok(())
    }

    /// Which rows of a submission were refused.
    pub fn refused(&self, submission: i64) -> Result<BTreeMap<String, BTreeSet<u32>>> {
        let mut statement = self.0.prepare_cached("SELECT table_name, row FROM refused_rows WHERE submission = ?1")?;
        let mut refused = BTreeMap::<String, BTreeSet<u32>>::new();
        let mut rows = statement.query([submission])?;
        while let Some(row) = rows.next()? {
            refused.entry(row.get(0)?).or_default().insert(row.get(1)?);
        }
        Ok(refused)
    }
}

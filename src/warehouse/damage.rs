//! Damage, and how it is found before a damaged table is used.

use std::{fmt, fs};

use super::durable::digest_of;
use super::table::{Opened, Table};
use super::{Result, WarehouseError};

/// A file of the warehouse that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Damage {
    /// The table's name in SQL.
    pub table: String,
    /// The file, from the table's folder down, if one can be named.
    pub file: Option<String>,
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, file, why } = self;
        match file {
            Some(file) => write!(f, "table {table} is damaged: {file} {why}")?,
            None => write!(f, "table {table} is damaged: {why}")?,
        }
        f.write_str("; `quarterday rebuild` restores it from the landing archive")
    }
}

/// How closely the files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The log against its checksums; each Parquet file is there and of its size.
    Quick,
    /// Each Parquet file against its checksum too.
    Full,
}

impl Table {
    /// Opens the table at `version` after a look at what it is made of.
    pub async fn checked(&self, version: i64, depth: Depth) -> Result<Opened> {
        for earlier in 0..=version {
            self.lines(earlier)?;
        }
        let opened = self.open(version).await?;
        let files = opened.files().map_err(|source| self.damaged(None, &source.to_string()))?;
        for file in files {
            self.check_file(&file.path(), file.size(), depth)?;
        }
        Ok(opened)
    }

    /// Compares a Parquet file with what its entry, and its name, say of it.
    pub fn check_file(&self, path: &str, size: i64, depth: Depth) -> Result<(), WarehouseError> {
        let damaged = |why: &str| self.damaged(Some(path), why);
        let at = self.folder.join(path);
        let found = fs::metadata(&at).map_err(|_| damaged("is missing"))?;
        if i64::try_from(found.len()).ok() != Some(size) {
            return Err(damaged("is not as long as it was").into());
        }
        if depth == Depth::Full {
            let digest = digest_of(&at).map_err(|_| damaged("cannot be read"))?;
            if digest_in_name(path) != Some(&digest) {
                return Err(damaged("is not what was written").into());
            }
        }
        Ok(())
    }
}

/// The SHA-256 that a Parquet file's name carries after its last hyphen.
fn digest_in_name(path: &str) -> Option<&str> {
    path.strip_suffix(".parquet")?.rsplit_once('-').map(|(_, digest)| digest)
}

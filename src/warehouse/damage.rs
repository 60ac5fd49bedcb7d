//! Damage, and how it is found before a damaged table is used.

use std::{fmt, fs};

use deltalake::{DeltaTable, DeltaTableError};

use super::table::Table;
use super::{Result, WarehouseError};
use crate::durable::digest_of;

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
        f.write_str("; `quarterday rebuild --replace` restores it from the landing archive")
    }
}

/// How closely a Parquet file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// It is there and of its size.
    Quick,
    /// Its bytes are those of its checksum.
    Full,
}

impl Table {
    /// Everything that the table at `version` can be read from.
    pub fn verify(&self, version: i64) -> Result<()> {
        let state = self.state(version)?;
        if let Some(checkpoint) = self.last_checkpoint(version)? {
            self.read_summed(&self.checkpoint_of(checkpoint))?;
        }
        state.files.iter().try_for_each(|(path, file)| self.check_file(path, file.bytes, Depth::Full))
    }

    /// Opens the table at `version` after a look at what it will be read from: the log against its checksums, the
    /// Parquet files for their presence and size.
    pub async fn open_checked(&self, version: i64) -> Result<DeltaTable> {
        let first = match self.last_checkpoint(version)? {
            Some(checkpoint) => {
                self.read_summed(&self.checkpoint_of(checkpoint))?;
                checkpoint + 1
            }
            None => 0,
        };
        (first..=version).try_for_each(|version| self.read_summed(&self.entry(version)).map(|_| ()))?;
        let unreadable = |source: DeltaTableError| WarehouseError::from(self.damaged(None, &source.to_string()));
        let table = self.loaded(version).await.map_err(unreadable)?;
        for file in table.snapshot().map_err(unreadable)?.log_data().iter() {
            self.check_file(&file.path(), file.size(), Depth::Quick)?;
        }
        Ok(table)
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
pub(super) fn digest_in_name(path: &str) -> Option<&str> {
    path.strip_suffix(".parquet")?.rsplit_once('-').map(|(_, digest)| digest)
}

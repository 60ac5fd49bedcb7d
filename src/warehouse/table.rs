//! One Delta table: where it lies, and what it holds at a version.

use std::path::{Path, PathBuf};

use deltalake::table::builder::parse_table_uri;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};

use super::{Damage, Result, WarehouseError};

/// The columns by which the rows of one submission lie in one folder.
pub(super) const PARTITION: [&str; 3] = ["return_id", "agency", "period"];

/// A table by its name in SQL, such as `returns.missing_children`. It need not exist.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub name: String,
    pub folder: PathBuf,
}

impl Table {
    pub fn of(warehouse: &Path, name: &str) -> Result<Self> {
        let plain = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        match name.split_once('.') {
            Some((schema, table)) if plain(schema) && plain(table) => {
                Ok(Self { name: name.to_owned(), folder: warehouse.join(schema).join(table) })
            }
            _ => Err(WarehouseError::Name(name.to_owned())),
        }
    }

    /// Whether its rows are of single children, or may be made of such.
    pub fn is_confidential(&self) -> bool {
        // A model may be made of such rows.
        ["confidential.", "models."].iter().any(|schema| self.name.starts_with(schema))
    }

    /// Where files lie before they have their lasting name.
    pub fn drafts(&self) -> PathBuf {
        self.folder.join("_drafts")
    }

    /// The table at `version`, as deltalake has it.
    pub async fn loaded(&self, version: i64) -> Result<DeltaTable, DeltaTableError> {
        let url = parse_table_uri(self.folder.to_string_lossy())?;
        let version = u64::try_from(version).map_err(|_| DeltaTableError::generic("versions begin with 0"))?;
        DeltaTableBuilder::from_url(url)?.with_version(version).load().await
    }

    /// Says that the table is damaged, in words without a path of this machine.
    pub fn damaged(&self, file: Option<&str>, why: &str) -> Damage {
        let folder = self.folder.to_string_lossy();
        Damage {
            table: self.name.clone(),
            file: file.map(str::to_owned),
            why: why.replace(folder.as_ref(), "").trim().to_owned(),
        }
    }
}

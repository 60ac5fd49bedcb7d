//! One Delta table: where it lies, and what it holds at a version.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::kernel::{EagerSnapshot, LogicalFileView};
use deltalake::logstore::LogStoreRef;
use deltalake::table::builder::parse_table_uri;
use deltalake::{DeltaTableBuilder, DeltaTableError};

use super::{Damage, Result, WarehouseError};

/// The columns by which the rows of one submission lie in one folder.
pub(super) const PARTITION: [&str; 3] = ["return_id", "agency", "period"];

/// A table by its name in SQL, such as `returns.missing_children`. It need not exist.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub name: String,
    pub folder: PathBuf,
}

/// A table at a version.
pub(super) struct Opened {
    pub snapshot: Arc<EagerSnapshot>,
    pub store: LogStoreRef,
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

    /// Where files lie before they have their lasting name.
    pub fn drafts(&self) -> PathBuf {
        self.folder.join("_drafts")
    }

    /// The table as its log has it at `version`.
    pub async fn open(&self, version: i64) -> Result<Opened> {
        let opened = async {
            let url = parse_table_uri(self.folder.to_string_lossy())?;
            let store = DeltaTableBuilder::from_url(url)?.build_storage()?;
            let version = u64::try_from(version).map_err(|_| DeltaTableError::InvalidVersion(0))?;
            let snapshot = EagerSnapshot::try_new(store.as_ref(), Some(version)).await?;
            Ok(Opened { snapshot: Arc::new(snapshot), store })
        };
        opened.await.map_err(|source: DeltaTableError| self.damaged(None, &source.to_string()).into())
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

impl Opened {
    /// The Parquet files that hold the rows.
    pub fn files(&self) -> Result<Vec<LogicalFileView>, DeltaTableError> {
        Ok(self.snapshot.try_log_data()?.iter().collect())
    }
}

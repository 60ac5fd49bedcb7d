//! What a table's log says at a version: its columns, its files, the submissions in it.
//!
//! Reads the entries that [`log`](super::log) wrote and checks each against its checksum. It knows only the actions
//! this program writes; readers of the rows use deltalake.

use std::collections::BTreeMap;

use deltalake::kernel::StructType;
use serde_json::Value;

use super::table::Table;
use super::{Result, WarehouseError};

/// A table at a version.
#[derive(Debug)]
pub(super) struct State {
    pub version: i64,
    /// The newest `metaData` action.
    pub metadata: Value,
    pub columns: StructType,
    /// The Parquet files that hold the rows, by their paths from the table's folder down.
    pub files: BTreeMap<String, File>,
    /// Application transactions: the submission last stored under a key, and the version that stored it.
    pub stored: BTreeMap<String, (i64, i64)>,
}

#[derive(Debug)]
pub(super) struct File {
    pub bytes: i64,
    /// Column → value.
    pub partition: Value,
}

impl Table {
    /// The newest state; none if the table does not exist.
    pub fn newest_state(&self) -> Result<Option<State>> {
        self.newest()?.map(|version| self.state(version)).transpose()
    }

    /// The state at `version`.
    pub fn state(&self, version: i64) -> Result<State> {
        let mut metadata = Value::Null;
        let mut files = BTreeMap::new();
        let mut stored = BTreeMap::new();
        for version in 0..=version {
            for mut line in self.lines(version)? {
                if let Some(path) = line["remove"]["path"].as_str() {
                    files.remove(path);
                }
                if let (Some(path), Some(bytes)) = (line["add"]["path"].as_str(), line["add"]["size"].as_i64()) {
                    let partition = line["add"]["partitionValues"].clone();
                    files.insert(path.to_owned(), File { bytes, partition });
                }
                let txn = &line["txn"];
                if let (Some(key), Some(submission)) = (txn["appId"].as_str(), txn["version"].as_i64()) {
                    stored.insert(key.to_owned(), (submission, version));
                }
                if line["metaData"].is_object() {
                    metadata = line["metaData"].take();
                }
            }
        }
        let columns = metadata["schemaString"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let columns =
            columns.ok_or_else(|| WarehouseError::from(self.damaged(None, "its log does not say its columns")))?;
        Ok(State { version, metadata, columns, files, stored })
    }
}

//! Commits: a new version of a table, whole or not at all, and the same when it is tried again.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake::kernel::{StructType, new_metadata};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::MutexGuard;

use super::column::{columns, grown};
use super::damage::{Depth, digest_in_name};
use super::parquet_file::Parquet;
use super::staging::{Staged, StagedFile, StagedTable};
use super::state::{File, State};
use super::table::{PARTITION, Table};
use super::{Result, WarehouseError};
use crate::fault;
use crate::ledger::{ObligationKey, Vector};

/// The right to commit. One caller has it at a time; see [`Warehouse::turn`](super::Warehouse::turn).
pub struct Turn<'a> {
    warehouse: &'a Path,
    _guard: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(warehouse: &'a Path, guard: MutexGuard<'a, ()>) -> Self {
        Self { warehouse, _guard: guard }
    }

    /// Puts a submission's rows in the place of those of its return, agency and period, in every table it was staged
    /// for; without rows the place is left empty. Answers with the tables' versions. A submission that is in a table
    /// already, or that a later one replaced, changes nothing there, and the version that carried it is answered.
    ///
    /// # Errors
    /// When a staged file is not what was staged or a column changed its type; nothing is committed then. When the
    /// disk refuses; tables may have their new version then, so try again before anything else is committed.
    pub async fn commit(&self, staged: &Staged, at: Timestamp) -> Result<Vector> {
        let Staged { key, submission, tables } = staged;
        let mut steps = Vec::new();
        for staged in tables {
            let table = Table::of(self.warehouse, &staged.table)?;
            let step = table.prepare(key, *submission, staged, at)?;
            steps.push((table, step));
        }
        let mut versions = Vector::new();
        for (table, step) in steps {
            if !versions.is_empty() {
                fault::point("store-between-tables");
            }
            let version = match step {
                Step::Stored(version) => version,
                Step::Next(version, entry) => {
                    fault::point("store-before-commit");
                    table.append(version, &entry.lines)?;
                    fault::point("store-after-commit");
                    table.checkpoint_if_due(version).await;
                    version
                }
            };
            versions.insert(table.name, version);
        }
        Ok(versions)
    }

    /// Makes `batches` the whole of a table that follows from others. The same rows again make no new version.
    ///
    /// # Errors
    /// When a column has a type that Delta does not know, or the disk refuses.
    pub async fn write_derived(
        &self,
        table: &str,
        schema: &SchemaRef,
        batches: &[RecordBatch],
        at: Timestamp,
    ) -> Result<i64> {
        Table::of(self.warehouse, table)?.overwrite(schema, batches, at).await
    }
}

/// What is left to do for one table of a submission.
enum Step {
    /// It is in this version already.
    Stored(i64),
    /// This entry is to become this version.
    Next(i64, Entry),
}

impl Table {
    fn prepare(&self, key: &ObligationKey, submission: i64, staged: &StagedTable, at: Timestamp) -> Result<Step> {
        let app_id = format!("{}/{key}", self.name);
        let partition = json!({ "return_id": key.return_id, "agency": key.agency, "period": key.period });
        let mut entry = Entry::new("STORE", at);
        let mut version = 0;
        // A damaged Parquet file does not hinder: this submission may be its replacement.
        match self.newest_state()? {
            None => entry.found(self, &staged.columns, &PARTITION)?,
            Some(state) => {
                if let Some((recorded, version)) = state.stored.get(&app_id)
                    && *recorded >= submission
                {
                    return Ok(Step::Stored(*version));
                }
                if let Some(columns) = grown(&self.name, &state.columns, &staged.columns)? {
                    entry.columns(self, &state, &columns)?;
                }
                state.files.iter().filter(|(_, file)| file.partition == partition).for_each(|file| entry.remove(file));
                version = state.version + 1;
            }
        }
        if let Some(file) = &staged.file {
            self.check_file(&file.path, file.bytes, Depth::Full)?;
            entry.add(file, partition);
        }
        entry.transaction(&app_id, submission);
        Ok(Step::Next(version, entry))
    }

    async fn overwrite(&self, schema: &SchemaRef, batches: &[RecordBatch], at: Timestamp) -> Result<i64> {
        let columns = columns(&self.name, schema)?;
        let newest = self.newest_state()?;
        let version = newest.as_ref().map_or(0, |state| state.version + 1);
        let file = self.derive(batches, version)?;
        let mut entry = Entry::new("DERIVE", at);
        match &newest {
            None => entry.found(self, &columns, &[])?,
            Some(state) => {
                let before: Vec<&str> = state.files.keys().filter_map(|path| digest_in_name(path)).collect();
                let after: Vec<&str> = file.iter().filter_map(|file| digest_in_name(&file.path)).collect();
                if state.columns == columns && before == after {
                    // The new file is left over; no version names it.
                    if let Some(file) = &file {
                        let _ = std::fs::remove_file(self.folder.join(&file.path));
                    }
                    return Ok(state.version);
                }
                if state.columns != columns {
                    entry.columns(self, state, &columns)?;
                }
                state.files.iter().for_each(|file| entry.remove(file));
            }
        }
        if let Some(file) = &file {
            entry.add(file, json!({}));
        }
        self.append(version, &entry.lines)?;
        fault::point("derive-after-commit");
        self.checkpoint_if_due(version).await;
        Ok(version)
    }

    /// Writes the rows of a derived table; none if there are no rows.
    fn derive(&self, batches: &[RecordBatch], version: i64) -> Result<Option<StagedFile>> {
        let mut batches = batches.iter().filter(|batch| batch.num_rows() > 0).peekable();
        let Some(first) = batches.peek() else { return Ok(None) };
        let mut file = Parquet::begin(self, first)?;
        batches.try_for_each(|batch| file.write(self, batch))?;
        file.end(self, &version.to_string()).map(Some)
    }
}

/// The lines of one log entry, as Delta's protocol names them
/// (<https://github.com/delta-io/delta/blob/master/PROTOCOL.md#actions>).
struct Entry {
    lines: Vec<Value>,
    at: i64,
}

impl Entry {
    fn new(operation: &str, at: Timestamp) -> Self {
        let at = at.as_millisecond();
        let engine = concat!("quarterday/", env!("CARGO_PKG_VERSION"));
        let info = json!({ "timestamp": at, "operation": operation, "operationParameters": {}, "engineInfo": engine });
        Self { lines: vec![json!({ "commitInfo": info })], at }
    }

    /// The table's first lines.
    fn found(&mut self, table: &Table, columns: &StructType, partition: &[&str]) -> Result<()> {
        let properties = [
            ("delta.enableExpiredLogCleanup", "false"),
            ("delta.logRetentionDuration", "interval 36500 days"),
            ("delta.deletedFileRetentionDuration", "interval 36500 days"),
            ("delta.dataSkippingNumIndexedCols", "0"),
        ];
        let refused = |why: String| WarehouseError::Column { table: table.name.clone(), why };
        let metadata = new_metadata(columns, partition, properties).map_err(|error| refused(error.to_string()))?;
        let mut metadata = serde_json::to_value(metadata).map_err(|error| refused(error.to_string()))?;
        metadata["createdTime"] = json!(self.at);
        self.lines.push(json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } }));
        self.lines.push(json!({ "metaData": metadata }));
        Ok(())
    }

    /// Other columns than before.
    fn columns(&mut self, table: &Table, state: &State, columns: &StructType) -> Result<()> {
        let refused =
            |error: serde_json::Error| WarehouseError::Column { table: table.name.clone(), why: error.to_string() };
        let mut metadata = state.metadata.clone();
        metadata["schemaString"] = serde_json::to_string(columns).map_err(refused)?.into();
        self.lines.push(json!({ "metaData": metadata }));
        Ok(())
    }

    fn remove(&mut self, (path, file): (&String, &File)) {
        self.lines.push(json!({ "remove": {
            "path": path, "deletionTimestamp": self.at, "dataChange": true, "extendedFileMetadata": true,
            "partitionValues": file.partition, "size": file.bytes,
        } }));
    }

    fn add(&mut self, file: &StagedFile, partition_values: Value) {
        self.lines.push(json!({ "add": {
            "path": file.path, "partitionValues": partition_values, "size": file.bytes, "modificationTime": self.at,
            "dataChange": true, "stats": json!({ "numRecords": file.rows }).to_string(),
        } }));
    }

    fn transaction(&mut self, app_id: &str, version: i64) {
        self.lines.push(json!({ "txn": { "appId": app_id, "version": version, "lastUpdated": self.at } }));
    }
}

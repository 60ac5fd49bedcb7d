//! Rows on their way: Parquet files in the table's folder that no version names yet.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use deltalake::kernel::StructType;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::column::columns;
use super::parquet_file::Parquet;
use super::table::{PARTITION, Table};
use super::{Result, View, Warehouse, WarehouseError};
use crate::check::{Sink, SinkError};
use crate::durable::disk;
use crate::fault;
use crate::ledger::ObligationKey;

/// Batches that wait for the thread that writes them.
const WAITING: usize = 2;

/// The open files of one submission. Dropped without [`finish`](Self::finish), they vanish.
pub struct Staging {
    key: ObligationKey,
    submission: i64,
    tables: BTreeMap<String, Draft>,
}

struct Draft {
    table: Table,
    schema: SchemaRef,
    columns: StructType,
    rows: Rows,
}

/// The rows of a table on their way to its file.
enum Rows {
    /// So few that they wait until all is known.
    Few(Option<RecordBatch>),
    /// Written as they come, on a thread of their own.
    Many { batches: mpsc::Sender<RecordBatch>, writing: JoinHandle<Result<Parquet>> },
}

/// The files of one submission, durable and not yet in any version. Kept in the ledger until they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Staged {
    pub key: ObligationKey,
    pub submission: i64,
    pub(super) tables: Vec<StagedTable>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StagedTable {
    pub table: String,
    pub columns: StructType,
    /// None if the submission has no row for the table.
    pub file: Option<StagedFile>,
}

/// A Parquet file; its name ends with the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StagedFile {
    /// From the table's folder down.
    pub path: String,
    pub bytes: i64,
    pub rows: i64,
}

impl Staged {
    /// Its rows of a table under another name, before any version has them; none if it has no row for the table.
    pub fn view(&self, table: &str, name: String) -> Option<View> {
        let file = self.tables.iter().find(|staged| staged.table == table)?.file.as_ref()?;
        Some(View { name, table: table.to_owned(), key: self.key.clone(), staged: Some(file.path.clone()) })
    }

    /// The names of the tables it is for.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.table.as_str())
    }
}

impl Warehouse {
    /// Opens a place for the rows that `submission` brings for an obligation, in tables of these names and schemas.
    /// Each schema has the text columns `return_id`, `agency` and `period`.
    ///
    /// # Errors
    /// When a name is no table's, or a column has a type that Delta does not know.
    pub fn stage(&self, key: &ObligationKey, submission: i64, tables: &[(String, SchemaRef)]) -> Result<Staging> {
        let mut drafts = BTreeMap::new();
        for (name, schema) in tables {
            let table = Table::of(&self.folder, name)?;
            for column in PARTITION {
                schema.field_with_name(column).map_err(|_| WarehouseError::Column {
                    table: name.clone(),
                    why: format!("it has no column {column}, by which submissions replace one another"),
                })?;
            }
            let columns = columns(name, schema)?;
            drafts.insert(name.clone(), Draft { table, schema: schema.clone(), columns, rows: Rows::Few(None) });
        }
        Ok(Staging { key: key.clone(), submission, tables: drafts })
    }

    /// Deletes the files of a submission that was not accepted.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn discard(&self, staged: &Staged) -> Result<()> {
        for StagedTable { table, file, .. } in &staged.tables {
            let Some(file) = file else { continue };
            let path = Table::of(&self.folder, table)?.folder.join(&file.path);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(disk("deleted", &path)(error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Sink for Staging {
    async fn write(&mut self, table: &str, batch: RecordBatch) -> Result<(), SinkError> {
        self.put(table, &batch).await.map_err(SinkError::new)
    }

    fn room(&self) -> Option<PathBuf> {
        self.tables.values().next().map(|draft| draft.table.drafts())
    }
}

impl Staging {
    async fn put(&mut self, table: &str, batch: &RecordBatch) -> Result<()> {
        let refused = |why: &str| WarehouseError::Column { table: table.to_owned(), why: why.to_owned() };
        let Some(draft) = self.tables.get_mut(table) else {
            return Err(refused("rows came for it that were not announced"));
        };
        if batch.schema().fields() != draft.schema.fields() {
            return Err(refused("rows came with other columns than announced"));
        }
        let key = &self.key;
        let keys = [key.return_id.to_string(), key.agency.to_string(), key.period.to_string()];
        for (column, value) in PARTITION.into_iter().zip(&keys) {
            let texts = batch.column_by_name(column).and_then(|texts| texts.as_string_opt::<i32>());
            if !texts.is_some_and(|texts| texts.iter().all(|text| text == Some(value))) {
                return Err(refused(&format!("a row has another {column} than {value}, for which it was sent")));
            }
        }
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let kept: Vec<usize> =
            (0..batch.num_columns()).filter(|i| !PARTITION.contains(&draft.schema.field(*i).name().as_str())).collect();
        let batch = batch.project(&kept).map_err(|error| draft.table.parquet(error.into()))?;
        draft.take(batch).await
    }

    /// Ends the files; when this returns they survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn finish(self) -> Result<Staged> {
        let Self { key, submission, tables } = self;
        let stem = format!("return_id={}/agency={}/period={}/{submission}", key.return_id, key.agency, key.period);
        let mut staged = Vec::new();
        for (name, draft) in tables {
            let Draft { table, columns, rows, .. } = draft;
            let file = match rows {
                Rows::Few(None) => None,
                Rows::Few(Some(batch)) => Some(spawn_blocking(move || {
                    let mut file = Parquet::begin(&table, &batch)?;
                    file.write(&table, &batch)?;
                    Ok((file, table))
                })),
                Rows::Many { batches, writing } => {
                    drop(batches);
                    let file = joined(writing).await?;
                    Some(spawn_blocking(move || Ok((file, table))))
                }
            };
            let stem = stem.clone();
            let file = match file {
                Some(written) => {
                    let (file, table) = joined(written).await?;
                    Some(joined(spawn_blocking(move || file.end(&table, &stem))).await?)
                }
                None => None,
            };
            staged.push(StagedTable { table: name, columns, file });
        }
        fault::point("store-after-parquet");
        Ok(Staged { key, submission, tables: staged })
    }
}

impl Draft {
    async fn take(&mut self, batch: RecordBatch) -> Result<()> {
        if let Rows::Few(waiting) = &mut self.rows {
            let Some(first) = waiting.take() else {
                *waiting = Some(batch);
                return Ok(());
            };
            let (batches, coming) = mpsc::channel(WAITING);
            let table = self.table.clone();
            let writing = spawn_blocking(move || written(&table, &first, coming));
            self.rows = Rows::Many { batches, writing };
        }
        let Rows::Many { batches, writing } = &mut self.rows else { return Ok(()) };
        if batches.send(batch).await.is_err() {
            // It listens no more: it says why.
            joined(writing).await?;
            return Err(WarehouseError::Stopped);
        }
        Ok(())
    }
}

/// Writes rows as they come until there are no more.
fn written(table: &Table, first: &RecordBatch, mut coming: mpsc::Receiver<RecordBatch>) -> Result<Parquet> {
    let mut file = Parquet::begin(table, first)?;
    file.write(table, first)?;
    while let Some(batch) = coming.blocking_recv() {
        file.write(table, &batch)?;
    }
    Ok(file)
}

async fn joined<T>(work: impl Future<Output = std::result::Result<Result<T>, tokio::task::JoinError>>) -> Result<T> {
    work.await.map_err(|_| WarehouseError::Stopped)?
}

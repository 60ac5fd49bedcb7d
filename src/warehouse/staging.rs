//! Rows on their way: Parquet files in the table's folder that no version names yet.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use deltalake::kernel::StructType;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::column::columns;
use super::table::{PARTITION, Table};
use super::{Result, Warehouse, WarehouseError};
use crate::check::{Sink, SinkError};
use crate::domain::hex;
use crate::durable::{self, Existing, Readers, disk};
use crate::fault;
use crate::ledger::ObligationKey;

/// Rows of a row group, which is what the writer holds in memory.
const GROUP: usize = 1 << 16;

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
    file: Option<Parquet>,
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
            drafts.insert(name.clone(), Draft { table, schema: schema.clone(), columns, file: None });
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
        self.put(table, &batch).map_err(SinkError::new)
    }
}

impl Staging {
    fn put(&mut self, table: &str, batch: &RecordBatch) -> Result<()> {
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
        if draft.file.is_none() {
            draft.file = Some(Parquet::begin(&draft.table, &batch.schema())?);
        }
        match &mut draft.file {
            Some(file) => file.write(&draft.table, &batch),
            None => Ok(()),
        }
    }

    /// Ends the files; when this returns they survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn finish(self) -> Result<Staged> {
        tokio::task::spawn_blocking(move || self.close()).await.map_err(|_| WarehouseError::Stopped)?
    }

    fn close(self) -> Result<Staged> {
        let Self { key, submission, tables } = self;
        let folder = format!("return_id={}/agency={}/period={}", key.return_id, key.agency, key.period);
        let mut staged = Vec::new();
        for (name, Draft { table, columns, file, .. }) in tables {
            let file = file.map(|file| file.end(&table, &format!("{folder}/{submission}"))).transpose()?;
            staged.push(StagedTable { table: name, columns, file });
        }
        fault::point("store-after-parquet");
        Ok(Staged { key, submission, tables: staged })
    }
}

/// One Parquet file as it is written.
pub(super) struct Parquet {
    writer: ArrowWriter<Summed>,
    rows: i64,
}

impl Parquet {
    pub fn begin(table: &Table, schema: &Schema) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(Default::default()))
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let file = Summed { file: durable::draft(&table.drafts(), Readers::Group)?, sum: Sha256::new(), bytes: 0 };
        let writer = ArrowWriter::try_new(file, SchemaRef::new(schema.clone()), Some(properties));
        Ok(Self { writer: writer.map_err(|error| table.parquet(error))?, rows: 0 })
    }

    pub fn write(&mut self, table: &Table, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as i64;
        self.writer.write(batch).map_err(|error| table.parquet(error))
    }

    /// Flushes the file and names it `<stem>-<SHA-256>.parquet`.
    pub fn end(self, table: &Table, stem: &str) -> Result<StagedFile> {
        let Summed { file, sum, bytes } = self.writer.into_inner().map_err(|error| table.parquet(error))?;
        let path = format!("{stem}-{}.parquet", hex(&sum.finalize()));
        durable::name(file, &table.folder.join(&path), Existing::Replaced)?;
        Ok(StagedFile { path, bytes, rows: self.rows })
    }
}

/// A file that sums what is written to it.
struct Summed {
    file: NamedTempFile,
    sum: Sha256,
    bytes: i64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as i64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Table {
    pub(super) fn parquet(&self, source: parquet::errors::ParquetError) -> WarehouseError {
        WarehouseError::Parquet { table: self.name.clone(), source }
    }
}

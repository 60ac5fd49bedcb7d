//! One Parquet file as it is written: summed on the way, named once it is durable.

use std::collections::HashSet;
use std::io::{self, Write};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::Result;
use super::staging::StagedFile;
use super::table::Table;
use crate::domain::hex;
use crate::durable::{self, Existing, Readers};

/// Rows of a row group, which is what the writer holds in memory.
const GROUP: usize = 1 << 16;

/// Bytes after which a row group is closed before it has all its rows.
const GROUP_BYTES: usize = 32 << 20;

/// Rows that are looked at to settle how a column is written.
const SAMPLE: usize = 2048;

/// A Parquet file in the making.
pub(super) struct Parquet {
    writer: ArrowWriter<Summed>,
    rows: i64,
}

impl Parquet {
    /// Begins a file for rows like those of `first`, which are not written yet.
    pub fn begin(table: &Table, first: &RecordBatch) -> Result<Self> {
        let file = Summed { file: durable::draft(&table.drafts(), Readers::Group)?, sum: Sha256::new(), bytes: 0 };
        let writer = ArrowWriter::try_new(file, first.schema(), Some(properties(table, first)));
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

/// How rows like these are written: a dictionary only where values come again, differences where numbers rise.
fn properties(table: &Table, first: &RecordBatch) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(Default::default()))
        .set_statistics_enabled(match table.is_confidential() {
            // The least and the greatest of a column are cells of it.
            true => EnabledStatistics::None,
            false => EnabledStatistics::Chunk,
        })
        .set_max_row_group_row_count(Some(GROUP))
        .set_max_row_group_bytes(Some(GROUP_BYTES));
    for (field, array) in first.schema().fields().iter().zip(first.columns()) {
        let column = || ColumnPath::from(field.name().as_str());
        if comes_again(array) {
            continue;
        }
        properties = properties.set_column_dictionary_enabled(column(), false);
        if matches!(array.data_type(), DataType::Int32 | DataType::Int64) {
            properties = properties.set_column_encoding(column(), Encoding::DELTA_BINARY_PACKED);
        }
    }
    properties.build()
}

/// Whether the first values of a column are the same ones again and again, as far as that is worth knowing.
fn comes_again(array: &ArrayRef) -> bool {
    let rows = array.len().min(SAMPLE);
    let distinct = match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            (0..rows).filter(|row| texts.is_valid(*row)).map(|row| texts.value(row)).collect::<HashSet<_>>().len()
        }
        DataType::Int32 => {
            let numbers = array.as_primitive::<arrow::datatypes::Int32Type>();
            numbers.values()[..rows].iter().collect::<HashSet<_>>().len()
        }
        DataType::Decimal128(..) => {
            let numbers = array.as_primitive::<arrow::datatypes::Decimal128Type>();
            numbers.values()[..rows].iter().collect::<HashSet<_>>().len()
        }
        _ => return true,
    };
    distinct * 2 <= rows
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
    pub(super) fn parquet(&self, source: parquet::errors::ParquetError) -> super::WarehouseError {
        super::WarehouseError::Parquet { table: self.name.clone(), source }
    }
}

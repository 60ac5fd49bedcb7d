//! Parquet, read in a worker; a damaged file may even abort the reader, which is why it runs apart.

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::cells::BATCH;
use super::columnar;
use crate::worker::Output;

/// The worker's side: `input` is the file.
pub(super) fn handle(_request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(input)).map_err(damaged)?;
    let schema = builder.schema().clone();
    let reader = builder.with_batch_size(BATCH).build().map_err(damaged)?;
    columnar::send(&schema, reader.map(|batch| batch.map_err(damaged)), output)
}

fn damaged(error: impl std::fmt::Display) -> String {
    format!("the Parquet file is cut off or damaged ({error}); write it again and send it again")
}

//! An extract becomes tables of text cells, each row knowing where it stood in the file.
//!
//! CSV and JSON are read here, in memory-safe code that copies cells and interprets nothing; workbooks and Parquet are
//! read in a [worker]. Knows nothing of contracts: which columns are wanted, what a cell may hold and
//! which texts mean "not available" is for `check`.

mod cells;
mod csv;
mod error;
mod json;
mod parquet;
mod text;
mod wire;
mod workbook;

use std::process::ExitCode;

use arrow::array::RecordBatch;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::worker::{self, Job, Kind, Launcher};

pub use crate::worker::Limits;
pub use cells::is_unnamed;
pub use csv::CsvOptions;
pub use error::DecodeError;
pub use text::{Encoding, refuse_what_is_no_data};
pub use workbook::XlsxOptions;

/// What a file holds: one or more tables of text cells.
pub struct Decoded {
    pub sheets: Vec<Sheet>,
    /// Sheets of the workbook that were not asked for, or hold nothing.
    pub ignored: Vec<String>,
}

/// One table of a file.
pub struct Sheet {
    /// The workbook's name for it; none for CSV, JSON and Parquet.
    pub name: Option<String>,
    /// 1-based row of the headings in the file; 0 where the format has no such row.
    pub header_row: u32,
    /// 0-based file column of the first heading (column A is 0).
    pub first_column: u32,
    /// Headings as written, trimmed; never twice the same. A column without one goes by its letter: see [`is_unnamed`].
    pub columns: Vec<String>,
    /// Batches: column 0 is `__row` (`UInt32`, 1-based row in the file as a spreadsheet counts, or the record's number
    /// where the format has no rows), then one nullable `Utf8` column per heading in the same order. Empty cells are
    /// null; rows without any cell are left out.
    pub rows: Rows,
}

impl Sheet {
    /// The letter a spreadsheet shows above the column at `index` of [`columns`](Self::columns); none for formats
    /// people do not open in a spreadsheet.
    pub fn letter(&self, index: usize) -> Option<String> {
        (self.header_row > 0).then(|| letter(self.first_column as usize + index))
    }
}

/// The rows of a sheet, read as they are asked for.
pub type Rows = Box<dyn Iterator<Item = Result<RecordBatch, DecodeError>> + Send>;

/// How an extract is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Format {
    Csv(CsvOptions),
    Xlsx(XlsxOptions),
    /// An array of flat objects, such an array under `data`, or one object a line.
    Json,
    Parquet,
}

/// The column letters of a 0-based column: A, B, … Z, AA.
pub fn letter(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// Reads an extract under the ordinary [`Limits`].
///
/// # Errors
/// See [`decode_within`].
pub async fn decode(format: &Format, extract: Bytes, worker: &Launcher) -> Result<Decoded, DecodeError> {
    decode_within(format, extract, worker, Limits::default()).await
}

/// Reads an extract within `limits`.
///
/// # Errors
/// When the extract cannot be read as a file of that format at all. An error in a later row comes out of
/// [`Sheet::rows`]: rows before it are not a file either.
pub async fn decode_within(
    format: &Format,
    extract: Bytes,
    worker: &Launcher,
    limits: Limits,
) -> Result<Decoded, DecodeError> {
    refuse_what_is_no_data(format, &extract)?;
    match format {
        Format::Csv(options) => one(csv::read(options, extract, limits.decoded_bytes)?),
        Format::Json => one(json::read(extract, limits.decoded_bytes)?),
        Format::Xlsx(options) => {
            let request = json!({ "sheets": options.sheets });
            wire::sheets(in_worker(worker, Kind::Xlsx, &request, &extract, limits).await?)
        }
        Format::Parquet => wire::sheets(in_worker(worker, Kind::Parquet, &json!({}), &extract, limits).await?),
    }
}

fn one(sheet: Sheet) -> Result<Decoded, DecodeError> {
    Ok(Decoded { sheets: vec![sheet], ignored: Vec::new() })
}

async fn in_worker(
    worker: &Launcher,
    kind: Kind,
    request: &serde_json::Value,
    extract: &Bytes,
    limits: Limits,
) -> Result<Vec<worker::Frame>, DecodeError> {
    let job = Job { kind, request, input: Some(extract), limits, readable: &[] };
    worker.run(job).await.map_err(DecodeError::from)
}

/// Runs one of the decoding workers, the child's side of [`decode`]; none for the kinds that are not decode's.
pub fn serve_worker(kind: Kind) -> Option<ExitCode> {
    match kind {
        Kind::Xlsx => Some(worker::serve(kind, workbook::handle)),
        Kind::Parquet => Some(worker::serve(kind, parquet::handle)),
        Kind::Probe => Some(worker::serve(kind, worker::probe)),
        Kind::Typst | Kind::Sql => None,
    }
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn letters_go_on_after_z() {
        let letters: Vec<_> = [0, 25, 26, 51, 701, 702].into_iter().map(letter).collect();
        assert_eq!(letters, ["A", "Z", "AA", "AZ", "ZZ", "AAA"]);
    }
}

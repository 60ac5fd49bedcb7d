//! An extract becomes tables of text cells, each row knowing where it stood in the file.
//!
//! CSV, JSON and XML are read here, in memory-safe code that copies cells and interprets nothing; workbooks, Parquet and
//! Arrow are read in a [worker]. Knows nothing of contracts: which columns are wanted, what a cell may hold and
//! which texts mean "not available" is for `check`.

mod arrow_file;
mod beside;
mod cells;
mod columnar;
mod csv;
mod dialect;
mod error;
mod every_row;
mod fast;
mod json;
mod lines;
mod marks;
mod parquet;
mod record;
mod remarks;
mod rows;
mod stream;
mod text;
mod unwrap;
mod wire;
mod workbook;
mod xml;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::content::Content;
use crate::worker::{self, Input, Job, Kind, Launcher};

pub use crate::worker::Limits;
pub use cells::{NOT_CALCULATED, is_formula_error, is_unnamed, plain};
pub use csv::{CsvOptions, Quote, rows_outside};
pub use error::DecodeError;
pub use every_row::{Part, every_row};
pub use json::{JsonOptions, each_value};
pub use lines::each_line;
pub use marks::{AGENCY_MARK, Marks, PERIOD_MARK, RETURN_MARK, marks_of};
pub use remarks::{Below, Outside, Remarks, Runs, Stored, Tally};
pub use rows::{Piece, Rows};
pub use text::{Encoding, refuse_what_is_no_data};
pub use unwrap::{
    Keys, Lock, Members, NotAPattern, Pattern, Refusal, Unwrapped, is_wrapped, may_be_wrapped, unwrap, unwrap_all,
};
#[cfg(fuzzing)]
pub use wire::sheets as sheets_of;
pub use workbook::{Wanted, WantedHeading, WorkbookOptions, is_cell, is_range};
pub use xml::{Element, NotAPath, Place, XmlOptions, XmlTable, each_text, outline, rows_path};

/// What a file holds: one or more tables of text cells.
pub struct Decoded {
    pub sheets: Vec<Sheet>,
    /// Sheets of the workbook that were not asked for, or hold nothing.
    pub ignored: Vec<String>,
}

/// One table of a file.
pub struct Sheet {
    /// The workbook's name for it, or the path of the elements of XML; none for CSV, JSON, Parquet and Arrow.
    pub name: Option<String>,
    /// 1-based row of the headings in the file; 0 where the format has no such row.
    pub header_row: u32,
    /// 0-based file column of the first heading (column A is 0).
    pub first_column: u32,
    /// Headings as written, trimmed; never twice the same. A column without one goes by its letter: see [`is_unnamed`].
    pub columns: Vec<String>,
    /// How often the file has each of them, in the same order, where a file has headings more than once (XML); else
    /// empty.
    pub counts: Vec<u64>,
    /// What the reader noticed beside the cells.
    pub remarks: Remarks,
    /// What stands below the row that ends the table; known once its rows were read.
    pub below: Arc<OnceLock<Below>>,
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

/// How an extract is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Format {
    Csv(CsvOptions),
    /// `.xlsx`, `.xls`, `.xlsb` or `.ods`, whichever it is.
    Workbook(WorkbookOptions),
    Json(JsonOptions),
    Xml(XmlOptions),
    Parquet,
    /// Arrow IPC, as a file or as a stream.
    Arrow,
    /// Words for people (PDF, Word): kept as it came, and never decoded.
    Document,
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

/// How much of an extract tells what it is: see [`refuse_what_is_no_data`].
pub const HEAD: usize = 1 << 16;

/// Reads an extract under the ordinary [`Limits`].
///
/// # Errors
/// See [`decode_within`].
pub async fn decode(format: &Format, extract: impl Into<Content>, worker: &Launcher) -> Result<Decoded, DecodeError> {
    decode_within(format, extract, worker, Limits::default()).await
}

/// Reads an extract within `limits`.
///
/// # Errors
/// When the extract cannot be read as a file of that format at all. An error in a later row comes out of
/// [`Sheet::rows`]: rows before it are not a file either.
pub async fn decode_within(
    format: &Format,
    extract: impl Into<Content>,
    worker: &Launcher,
    limits: Limits,
) -> Result<Decoded, DecodeError> {
    let extract = extract.into();
    refuse_what_is_no_data(format, &extract.head(HEAD)?)?;
    let most = limits.decoded_bytes;
    match format {
        Format::Csv(options) => {
            let options = options.clone();
            one(aside(move || csv::read(&options, extract)).await?)
        }
        Format::Json(options) => {
            let options = options.clone();
            one(aside(move || json::read(&options, whole(&extract, most)?, most)).await?)
        }
        Format::Xml(options) => {
            let options = options.clone();
            aside(move || xml::read(&options, whole(&extract, most)?, most)).await
        }
        Format::Workbook(options) => {
            let request = json!(options);
            wire::sheets(in_worker(worker, Kind::Workbook, &request, &extract, limits).await?)
        }
        Format::Parquet => wire::sheets(in_worker(worker, Kind::Parquet, &json!({}), &extract, limits).await?),
        Format::Arrow => wire::sheets(in_worker(worker, Kind::Arrow, &json!({}), &extract, limits).await?),
        Format::Document => Ok(Decoded { sheets: Vec::new(), ignored: Vec::new() }),
    }
}

/// Reads a CSV file that belongs to a definition, such as a list of codes.
///
/// # Errors
/// When it is no CSV file.
pub fn csv(bytes: Bytes) -> Result<Sheet, DecodeError> {
    csv::read(&CsvOptions::default(), bytes.into())
}

/// Does what takes its time on a thread that nobody else waits for.
///
/// # Errors
/// Those of the work, or that the daemon is stopping.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DecodeError> + Send + 'static,
) -> Result<T, DecodeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(DecodeError::Kept(std::io::Error::other("the daemon is stopping"))),
        },
    }
}

/// The whole extract in memory, for formats that cannot be read otherwise.
fn whole(extract: &Content, most: u64) -> Result<Bytes, DecodeError> {
    if extract.length() > most { Err(DecodeError::TooLarge(most)) } else { Ok(extract.bytes()?) }
}

fn one(sheet: Sheet) -> Result<Decoded, DecodeError> {
    Ok(Decoded { sheets: vec![sheet], ignored: Vec::new() })
}

/// Reads every file that came out of an extract's wrappings, under the ordinary [`Limits`]. Where each file of an archive
/// is a table, its sheet goes by the file's name.
///
/// # Errors
/// See [`decode_within`]; of several files the error names the one.
pub async fn decode_each(
    format: &Format,
    members: &Members,
    unwrapped: Unwrapped,
    worker: &Launcher,
) -> Result<Decoded, DecodeError> {
    let mut all = Decoded { sheets: Vec::new(), ignored: unwrapped.ignored };
    for (name, content) in unwrapped.files {
        let decoded = decode(format, content, worker).await;
        let (Members::Each(_), Some(name)) = (members, name) else {
            let Decoded { sheets, ignored } = decoded?;
            all.sheets.extend(sheets);
            all.ignored.extend(ignored);
            continue;
        };
        let file = name.rsplit(['/', '\\']).next().unwrap_or(&name).to_owned();
        for sheet in decoded.map_err(|error| error.in_file(&file))?.sheets {
            let of = file.clone();
            let rows = Rows::of(sheet.rows.map(move |batch| batch.map_err(|error| error.in_file(&of))));
            all.sheets.push(Sheet { name: Some(file.clone()), rows, ..sheet });
        }
    }
    Ok(all)
}

/// What a worker of this kind answers to a whole extract, which may be as long as its answer.
///
/// # Errors
/// See [`decode_within`].
pub async fn in_worker(
    worker: &Launcher,
    kind: Kind,
    request: &serde_json::Value,
    extract: &Content,
    limits: Limits,
) -> Result<Vec<worker::Frame>, DecodeError> {
    if extract.length() > limits.decoded_bytes {
        return Err(DecodeError::TooLarge(limits.decoded_bytes));
    }
    let job = Job { kind, request, input: Input::Content(extract), limits, readable: &[] };
    worker.run(job).await.map_err(DecodeError::from)
}

/// Runs one of the decoding workers, the child's side of [`decode`]; none for the kinds that are not decode's.
pub fn serve_worker(kind: Kind) -> Option<ExitCode> {
    match kind {
        Kind::Workbook => Some(worker::serve(kind, workbook::handle)),
        Kind::Parquet => Some(worker::serve(kind, parquet::handle)),
        Kind::Arrow => Some(worker::serve(kind, arrow_file::handle)),
        Kind::Unwrap => Some(worker::serve(kind, unwrap::handle)),
        Kind::Probe => Some(worker::serve(kind, worker::probe)),
        Kind::Typst | Kind::Sql | Kind::Mark | Kind::Guard | Kind::Mail => None,
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

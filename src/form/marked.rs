//! The sender's own file as a workbook with what is to be fixed marked: a light fill and a note in each cell, and a list.
//!
//! A workbook is marked where it stands, so that its sheets, formulas and formats stay the sender's. Whatever cannot be
//! marked so (another format, macros, a signature) is written anew from the cells as they were read. Both happen in a
//! worker, for the bytes are foreign.

use std::{collections::BTreeMap, io::Cursor, process::ExitCode};

use arrow::{array::RecordBatch, ipc::writer::StreamWriter};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    in_place,
    list::Head,
    notes::{At, column},
    rewritten,
};
use crate::{
    check::{Finding, Severity},
    decode::{DecodeError, Decoded, Sheet},
    worker::{self, Frame, Input, Job, Kind, Launcher, Limits, Output, WorkerError},
};

/// A file of more bytes is not marked, and neither is one whose marked copy would have more: mail does not carry it well.
pub const MOST_BYTES: usize = 5 << 20;

/// Cells that one file may have marked; a file with more has one mistake many times.
const MOST_MARKS: usize = 5000;

/// Rows that are written anew at most.
const MOST_ROWS: usize = 200_000;

/// One thing to mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub severity: Severity,
    pub sheet: Option<String>,
    pub heading: Option<String>,
    pub letter: Option<String>,
    pub row: Option<u32>,
    pub rule: String,
    pub says: String,
}

impl Mark {
    fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.severity,
            sheet: finding.sheet.clone(),
            heading: finding.heading.clone(),
            letter: finding.letter.clone(),
            row: finding.row,
            rule: finding.rule.clone(),
            says: finding.says.clone(),
        }
    }

    /// The cell, 0-based, as far as the finding names one; a row without a column is marked in its first cell.
    pub(super) fn cell(&self) -> Option<(u32, u32)> {
        let row = self.row?.checked_sub(1)?;
        let column = self.letter.as_deref().and_then(column);
        Some((row, column.unwrap_or(0)))
    }

    /// The place in words.
    pub(super) fn place(&self) -> String {
        let cell = match (&self.letter, self.row) {
            (Some(letter), Some(row)) => format!("{letter}{row}"),
            (None, Some(row)) => format!("row {row}"),
            (Some(letter), None) => format!("column {letter}"),
            (None, None) => self.heading.clone().unwrap_or_default(),
        };
        match (&self.sheet, cell.is_empty()) {
            (Some(sheet), true) => sheet.clone(),
            (Some(sheet), false) => format!("{sheet}, {cell}"),
            (None, _) => cell,
        }
    }

    /// Where a link leads.
    pub(super) fn location(&self) -> Option<String> {
        let sheet = self.sheet.as_deref()?.replace('\'', "''");
        let (row, column) = self.cell()?;
        Some(format!("'{sheet}'!{}", super::notes::address((row, column))))
    }

    /// How much it matters, in words.
    pub(super) fn matters(&self) -> &'static str {
        match self.severity {
            Severity::Error => "to be fixed",
            Severity::Query => "a question",
            Severity::Note => "good to know",
        }
    }
}

/// How much what was found in a cell matters.
pub(super) type Cells = BTreeMap<At, Severity>;
/// What is said about a cell.
pub(super) type Notes = BTreeMap<At, String>;

/// The marks of one sheet: for each cell the worst severity and all that is said about it.
pub(super) fn of_sheet<'a>(marks: impl Iterator<Item = &'a Mark>) -> (Cells, Notes) {
    let (mut cells, mut notes) = (Cells::new(), Notes::new());
    for mark in marks {
        let Some(at) = mark.cell() else { continue };
        let worst = cells.entry(at).or_insert(mark.severity);
        *worst = mark.severity.min(*worst);
        let note = notes.entry(at).or_default();
        if !note.is_empty() {
            note.push('\n');
        }
        note.push_str(&super::choices::cut(&mark.says, 600));
    }
    (cells, notes)
}

/// Why a file has no marked copy.
#[derive(Debug, thiserror::Error)]
pub enum NotMarked {
    /// Nothing of it can be pointed at.
    #[error("nothing in it can be pointed at")]
    Nothing,
    /// It is too large for a mail.
    #[error("it is larger than the {} MB a mail carries", MOST_BYTES >> 20)]
    TooLarge,
    /// It could not be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The worker failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// Its rows could not be handed over.
    #[error("its rows could not be put together: {0}")]
    Rows(#[from] arrow::error::ArrowError),
}

/// What the worker is asked.
#[derive(Serialize, Deserialize)]
struct Request {
    head: Head,
    marks: Vec<Mark>,
    /// The sheets whose rows the input holds; none where it holds the sender's workbook.
    sheets: Option<Vec<Rows>>,
}

/// A sheet of the input, to be written anew.
#[derive(Serialize, Deserialize)]
pub(super) struct Rows {
    pub name: Option<String>,
    pub header_row: u32,
    pub first_column: u32,
    pub columns: Vec<String>,
    /// Bytes of its Arrow stream.
    bytes: usize,
}

/// The limits of marking: what a mail carries is small.
fn limits() -> Limits {
    Limits { memory_bytes: 512 << 20, wall: std::time::Duration::from_secs(30), decoded_bytes: 2 * MOST_BYTES as u64 }
}

/// What can be pointed at of the findings, mistakes first.
fn marks(findings: &[Finding]) -> Vec<Mark> {
    let counts = findings.iter().filter(|finding| finding.severity != Severity::Note);
    let mut marks: Vec<Mark> = counts.map(Mark::of).collect();
    marks.sort_by_key(|mark| mark.severity);
    marks.truncate(MOST_MARKS);
    marks
}

/// The sender's workbook with its findings marked in place.
///
/// # Errors
/// When it cannot be marked so; [`marked_anew`] can then.
pub async fn marked_in_place(
    launcher: &Launcher,
    bytes: &[u8],
    head: &Head,
    findings: &[Finding],
) -> Result<Vec<u8>, NotMarked> {
    let request = Request { head: head.clone(), marks: marks(findings), sheets: None };
    in_worker(launcher, &request, bytes).await
}

/// The rows of a file as a workbook with its findings marked, each cell where it stood.
///
/// # Errors
/// When the file is too large, or a worker failed.
pub async fn marked_anew(
    launcher: &Launcher,
    decoded: Decoded,
    head: &Head,
    findings: &[Finding],
) -> Result<Vec<u8>, NotMarked> {
    let (mut sheets, mut input, mut rows) = (Vec::new(), Vec::new(), 0);
    for Sheet { name, header_row, first_column, columns, rows: batches, .. } in decoded.sheets {
        let mut batches = batches.peekable();
        let Some(schema) = batches.peek().and_then(|batch| batch.as_ref().ok()).map(RecordBatch::schema) else {
            sheets.push(Rows { name, header_row, first_column, columns, bytes: 0 });
            continue;
        };
        let mut stream = StreamWriter::try_new(Vec::new(), &schema)?;
        for batch in batches {
            let batch = batch?;
            rows += batch.num_rows();
            if rows > MOST_ROWS {
                return Err(NotMarked::TooLarge);
            }
            stream.write(&batch)?;
        }
        let bytes = stream.into_inner()?;
        sheets.push(Rows { name, header_row, first_column, columns, bytes: bytes.len() });
        input.extend(bytes);
    }
    let request = Request { head: head.clone(), marks: marks(findings), sheets: Some(sheets) };
    in_worker(launcher, &request, &input).await
}

async fn in_worker(launcher: &Launcher, request: &Request, input: &[u8]) -> Result<Vec<u8>, NotMarked> {
    if request.marks.is_empty() {
        return Err(NotMarked::Nothing);
    }
    let kind = Kind::Mark;
    let told = |what: String| WorkerError::Protocol { kind, what };
    let request = serde_json::to_value(request).map_err(|error| told(error.to_string()))?;
    let job = Job { kind, request: &request, input: Input::Bytes(input), limits: limits(), readable: &[] };
    let mut frames = launcher.run(job).await?.into_iter();
    match frames.next() {
        Some(Frame::Bytes(bytes)) if bytes.len() <= MOST_BYTES => Ok(bytes),
        Some(Frame::Bytes(_)) => Err(NotMarked::TooLarge),
        _ => Err(told("a workbook was expected".to_owned()).into()),
    }
}

/// The worker's side; the exit code of the process. Call it at the top of `main`.
pub fn serve_mark() -> ExitCode {
    worker::serve(Kind::Mark, handle)
}

fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let request: Request = serde_json::from_value(request).map_err(|error| error.to_string())?;
    let book = match request.sheets {
        None => in_place::mark(&input, &request.head, &request.marks)?,
        Some(sheets) => {
            let mut rest = input.as_slice();
            let mut tables = Vec::new();
            for sheet in sheets {
                let (bytes, after) = rest.split_at_checked(sheet.bytes).ok_or("a sheet is cut off")?;
                let batches = match bytes.is_empty() {
                    true => Vec::new(),
                    false => arrow::ipc::reader::StreamReader::try_new(Cursor::new(bytes), None)
                        .and_then(Iterator::collect)
                        .map_err(|error| error.to_string())?,
                };
                tables.push((sheet, batches));
                rest = after;
            }
            rewritten::write(&request.head, &request.marks, tables)?
        }
    };
    output.bytes(&book).map_err(|error| error.to_string())
}

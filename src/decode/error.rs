//! Why an extract could not be read.
//!
//! Every message names the place and the next step, and never a cell's content: a file without headings has cells where
//! its headings should stand, so no heading is repeated either.

use super::Refusal;
use crate::worker::WorkerError;

/// The extract is not a readable file of its format.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Our own copy of the extract, not the extract.
    #[error("the kept copy of the file cannot be read ({0}); check that the disk is there")]
    Kept(#[from] std::io::Error),
    #[error("the file is empty; send it again with its headings, or declare a nil return")]
    Empty,
    #[error("the server sent a web page, not {0}; check the address, and whether it asks for a sign-in")]
    WebPage(&'static str),
    #[error("the file is {found}, not {expected}; save it as {expected} or change the format of the return")]
    OtherFormat { found: &'static str, expected: &'static str },
    #[error("the file holds more than the {} MiB allowed; send the data in smaller files", .0 / (1 << 20))]
    TooLarge(u64),
    #[error("byte {byte} (line {line}) is not {encoding}; save the file as UTF-8 and send it again")]
    Encoding { byte: u64, line: u64, encoding: &'static str },
    #[error("columns {first} and {second} have the same heading; rename one of them")]
    DuplicateHeading { heading: String, first: String, second: String },
    #[error("row {row} has {found} cells where the headings have {expected}; correct the row, or quote its text")]
    Ragged { row: u32, found: usize, expected: usize },
    #[error("the quotation mark opened in row {row} is never closed; the file was cut off, or the mark is not doubled")]
    OpenQuote { row: u32 },
    #[error("row {row} goes on after a closing quotation mark; double the quotation marks inside the text")]
    AfterQuote { row: u32 },
    #[error(
        "row {row} is longer than 16 MiB; is a quotation mark opened in it that is never closed? Correct it, and send the \
         file again"
    )]
    LongRecord { row: u32 },
    #[error(
        "the file has no row {row}, in which its headings should stand; correct header_row or header_rows in [format]"
    )]
    HeaderRow { row: u32 },
    #[error(
        "row {row} begins like the notes below the table, and more than 20 rows follow it; move the notes to the end of \
         the file, or correct footer in [format]"
    )]
    LongFooter { row: u32 },
    #[error("{0:?} cannot separate columns; write one of , ; | or a tab")]
    Delimiter(char),
    #[error("the file has more rows than can be numbered; send the data in smaller files")]
    TooManyRows,
    #[error("the file is not well-formed JSON: {0}; send it again as an array of objects")]
    Json(String),
    #[error("record {record} is not an object; write each record as {{\"heading\": value, …}}")]
    NotAnObject { record: u32 },
    #[error(
        "record {record} holds a list or an object in one of its values; a cell is a text, a number, true, false or null"
    )]
    Nested { record: u32, key: String },
    #[error("record {record} has two values of one name; leave one")]
    DuplicateKey { record: u32, key: String },
    #[error(
        "record {record} brings the file to more than 16,384 different names of values, or to names that are too long \
         together; send each record with the names that were agreed"
    )]
    TooManyColumns { record: u32 },
    #[error("the row of headings has {columns} columns, and a table has up to 16,384; check what parts its cells")]
    TooWide { columns: usize },
    #[error(
        "the file has {columns} different names of values in {records} records, and nearly all of its cells are empty; send \
         each record with the names that were agreed"
    )]
    TooSparse { columns: usize, records: usize },
    #[error("the file has no list of records at {0:?}; send it as agreed, or correct records in return.toml")]
    NoRecords(String),
    #[error("line {line} of the XML: {what}")]
    Xml { line: usize, what: String },
    #[error("element {row} of {sheet} has more than one {heading}; leave one, or give it a [[table]] of its own")]
    RepeatedElement { heading: String, sheet: String, row: u32 },
    /// Its wrappings could not be taken off.
    #[error(transparent)]
    Wrapped(#[from] Refusal),
    #[error("{file}: {source}")]
    InFile { file: String, source: Box<DecodeError> },
    /// The worker gave no answer, or refused the file in its own words.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error("the decoded rows could not be put together: {0}; report this with the file's name")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("the worker's answer is not a list of sheets ({0}); report this with the file's name")]
    Wire(&'static str),
}

impl DecodeError {
    /// The same of one file among several.
    pub(super) fn in_file(self, file: &str) -> Self {
        Self::InFile { file: file.to_owned(), source: Box::new(self) }
    }

    /// Whether it is for us to mend, not for the sender: a disk, a worker that could not be started, a key.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Kept(_)
            | Self::Worker(WorkerError::Spawn { .. } | WorkerError::Build { .. } | WorkerError::Protocol { .. })
            | Self::Wrapped(Refusal::UnusableKey(_)) => true,
            Self::InFile { source, .. } => source.is_ours(),
            _ => false,
        }
    }

    /// Whether the file is locked, and nothing here opens it.
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Wrapped(Refusal::Protected(_) | Refusal::WrongKey(_) | Refusal::UnknownLock(_)))
    }

    /// The heading it is about: to be repeated only to those whose contract has it.
    pub fn heading(&self) -> Option<&str> {
        match self {
            Self::DuplicateHeading { heading, .. } => Some(heading),
            Self::Nested { key, .. } | Self::DuplicateKey { key, .. } => Some(key),
            Self::RepeatedElement { heading, .. } => Some(heading),
            Self::InFile { source, .. } => source.heading(),
            _ => None,
        }
    }
}

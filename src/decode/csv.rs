//! CSV: RFC 4180, and what spreadsheets make of it.
//!
//! Written here rather than taken from a crate because every row must keep the number a spreadsheet shows for it: blank
//! lines count, line ends inside quotes do not, and an unclosed quote is a file cut off, not a long cell. A file of any
//! length is cut between its records into pieces of so many rows, which are read by whoever has time.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::{
    Below, DecodeError, Encoding, Remarks, Sheet,
    cells::{BATCH, schema},
    dialect::{self, Dialect},
    fast::{self, Shape},
    is_unnamed,
    record::{Marks, Record, Records},
    rows::{Piece, Rows},
    stream::{Text, TextReader},
};
use crate::{content::Content, domain::matches};

/// What a return may state about its CSV files; what it does not state is detected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    pub delimiter: Option<char>,
    pub quote: Option<Quote>,
    pub encoding: Option<Encoding>,
    /// 1-based row of the headings, the first one of several.
    pub header_row: Option<u32>,
    /// How many rows of headings there are; one if it does not say.
    pub header_rows: Option<u32>,
    /// The rows end before one whose first cell that holds something matches one of these: literal text and `*`.
    pub footer: Vec<String>,
    /// The rows end at the first blank one.
    pub ends_at_blank_row: bool,
    /// Whether empty cells at the end of a row may be left out.
    pub short_rows: bool,
    /// Headings that the return knows, as [`plain`](super::plain) makes them, by which its headings are found below a
    /// title.
    pub headings: Vec<String>,
}

/// What holds together a cell that contains delimiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quote {
    Double,
    Single,
    /// Quotation marks are characters like any other.
    None,
}

/// How much of a file is looked at to find its headings, in bytes.
const HEAD: usize = 1 << 20;

/// The longest row read, in bytes.
const MOST_RECORD: usize = 16 << 20;

/// Bytes after which a piece is closed before it has all its rows.
const PIECE_BYTES: usize = 4 << 20;

/// The most rows that may follow the first row of a footer.
const MOST_FOOTER: u32 = 20;

/// Reads the headings; the rows follow as they are asked for.
pub(super) fn read(options: &CsvOptions, extract: Content) -> Result<Sheet, DecodeError> {
    let (text, mut buffer, dialect) = begin(options, extract)?;
    let Dialect { marks, header_row, columns, body } = dialect;
    let _ = buffer.split_to(body);
    let last = columns.iter().rposition(|heading| !is_unnamed(heading)).map_or(0, |last| last + 1);
    let shape = Shape { marks, schema: schema(&columns), fewest: if options.short_rows { 0 } else { last } };
    let below = Arc::new(OnceLock::new());
    let footer = Footer {
        patterns: options.footer.clone(),
        at_blank_row: options.ends_at_blank_row,
        width: columns.iter().filter(|heading| !is_unnamed(heading)).count(),
        below: Arc::clone(&below),
    };
    let cutter = Cutter { text, buffer, row: header_row, marks, footer, ended: false };
    let shape = Arc::new(shape);
    let pieces = cutter.map(move |cut| {
        let (shape, (text, before)) = (Arc::clone(&shape), cut?);
        Ok(Piece::new(move || fast::read(&text, before, &shape)))
    });
    Ok(Sheet {
        name: None,
        header_row,
        first_column: 0,
        columns,
        counts: Vec::new(),
        remarks: Remarks::default(),
        below,
        rows: Rows::in_pieces(pieces),
    })
}

/// A file's text behind its head, the head, and how it is written.
fn begin(options: &CsvOptions, extract: Content) -> Result<(TextReader, BytesMut, Dialect), DecodeError> {
    let mut text = Text::of(extract, options.encoding)?.reader()?;
    let mut buffer = BytesMut::new();
    let mut is_whole = false;
    while buffer.len() < HEAD && !is_whole {
        is_whole = !text.more(&mut buffer)?;
    }
    let dialect = dialect::settle(options, characters(&buffer), is_whole)?;
    Ok((text, buffer, dialect))
}

/// The rows of a file that are none of its table, with their numbers: those above its headings or, where `end` says which
/// row ended it, those from there on.
///
/// # Errors
/// As when its rows are read.
pub fn rows_outside(
    options: &CsvOptions,
    extract: Content,
    end: Option<u32>,
) -> Result<Vec<(u32, Vec<String>)>, DecodeError> {
    let (text, mut buffer, Dialect { marks, header_row, body, .. }) = begin(options, extract)?;
    let head = buffer.split_to(body);
    let (mut rows, mut record) = (Vec::new(), Record::default());
    let Some(end) = end else {
        let mut records = Records::of(characters(&head), marks);
        while records.row.saturating_add(1) < header_row && records.next(&mut record)? {
            rows.push((records.row, record.cells().map(str::to_owned).collect()));
        }
        return Ok(rows);
    };
    let footer = Footer { patterns: Vec::new(), at_blank_row: false, width: 0, below: Arc::default() };
    let mut cutter = Cutter { text, buffer, row: header_row, marks, footer, ended: false };
    while let Some(next) = cutter.record(0)? {
        let text = cutter.buffer.split_to(next);
        cutter.row = cutter.row.checked_add(1).ok_or(DecodeError::TooManyRows)?;
        if cutter.row >= end {
            let text = characters(&text);
            let is_read = Records::of(text, marks).next(&mut record).is_ok();
            let cells = if is_read { record.cells().map(str::to_owned).collect() } else { vec![text.to_owned()] };
            rows.push((cutter.row, cells));
        }
    }
    Ok(rows)
}

/// The whole characters at the beginning of bytes that are text but for a part of one at their end.
fn characters(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// What ends the rows before the text ends.
struct Footer {
    patterns: Vec<String>,
    at_blank_row: bool,
    /// How many columns have a heading.
    width: usize,
    /// Where it is told what stands below.
    below: Arc<OnceLock<Below>>,
}

impl Footer {
    fn begins(&self, record: &[u8], marks: Marks) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        let mut cells = Record::default();
        // What cannot be read is told by who reads the rows.
        if Records::of(characters(record), marks).next(&mut cells).is_err() {
            return false;
        }
        let first = cells.cells().map(str::trim).find(|cell| !cell.is_empty());
        first.is_some_and(|cell| self.patterns.iter().any(|pattern| matches(pattern, cell)))
    }
}

/// How many cells of a record hold something; one that cannot be read holds whatever it may.
fn filled(record: &[u8], marks: Marks) -> usize {
    let mut cells = Record::default();
    match Records::of(characters(record), marks).next(&mut cells) {
        Ok(_) => cells.cells().filter(|cell| !cell.trim().is_empty()).count(),
        Err(_) => usize::MAX / 2,
    }
}

/// Cuts a text between its records.
struct Cutter {
    text: TextReader,
    /// What was read and not cut off.
    buffer: BytesMut,
    /// Rows before the buffer.
    row: u32,
    marks: Marks,
    footer: Footer,
    ended: bool,
}

impl Iterator for Cutter {
    /// The text of some rows, and how many rows stand before them.
    type Item = Result<(Bytes, u32), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let cut = self.cut();
        self.ended |= cut.is_err();
        cut.map(|cut| Some(cut).filter(|(text, _)| !text.is_empty())).transpose()
    }
}

impl Cutter {
    fn cut(&mut self) -> Result<(Bytes, u32), DecodeError> {
        let before = self.row;
        let (mut end, mut held) = (0, 0);
        while held < BATCH && end < PIECE_BYTES {
            let Some(next) = self.record(end)? else {
                self.ended = true;
                break;
            };
            let record = &self.buffer[end..next];
            let is_blank = self.is_blank(record);
            if (is_blank && self.footer.at_blank_row) || (!is_blank && self.footer.begins(record, self.marks)) {
                let rows = self.buffer.split_to(end);
                self.check_footer(!is_blank)?;
                self.ended = true;
                return Ok((rows.freeze(), before));
            }
            held += usize::from(!is_blank);
            end = next;
            self.row = self.row.checked_add(1).ok_or(DecodeError::TooManyRows)?;
        }
        Ok((self.buffer.split_to(end).freeze(), before))
    }

    fn is_blank(&self, record: &[u8]) -> bool {
        let first = record.first().copied();
        let may_be =
            first == Some(self.marks.delimiter) || first == self.marks.quote || first.is_some_and(|b| b < b' ');
        may_be && self.marks.blank(record).is_some()
    }

    /// A footer is short: more than a few rows below it are rows that would be lost.
    fn check_footer(&mut self, is_row: bool) -> Result<(), DecodeError> {
        let row = self.row.saturating_add(1);
        let (mut at, mut below) = (0, Below::row(row));
        if is_row {
            at = self.record(0)?.unwrap_or(0);
        }
        for number in row.saturating_add(u32::from(is_row)).. {
            let Some(next) = self.record(at)? else { break };
            let record = &self.buffer[at..next];
            if !self.is_blank(record) {
                below.add(number, filled(record, self.marks), self.footer.width);
            }
            at = next;
            if below.rows > MOST_FOOTER {
                return Err(DecodeError::LongFooter { row });
            }
        }
        // Nobody else tells it.
        let _ = self.footer.below.set(below);
        Ok(())
    }

    /// The end of the record that begins at `start` in the buffer, which is filled as far as that takes; none at the end
    /// of the text.
    fn record(&mut self, start: usize) -> Result<Option<usize>, DecodeError> {
        if start >= self.buffer.len() && !self.more(start)? {
            return Ok(None);
        }
        let quote = self.marks.quote.unwrap_or(b'\n');
        let (mut at, mut quoted) = (start, false);
        loop {
            let rest = &self.buffer[at..];
            let found = if quoted { memchr::memchr(quote, rest) } else { memchr::memchr3(quote, b'\n', b'\r', rest) };
            let Some(found) = found.map(|found| at + found) else {
                at = self.buffer.len();
                if self.more(start)? {
                    continue;
                }
                return Ok(Some(at));
            };
            at = found + 1;
            // What follows tells what this one means.
            let is_feed = self.buffer[found] == b'\n';
            if at == self.buffer.len() && !is_feed {
                self.more(start)?;
            }
            let next = self.buffer.get(at).copied();
            if is_feed && !quoted {
                return Ok(Some(at));
            }
            if self.buffer[found] == b'\r' && !quoted {
                return Ok(Some(at + usize::from(next == Some(b'\n'))));
            }
            if !quoted {
                // Inside a cell it is a character like any other.
                quoted = found == start || self.buffer[found - 1] == self.marks.delimiter;
            } else if next == Some(quote) {
                at += 1;
            } else {
                quoted = false;
            }
        }
    }

    /// Reads on; false at the end of the text. A row that does not end is an error.
    fn more(&mut self, start: usize) -> Result<bool, DecodeError> {
        if self.buffer.len() - start > MOST_RECORD {
            return Err(DecodeError::LongRecord { row: self.row.saturating_add(1) });
        }
        self.text.more(&mut self.buffer)
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;

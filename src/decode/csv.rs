//! CSV: RFC 4180, and what spreadsheets make of it.
//!
//! Written here rather than taken from a crate because every row must keep the number a spreadsheet shows for it: blank
//! lines count, line ends inside quotes do not, and an unclosed quote is a file cut off, not a long cell.

use arrow::array::RecordBatch;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::cells::{Batch, headings, schema};
use super::text::settle;
use super::{DecodeError, Encoding, Sheet};

/// What a return may state about its CSV files; what it does not state is detected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    pub delimiter: Option<char>,
    pub encoding: Option<Encoding>,
}

const DELIMITERS: [u8; 4] = *b",;\t|";

/// Records looked at to settle the delimiter.
const SAMPLE: usize = 20;

/// Reads the headings; the rows follow as they are asked for.
pub(super) fn read(options: &CsvOptions, extract: Bytes, allowed: u64) -> Result<Sheet, DecodeError> {
    let text = settle(extract, options.encoding, allowed)?;
    let delimiter = match options.delimiter {
        None => detect(&text),
        Some(stated) => match u8::try_from(stated) {
            Ok(byte) if byte.is_ascii() && !b"\"\r\n\0".contains(&byte) => byte,
            _ => return Err(DecodeError::Delimiter(stated)),
        },
    };
    let mut records = Records { text, at: 0, row: 0, delimiter };
    let mut record = Record::default();
    loop {
        if !records.next(&mut record)? {
            return Err(DecodeError::Empty);
        }
        if !record.is_blank() {
            break;
        }
    }
    let header_row = records.row;
    let columns = headings(record.cells().map(str::to_owned), 0)?;
    let rows = CsvRows { batch: Batch::new(schema(&columns)), width: columns.len(), records, record, ended: false };
    Ok(Sheet { name: None, header_row, first_column: 0, columns, rows: Box::new(rows) })
}

struct CsvRows {
    records: Records,
    record: Record,
    batch: Batch,
    width: usize,
    ended: bool,
}

impl Iterator for CsvRows {
    type Item = Result<RecordBatch, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.fill();
        self.ended |= batch.is_err();
        batch.transpose()
    }
}

impl CsvRows {
    fn fill(&mut self) -> Result<Option<RecordBatch>, DecodeError> {
        while !self.batch.is_full() {
            if !self.records.next(&mut self.record)? {
                self.ended = true;
                break;
            }
            if self.record.is_blank() {
                continue;
            }
            let (row, found) = (self.records.row, self.record.ends.len());
            if found != self.width {
                return Err(DecodeError::Ragged { row, found, expected: self.width });
            }
            self.batch.push(row, self.record.cells().map(Some));
        }
        self.batch.take()
    }
}

/// The delimiter that gives the first records the same number of cells, the more the better; else the one the headings
/// hold most of.
fn detect(text: &Bytes) -> u8 {
    let score = |delimiter: u8| {
        let mut records = Records { text: text.clone(), at: 0, row: 0, delimiter };
        let mut record = Record::default();
        let mut widths = Vec::new();
        while widths.len() < SAMPLE {
            match records.next(&mut record) {
                Ok(true) if record.is_blank() && record.ends.len() == 1 => {}
                Ok(true) => widths.push(record.ends.len()),
                // What is wrong further down is told when the rows are read.
                Ok(false) | Err(_) => break,
            }
        }
        let first = widths.first().copied().unwrap_or(0);
        (first > 1 && widths.iter().all(|width| *width == first), first)
    };
    // The last of equals wins, so the comma stands last.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

/// One record's cells, in one buffer that is used again.
#[derive(Default)]
struct Record {
    text: String,
    ends: Vec<usize>,
}

impl Record {
    fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    /// No cell holds anything: a blank line, or the commas of a row somebody cleared.
    fn is_blank(&self) -> bool {
        self.text.is_empty()
    }
}

/// Walks a text record by record.
struct Records {
    /// Checked UTF-8.
    text: Bytes,
    at: usize,
    /// 1-based row of the record read last.
    row: u32,
    delimiter: u8,
}

impl Records {
    /// Reads the next record; false at the end of the text.
    fn next(&mut self, record: &mut Record) -> Result<bool, DecodeError> {
        if self.at >= self.text.len() {
            return Ok(false);
        }
        self.row = self.row.checked_add(1).ok_or(DecodeError::TooManyRows)?;
        record.text.clear();
        record.ends.clear();
        loop {
            if self.peek() == Some(b'"') {
                self.quoted(record)?;
            } else {
                let delimiter = self.delimiter;
                let end = self.find(|byte| byte == delimiter || byte == b'\n' || byte == b'\r');
                self.copy(record, end)?;
            }
            record.ends.push(record.text.len());
            match self.peek() {
                None => return Ok(true),
                Some(b'\r') => {
                    self.at += 1;
                    self.at += usize::from(self.peek() == Some(b'\n'));
                    return Ok(true);
                }
                Some(b'\n') => {
                    self.at += 1;
                    return Ok(true);
                }
                Some(byte) if byte == self.delimiter => self.at += 1,
                Some(_) => return Err(DecodeError::AfterQuote { row: self.row }),
            }
        }
    }

    fn quoted(&mut self, record: &mut Record) -> Result<(), DecodeError> {
        self.at += 1;
        loop {
            let end = self.find(|byte| byte == b'"');
            self.copy(record, end)?;
            if self.peek().is_none() {
                return Err(DecodeError::OpenQuote { row: self.row });
            }
            self.at += 1;
            if self.peek() != Some(b'"') {
                return Ok(());
            }
            record.text.push('"');
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn find(&self, stop: impl Fn(u8) -> bool) -> usize {
        let rest = &self.text[self.at..];
        self.at + rest.iter().position(|byte| stop(*byte)).unwrap_or(rest.len())
    }

    fn copy(&mut self, record: &mut Record, end: usize) -> Result<(), DecodeError> {
        // Stops are ASCII, so a slice of checked text is text.
        let piece = std::str::from_utf8(&self.text[self.at..end]).map_err(|error| DecodeError::Encoding {
            byte: self.at + error.valid_up_to() + 1,
            line: self.row as usize,
            encoding: "UTF-8",
        })?;
        record.text.push_str(piece);
        self.at = end;
        Ok(())
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;

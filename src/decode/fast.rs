//! The rows of a piece of CSV that was cut between records, a word of eight bytes at a time.
//!
//! Reads what [`Records`](super::record::Records) reads, row numbers and errors included; a test holds it to that.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, StringArray, UInt32Array},
    buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer},
    datatypes::SchemaRef,
    error::ArrowError,
};

use super::{DecodeError, record::Marks};

/// How the rows of a file are read.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub marks: Marks,
    /// `__row`, then a text column per heading.
    pub schema: SchemaRef,
    /// The fewest cells a row may have: as many as there are columns up to the last with a heading, or none.
    pub fewest: usize,
}

/// Reads the rows of `text`; `before` rows of the file stand before its first.
pub(super) fn read(text: &[u8], before: u32, shape: &Shape) -> Result<RecordBatch, DecodeError> {
    let width = shape.schema.fields().len() - 1;
    let mut rows = Vec::new();
    let mut columns: Vec<Column> = (0..width).map(|_| Column::new(text.len() / width.max(1))).collect();
    let (delimiter, quote) = (shape.marks.delimiter, shape.marks.quote);
    let mut stops = Stops::of(text, shape.marks);
    let (mut at, mut row) = (0, before);
    while at < text.len() {
        row = row.checked_add(1).ok_or(DecodeError::TooManyRows)?;
        // A record that begins with neither is not blank.
        let may_be_blank = text[at] == delimiter || Some(text[at]) == quote || text[at] == b'\n' || text[at] == b'\r';
        if may_be_blank && let Some(length) = shape.marks.blank(&text[at..]) {
            at += length;
            stops.go_to(at);
            continue;
        }
        let mut found = 0;
        let mut surplus = false;
        let (mut start, mut end);
        loop {
            if at < text.len() && Some(text[at]) == quote {
                let closed = match columns.get_mut(found) {
                    Some(column) => unquote(&text[at + 1..], text[at], |part| column.values.extend_from_slice(part)),
                    None => unquote(&text[at + 1..], text[at], |part| surplus |= !part.is_empty()),
                };
                at += 1 + closed.ok_or(DecodeError::OpenQuote { row })?;
                // What is quoted is in the column already.
                (start, end) = (at, at);
                if text.get(at).is_some_and(|next| *next != delimiter && *next != b'\n' && *next != b'\r') {
                    return Err(DecodeError::AfterQuote { row });
                }
                stops.go_to(at);
                stops.next();
            } else {
                start = at;
                end = stops.next();
                while end < text.len() && Some(text[end]) == quote {
                    // A quotation mark inside a cell is a character of it.
                    end = stops.next();
                }
                at = end;
            }
            match columns.get_mut(found) {
                Some(column) => column.push(&text[start..end]),
                None => surplus |= start < end,
            }
            found += 1;
            if at >= text.len() || text[at] != delimiter {
                break;
            }
            at += 1;
        }
        if at < text.len() {
            let length = 1 + usize::from(text[at] == b'\r' && text.get(at + 1) == Some(&b'\n'));
            if length == 2 {
                stops.next();
            }
            at += length;
        }
        // Commas without anything behind them are no cells.
        if (found > width && surplus) || found < shape.fewest {
            return Err(DecodeError::Ragged { row, found, expected: width });
        }
        for column in &mut columns[found.min(width)..] {
            column.push(&[]);
        }
        rows.push(row);
    }
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(rows))];
    for column in columns {
        arrays.push(Arc::new(column.finish()?));
    }
    Ok(RecordBatch::try_new(Arc::clone(&shape.schema), arrays)?)
}

/// Hands out the parts of a quoted text, without its opening mark; answers with its length and that of its closing
/// mark.
fn unquote(text: &[u8], quote: u8, mut part: impl FnMut(&[u8])) -> Option<usize> {
    let mut at = 0;
    loop {
        let end = at + memchr::memchr(quote, &text[at..])?;
        if text.get(end + 1) != Some(&quote) {
            part(&text[at..end]);
            return Some(end + 1);
        }
        part(&text[at..=end]);
        at = end + 2;
    }
}

/// The cells of one column.
struct Column {
    values: Vec<u8>,
    ends: Vec<i32>,
}

impl Column {
    fn new(bytes: usize) -> Self {
        Self { values: Vec::with_capacity(bytes), ends: vec![0] }
    }

    /// Ends a cell with `rest`.
    fn push(&mut self, rest: &[u8]) {
        self.values.extend_from_slice(rest);
        // A piece is far shorter than an offset can say.
        self.ends.push(self.values.len() as i32);
    }

    /// Text, null where a cell is empty.
    fn finish(self) -> Result<StringArray, ArrowError> {
        let nulls = self.ends.windows(2).any(|ends| ends[0] == ends[1]);
        let nulls = nulls.then(|| self.ends.windows(2).map(|ends| ends[0] != ends[1]).collect::<NullBuffer>());
        let ends = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        StringArray::try_new(ends, Buffer::from_vec(self.values), nulls)
    }
}

/// Finds delimiters, quotation marks and line ends.
struct Stops<'a> {
    text: &'a [u8],
    marks: [u64; 4],
    /// Where the word begins that `found` is of.
    word: usize,
    /// The high bit of each byte of the word that is a stop and was not handed out.
    found: u64,
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

impl<'a> Stops<'a> {
    fn of(text: &'a [u8], marks: Marks) -> Self {
        let all = [marks.delimiter, marks.quote.unwrap_or(b'\n'), b'\n', b'\r'];
        let mut stops = Self { text, marks: all.map(|byte| LOW * u64::from(byte)), word: 0, found: 0 };
        stops.found = stops.look(0);
        stops
    }

    /// The stops among the eight bytes from `at` on.
    fn look(&self, at: usize) -> u64 {
        let word = match self.text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(word) => u64::from_le_bytes(*word),
            None => {
                // What is beyond the end is no stop.
                let rest = self.text.get(at..).unwrap_or_default();
                let mut word = [0; 8];
                word[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(word)
            }
        };
        self.marks.iter().fold(0, |found, mark| {
            let other = word ^ mark;
            // The high bit of each byte that is zero, and of no other.
            found | !(((other & !HIGH) + !HIGH) | other | !HIGH)
        })
    }

    /// The next stop, or the end of the text.
    #[inline]
    fn next(&mut self) -> usize {
        while self.found == 0 {
            self.word += 8;
            if self.word >= self.text.len() {
                self.word = self.text.len();
                return self.word;
            }
            self.found = self.look(self.word);
        }
        let at = self.word + (self.found.trailing_zeros() / 8) as usize;
        self.found &= self.found - 1;
        at
    }

    /// Goes on from `at`.
    fn go_to(&mut self, at: usize) {
        self.word = at;
        self.found = self.look(at);
    }
}

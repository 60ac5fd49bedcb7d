//! One record of a CSV file after another, cell by cell: what stands at the head of a file, and the law for the rest.

use std::ops::Range;

use super::DecodeError;

/// What separates the cells of a file, and what holds together those that contain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub delimiter: u8,
    /// None where a quotation mark is a character like any other.
    pub quote: Option<u8>,
}

impl Marks {
    /// Whether the record at the start of `text` has no cell that holds anything, a blank line or the commas of a row
    /// somebody cleared; if so, its length with its line end.
    pub(super) fn blank(self, text: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            match text.get(at) {
                None => return Some(at),
                Some(b'\n') => return Some(at + 1),
                Some(b'\r') => return Some(at + 1 + usize::from(text.get(at + 1) == Some(&b'\n'))),
                Some(byte) if *byte == self.delimiter => at += 1,
                Some(byte) if Some(*byte) == self.quote && text.get(at + 1) == self.quote.as_ref() => {
                    let ends = text.get(at + 2).is_none_or(|next| *next == self.delimiter || b"\r\n".contains(next));
                    if !ends {
                        return None;
                    }
                    at += 2;
                }
                Some(_) => return None,
            }
        }
    }
}

/// One record's cells, in one buffer that is used again.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: String,
    ends: Vec<usize>,
}

impl Record {
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    /// How many cells it has.
    #[cfg(test)]
    pub(super) fn width(&self) -> usize {
        self.ends.len()
    }

    /// No cell holds anything.
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }
}

/// Walks a text record by record.
pub(super) struct Records<'a> {
    text: &'a str,
    marks: Marks,
    /// Where the next record begins.
    pub at: usize,
    /// 1-based row of the record read last.
    pub row: u32,
}

impl<'a> Records<'a> {
    pub(super) fn of(text: &'a str, marks: Marks) -> Self {
        Self { text, marks, at: 0, row: 0 }
    }

    /// Reads the next record; false at the end of the text.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, DecodeError> {
        if self.at >= self.text.len() {
            return Ok(false);
        }
        self.row = self.row.checked_add(1).ok_or(DecodeError::TooManyRows)?;
        record.text.clear();
        record.ends.clear();
        loop {
            if self.peek().is_some() && self.peek() == self.marks.quote {
                self.quoted(record)?;
            } else {
                let delimiter = self.marks.delimiter;
                let cell = self.until(|byte| byte == delimiter || byte == b'\n' || byte == b'\r');
                self.copy(record, cell);
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
                Some(byte) if byte == self.marks.delimiter => self.at += 1,
                Some(_) => return Err(DecodeError::AfterQuote { row: self.row }),
            }
        }
    }

    fn quoted(&mut self, record: &mut Record) -> Result<(), DecodeError> {
        self.at += 1;
        let quote = self.marks.quote;
        loop {
            let part = self.until(|byte| Some(byte) == quote);
            self.copy(record, part);
            if self.peek().is_none() {
                return Err(DecodeError::OpenQuote { row: self.row });
            }
            self.at += 1;
            if self.peek() != quote {
                return Ok(());
            }
            record.text.extend(quote.map(char::from));
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn until(&self, stop: impl Fn(u8) -> bool) -> Range<usize> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at..self.at + rest.iter().position(|byte| stop(*byte)).unwrap_or(rest.len())
    }

    fn copy(&mut self, record: &mut Record, part: Range<usize>) {
        self.at = part.end;
        // Stops are ASCII, so that both ends lie between characters.
        record.text.push_str(self.text.get(part).unwrap_or_default());
    }
}

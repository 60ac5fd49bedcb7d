//! Cells gathered into batches, and headings that can be told apart.
//!
//! Knows no file format.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder, UInt32Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{DecodeError, letter};

/// Rows in a batch.
pub(super) const BATCH: usize = 8192;

/// Bytes after which a batch is closed early, so that one column never nears Arrow's 2 GiB.
const BATCH_BYTES: usize = 64 << 20;

/// Bytes that a cell takes beside its text.
const EMPTY_CELL: usize = size_of::<i32>();

/// How the name given to a column without a heading begins; its letter follows.
const UNNAMED: &str = "(column ";

/// Whether a column has no heading in the file, so that the name it goes by was given here.
pub fn is_unnamed(heading: &str) -> bool {
    heading.starts_with(UNNAMED)
}

/// How a cell of a workbook reads whose formula was never worked out, as in files that a program wrote.
pub const NOT_CALCULATED: &str = "#NOT-CALCULATED!";

/// Whether a cell shows that its formula has no result, as spreadsheets show it: also in the CSV they save.
pub fn is_formula_error(text: &str) -> bool {
    const ERRORS: [&str; 13] = [
        "#BLOCKED!",
        "#CALC!",
        "#DATA!",
        "#DIV/0!",
        "#FIELD!",
        "#N/A",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#REF!",
        "#SPILL!",
        "#VALUE!",
        NOT_CALCULATED,
    ];
    match text.as_bytes().first() {
        Some(b'#') => ERRORS.contains(&text),
        // LibreOffice's own: Err:502.
        Some(b'E') => {
            text.strip_prefix("Err:").is_some_and(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()))
        }
        _ => false,
    }
}

/// A heading or a sheet's name without what people do not see: case, surplus spaces, and which of the alike hyphens and
/// apostrophes stands there.
pub fn plain(text: &str) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if plain.is_ascii() {
        return plain;
    }
    let typed = |c| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' => '\'',
        c => c,
    };
    plain.chars().map(typed).collect()
}

/// The most columns, as many as the widest sheet has.
pub(super) const COLUMNS: usize = 16_384;

/// Trims headings, names columns that have none and refuses repeated ones. The first is in `first_column`.
pub(super) fn headings(
    cells: impl IntoIterator<Item = String>,
    first_column: usize,
) -> Result<Vec<String>, DecodeError> {
    let mut seen = HashMap::new();
    let mut columns = Vec::new();
    for (index, cell) in cells.into_iter().enumerate() {
        let here = letter(first_column + index);
        let heading = match cell.trim() {
            "" => format!("{UNNAMED}{here})"),
            heading => heading.to_owned(),
        };
        if let Some(first) = seen.insert(heading.clone(), here.clone()) {
            return Err(DecodeError::DuplicateHeading { heading, first, second: here });
        }
        columns.push(heading);
    }
    Ok(columns)
}

/// Whether a text is a number, as a spreadsheet would have stored it had it been typed as one.
pub(super) fn looks_like_a_number(text: &str) -> bool {
    let (text, exponent) = text.trim().split_once(['e', 'E']).unwrap_or((text.trim(), "0"));
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if exponent.is_empty() || !exponent.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',')
        && text.bytes().filter(|byte| *byte == b'.').count() <= 1
}

/// `__row` and one text column per heading.
pub(super) fn schema(columns: &[String]) -> SchemaRef {
    let row = Field::new("__row", DataType::UInt32, false);
    let cells = columns.iter().map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(std::iter::once(row).chain(cells).collect::<Vec<_>>()))
}

/// A batch in the making.
pub(super) struct Batch {
    schema: SchemaRef,
    rows: UInt32Builder,
    cells: Vec<StringBuilder>,
    bytes: usize,
}

impl Batch {
    pub(super) fn new(schema: SchemaRef) -> Self {
        // Of many columns, most may stay empty.
        let cells = (1..schema.fields().len()).map(|_| StringBuilder::with_capacity(0, 0)).collect();
        Self { schema, rows: UInt32Builder::new(), cells, bytes: 0 }
    }

    /// Appends a row; empty cells become null, missing ones too.
    pub(super) fn push<'a>(&mut self, row: u32, cells: impl IntoIterator<Item = Option<&'a str>>) {
        self.rows.append_value(row);
        let mut cells = cells.into_iter();
        for column in &mut self.cells {
            let cell = cells.next().flatten().filter(|text| !text.is_empty());
            self.bytes += EMPTY_CELL + cell.map_or(0, str::len);
            column.append_option(cell);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        arrow::array::ArrayBuilder::len(&self.rows) >= BATCH || self.bytes >= BATCH_BYTES
    }

    /// The rows gathered so far, if any; the builder is empty afterwards.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>, DecodeError> {
        if arrow::array::ArrayBuilder::is_empty(&self.rows) {
            return Ok(None);
        }
        self.bytes = 0;
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.rows.finish())];
        columns.extend(self.cells.iter_mut().map(|cells| Arc::new(cells.finish()) as ArrayRef));
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), columns)?))
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_a_number;

    #[test]
    fn a_text_of_digits_is_told_from_a_code() {
        for text in ["12", " 1,234 ", "-3", "0.5", "007", "1.5E-2", "-2e3"] {
            assert!(looks_like_a_number(text), "{text}");
        }
        for text in ["", "-", "2025-26", "1.2.3", "A12", "12 kg", "c", "01/04/2025", "12E", "E5", "1e-"] {
            assert!(!looks_like_a_number(text), "{text}");
        }
    }
}

//! Tables of cells written as a partner's system would: CSV, a workbook, JSON or Parquet.
//!
//! Knows no figures. Nothing of the machine or the moment gets into the bytes.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray, RecordBatch, StringArray},
    error::ArrowError,
};
use jiff::civil::Date;
use parquet::{arrow::ArrowWriter, errors::ParquetError};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The workbook.
    #[error("the example workbook could not be written: {0}")]
    Xlsx(#[from] XlsxError),
    /// The JSON file.
    #[error("the example JSON file could not be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The Parquet file.
    #[error("the example Parquet file could not be written: {0}")]
    Parquet(#[from] ParquetError),
    /// The Parquet file's columns.
    #[error("the example Parquet file could not be laid out: {0}")]
    Arrow(#[from] ArrowError),
}

/// What one cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(i64),
    Day(Date),
    YesNo(bool),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn written(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::YesNo(yes) => yes.to_string(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::YesNo(yes) => (*yes).into(),
            Self::Text(_) | Self::Day(_) => self.written().into(),
        }
    }
}

/// Headings and the rows under them.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) headings: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// One sheet of a workbook.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) name: &'static str,
    /// Lines above the headings, one cell each.
    pub(super) preamble: Vec<String>,
    pub(super) table: Table,
}

/// RFC 4180, with a heading row and the line ends Windows writes.
pub(super) fn csv(table: &Table) -> Vec<u8> {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
    };
    let headings = table.headings.iter().map(|heading| quoted(heading)).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(|cell| quoted(&cell.written())).collect());
    let lines: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
    lines.iter().flat_map(|line| format!("{}\r\n", line.join(",")).into_bytes()).collect()
}

/// An object for each row, under `data`.
pub(super) fn json(table: &Table) -> Result<Vec<u8>, FormatError> {
    let records: Vec<serde_json::Map<String, serde_json::Value>> = table
        .rows
        .iter()
        .map(|row| table.headings.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), cell.json())).collect())
        .collect();
    Ok(serde_json::to_vec_pretty(&serde_json::json!({ "data": records }))?)
}

/// A workbook said to be made on the day `made_on`.
pub(super) fn xlsx(sheets: &[Sheet], made_on: Date) -> Result<Vec<u8>, FormatError> {
    let mut book = Workbook::new();
    let made_on = ExcelDateTime::parse_from_str(&made_on.to_string())?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made_on));
    let heading = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let dated = Format::new().set_num_format("d mmm yyyy").set_align(FormatAlign::Top);
    for sheet in sheets {
        let page = book.add_worksheet().set_name(sheet.name)?;
        let mut row = 0;
        for line in &sheet.preamble {
            page.write_string(row, 0, line)?;
            row += 1;
        }
        row += u32::from(!sheet.preamble.is_empty());
        for (column, text) in (0..).zip(&sheet.table.headings) {
            page.write_string_with_format(row, column, *text, &heading)?;
            let longest = sheet.table.rows.iter().filter_map(|cells| cells.get(usize::from(column)));
            let longest = longest.map(|cell| cell.written().len()).max().unwrap_or(0);
            page.set_column_width(column, longest.clamp(16, 60) as f64)?;
        }
        for cells in &sheet.table.rows {
            row += 1;
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Text(text) => page.write_string_with_format(row, column, text, &wrapped)?,
                    Cell::Number(number) => page.write_number(row, column, *number as f64)?,
                    Cell::YesNo(yes) => page.write_boolean(row, column, *yes)?,
                    Cell::Day(day) => {
                        let day = ExcelDateTime::parse_from_str(&day.to_string())?;
                        page.write_datetime_with_format(row, column, &day, &dated)?
                    }
                };
            }
        }
    }
    Ok(book.save_to_buffer()?)
}

/// A Parquet file of text columns, and of boolean ones where every cell is yes or no.
pub(super) fn parquet(table: &Table) -> Result<Vec<u8>, FormatError> {
    let column = |index: usize| -> ArrayRef {
        let cells: Vec<&Cell> = table.rows.iter().filter_map(|row| row.get(index)).collect();
        let truths: Option<Vec<bool>> =
            cells.iter().map(|cell| if let Cell::YesNo(yes) = cell { Some(*yes) } else { None }).collect();
        match truths {
            Some(truths) => Arc::new(BooleanArray::from(truths)),
            None => Arc::new(StringArray::from_iter_values(cells.iter().map(|cell| cell.written()))),
        }
    };
    let columns = table.headings.iter().enumerate().map(|(index, heading)| (*heading, column(index)));
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_cell_stays_in_its_cell() {
        let rows = vec![vec![Cell::text("one, \"two\""), Cell::Number(3)]];
        let table = Table { headings: vec!["text", "number"], rows };
        assert_eq!(String::from_utf8(csv(&table)).unwrap(), "text,number\r\n\"one, \"\"two\"\"\",3\r\n");
    }
}

//! Every cell of a workbook, wanted or not: all sheets, hidden ones too, and what the file keeps beside them.
//!
//! Runs in a worker. Knows no headings and no contract; what a file keeps beside its sheets is read by
//! [`beside`](super::beside).

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetVisible, Sheets, Xlsb, Xlsx, open_workbook_auto_from_rs};
use zip::ZipArchive;

use super::beside::beside;

/// One part of a workbook after the other.
pub enum Part<'a> {
    /// A sheet begins.
    Sheet {
        /// Its place among the sheets, from 1.
        number: usize,
        /// Its name.
        name: &'a str,
        /// Whether people do not see it.
        hidden: bool,
    },
    /// Something begins that is kept beside the sheets, in words: "the notes of cells".
    Behind(&'a str),
    /// A row of it.
    Row {
        /// Counted from 1.
        row: u32,
        /// What stands in which 0-based column, in their order; empty cells are left out.
        cells: &'a [(u32, String)],
    },
}

/// Shows every part of a workbook to `see`.
///
/// # Errors
/// When it is none, or damaged: in words for its sender.
pub fn every_row(input: &[u8], see: &mut dyn FnMut(Part<'_>)) -> Result<(), String> {
    let unreadable = |error: &dyn std::fmt::Display| {
        format!("the workbook cannot be read ({error}); open it, save it and send it again")
    };
    if input.starts_with(b"PK")
        && ZipArchive::new(Cursor::new(input)).is_ok_and(|zip| zip.index_for_name("xl/workbook.xml").is_some())
    {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(input)).map_err(|error| unreadable(&error))?;
        every_sheet_of_xlsx(&mut book, see).map_err(|error| unreadable(&error))?;
        return beside(input, see).map_err(|error| unreadable(&error));
    }
    let mut book: Sheets<_> = open_workbook_auto_from_rs(Cursor::new(input)).map_err(|error| unreadable(&error))?;
    if let Sheets::Xlsb(book) = &mut book {
        every_sheet_of_xlsb(book, see).map_err(|error| unreadable(&error))?;
        return beside(input, see).map_err(|error| unreadable(&error));
    }
    let sheets = book.sheets_metadata().to_vec();
    for (sheet, number) in sheets.iter().zip(1..) {
        see(Part::Sheet { number, name: &sheet.name, hidden: sheet.visible != SheetVisible::Visible });
        let range = book.worksheet_range(&sheet.name).map_err(|error| unreadable(&error))?;
        let (first_row, first_column) = range.start().unwrap_or((0, 0));
        for (cells, row) in range.rows().zip(first_row + 1..) {
            let cells = (first_column..).zip(cells.iter().map(as_text)).filter(|(_, text)| !text.trim().is_empty());
            let cells: Vec<(u32, String)> = cells.collect();
            if !cells.is_empty() {
                see(Part::Row { row, cells: &cells });
            }
        }
    }
    match &book {
        Sheets::Ods(_) => beside(input, see).map_err(|error| unreadable(&error)),
        _ => Ok(()),
    }
}

/// Cells are kept sparse, so that one stray cell in the last corner costs one cell.
fn every_sheet_of_xlsx(
    book: &mut Xlsx<Cursor<&[u8]>>,
    see: &mut dyn FnMut(Part<'_>),
) -> Result<(), calamine::XlsxError> {
    let sheets = book.sheets_metadata().to_vec();
    for (sheet, number) in sheets.iter().zip(1..) {
        see(Part::Sheet { number, name: &sheet.name, hidden: sheet.visible != SheetVisible::Visible });
        // A sheet that is a chart has no cells.
        let Ok(mut reader) = book.worksheet_cells_reader(&sheet.name) else { continue };
        let mut rows = Sparse::default();
        while let Some(cell) = reader.next_cell()? {
            rows.add(cell.get_position(), cell.get_value());
        }
        rows.show(see);
    }
    Ok(())
}

/// As [`every_sheet_of_xlsx`].
fn every_sheet_of_xlsb(
    book: &mut Xlsb<Cursor<&[u8]>>,
    see: &mut dyn FnMut(Part<'_>),
) -> Result<(), calamine::XlsbError> {
    let sheets = book.sheets_metadata().to_vec();
    for (sheet, number) in sheets.iter().zip(1..) {
        see(Part::Sheet { number, name: &sheet.name, hidden: sheet.visible != SheetVisible::Visible });
        let Ok(mut reader) = book.worksheet_cells_reader(&sheet.name) else { continue };
        let mut rows = Sparse::default();
        while let Some(cell) = reader.next_cell()? {
            rows.add(cell.get_position(), cell.get_value());
        }
        rows.show(see);
    }
    Ok(())
}

/// The cells of a sheet that hold something, by row.
#[derive(Default)]
struct Sparse(BTreeMap<u32, Vec<(u32, String)>>);

impl Sparse {
    fn add(&mut self, (row, column): (u32, u32), value: &DataRef<'_>) {
        let text = written(value);
        if !text.trim().is_empty() {
            self.0.entry(row).or_default().push((column, text));
        }
    }

    fn show(self, see: &mut dyn FnMut(Part<'_>)) {
        for (row, mut cells) in self.0 {
            cells.sort_by_key(|(column, _)| *column);
            see(Part::Row { row: row + 1, cells: &cells });
        }
    }
}

/// A cell of a sheet as it is read from an XLSX.
fn written(value: &DataRef<'_>) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::DateTime(date) => date_written(date),
        DataRef::Bool(_) | DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// The day of a date; a duration, or a date that is none, is its number.
fn date_written(date: &ExcelDateTime) -> String {
    let serial = date.as_f64();
    if date.is_duration() || !(1.0..2_958_466.0).contains(&serial) {
        return serial.to_string();
    }
    let (year, month, day, ..) = date.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}")
}

fn as_text(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(date) => date_written(date),
        Data::Error(_) | Data::Empty => String::new(),
    }
}

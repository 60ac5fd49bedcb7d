//! Every cell of a workbook, wanted or not: all sheets, hidden ones too, and what the file keeps beside them.
//!
//! Runs in a worker. Knows no headings and no contract; beside the sheets it knows notes, the rows behind pivot tables and
//! what was copied from other workbooks. It does not know pictures, drawings or macros.

use std::{
    collections::BTreeMap,
    io::{BufReader, Cursor, Read},
};

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetVisible, Sheets, Xlsb, Xlsx, open_workbook_auto_from_rs};
use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

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

/// The most of one inner file that is read.
const MOST: u64 = 256 << 20;

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
        return every_sheet_of_xlsb(book, see).map_err(|error| unreadable(&error));
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
    Ok(())
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

/// What an XLSX keeps beside its sheets.
fn beside(input: &[u8], see: &mut dyn FnMut(Part<'_>)) -> Result<(), String> {
    let mut zip = ZipArchive::new(Cursor::new(input)).map_err(|error| error.to_string())?;
    let names: Vec<String> = zip.file_names().flatten().map(|name| name.into_owned()).collect();
    for name in names {
        let is = |start: &str| name.starts_with(start) && name.ends_with(".xml");
        let what = if is("xl/comments") || is("xl/threadedComments/") {
            "the notes of cells"
        } else if is("xl/pivotCache/") {
            "the rows behind a pivot table"
        } else if is("xl/externalLinks/") {
            "the cells copied from another workbook"
        } else {
            continue;
        };
        let file = zip.by_name(&name).map_err(|error| error.to_string())?;
        see(Part::Behind(what));
        read_beside(BufReader::new(file.take(MOST)), see)?;
    }
    Ok(())
}

/// Notes are texts; a pivot table's fields have a name and the values met in them, its records a value a field.
fn read_beside(from: impl std::io::BufRead, see: &mut dyn FnMut(Part<'_>)) -> Result<(), String> {
    let mut reader = quick_xml::Reader::from_reader(from);
    let mut buffer = Vec::new();
    let (mut row, mut text) = (0_u32, String::new());
    let mut fields: Vec<Vec<String>> = Vec::new();
    let mut record: Option<Vec<(u32, String)>> = None;
    let mut column = 0_u32;
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| error.to_string())?;
        match &event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "cacheField" => fields.push(attribute(tag, "name").into_iter().collect()),
                "r" if attribute(tag, "r").is_none() => (record, column) = (Some(Vec::new()), 0),
                "s" | "n" | "d" | "b" | "x" => {
                    let value = attribute(tag, "v").filter(|_| tag.local_name().as_ref() != "x");
                    match (&mut record, fields.last_mut()) {
                        (Some(record), _) => {
                            record.extend(value.map(|value| (column, value)));
                            column += 1;
                        }
                        (None, Some(field)) => field.extend(value),
                        (None, None) => {}
                    }
                }
                "m" => column += 1,
                _ => {}
            },
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::End(tag) => match tag.local_name().as_ref() {
                "r" => {
                    if let Some(cells) = record.take().filter(|cells| !cells.is_empty()) {
                        row += 1;
                        see(Part::Row { row, cells: &cells });
                    }
                }
                "comment" | "threadedComment" | "cell" => {
                    row += 1;
                    let words = std::mem::take(&mut text);
                    see(Part::Row { row, cells: &[(0, words)] });
                }
                _ => {}
            },
            _ => {}
        }
        buffer.clear();
    }
    let most = fields.iter().map(Vec::len).max().unwrap_or(0);
    for at in 0..most {
        let cells: Vec<(u32, String)> =
            (0..).zip(&fields).filter_map(|(column, values)| Some((column, values.get(at)?.clone()))).collect();
        row += 1;
        see(Part::Row { row, cells: &cells });
    }
    Ok(())
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

//! Workbooks, read in a worker by calamine.
//!
//! Cells are streamed and kept sparse, so that one stray cell at XFD1048576 costs one cell. The first row with two or
//! more texts is the row of headings; what stands above it is a preamble and left out.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, Xlsx, XlsxError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cells::{Batch, headings, schema};
use super::letter;
use super::wire::{self, Heading};
use crate::worker::Output;

/// Which sheets of a workbook are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XlsxOptions {
    /// Names, compared without case or surrounding spaces; empty means every sheet that has headings.
    pub sheets: Vec<String>,
}

/// The worker's side: `request` is an [`XlsxOptions`], `input` the workbook.
pub(super) fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let options: XlsxOptions = serde_json::from_value(request).map_err(|error| error.to_string())?;
    if input.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(in_the_old_container(&input).to_owned());
    }
    let mut book = Xlsx::new(Cursor::new(input)).map_err(unreadable)?;
    let wanted: Vec<String> = options.sheets.iter().map(|name| plain(name)).collect();
    let mut ignored = Vec::new();
    let sheets: Vec<(String, SheetType)> =
        book.sheets_metadata().iter().map(|sheet| (sheet.name.clone(), sheet.typ)).collect();
    for (name, kind) in sheets {
        let asked = wanted.contains(&plain(&name));
        if kind != SheetType::WorkSheet || !(asked || wanted.is_empty()) {
            ignored.push(name);
            continue;
        }
        match read(&mut book, &name)?.table()? {
            Some(table) => table.send(name, output)?,
            None if asked => {
                return Err(format!(
                    "sheet {name:?} has no row of headings; the first row with two or more texts is taken for it"
                ));
            }
            None => ignored.push(name),
        }
    }
    wire::send_ignored(output, &ignored)
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Old `.xls` files and protected workbooks share a container; the protected ones hold a stream of this name.
fn in_the_old_container(input: &[u8]) -> &'static str {
    let protected: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if input.windows(protected.len()).any(|bytes| bytes == protected) {
        "the workbook is protected with a password; save it without one and send it again"
    } else {
        "the file is an old .xls workbook; save it as .xlsx and send it again"
    }
}

fn unreadable(error: XlsxError) -> String {
    match error {
        XlsxError::Password => {
            "the workbook is protected with a password; save it without one and send it again".to_owned()
        }
        XlsxError::Zip(_) | XlsxError::Io(_) => {
            format!("the workbook is cut off or damaged ({error}); open it, save it and send it again")
        }
        other => format!("the workbook cannot be read ({other}); open it, save it as .xlsx and send it again"),
    }
}

/// The cells of a sheet that hold something, by 0-based row.
struct Cells {
    sheet: String,
    rows: BTreeMap<u32, Vec<Cell>>,
}

struct Cell {
    column: u32,
    text: String,
    /// Typed as text, not as a number, date or truth value.
    is_text: bool,
}

fn read(book: &mut Xlsx<Cursor<Vec<u8>>>, name: &str) -> Result<Cells, String> {
    let mut rows: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
    let mut reader = book.worksheet_cells_reader(name).map_err(unreadable)?;
    while let Some(cell) = reader.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        let is_text = matches!(cell.get_value(), DataRef::String(_) | DataRef::SharedString(_));
        let text = written(cell.get_value());
        if !text.trim().is_empty() {
            rows.entry(row).or_default().push(Cell { column, text, is_text });
        }
    }
    for cells in rows.values_mut() {
        cells.sort_by_key(|cell| cell.column);
    }
    Ok(Cells { sheet: name.to_owned(), rows })
}

/// A cell as text: whole numbers without a point, others with the fewest digits that mean the same, dates as ISO.
fn written(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(date) => date_written(date),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn date_written(date: &ExcelDateTime) -> String {
    let serial = date.as_f64();
    if date.is_duration() || !(0.0..2_958_466.0).contains(&serial) {
        // Hours may exceed a day and a date may be no date: the number itself is the honest text.
        return serial.to_string();
    }
    let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
    let time = match milli {
        0 => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}.{milli:03}"),
    };
    if serial < 1.0 {
        time
    } else if serial.fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{time}")
    }
}

struct Table {
    header_row: u32,
    first_column: u32,
    columns: Vec<String>,
    rows: BTreeMap<u32, Vec<Cell>>,
}

impl Cells {
    /// Finds the headings and holds every later cell against them; none if no row can be headings.
    fn table(mut self) -> Result<Option<Table>, String> {
        let is_header = |cells: &Vec<Cell>| cells.iter().filter(|cell| cell.is_text).count() >= 2;
        let Some(header_row) = self.rows.iter().find(|(_, cells)| is_header(cells)).map(|(row, _)| *row) else {
            return Ok(None);
        };
        let rows = self.rows.split_off(&(header_row + 1));
        let Some(header) = self.rows.remove(&header_row) else { return Ok(None) };
        let (Some(first), Some(last)) = (header.first(), header.last()) else { return Ok(None) };
        let (first_column, last_column) = (first.column, last.column);
        let mut texts = vec![String::new(); (last_column - first_column + 1) as usize];
        for cell in header {
            texts[(cell.column - first_column) as usize] = cell.text;
        }
        let in_sheet = |error: &dyn std::fmt::Display| format!("sheet {:?}: {error}", self.sheet);
        let columns = headings(texts, first_column as usize).map_err(|error| in_sheet(&error))?;
        for (row, cells) in &rows {
            let outside = cells.iter().find(|cell| !(first_column..=last_column).contains(&cell.column));
            if let Some(cell) = outside {
                let address = format!("{}{}", letter(cell.column as usize), row + 1);
                return Err(in_sheet(&format!(
                    "cell {address} stands outside the columns with headings in row {}; give its column a heading or \
                     clear the cell",
                    header_row + 1
                )));
            }
        }
        Ok(Some(Table { header_row, first_column, columns, rows }))
    }
}

impl Table {
    fn send(self, name: String, output: &mut Output) -> Result<(), String> {
        let heading = Heading {
            name: Some(name),
            header_row: self.header_row + 1,
            first_column: self.first_column,
            columns: self.columns,
        };
        let mut batch = Batch::new(schema(&heading.columns));
        let mut rows = self.rows.into_iter();
        let width = heading.columns.len();
        let first_column = self.first_column;
        let batches = std::iter::from_fn(move || {
            while !batch.is_full() {
                let Some((row, cells)) = rows.next() else { break };
                let mut texts = vec![None; width];
                for cell in &cells {
                    texts[(cell.column - first_column) as usize] = Some(cell.text.as_str());
                }
                batch.push(row + 1, texts);
            }
            batch.take().map_err(|error| error.to_string()).transpose()
        });
        wire::send(output, &heading, batches)
    }
}

//! A workbook of any of the four kinds, opened by what it holds, and the rows of its sheets as they come.

use std::io::{Cursor, Read};
use std::ops::ControlFlow;

use bytes::Bytes;
use calamine::{
    Data, OdsError, Range, Reader, SheetType, SheetVisible, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError,
};
use calamine::{Ods, Sheet};
use zip::ZipArchive;

use super::area::{Area, defined};
use super::container::{has_stream, is_container};
use super::layout::{self, Layout};
use super::row::Row;
use super::value::is_percent;

/// What is told of a file that only its password opens.
pub(super) const PROTECTED: &str = "the workbook is protected with a password; save it without one and send it again";

type Source = Cursor<Bytes>;

pub(super) struct Book {
    bytes: Bytes,
    kind: Kind,
    /// The sheets' layouts, where they are all read at once.
    layouts: Vec<Layout>,
}

enum Kind {
    Xlsx(Box<Xlsx<Source>>),
    Xlsb(Box<Xlsb<Source>>),
    Xls(Box<Xls<Source>>),
    Ods(Box<Ods<Source>>),
}

/// A sheet before it is read.
#[derive(Debug, Clone)]
pub(super) struct SheetInfo {
    pub name: String,
    pub is_hidden: bool,
    /// Whether it has cells: charts and macros have none.
    pub has_cells: bool,
}

impl Book {
    /// Opens a workbook, whatever its name's ending was.
    pub(super) fn open(input: Vec<u8>) -> Result<Self, String> {
        let bytes = Bytes::from(input);
        let source = || Cursor::new(bytes.clone());
        let mut layouts = Vec::new();
        let kind = if is_container(&bytes) {
            if has_stream(&bytes, "EncryptedPackage") {
                return Err(PROTECTED.to_owned());
            }
            let book = Xls::new(source()).map_err(xls)?;
            layouts = layout::of_xls(&bytes);
            Kind::Xls(Box::new(book))
        } else if bytes.starts_with(b"PK") {
            match in_archive(&bytes)? {
                Inside::Sheets => Kind::Xlsx(Box::new(Xlsx::new(source()).map_err(xlsx)?)),
                Inside::BinarySheets => Kind::Xlsb(Box::new(Xlsb::new(source()).map_err(xlsb)?)),
                Inside::OpenDocument => {
                    let book = Ods::new(source()).map_err(ods)?;
                    layouts = archive(&bytes).map(|mut archive| layout::of_ods(&mut archive)).unwrap_or_default();
                    Kind::Ods(Box::new(book))
                }
            }
        } else {
            return Err("the file is no workbook; save it as .xlsx, .xls, .xlsb or .ods and send it again".to_owned());
        };
        Ok(Self { bytes, kind, layouts })
    }

    pub(super) fn sheets(&self) -> Vec<SheetInfo> {
        let sheets: &[Sheet] = match &self.kind {
            Kind::Xlsx(book) => book.sheets_metadata(),
            Kind::Xlsb(book) => book.sheets_metadata(),
            Kind::Xls(book) => book.sheets_metadata(),
            Kind::Ods(book) => book.sheets_metadata(),
        };
        let info = |sheet: &Sheet| SheetInfo {
            name: sheet.name.clone(),
            is_hidden: sheet.visible != SheetVisible::Visible,
            has_cells: sheet.typ == SheetType::WorkSheet,
        };
        sheets.iter().map(info).collect()
    }

    /// The sheet and the part of it that goes by a name in this workbook.
    pub(super) fn named(&self, name: &str) -> Option<(String, Area)> {
        let names = match &self.kind {
            Kind::Xlsx(book) => book.defined_names(),
            Kind::Xlsb(book) => book.defined_names(),
            Kind::Xls(book) => book.defined_names(),
            Kind::Ods(book) => book.defined_names(),
        };
        let (_, target) = names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        defined(target)
    }

    /// The layout of the sheet at `index`.
    pub(super) fn layout(&mut self, index: usize) -> Layout {
        let read = |of: fn(&mut ZipArchive<Source>, usize) -> Layout| {
            archive(&self.bytes).map(|mut archive| of(&mut archive, index)).unwrap_or_default()
        };
        match self.kind {
            Kind::Xlsx(_) => read(layout::of_xlsx),
            Kind::Xlsb(_) => read(layout::of_xlsb),
            Kind::Xls(_) | Kind::Ods(_) => self.layouts.get(index).cloned().unwrap_or_default(),
        }
    }

    /// Gives the rows of a sheet that hold something, in their order, until `take` has enough.
    pub(super) fn each_row(
        &mut self,
        sheet: &str,
        layout: &Layout,
        take: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let mut feed = Feed { row: Row::default(), begun: false, sheet, layout, take };
        match &mut self.kind {
            Kind::Xlsx(book) => {
                let mut cells = book.worksheet_cells_reader(sheet).map_err(xlsx)?;
                let percents: Vec<bool> = cells.styles().iter().map(shows_a_percentage).collect();
                while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(xlsx)? {
                    let (row, column) = cell.get_position();
                    if feed.begin(row)?.is_break() {
                        return Ok(());
                    }
                    feed.row.push_ref(column, cell.get_value(), percents.get(style) == Some(&true));
                }
            }
            Kind::Xlsb(book) => {
                let mut cells = book.worksheet_cells_reader(sheet).map_err(xlsb)?;
                while let Some(cell) = cells.next_cell().map_err(xlsb)? {
                    let (row, column) = cell.get_position();
                    if feed.begin(row)?.is_break() {
                        return Ok(());
                    }
                    feed.row.push_ref(column, cell.get_value(), layout.is_percent(row, column));
                }
            }
            Kind::Xls(book) => return feed.range(&book.worksheet_range(sheet).map_err(xls)?),
            Kind::Ods(book) => return feed.range(&book.worksheet_range(sheet).map_err(ods)?),
        }
        feed.finish();
        Ok(())
    }
}

/// Gathers cells into rows.
struct Feed<'a> {
    row: Row,
    begun: bool,
    sheet: &'a str,
    layout: &'a Layout,
    take: &'a mut dyn FnMut(&Row) -> ControlFlow<()>,
}

impl Feed<'_> {
    /// The next cell stands in this row.
    fn begin(&mut self, row: u32) -> Result<ControlFlow<()>, String> {
        if self.begun && row == self.row.number {
            return Ok(ControlFlow::Continue(()));
        }
        if self.begun && row < self.row.number {
            return Err(format!(
                "the rows of sheet {:?} are not in order; open the workbook, save it and send it again",
                self.sheet
            ));
        }
        let first = if self.begun { self.row.number + 1 } else { 0 };
        if self.end().is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let flow = self.marked(first, row);
        self.row.begin(row);
        self.begun = true;
        Ok(flow)
    }

    /// Gives the rows between of which only the layout knows a cell.
    fn marked(&mut self, first: u32, until: u32) -> ControlFlow<()> {
        for number in self.layout.marks.range(first..until).map(|(number, _)| *number) {
            self.row.begin(number);
            self.begun = true;
            self.end()?;
        }
        ControlFlow::Continue(())
    }

    fn finish(&mut self) {
        let last = if self.begun { self.row.number + 1 } else { 0 };
        if self.end().is_continue() {
            let _ = self.marked(last, u32::MAX);
        }
    }

    fn end(&mut self) -> ControlFlow<()> {
        self.row.finish(self.layout);
        if self.row.is_empty() || !self.begun { ControlFlow::Continue(()) } else { (self.take)(&self.row) }
    }

    fn range(mut self, range: &Range<Data>) -> Result<(), String> {
        let (first_row, first_column) = range.start().unwrap_or_default();
        for (row, cells) in (first_row..).zip(range.rows()) {
            if self.begin(row)?.is_break() {
                return Ok(());
            }
            for (column, held) in (first_column..).zip(cells).filter(|(_, held)| **held != Data::Empty) {
                self.row.push_data(column, held, self.layout.is_percent(row, column));
            }
        }
        self.finish();
        Ok(())
    }
}

fn shows_a_percentage(style: &calamine::Style) -> bool {
    style.number_format.as_ref().is_some_and(|format| is_percent(&format.format_code))
}

/// What a zip archive is.
enum Inside {
    Sheets,
    BinarySheets,
    OpenDocument,
}

fn archive(bytes: &Bytes) -> Option<ZipArchive<Source>> {
    ZipArchive::new(Cursor::new(bytes.clone())).ok()
}

fn in_archive(bytes: &Bytes) -> Result<Inside, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone())).map_err(|error| damaged(&error))?;
    let has = |end: &str| archive.file_names().flatten().any(|name| name.to_ascii_lowercase().ends_with(end));
    if has("workbook.bin") {
        return Ok(Inside::BinarySheets);
    }
    if has("workbook.xml") || has("[content_types].xml") {
        return Ok(Inside::Sheets);
    }
    let mut kind = String::new();
    if let Ok(part) = archive.by_name("mimetype") {
        part.take(200).read_to_string(&mut kind).map_err(|error| damaged(&error))?;
    }
    if kind.starts_with("application/vnd.oasis.opendocument") {
        return Ok(Inside::OpenDocument);
    }
    Err("the file is a zip archive and no workbook; send the workbook itself".to_owned())
}

fn damaged(error: &dyn std::fmt::Display) -> String {
    format!("the workbook is cut off or damaged ({error}); open it, save it and send it again")
}

fn unreadable(error: &dyn std::fmt::Display) -> String {
    format!("the workbook cannot be read ({error}); open it, save it as .xlsx and send it again")
}

fn xlsx(error: XlsxError) -> String {
    match error {
        XlsxError::Password => PROTECTED.to_owned(),
        XlsxError::Zip(_) | XlsxError::Io(_) => damaged(&error),
        other => unreadable(&other),
    }
}

fn xlsb(error: XlsbError) -> String {
    match error {
        XlsbError::Password => PROTECTED.to_owned(),
        XlsbError::Zip(_) | XlsbError::Io(_) => damaged(&error),
        other => unreadable(&other),
    }
}

fn xls(error: XlsError) -> String {
    match error {
        XlsError::Password => PROTECTED.to_owned(),
        XlsError::Cfb(_) | XlsError::Io(_) => damaged(&error),
        other => unreadable(&other),
    }
}

fn ods(error: OdsError) -> String {
    match error {
        OdsError::Password => PROTECTED.to_owned(),
        OdsError::Zip(_) | OdsError::Io(_) => damaged(&error),
        // What was found may be a cell's own text.
        OdsError::Mismatch { expected, .. } => unreadable(&format!("a {expected} is missing")),
        other => unreadable(&other),
    }
}

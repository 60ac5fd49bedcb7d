//! The same small workbook in each of the four kinds, byte by byte where no program for it is at hand.

use std::io::{Cursor, Read, Write};

use bytes::Bytes;
use rust_xlsxwriter::{Format, Workbook};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// What a cell holds.
#[derive(Clone, Copy)]
pub enum Held {
    Text(&'static str),
    Number(f64),
    /// A number shown as a percentage.
    Percent(f64),
    /// A day, by its number in the book's system.
    Date(f64),
}

/// One sheet; rows and columns are counted from 0.
#[derive(Default, Clone)]
pub struct Book {
    pub cells: Vec<(u16, u16, Held)>,
    pub hidden_rows: Vec<u16>,
    pub hidden_columns: Vec<u16>,
    /// First row, first column, last row, last column.
    pub merged: Vec<(u16, u16, u16, u16)>,
    /// Whether days are counted from 1904.
    pub is_1904: bool,
}

impl Book {
    /// The book in each kind, by the ending of its name.
    pub fn in_every_kind(&self) -> Vec<(&'static str, Bytes)> {
        vec![("xlsx", self.xlsx()), ("xlsb", self.xlsb()), ("xls", self.xls()), ("ods", self.ods())]
    }

    fn rows(&self) -> std::collections::BTreeMap<u16, Vec<(u16, Held)>> {
        let mut rows = std::collections::BTreeMap::<u16, Vec<(u16, Held)>>::new();
        for (row, column, held) in &self.cells {
            rows.entry(*row).or_default().push((*column, *held));
        }
        for row in &self.hidden_rows {
            rows.entry(*row).or_default();
        }
        rows.values_mut().for_each(|cells| cells.sort_by_key(|(column, _)| *column));
        rows
    }

    pub fn xlsx(&self) -> Bytes {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name("Return").unwrap();
        let (percent, day) = (Format::new().set_num_format("0.0%"), Format::new().set_num_format("yyyy-mm-dd"));
        for (top, left, bottom, right) in &self.merged {
            sheet.merge_range((*top).into(), *left, (*bottom).into(), *right, "", &Format::new()).unwrap();
        }
        for (row, column, held) in &self.cells {
            let row = u32::from(*row);
            match held {
                Held::Text(text) => sheet.write_string(row, *column, *text).unwrap(),
                Held::Number(number) => sheet.write_number(row, *column, *number).unwrap(),
                Held::Percent(number) => sheet.write_number_with_format(row, *column, *number, &percent).unwrap(),
                Held::Date(serial) => sheet.write_number_with_format(row, *column, *serial, &day).unwrap(),
            };
        }
        for row in &self.hidden_rows {
            sheet.set_row_hidden((*row).into()).unwrap();
        }
        for column in &self.hidden_columns {
            sheet.set_column_hidden(*column).unwrap();
        }
        let bytes = Bytes::from(book.save_to_buffer().unwrap());
        if self.is_1904 {
            changed(&bytes, "xl/workbook.xml", "<workbookPr", "<workbookPr date1904=\"1\"")
        } else {
            bytes
        }
    }

    pub fn ods(&self) -> Bytes {
        let mut table = String::new();
        for column in 0..20 {
            let hidden = if self.hidden_columns.contains(&column) { r#" table:visibility="collapse""# } else { "" };
            table += &format!("<table:table-column{hidden}/>");
        }
        let rows = self.rows();
        let mut next = 0;
        for (row, cells) in &rows {
            if *row > next {
                table += &format!(
                    r#"<table:table-row table:number-rows-repeated="{}"><table:table-cell/></table:table-row>"#,
                    row - next
                );
            }
            next = row + 1;
            let hidden = if self.hidden_rows.contains(row) { r#" table:visibility="filter""# } else { "" };
            table += &format!("<table:table-row{hidden}>");
            let mut at = 0;
            for (column, held) in cells {
                if *column > at {
                    table += &format!(r#"<table:table-cell table:number-columns-repeated="{}"/>"#, column - at);
                }
                at = column + 1;
                let span = self.merged.iter().find(|merged| (merged.0, merged.1) == (*row, *column));
                let span = span.map_or(String::new(), |(top, left, bottom, right)| {
                    let (rows, columns) = (bottom - top + 1, right - left + 1);
                    format!(r#" table:number-rows-spanned="{rows}" table:number-columns-spanned="{columns}""#)
                });
                table += &match held {
                    Held::Text(text) => format!(
                        r#"<table:table-cell{span} office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#
                    ),
                    Held::Number(number) => {
                        format!(r#"<table:table-cell office:value-type="float" office:value="{number}"/>"#)
                    }
                    // Days need no system here: they are written as what they are.
                    Held::Date(_) => {
                        r#"<table:table-cell office:value-type="date" office:date-value="2025-06-30"/>"#.to_owned()
                    }
                    Held::Percent(number) => {
                        format!(r#"<table:table-cell office:value-type="percentage" office:value="{number}"/>"#)
                    }
                };
            }
            if cells.is_empty() {
                table += "<table:table-cell/>";
            }
            table += "</table:table-row>";
        }
        ods(&format!(r#"<table:table table:name="Return">{table}</table:table>"#))
    }

    pub fn xlsb(&self) -> Bytes {
        let mut sheet = Records::default();
        sheet.add(129, &[]);
        sheet.add(148, &[0; 16]);
        if !self.hidden_columns.is_empty() {
            sheet.add(390, &[]);
            for column in &self.hidden_columns {
                let column = u32::from(*column).to_le_bytes();
                sheet.add(60, &[&column[..], &column, &[0; 8], &[1, 0]].concat());
            }
            sheet.add(391, &[]);
        }
        sheet.add(145, &[]);
        for (row, cells) in self.rows() {
            let flags = if self.hidden_rows.contains(&row) { 0x10 } else { 0 };
            sheet.add(0, &[&u32::from(row).to_le_bytes()[..], &[0; 6], &[0, flags], &[0; 5]].concat());
            for (column, held) in cells {
                let column = u32::from(column).to_le_bytes();
                match held {
                    Held::Text(text) => sheet.add(6, &[&column[..], &[0; 4], &wide(text)].concat()),
                    Held::Number(number) => sheet.add(5, &[&column[..], &[0; 4], &number.to_le_bytes()].concat()),
                    Held::Percent(number) => {
                        sheet.add(5, &[&column[..], &[1, 0, 0, 0], &number.to_le_bytes()].concat());
                    }
                    Held::Date(serial) => {
                        sheet.add(5, &[&column[..], &[2, 0, 0, 0], &serial.to_le_bytes()].concat());
                    }
                }
            }
        }
        sheet.add(146, &[]);
        for (top, left, bottom, right) in &self.merged {
            let corners = [*top, *bottom, *left, *right].map(|corner| u32::from(corner).to_le_bytes());
            sheet.add(176, &corners.concat());
        }
        sheet.add(130, &[]);

        let mut styles = Records::default();
        styles.add(617, &3_u32.to_le_bytes());
        for format in [0, 10, 14] {
            styles.add(47, &[&[0, 0, format, 0][..], &[0; 12]].concat());
        }
        styles.add(618, &[]);

        let mut book = Records::default();
        book.add(131, &[]);
        book.add(153, &[u8::from(self.is_1904), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        book.add(143, &[]);
        book.add(156, &[&[0_u8; 4][..], &1_u32.to_le_bytes(), &wide("rId1"), &wide("Return")].concat());
        book.add(144, &[]);
        book.add(132, &[]);

        let relationship = |id: &str, kind: &str, target: &str| {
            format!(
                r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="{id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/></Relationships>"#
            )
        };
        zipped(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("_rels/.rels", relationship("rId1", "officeDocument", "xl/workbook.bin").as_bytes()),
            ("xl/_rels/workbook.bin.rels", relationship("rId1", "worksheet", "worksheets/sheet1.bin").as_bytes()),
            ("xl/workbook.bin", &book.0),
            ("xl/styles.bin", &styles.0),
            ("xl/worksheets/sheet1.bin", &sheet.0),
        ])
    }

    pub fn xls(&self) -> Bytes {
        let mut book = old_record(0x0809, &old_begin(0x0005));
        book.extend(old_record(0x0022, &[u8::from(self.is_1904), 0]));
        for format in [0_u16, 10, 14] {
            book.extend(old_record(0x00E0, &[&[0, 0][..], &format.to_le_bytes(), &[0; 16]].concat()));
        }
        let end = old_record(0x000A, &[]);
        let name = [&[0, 0, 6, 0][..], b"Return"].concat();
        let start = (book.len() + 4 + 4 + name.len() + end.len()) as u32;
        book.extend(old_record(0x0085, &[&start.to_le_bytes()[..], &name].concat()));
        book.extend(&end);
        book.extend(old_record(0x0809, &old_begin(0x0010)));
        for column in &self.hidden_columns {
            let column = column.to_le_bytes();
            book.extend(old_record(0x007D, &[&column[..], &column, &[0; 4], &[1, 0], &[0; 2]].concat()));
        }
        for (row, cells) in self.rows() {
            let flags = if self.hidden_rows.contains(&row) { 0x20_u16 } else { 0 };
            let row_record = [&row.to_le_bytes()[..], &[0; 10], &flags.to_le_bytes(), &[0; 2]].concat();
            book.extend(old_record(0x0208, &row_record));
            for (column, held) in cells {
                let place = [row.to_le_bytes(), column.to_le_bytes()].concat();
                book.extend(match held {
                    Held::Text(text) => {
                        let length = (text.len() as u16).to_le_bytes();
                        old_record(0x0204, &[&place[..], &[0, 0], &length, &[0], text.as_bytes()].concat())
                    }
                    Held::Number(number) => old_record(0x0203, &[&place[..], &[0, 0], &number.to_le_bytes()].concat()),
                    Held::Percent(number) => old_record(0x0203, &[&place[..], &[1, 0], &number.to_le_bytes()].concat()),
                    Held::Date(serial) => old_record(0x0203, &[&place[..], &[2, 0], &serial.to_le_bytes()].concat()),
                });
            }
        }
        let merged: Vec<u8> = self
            .merged
            .iter()
            .flat_map(|(top, left, bottom, right)| [*top, *bottom, *left, *right])
            .flat_map(u16::to_le_bytes)
            .collect();
        book.extend(old_record(0x00E5, &[&(self.merged.len() as u16).to_le_bytes()[..], &merged].concat()));
        book.extend(&end);
        in_a_container("Workbook", book).into()
    }
}

/// An OpenDocument workbook with these tables.
pub fn ods(tables: &str) -> Bytes {
    let content = format!(
        r#"<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"#
    );
    zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

/// The archive with one part changed.
fn changed(bytes: &Bytes, part: &str, from: &str, to: &str) -> Bytes {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        let name = file.name().unwrap().into_owned();
        if name == part {
            let text = String::from_utf8(content).unwrap();
            assert!(text.contains(from), "{text}");
            content = text.replacen(from, to, 1).into_bytes();
        }
        parts.push((name, content));
    }
    zipped(&parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect::<Vec<_>>())
}

/// A zip archive.
pub fn zipped(parts: &[(&str, &[u8])]) -> Bytes {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner().into()
}

/// Records of an .xlsb part.
#[derive(Default)]
struct Records(Vec<u8>);

impl Records {
    fn add(&mut self, kind: u16, data: &[u8]) {
        match u8::try_from(kind).ok().filter(|kind| *kind < 0x80) {
            Some(kind) => self.0.push(kind),
            None => self.0.extend([(kind & 0x7F) as u8 | 0x80, (kind >> 7) as u8]),
        }
        let mut length = data.len();
        while length >= 0x80 {
            self.0.push((length & 0x7F) as u8 | 0x80);
            length >>= 7;
        }
        self.0.push(length as u8);
        self.0.extend(data);
    }
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    (units.len() as u32).to_le_bytes().into_iter().chain(units.into_iter().flat_map(u16::to_le_bytes)).collect()
}

fn old_begin(kind: u16) -> Vec<u8> {
    [&0x0600_u16.to_le_bytes()[..], &kind.to_le_bytes(), &[0; 12]].concat()
}

fn old_record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

/// One stream in the container of old Office files: a table of sectors, a directory, and the stream.
fn in_a_container(name: &str, mut stream: Vec<u8>) -> Vec<u8> {
    // Shorter streams would have to share sectors.
    stream.resize(stream.len().max(4096).next_multiple_of(512), 0);
    let sectors = stream.len() / 512;
    let mut header = vec![0; 512];
    header[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    header[24..34].copy_from_slice(&[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    header[44] = 1;
    header[48] = 1;
    header[56..60].copy_from_slice(&4096_u32.to_le_bytes());
    header[60..64].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
    header[68..72].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
    header[80..].fill(0xFF);
    let mut table = vec![0xFFFF_FFFD_u32, 0xFFFF_FFFE];
    table.extend((0..sectors).map(|at| if at + 1 < sectors { at as u32 + 3 } else { 0xFFFF_FFFE }));
    assert!(table.len() <= 128, "one sector of the table is enough");
    table.resize(128, 0xFFFF_FFFF);
    let mut directory = vec![0; 512];
    for (at, (name, kind, start, size)) in
        [("Root Entry", 5, 0xFFFF_FFFE, 0), (name, 2, 2, stream.len() as u32)].into_iter().enumerate()
    {
        let entry = &mut directory[at * 128..at * 128 + 128];
        let units: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64] = units.len() as u8;
        entry[66] = kind;
        entry[68..80].fill(0xFF);
        if at == 0 {
            entry[76..80].copy_from_slice(&1_u32.to_le_bytes());
        }
        entry[116..120].copy_from_slice(&u32::to_le_bytes(start));
        entry[120..124].copy_from_slice(&size.to_le_bytes());
    }
    let table = table.into_iter().flat_map(u32::to_le_bytes);
    header.into_iter().chain(table).chain(directory).chain(stream).collect()
}

//! The layouts of the sheets of an .xls workbook, from its records ([MS-XLS] 2.4).

use std::collections::BTreeMap;

use super::super::container::stream;
use super::super::value::is_percent;
use super::{Layout, Spans};

/// The records that matter here.
mod record {
    pub const FORMULA: u16 = 0x0006;
    pub const END: u16 = 0x000A;
    pub const COLUMN: u16 = 0x007D;
    pub const SHEET: u16 = 0x0085;
    pub const MANY_RK: u16 = 0x00BD;
    pub const XF: u16 = 0x00E0;
    pub const MERGES: u16 = 0x00E5;
    pub const NUMBER: u16 = 0x0203;
    pub const ROW: u16 = 0x0208;
    pub const RK: u16 = 0x027E;
    pub const FORMAT: u16 = 0x041E;
    pub const BEGIN: u16 = 0x0809;
}

/// The layout of each sheet, in order.
pub(in super::super) fn layouts(file: &[u8]) -> Vec<Layout> {
    let Some(book) = stream(file, "Workbook").or_else(|| stream(file, "Book")) else { return Vec::new() };
    // The two formats that need no definition.
    let (mut formats, mut percents, mut sheets) = (vec![9, 10], Vec::new(), Vec::new());
    for (kind, data) in Records(&book) {
        match kind {
            record::SHEET => sheets.push(long(data, 0)),
            record::FORMAT if format_code(data).is_some_and(|code| is_percent(&code)) => formats.extend(short(data, 0)),
            record::XF => percents.push(short(data, 2).is_some_and(|format| formats.contains(&format))),
            record::END => break,
            _ => {}
        }
    }
    let of_sheet = |start: &Option<u32>| {
        let start = start.and_then(|start| usize::try_from(start).ok());
        start.and_then(|start| book.get(start..)).map(|sheet| layout(sheet, &percents)).unwrap_or_default()
    };
    sheets.iter().map(of_sheet).collect()
}

fn layout(sheet: &[u8], percents: &[bool]) -> Layout {
    let mut layout = Layout::default();
    let mut shown: BTreeMap<u32, Spans> = BTreeMap::new();
    let is_percent = |data: &[u8], at| short(data, at).is_some_and(|xf| percents.get(usize::from(xf)) == Some(&true));
    let mut depth = 0;
    for (kind, data) in Records(sheet) {
        match kind {
            record::BEGIN => depth += 1,
            record::END if depth <= 1 => break,
            record::END => depth -= 1,
            // An embedded chart has records of its own.
            _ if depth > 1 => {}
            record::ROW if short(data, 12).is_some_and(|flags| flags & 0x20 != 0) => {
                if let Some(row) = short(data, 0) {
                    layout.hidden_rows.add(row.into(), row.into());
                }
            }
            record::COLUMN if short(data, 8).is_some_and(|flags| flags & 1 != 0) => {
                if let Some((from, to)) = short(data, 0).zip(short(data, 2)) {
                    layout.hidden_columns.add(from.into(), to.into());
                }
            }
            record::RK | record::NUMBER | record::FORMULA if is_percent(data, 4) => {
                if let Some((row, column)) = short(data, 0).zip(short(data, 2)) {
                    shown.entry(row.into()).or_default().add(column.into(), column.into());
                }
            }
            record::MANY_RK => {
                let Some((row, first)) = short(data, 0).zip(short(data, 2)) else { continue };
                let cells = data.get(4..).unwrap_or_default().chunks_exact(6);
                for (column, _) in (u32::from(first)..).zip(cells).filter(|(_, cell)| is_percent(cell, 0)) {
                    shown.entry(row.into()).or_default().add(column, column);
                }
            }
            record::MERGES => {
                for merge in data.get(2..).unwrap_or_default().chunks_exact(8) {
                    let corner = |at| u32::from(short(merge, at).unwrap_or(0));
                    layout.merge((corner(0), corner(4)), (corner(2), corner(6)));
                }
            }
            _ => {}
        }
    }
    layout.percents = shown.into_iter().map(|(row, columns)| (row, (row, columns))).collect();
    layout
}

/// A number format's code: one-byte or two-byte characters behind their number, and in old files behind one byte of it.
fn format_code(data: &[u8]) -> Option<String> {
    let length = usize::from(short(data, 2)?);
    let (wide, text) = (data.get(4)? & 1 != 0, data.get(5..)?);
    if let Some(text) = text.get(..length).filter(|_| !wide) {
        return Some(text.iter().map(|byte| char::from(*byte)).collect());
    }
    if let Some(text) = text.get(..length.checked_mul(2)?).filter(|_| wide) {
        let units = text.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        return Some(char::decode_utf16(units).filter_map(Result::ok).collect());
    }
    let length = usize::from(*data.get(2)?);
    Some(data.get(3..)?.get(..length)?.iter().map(|byte| char::from(*byte)).collect())
}

/// The records of a stream, until they end or are damaged.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = short(self.0, 0).zip(short(self.0, 2))?;
        let data = self.0.get(4..)?.get(..usize::from(length))?;
        self.0 = &self.0[4 + data.len()..];
        Some((kind, data))
    }
}

fn short(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn long(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

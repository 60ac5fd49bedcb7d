//! The layout of a sheet of an .xlsb workbook, from its records ([MS-XLSB] 2.4).

use std::io::{BufReader, Read};

use super::super::value::is_percent;
use super::{Archive, Layout, Spans, open, part, relationships, workbook_part};

/// The records that matter here.
mod brt {
    pub const ROW: u32 = 0;
    pub const FORMULA_ERROR: u32 = 11;
    pub const FORMAT: u32 = 44;
    pub const XF: u32 = 47;
    pub const COLUMN: u32 = 60;
    pub const SHEET: u32 = 156;
    pub const MERGE: u32 = 176;
    pub const CELL_XFS: u32 = 617;
    pub const CELL_XFS_END: u32 = 618;
}

/// The layout of the sheet at `index` of the workbook; an empty one where it cannot be read.
pub(in super::super) fn layout(archive: &mut Archive, index: usize) -> Layout {
    let mut layout = Layout::default();
    let workbook = workbook_part(archive, "xl/workbook.bin");
    let paths = relationships(archive, &workbook);
    let mut sheets = Vec::new();
    each_record(part(archive, &workbook).unwrap_or_default().as_slice(), |kind, data| {
        // A sheet without a part of its own is none to the reader either.
        if kind == brt::SHEET && number(data, 8) != Some(u32::MAX) {
            sheets.push(wide_text(data.get(8..)));
        }
    });
    let percents = percent_styles(&part(archive, "xl/styles.bin").unwrap_or_default());
    let path = sheets.get(index).cloned().flatten().and_then(|id| paths.get(&id));
    if let Some(sheet) = path.and_then(|path| open(archive, path)) {
        scan(BufReader::new(sheet), &percents, &mut layout);
    }
    layout
}

fn scan(sheet: impl Read, percents: &[bool], layout: &mut Layout) {
    let mut row = 0;
    let mut shown = Spans::default();
    each_record(sheet, |kind, data| match kind {
        brt::ROW => {
            if let Some(next) = number(data, 0) {
                keep(layout, row, &mut shown);
                row = next;
                // fDyZero, the fifth of the flags behind the row's height.
                if data.get(11).is_some_and(|flags| flags & 0x10 != 0) {
                    layout.hidden_rows.add(row, row);
                }
            }
        }
        1..=11 => {
            let Some((column, style)) = number(data, 0).zip(number(data, 4)) else { return };
            if percents.get((style & 0x00FF_FFFF) as usize) == Some(&true) {
                shown.add(column, column);
            }
            if kind == brt::FORMULA_ERROR {
                layout.marks.entry(row).or_default().push((column, error(data.get(8))));
            }
        }
        brt::COLUMN => {
            let flags = data.get(16).copied().unwrap_or(0);
            if let Some((from, to)) = number(data, 0).zip(number(data, 4)).filter(|_| flags & 1 != 0) {
                layout.hidden_columns.add(from, to);
            }
        }
        brt::MERGE => {
            let corner = |at| number(data, at);
            if let (Some(top), Some(bottom), Some(left), Some(right)) = (corner(0), corner(4), corner(8), corner(12)) {
                layout.merge((top, left), (bottom, right));
            }
        }
        _ => {}
    });
    keep(layout, row, &mut shown);
}

fn keep(layout: &mut Layout, row: u32, shown: &mut Spans) {
    let shown = std::mem::take(shown);
    if !shown.is_empty() {
        layout.percents.insert(row, (row, shown));
    }
}

/// Of each cell style, whether it shows a percentage.
fn percent_styles(styles: &[u8]) -> Vec<bool> {
    // The two that need no definition.
    let mut formats = vec![9, 10];
    let (mut shown, mut of_cells) = (Vec::new(), false);
    each_record(styles, |kind, data| match kind {
        brt::FORMAT => {
            let format = u16::from_le_bytes([data.first().copied().unwrap_or(0), data.get(1).copied().unwrap_or(0)]);
            if wide_text(data.get(2..)).is_some_and(|text| is_percent(&text)) {
                formats.push(format);
            }
        }
        brt::CELL_XFS => of_cells = true,
        brt::CELL_XFS_END => of_cells = false,
        brt::XF if of_cells => {
            let format = data.get(2).zip(data.get(3)).map(|(low, high)| u16::from_le_bytes([*low, *high]));
            shown.push(format.is_some_and(|format| formats.contains(&format)));
        }
        _ => {}
    });
    shown
}

/// Calls `each` with every record's kind and data, until they end or are damaged.
fn each_record(mut from: impl Read, mut each: impl FnMut(u32, &[u8])) {
    let mut data = Vec::new();
    while let Some(kind) = varint(&mut from, 2)
        && let Some(length) = varint(&mut from, 4)
    {
        data.clear();
        match from.by_ref().take(u64::from(length)).read_to_end(&mut data) {
            Ok(read) if read == length as usize => each(kind, &data),
            _ => return,
        }
    }
}

/// Seven bits a byte, the lowest first; the eighth says that another follows.
fn varint(from: &mut impl Read, most: u32) -> Option<u32> {
    let mut value = 0;
    for at in 0..most {
        let mut byte = [0];
        from.read_exact(&mut byte).ok()?;
        value |= u32::from(byte[0] & 0x7F) << (7 * at);
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// A text of two-byte characters behind their number.
fn wide_text(data: Option<&[u8]>) -> Option<String> {
    let data = data?;
    let length = usize::try_from(number(data, 0)?).ok()?.checked_mul(2)?;
    let units = data.get(4..)?.get(..length)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// The error a formula came to ([MS-XLSB] 2.5.97.2), in the words the program shows for it.
pub(super) fn error(code: Option<&u8>) -> &'static str {
    match code {
        Some(0x00) => "#NULL!",
        Some(0x07) => "#DIV/0!",
        Some(0x0F) => "#VALUE!",
        Some(0x17) => "#REF!",
        Some(0x1D) => "#NAME?",
        Some(0x24) => "#NUM!",
        _ => "#N/A",
    }
}

//! The layout of a sheet of an .xlsx workbook, from its XML.

use super::super::area::Area;
use super::tags::{Tag, walk};
use super::{Archive, Layout, open, part, relationships, workbook_part};
use crate::decode::NOT_CALCULATED;

/// The layout of the sheet at `index` of the workbook; an empty one where it cannot be read.
pub(in super::super) fn layout(archive: &mut Archive, index: usize) -> Layout {
    let mut layout = Layout::default();
    let workbook = workbook_part(archive, "xl/workbook.xml");
    let paths = relationships(archive, &workbook);
    let bytes = part(archive, &workbook).unwrap_or_default();
    let mut sheets = Vec::new();
    let _ = walk(bytes.as_slice(), |tag| {
        if tag.name == b"sheet" && !tag.closes {
            sheets.push(tag.text("id"));
        }
    });
    let path = sheets.get(index).cloned().flatten().and_then(|id| paths.get(&id));
    if let Some(sheet) = path.and_then(|path| open(archive, path)) {
        let mut scan = Scan { layout: &mut layout, row: 0, column: 0, cell: Cell::default(), is_open: false };
        // What was understood before the damage stands.
        let _ = walk(sheet, |tag| scan.meet(tag));
    }
    layout
}

/// Where the walk is.
struct Scan<'a> {
    layout: &'a mut Layout,
    /// The next row and column, should one not say its place.
    row: u32,
    column: u32,
    cell: Cell,
    /// Whether a value of the present cell is open.
    is_open: bool,
}

/// What is known of the present cell.
#[derive(Default)]
struct Cell {
    has_formula: bool,
    has_value: bool,
    is_text: bool,
}

impl Scan<'_> {
    fn meet(&mut self, tag: &Tag<'_>) {
        match (tag.name, tag.closes) {
            (b"v" | b"is", false) => self.is_open = !tag.is_empty,
            (b"v" | b"is" | b"t", true) => {
                self.cell.has_value |= self.is_open && tag.follows_text;
                self.is_open &= tag.name == b"t";
            }
            (b"f", false) => self.cell.has_formula = true,
            (b"c", false) => self.begin_cell(tag),
            (b"c", true) => self.end_cell(),
            (b"row", false) => {
                self.row = tag.number("r").and_then(|row| row.checked_sub(1)).unwrap_or(self.row);
                self.column = 0;
                if tag.says("hidden") && self.row < 1 << 24 {
                    self.layout.hidden_rows.add(self.row, self.row);
                }
                if tag.is_empty {
                    self.row = self.row.saturating_add(1);
                }
            }
            (b"row", true) => self.row = self.row.saturating_add(1),
            (b"col", false) if tag.says("hidden") => {
                if let Some((from, to)) = tag.number("min").zip(tag.number("max")) {
                    self.layout.hidden_columns.add(from.saturating_sub(1), to.saturating_sub(1));
                }
            }
            (b"mergeCell", false) => {
                if let Some(area) = tag.text("ref").and_then(|text| text.parse::<Area>().ok()) {
                    let (rows, columns) = (area.rows, area.columns);
                    self.layout.merge((*rows.start(), *columns.start()), (*rows.end(), *columns.end()));
                }
            }
            _ => {}
        }
    }

    fn begin_cell(&mut self, tag: &Tag<'_>) {
        self.cell = Cell { is_text: tag.raw("t") == Some(b"str"), ..Cell::default() };
        self.is_open = false;
        if let Some(column) = tag.raw("r").and_then(column_of) {
            self.column = column;
        }
        if tag.is_empty {
            self.column = self.column.saturating_add(1);
        }
    }

    /// A formula whose text is empty was worked out; one without any value was not.
    fn end_cell(&mut self) {
        if self.cell.has_formula && !self.cell.has_value && !self.cell.is_text {
            self.layout.marks.entry(self.row).or_default().push((self.column, NOT_CALCULATED));
        }
        self.column = self.column.saturating_add(1);
    }
}

/// The column of an address such as `B4`.
fn column_of(address: &[u8]) -> Option<u32> {
    let letters = address.iter().take_while(|byte| byte.is_ascii_alphabetic());
    let column = letters.take(4).fold(0, |column, byte| column * 26 + u32::from(byte.to_ascii_uppercase() - b'A') + 1);
    u32::checked_sub(column, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(sheet: &str) -> Layout {
        let mut layout = Layout::default();
        let mut scan = Scan { layout: &mut layout, row: 0, column: 0, cell: Cell::default(), is_open: false };
        walk(sheet.as_bytes(), |tag| scan.meet(tag)).unwrap();
        layout
    }

    #[test]
    fn hidden_rows_and_columns_and_merged_cells_are_found() {
        let layout = scanned(
            r#"<x:worksheet><x:cols><x:col min="2" max="3" hidden="1"/><x:col min="5" max="5"/></x:cols><x:sheetData>
               <x:row r="2" hidden="true"><x:c r="A2"><x:v>1</x:v></x:c></x:row><x:row hidden="1"/></x:sheetData>
               <x:mergeCells><x:mergeCell ref="B1:D2"/></x:mergeCells></x:worksheet>"#,
        );
        let hidden = |spans: &super::super::Spans| (0..9).filter(|n| spans.has(*n)).collect::<Vec<u32>>();
        assert_eq!((hidden(&layout.hidden_rows), hidden(&layout.hidden_columns)), (vec![1, 2], vec![1, 2]));
        assert_eq!((layout.merged_to(0, 1), layout.merged_to(0, 2)), (Some((1, 3)), None));
    }

    #[test]
    fn a_formula_that_was_never_worked_out_is_marked() {
        let layout = scanned(
            r#"<sheetData><row r="4"><c r="B4"><f>A1</f></c><c r="C4"><f>A1</f><v/></c><c r="D4"><f>A1</f><v>2</v></c>
               <c r="E4" t="str"><f>A1</f><v></v></c><c><v>1</v></c><c><f/><v></v></c></row></sheetData>"#,
        );
        let mark = |column| (column, NOT_CALCULATED);
        assert_eq!(layout.marks.get(&3), Some(&vec![mark(1), mark(2), mark(6)]));
    }
}

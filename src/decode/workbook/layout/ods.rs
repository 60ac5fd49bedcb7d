//! The layouts of the sheets of an OpenDocument workbook, from its `content.xml`.

use super::tags::{Tag, walk};
use super::{Archive, Layout, Spans, open};
use crate::decode::NOT_CALCULATED;

/// The layout of each sheet, in order.
pub(in super::super) fn layouts(archive: &mut Archive) -> Vec<Layout> {
    let mut scan = Scan::default();
    if let Some(content) = open(archive, "content.xml") {
        // What was understood before the damage stands.
        let _ = walk(content, |tag| scan.meet(tag));
    }
    scan.layouts
}

#[derive(Default)]
struct Scan {
    layouts: Vec<Layout>,
    /// How many tables are open: a cell may hold another.
    depth: u32,
    /// The next row, column, and column definition.
    row: u32,
    column: u32,
    defined: u32,
    /// How often the present row stands there.
    repeated: u32,
    percents: Spans,
    /// The present cell's formula waits for a text.
    waits: Option<u32>,
}

impl Scan {
    fn meet(&mut self, tag: &Tag<'_>) {
        if tag.name == b"table" {
            match (tag.closes, tag.is_empty) {
                (true, _) => self.depth = self.depth.saturating_sub(1),
                (false, is_empty) => {
                    if self.depth == 0 && tag.raw("name").is_some() {
                        let layouts = std::mem::take(&mut self.layouts);
                        *self = Self { layouts, ..Self::default() };
                        self.layouts.push(Layout::default());
                    }
                    self.depth += u32::from(!is_empty);
                }
            }
            return;
        }
        let Some(layout) = self.layouts.last_mut().filter(|_| self.depth == 1) else { return };
        let is_hidden = matches!(tag.raw("visibility"), Some(b"collapse" | b"filter"));
        match (tag.name, tag.closes) {
            (b"table-column", false) => {
                let last = self.defined.saturating_add(tag.number("number-columns-repeated").unwrap_or(1).max(1));
                if is_hidden {
                    layout.hidden_columns.add(self.defined, last - 1);
                }
                self.defined = last;
            }
            (b"table-row", false) => {
                self.repeated = tag.number("number-rows-repeated").unwrap_or(1).max(1);
                self.column = 0;
                if is_hidden {
                    layout.hidden_rows.add(self.row, self.row.saturating_add(self.repeated - 1));
                }
                if tag.is_empty {
                    self.end_row();
                }
            }
            (b"table-row", true) => self.end_row(),
            (b"table-cell" | b"covered-table-cell", false) => self.begin_cell(tag),
            (b"table-cell" | b"covered-table-cell", true) => self.end_cell(),
            (b"p", true) if tag.follows_text => self.waits = None,
            _ => {}
        }
    }

    fn begin_cell(&mut self, tag: &Tag<'_>) {
        let Some(layout) = self.layouts.last_mut() else { return };
        let last = self.column.saturating_add(tag.number("number-columns-repeated").unwrap_or(1).max(1)) - 1;
        let spanned = |name| tag.number(name).unwrap_or(1).max(1) - 1;
        let (down, right) = (spanned("number-rows-spanned"), spanned("number-columns-spanned"));
        if down > 0 || right > 0 {
            let last = (self.row.saturating_add(down), self.column.saturating_add(right));
            layout.merge((self.row, self.column), last);
        }
        if tag.raw("value-type") == Some(b"percentage") {
            self.percents.add(self.column, last);
        }
        let has_value = ["value", "string-value", "date-value", "time-value", "boolean-value"]
            .into_iter()
            .any(|name| tag.raw(name).is_some_and(|value| !value.is_empty()));
        // A formula that was worked out has a type, if only that of an empty text.
        let waits = tag.raw("formula").is_some() && !has_value && tag.raw("value-type").is_none();
        self.waits = waits.then_some(self.column);
        self.column = last.saturating_add(1);
        if tag.is_empty {
            self.end_cell();
        }
    }

    fn end_cell(&mut self) {
        if let (Some(column), Some(layout)) = (self.waits.take(), self.layouts.last_mut()) {
            layout.marks.entry(self.row).or_default().push((column, NOT_CALCULATED));
        }
    }

    fn end_row(&mut self) {
        let percents = std::mem::take(&mut self.percents);
        let last = self.row.saturating_add(self.repeated.max(1) - 1);
        if let Some(layout) = self.layouts.last_mut().filter(|_| !percents.is_empty()) {
            layout.percents.insert(self.row, (last, percents));
        }
        self.row = last.saturating_add(1);
    }
}

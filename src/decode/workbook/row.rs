//! One row of a sheet as it is read: the texts of its cells in one buffer that is used again.

use calamine::{Data, DataRef};

use super::layout::Layout;
use super::value::{self, Stored};

/// The cells of a row that hold something, by column.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// 0-based.
    pub number: u32,
    text: String,
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    column: u32,
    start: usize,
    end: usize,
    stored: Stored,
}

impl Row {
    /// Column, text and kind of each cell, by rising column.
    pub(super) fn cells(&self) -> impl Iterator<Item = (u32, &str, Stored)> {
        self.cells.iter().map(|cell| (cell.column, &self.text[cell.start..cell.end], cell.stored))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn begin(&mut self, number: u32) {
        self.number = number;
        self.text.clear();
        self.cells.clear();
    }

    /// Adds what a cell of a stream holds.
    pub(super) fn push_ref(&mut self, column: u32, held: &DataRef<'_>, percent: bool) {
        self.push(column, |text| value::write_ref(held, percent, text));
    }

    /// Adds what a cell of a range holds.
    pub(super) fn push_data(&mut self, column: u32, held: &Data, percent: bool) {
        self.push(column, |text| value::write(held, percent, text));
    }

    /// Blank cells are none.
    fn push(&mut self, column: u32, write: impl FnOnce(&mut String) -> Stored) {
        let start = self.text.len();
        let stored = write(&mut self.text);
        if self.text[start..].trim().is_empty() {
            self.text.truncate(start);
        } else {
            self.cells.push(Cell { column, start, end: self.text.len(), stored });
        }
    }

    /// Puts the cells in order, the first of two at one place winning, and adds those that only the layout knows of.
    pub(super) fn finish(&mut self, layout: &Layout) {
        for (column, text) in layout.marks.get(&self.number).into_iter().flatten() {
            self.push(*column, |into| {
                into.push_str(text);
                Stored::Other
            });
        }
        if !self.cells.is_sorted_by(|one, next| one.column < next.column) {
            self.cells.sort_by_key(|cell| cell.column);
            self.cells.dedup_by_key(|cell| cell.column);
        }
    }
}

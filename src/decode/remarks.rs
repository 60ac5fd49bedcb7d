//! What a reader noticed beside the cells: what is hidden, what stands outside, how a workbook stores its cells.
//!
//! Facts with their places; whether one of them matters is for `check`.

use serde::{Deserialize, Serialize};

/// What a reader noticed of a table beside its cells. Of a file that is no workbook, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remarks {
    /// The table it was read for, where the reader was told of tables.
    pub table: Option<String>,
    /// Whether the sheet as a whole is hidden.
    pub hidden_sheet: bool,
    /// The hidden rows below the headings that hold something.
    pub hidden_rows: Runs,
    /// The places among the columns of those that are hidden.
    pub hidden_columns: Vec<u32>,
    /// Whether hidden rows and columns were left out, as the return declares, rather than read.
    pub without_hidden: bool,
    /// Cells below the row of headings, but below none of them; they are not read.
    pub outside: Option<Outside>,
    /// What stands in the cells beside the table that were asked for, in their order.
    pub cells: Vec<Option<String>>,
    /// What stands below the row that ends the table, where the return says how it ends.
    pub below: Option<Below>,
    /// How the cells of each column are stored; empty where a format has one way only.
    pub stored: Vec<Stored>,
}

/// Cells outside the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// The letter of the first one's column.
    pub letter: String,
    /// The first one's row.
    pub row: u32,
    /// How many there are.
    pub count: u32,
}

/// Rows below the one that ends a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Below {
    /// 1-based row that ended it.
    pub end: u32,
    /// How many rows below it hold something.
    pub rows: u32,
    /// Those of them that fill at least half of the table's columns.
    pub like: Tally,
}

impl Below {
    pub(super) fn row(end: u32) -> Self {
        Self { end, rows: 0, like: Tally::default() }
    }

    /// Adds a row that has so many of a table's `width` columns filled.
    pub(super) fn add(&mut self, row: u32, filled: usize, width: usize) {
        self.rows += 1;
        // A note in one cell fills half of a table of two columns, and is a note.
        if filled >= width.min(2) && 2 * filled >= width {
            self.like.add(row);
        }
    }
}

/// Rows told by their stretches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// First and last row of the first few stretches.
    pub first: Vec<(u32, u32)>,
    /// How many rows there are, in all stretches.
    pub count: u32,
}

/// Stretches that are named one by one.
const MOST_RUNS: usize = 8;

impl Runs {
    /// Adds a row, which comes after those before.
    pub(super) fn add(&mut self, row: u32) {
        let whole = self.first.iter().map(|(from, to)| to - from + 1).sum::<u32>() == self.count;
        let stretches = self.first.len();
        match self.first.last_mut() {
            Some((_, last)) if whole && *last + 1 == row => *last = row,
            _ if whole && stretches < MOST_RUNS => self.first.push((row, row)),
            _ => {}
        }
        self.count += 1;
    }
}

/// How the cells of a column are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stored {
    /// Cells that hold something.
    pub filled: u32,
    /// Cells stored as numbers.
    pub numbers: Tally,
    /// Cells that look like a number and are stored as text.
    pub digits: Tally,
    /// Cells that are merged with one above, whose text counts for them too.
    pub merged: Tally,
    /// Cells that are merged with one above that holds a number: they are empty.
    pub merged_numbers: Tally,
}

/// How many there are, and the row of the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub count: u32,
    /// 1-based row of the first.
    pub first: u32,
}

impl Tally {
    pub(super) fn add(&mut self, row: u32) {
        if self.count == 0 {
            self.first = row;
        }
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gathered_into_stretches() {
        let mut runs = Runs::default();
        [3, 4, 5, 9].into_iter().for_each(|row| runs.add(row));
        assert_eq!(runs, Runs { first: vec![(3, 5), (9, 9)], count: 4 });
    }

    #[test]
    fn stretches_beyond_the_first_few_are_only_counted() {
        let mut runs = Runs::default();
        (0..100).for_each(|row| runs.add(2 * row + 1));
        runs.add(200);
        assert_eq!((runs.first.len(), runs.first[7], runs.count), (8, (15, 15), 101));
    }
}

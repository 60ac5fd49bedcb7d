//! The rows of one table as its elements are read, and the sheet they become.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder, UInt32Builder};

use super::XmlTable;
use crate::decode::cells::{BATCH, schema};
use crate::decode::{DecodeError, Remarks, Rows, Sheet};

/// One table in the making.
pub(super) struct Gather {
    sheet: String,
    columns: Vec<Column>,
    /// Which columns stand for a column of the contract, should the file have no row.
    first: Vec<bool>,
    pub pending: Vec<Row>,
    rows: UInt32Builder,
    /// Whether the file has such an element, empty or not.
    begun: bool,
}

struct Column {
    heading: String,
    /// How often the file has it.
    met: u64,
    cells: StringBuilder,
}

/// A row whose cells are not all read yet.
pub(super) struct Row {
    pub number: u32,
    pub cells: Vec<Option<String>>,
}

impl Gather {
    pub fn of(table: &XmlTable) -> Self {
        let column = |heading: &String| Column { heading: heading.clone(), met: 0, cells: StringBuilder::new() };
        let first = table.columns.iter().flat_map(|paths| (0..paths.len()).map(|at| at == 0)).collect();
        Self {
            sheet: table.rows.clone(),
            columns: table.columns.iter().flatten().map(column).collect(),
            first,
            pending: Vec::new(),
            rows: UInt32Builder::new(),
            begun: false,
        }
    }

    /// Begins a row and says how many cells it has.
    pub fn begin(&mut self, number: u32) -> usize {
        self.begun = true;
        self.pending.push(Row { number, cells: vec![None; self.columns.len()] });
        self.columns.len()
    }

    /// How many rows are kept so far.
    pub fn kept(&self) -> usize {
        arrow::array::ArrayBuilder::len(&self.rows)
    }

    /// Adds a column that the contract does not have.
    pub fn add(&mut self, heading: String) -> usize {
        let mut cells = StringBuilder::new();
        (0..self.kept()).for_each(|_| cells.append_null());
        self.columns.push(Column { heading, met: 0, cells });
        self.columns.len() - 1
    }

    /// Notes that the file has a column once more.
    pub fn meet(&mut self, column: usize) {
        self.columns[column].met += 1;
    }

    /// The row begun last.
    pub fn last(&mut self) -> Option<&mut Row> {
        self.pending.last_mut()
    }

    /// Keeps the rows that are whole now.
    pub fn keep(&mut self) {
        for row in self.pending.drain(..) {
            if row.cells.iter().all(Option::is_none) {
                continue;
            }
            self.rows.append_value(row.number);
            let cells = row.cells.into_iter().chain(std::iter::repeat(None));
            for (column, cell) in self.columns.iter_mut().zip(cells) {
                column.cells.append_option(cell);
            }
        }
    }

    /// The sheet, once the file has ended.
    pub fn sheet(mut self) -> Result<Sheet, DecodeError> {
        let rows = self.rows.finish();
        let none = !self.begun;
        let (mut columns, mut counts) = (Vec::new(), Vec::new());
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(rows)];
        for (at, mut column) in self.columns.into_iter().enumerate() {
            if column.met > 0 || (none && self.first.get(at).copied().unwrap_or(false)) {
                columns.push(column.heading);
                counts.push(column.met);
                arrays.push(Arc::new(column.cells.finish()));
            }
        }
        let whole = RecordBatch::try_new(schema(&columns), arrays)?;
        let starts = (0..whole.num_rows()).step_by(BATCH);
        let batches: Vec<RecordBatch> =
            starts.map(|start| whole.slice(start, BATCH.min(whole.num_rows() - start))).collect();
        Ok(Sheet {
            name: Some(self.sheet),
            header_row: 0,
            first_column: 0,
            columns,
            counts,
            remarks: Remarks::default(),
            below: Default::default(),
            rows: Rows::of(batches.into_iter().map(Ok)),
        })
    }
}

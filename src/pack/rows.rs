//! The rows a statement gave, column by column.
//!
//! Knows nothing of what the columns mean.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Rows that a statement of the pack did not give as its head says.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A column is not there.
    #[error("{statement}.sql gave no column {column}; its opening comment lists the columns it owes")]
    NoColumn {
        /// The statement.
        statement: String,
        /// The column.
        column: &'static str,
    },
    /// A column holds something else.
    #[error("{statement}.sql: the column {column} is not {expected}")]
    NotA {
        /// The statement.
        statement: String,
        /// The column.
        column: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A value is missing.
    #[error("{statement}.sql: the column {column} is empty in row {row}")]
    Empty {
        /// The statement.
        statement: String,
        /// The column.
        column: &'static str,
        /// The row, counted from 1.
        row: usize,
    },
}

/// What one statement answered.
pub(super) struct Rows<'a> {
    statement: &'a str,
    batches: &'a [RecordBatch],
}

impl<'a> Rows<'a> {
    pub fn new(statement: &'a str, batches: &'a [RecordBatch]) -> Self {
        Self { statement, batches }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// A column of texts that must all be there.
    pub fn texts(&self, column: &'static str) -> Result<Vec<String>, RowsError> {
        let texts = self.texts_opt(column)?.into_iter().enumerate();
        texts.map(|(at, text)| text.ok_or_else(|| self.empty(column, at))).collect()
    }

    /// A column of texts, any of which may be missing; an empty text is missing too.
    pub fn texts_opt(&self, column: &'static str) -> Result<Vec<Option<String>>, RowsError> {
        self.read(column, &DataType::Utf8, "text", |array| {
            array.as_string::<i32>().iter().map(|t| t.filter(|t| !t.trim().is_empty()).map(str::to_owned)).collect()
        })
    }

    /// A column of whole numbers; a missing one is 0.
    pub fn numbers(&self, column: &'static str) -> Result<Vec<i64>, RowsError> {
        self.read(column, &DataType::Int64, "a whole number", |array| {
            array.as_primitive::<Int64Type>().iter().map(Option::unwrap_or_default).collect()
        })
    }

    /// A column of true and false; a missing one is false.
    pub fn flags(&self, column: &'static str) -> Result<Vec<bool>, RowsError> {
        Ok(self.flags_opt(column)?.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of true and false, any of which may be missing.
    pub fn flags_opt(&self, column: &'static str) -> Result<Vec<Option<bool>>, RowsError> {
        self.read(column, &DataType::Boolean, "true or false", |array| array.as_boolean().iter().collect())
    }

    /// The same of a column that a board's own statement may lack; then all are false.
    pub fn flags_if_any(&self, column: &'static str) -> Result<Vec<bool>, RowsError> {
        match self.flags(column) {
            Err(RowsError::NoColumn { .. }) => Ok(vec![false; self.len()]),
            flags => flags,
        }
    }

    /// A column of days, any of which may be missing.
    pub fn days(&self, column: &'static str) -> Result<Vec<Option<Date>>, RowsError> {
        self.read(column, &DataType::Date32, "a date", |array| {
            let epoch = date(1970, 1, 1);
            let days = array.as_primitive::<Date32Type>().iter();
            days.map(|days| days.and_then(|days| epoch.checked_add(days.days()).ok())).collect()
        })
    }

    fn read<T>(
        &self,
        column: &'static str,
        kind: &DataType,
        expected: &'static str,
        values: impl Fn(&dyn Array) -> Vec<T>,
    ) -> Result<Vec<T>, RowsError> {
        let mut all = Vec::new();
        for batch in self.batches {
            let no_column = || RowsError::NoColumn { statement: self.statement.to_owned(), column };
            let found: &ArrayRef = batch.column_by_name(column).ok_or_else(no_column)?;
            all.extend(values(&*cast(found, kind).map_err(|_| self.not_a(column, expected))?));
        }
        Ok(all)
    }

    /// That a column holds something else than `expected`.
    pub fn not_a(&self, column: &'static str, expected: &'static str) -> RowsError {
        RowsError::NotA { statement: self.statement.to_owned(), column, expected }
    }

    /// That a value is missing, in the row at the index `at`.
    pub fn empty(&self, column: &'static str, at: usize) -> RowsError {
        RowsError::Empty { statement: self.statement.to_owned(), column, row: at + 1 }
    }
}

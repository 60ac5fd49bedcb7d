//! Typed columns become text cells: dates as ISO, numbers with the fewest digits.
//!
//! Runs in a worker. Nested columns are refused. Knows nothing of the file the columns came from.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Schema, UInt32Type};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;

use super::cells::{headings, looks_like_a_number, schema};
use super::wire::{self, Heading};
use super::{Remarks, Stored};
use crate::worker::Output;

/// Answers with the one sheet that a file of columns is.
pub(super) fn send(
    columns: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, String>>,
    output: &mut Output,
) -> Result<(), String> {
    refuse_nested(columns)?;
    let names = columns.fields().iter().map(|field| field.name().clone());
    let columns = headings(names, 0).map_err(|error| error.to_string())?;
    let mut stored = vec![Stored::default(); columns.len()];
    let wrong = |error: ArrowError| error.to_string();
    let mut stream = StreamWriter::try_new(Vec::new(), &schema(&columns)).map_err(wrong)?;
    let mut first = 1;
    for batch in batches {
        let batch = batch?;
        let text = as_text(&batch, &columns, first)?;
        tell_digits(&batch, &text, &mut stored);
        stream.write(&text).map_err(wrong)?;
        first += u32::try_from(batch.num_rows()).map_err(|_| "the file has too many rows".to_owned())?;
    }
    let remarks = Remarks { stored, ..Remarks::default() };
    let heading = Heading { name: None, header_row: 0, first_column: 0, columns, remarks };
    wire::send(output, &heading, &stream.into_inner().map_err(wrong)?)?;
    wire::send_ignored(output, &[])
}

/// Notes the cells that look like numbers in columns of texts.
fn tell_digits(batch: &RecordBatch, text: &RecordBatch, stored: &mut [Stored]) {
    let rows = text.column(0).as_primitive::<UInt32Type>();
    for ((column, cells), stored) in batch.columns().iter().zip(&text.columns()[1..]).zip(stored) {
        if !column.data_type().is_string() {
            continue;
        }
        for (cell, row) in cells.as_string::<i32>().iter().zip(rows.values()) {
            let Some(cell) = cell else { continue };
            stored.filled += 1;
            if looks_like_a_number(cell) {
                stored.digits.add(*row);
            }
        }
    }
}

fn refuse_nested(schema: &Schema) -> Result<(), String> {
    match schema.fields().iter().find(|field| field.data_type().is_nested()) {
        None => Ok(()),
        Some(field) => Err(format!("column {:?} holds lists or records; a cell is one value", field.name())),
    }
}

fn as_text(batch: &RecordBatch, columns: &[String], first: u32) -> Result<RecordBatch, String> {
    let rows = u32::try_from(batch.num_rows()).ok().and_then(|count| first.checked_add(count));
    let end = rows.ok_or_else(|| "the file has too many rows".to_owned())?;
    let mut cells: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from_iter_values(first..end))];
    // A value that cannot be shown is an error, not an empty cell.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    for (column, name) in batch.columns().iter().zip(columns) {
        let text = cast_with_options(column, &DataType::Utf8, &options)
            .map_err(|error| format!("column {name:?} cannot be read as text ({error}); write it as text"))?;
        cells.push(whole_numbers_without_a_point(column.data_type(), text));
    }
    RecordBatch::try_new(schema(columns), cells).map_err(|error| error.to_string())
}

/// Arrow writes the float 5 as `5.0`; a count is `5`. Empty texts become null, as everywhere.
fn whole_numbers_without_a_point(from: &DataType, text: ArrayRef) -> ArrayRef {
    let Some(cells) = text.as_any().downcast_ref::<StringArray>() else { return text };
    let shown = cells.iter().map(|cell| {
        let cell = cell.filter(|cell| !cell.is_empty())?;
        Some(if from.is_floating() { cell.strip_suffix(".0").unwrap_or(cell) } else { cell })
    });
    Arc::new(shown.collect::<StringArray>())
}

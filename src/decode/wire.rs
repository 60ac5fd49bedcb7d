//! Sheets as they cross from a worker: a JSON frame that describes one, then its rows as an Arrow IPC stream.
//!
//! Knows no file format.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cells::schema;
use super::{DecodeError, Decoded, Remarks, Rows, Sheet};
use crate::worker::{Batches, Frame, Output};

/// A sheet without its rows.
#[derive(Serialize, Deserialize)]
pub(super) struct Heading {
    pub name: Option<String>,
    pub header_row: u32,
    pub first_column: u32,
    pub columns: Vec<String>,
    #[serde(default)]
    pub remarks: Remarks,
}

/// Writes one sheet whose rows are an Arrow IPC stream, from the worker's side.
pub(super) fn send(output: &mut Output, heading: &Heading, rows: &[u8]) -> Result<(), String> {
    output.json(&json!({ "sheet": heading })).map_err(|error| error.to_string())?;
    output.bytes(rows).map_err(|error| error.to_string())
}

/// Writes what was left out; the last frame of an answer.
pub(super) fn send_ignored(output: &mut Output, ignored: &[String]) -> Result<(), String> {
    output.json(&json!({ "ignored": ignored })).map_err(|error| error.to_string())
}

/// The sheets a worker sent.
///
/// # Errors
/// When the frames are no sheets.
pub fn sheets(frames: Vec<Frame>) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoded { sheets: Vec::new(), ignored: Vec::new() };
    let mut frames = frames.into_iter();
    while let Some(frame) = frames.next() {
        let Frame::Json(mut description) = frame else {
            return Err(DecodeError::Wire("rows without a sheet"));
        };
        if let Some(ignored) = description.get_mut("ignored") {
            decoded.ignored = serde_json::from_value(ignored.take()).map_err(|_| DecodeError::Wire("ignored"))?;
            continue;
        }
        let heading: Heading =
            serde_json::from_value(description["sheet"].take()).map_err(|_| DecodeError::Wire("no sheet"))?;
        let Some(Frame::Bytes(bytes)) = frames.next() else {
            return Err(DecodeError::Wire("a sheet without rows"));
        };
        let shape = schema(&heading.columns);
        let rows = Batches::of(bytes).map(move |batch| match batch {
            Ok(batch) if batch.schema() != shape => Err(DecodeError::Wire("rows of another shape")),
            batch => batch.map_err(DecodeError::from),
        });
        let Heading { name, header_row, first_column, columns, remarks } = heading;
        decoded.sheets.push(Sheet {
            name,
            header_row,
            first_column,
            columns,
            counts: Vec::new(),
            below: Arc::new(remarks.below.map(OnceLock::from).unwrap_or_default()),
            remarks,
            rows: Rows::of(rows),
        });
    }
    Ok(decoded)
}

/// Every row's number and cells, null as the empty text.
#[cfg(test)]
pub(super) fn texts(sheet: Sheet) -> Result<Vec<(u32, Vec<String>)>, DecodeError> {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::UInt32Type;

    let mut rows = Vec::new();
    for batch in sheet.rows {
        let batch = batch?;
        let numbers = batch.column(0).as_primitive::<UInt32Type>();
        for row in 0..batch.num_rows() {
            let cells = batch.columns()[1..].iter().map(|column| {
                let column = column.as_string::<i32>();
                if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
            });
            rows.push((numbers.value(row), cells.collect()));
        }
    }
    Ok(rows)
}

//! Rows of an answer, written for people and programs.

use std::str::FromStr;

use anyhow::Context;
use arrow::{
    array::{Array, RecordBatch},
    datatypes::DataType,
    util::display::{ArrayFormatter, FormatOptions},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use parquet::arrow::ArrowWriter;
use serde::{Deserialize, Serialize};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// A table for the eye.
    Table,
    /// CSV; texts that a spreadsheet would take for a formula are made harmless.
    Csv,
    /// An array of JSON objects.
    Json,
    /// A Parquet file, as base64.
    Parquet,
}

impl Written {
    /// The words for the ways, as a command line has them.
    pub const WORDS: [&str; 4] = ["table", "csv", "json", "parquet"];
}

impl FromStr for Written {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "table" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "parquet" => Ok(Self::Parquet),
            _ => Err(format!("{word:?} is no way to write rows; write one of {}", Self::WORDS.join(", "))),
        }
    }
}

/// Writes rows.
///
/// # Errors
/// When a value cannot be written in that format.
pub fn write(rows: &[RecordBatch], format: Written) -> anyhow::Result<String> {
    match format {
        Written::Table => Ok(arrow::util::pretty::pretty_format_batches(rows)?.to_string()),
        Written::Csv => csv(rows),
        Written::Json => {
            let mut writer = arrow::json::ArrayWriter::new(Vec::new());
            writer.write_batches(&rows.iter().collect::<Vec<_>>())?;
            writer.finish()?;
            Ok(String::from_utf8(writer.into_inner())?)
        }
        Written::Parquet => {
            let schema = rows.first().context("an answer without columns")?.schema();
            let mut writer = ArrowWriter::try_new(Vec::new(), schema, None)?;
            rows.iter().try_for_each(|batch| writer.write(batch))?;
            Ok(BASE64_STANDARD.encode(writer.into_inner()?))
        }
    }
}

fn csv(rows: &[RecordBatch]) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    };
    let Some(first) = rows.first() else { return Ok(text) };
    line(&mut first.schema().fields().iter().map(|field| quoted(field.name())));
    for batch in rows {
        let options = FormatOptions::default();
        let columns: Vec<_> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            line(&mut columns.iter().zip(batch.columns()).map(|(column, array)| {
                let is_text = matches!(array.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
                let cell = if array.is_null(row) { String::new() } else { column.value(row).to_string() };
                if is_text { quoted(&cell) } else { cell }
            }));
        }
    }
    Ok(text)
}

/// A text cell: quoted where CSV needs it, and never a formula.
pub(super) fn quoted(text: &str) -> String {
    let dangerous = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let text = if dangerous { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

//! Tables of a test, written as CSV: strings by column and row, and the table of the warehouse that they stand for.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, bail, ensure};
use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, new_null_array},
    compute::{CastOptions, cast_with_options},
    csv::ReaderBuilder,
    datatypes::{DataType, Field, Schema, SchemaRef},
    util::display::FormatOptions,
};

use crate::{domain::Status, settings::nearest};

/// What ends the name of the column that says why there is no number.
const STATUS: &str = "_status";

/// Rows as they were written; an empty cell is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grid {
    pub headings: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

impl Grid {
    /// Reads CSV with a line of headings.
    ///
    /// # Errors
    /// When it has no headings, two of one name, or a row of another length.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let text = text.trim_start();
        let first = text.lines().next().unwrap_or_default();
        let headings: Vec<String> = first.split(',').map(|heading| heading.trim().to_owned()).collect();
        ensure!(headings.iter().all(|heading| !heading.is_empty()), "the first line names the columns");
        if let Some(twice) = (1..headings.len()).find(|at| headings[..*at].contains(&headings[*at])) {
            bail!("the column {} stands there twice", headings[twice]);
        }
        let fields: Vec<Field> = headings.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let reader = ReaderBuilder::new(Arc::new(Schema::new(fields))).with_header(true).build(text.as_bytes())?;
        let mut rows = Vec::new();
        for batch in reader {
            let batch = batch?;
            let columns: Vec<&StringArray> = batch.columns().iter().map(|column| column.as_string()).collect();
            let cell = |column: &StringArray, row: usize| {
                let text = if column.is_valid(row) { column.value(row).trim() } else { "" };
                (!text.is_empty()).then(|| text.to_owned())
            };
            rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| cell(column, row)).collect()));
        }
        Ok(Self { headings, rows })
    }

    fn column(&self, name: &str) -> Option<impl Iterator<Item = Option<&str>>> {
        let at = self.headings.iter().position(|heading| heading == name)?;
        Some(self.rows.iter().map(move |row| row[at].as_deref()))
    }
}

/// A table of that name with these rows; columns that are not given are empty.
///
/// # Errors
/// When there is no such table or column, or a cell is not of the column's type.
pub(super) fn table(known: &BTreeMap<&str, SchemaRef>, name: &str, text: &str) -> anyhow::Result<RecordBatch> {
    let schema = known.get(name).with_context(|| {
        let meant = nearest(name, known.keys().copied()).map(|name| format!("; did you mean {name}?"));
        format!("there is no table {name}{}", meant.unwrap_or_default())
    })?;
    let grid = Grid::read(text).with_context(|| name.to_owned())?;
    if let Some(unknown) = grid.headings.iter().find(|heading| schema.column_with_name(heading).is_none()) {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let meant = nearest(unknown, names).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        bail!("{name} has no column {unknown}{meant}");
    }
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| column(&grid, field, schema))
        .collect::<anyhow::Result<_>>()
        .with_context(|| name.to_owned())?;
    // A test leaves out what its SQL does not read.
    let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn column(grid: &Grid, field: &Field, schema: &Schema) -> anyhow::Result<ArrayRef> {
    let name = field.name();
    let has_status = schema.column_with_name(&format!("{name}{STATUS}")).is_some();
    if let Some(cells) = grid.column(name) {
        // A symbol in the place of a number says why there is none.
        let texts: StringArray =
            cells.map(|cell| cell.filter(|text| !(has_status && Status::from_symbol(text).is_some()))).collect();
        let options = CastOptions { safe: false, format_options: FormatOptions::default() };
        return cast_with_options(&texts, field.data_type(), &options)
            .with_context(|| format!("a cell of {name} is no {}", field.data_type()));
    }
    let of_number = name.strip_suffix(STATUS).and_then(|number| grid.column(number));
    Ok(match of_number {
        Some(cells) => {
            let symbols = cells.map(|cell| cell.and_then(Status::from_symbol).map(Status::symbol));
            Arc::new(symbols.collect::<StringArray>())
        }
        None => new_null_array(field.data_type(), grid.rows.len()),
    })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Decimal128Type;

    use super::*;

    fn known() -> BTreeMap<&'static str, SchemaRef> {
        let fields = vec![
            Field::new("period", DataType::Utf8, false),
            Field::new("open", DataType::Decimal128(18, 0), true),
            Field::new("open_status", DataType::Utf8, true),
            Field::new("on", DataType::Date32, true),
        ];
        BTreeMap::from([("returns.plans", Arc::new(Schema::new(fields)) as SchemaRef)])
    }

    #[test]
    fn a_symbol_is_a_status_and_what_is_left_out_is_empty() {
        let rows =
            table(&known(), "returns.plans", "\nperiod,open\n2025-26-Q1,12\n2025-26-Q2,c\n2025-26-Q3,\n").unwrap();
        let open = rows.column(1).as_primitive::<Decimal128Type>();
        assert_eq!(
            (0..3).map(|row| open.is_valid(row).then(|| open.value(row))).collect::<Vec<_>>(),
            [Some(12), None, None]
        );
        let status = rows.column(2).as_string::<i32>();
        assert_eq!((status.is_null(0), status.value(1), status.is_null(2)), (true, "c", true));
        assert_eq!(rows.column(3).null_count(), 3);
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let wrong = |name: &str, text: &str| format!("{:#}", table(&known(), name, text).unwrap_err());
        assert!(wrong("returns.plan", "period").contains("did you mean returns.plans?"));
        assert!(wrong("returns.plans", "period,ope").contains("has no column ope; did you mean open?"));
        assert!(wrong("returns.plans", "period,open\n2025-26-Q1,many").contains("a cell of open is no Decimal128"));
        assert!(wrong("returns.plans", "period,period").contains("stands there twice"));
        assert!(!wrong("returns.plans", "period,open\n2025-26-Q1").is_empty());
    }
}

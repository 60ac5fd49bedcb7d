//! What a table says, for its sender to compare with what was meant: each figure of a small one, and of a long one the sum
//! of what may be added up and the bounds of what may not.

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::Decimal128Type,
    util::display::{ArrayFormatter, FormatOptions},
};

use super::{Column, ColumnType, Summed, TableContract, Total, cells::Sum, form::PER_CENT, table::status_of};
use crate::domain::{Period, Status};

/// Figures that are read back one by one, at most, over all tables of a file.
pub const MOST_FIGURES: usize = 40;

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What tells its row from the others: "Physical harm"; nothing in a table of one row.
    pub row: String,
    /// The number; none where there is none.
    pub value: Option<String>,
    /// Why there is none.
    pub status: Option<Status>,
}

/// The figures of one table so far.
pub(super) struct Figures {
    /// The columns whose texts tell the rows apart.
    labels: Vec<String>,
    measures: Vec<Measure>,
    rows: usize,
}

struct Measure {
    name: String,
    /// Places behind the point.
    scale: u32,
    /// Whether its numbers may be added up.
    is_summed: bool,
    /// One for each row, as long as they are few.
    figures: Vec<Figure>,
    least: Option<i128>,
    greatest: Option<i128>,
    status: Option<Status>,
}

impl Figures {
    pub(super) fn of(table: &TableContract) -> Self {
        let measure = |column: &Column| Measure {
            name: column.name.clone(),
            scale: column.kind.scale().unsigned_abs().into(),
            is_summed: is_summed(table, column),
            figures: Vec::new(),
            least: None,
            greatest: None,
            status: None,
        };
        let measures: Vec<Measure> =
            table.columns.iter().filter(|column| column.kind.is_measure()).map(measure).collect();
        Self { labels: labels(table), measures, rows: 0 }
    }

    /// How many figures there are.
    fn count(&self) -> usize {
        self.rows.saturating_mul(self.measures.len())
    }

    /// Looks at rows as they are stored.
    pub(super) fn look(&mut self, table: &TableContract, batch: &RecordBatch) {
        let first = self.rows;
        self.rows = self.rows.saturating_add(batch.num_rows());
        let is_few = self.count() <= MOST_FIGURES;
        let names = if is_few { row_labels(table, &self.labels, batch, first) } else { Vec::new() };
        for measure in &mut self.measures {
            let numbers =
                batch.column_by_name(&measure.name).and_then(|array| array.as_primitive_opt::<Decimal128Type>());
            let Some(numbers) = numbers else { continue };
            if !measure.is_summed {
                measure.least = measure.least.into_iter().chain(arrow::compute::min(numbers)).min();
                measure.greatest = measure.greatest.into_iter().chain(arrow::compute::max(numbers)).max();
            }
            let statuses = batch.column_by_name(&status_of(&measure.name));
            let statuses = statuses.and_then(|array| array.as_string_opt::<i32>());
            let status = |at: usize| {
                let symbol = statuses.filter(|statuses| statuses.is_valid(at)).map(|statuses| statuses.value(at));
                symbol.and_then(Status::from_symbol)
            };
            if measure.status.is_none() && numbers.null_count() > 0 {
                measure.status = (0..batch.num_rows()).find_map(status);
            }
            if !is_few {
                measure.figures = Vec::new();
                continue;
            }
            for (at, (row, units)) in names.iter().zip(numbers).enumerate() {
                let value = units.map(|units| written(units, measure.scale));
                measure.figures.push(Figure { row: row.clone(), value, status: status(at) });
            }
        }
    }

    /// What is read back of the table; `sums` are those of its columns.
    pub(super) fn totals(mut self, table: &TableContract, qualified: &str, sums: &[Sum]) -> Vec<Total> {
        if self.labels.is_empty() {
            // One row needs no name; of several without one, nobody could tell which is meant.
            let is_alone = self.rows == 1;
            self.measures.iter_mut().for_each(|measure| measure.figures.retain(|_| is_alone));
            self.measures.iter_mut().flat_map(|m| &mut m.figures).for_each(|figure| figure.row = String::new());
        }
        let columns = table.columns.iter().zip(sums).filter(|(column, _)| column.kind.is_measure());
        let total = |((column, sum), measure): ((&Column, &Sum), Measure)| {
            let bounds = measure.least.zip(measure.greatest);
            let bounds = bounds.map(|(least, most)| (written(least, measure.scale), written(most, measure.scale)));
            Total {
                table: qualified.to_owned(),
                column: column.name.clone(),
                heading: column.heading().to_owned(),
                label: column.label().to_owned(),
                unit: column.unit.clone(),
                value: sum.value.filter(|_| measure.is_summed),
                bounds: bounds.filter(|_| !measure.is_summed),
                status: if measure.is_summed { sum.status } else { measure.status },
                figures: measure.figures,
            }
        };
        columns.zip(self.measures).map(total).collect()
    }
}

/// Whether the numbers of a column may be added up: counts, unless they are shares, or a row of totals is among them.
fn is_summed(table: &TableContract, column: &Column) -> bool {
    let has_row_of_totals = |of: &Summed| matches!(of, Summed::Rows { columns, .. } if columns.contains(&column.name));
    column.kind == ColumnType::Count
        && column.unit.as_deref() != Some(PER_CENT)
        && !table.totals.iter().any(|rule| has_row_of_totals(&rule.of))
}

/// The columns that tell rows apart to people: those of the key, or those of few known texts. The period asked for is the
/// same in all of them.
fn labels(table: &TableContract) -> Vec<String> {
    let is_period = |column: &Column| {
        let named =
            |name: &String| column.headings.iter().any(|heading| heading.trim().eq_ignore_ascii_case(name.trim()));
        table.period_column.as_ref().is_some_and(named)
    };
    let names = |column: &&Column| match table.unique.is_empty() {
        true => !column.allowed.is_empty() || column.codes.is_some(),
        false => table.unique.contains(&column.name),
    };
    let columns = table.columns.iter().filter(|column| !column.kind.is_measure() && !is_period(column)).filter(names);
    columns.map(|column| column.name.clone()).collect()
}

/// What each row is called.
fn row_labels(table: &TableContract, labels: &[String], batch: &RecordBatch, first: usize) -> Vec<String> {
    let options = FormatOptions::default().with_date_format(Some("%d/%m/%Y"));
    let column = |name: &String| -> Option<(ArrayRef, ColumnType)> {
        Some((batch.column_by_name(name)?.clone(), table.column(name)?.kind))
    };
    let columns: Vec<(ArrayRef, ColumnType)> = labels.iter().filter_map(column).collect();
    let formatters: Vec<(ArrayFormatter<'_>, ColumnType)> = columns
        .iter()
        .filter_map(|(array, kind)| Some((ArrayFormatter::try_new(array.as_ref(), &options).ok()?, *kind)))
        .collect();
    let row = |at: usize| {
        let cell = |(cells, kind): &(ArrayFormatter<'_>, ColumnType)| {
            let text = cells.value(at).to_string();
            let period = text.parse::<Period>().ok().filter(|_| *kind == ColumnType::Period);
            period.map_or(text, Period::human)
        };
        let texts: Vec<String> = formatters.iter().map(cell).filter(|text| !text.trim().is_empty()).collect();
        if texts.is_empty() { format!("row {}", first + at + 1) } else { texts.join(", ") }
    };
    (0..batch.num_rows()).map(row).collect()
}

/// So many units of the last of `scale` places, as people write it: no zeros at its end.
fn written(units: i128, scale: u32) -> String {
    let Some(one) = 10_u128.checked_pow(scale).filter(|_| scale > 0) else { return units.to_string() };
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) = (units.unsigned_abs() / one, units.unsigned_abs() % one);
    let places = format!("{rest:0>width$}", width = scale as usize);
    let places = places.trim_end_matches('0');
    if places.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{places}") }
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn a_decimal_is_written_without_what_it_does_not_need() {
        let all = [(1250, 2), (1200, 2), (5, 2), (-5, 1), (7, 0), (0, 3)].map(|(units, scale)| written(units, scale));
        assert_eq!(all, ["12.5", "12", "0.05", "-0.5", "7", "0"]);
    }
}

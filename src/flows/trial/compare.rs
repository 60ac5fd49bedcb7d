//! What an answer is held against: the rows that its author expects, in their order.

use anyhow::Context;
use arrow::{
    array::{Array, RecordBatch},
    util::display::{ArrayFormatter, FormatOptions},
};

use super::given::Grid;

/// The answer as text, cell by cell.
///
/// # Errors
/// When Arrow cannot show a value.
pub(super) fn shown(batches: &[RecordBatch]) -> anyhow::Result<Grid> {
    let mut grid = Grid::default();
    for batch in batches {
        grid.headings = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let options = FormatOptions::default();
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| Ok((column, ArrayFormatter::try_new(column, &options)?)))
            .collect::<anyhow::Result<_>>()?;
        for row in 0..batch.num_rows() {
            let cells = columns.iter().map(|(column, text)| column.is_valid(row).then(|| text.value(row).to_string()));
            grid.rows.push(cells.collect());
        }
    }
    Ok(grid)
}

/// Where the answer differs from what `expected` says, a line each; the columns it does not name may hold anything.
///
/// # Errors
/// When what is expected is no CSV.
pub(super) fn differences(what: &str, expected: &str, found: &Grid) -> anyhow::Result<Vec<String>> {
    let expected = Grid::read(expected).with_context(|| format!("what is expected of the {what}"))?;
    let mut told = Vec::new();
    let mut columns = Vec::new();
    for heading in &expected.headings {
        match found.headings.iter().position(|known| known == heading) {
            Some(at) => columns.push(at),
            None => told.push(format!("{what}: there is no column {heading}; there are {}", found.headings.join(", "))),
        }
    }
    if !told.is_empty() {
        return Ok(told);
    }
    if expected.rows.len() != found.rows.len() {
        told.push(format!("{what}: {} rows, expected {}", found.rows.len(), expected.rows.len()));
    }
    for (row, (wanted, is)) in expected.rows.iter().zip(&found.rows).enumerate() {
        for ((heading, wanted), at) in expected.headings.iter().zip(wanted).zip(&columns) {
            if !same(wanted.as_deref(), is[*at].as_deref()) {
                let said = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "empty".to_owned());
                told.push(format!(
                    "{what}, row {}: {heading} is {}, expected {}",
                    row + 1,
                    said(&is[*at]),
                    said(wanted)
                ));
            }
        }
    }
    Ok(told)
}

/// Whether two cells say the same: numbers by their value, all else by its text. An empty text is none.
fn same(wanted: Option<&str>, is: Option<&str>) -> bool {
    let (wanted, is) = (wanted.unwrap_or_default(), is.unwrap_or_default());
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    wanted == is || number(wanted).zip(number(is)).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Grid {
        Grid::read("period,numerator,status\n2025-26-Q1,12.0,\n2025-26-Q2,,c\n").unwrap()
    }

    #[test]
    fn numbers_are_compared_by_value_and_columns_that_are_not_named_are_free() {
        assert_eq!(differences("figures", "numerator,period\n12,2025-26-Q1\n,2025-26-Q2", &found()).unwrap(), [""; 0]);
    }

    #[test]
    fn each_difference_names_its_row_and_column() {
        let told =
            differences("figures", "period,numerator\n2025-26-Q1,13\n2025-26-Q2,0\n2025-26-Q3,1", &found()).unwrap();
        assert_eq!(
            told,
            [
                "figures: 2 rows, expected 3",
                "figures, row 1: numerator is 12.0, expected 13",
                "figures, row 2: numerator is empty, expected 0",
            ]
        );
        let unknown = differences("figures", "period,denominator\n2025-26-Q1,13", &found()).unwrap();
        assert!(unknown[0].contains("no column denominator; there are period, numerator, status"), "{unknown:?}");
    }
}

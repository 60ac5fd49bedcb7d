//! What a file holds and nobody reads: cells below no heading, and rows below the end of a table. It is counted as the
//! rows come, and told in one finding each, so that nothing is left out without a word.

use arrow::array::{AsArray, RecordBatch};

use super::{
    Extra, Severity, TableContract,
    findings::{Findings, rule},
    headings::Layout,
};
use crate::{
    decode::{Below, Sheet},
    domain::words::whole,
};

/// So many columns are named one by one.
const NAMED: usize = 5;

/// The columns of a file that have no heading, being counted.
pub(super) struct Unread {
    sheet: Option<String>,
    columns: Vec<Column>,
    /// The place that findings about them have among all.
    place: u64,
}

struct Column {
    /// Its place among the file's columns.
    at: usize,
    /// The name it was given in place of a heading.
    name: String,
    letter: Option<String>,
    has_cells: bool,
}

impl Unread {
    pub(super) fn of(sheet: &Sheet, layout: &Layout, findings: &mut Findings) -> Self {
        let column = |at: &usize| Column {
            at: *at,
            name: sheet.columns[*at].clone(),
            letter: sheet.letter(*at),
            has_cells: false,
        };
        let columns = layout.unnamed.iter().map(column).collect();
        Self { sheet: sheet.name.clone(), columns, place: findings.place() }
    }

    /// Looks at a batch of text cells as it stands in the file.
    pub(super) fn look(&mut self, batch: &RecordBatch) {
        for column in self.columns.iter_mut().filter(|column| !column.has_cells) {
            let Some(cells) = batch.columns().get(column.at + 1).and_then(|cells| cells.as_string_opt::<i32>()) else {
                continue;
            };
            column.has_cells = cells.iter().flatten().any(|text| !text.trim().is_empty());
        }
    }

    /// Tells which of them hold something: one without a cell is a gap, and nobody's mistake.
    pub(super) fn tell(self, table: &TableContract, findings: &mut Findings) {
        let filled: Vec<Column> = self.columns.into_iter().filter(|column| column.has_cells).collect();
        let Some(first) = filled.first() else { return };
        let spot = |findings: &mut Findings, column: &Column| {
            findings.spot(&table.name, self.sheet.as_deref(), Some((&column.name, column.letter.clone())))
        };
        let severity = match table.extra_columns {
            Extra::Error => Severity::Error,
            Extra::Query => Severity::Query,
            Extra::Ignore => {
                for column in &filled {
                    let spot = spot(findings, column);
                    findings.ignored.push(spot);
                }
                return;
            }
        };
        let at = spot(findings, first);
        findings.add_at(self.place, severity, &at, None, rule::UNKNOWN, || {
            if filled.len() == 1 {
                return "this column has no heading and is not read. Please give it one, or delete it.".to_owned();
            }
            let name = |column: &Column| column.letter.clone().unwrap_or_else(|| column.name.clone());
            let named: Vec<String> = filled.iter().take(NAMED).map(name).collect();
            let named = match (named.split_last(), filled.len().saturating_sub(NAMED)) {
                (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
                (_, more) => format!("{} and {} more", named.join(", "), whole(more as u64)),
            };
            format!("columns {named} have no heading and are not read. Please give each one, or delete them.")
        });
    }
}

/// Tells of rows below the end of a table that look like rows of it.
pub(super) fn tell_below(below: Below, layout: &Layout, findings: &mut Findings) {
    let Below { end, rows, like } = below;
    if like.count == 0 {
        return;
    }
    findings.add(Severity::Query, &layout.table, Some(like.first), rule::BELOW, || {
        let first = like.first;
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{} rows", whole(rows.into())) };
        let like = match like.count {
            1 => format!("row {first} looks like one of the table"),
            count => format!("{} look like those of the table, the first in row {first}", whole(count.into())),
        };
        format!(
            "the table ends at row {end}; of {rows} below it {like}. They are not read. Please put such rows above row \
             {end}, or tell us that they are something else."
        )
    });
}

//! Totals that must add up, within a row and down a column, in exact decimals.
//!
//! A total whose parts are not all numbers cannot be checked; that is a note, for a hidden figure is no mistake.

use std::collections::HashMap;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::datatypes::{Decimal128Type, Schema};
use arrow::error::ArrowError;

use super::{
    CheckError, Severity, TableContract,
    columns::settle_severity,
    findings::{Findings, rule::UNCHECKED},
    headings::Layout,
    keys::Keys,
    rules::{self, Planned},
};
use crate::{domain::words::whole, settings::Section};

/// A total that must add up.
#[derive(Debug, Clone)]
pub struct SumRule {
    /// Its short name.
    pub id: String,
    /// What is added up.
    pub of: Summed,
    /// By how much total and sum may differ, for rounding.
    pub tolerance: f64,
    /// How much it matters.
    pub severity: Severity,
    /// What to tell the sender in place of the usual sentence; `{column}` stands for the address of that column's cell.
    pub says: Option<String>,
}

/// What is added up.
#[derive(Debug, Clone)]
pub enum Summed {
    /// Columns of each row.
    Columns {
        /// The column with the total.
        total: String,
        /// The columns it is the sum of.
        parts: Vec<String>,
    },
    /// The other rows of the file.
    Rows {
        /// Which row is the total, in SQL over the table's columns.
        is_total: String,
        /// The columns that add up.
        columns: Vec<String>,
        /// Rows add up within equal values of these.
        by: Vec<String>,
    },
}

impl SumRule {
    /// Reads one `[[table.total]]`.
    pub(super) fn settle(section: &mut Section<'_>, table: &TableContract) -> Option<Self> {
        let id = section.text("id");
        let (total, is_total) = (section.text_opt("total"), section.text_opt("where"));
        let parts = section.list_or_empty("parts");
        let mut columns = section.list_or_empty("columns");
        let by = section.list_or_empty("by");
        let tolerance = section.float_opt("tolerance").unwrap_or(0.0);
        let severity = settle_severity(section, Severity::Error);
        let says = section.text_opt("says");
        table.refuse_strange_addresses(section, says.as_deref());
        if !(0.0..1e12).contains(&tolerance) {
            section.refuse("tolerance", "a number from 0 up", "tolerance = 1");
        }
        let mut refuse_no_numbers = |key: &str, names: &[String]| {
            for name in names {
                if !table.column(name).is_some_and(|column| column.kind.is_measure()) {
                    section.refuse(key, &format!("counts or decimals of this table; {name:?} is none"), "");
                }
            }
        };
        let of = match (total, is_total) {
            (Some(total), None) => {
                refuse_no_numbers("total", std::slice::from_ref(&total));
                refuse_no_numbers("parts", &parts);
                if parts.is_empty() || parts.contains(&total) {
                    section.refuse(
                        "parts",
                        "the columns that the total is the sum of",
                        "parts = [\"boys\", \"girls\"]",
                    );
                }
                for key in ["columns", "by"] {
                    if section.has(key) {
                        section.refuse(key, "this only beside where", "nothing; leave the line out");
                    }
                }
                Summed::Columns { total, parts }
            }
            (None, Some(is_total)) => {
                if columns.is_empty() {
                    let numbers = table.columns.iter().filter(|column| column.kind.is_measure());
                    columns = numbers.map(|column| column.name.clone()).collect();
                }
                refuse_no_numbers("columns", &columns);
                table.refuse_strangers(section, "by", &by);
                if section.has("parts") {
                    section.refuse("parts", "this only beside total", "nothing; leave the line out");
                }
                if columns.is_empty() {
                    section.refuse("columns", "a table with a count or decimal to add up", "");
                }
                if let Err(error) = rules::plan(&is_total, &table.read_schema()) {
                    section.refuse("where", &format!("a condition over this table's columns ({error})"), "");
                }
                Summed::Rows { is_total, columns, by }
            }
            _ => {
                let write = "total = \"all\" with parts = […], or where = \"area = 'Total'\"";
                section.refuse("total", "either total, for columns of a row, or where, for a row of totals", write);
                return None;
            }
        };
        Some(Self { id: id?, of, tolerance, severity, says })
    }
}

/// One total being worked out.
pub(super) struct Sum<'a> {
    rule: &'a SumRule,
    table: &'a TableContract,
    work: Work<'a>,
}

enum Work<'a> {
    Columns { total: &'a str, parts: &'a [String], scale: u32 },
    Rows { is_total: Planned, columns: &'a [String], keys: Keys, groups: HashMap<u128, Group> },
}

/// The rows of one group so far.
struct Group {
    /// For each column the sum, none once a number is missing.
    sums: Vec<Option<i128>>,
    /// Its rows of totals, each of which must be the sum: row and numbers.
    totals: Vec<(u32, Vec<Option<i128>>)>,
    /// The first row of totals that is one too many to be kept.
    too_many: Option<u32>,
}

/// The most rows of totals that one group may have.
const MOST_TOTALS: usize = 1000;

/// The tolerance in units of so many decimal places.
fn units(tolerance: f64, scale: u32) -> i128 {
    (tolerance * 10_f64.powi(scale.cast_signed())).round() as i128
}

/// Whether a total is the sum of its parts, all in units of one scale; none if a number is missing.
fn adds_up(total: Option<i128>, parts: impl IntoIterator<Item = Option<i128>>, tolerance: i128) -> Option<bool> {
    let sum = parts.into_iter().try_fold(0_i128, |sum, part| Some(sum.saturating_add(part?)))?;
    Some((sum.saturating_sub(total?)).abs() <= tolerance)
}

/// The numbers of a column in units of `scale` decimal places.
fn numbers(
    table: &TableContract,
    batch: &RecordBatch,
    name: &str,
    scale: u32,
) -> Result<Vec<Option<i128>>, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("no measure {name}"));
    let column = table.column(name).ok_or_else(missing)?;
    let array = batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<Decimal128Type>());
    let by = 10_i128.pow(scale.saturating_sub(scale_of(column.kind.scale())));
    Ok(array.ok_or_else(missing)?.iter().map(|units| units.map(|units| units.saturating_mul(by))).collect())
}

fn scale_of(scale: i8) -> u32 {
    scale.unsigned_abs().into()
}

impl<'a> Sum<'a> {
    pub(super) fn of(rule: &'a SumRule, table: &'a TableContract, schema: &Schema) -> Result<Self, CheckError> {
        let work = match &rule.of {
            Summed::Columns { total, parts } => {
                let columns = parts.iter().chain([total]).filter_map(|name| table.column(name));
                let scale = columns.map(|column| scale_of(column.kind.scale())).max().unwrap_or(0);
                Work::Columns { total, parts, scale }
            }
            Summed::Rows { is_total, columns, by } => Work::Rows {
                is_total: rules::plan(is_total, schema)
                    .map_err(|source| CheckError::Rule { id: rule.id.clone(), source })?,
                columns,
                keys: Keys::of(table, by)?,
                groups: HashMap::new(),
            },
        };
        Ok(Self { rule, table, work })
    }

    /// Adds a batch.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        rows: &UInt32Array,
        layout: &Layout,
        findings: &mut Findings,
    ) -> Result<(), ArrowError> {
        let (rule, table) = (self.rule, self.table);
        match &mut self.work {
            Work::Columns { total, parts, scale } => {
                let totals = numbers(table, batch, total, *scale)?;
                let parts =
                    parts.iter().map(|part| numbers(table, batch, part, *scale)).collect::<Result<Vec<_>, _>>()?;
                let tolerance = units(rule.tolerance, *scale);
                for (at, total) in totals.into_iter().enumerate() {
                    let known = adds_up(total, parts.iter().map(|part| part[at]), tolerance);
                    tell(rule, table, known, rows.value(at), self.rule_column(), layout, findings);
                }
            }
            Work::Rows { is_total, columns, keys, groups } => {
                let is_total = is_total.holds(batch);
                let digests = match &rule.of {
                    Summed::Rows { by, .. } if !by.is_empty() => keys.digests(batch)?,
                    _ => vec![0; batch.num_rows()],
                };
                let scale = |name: &str| table.column(name).map_or(0, |column| scale_of(column.kind.scale()));
                let cells = columns
                    .iter()
                    .map(|name| numbers(table, batch, name, scale(name)))
                    .collect::<Result<Vec<_>, _>>()?;
                for (at, digest) in digests.into_iter().enumerate() {
                    let group = groups.entry(digest).or_insert_with(|| Group {
                        sums: vec![Some(0); columns.len()],
                        totals: Vec::new(),
                        too_many: None,
                    });
                    let row: Vec<Option<i128>> = cells.iter().map(|cells| cells[at]).collect();
                    if is_total[at] && group.totals.len() == MOST_TOTALS {
                        group.too_many.get_or_insert(rows.value(at));
                    } else if is_total[at] {
                        group.totals.push((rows.value(at), row));
                    } else {
                        for (sum, cell) in group.sums.iter_mut().zip(row) {
                            *sum = sum.zip(cell).map(|(sum, cell)| sum.saturating_add(cell));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn rule_column(&self) -> &'a str {
        match &self.rule.of {
            Summed::Columns { total, .. } => total,
            Summed::Rows { columns, .. } => columns.first().map_or("", String::as_str),
        }
    }

    /// Tells of totals that do not add up over all rows.
    pub(super) fn tell(self, layout: &Layout, findings: &mut Findings) {
        let Work::Rows { columns, groups, .. } = self.work else { return };
        let (rule, table) = (self.rule, self.table);
        if groups.values().any(|group| group.totals.is_empty()) {
            findings.add(rule.severity, &layout.table, None, rule.id.clone(), || {
                "the row with the total is missing, or one of them. Please add it.".into()
            });
        }
        if let Some(row) = groups.values().filter_map(|group| group.too_many).min() {
            findings.add(Severity::Error, &layout.table, Some(row), rule.id.clone(), || {
                format!("more than {} rows are totals of the same rows. Please leave one.", whole(MOST_TOTALS as u64))
            });
        }
        let mut totals: Vec<_> =
            groups.values().flat_map(|group| group.totals.iter().map(|total| (total, &group.sums))).collect();
        totals.sort_by_key(|((row, _), _)| *row);
        for ((row, cells), sums) in totals {
            for ((name, total), sum) in columns.iter().zip(cells).zip(sums) {
                let scale = table.column(name).map_or(0, |column| scale_of(column.kind.scale()));
                tell(rule, table, adds_up(*total, [*sum], units(rule.tolerance, scale)), *row, name, layout, findings);
            }
        }
    }
}

/// Tells whether one total adds up.
fn tell(
    rule: &SumRule,
    table: &TableContract,
    adds_up: Option<bool>,
    row: u32,
    column: &str,
    layout: &Layout,
    findings: &mut Findings,
) {
    let spot = layout.spot_of(table, Some(&column.to_owned()));
    match adds_up {
        Some(true) => {}
        None => findings.add(Severity::Note, spot, Some(row), UNCHECKED, || {
            format!("the total in {} cannot be checked: not all of its numbers are given.", spot.cell(row))
        }),
        Some(false) => findings.add(rule.severity, spot, Some(row), rule.id.clone(), || {
            if let Some(says) = &rule.says {
                return layout.addressed(table, says, row);
            }
            let of = match &rule.of {
                Summed::Columns { parts, .. } => {
                    let cells = parts.iter().map(|part| layout.spot_of(table, Some(part)).cell(row));
                    cells.collect::<Vec<_>>().join(" and ")
                }
                Summed::Rows { .. } => "the other rows of its column".to_owned(),
            };
            format!("{} is not the sum of {of}. Please correct one of them.", spot.cell(row))
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tolerance_counts_in_the_columns_own_places() {
        assert_eq!(units(1.0, 0), 1);
        assert_eq!(units(0.1, 2), 10);
        assert_eq!(adds_up(Some(101), [Some(50), Some(50)], 1), Some(true));
        assert_eq!(adds_up(Some(102), [Some(50), Some(50)], 1), Some(false));
        assert_eq!(adds_up(Some(100), [Some(50), None], 0), None);
        assert_eq!(adds_up(None, [Some(50)], 0), None);
    }

    proptest! {
        /// A total is right exactly when it is what adding up gives, whatever the order and signs.
        #[test]
        fn what_is_added_up_adds_up(parts in prop::collection::vec(-1_000_000_i128..1_000_000, 1..20), off in -9_i128..10, tolerance in 0_i128..5) {
            let total = parts.iter().sum::<i128>() + off;
            let found = adds_up(Some(total), parts.iter().rev().copied().map(Some), tolerance);
            prop_assert_eq!(found, Some(off.abs() <= tolerance));
        }
    }
}

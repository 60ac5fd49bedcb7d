//! One table's rows: typed, checked across columns and against each other, ready for the warehouse.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array},
    datatypes::UInt32Type,
    error::ArrowError,
};

use super::{
    CheckError, Claim, Column, ColumnType, Past, Rule, Severity, TableContract, Total, cell,
    cells::{Cells, Sum},
    findings::{Findings, rule},
    headings::{Layout, lay_out},
    keys::{Keys, Known, Met},
    past::Comparison,
    rules::{self, Breach, Planned},
};
use crate::{decode::Sheet, domain::words::several};

/// One table's rows, being read.
pub(super) struct Rows<'a> {
    table: &'a TableContract,
    claim: &'a Claim,
    layout: Layout,
    rules: Vec<Planned>,
    keys: Keys,
    met: Met,
    comparisons: Vec<Comparison<'a>>,
    sums: Vec<Sum>,
    /// How many there were so far.
    pub read: i64,
    pub findings: &'a mut Findings,
}

impl<'a> Rows<'a> {
    /// Finds the table's columns in its sheet and gets its rules ready.
    pub(super) fn of(
        table: &'a TableContract,
        claim: &'a Claim,
        past: &Past,
        sheet: &Sheet,
        findings: &'a mut Findings,
    ) -> Result<Self, CheckError> {
        let schema = table.schema();
        let plan = |rule: &Rule| {
            rules::plan(&rule.sql, &schema).map_err(|source| CheckError::Rule { id: rule.id.clone(), source })
        };
        let rules = table.rules.iter().map(plan).collect::<Result<_, _>>()?;
        let comparisons = table.compares.iter().map(|compare| Comparison::with(past, table, compare));
        Ok(Self {
            table,
            claim,
            layout: lay_out(table, sheet, findings),
            rules,
            keys: Keys::of(table, &table.unique)?,
            met: Met::default(),
            comparisons: comparisons.collect::<Result<_, _>>()?,
            sums: vec![Sum::default(); table.columns.len()],
            read: 0,
            findings,
        })
    }

    /// Checks one batch of text cells and makes the warehouse's rows of it.
    pub(super) fn check(&mut self, text: &RecordBatch) -> Result<RecordBatch, CheckError> {
        let rows = text.column(0).as_primitive::<UInt32Type>();
        let cells = |place: usize| text.column(place + 1).as_string::<i32>();
        if let Some((place, _)) = self.layout.period {
            self.check_period(cells(place), rows);
        }
        let mut arrays = self.own_columns(rows);
        for (at, column) in self.table.columns.iter().enumerate() {
            let reading = Cells {
                column,
                cells: self.layout.places[at].map(cells),
                rows,
                missing: &self.table.missing,
                spot: &self.layout.spots[at],
                findings: self.findings,
            };
            arrays.extend(reading.read(&mut self.sums[at]));
        }
        let batch = RecordBatch::try_new(self.table.schema(), arrays)?;
        self.check_number(rows);
        self.check_unique(&batch, rows)?;
        self.check_rules(&batch, rows);
        self.compare(&batch, rows)?;
        self.read += i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        Ok(batch)
    }

    fn own_columns(&self, rows: &UInt32Array) -> Vec<ArrayRef> {
        let key = &self.claim.obligation;
        let text = |text: String| -> ArrayRef { Arc::new(StringArray::from_iter_values(vec![text; rows.len()])) };
        vec![
            text(key.return_id.to_string()),
            text(key.agency.to_string()),
            text(key.period.to_string()),
            Arc::new(Int64Array::from_value(self.claim.submission, rows.len())),
            Arc::new(Int32Array::from_iter_values(
                rows.values().iter().map(|row| i32::try_from(*row).unwrap_or(i32::MAX)),
            )),
        ]
    }

    fn check_period(&mut self, cells: &StringArray, rows: &UInt32Array) {
        let Some((_, spot)) = &self.layout.period else { return };
        let asked = self.claim.obligation.period;
        for (cell, row) in cells.iter().zip(rows.values()) {
            let read = cell.and_then(|text| cell::period(text, asked));
            if read == Some(asked) {
                continue;
            }
            self.findings.add(Severity::Error, spot, Some(*row), rule::PERIOD, || match read {
                Some(other) => format!(
                    "the period reads {}; we asked for {}. Please correct it, or tell us which period it is for.",
                    other.human(),
                    asked.human()
                ),
                None => format!("the period cannot be read. Please write {asked} for {}.", asked.human()),
            });
        }
    }

    /// Every row beyond the most that the table may have.
    fn check_number(&mut self, rows: &UInt32Array) {
        let Some(most) = self.table.most_rows else { return };
        let room = usize::try_from(i64::from(most) - self.read).unwrap_or(0);
        for row in rows.values().iter().skip(room) {
            self.findings.add(Severity::Error, &self.layout.table, Some(*row), rule::TOO_MANY, || {
                let rows = several(most as usize, "row", "rows");
                format!("this return has {rows} for a period, and this is one more. Please delete or correct one.")
            });
        }
    }

    fn check_unique(&mut self, batch: &RecordBatch, rows: &UInt32Array) -> Result<(), ArrowError> {
        let table = self.table;
        let is_there = |name: &String| {
            table.columns.iter().zip(&self.layout.places).any(|(c, at)| c.name == *name && at.is_some())
        };
        if table.unique.is_empty() || !table.unique.iter().all(is_there) {
            return Ok(());
        }
        let headings = || -> String {
            let headings = table.unique.iter().filter_map(|name| table.column(name));
            headings.map(|column| format!("{:?}", column.heading())).collect::<Vec<_>>().join(" and ")
        };
        let spot = self.layout.spot_of(self.table, self.table.unique.first());
        for (key, row) in self.keys.digests(batch)?.into_iter().zip(rows.values()) {
            match self.met.meet(key, *row) {
                Known::New => {}
                Known::Before(before) => {
                    self.findings.add(Severity::Error, spot, Some(*row), rule::UNIQUE, || {
                        format!("this row has the same {} as row {before}. Please correct or delete one.", headings())
                    });
                }
                Known::Full => {
                    self.findings.add(Severity::Error, spot, Some(*row), rule::TOO_MANY, || {
                        "there are too many rows to tell whether each is there once. Please send smaller files.".into()
                    });
                }
            }
        }
        Ok(())
    }

    fn check_rules(&mut self, batch: &RecordBatch, rows: &UInt32Array) {
        for (rule, planned) in self.table.rules.iter().zip(&self.rules) {
            for (at, breach) in planned.breaches(batch) {
                let row = rows.value(at);
                let spot = self.layout.spot_of(self.table, rule.columns.first());
                // A rule that cannot be worked out is no fault of the file.
                let severity =
                    if breach == Breach::Failed { rule.severity.max(Severity::Query) } else { rule.severity };
                self.findings.add(severity, spot, Some(row), rule.id.clone(), || match breach {
                    Breach::Broken => self.layout.addressed(self.table, &rule.says, row),
                    Breach::Failed => "this rule cannot be worked out here; the business unit looks at it.".into(),
                });
            }
        }
    }

    fn compare(&mut self, batch: &RecordBatch, rows: &UInt32Array) -> Result<(), ArrowError> {
        for comparison in &self.comparisons {
            let compare = comparison.compare;
            for at in comparison.fallen(self.table, batch)? {
                let row = rows.value(at);
                let spot = self.layout.spot_of(self.table, Some(&compare.column));
                self.findings.add(compare.severity, spot, Some(row), compare.id.clone(), || {
                    self.layout.addressed(self.table, &compare.says, row)
                });
            }
        }
        Ok(())
    }

    /// The sums of the count columns.
    pub(super) fn totals(&self, qualified: &str) -> Vec<Total> {
        let counts = self.table.columns.iter().zip(&self.sums).filter(|(c, _)| c.kind == ColumnType::Count);
        let total = |(column, sum): (&Column, &Sum)| Total {
            table: qualified.to_owned(),
            column: column.name.clone(),
            heading: column.heading().to_owned(),
            value: sum.value,
            status: sum.status,
        };
        counts.map(total).collect()
    }
}

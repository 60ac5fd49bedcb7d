//! What a table is checked for beyond the type of each cell: how its texts are written, its codes, its agency, totals,
//! its own history, and what became of its columns. It looks at whole batches, after they are typed.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::error::ArrowError;

use super::{
    CheckError, Claim, CodeList, Codes, Past, Severity, TableContract,
    codes::{check_codes, tell_no_list},
    drift::{Drift, SeenColumn},
    findings::{Findings, rule},
    form::{Shares, check_signs, check_texts},
    headings::{Layout, plain},
    outlier::Watch,
    shield::{self, Shields},
    sums::Sum,
};
use crate::decode::Sheet;

/// One table's details, being looked at.
pub(super) struct Details<'a> {
    table: &'a TableContract,
    lists: Vec<Option<&'a CodeList>>,
    shares: Vec<Shares>,
    sums: Vec<Sum<'a>>,
    watches: Vec<Watch<'a>>,
    drift: Drift<'a>,
    shields: Shields,
    agency_names: Vec<String>,
}

impl<'a> Details<'a> {
    pub(super) fn of(
        table: &'a TableContract,
        claim: &Claim,
        past: &'a Past,
        sheet: &Sheet,
        layout: &Layout,
        findings: &mut Findings,
    ) -> Result<Self, CheckError> {
        let mut lists = Vec::new();
        for (column, spot) in table.columns.iter().zip(&layout.spots) {
            lists.push(match &column.codes {
                None => None,
                Some(Codes::File(list)) => Some(list.as_ref()),
                Some(Codes::Table(of)) => {
                    let list = past.lists.get(of).filter(|list| list.codes().next().is_some());
                    if list.is_none() {
                        tell_no_list(of, spot, findings);
                    }
                    list
                }
            });
        }
        let schema = table.read_schema();
        let asked = claim.obligation.period;
        let shields = Shields::of(&table.columns, past.pseudonym_key.as_ref(), asked).ok_or(CheckError::NoKey)?;
        let own = [claim.obligation.agency.to_string()];
        Ok(Self {
            table,
            lists,
            shares: vec![Shares::default(); table.columns.len()],
            sums: table.totals.iter().map(|rule| Sum::of(rule, table, &schema)).collect::<Result<_, _>>()?,
            watches: table.outliers.iter().map(|one| Watch::of(one, table, past, asked)).collect::<Result<_, _>>()?,
            drift: Drift::of(table, sheet, past.seen.get(&table.name).map(Vec::as_slice)),
            shields,
            agency_names: past.agency_names.iter().chain(&own).map(|name| plain(name)).collect(),
        })
    }

    /// Looks at a batch of text cells and the rows that were made of it; answers with the rows, codes written as their
    /// lists have them.
    pub(super) fn check(
        &mut self,
        text: &RecordBatch,
        batch: RecordBatch,
        rows: &UInt32Array,
        layout: &Layout,
        findings: &mut Findings,
    ) -> Result<RecordBatch, ArrowError> {
        self.drift.look(text, &batch, layout);
        self.check_agency(text, rows, layout, findings);
        let mut written: Vec<(&str, ArrayRef)> = Vec::new();
        for (at, column) in self.table.columns.iter().enumerate() {
            let spot = &layout.spots[at];
            check_texts(column, &batch, rows, spot, findings);
            if let Some(place) = layout.places[at].filter(|_| column.kind.is_measure()) {
                let cells = text.column(place + 1).as_string::<i32>();
                check_signs(column, cells, rows, spot, findings);
                self.shares[at].look(column, &batch, cells);
            }
            if let Some(list) = self.lists[at] {
                let codes = check_codes(column, list, &batch, rows, spot, findings);
                written.extend(codes.map(|array| (column.name.as_str(), array)));
            }
        }
        let batch = with_columns(batch, written)?;
        for sum in &mut self.sums {
            sum.add(&batch, rows, layout, findings)?;
        }
        Ok(batch)
    }

    /// The rows with identifiers that become pseudonyms written alike: who is one person is one key.
    pub(super) fn as_keys(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let alike = self.table.columns.iter().filter(|column| self.table.unique.contains(&column.name));
        let alike = alike.filter_map(|column| Some((column.name.as_str(), shield::alike(column, batch)?)));
        with_columns(batch.clone(), alike.collect())
    }

    /// The rows as they are kept.
    pub(super) fn shield(
        &self,
        batch: RecordBatch,
        rows: &UInt32Array,
        layout: &Layout,
        findings: &mut Findings,
    ) -> Result<RecordBatch, ArrowError> {
        if self.table.columns.iter().all(|column| column.shield.is_none()) {
            return Ok(batch);
        }
        let kept = self.table.columns.iter().zip(&layout.spots).filter_map(|(column, spot)| {
            Some((column.name.as_str(), self.shields.keep(column, &batch, rows, spot, findings)?))
        });
        let kept: Vec<(&str, ArrayRef)> = kept.collect();
        let arrays = replaced(&batch, kept);
        RecordBatch::try_new(self.table.schema(), arrays)
    }

    /// Holds rows, as they are kept, against the agency's own history.
    pub(super) fn watch(&mut self, batch: &RecordBatch, rows: &UInt32Array) -> Result<(), ArrowError> {
        self.watches.iter_mut().try_for_each(|watch| watch.add(batch, rows))
    }

    fn check_agency(&self, text: &RecordBatch, rows: &UInt32Array, layout: &Layout, findings: &mut Findings) {
        let Some((place, spot)) = &layout.agency else { return };
        let cells = text.column(place + 1).as_string::<i32>();
        let mut good: Option<&str> = None;
        for (cell, row) in cells.iter().zip(rows.values()) {
            let cell = cell.map(str::trim).filter(|text| !text.is_empty());
            if cell.is_some() && cell == good {
                continue;
            }
            match cell {
                Some(text) if self.agency_names.contains(&plain(text)) => good = Some(text),
                _ => findings.add(Severity::Error, spot, Some(*row), rule::AGENCY, || match cell {
                    Some(_) => format!(
                        "{} names another agency than the one this file is from. Please correct it, or send that \
                         agency's rows in a file of its own.",
                        spot.quoted()
                    ),
                    None => format!("{} names no agency. Please fill it in.", spot.quoted()),
                }),
            }
        }
    }

    /// Tells what only the whole table shows, and answers with what was seen of its columns.
    pub(super) fn tell(self, layout: &Layout, findings: &mut Findings) -> Vec<SeenColumn> {
        for (shares, spot) in self.shares.into_iter().zip(&layout.spots) {
            shares.tell(spot, findings);
        }
        self.sums.into_iter().for_each(|sum| sum.tell(layout, findings));
        self.watches.into_iter().for_each(|watch| watch.tell(layout, findings));
        self.drift.tell(layout, findings)
    }
}

fn replaced(batch: &RecordBatch, columns: Vec<(&str, ArrayRef)>) -> Vec<ArrayRef> {
    let mut arrays = batch.columns().to_vec();
    for (name, array) in columns {
        if let Ok(at) = batch.schema().index_of(name) {
            arrays[at] = array;
        }
    }
    arrays
}

fn with_columns(batch: RecordBatch, columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, ArrowError> {
    if columns.is_empty() {
        return Ok(batch);
    }
    RecordBatch::try_new(Arc::clone(batch.schema_ref()), replaced(&batch, columns))
}

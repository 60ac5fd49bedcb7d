//! What of a file is whose: rows of areas that are taken or left out, and members of a group that are there or missing.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{AsArray, BooleanArray, RecordBatch, StringArray},
    compute::filter_record_batch,
    datatypes::UInt32Type,
    error::ArrowError,
};

use super::{
    Severity,
    findings::{Findings, Spot, rule},
    headings::plain,
    window::Told,
};
use crate::{
    domain::words::{count, listed, several},
    settings::Section,
};

/// So many missing members are named; of more, their number is told.
const NAMED: usize = 20;

/// The areas whose rows a table takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas {
    /// The heading of the column that names the area.
    pub column: String,
    /// The areas taken, as the file writes them.
    pub accepted: Vec<String>,
    /// Whether a row of another area is left out; else it is an error.
    pub others_left_out: bool,
}

impl Areas {
    /// Reads `area_column`, `areas` and `other_areas`.
    pub(super) fn settle(section: &mut Section<'_>) -> Option<Self> {
        let column = section.text_opt("area_column");
        let accepted = section.list_or_empty("areas");
        let others = section.one_of_opt("other_areas", &["refuse", "leave-out"]);
        let Some(column) = column else {
            for key in ["areas", "other_areas"].into_iter().filter(|key| section.has(key)).collect::<Vec<_>>() {
                section.refuse(key, "an area_column, whose cells it speaks of", "area_column = \"Area\"");
            }
            return None;
        };
        if accepted.is_empty() {
            section.refuse("areas", "at least one area", "areas = [\"Exampleshire\"]");
        }
        Some(Self { column, accepted, others_left_out: others == Some("leave-out") })
    }

    /// The rows of the areas taken, by the column at `place`, each area as the return writes it, so that one area is never
    /// two; and how many were left out. Notes in `met` which were there.
    pub(super) fn keep(
        &self,
        text: &RecordBatch,
        place: usize,
        met: &mut BTreeSet<usize>,
        spot: &Spot,
        findings: &mut Findings,
    ) -> Result<(RecordBatch, i64), ArrowError> {
        let rows = text.column(0).as_primitive::<UInt32Type>();
        let cells = text.column(place + 1).as_string::<i32>();
        let mut left_out = 0;
        let (mut keep, mut named) = (Vec::with_capacity(text.num_rows()), Vec::with_capacity(text.num_rows()));
        for (cell, row) in cells.iter().zip(rows.values()) {
            let taken = cell.and_then(|cell| self.accepted.iter().position(|area| plain(area) == plain(cell)));
            met.extend(taken);
            named.push(taken.and_then(|at| self.accepted.get(at)).map(String::as_str).or(cell));
            // A row without an area is nobody's, and nobody would notice that it is gone.
            let is_left_out = taken.is_none() && cell.is_some() && self.others_left_out;
            keep.push(!is_left_out);
            left_out += i64::from(is_left_out);
            if taken.is_none() && !is_left_out {
                findings.add(Severity::Error, spot, Some(*row), rule::AREA, || match cell {
                    None => "the row has no area. Please name one, or take the row out.".into(),
                    Some(_) => format!(
                        "the row is of another area than {}. Please take it out, or correct its area.",
                        listed(self.accepted.iter().map(String::as_str))
                    ),
                });
            }
        }
        let text = with_cells(text, place, named.into_iter().collect())?;
        Ok((filter_record_batch(&text, &BooleanArray::from(keep))?, left_out))
    }

    /// Asks about areas of which there is no row at all.
    pub(super) fn tell_absent(&self, met: &BTreeSet<usize>, spot: &Spot, findings: &mut Findings) {
        let absent: Vec<&str> = self
            .accepted
            .iter()
            .enumerate()
            .filter(|(at, _)| !met.contains(at))
            .map(|(_, area)| area.as_str())
            .collect();
        if !absent.is_empty() {
            findings.add(Severity::Query, spot, None, rule::AREA, || {
                format!("there is no row of {}. Is that right, and why?", listed(absent.iter().copied()))
            });
        }
    }
}

/// The batch with other texts in the column at `place`.
pub(super) fn with_cells(text: &RecordBatch, place: usize, cells: StringArray) -> Result<RecordBatch, ArrowError> {
    let mut columns = text.columns().to_vec();
    if let Some(column) = columns.get_mut(place + 1) {
        *column = Arc::new(cells);
    }
    RecordBatch::try_new(text.schema(), columns)
}

/// One member of an agency that is a group, such as a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its short name, as files may write it.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// How much of a group a file speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Members that are in the file.
    pub present: usize,
    /// The names of those that are not.
    pub missing: Vec<String>,
}

/// Which members of a group were met.
pub(super) struct Roll<'a> {
    members: &'a [Member],
    met: BTreeSet<usize>,
}

impl<'a> Roll<'a> {
    pub(super) fn of(members: &'a [Member]) -> Self {
        Self { members, met: BTreeSet::new() }
    }

    /// Meets the members that a column names, and answers with the column in which each has its short name, so that one
    /// member is never two. Who is none is to be explained; a row without `figures` is no delivery.
    pub(super) fn meet(
        &mut self,
        text: &RecordBatch,
        place: usize,
        figures: &Told<'_>,
        spot: &Spot,
        findings: &mut Findings,
    ) -> Result<RecordBatch, ArrowError> {
        let rows = text.column(0).as_primitive::<UInt32Type>();
        let cells = text.column(place + 1).as_string::<i32>();
        let mut named = Vec::with_capacity(text.num_rows());
        for (at, (cell, row)) in cells.iter().zip(rows.values()).enumerate() {
            let known = cell.map(plain).and_then(|cell| {
                self.members.iter().position(|member| plain(&member.id) == cell || plain(&member.name) == cell)
            });
            named.push(known.and_then(|known| self.members.get(known)).map(|member| member.id.as_str()).or(cell));
            match known {
                Some(known) if figures.may_be_in(text, at) => drop(self.met.insert(known)),
                Some(_) => findings.add(Severity::Note, spot, Some(*row), rule::MISSING_MEMBERS, || {
                    "this member has no figures here; it counts as missing.".into()
                }),
                None if cell.is_none() => {}
                None => findings.add(Severity::Query, spot, Some(*row), rule::STRANGER, || {
                    "this is no member that we know. Please correct the name, or tell us who joined.".into()
                }),
            }
        }
        with_cells(text, place, named.into_iter().collect())
    }

    /// Who was there and who was not; that somebody is missing is to be explained.
    pub(super) fn settle(self, spot: &Spot, findings: &mut Findings) -> Coverage {
        let missing = self.members.iter().enumerate().filter(|(at, _)| !self.met.contains(at));
        let missing: Vec<String> = missing.map(|(_, member)| member.name.clone()).collect();
        let coverage = Coverage { present: self.met.len(), missing };
        if !coverage.missing.is_empty() {
            findings.add(Severity::Query, spot, None, rule::MISSING_MEMBERS, || {
                format!("{}. Please send a file with all of them, or tell us why they are not in it.", coverage.words())
            });
        }
        coverage
    }
}

impl Coverage {
    /// The rule of the query about who is missing.
    pub const RULE: &str = rule::MISSING_MEMBERS;

    /// `41 of 44 members are in this file; missing: A, B and C`.
    pub fn words(&self) -> String {
        let all = count(self.present + self.missing.len(), "member", "members");
        let is = if self.present == 1 { "is" } else { "are" };
        let there = format!("{} of {all} {is} in this file", self.present);
        match self.missing.len() {
            0 => there,
            more if more > NAMED => {
                let rest = several(more - NAMED, "other", "others");
                format!("{there}; missing: {} and {rest}", self.missing[..NAMED].join(", "))
            }
            _ => format!("{there}; missing: {}", listed(self.missing.iter().map(String::as_str))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_missing_is_named_up_to_a_point() {
        let coverage = |present, missing: usize| {
            Coverage { present, missing: (1..=missing).map(|at| format!("School {at}")).collect() }.words()
        };
        assert_eq!(coverage(41, 2), "41 of 43 members are in this file; missing: School 1 and School 2");
        assert_eq!(coverage(44, 0), "44 of 44 members are in this file");
        assert!(coverage(1, 30).ends_with("School 20 and ten others"), "{}", coverage(1, 30));
    }
}

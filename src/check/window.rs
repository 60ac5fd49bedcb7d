//! A file that holds several periods, `covers = "rolling(4 quarters)"`: which of its rows are of the period it is sent for.
//!
//! Rows of earlier periods within the window are left to whoever compares them with what stands. Rows of later ones may
//! stand there blank; one with figures is not taken, and is asked about. A row of any other period is an error, as it is
//! everywhere.

use std::{collections::BTreeSet, str::FromStr};

use arrow::{
    array::{Array, AsArray, BooleanArray, RecordBatch},
    compute::filter_record_batch,
    datatypes::UInt32Type,
    error::ArrowError,
};

use super::{
    Severity, TableContract, cell,
    findings::{Findings, Spot, rule},
    headings::Layout,
};
use crate::{
    domain::{Period, Status},
    timetable::Every,
};

/// How many periods a file holds, the one it is sent for among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covers {
    periods: usize,
    unit: &'static str,
}

/// The words for periods, by how often a return is owed.
const UNITS: [(&str, Every); 5] = [
    ("quarters", Every::Quarter),
    ("halves", Every::Half),
    ("years", Every::Year),
    ("academic-years", Every::AcademicYear),
    ("months", Every::Month),
];

impl FromStr for Covers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "rolling(4 quarters), or months, halves, years or academic-years, from 2 to 24 of them";
        let inside = text.trim().strip_prefix("rolling(").and_then(|rest| rest.strip_suffix(')')).ok_or(expected)?;
        let (periods, unit) = inside.trim().split_once(' ').ok_or(expected)?;
        let (unit, _) = UNITS.iter().find(|(known, _)| *known == unit.trim()).ok_or(expected)?;
        let periods = periods.parse().ok().filter(|periods| (2..=24).contains(periods)).ok_or(expected)?;
        Ok(Self { periods, unit })
    }
}

impl Covers {
    /// Whether it counts in the periods of a return that is owed so often.
    pub(super) fn fits(self, every: Every) -> bool {
        UNITS.contains(&(self.unit, every))
    }

    /// The earlier periods that a file sent for `asked` holds, the newest first.
    pub fn earlier(self, asked: Period) -> Vec<Period> {
        std::iter::successors(asked.previous(), |period| period.previous()).take(self.periods - 1).collect()
    }
}

/// Takes the rows of the period a file is sent for, batch by batch.
pub(super) struct Window {
    asked: Period,
    earlier: BTreeSet<Period>,
    /// The earlier periods met.
    pub met: BTreeSet<Period>,
    /// How many rows of later periods have figures.
    pub later: i64,
}

/// The columns of a table that say something of what a row is about, and not which row it is.
pub(super) struct Told<'a> {
    places: Vec<usize>,
    missing: &'a [String],
}

impl<'a> Told<'a> {
    pub(super) fn of(table: &'a TableContract, layout: &Layout) -> Self {
        let keys: Vec<usize> = [&layout.period, &layout.agency, &layout.member, &layout.area]
            .into_iter()
            .flatten()
            .map(|(place, _)| *place)
            .collect();
        let columns =
            table.columns.iter().zip(&layout.places).filter(|(column, _)| !table.unique.contains(&column.name));
        let places = columns.filter_map(|(_, place)| place.filter(|place| !keys.contains(place))).collect();
        Self { places, missing: &table.missing }
    }

    /// Whether a row has any, or its table has no place for one.
    pub(super) fn may_be_in(&self, batch: &RecordBatch, row: usize) -> bool {
        self.places.is_empty() || self.are_in(batch, row)
    }

    /// Whether a row has any; what says that there is none is none.
    fn are_in(&self, batch: &RecordBatch, row: usize) -> bool {
        let says_nothing = |text: &str| {
            matches!(Status::from_symbol(text), Some(Status::X | Status::Z))
                || self.missing.iter().any(|word| word.trim() == text)
        };
        self.places.iter().any(|place| {
            let cells = batch.column(place + 1).as_string::<i32>();
            let text = if cells.is_valid(row) { cells.value(row).trim() } else { "" };
            !text.is_empty() && !says_nothing(text)
        })
    }
}

impl Window {
    pub(super) fn new(covers: Covers, asked: Period) -> Self {
        Self { asked, earlier: covers.earlier(asked).into_iter().collect(), met: BTreeSet::new(), later: 0 }
    }

    /// The rows of the period asked for, by the column at `place`.
    pub(super) fn keep(
        &mut self,
        text: &RecordBatch,
        place: usize,
        figures: &Told<'_>,
        spot: &Spot,
        findings: &mut Findings,
    ) -> Result<RecordBatch, ArrowError> {
        let rows = text.column(0).as_primitive::<UInt32Type>();
        let cells = text.column(place + 1).as_string::<i32>();
        let mut keep = Vec::with_capacity(text.num_rows());
        for (at, (cell, row)) in cells.iter().zip(rows.values()).enumerate() {
            let read = cell.and_then(|text| cell::period(text, self.asked));
            keep.push(read == Some(self.asked));
            match read {
                Some(period) if period == self.asked => {}
                Some(later) if later.start() > self.asked.end() => {
                    if figures.are_in(text, at) {
                        self.later += 1;
                        findings.add(Severity::Query, spot, Some(*row), rule::PERIOD, || {
                            format!(
                                "this row has figures for {}, which come after {}, the period of this file. They are \
                                 not taken. Please send them when they are due, or tell us which period the file is for.",
                                later.human(),
                                self.asked.human()
                            )
                        });
                    }
                }
                Some(period) if self.earlier.contains(&period) => drop(self.met.insert(period)),
                Some(other) => findings.add(Severity::Error, spot, Some(*row), rule::PERIOD, || {
                    let first = self.earlier.first().unwrap_or(&self.asked);
                    format!(
                        "the period reads {}; this file holds {} to {}. Please take the row out, or correct its period.",
                        other.human(),
                        first.human(),
                        self.asked.human()
                    )
                }),
                None => findings.add(Severity::Error, spot, Some(*row), rule::PERIOD, || {
                    format!("the period cannot be read. Please write {} for {}.", self.asked, self.asked.human())
                }),
            }
        }
        filter_record_batch(text, &BooleanArray::from(keep))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_in_the_periods_of_its_return() {
        let covers: Covers = "rolling(4 quarters)".parse().unwrap();
        assert!(covers.fits(Every::Quarter) && !covers.fits(Every::Month));
        let earlier: Vec<String> =
            covers.earlier("2025-26-Q1".parse().unwrap()).iter().map(ToString::to_string).collect();
        assert_eq!(earlier, ["2024-25-Q4", "2024-25-Q3", "2024-25-Q2"]);
        for wrong in
            ["4 quarters", "rolling(1 quarters)", "rolling(4 weeks)", "rolling(four quarters)", "rolling(99 months)"]
        {
            assert!(wrong.parse::<Covers>().is_err(), "{wrong}");
        }
    }
}

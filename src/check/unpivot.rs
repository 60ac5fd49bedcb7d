//! Wide period columns become rows: a column headed "Apr 2025" gives each row below it a row of its own, which knows the
//! cell it came from.
//!
//! A batch of a wide table is gone over once for each such group of columns, so that findings point at the cell's own
//! column and nothing else in the check needs to know.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray},
    compute::filter_record_batch,
    datatypes::{DataType, Field, Schema},
    error::ArrowError,
};
use regex::Regex;

use super::{
    Column, ColumnType, Severity, TableContract,
    findings::{Findings, Spot, rule},
    headings::{Layout, plain},
};
use crate::{
    decode::{Sheet, is_unnamed},
    domain::{Period, StraddlingYear, names_a_period, period_of_heading, words::listed},
    settings::Section,
};

/// How a table's wide columns become rows.
#[derive(Debug, Clone)]
pub struct Unpivot {
    /// The column that takes what the heading says.
    pub into: String,
    /// The columns that take the cells.
    pub values: Vec<String>,
    /// Which headings are meant; those that name a period if none is given.
    pub pattern: Option<Regex>,
    /// What a straddling year in a heading is.
    pub years: Option<StraddlingYear>,
}

impl Unpivot {
    /// Reads `[table.unpivot]` of a table with these columns.
    pub(super) fn settle(section: &mut Section<'_>, columns: &[Column]) -> Option<Self> {
        let into = section.text("into");
        let value = section.text_opt("value");
        let mut values = section.list_or_empty("values");
        if value.is_some() != values.is_empty() {
            section.refuse("values", "either value or values", "value = \"episodes\"");
        }
        values.extend(value);
        let pattern: Option<Regex> = section.parsed_opt("pattern");
        let years = section.one_of_opt("years", &["financial", "academic"]).map(|word| match word {
            "academic" => StraddlingYear::Academic,
            _ => StraddlingYear::Financial,
        });
        let into = into?;
        let kind = |name: &str| columns.iter().find(|column| column.name == *name).map(|column| column.kind);
        if !matches!(kind(&into), Some(ColumnType::Text | ColumnType::Period)) || values.contains(&into) {
            section.refuse("into", "a text or period column of this table, and not the value", "into = \"month\"");
        }
        if let Some(stranger) = values.iter().find(|name| kind(name).is_none()) {
            section.refuse("values", &format!("columns of this table; it has no {stranger:?}"), "");
        }
        Some(Self { into, values, pattern, years })
    }

    /// Whether a column gets what it holds from wide columns, so that the file has none of its name.
    pub(super) fn makes(&self, column: &Column) -> bool {
        self.into == column.name || self.values.contains(&column.name)
    }

    /// Whether a heading is one of those that are meant, alone or in one of its rows.
    pub(super) fn takes(&self, heading: &str) -> bool {
        std::iter::once(heading).chain(heading.split(" / ")).any(|part| self.said(part, ColumnType::Text).is_some())
    }

    /// What a heading says, if it is one of those that are meant.
    fn said(&self, heading: &str, into: ColumnType) -> Option<String> {
        let is_meant = match &self.pattern {
            Some(pattern) => pattern.is_match(heading),
            None => names_a_period(heading),
        };
        let period = || period_of_heading(heading, self.years).map(|period| period.to_string());
        is_meant.then(|| match into {
            ColumnType::Period => period().unwrap_or_else(|| heading.to_owned()),
            _ => heading.to_owned(),
        })
    }
}

/// The wide columns of a file.
#[derive(Debug, Clone)]
pub(super) struct Wide {
    /// The place in the contract of the column that takes what the heading says.
    into: usize,
    /// The places in the contract of the columns that take the cells.
    values: Vec<usize>,
    pub groups: Vec<Group>,
}

/// The columns that share what their headings say.
#[derive(Debug, Clone)]
pub(super) struct Group {
    said: String,
    /// The period it says, as far as it says one.
    period: Option<Period>,
    /// For each of the values, its place among the file's columns and what findings point at.
    places: Vec<Option<(usize, Spot)>>,
}

/// Finds the wide columns of `table` among those of `sheet` that are not `taken`, and takes them.
pub(super) fn find(
    table: &TableContract,
    unpivot: &Unpivot,
    sheet: &Sheet,
    taken: &mut [bool],
    findings: &mut Findings,
) -> Wide {
    let place = |name: &String| table.columns.iter().position(|column| column.name == *name).unwrap_or_default();
    let values: Vec<usize> = unpivot.values.iter().map(place).collect();
    let mut wide = Wide { into: place(&unpivot.into), values, groups: Vec::new() };
    let kind = table.columns.get(wide.into).map_or(ColumnType::Text, |column| column.kind);
    for (at, heading) in sheet.columns.iter().enumerate() {
        if taken[at] || is_unnamed(heading) {
            continue;
        }
        let Some((said, value)) = wide.read(table, unpivot, heading, kind) else { continue };
        let spot = findings.spot(&table.name, sheet.name.as_deref(), Some((heading.as_str(), sheet.letter(at))));
        let known = wide.groups.iter().position(|group| group.said == said);
        let group = known.unwrap_or_else(|| {
            let period = period_of_heading(&said, Some(unpivot.years.unwrap_or(StraddlingYear::Financial)));
            wide.groups.push(Group { said, period, places: vec![None; wide.values.len()] });
            wide.groups.len() - 1
        });
        let place = &mut wide.groups[group].places[value];
        taken[at] = true;
        if let Some((first, _)) = place {
            let first = sheet.columns[*first].clone();
            findings.add(Severity::Error, &spot, None, rule::TWICE, || {
                format!("{first:?} and {heading:?} are two names of one column. Please leave only one of them.")
            });
        } else {
            *place = Some((at, spot));
        }
    }
    wide
}

impl Wide {
    /// What a heading says, and which of the values stands below it.
    fn read(
        &self,
        table: &TableContract,
        unpivot: &Unpivot,
        heading: &str,
        into: ColumnType,
    ) -> Option<(String, usize)> {
        if let Some(said) = unpivot.said(heading, into).filter(|_| self.values.len() == 1) {
            return Some((said, 0));
        }
        // Two rows of headings: one says the period, the other which figure it is.
        let parts: Vec<&str> = heading.split(" / ").collect();
        (0..parts.len()).find_map(|at| {
            let said = unpivot.said(parts[at], into)?;
            let rest: Vec<&str> = parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, p)| *p).collect();
            let rest = plain(&rest.join(" / "));
            let is_it = |column: &Column| column.headings.iter().any(|name| plain(name) == rest);
            let value = self.values.iter().position(|value| table.columns.get(*value).is_some_and(is_it))?;
            Some((said, value))
        })
    }

    /// Holds the periods that the columns are headed by against the one the file was sent for: one of them must be of it, and
    /// no month of it may be missing without a word.
    pub(super) fn tell_periods(&self, kind: ColumnType, asked: Period, spot: &Spot, findings: &mut Findings) {
        let known: Vec<Period> = self.groups.iter().filter_map(|group| group.period).collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else { return };
        if kind != ColumnType::Period || matches!(asked, Period::Release { .. } | Period::Month { .. }) {
            return;
        }
        let meets = |period: &Period| period.start() <= asked.end() && period.end() >= asked.start();
        if !known.iter().any(meets) {
            findings.add(Severity::Error, spot, None, rule::PERIOD, || {
                format!(
                    "no column is of {}: the first is of {}, the last of {}. Please send the file of that period, or tell us \
                     which one it is for.",
                    asked.human(),
                    first.human(),
                    last.human()
                )
            });
            return;
        }
        if !known.iter().all(|period| matches!(period, Period::Month { .. })) {
            return;
        }
        let begin = Period::Month { year: asked.start().year(), month: asked.start().month() };
        let months =
            std::iter::successors(Some(begin), |month| month.next()).take_while(|month| month.end() <= asked.end());
        let absent: Vec<String> = months.filter(|month| !known.contains(month)).map(|month| month.human()).collect();
        if !absent.is_empty() {
            findings.add(Severity::Query, spot, None, rule::PERIOD, || {
                format!("there is no column for {}. Is that right, and why?", listed(absent.iter().map(String::as_str)))
            });
        }
    }

    /// The column that takes what the headings say, at the present turn: where it is, and what findings point at.
    pub(super) fn said(&self, layout: &Layout) -> Option<(usize, Spot)> {
        let place = layout.places.get(self.into).copied().flatten()?;
        Some((place, layout.spots.get(self.into)?.clone()))
    }

    /// Once all is read, no cell of the file is the one that a made column came from.
    pub(super) fn forget(&self, layout: &mut Layout) {
        for made in self.values.iter().chain([&self.into]) {
            layout.spots[*made] = layout.table.clone();
        }
    }

    /// One batch for the group at `turn`: the file's columns and one more, which says what the headings say. Rows whose
    /// cells are blank for a period that is still ahead of `asked` are none. The layout points at the group's cells.
    pub(super) fn turn(
        &self,
        turn: usize,
        batch: &RecordBatch,
        asked: Period,
        layout: &mut Layout,
    ) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(group) = self.groups.get(turn) else { return Ok(None) };
        let said: ArrayRef = Arc::new(StringArray::from_iter_values(vec![group.said.as_str(); batch.num_rows()]));
        let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
        // No heading is empty, so that this one cannot be there twice.
        fields.push(Arc::new(Field::new("", DataType::Utf8, true)));
        let mut columns = batch.columns().to_vec();
        columns.push(said);
        let whole = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        layout.places[self.into] = Some(batch.num_columns() - 1);
        let mut spot = None;
        for (value, place) in self.values.iter().zip(&group.places) {
            layout.places[*value] = place.as_ref().map(|(at, _)| *at);
            layout.spots[*value] = place.as_ref().map_or_else(|| layout.table.clone(), |(_, spot)| spot.clone());
            spot = spot.or(place.as_ref().map(|(_, spot)| spot.clone()));
        }
        if let Some(spot) = spot {
            layout.spots[self.into] = spot;
        }
        if group.period.is_none_or(|period| period.start() <= asked.end()) {
            return Ok(Some(whole));
        }
        let cells: Vec<&ArrayRef> = group.places.iter().flatten().map(|(at, _)| batch.column(at + 1)).collect();
        let is_filled = |row: usize| cells.iter().any(|cell| cell.is_valid(row));
        let filled: BooleanArray = (0..batch.num_rows()).map(|row| Some(is_filled(row))).collect();
        Ok(Some(filter_record_batch(&whole, &filled)?).filter(|batch| batch.num_rows() > 0))
    }
}

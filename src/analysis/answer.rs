//! Reads what an indicator's SQL answered: the columns it must have, and its rows as figures.
//!
//! What is wrong is the fault of a definition, so every error names the indicator, the column and what to write.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::discriminant,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray},
    compute::cast,
    datatypes::{DataType, Float64Type, Schema},
};
use jiff::civil::Date;

use super::{
    disclosed::Unit,
    figures::{Category, Cell, Figures, Row},
    publication::{Entry, Publication, Role},
};
use crate::{
    domain::{Period, Status},
    settings::nearest,
};

/// An answer that cannot be read as figures.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// A column is missing.
    #[error("indicator {indicator}: {file} answers no column {column}; it must answer {expected}")]
    NoColumn { indicator: String, file: String, column: &'static str, expected: String },
    /// A column is not one of those expected.
    #[error("indicator {indicator}: {file} answers a column {column:?}; {advice}")]
    UnknownColumn { indicator: String, file: String, column: String, advice: String },
    /// A column holds something else.
    #[error("indicator {indicator}: column {column} of {file} is {found}; it must be {expected}")]
    WrongColumn { indicator: String, file: String, column: &'static str, found: String, expected: &'static str },
    /// A cell cannot be read.
    #[error("indicator {indicator}: {file}: {trouble}")]
    Cell { indicator: String, file: String, trouble: String },
    /// The rows do not fit together.
    #[error("indicator {indicator}: {file} {trouble}")]
    Rows { indicator: String, file: String, trouble: String },
    /// Our periods cannot be set beside what is published.
    #[error("indicator {indicator}: its periods, such as {ours}, cannot be set beside {published}; {advice}")]
    Unbridged { indicator: String, ours: Period, published: Period, advice: &'static str },
    /// The SQL gave no rows.
    #[error("indicator {indicator}: {why}")]
    Unanswered { indicator: String, why: String },
    /// Arrow refused.
    #[error("the figures cannot be made into a table")]
    Arrow(#[from] arrow::error::ArrowError),
}

impl AnalysisError {
    /// The indicator it is about, if it is about one.
    pub fn indicator(&self) -> Option<&str> {
        match self {
            Self::NoColumn { indicator, .. }
            | Self::UnknownColumn { indicator, .. }
            | Self::WrongColumn { indicator, .. }
            | Self::Cell { indicator, .. }
            | Self::Rows { indicator, .. }
            | Self::Unbridged { indicator, .. }
            | Self::Unanswered { indicator, .. } => Some(indicator),
            Self::Arrow(_) => None,
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
}

/// A column an answer may have.
#[derive(Debug, Clone, Copy)]
struct Column {
    name: &'static str,
    holds: Holds,
    required: bool,
}

const fn column(name: &'static str, holds: Holds, required: bool) -> Column {
    Column { name, holds, required }
}

const BENCHMARK: [Column; 6] = [
    column("release", Holds::Text, true),
    column("period", Holds::Text, true),
    column("area", Holds::Text, true),
    column("role", Holds::Text, true),
    column("value", Holds::Number, true),
    column("status", Holds::Text, false),
];

fn figure_columns(unit: Unit) -> [Column; 6] {
    [
        column("period", Holds::Text, true),
        column("numerator", Holds::Number, true),
        column("numerator_status", Holds::Text, false),
        column("denominator", Holds::Number, unit != Unit::Count),
        column("denominator_status", Holds::Text, false),
        column("category", Holds::Text, false),
    ]
}

/// One answer, and how errors name it.
pub(super) struct Answered<'a> {
    indicator: &'a str,
    file: String,
    columns: [Column; 6],
}

impl<'a> Answered<'a> {
    /// The answer of `<name>.sql`.
    pub(super) fn figures(indicator: &'a str, unit: Unit) -> Self {
        Self { indicator, file: format!("{indicator}.sql"), columns: figure_columns(unit) }
    }

    /// The answer of `<name>.benchmark.sql`.
    pub(super) fn benchmark(indicator: &'a str) -> Self {
        Self { indicator, file: format!("{indicator}.benchmark.sql"), columns: BENCHMARK }
    }

    /// Whether the answer's columns are those expected, before there is any row.
    pub(super) fn check(&self, schema: &Schema) -> Result<(), AnalysisError> {
        let (indicator, file) = (self.indicator.to_owned(), self.file.clone());
        for field in schema.fields() {
            if !self.columns.iter().any(|column| column.name == field.name()) {
                let advice = match nearest(field.name(), self.columns.iter().map(|column| column.name)) {
                    Some(meant) => format!("call it {meant}"),
                    None => format!("leave it out; it may answer {}", self.expected()),
                };
                return Err(AnalysisError::UnknownColumn { indicator, file, column: field.name().clone(), advice });
            }
        }
        for column in self.columns {
            let Some((_, field)) = schema.column_with_name(column.name) else {
                if column.required {
                    let expected = self.expected();
                    return Err(AnalysisError::NoColumn { indicator, file, column: column.name, expected });
                }
                continue;
            };
            let kind = field.data_type();
            let (fits, expected) = match column.holds {
                Holds::Number => (kind.is_numeric() || kind.is_null(), "a number"),
                Holds::Text => (is_text(kind), "text"),
            };
            if !fits {
                let found = kind.to_string();
                return Err(AnalysisError::WrongColumn { indicator, file, column: column.name, found, expected });
            }
        }
        Ok(())
    }

    fn expected(&self) -> String {
        let named = |column: &Column| {
            if column.required { column.name.to_owned() } else { format!("{} (may be left out)", column.name) }
        };
        self.columns.iter().map(named).collect::<Vec<_>>().join(", ")
    }

    fn cell_error(&self, trouble: String) -> AnalysisError {
        AnalysisError::Cell { indicator: self.indicator.to_owned(), file: self.file.clone(), trouble }
    }

    fn rows_error(&self, trouble: String) -> AnalysisError {
        AnalysisError::Rows { indicator: self.indicator.to_owned(), file: self.file.clone(), trouble }
    }

    fn texts(&self, batch: &RecordBatch, name: &str) -> Result<Texts, AnalysisError> {
        let Some(column) = batch.column_by_name(name) else { return Ok(Texts(None)) };
        Ok(Texts(Some(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())))
    }

    fn cells(&self, batch: &RecordBatch, number: &str, status: &str) -> Result<Cells, AnalysisError> {
        let numbers = match batch.column_by_name(number) {
            Some(column) => Some(as_numbers(column)?),
            None => None,
        };
        Ok(Cells { numbers, statuses: self.texts(batch, status)? })
    }

    fn period(&self, text: Option<&str>) -> Result<Period, AnalysisError> {
        let text = text.ok_or_else(|| self.cell_error("a row has no period".into()))?;
        text.parse().map_err(|error| self.cell_error(format!("{error}")))
    }
}

fn is_text(kind: &DataType) -> bool {
    let dictionary = matches!(kind, DataType::Dictionary(_, value) if value.is_string());
    kind.is_string() || kind.is_null() || dictionary || matches!(kind, DataType::Date32 | DataType::Date64)
}

fn as_numbers(column: &ArrayRef) -> Result<Float64Array, AnalysisError> {
    Ok(cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
}

/// A column of texts; all empty when it was left out.
struct Texts(Option<StringArray>);

impl Texts {
    fn at(&self, row: usize) -> Option<&str> {
        let column = self.0.as_ref()?;
        if column.is_null(row) { None } else { Some(column.value(row).trim()).filter(|text| !text.is_empty()) }
    }
}

/// A column of numbers beside the one that says why there is none.
struct Cells {
    numbers: Option<Float64Array>,
    statuses: Texts,
}

impl Cells {
    /// A status wins over a number, except the one that only weakens it; a missing number is never zero.
    fn at(&self, row: usize) -> Result<Cell, String> {
        let status = match self.statuses.at(row) {
            None => None,
            Some(text) => Some(
                Status::from_symbol(text)
                    .ok_or_else(|| format!("{text:?} is no status; write one of c, z, x, k, u"))?,
            ),
        };
        let number = self.numbers.as_ref().filter(|numbers| numbers.is_valid(row)).map(|numbers| numbers.value(row));
        Ok(match (number.filter(|number| number.is_finite()), status) {
            (Some(number), None | Some(Status::U)) => Cell::Number(number),
            (_, Some(status)) => Cell::Missing(status),
            (None, None) => Cell::Missing(Status::X),
        })
    }
}

/// The figures in the answer of `<name>.sql` up to the end of `period`; gaps between its periods are filled with
/// "not available".
pub(super) fn figures(
    answered: &Answered<'_>,
    unit: Unit,
    batches: &[RecordBatch],
    period: Period,
) -> Result<Figures, AnalysisError> {
    let mut whole: BTreeMap<Period, Row> = BTreeMap::new();
    let mut parts: BTreeMap<String, BTreeMap<Period, Row>> = BTreeMap::new();
    for batch in batches {
        answered.check(&batch.schema())?;
        let (periods, categories) = (answered.texts(batch, "period")?, answered.texts(batch, "category")?);
        let numerators = answered.cells(batch, "numerator", "numerator_status")?;
        let denominators = answered.cells(batch, "denominator", "denominator_status")?;
        for at in 0..batch.num_rows() {
            let period = answered.period(periods.at(at))?;
            let numerator = numerators.at(at).map_err(|trouble| answered.cell_error(trouble))?;
            let denominator = denominators.at(at).map_err(|trouble| answered.cell_error(trouble))?;
            let row = Row { period, numerator, denominator: (unit != Unit::Count).then_some(denominator) };
            let part = categories.at(at).filter(|name| !name.eq_ignore_ascii_case("total"));
            let rows = part.map_or(&mut whole, |name| parts.entry(name.to_owned()).or_default());
            if rows.insert(period, row).is_some() {
                let of = part.map(|name| format!(" of {name}")).unwrap_or_default();
                return Err(answered.rows_error(format!("answers {period}{of} twice; group by period")));
            }
        }
    }
    if let Some(lost) = parts.values().flat_map(BTreeMap::keys).find(|period| !whole.contains_key(period)) {
        let trouble = format!("answers parts of {lost} but no whole; add the row whose category is NULL or 'total'");
        return Err(answered.rows_error(trouble));
    }
    let shown = timeline(answered, whole.keys().copied(), period)?;
    let line_up = |mut rows: BTreeMap<Period, Row>| {
        shown.iter().map(|period| rows.remove(period).unwrap_or_else(|| Row::missing(*period, unit))).collect()
    };
    let categories = parts.into_iter().map(|(name, rows)| Category { name, rows: line_up(rows) }).collect();
    Ok(Figures { rows: line_up(whole), categories })
}

/// Every period from the first answered to the last that has ended with `until`, which stands alone if there is none.
fn timeline(
    answered: &Answered<'_>,
    periods: impl Iterator<Item = Period>,
    until: Period,
) -> Result<Vec<Period>, AnalysisError> {
    let known: BTreeSet<Period> = periods.collect();
    if let Some((a, b)) = known.iter().zip(known.iter().skip(1)).find(|(a, b)| discriminant(*a) != discriminant(*b)) {
        return Err(answered.rows_error(format!("mixes periods of different length, {a} and {b}; answer one kind")));
    }
    let mut line: Vec<Period> = Vec::new();
    let mut next = known.first().copied();
    while let Some(period) = next.filter(|period| period.end() <= until.end()) {
        line.push(period);
        next = period.next().or_else(|| known.range(period..).nth(1).copied());
    }
    if line.is_empty() {
        line.push(until);
    }
    Ok(line)
}

/// The newest release in the answer of `<name>.benchmark.sql`; none when nothing was published.
pub(super) fn publication(
    answered: &Answered<'_>,
    batches: &[RecordBatch],
) -> Result<Option<Publication>, AnalysisError> {
    let mut releases: BTreeMap<Date, Publication> = BTreeMap::new();
    for batch in batches {
        answered.check(&batch.schema())?;
        let (release, periods) = (answered.texts(batch, "release")?, answered.texts(batch, "period")?);
        let (areas, roles) = (answered.texts(batch, "area")?, answered.texts(batch, "role")?);
        let values = answered.cells(batch, "value", "status")?;
        for at in 0..batch.num_rows() {
            let release = release.at(at).unwrap_or_default();
            let release: Date = release.parse().map_err(|_| {
                answered.cell_error(format!("{release:?} is no release; write its date, as 2025-07-14"))
            })?;
            let period = answered.period(periods.at(at))?;
            let role: Role = roles.at(at).unwrap_or_default().parse().map_err(|e| answered.cell_error(e))?;
            let value = values.at(at).map_err(|trouble| answered.cell_error(trouble))?;
            let area = areas.at(at).ok_or_else(|| answered.cell_error("a row has no area".into()))?.to_owned();
            let publication = releases.entry(release).or_insert_with(|| Publication::new(release));
            if let Some(Entry { area, .. }) = publication.add(period, Entry { area, role, value }) {
                return Err(answered.rows_error(format!("answers {area} in {period} twice for the release {release}")));
            }
        }
    }
    Ok(releases.into_values().next_back())
}

//! Figures as tables of the warehouse: `analysis.figures` for the business unit, `disclosed.figures` for everybody.
//!
//! One row for each period of an indicator and of each part of it. The limits stand beside the periods they are for.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array, RecordBatch, StringArray},
    compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch},
    datatypes::{DataType, Field, Schema, SchemaRef},
};

use super::{
    analysed::{Analysed, Analysis},
    answer::AnalysisError,
    change::limits,
    disclosed::{Cause, Disclosed, DisclosedIndicator, Limits, Point, Tone},
    figures::{Cell, Row},
    trend::Mark,
};
use crate::domain::{Period, Status};

/// The columns of both tables.
pub fn figures_schema() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let number = |name: &str| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        text("indicator", false),
        text("period", false),
        text("category", true),
        number("numerator"),
        text("numerator_status", true),
        number("denominator"),
        text("denominator_status", true),
        number("value"),
        text("status", true),
        number("mean"),
        number("lower"),
        number("upper"),
        text("cause", false),
        text("tone", false),
    ]))
}

/// One row of either table.
struct Line {
    indicator: String,
    period: Period,
    category: Option<String>,
    numerator: (Option<f64>, Option<Status>),
    denominator: (Option<f64>, Option<Status>),
    value: (Option<f64>, Option<Status>),
    limits: Option<[f64; 3]>,
    cause: Cause,
    tone: Tone,
}

/// `analysis.figures`: everything, nothing hidden; for the business unit alone.
///
/// # Errors
/// When Arrow refuses the columns.
pub fn figures_table(analysed: &Analysed) -> Result<RecordBatch, AnalysisError> {
    table(&analysed.indicators.iter().flat_map(lines).collect::<Vec<_>>())
}

/// `disclosed.figures`: what may be shown; a hidden number is NULL with the status `c`.
///
/// # Errors
/// When Arrow refuses the columns.
pub fn disclosed_table(disclosed: &Disclosed) -> Result<RecordBatch, AnalysisError> {
    table(&disclosed.indicators().iter().flat_map(disclosed_lines).collect::<Vec<_>>())
}

fn lines(analysis: &Analysis) -> Vec<Line> {
    let (indicator, figures) = (&analysis.indicator, &analysis.figures);
    let course = figures.course(indicator);
    let limits = limits(figures, &course, indicator);
    let cell = |cell: Cell| (cell.number(), cell.status());
    let line = |row: &Row, mark: Mark, category: Option<&String>| Line {
        indicator: indicator.id.clone(),
        period: row.period,
        category: category.cloned(),
        numerator: cell(row.numerator),
        denominator: row.denominator.map_or((None, None), cell),
        value: cell(row.value(indicator.unit)),
        limits: in_force(limits.as_ref().filter(|_| category.is_none()), row.period),
        cause: mark.cause,
        tone: mark.tone(indicator.good),
    };
    let whole = figures.rows.iter().zip(&course.marks).map(|(row, mark)| line(row, *mark, None));
    let parts = figures.categories.iter();
    let parts = parts.flat_map(|part| part.rows.iter().map(|row| line(row, Mark::COMMON, Some(&part.name))));
    whole.chain(parts).collect()
}

fn disclosed_lines(indicator: &DisclosedIndicator) -> Vec<Line> {
    let line = |point: &Point, category: Option<&String>| Line {
        indicator: indicator.meta.id.clone(),
        period: point.period,
        category: category.cloned(),
        numerator: (point.numerator.value, point.numerator.status),
        denominator: point.denominator.as_ref().map_or((None, None), |shown| (shown.value, shown.status)),
        value: (point.value.value, point.value.status),
        limits: in_force(indicator.limits.as_ref().filter(|_| category.is_none()), point.period),
        cause: point.cause,
        tone: point.tone,
    };
    let whole = indicator.points.iter().map(|point| line(point, None));
    let parts = indicator.categories.iter();
    whole.chain(parts.flat_map(|part| part.points.iter().map(|point| line(point, Some(&part.name))))).collect()
}

fn in_force(limits: Option<&Limits>, period: Period) -> Option<[f64; 3]> {
    let limits = limits.filter(|limits| limits.since <= period)?;
    Some([limits.mean, limits.lower, limits.upper])
}

fn table(lines: &[Line]) -> Result<RecordBatch, AnalysisError> {
    let text =
        |of: &dyn Fn(&Line) -> Option<String>| -> ArrayRef { Arc::new(lines.iter().map(of).collect::<StringArray>()) };
    let number =
        |of: &dyn Fn(&Line) -> Option<f64>| -> ArrayRef { Arc::new(lines.iter().map(of).collect::<Float64Array>()) };
    let symbol = |status: Option<Status>| status.map(|status| status.symbol().to_owned());
    let columns = vec![
        text(&|line| Some(line.indicator.clone())),
        text(&|line| Some(line.period.to_string())),
        text(&|line| line.category.clone()),
        number(&|line| line.numerator.0),
        text(&|line| symbol(line.numerator.1)),
        number(&|line| line.denominator.0),
        text(&|line| symbol(line.denominator.1)),
        number(&|line| line.value.0),
        text(&|line| symbol(line.value.1)),
        number(&|line| line.limits.map(|limits| limits[0])),
        number(&|line| line.limits.map(|limits| limits[1])),
        number(&|line| line.limits.map(|limits| limits[2])),
        text(&|line| Some(line.cause.as_str().to_owned())),
        text(&|line| Some(tone(line.tone).to_owned())),
    ];
    Ok(RecordBatch::try_new(figures_schema(), columns)?)
}

/// The rows of either table in its order: by indicator, part and period.
///
/// # Errors
/// When a column is missing.
pub fn sorted_figures(rows: &RecordBatch) -> Result<RecordBatch, AnalysisError> {
    let by = ["indicator", "category", "period"].iter().filter_map(|name| rows.column_by_name(name));
    let options = Some(SortOptions { descending: false, nulls_first: true });
    let by: Vec<SortColumn> = by.map(|values| SortColumn { values: values.clone(), options }).collect();
    let order = lexsort_to_indices(&by, None)?;
    Ok(take_record_batch(rows, &order)?)
}

/// The word as SQL has it.
pub(super) fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Chance => "chance",
        Tone::Improvement => "improvement",
        Tone::Concern => "concern",
        Tone::Higher => "higher",
        Tone::Lower => "lower",
    }
}

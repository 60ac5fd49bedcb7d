//! Figures read and held together with what they mean; not to be shown before the disclosure stage.

use arrow::{array::RecordBatch, datatypes::Schema};

use super::{
    answer::{AnalysisError, Answered, figures, publication},
    comparison::check_periods,
    figures::Figures,
    indicator::{Indicator, Names},
    publication::Publication,
};
use crate::domain::Period;

/// What an indicator's SQL gave.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The indicator.
    pub indicator: Indicator,
    /// The rows of `<name>.sql`: period, numerator, numerator_status, denominator, denominator_status, category.
    pub figures: Vec<RecordBatch>,
    /// The rows of `<name>.benchmark.sql`: release, period, area, role, value, status.
    pub benchmark: Option<Vec<RecordBatch>>,
}

/// The figures of all indicators for one period, nothing hidden. Only `disclose` makes of it what may be shown.
pub struct Analysed {
    pub(super) period: Period,
    pub(super) names: Names,
    pub(super) indicators: Vec<Analysis>,
}

/// One indicator with its figures.
pub(super) struct Analysis {
    pub(super) indicator: Indicator,
    pub(super) figures: Figures,
    pub(super) published: Option<Publication>,
}

/// Reads what the indicators' SQL gave, as it stood at the end of `period`.
///
/// # Errors
/// When an answer has other columns or rows than an indicator's; the error names the indicator and what to write.
pub fn analyse(answers: Vec<Answer>, period: Period, names: Names) -> Result<Analysed, AnalysisError> {
    let indicators = answers.into_iter().map(|answer| read(answer, period)).collect::<Result<_, _>>()?;
    Ok(Analysed { period, names, indicators })
}

fn read(answer: Answer, period: Period) -> Result<Analysis, AnalysisError> {
    let Answer { indicator, figures: batches, benchmark } = answer;
    let figures = figures(&Answered::figures(&indicator.id, indicator.unit), indicator.unit, &batches, period)?;
    let published = match &benchmark {
        Some(batches) => publication(&Answered::benchmark(&indicator.id), batches)?,
        None => None,
    };
    if let (Some(benchmark), Some(published)) = (&indicator.benchmark, &published) {
        check_periods(&indicator, benchmark, &figures, published)?;
    }
    Ok(Analysis { indicator, figures, published })
}

/// Whether the columns that planning an indicator's SQL found are those its answers must have.
///
/// # Errors
/// Names the indicator, the file and the column.
pub fn check_columns(indicator: &Indicator, figures: &Schema, benchmark: Option<&Schema>) -> Result<(), AnalysisError> {
    Answered::figures(&indicator.id, indicator.unit).check(figures)?;
    benchmark.map_or(Ok(()), |schema| Answered::benchmark(&indicator.id).check(schema))
}

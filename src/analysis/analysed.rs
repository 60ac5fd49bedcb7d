//! Figures read and held together with what they mean; not to be shown before the disclosure stage.

use arrow::{array::RecordBatch, datatypes::Schema};

use super::{
    answer::{AnalysisError, Answered, figures, publication},
    comparison::check_periods,
    cumulative::difference,
    disclosed::Kind,
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
    /// Its rows, or why its SQL gave none.
    pub given: Result<Given, String>,
}

/// The rows that an indicator's SQL gave.
#[derive(Debug, Clone)]
pub struct Given {
    /// Of `<name>.sql`: period, numerator, numerator_status, denominator, denominator_status, category.
    pub figures: Vec<RecordBatch>,
    /// Of `<name>.benchmark.sql`: release, period, area, role, value, status.
    pub benchmark: Option<Vec<RecordBatch>>,
}

/// The figures of all indicators for one period, nothing hidden. Only `disclose` makes of it what may be shown.
pub struct Analysed {
    pub(super) period: Period,
    pub(super) names: Names,
    pub(super) indicators: Vec<Analysis>,
    troubles: Vec<AnalysisError>,
}

impl Analysed {
    /// Why figures could not be worked out, each naming its indicator and what to write; for the business unit.
    pub fn troubles(&self) -> &[AnalysisError] {
        &self.troubles
    }
}

/// One indicator with its figures.
pub(super) struct Analysis {
    pub(super) indicator: Indicator,
    pub(super) figures: Figures,
    pub(super) published: Option<Publication>,
    /// Periods in which a count that runs on through its year fell: it was restated.
    pub(super) fell: Vec<Period>,
    /// Whether the figures could not be worked out; they are "not available" then.
    pub(super) failed: bool,
}

/// Reads what the indicators' SQL gave, as it stood at the end of `period`. An answer that is none, or has other columns
/// or rows than an indicator's, leaves that one indicator without figures, its published comparison too: what must be
/// hidden is judged from both.
pub fn analyse(answers: Vec<Answer>, period: Period, names: Names) -> Analysed {
    let mut troubles = Vec::new();
    let indicators = answers.into_iter().map(|Answer { indicator, given }| {
        let read = given
            .map_err(|why| AnalysisError::Unanswered { indicator: indicator.id.clone(), why })
            .and_then(|given| read(&indicator, &given, period));
        match read {
            Ok((figures, published, fell)) => Analysis { indicator, figures, published, fell, failed: false },
            Err(trouble) => {
                troubles.push(trouble);
                let figures = Figures::missing(period, indicator.unit);
                Analysis { indicator, figures, published: None, fell: Vec::new(), failed: true }
            }
        }
    });
    Analysed { period, names, indicators: indicators.collect(), troubles }
}

type Read = (Figures, Option<Publication>, Vec<Period>);

fn read(indicator: &Indicator, given: &Given, period: Period) -> Result<Read, AnalysisError> {
    let answered = Answered::figures(&indicator.id, indicator.unit);
    let mut figures = figures(&answered, indicator.unit, &given.figures, period)?;
    let fell = match indicator.cumulative {
        // A population does not run on; what a share is of does.
        Some(year) => difference(&mut figures, year, indicator.denominator == Kind::Flow),
        None => Vec::new(),
    };
    let published = match &given.benchmark {
        Some(batches) => publication(&Answered::benchmark(&indicator.id), batches)?,
        None => None,
    };
    if let (Some(benchmark), Some(published)) = (&indicator.benchmark, &published) {
        check_periods(indicator, benchmark, &figures, published)?;
    }
    Ok((figures, published, fell))
}

/// Whether the columns that planning an indicator's SQL found are those its answers must have.
///
/// # Errors
/// Names the indicator, the file and the column.
pub fn check_columns(indicator: &Indicator, figures: &Schema, benchmark: Option<&Schema>) -> Result<(), AnalysisError> {
    Answered::figures(&indicator.id, indicator.unit).check(figures)?;
    benchmark.map_or(Ok(()), |schema| Answered::benchmark(&indicator.id).check(schema))
}

//! The exceptions of a period as one ranked list: by which rule, since when, and how many would stand out by chance alone.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Int32Array, RecordBatch, StringArray},
    compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch},
    datatypes::{DataType, Field, Int32Type, Schema, SchemaRef},
};

use super::{
    analysed::{Answer, analyse},
    answer::AnalysisError,
    disclosed::{Cause, Class, Disclosed, DisclosedIndicator, Tone},
    disclosure::disclose,
    indicator::Names,
};
use crate::domain::Period;

/// Periods that are looked back over.
const MOST: usize = 12;

/// Of series in which nothing but chance is at work, so many stand out after thirteen periods: found by simulation, which a
/// test repeats.
pub const BY_CHANCE: f64 = 0.033;

/// One exception that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// The indicator.
    pub indicator: String,
    /// Its title.
    pub title: String,
    /// Concern, improvement, higher or lower.
    pub tone: Tone,
    /// The rule that weighs most: movement, target, neighbours or year.
    pub rule: &'static str,
    /// What the last point is by the rules of chance.
    pub cause: Cause,
    /// Greater is more pressing.
    pub weight: i32,
    /// The first period since which it has stood without a break, in the same tone.
    pub since: Period,
    /// For how many periods that is.
    pub periods: usize,
    /// What it comes to, in one sentence.
    pub headline: String,
}

/// The exceptions of `period` with their standing, the most pressing first.
pub fn standing(answers: &[Answer], period: Period, names: &Names, class: Class) -> Vec<Stands> {
    let of = |answers: Vec<Answer>, period| disclose(analyse(answers, period, names.clone()), class);
    let now = of(answers.to_vec(), period);
    let mut found: BTreeMap<String, Stands> =
        now.indicators().iter().filter_map(stands).map(|one| (one.indicator.clone(), one)).collect();
    let mut open: Vec<String> = found.keys().cloned().collect();
    let mut back = period;
    for _ in 0..MOST {
        let Some(before) = back.previous().filter(|_| !open.is_empty()) else { break };
        back = before;
        // With all that is hidden beside them, as it was told then.
        let then = of(answers.to_vec(), back);
        open.retain(|id| {
            let one = then.indicators().iter().find(|one| one.meta.id == *id).and_then(stands);
            let Some((standing, then)) = found.get_mut(id).zip(one) else { return false };
            let goes_on = standing.tone == then.tone;
            // What is owed more seldom stands at the same period for several steps.
            if goes_on && then.since != standing.since {
                standing.since = then.since;
                standing.periods += 1;
            }
            goes_on
        });
    }
    let mut ranked: Vec<Stands> = found.into_values().collect();
    ranked.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.title.cmp(&b.title)));
    ranked
}

/// An exception as it stands in its own period.
fn stands(one: &DisclosedIndicator) -> Option<Stands> {
    let exception = one.exception.as_ref()?;
    let last = one.points.last()?;
    Some(Stands {
        indicator: one.meta.id.clone(),
        title: one.meta.title.clone(),
        tone: exception.tone,
        rule: exception.rule,
        cause: last.cause,
        weight: exception.weight,
        since: last.period,
        periods: 1,
        headline: exception.headline.clone(),
    })
}

/// Of how many indicators the last point can stand out by chance: those that have limits.
pub fn watched(disclosed: &Disclosed) -> usize {
    disclosed.indicators().iter().filter(|one| one.limits.is_some()).count()
}

/// How many of so many series would stand out though nothing but chance is at work.
pub fn expected_by_chance(watched: usize) -> f64 {
    watched as f64 * BY_CHANCE
}

/// The columns of `disclosed.exceptions`.
pub fn exceptions_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let number = |name: &str| Field::new(name, DataType::Int32, false);
    Arc::new(Schema::new(vec![
        text("period"),
        number("rank"),
        text("indicator"),
        text("title"),
        text("tone"),
        text("rule"),
        text("cause"),
        number("weight"),
        text("since"),
        number("periods"),
        text("headline"),
    ]))
}

/// The list as `disclosed.exceptions`.
///
/// # Errors
/// When Arrow refuses the columns.
pub fn exceptions_table(period: Period, list: &[Stands]) -> Result<RecordBatch, AnalysisError> {
    let text =
        |of: &dyn Fn(&Stands) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(list.iter().map(of))) };
    let number = |of: &dyn Fn(usize, &Stands) -> usize| -> ArrayRef {
        let numbers = list.iter().enumerate().map(|(at, one)| i32::try_from(of(at, one)).unwrap_or(i32::MAX));
        Arc::new(numbers.collect::<Int32Array>())
    };
    let columns = vec![
        text(&|_| period.to_string()),
        number(&|at, _| at + 1),
        text(&|one| one.indicator.clone()),
        text(&|one| one.title.clone()),
        text(&|one| super::tables::tone(one.tone).to_owned()),
        text(&|one| one.rule.to_owned()),
        text(&|one| one.cause.as_str().to_owned()),
        number(&|_, one| usize::try_from(one.weight).unwrap_or_default()),
        text(&|one| one.since.to_string()),
        number(&|_, one| one.periods),
        text(&|one| one.headline.clone()),
    ];
    Ok(RecordBatch::try_new(exceptions_schema(), columns)?)
}

/// Rows of `disclosed.exceptions` that were put together, ranked anew.
///
/// # Errors
/// When a column is missing.
pub fn ranked_exceptions(rows: &RecordBatch) -> Result<RecordBatch, AnalysisError> {
    let by = [("weight", true), ("title", false)].into_iter().filter_map(|(name, descending)| {
        let options = Some(SortOptions { descending, nulls_first: false });
        Some(SortColumn { values: rows.column_by_name(name)?.clone(), options })
    });
    let order = lexsort_to_indices(&by.collect::<Vec<_>>(), None)?;
    let sorted = take_record_batch(rows, &order)?;
    let ranks: Int32Array = (1..=i32::try_from(sorted.num_rows()).unwrap_or(i32::MAX)).collect();
    let schema = sorted.schema();
    let columns = schema.fields().iter().zip(sorted.columns()).map(|(field, column)| {
        if field.name() == "rank" { Arc::new(ranks.clone()) as ArrayRef } else { column.clone() }
    });
    Ok(RecordBatch::try_new(exceptions_schema(), columns.collect())?)
}

/// One row of `disclosed.exceptions`: indicator, weight, title and headline.
pub fn read_exceptions(rows: &[RecordBatch]) -> BTreeMap<String, (i32, String, String)> {
    let mut found = BTreeMap::new();
    for batch in rows {
        let texts = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let weights = batch.column_by_name("weight").and_then(|column| column.as_primitive_opt::<Int32Type>());
        let (Some(ids), Some(titles), Some(says), Some(weights)) =
            (texts("indicator"), texts("title"), texts("headline"), weights)
        else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let one = (weights.value(row), titles.value(row).to_owned(), says.value(row).to_owned());
            found.insert(ids.value(row).to_owned(), one);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use arrow::array::Float64Array;

    use super::*;
    use crate::{
        analysis::{Given, Indicator},
        settings::{Problems, read_text},
    };

    fn indicator(id: &str, good: &str) -> Indicator {
        let text = format!(
            "title = \"{id}\"\nwhy = \"w\"\ndefinition = \"d\"\npriority = \"p\"\nquestion = \"how much\"\nagency = \"a\"\n\
             return = \"r\"\nunit = \"count\"\nkind = \"flow\"\ngood = \"{good}\"\n"
        );
        let mut problems = Problems::default();
        let document = read_text("x.toml", &text, &mut problems).unwrap();
        Indicator::settle(id, &document, String::new(), None).unwrap()
    }

    fn answer(id: &str, good: &str, counts: &[f64]) -> Answer {
        let mut period: Period = "2022-23-Q1".parse().unwrap();
        let mut periods = Vec::new();
        for _ in counts {
            periods.push(period.to_string());
            period = period.next().unwrap();
        }
        let rows = RecordBatch::try_from_iter([
            ("period", Arc::new(StringArray::from(periods)) as ArrayRef),
            ("numerator", Arc::new(Float64Array::from(counts.to_vec())) as ArrayRef),
        ]);
        let given = Given { figures: vec![rows.unwrap()], benchmark: None };
        Answer { indicator: indicator(id, good), given: Ok(given) }
    }

    fn listed(answers: &[Answer], period: &str) -> Vec<Stands> {
        standing(answers, period.parse().unwrap(), &Names::default(), Class::Public)
    }

    const QUIET: [f64; 13] = [50., 52., 49., 51., 50., 53., 48., 51., 50., 52., 49., 51., 50.];

    #[test]
    fn an_exception_has_stood_since_it_first_did_and_a_quiet_series_is_none() {
        let mut shifted = QUIET;
        for (at, count) in shifted.iter_mut().enumerate().skip(6) {
            *count = 80.0 + (at % 2) as f64;
        }
        let answers = [answer("quiet", "low", &QUIET), answer("shifted", "low", &shifted)];
        let found = listed(&answers, "2025-26-Q1");
        assert_eq!(found.len(), 1, "{found:?}");
        let one = &found[0];
        assert_eq!((one.indicator.as_str(), one.tone, one.rule), ("shifted", Tone::Concern, "movement"));
        assert!(one.periods > 1 && one.since < "2025-26-Q1".parse().unwrap(), "{one:?}");
        let before = listed(&answers, "2023-24-Q2");
        assert!(before.is_empty(), "{before:?}");
        let table = exceptions_table("2025-26-Q1".parse().unwrap(), &found).unwrap();
        assert_eq!(read_exceptions(&[ranked_exceptions(&table).unwrap()])["shifted"].0, one.weight);
    }

    /// Counts of mean 100, as chance alone would have them: the sum of many small chances, from a fixed stream.
    fn by_chance(seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        // Twelve uniform numbers have a variance of one.
        (0..13).map(|_| (100.0 + 10.0 * ((0..12).map(|_| next()).sum::<f64>() - 6.0)).round()).collect()
    }

    #[test]
    fn so_many_series_stand_out_by_chance_alone_as_is_said() {
        const SERIES: usize = 1500;
        let answers: Vec<Answer> =
            (0..SERIES).map(|at| answer(&format!("s{at}"), "low", &by_chance(at as u64 + 1))).collect();
        let now = disclose(analyse(answers, "2025-26-Q1".parse().unwrap(), Names::default()), Class::Public);
        let found = now.indicators().iter().filter(|one| one.exception.is_some()).count();
        let share = found as f64 / SERIES as f64;
        assert_eq!(watched(&now), SERIES);
        assert!((share - BY_CHANCE).abs() < 0.01, "{share}");
    }
}

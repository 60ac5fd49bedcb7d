//! Series in SQL, over a window: `xmr`, `year_on_year`, `quarter_average`.
//!
//! The window names the series (`PARTITION BY`) and its order in time. A figure that is missing is left out, never zero.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, StringArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::WindowUDF;

use super::period::periods;
use super::window::Whole;
use crate::analysis::trend::{FIRM, Mark, Method, Way, xmr};
use crate::domain::Period;

/// The fewest points that a fixed baseline may have.
const FEWEST_FIXED: i64 = 12;

pub(super) fn functions() -> [WindowUDF; 3] {
    let value = DataType::Float64;
    let chart = DataType::Struct(chart());
    let by_period: &[&[DataType]] = &[&[DataType::Float64, DataType::Utf8]];
    [
        Whole::function(
            "xmr",
            &[
                &[DataType::Float64],
                &[DataType::Float64, DataType::Int64],
                &[DataType::Float64, DataType::Int64, DataType::Boolean],
            ],
            chart,
            judge,
        ),
        Whole::function("year_on_year", by_period, value.clone(), |args| by_period_of(args, "year_on_year", on_year)),
        Whole::function("quarter_average", by_period, value, |args| {
            by_period_of(args, "quarter_average", average_of_four)
        }),
    ]
}

/// What an XmR chart says of each point.
fn chart() -> Fields {
    Fields::from(vec![
        Field::new("mean", DataType::Float64, true),
        Field::new("lower", DataType::Float64, true),
        Field::new("upper", DataType::Float64, true),
        Field::new("cause", DataType::Utf8, true),
        Field::new("way", DataType::Utf8, true),
        Field::new("trial", DataType::Boolean, true),
    ])
}

/// Judges the series of a partition; a row without a figure has no answer.
fn judge(args: &[ArrayRef]) -> Result<ArrayRef> {
    let values = args[0].as_primitive::<Float64Type>();
    let baseline = match args.get(1) {
        Some(points) => baseline(points)?,
        None => None,
    };
    let present: Vec<f64> = values.iter().flatten().filter(|value| value.is_finite()).collect();
    let screen = args.get(2).and_then(|screen| screen.as_boolean().iter().flatten().next()).unwrap_or(true);
    let judged = xmr(&present, Method { baseline, screen });
    let is_there: Vec<bool> = values.iter().map(|value| value.is_some_and(f64::is_finite)).collect();
    let bounds = judged.as_ref().and_then(|judged| judged.bounds.ok());
    let everywhere = |figure: Option<f64>| -> ArrayRef {
        Arc::new(Float64Array::from_iter(is_there.iter().map(|there| figure.filter(|_| *there))))
    };
    let mut marks = judged.iter().flat_map(|judged| &judged.marks);
    let marks: Vec<Option<&Mark>> = is_there.iter().map(|there| if *there { marks.next() } else { None }).collect();
    let text = |says: fn(&Mark) -> Option<&'static str>| -> ArrayRef {
        Arc::new(StringArray::from_iter(marks.iter().map(|mark| mark.and_then(says))))
    };
    let trial = bounds.map(|_| baseline.unwrap_or(usize::MAX).min(present.len()) < FIRM);
    let columns = vec![
        everywhere(judged.as_ref().map(|judged| judged.mean)),
        everywhere(bounds.map(|bounds| bounds.lower)),
        everywhere(bounds.map(|bounds| bounds.upper)),
        text(|mark| Some(mark.cause.as_str())),
        text(|mark| mark.way.map(way)),
        Arc::new(BooleanArray::from_iter(is_there.iter().map(|there| trial.filter(|_| *there)))),
    ];
    Ok(Arc::new(StructArray::try_new(chart(), columns, Some(NullBuffer::from(is_there)))?))
}

/// From how many of the first points mean and limits are made.
fn baseline(points: &ArrayRef) -> Result<Option<usize>> {
    match points.as_primitive::<Int64Type>().iter().flatten().next() {
        None => Ok(None),
        Some(points @ FEWEST_FIXED..) => Ok(usize::try_from(points).ok()),
        Some(_) => exec_err!("xmr takes its limits from the first {FEWEST_FIXED} points or more"),
    }
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Up => "up",
        Way::Down => "down",
    }
}

/// What a figure is compared with or averaged over: those of other periods of its series.
type OfOthers = fn(Period, &BTreeMap<Period, f64>) -> Option<f64>;

fn by_period_of(args: &[ArrayRef], function: &'static str, answer: OfOthers) -> Result<ArrayRef> {
    let values = args[0].as_primitive::<Float64Type>();
    let names = periods(function, &args[1]).collect::<Result<Vec<_>>>()?;
    let mut known = BTreeMap::new();
    for (period, value) in names.iter().zip(values) {
        let (Some(period), Some(value)) = (period, value) else { continue };
        if known.insert(*period, value).is_some() {
            return exec_err!(
                "{function} found {period} twice in one series; PARTITION BY whatever tells the series apart"
            );
        }
    }
    let answers = names.iter().map(|period| period.and_then(|period| answer(period, &known)));
    Ok(Arc::new(Float64Array::from_iter(answers)))
}

/// By how much it differs from the same period a year before.
fn on_year(period: Period, known: &BTreeMap<Period, f64>) -> Option<f64> {
    Some(known.get(&period)? - known.get(&period.year_before()?)?)
}

/// The mean of the four quarters that end with this one; none where one of them is missing.
fn average_of_four(period: Period, known: &BTreeMap<Period, f64>) -> Option<f64> {
    let Period::Quarter { .. } = period else { return None };
    let four = (0..4).map(|back| known.get(&period.shift(-back)?).copied());
    Some(four.sum::<Option<f64>>()? / 4.0)
}

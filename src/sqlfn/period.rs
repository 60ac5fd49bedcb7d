//! Periods in SQL: `period_start`, `period_end`, `period_add`, `period_name`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use jiff::civil::Date;

use super::pure;
use crate::domain::Period;

pub(super) fn functions() -> [ScalarUDF; 4] {
    let text = || vec![DataType::Utf8];
    [
        pure("period_start", text(), DataType::Date32, |args| dates("period_start", args, Period::start)),
        pure("period_end", text(), DataType::Date32, |args| dates("period_end", args, Period::end)),
        pure("period_name", text(), DataType::Utf8, |args| {
            let names = periods("period_name", &args[0]).map(|period| Ok(period?.map(Period::human)));
            Ok(Arc::new(names.collect::<Result<StringArray>>()?))
        }),
        pure("period_add", vec![DataType::Utf8, DataType::Int64], DataType::Utf8, |args| {
            let steps = args[1].as_primitive::<Int64Type>();
            let moved = periods("period_add", &args[0]).zip(steps).map(|(period, step)| match (period?, step) {
                (Some(period), Some(step)) => {
                    match i16::try_from(step).ok().and_then(|step| period.shift(step)).filter(is_written) {
                        Some(period) => Ok(Some(period.to_string())),
                        None => exec_err!("period_add cannot count {step} periods on; a release has no next one"),
                    }
                }
                _ => Ok(None),
            });
            Ok(Arc::new(moved.collect::<Result<StringArray>>()?))
        }),
    ]
}

fn dates(function: &'static str, args: &[ArrayRef], of: fn(Period) -> Date) -> Result<ArrayRef> {
    let days = periods(function, &args[0]).map(|period| Ok(period?.map(|period| days_since_1970(of(period)))));
    Ok(Arc::new(days.collect::<Result<Date32Array>>()?))
}

/// Reads each text as a period. The error does not repeat the text, which may be any cell's.
pub(super) fn periods<'a>(
    function: &'static str,
    texts: &'a ArrayRef,
) -> impl Iterator<Item = Result<Option<Period>>> + 'a {
    texts.as_string::<i32>().iter().map(move |text| match text.map(str::parse) {
        None => Ok(None),
        Some(Ok(period)) => Ok(Some(period)),
        Some(Err(_)) => exec_err!("{function} was given a text that is no period; write a quarter as 2025-26-Q1"),
    })
}

/// Whether the period's years can be written with four digits.
fn is_written(period: &Period) -> bool {
    period.to_string().parse::<Period>().is_ok()
}

/// Days as Arrow's `Date32` counts them.
pub(super) fn days_since_1970(day: Date) -> i32 {
    (day - Date::new(1970, 1, 1).unwrap_or_default()).get_days()
}

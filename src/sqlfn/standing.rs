//! Where a value stands among others, over a window: `rank_min`, `quartile_band`.
//!
//! The window holds those that are compared: the councils of one measure and year, without regions and the country.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::WindowUDF;

use super::window::Whole;
use crate::analysis::Good;
use crate::analysis::benchmark::{Quartiles, rank};

pub(super) fn functions() -> [WindowUDF; 2] {
    let takes: &[&[DataType]] = &[&[DataType::Float64, DataType::Utf8]];
    [
        Whole::function("rank_min", takes, DataType::Int64, |args| {
            let (values, good, present) = given("rank_min", args)?;
            let mut sorted = present;
            sorted.sort_by(f64::total_cmp);
            let place = |value: Option<f64>| i64::try_from(rank(value?, &sorted, good?)?).ok();
            Ok(Arc::new(Int64Array::from_iter(values.into_iter().map(place))))
        }),
        Whole::function("quartile_band", takes, DataType::Utf8, |args| {
            let (values, good, present) = given("quartile_band", args)?;
            let cuts = Quartiles::of(&present);
            let band = |value: Option<f64>| Some(cuts?.band(value?, good?)?.to_string());
            Ok(Arc::new(StringArray::from_iter(values.into_iter().map(band))))
        }),
    ]
}

/// The values, which way is good, and the values that are there.
#[expect(clippy::type_complexity, reason = "three plain columns, read in two places")]
fn given(function: &str, args: &[ArrayRef]) -> Result<(Vec<Option<f64>>, Option<Good>, Vec<f64>)> {
    let values = args[0].as_primitive::<Float64Type>().iter().map(|value| value.filter(|value| value.is_finite()));
    let values: Vec<Option<f64>> = values.collect();
    let mut good = None;
    for word in args[1].as_string::<i32>().iter().flatten() {
        let said = match word.to_ascii_lowercase().as_str() {
            "high" => Good::High,
            "low" => Good::Low,
            "neutral" | "none" | "" | "-" | "na" => Good::Neutral,
            _ => return exec_err!("{function} takes 'high', 'low' or 'neutral' for which way is good"),
        };
        if good.replace(said).is_some_and(|before| before != said) {
            return exec_err!("{function} was told two ways of what is good in one window; PARTITION BY the measure");
        }
    }
    let present = values.iter().copied().flatten().collect();
    Ok((values, good, present))
}

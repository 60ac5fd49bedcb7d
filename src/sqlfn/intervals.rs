//! 95 % intervals and small counts in SQL: `wilson`, `byar`, `disclose`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, StringArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::pure;
use crate::analysis::SmallCount;
use crate::analysis::interval::{Interval, byar, wilson};

pub(super) fn functions() -> [ScalarUDF; 3] {
    let (number, ends) = (DataType::Float64, DataType::Struct(ends()));
    [
        pure("wilson", vec![number.clone(), number.clone()], ends.clone(), |args| {
            let (cases, of) = (args[0].as_primitive::<Float64Type>(), args[1].as_primitive::<Float64Type>());
            between(cases.iter().zip(of).map(|(cases, of)| wilson(cases?, of?)))
        }),
        pure("byar", vec![number], ends, |args| {
            between(args[0].as_primitive::<Float64Type>().iter().map(|count| byar(count?)))
        }),
        pure("disclose", vec![DataType::Int64, DataType::Utf8], DataType::Utf8, |args| {
            let (counts, rules) = (args[0].as_primitive::<Int64Type>(), args[1].as_string::<i32>());
            let shown = counts.iter().zip(rules).map(|(count, rule)| match (count, rule) {
                (Some(count), Some(rule)) => shown(count, rule).map(Some),
                _ => Ok(None),
            });
            Ok(Arc::new(shown.collect::<Result<StringArray>>()?))
        }),
    ]
}

fn ends() -> Fields {
    Fields::from(vec![Field::new("lower", DataType::Float64, true), Field::new("upper", DataType::Float64, true)])
}

fn between(intervals: impl Iterator<Item = Option<Interval>>) -> Result<ArrayRef> {
    let intervals: Vec<Option<Interval>> = intervals.collect();
    let end = |of: fn(Interval) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter(intervals.iter().map(|interval| interval.map(of))))
    };
    let there = NullBuffer::from_iter(intervals.iter().map(Option::is_some));
    Ok(Arc::new(StructArray::try_new(ends(), vec![end(|it| it.lower), end(|it| it.upper)], Some(there))?))
}

/// A count as it may be printed by itself under the rule of its source.
fn shown(count: i64, rule: &str) -> Result<String> {
    let rule = match rule {
        "children" => SmallCount::Children,
        "hospital" => SmallCount::Hospital,
        "none" => SmallCount::None,
        _ => return exec_err!("disclose takes 'children', 'hospital' or 'none' for the rule of the source"),
    };
    if count < 0 {
        return exec_err!("disclose takes counts, and a negative number is none");
    }
    Ok(match rule {
        _ if (1..=i64::from(rule.most())).contains(&count) => "c".to_owned(),
        SmallCount::Hospital => ((count + 2) / 5 * 5).to_string(),
        _ => count.to_string(),
    })
}

//! Working days in SQL: `working_days(from, to)`.

use std::sync::Arc;

use arrow::array::{AsArray, Int32Array};
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::exec_datafusion_err;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::pure;
use crate::domain::Calendar;

/// Working days after `from` up to and including `to`, negative when `to` is earlier.
pub(super) fn function(calendar: Calendar) -> ScalarUDF {
    pure("working_days", vec![DataType::Date32, DataType::Date32], DataType::Int32, move |args| {
        let (from, to) = (args[0].as_primitive::<Date32Type>(), args[1].as_primitive::<Date32Type>());
        let counts = from.iter().zip(to).map(|days| match days {
            (Some(from), Some(to)) => {
                let count = calendar.working_days_between(day(from)?, day(to)?);
                count.map(Some).map_err(|error| exec_datafusion_err!("working_days: {error}"))
            }
            _ => Ok(None),
        });
        Ok(Arc::new(counts.collect::<Result<Int32Array>>()?))
    })
}

fn day(since_1970: i32) -> Result<Date> {
    date(1970, 1, 1)
        .checked_add(since_1970.days())
        .map_err(|_| exec_datafusion_err!("working_days was given a day outside of the years 1 to 9999"))
}

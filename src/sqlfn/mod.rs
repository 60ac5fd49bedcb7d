//! What SQL knows beyond the standard, in every session: sums and whole-number arithmetic that never wrap, periods,
//! working days, rounding half up, and the statistics of the field. `docs/sql.md` tells analysts of it.
//!
//! Knows nothing of tables.

mod arithmetic;
mod intervals;
mod period;
mod rounding;
mod series;
mod standing;
mod sum;
mod window;
mod working_days;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::functions::utils::make_scalar_function;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, Volatility, create_udf};
use datafusion::prelude::SessionContext;

use crate::domain::Calendar;

/// Adds the functions to a session; working days are those of England and Wales, as shipped.
pub fn register(context: &SessionContext) {
    register_with(context, Calendar::england_and_wales([]));
}

/// The same with a board's own working days.
pub fn register_with(context: &SessionContext, calendar: Calendar) {
    context.register_udaf(AggregateUDF::from(sum::ExactSum::new()));
    for function in period::functions().into_iter().chain(intervals::functions()) {
        context.register_udf(function);
    }
    for function in series::functions().into_iter().chain(standing::functions()) {
        context.register_udwf(function);
    }
    context.register_udf(working_days::function(calendar));
    context.register_udf(ScalarUDF::from(rounding::RoundHalfUp::new()));
    // A session of DataFusion's own takes every planner.
    let _ = context.state_ref().write().register_expr_planner(Arc::new(arithmetic::CheckedArithmetic));
}

/// A function of whole columns whose answer depends on nothing else.
fn pure(
    name: &str,
    takes: Vec<DataType>,
    gives: DataType,
    answer: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    create_udf(name, takes, gives, Volatility::Immutable, Arc::new(make_scalar_function(answer, Vec::new())))
}

#[cfg(test)]
mod tests;

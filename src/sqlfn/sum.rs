//! `SUM` that never wraps: whole numbers are summed as `DECIMAL(38,0)`.

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::functions_aggregate::sum::Sum;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
    utils::AggregateOrderSensitivity,
};

/// DataFusion's own `SUM`, which wraps at 64 bits, fed with decimals instead of integers.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ExactSum {
    sum: Sum,
    signature: Signature,
}

impl ExactSum {
    pub fn new() -> Self {
        Self { sum: Sum::new(), signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for ExactSum {
    fn name(&self) -> &str {
        self.sum.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [kind] = types else { return plan_err!("sum takes one argument") };
        Ok(vec![match kind {
            // SUM adds ten digits to those of its argument.
            kind if kind.is_integer() => DataType::Decimal128(28, 0),
            DataType::Null => DataType::Decimal128(28, 0),
            kind if kind.is_floating() => DataType::Float64,
            kind if kind.is_decimal() => kind.clone(),
            DataType::Duration(_) | DataType::Interval(_) => kind.clone(),
            other => return plan_err!("sum takes numbers, not {other}"),
        }])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.sum.return_type(types)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.sum.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.sum.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.sum.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        self.sum.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.sum.create_sliding_accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.sum.reverse_expr()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.sum.order_sensitivity()
    }
}

//! Rounding half up: `round_half_up(x, decimals)`.
//!
//! Halves go away from zero, as published statistics and spreadsheets have it. A number with a binary fraction is
//! rounded as it is written: 2.675 to two decimals is 2.68.

use std::sync::Arc;

use arrow::array::{AsArray, Decimal128Array, Float64Array};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type};
use datafusion::common::{ScalarValue, exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use crate::domain::rounding::{half_up, units_half_up};

/// The function. The number of decimals is written out, so that the type of the answer is known.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RoundHalfUp {
    signature: Signature,
}

impl RoundHalfUp {
    pub fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for RoundHalfUp {
    fn name(&self) -> &str {
        "round_half_up"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [number, decimals] = types else { return plan_err!("round_half_up takes a number and its decimals") };
        if !decimals.is_integer() {
            return plan_err!("round_half_up takes a whole number of decimals, not {decimals}");
        }
        let number = match number {
            DataType::Decimal128(..) => number.clone(),
            number if number.is_integer() => DataType::Decimal128(20, 0),
            number if number.is_floating() || *number == DataType::Null => DataType::Float64,
            number => return plan_err!("round_half_up takes a number, not {number}"),
        };
        Ok(vec![number, DataType::Int64])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("round_half_up needs its decimals written as a number")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let decimals = match args.scalar_arguments {
            [_, Some(ScalarValue::Int64(Some(decimals @ 0..=18)))] => *decimals as i8,
            _ => return plan_err!("round_half_up needs its decimals written as a number from 0 to 18"),
        };
        let kind = match args.arg_fields[0].data_type() {
            // Rounding up may need one digit more.
            DataType::Decimal128(precision, scale) if decimals < *scale => {
                let precision = i16::from(*precision) - i16::from(*scale) + i16::from(decimals) + 1;
                DataType::Decimal128(precision.clamp(1, 38) as u8, decimals)
            }
            kind => kind.clone(),
        };
        Ok(Arc::new(Field::new(self.name(), kind, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [number, ColumnarValue::Scalar(ScalarValue::Int64(Some(decimals)))] = args.args.as_slice() else {
            return exec_err!("round_half_up needs its decimals written as a number from 0 to 18");
        };
        let array = number.to_array(args.number_rows)?;
        let rounded: ColumnarValue = match (array.data_type(), args.return_field.data_type()) {
            (DataType::Decimal128(_, from), DataType::Decimal128(precision, to)) => {
                let unit = 10_i128.pow((from - to).unsigned_abs().into());
                let rounded: Decimal128Array = array.as_primitive::<Decimal128Type>().unary(|n| units_half_up(n, unit));
                ColumnarValue::Array(Arc::new(rounded.with_precision_and_scale(*precision, *to)?))
            }
            _ => {
                let decimals = *decimals as u8;
                let rounded: Float64Array = array.as_primitive::<Float64Type>().unary(|x| half_up(x, decimals));
                ColumnarValue::Array(Arc::new(rounded))
            }
        };
        match (number, rounded) {
            (ColumnarValue::Scalar(_), ColumnarValue::Array(array)) if args.number_rows > 0 => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
            (_, rounded) => Ok(rounded),
        }
    }
}

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
                let rounded: Decimal128Array = array.as_primitive::<Decimal128Type>().unary(|n| half_up(n, unit));
                ColumnarValue::Array(Arc::new(rounded.with_precision_and_scale(*precision, *to)?))
            }
            _ => {
                let decimals = *decimals as usize;
                let rounded: Float64Array =
                    array.as_primitive::<Float64Type>().unary(|x| half_up_as_written(x, decimals));
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

/// How many units `n` is, a half counting as one.
fn half_up(n: i128, unit: i128) -> i128 {
    let (whole, rest) = (n / unit, n % unit);
    if rest.abs() >= unit - rest.abs() && rest != 0 { whole + rest.signum() } else { whole }
}

fn half_up_as_written(x: f64, decimals: usize) -> f64 {
    let written = x.abs().to_string();
    let Some((whole, fraction)) = written.split_once('.').filter(|(_, fraction)| fraction.len() > decimals) else {
        return x;
    };
    let Ok(digits) = format!("{whole}{fraction}").parse() else { return x };
    let unit = 10_i128.checked_pow((fraction.len() - decimals) as u32);
    let rounded = unit.map_or(0, |unit| half_up(digits, unit));
    let text = format!("{rounded}e-{decimals}");
    text.parse::<f64>().map_or(x, |rounded| rounded.copysign(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (x, decimals, rounded) in [
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (2.675, 2, 2.68),
            (1.005, 2, 1.01),
            (274.149, 1, 274.1),
            (0.05, 1, 0.1),
            (0.04, 1, 0.0),
            (9.99, 1, 10.0),
            (1e300, 1, 1e300),
            (1e-300, 1, 0.0),
            (12.0, 3, 12.0),
        ] {
            assert_eq!(half_up_as_written(x, decimals), rounded, "{x}");
        }
        assert!(half_up_as_written(f64::NAN, 1).is_nan());
    }

    #[test]
    fn the_largest_decimals_are_rounded_too() {
        let most = 10_i128.pow(38) - 1;
        assert_eq!(half_up(most, 10_i128.pow(38)), 1);
        assert_eq!(half_up(-most, 10), -10_i128.pow(37));
    }
}

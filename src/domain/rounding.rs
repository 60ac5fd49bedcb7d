//! Rounding as published figures are rounded: halves go up.

/// Digits that a decimal keeps on its way through a double; what a sum or a quotient shows beyond them is noise.
const SIGNIFICANT: i32 = 15;

/// `value` to so many decimals, halves away from zero: 2.45 → 2.5, −2.45 → −2.5.
///
/// A half is one as it is written: 1.005 is a little less as a double and still becomes 1.01. The quotient of two whole
/// numbers comes out as exact arithmetic would round it, if it was multiplied before it was divided.
pub fn half_up(value: f64, decimals: u8) -> f64 {
    // Such as "2.87500000000000e1"; what is not finite has no exponent.
    let written = format!("{:.*e}", SIGNIFICANT as usize - 1, value.abs());
    let Some((digits, exponent)) = written.split_once('e') else { return value };
    let (Ok(digits), Ok(exponent)) = (digits.replace('.', "").parse(), exponent.parse::<i32>()) else { return value };
    let surplus = SIGNIFICANT - 1 - exponent - i32::from(decimals);
    let Ok(surplus @ 1..) = u32::try_from(surplus) else { return value };
    let rounded = 10_i128.checked_pow(surplus).map_or(0, |unit| units_half_up(digits, unit));
    let text = format!("{rounded}e-{decimals}");
    text.parse::<f64>().map_or(value, |rounded| rounded.copysign(value))
}

/// How many units `number` is, a half counting as one.
pub fn units_half_up(number: i128, unit: i128) -> i128 {
    let (whole, rest) = (number / unit, number % unit);
    if rest.abs() >= unit - rest.abs() && rest != 0 { whole + rest.signum() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up_and_away_from_zero() {
        for (value, decimals, rounded) in [
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (0.5, 0, 1.0),
            (2.45, 1, 2.5),
            (-2.45, 1, -2.5),
            (2.675, 2, 2.68),
            (1.005, 2, 1.01),
            (33.149, 1, 33.1),
            (274.149, 1, 274.1),
            (0.05, 1, 0.1),
            (0.04, 1, 0.0),
            (9.99, 1, 10.0),
            (12.0, 3, 12.0),
            (1e300, 1, 1e300),
            (1e-300, 1, 0.0),
            (9_007_199_254_740_991.0, 2, 9_007_199_254_740_991.0),
        ] {
            assert_eq!(half_up(value, decimals), rounded, "{value}");
        }
        assert!(half_up(f64::NAN, 1).is_nan() && half_up(f64::INFINITY, 1).is_infinite());
    }

    #[test]
    fn noise_in_the_last_bit_does_not_hide_a_half() {
        assert_eq!(half_up(23.0 / 80.0 * 100.0, 1), 28.8);
        assert_eq!(half_up(28.75 - 23.7, 1), 5.1);
    }

    #[test]
    fn the_largest_decimals_are_rounded_too() {
        let most = 10_i128.pow(38) - 1;
        assert_eq!(units_half_up(most, 10_i128.pow(38)), 1);
        assert_eq!(units_half_up(-most, 10), -10_i128.pow(37));
    }
}

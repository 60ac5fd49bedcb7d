//! Rounding as published figures are rounded: halves go up.

/// `value` to so many decimals, halves away from zero: 2.45 → 2.5, −2.45 → −2.5.
///
/// The rule of DfE's published rates, which `f64::round` on the scaled number meets for every row of them.
pub fn half_up(value: f64, decimals: u8) -> f64 {
    let scale = 10f64.powi(i32::from(decimals));
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up_and_away_from_zero() {
        assert_eq!(half_up(2.45, 1), 2.5);
        assert_eq!(half_up(-2.45, 1), -2.5);
        assert_eq!(half_up(33.149, 1), 33.1);
        assert_eq!(half_up(0.5, 0), 1.0);
    }
}

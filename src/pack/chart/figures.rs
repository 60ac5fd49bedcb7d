//! Numbers that analysis gives bare (limits, means, ticks), said as the indicator's own values are.

use crate::analysis::{Meta, Unit};

/// A number in the indicator's unit: `33.1%`, `41.2`, `1,204`.
pub(in crate::pack) fn figure(meta: &Meta, value: f64) -> String {
    // A mean of counts has a place behind the point even where each count has none, unless it is large.
    let decimals = match meta.unit {
        Unit::Count => usize::from(value.abs() < 100.0),
        Unit::Percent | Unit::Rate { .. } => usize::from(meta.decimals),
    };
    with_unit(meta, value, decimals)
}

/// A number with so many places behind the point, thousands apart, and its unit's sign.
pub(in crate::pack) fn with_unit(meta: &Meta, value: f64, decimals: usize) -> String {
    let sign = if matches!(meta.unit, Unit::Percent) { "%" } else { "" };
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let minus = if value < 0.0 && plain.chars().any(|c| c.is_ascii_digit() && c != '0') { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{minus}{grouped}{point}{fraction}{sign}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::sample;

    #[test]
    fn numbers_read_as_an_english_page_prints_them() {
        let meta = sample::meta("second-plans", Unit::Percent);
        assert_eq!(figure(&meta, 33.1), "33.1%");
        assert_eq!(with_unit(&meta, -0.04, 1), "0.0%");
        let meta = sample::meta("episodes", Unit::Count);
        assert_eq!(figure(&meta, 12345.67), "12,346");
        assert_eq!(with_unit(&meta, -1234.0, 0), "−1,234");
    }
}

//! Cells written the plain way, as nearly all are: read in a few steps, or not at all.
//!
//! What these functions read, [`cell`](super::cell) reads the same; whatever is unusual in any way they leave to it.

/// A whole or decimal number of plain digits, in units of ten to the minus scale.
pub(super) fn number(text: &str, scale: i8) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (mut units, mut places) = (0_i64, None);
    // So many digits fit, with as many zeros behind them as a scale asks for.
    if digits.is_empty() || digits.len() > 12 || !(0..=6).contains(&scale) || !digits[0].is_ascii_digit() {
        return None;
    }
    for byte in digits {
        match (byte, places) {
            (b'0'..=b'9', None) => units = units * 10 + i64::from(byte - b'0'),
            (b'0'..=b'9', Some(more)) if more < scale => {
                units = units * 10 + i64::from(byte - b'0');
                places = Some(more + 1);
            }
            (b'.', None) => places = Some(0),
            _ => return None,
        }
    }
    for _ in places.unwrap_or(0)..scale {
        units *= 10;
    }
    Some(if negative { -units } else { units })
}

/// Days since 1970 of a date written as `2025-07-01` or `01/07/2025`.
pub(super) fn date(text: &str) -> Option<i32> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let digits = |at: usize| {
        let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then(|| i32::from(tens) * 10 + i32::from(ones))
    };
    let (year, month, day) = match bytes {
        [_, _, _, _, b'-', _, _, b'-', ..] => (digits(0)? * 100 + digits(2)?, digits(5)?, digits(8)?),
        [_, _, b'/', _, _, b'/', ..] => (digits(6)? * 100 + digits(8)?, digits(3)?, digits(0)?),
        _ => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March put the leap day at their end (H. Hinnant, "chrono-compatible low-level date
    // algorithms").
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + day_of_year - 719_468)
}

/// Whether a text needs no trimming, as far as its first and last byte tell.
pub(super) fn is_trimmed(text: &str) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_graphic();
    let bytes = text.as_bytes();
    (bytes.first().is_some_and(is_plain) && bytes.last().is_some_and(is_plain)) || text.trim().len() == text.len()
}

#[cfg(test)]
mod tests {
    use jiff::civil;
    use proptest::prelude::*;

    use super::*;
    use crate::check::cell::{self, Number};

    fn days(date: civil::Date) -> i32 {
        (date - civil::date(1970, 1, 1)).get_days()
    }

    #[test]
    fn every_day_of_four_centuries_is_the_calendars() {
        let mut day = civil::date(1799, 12, 31);
        while day < civil::date(2200, 3, 2) {
            let (year, month, of_month) = (day.year(), day.month(), day.day());
            assert_eq!(date(&format!("{year:04}-{month:02}-{of_month:02}")), Some(days(day)));
            assert_eq!(date(&format!("{of_month:02}/{month:02}/{year:04}")), Some(days(day)));
            day = day.tomorrow().unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn what_is_read_quickly_is_read_carefully_too(
            text in prop_oneof![
                "-?[0-9]{0,14}(\\.[0-9]{0,7})?",
                "[0-9+,.%eE() -]{0,12}",
                "[0-9]{4}-[0-9]{2}-[0-9]{2}",
                "[0-3][0-9]/[01][0-9]/[0-9]{4}",
                "[0-9/-]{10}",
                "\\PC{0,12}",
            ],
            scale in 0_i8..8,
        ) {
            if let Some(units) = number(&text, scale) {
                for precision in [18, 28] {
                    let careful = cell::number(&text, scale, precision, &[]);
                    prop_assert_eq!(careful, Number::Value { units: i128::from(units), rounded: false });
                }
            }
            if let Some(found) = date(&text) {
                prop_assert_eq!(Some(found), cell::date(&text).map(days));
            }
            prop_assert_eq!(is_trimmed(&text) || text.is_empty(), text.trim() == text);
        }
    }
}

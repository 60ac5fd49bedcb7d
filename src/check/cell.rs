//! Reads one cell's text as what its column holds.

use std::{borrow::Cow, ops::RangeInclusive};

use jiff::civil::Date;

use crate::domain::{MONTHS, Period, Status, StraddlingYear, period_of_heading};

/// What a number's cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// A number, as a whole multiple of ten to the minus scale; whether digits were rounded away.
    Value { units: i128, rounded: bool },
    /// A published symbol: the reason there is none.
    Symbol(Status),
    /// A text the return takes for "not available".
    Missing,
    /// A number of more digits than there is room for.
    TooLarge,
    /// Something else.
    Unreadable,
}

/// Reads a number with `scale` decimal places and at most `precision` digits.
///
/// Thousands separators, a percent sign and an exponent are understood; digits beyond the scale round half up, away
/// from zero.
pub(super) fn number(text: &str, scale: i8, precision: u8, missing: &[String]) -> Number {
    let text = text.trim();
    if let Some(status) = Status::from_symbol(text) {
        return Number::Symbol(status);
    }
    if missing.iter().any(|word| word.trim() == text) {
        return Number::Missing;
    }
    let as_typed = if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(typed(text)) };
    let text = as_typed.as_ref();
    match Digits::read(text.strip_suffix('%').unwrap_or(text).trim_end()) {
        Some(digits) => digits.scaled(scale, precision),
        None => Number::Unreadable,
    }
}

/// A number with the signs of a keyboard in place of those of a typesetter: a true minus, spaces that do not break between
/// thousands.
fn typed(text: &str) -> String {
    let plain = |c| match c {
        '\u{2212}' => '-',
        '\u{a0}' | '\u{202f}' | '\u{2009}' => ',',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// The number in brackets, as accounts write one below zero.
fn in_brackets(text: &str) -> Option<&str> {
    text.strip_prefix('(')?.strip_suffix(')').map(str::trim).filter(|inner| !inner.starts_with(['-', '+']))
}

/// A decimal number as written.
struct Digits {
    negative: bool,
    digits: Vec<u8>,
    /// How many of the digits stand before the point; fewer than none or more than there are with an exponent.
    point: i32,
}

impl Digits {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match (text.strip_prefix('-'), in_brackets(text)) {
            (Some(rest), _) | (None, Some(rest)) => (true, rest),
            (None, None) => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, exponent)) => (text, exponent.parse::<i32>().ok().filter(|e| e.abs() < 400)?),
            None => (text, 0),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = without_separators(whole)?;
        if (whole.is_empty() && fraction.is_empty()) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        Some(Self { negative, digits, point: i32::try_from(whole.len()).ok()? + exponent })
    }

    /// Whether the last so many digits are a machine's, which has about fifteen, and not the sender's: the end of
    /// 274.10000000000002 or 8.1999999999999993.
    fn is_noise(&self, last: usize) -> bool {
        let first = self.digits.iter().position(|digit| *digit != 0).unwrap_or(0);
        let Some(kept) = self.digits.len().checked_sub(last).filter(|_| self.digits.len() > first + 15) else {
            return false;
        };
        let shown = &self.digits[kept.min(first + 14)..first + 14];
        shown.len() >= 2 && (shown.iter().all(|digit| *digit == 0) || shown.iter().all(|digit| *digit == 9))
    }

    fn scaled(&self, scale: i8, precision: u8) -> Number {
        let most = 10_i128.pow(u32::from(precision));
        // A negative place is a digit that is not written: nothing but zeros stand before it.
        let kept = self.point + i32::from(scale);
        let mut units: i128 = 0;
        for at in 0..kept {
            let digit = usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(0);
            units = units * 10 + i128::from(digit);
            if units > most {
                return Number::TooLarge;
            }
        }
        let beyond = usize::try_from(kept.max(0)).ok().and_then(|kept| self.digits.get(kept..)).unwrap_or(&[]);
        if kept >= 0 && beyond.first().is_some_and(|digit| *digit >= 5) {
            units += 1;
        }
        if units >= most {
            return Number::TooLarge;
        }
        let rounded = beyond.iter().any(|digit| *digit != 0) && !self.is_noise(beyond.len());
        Number::Value { units: if self.negative { -units } else { units }, rounded }
    }
}

/// The digits of a whole number; commas only where they part thousands.
fn without_separators(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    let mut digits = first.to_owned();
    let mut grouped = false;
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        grouped = true;
        digits.push_str(group);
    }
    let good = digits.bytes().all(|b| b.is_ascii_digit()) && (!grouped || (1..=3).contains(&first.len()));
    good.then_some(digits)
}

/// Reads a date as it is written in the United Kingdom, with a midnight behind it or none: day, month and year parted by
/// `/`, `-`, `.` or a space, the month by its number or its name, or ISO. Of a year of two digits, 00 to 49 are 2000 to
/// 2049, and 50 to 99 are 1950 to 1999.
pub(super) fn date(text: &str) -> Option<Date> {
    let day = without_midnight(text.trim());
    let is_iso = day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && day.len() >= 8;
    if is_iso && let Ok(date) = day.parse() {
        return Some(date);
    }
    let mark = day.chars().find(|c| !c.is_ascii_digit()).filter(|c| ['/', '-', '.', ' '].contains(c))?;
    let mut parts = day.split(mark);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let month = number_of(month, 1..=2).or_else(|| month_called(month).filter(|_| mark == '-' || mark == ' '))?;
    let year = match number_of(year, 2..=4)? {
        short if year.len() == 2 => short + if short < 50 { 2000 } else { 1900 },
        _ if year.len() == 3 => return None,
        long => long,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(number_of(day, 1..=2)?).ok()?).ok()
}

/// A number of so many digits and nothing else.
fn number_of(text: &str, digits: RangeInclusive<usize>) -> Option<i16> {
    let is_one = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| text.parse().ok()).flatten()
}

/// The month of a name, whole or short, as in `June`, `Jun` and `Sept`.
fn month_called(name: &str) -> Option<i16> {
    let name = name.to_ascii_lowercase();
    let is_it = |whole: &&str| {
        **whole == *name || whole.get(..3) == Some(&name) || (name == "sept" && whole.starts_with("sept"))
    };
    MONTHS.iter().zip(1..).find(|(whole, _)| is_it(whole)).map(|(_, month)| month)
}

/// A text without the midnight that programs write behind a day: `00:00`, `00:00:00` or `00:00:00.000`.
fn without_midnight(text: &str) -> &str {
    let Some((day, time)) = text.rsplit_once([' ', 'T']) else { return text };
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_midnight = ["00:00:00", "00:00", "0:00:00", "0:00"].contains(&whole)
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte == b'0');
    if is_midnight { day.trim_end() } else { text }
}

/// Whether a text is a time of day or a duration: 00:10 or 36:30:00.
pub(super) fn is_time(text: &str) -> bool {
    let mut parts = text.trim().split(':');
    let (Some(hours), Some(minutes)) = (parts.next(), parts.next()) else { return false };
    let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    !hours.is_empty()
        && hours.bytes().all(|byte| byte.is_ascii_digit())
        && two(minutes)
        && parts.next().is_none_or(two)
        && parts.next().is_none()
}

/// Reads yes or no.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    match is_one_of(["yes", "y", "true", "1"]) {
        true => Some(true),
        false => is_one_of(["no", "n", "false", "0"]).then_some(false),
    }
}

/// Reads the period that a row says it is of, where `asked` is the one it should be: an identifier, a date for a
/// release, or the words people know the periods around `asked` by, with or without "(Q1)".
pub(super) fn period(text: &str, asked: Period) -> Option<Period> {
    let text = text.trim();
    if let Ok(period) = text.parse() {
        return Some(period);
    }
    if let (Period::Release { .. }, Some(date)) = (asked, date(text)) {
        return Some(Period::Release { date });
    }
    if !matches!(asked, Period::Release { .. }) {
        let years = match asked {
            Period::AcademicYear { .. } => StraddlingYear::Academic,
            _ => StraddlingYear::Financial,
        };
        if let Some(period) = period_of_heading(text, Some(years)) {
            return Some(period);
        }
    }
    let text = in_full(text);
    let before = std::iter::successors(Some(asked), |period| period.previous()).take(13);
    let after = std::iter::successors(asked.next(), |period| period.next()).take(12);
    let is_meant = |period: &Period| {
        let words = period.human();
        let short = words.split_once(" (").map_or(words.as_str(), |(short, _)| short);
        [words.as_str(), short].iter().any(|words| words.eq_ignore_ascii_case(&text))
    };
    before.chain(after).find(is_meant)
}

/// A run of months as a sentence has it: `Jul-Sep 2026` is "july to september 2026".
fn in_full(text: &str) -> String {
    let parted = text.replace(['\u{2013}', '\u{2014}', '-'], " to ");
    let words = parted.split_whitespace().map(|word| {
        let is_letters = word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let month = month_called(word).filter(|_| is_letters && word.len() >= 3);
        let whole = month.and_then(|month| MONTHS.get(usize::try_from(month - 1).ok()?));
        whole.map_or_else(|| word.to_lowercase(), |whole| (*whole).to_owned())
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str, scale: i8) -> Option<(i128, bool)> {
        match number(text, scale, 18, &[]) {
            Number::Value { units, rounded } => Some((units, rounded)),
            _ => None,
        }
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (text, scale, expected) in [
            ("41", 0, Some((41, false))),
            ("1,234", 0, Some((1234, false))),
            ("41.0", 0, Some((41, false))),
            ("12.5%", 1, Some((125, false))),
            ("274.10000000000002", 1, Some((2741, false))),
            ("8.1999999999999993", 1, Some((82, false))),
            ("0.30000000000000004", 1, Some((3, false))),
            ("0.3333333333333333", 2, Some((33, true))),
            ("12345678901.123456", 2, Some((1_234_567_890_112, true))),
            ("0.25", 1, Some((3, true))),
            ("-3", 0, Some((-3, false))),
            ("(3)", 0, Some((-3, false))),
            ("( 1,234.5 )", 1, Some((-12345, false))),
            ("(-3)", 0, None),
            ("(3", 0, None),
            ("1e-05", 6, Some((10, false))),
            ("1.5E2", 0, Some((150, false))),
            ("12,34", 0, None),
            ("1234,567", 0, None),
            ("\u{2212}5", 0, Some((-5, false))),
            ("1\u{a0}234", 0, Some((1234, false))),
            ("12\u{a0}34", 0, None),
            ("１２", 0, None),
            ("forty", 0, None),
            (".", 0, None),
            ("0.5", 0, Some((1, true))),
            ("1e-300", 2, Some((0, true))),
            ("1e", 0, None),
            ("-", 0, None),
        ] {
            assert_eq!(units(text, scale), expected, "{text}");
        }
    }

    #[test]
    fn a_missing_number_keeps_its_reason() {
        let read = |text: &str| number(text, 0, 18, &["-".into()]);
        assert_eq!(read("c"), Number::Symbol(Status::C));
        assert_eq!(read(":"), Number::Symbol(Status::X));
        assert_eq!(read("-"), Number::Missing);
        assert_eq!(number("-", 0, 18, &[]), Number::Unreadable);
        assert_eq!(number("", 0, 18, &[]), Number::Unreadable);
    }

    #[test]
    fn a_number_without_room_is_not_cut() {
        assert_eq!(number("999", 0, 3, &[]), Number::Value { units: 999, rounded: false });
        for text in ["1000", "1e300", "99999999999999999999999999999999999999999"] {
            assert_eq!(number(text, 0, 3, &[]), Number::TooLarge, "{text}");
        }
    }

    #[test]
    fn dates_are_read_as_written_in_the_united_kingdom() {
        let day = |year, month, day| Date::new(year, month, day).ok();
        for (text, expected) in [
            ("2025-07-01", day(2025, 7, 1)),
            ("01/07/2025", day(2025, 7, 1)),
            ("1/7/2025", day(2025, 7, 1)),
            ("1/7/25", day(2025, 7, 1)),
            ("01/07/49", day(2049, 7, 1)),
            ("01/07/50", day(1950, 7, 1)),
            ("01/07/99", day(1999, 7, 1)),
            ("01/07/00", day(2000, 7, 1)),
            ("30/06/2025 00:00", day(2025, 6, 30)),
            ("30/06/2025 00:00:00", day(2025, 6, 30)),
            ("30/06/2025 0:00", day(2025, 6, 30)),
            ("2025-06-30 00:00:00", day(2025, 6, 30)),
            ("2025-06-30 00:00", day(2025, 6, 30)),
            ("2025-06-30T00:00:00", day(2025, 6, 30)),
            ("2025-06-30 00:00:00.000", day(2025, 6, 30)),
            ("30-06-2025", day(2025, 6, 30)),
            ("30.06.2025", day(2025, 6, 30)),
            ("30.6.25", day(2025, 6, 30)),
            ("30 06 2025", day(2025, 6, 30)),
            ("30 June 2025", day(2025, 6, 30)),
            ("30 Jun 2025", day(2025, 6, 30)),
            ("30-Jun-25", day(2025, 6, 30)),
            ("30-JUN-2025", day(2025, 6, 30)),
            ("1 sept 2025", day(2025, 9, 1)),
            (" 5 May 2025 00:00 ", day(2025, 5, 5)),
            ("30/06/2025 09:30", None),
            ("2025-06-30T09:30:00", None),
            ("2025-06-30 00:00:01", None),
            ("2025-06-30 00:00:00.001", None),
            ("2025-06-30T00:00:00Z", None),
            ("06/30/2025", None),
            ("31/02/2025", None),
            ("29/02/2025", None),
            ("29/02/2024", day(2024, 2, 29)),
            ("30/06/025", None),
            ("30/06-2025", None),
            ("30/Jun/2025", None),
            ("30 Ju 2025", None),
            ("30 Junes 2025", None),
            ("30/06/2025/1", None),
            ("1/7", None),
            ("June 2025", None),
            ("2025-26", None),
            ("2025-26-Q1", None),
            ("45838", None),
            ("", None),
        ] {
            assert_eq!(date(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_time_is_no_number() {
        assert!(["00:10", "36:30:00", "9:05"].into_iter().all(is_time));
        assert!(!["", "10", "1:5", "1:2:3:4", "a:10", ":10", "10:00:0"].into_iter().any(is_time));
    }

    #[test]
    fn a_period_is_read_as_people_write_it() {
        let asked: Period = "2025-26-Q1".parse().unwrap();
        let read = |text: &str| period(text, asked).map(|period| period.to_string());
        assert_eq!(read("2025-26-Q1").as_deref(), Some("2025-26-Q1"));
        assert_eq!(read("April to June 2025 (Q1)").as_deref(), Some("2025-26-Q1"));
        assert_eq!(read(" january to march 2025").as_deref(), Some("2024-25-Q4"));
        for text in
            ["Q1 2025/26", "2025-26 Q1", "Q1 25/26", "Apr-Jun 2025", "April - June 2025", "April \u{2013} June 2025"]
        {
            assert_eq!(read(text).as_deref(), Some("2025-26-Q1"), "{text}");
        }
        assert_eq!(read("last quarter"), None);
        let release: Period = "2025-07-14".parse().unwrap();
        assert_eq!(period("14/07/2025", release), Some(release));
    }
}

//! What a cell holds, as text.
//!
//! Whole numbers have no point, others at most the fifteen digits that a spreadsheet shows; what is shown as a percentage
//! is written as one; dates and times are ISO, durations `hours:minutes:seconds`.

use std::fmt::Write;

use calamine::{Data, DataRef, ExcelDateTime};

/// How a cell is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Text,
    Number,
    /// Dates, truth values, errors.
    Other,
}

pub(super) fn write_ref(held: &DataRef<'_>, percent: bool, out: &mut String) -> Stored {
    match held {
        DataRef::Int(whole) => number(*whole as f64, percent, out),
        DataRef::Float(float) => number(*float, percent, out),
        DataRef::String(text) => plain(text, out),
        DataRef::SharedString(text) => plain(text, out),
        DataRef::Bool(truth) => other(if *truth { "true" } else { "false" }, out),
        DataRef::DateTime(at) => date(at, out),
        DataRef::DateTimeIso(text) => other(text.strip_suffix("T00:00:00").unwrap_or(text), out),
        DataRef::DurationIso(text) => duration_iso(text, out),
        DataRef::Error(error) => other(&error.to_string(), out),
        DataRef::Empty => Stored::Other,
    }
}

pub(super) fn write(held: &Data, percent: bool, out: &mut String) -> Stored {
    match held {
        Data::Int(whole) => number(*whole as f64, percent, out),
        Data::Float(float) => number(*float, percent, out),
        Data::String(text) => plain(text, out),
        Data::Bool(truth) => other(if *truth { "true" } else { "false" }, out),
        Data::DateTime(at) => date(at, out),
        Data::DateTimeIso(text) => other(text.strip_suffix("T00:00:00").unwrap_or(text), out),
        Data::DurationIso(text) => duration_iso(text, out),
        Data::Error(error) => other(&error.to_string(), out),
        Data::Empty => Stored::Other,
    }
}

fn plain(text: &str, out: &mut String) -> Stored {
    out.push_str(text);
    Stored::Text
}

fn other(text: &str, out: &mut String) -> Stored {
    out.push_str(text);
    Stored::Other
}

fn number(number: f64, percent: bool, out: &mut String) -> Stored {
    float(if percent { number * 100.0 } else { number }, out);
    if percent {
        out.push('%');
    }
    Stored::Number
}

/// Numbers up to here are whole numbers exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn float(number: f64, out: &mut String) {
    if number.fract() == 0.0 && number.abs() < EXACT {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}", number as i64);
        return;
    }
    let start = out.len();
    let _ = write!(out, "{number}");
    let digits = out[start..].trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if digits > 15 && out[start..].contains('.') {
        // The sixteenth digit is the machine's, not the sender's: 0.1 + 0.2.
        let shown = format!("{number:.14e}").parse().unwrap_or(number);
        out.truncate(start);
        let _ = write!(out, "{shown}");
    }
}

fn date(at: &ExcelDateTime, out: &mut String) -> Stored {
    let serial = at.as_f64();
    if at.is_duration() && serial >= 0.0 {
        let seconds = (serial * 86_400.0).round() as u64;
        let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        return Stored::Other;
    }
    if at.is_duration() || !(0.0..2_958_466.0).contains(&serial) {
        // No date has such a number: the number itself is the honest text.
        float(serial, out);
        return Stored::Number;
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let whole = serial.fract() == 0.0;
    // Day 0 of 1900 is no day, but midnight, or the date of an empty cell that a formula points to.
    let is_day = serial >= 1.0 || (whole && year != 1899);
    if is_day {
        let _ = write!(out, "{year:04}-{month:02}-{day:02}");
    }
    if !(whole && is_day) {
        let separator = if is_day { "T" } else { "" };
        let _ = write!(out, "{separator}{hour:02}:{minute:02}:{second:02}");
        if milli > 0 {
            let _ = write!(out, ".{milli:03}");
        }
    }
    Stored::Other
}

/// `PT00H10M00S` as `00:10:00`; what is written otherwise stays as it is.
fn duration_iso(text: &str, out: &mut String) -> Stored {
    let parts = || -> Option<(u64, u64, u64)> {
        let (hours, rest) = text.strip_prefix("PT")?.split_once('H')?;
        let (minutes, rest) = rest.split_once('M')?;
        let seconds = rest.strip_suffix('S')?.split('.').next()?;
        Some((hours.parse().ok()?, minutes.parse().ok()?, seconds.parse().ok()?))
    };
    match parts() {
        Some((hours, minutes, seconds)) => {
            let _ = write!(out, "{hours:02}:{minutes:02}:{seconds:02}");
            Stored::Other
        }
        None => other(text, out),
    }
}

/// Whether a number format shows a percentage: a percent sign that is no literal.
pub(super) fn is_percent(format: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for c in format.chars() {
        match c {
            _ if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' | '_' | '*' if !quoted => escaped = true,
            ';' if !quoted => return false,
            '%' if !quoted => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    use super::*;

    fn written(held: Data, percent: bool) -> String {
        let mut out = String::new();
        write(&held, percent, &mut out);
        out
    }

    #[test]
    fn numbers_have_the_digits_a_spreadsheet_shows() {
        for (number, expected) in [
            (1234.0, "1234"),
            (-3.0, "-3"),
            (274.1_f64.next_up(), "274.1"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333333"),
            (8.2_f64.next_down(), "8.2"),
            (0.000_012_5, "0.0000125"),
            (9_434_765_919.0, "9434765919"),
            (1e20, "100000000000000000000"),
        ] {
            assert_eq!(written(Data::Float(number), false), expected);
        }
    }

    #[test]
    fn what_is_shown_as_a_percentage_is_written_as_one() {
        assert_eq!(written(Data::Float(0.12), true), "12%");
        assert_eq!(written(Data::Float(0.07), true), "7%");
        assert_eq!(written(Data::Float(0.1234), true), "12.34%");
        assert!(is_percent("0%") && is_percent("0.00%;[Red]-0.00%") && is_percent("\"share\" 0%"));
        assert!(!is_percent("0.0\"%\"") && !is_percent("0\\%") && !is_percent("0;0%") && !is_percent("General"));
    }

    #[test]
    fn dates_are_read_in_both_systems() {
        let day = |serial, is_1904| written(Data::DateTime(ExcelDateTime::new(serial, DateTime, is_1904)), false);
        assert_eq!(day(45_838.0, false), "2025-06-30");
        assert_eq!(day(44_376.0, true), "2025-06-30");
        assert_eq!(day(45_838.5, false), "2025-06-30T12:00:00");
        assert_eq!(day(60.0, false), "1900-02-29", "a day that never was, as the spreadsheet shows it");
        assert_eq!(day(0.25, false), "06:00:00");
        assert_eq!((day(0.0, true), day(0.0, false)), ("1904-01-01".into(), "00:00:00".into()));
        assert_eq!(day(-1.0, false), "-1");
        assert_eq!(written(Data::DateTimeIso("2025-06-30T00:00:00".into()), false), "2025-06-30");
    }

    #[test]
    fn durations_count_hours_beyond_a_day() {
        let long = ExcelDateTime::new(1.5 + 10.0 / 1440.0, TimeDelta, false);
        assert_eq!(written(Data::DateTime(long), false), "36:10:00");
        let ten_minutes = ExcelDateTime::new(10.0 / 1440.0, DateTime, false);
        assert_eq!(written(Data::DateTime(ten_minutes), false), "00:10:00");
        assert_eq!(written(Data::DurationIso("PT00H10M00S".into()), false), "00:10:00");
        assert_eq!(written(Data::DurationIso("P1D".into()), false), "P1D");
    }
}

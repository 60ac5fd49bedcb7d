//! Figures as a page prints them.

use super::{
    disclosed::{Kind, Meta, Shown, Unit},
    figures::Cell,
    rounding::half_up,
};
use crate::domain::Period;

/// A number with separators between thousands, and a true minus: `−1,234.5`.
pub(super) fn number(value: f64, decimals: u8) -> String {
    let rounded = half_up(value, decimals);
    let digits = format!("{:.*}", usize::from(decimals), rounded.abs());
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let sign = if rounded < 0.0 { "−" } else { "" };
    format!("{sign}{text}{rest}")
}

/// A value in its unit: `33.1%`, `41`, `40.2`.
pub(super) fn value(value: f64, unit: Unit, decimals: u8) -> String {
    let text = number(value, decimals);
    if unit == Unit::Percent { text + "%" } else { text }
}

/// A count: whole where it is whole, else with one place, as staff in full-time equivalents are.
pub(super) fn count(value: f64) -> String {
    number(value, u8::from(value.fract() != 0.0))
}

/// A cell as it may be shown, its number in the words of `say`.
pub(super) fn shown(cell: Cell, say: impl Fn(f64) -> String) -> Shown {
    let text = match cell {
        Cell::Number(number) => say(number),
        Cell::Missing(status) => status.words().to_owned(),
        Cell::Small(most) => format!("1 to {most}, hidden"),
        Cell::Withheld => "hidden".to_owned(),
    };
    Shown { value: cell.number(), status: cell.status(), text }
}

/// A difference with its sign: `−5.0`, `+3`; points are not marked as such.
pub(super) fn difference(value: f64, decimals: u8) -> String {
    let text = number(value, decimals);
    if half_up(value, decimals) > 0.0 { format!("+{text}") } else { text }
}

/// `1st`, `2nd`, `113th`.
pub(super) fn ordinal(n: usize) -> String {
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// Small numbers in words, as running text has them.
pub(super) fn in_words(n: usize) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(n).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

/// "1 figure is", "3 figures are".
pub(super) fn figures_are(n: usize) -> String {
    if n == 1 { "1 figure is".to_owned() } else { format!("{n} figures are") }
}

/// The first letter in upper case.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// When a value was true: "in April to June 2025 (Q1)", "on 30 June 2025".
pub(super) fn when(period: Period, kind: Kind) -> String {
    match (kind, period) {
        (Kind::Snapshot, _) | (_, Period::Release { .. }) => {
            format!("on {}", Period::Release { date: period.end() }.human())
        }
        (Kind::Flow, Period::FinancialYear { .. } | Period::AcademicYear { .. } | Period::Week { .. }) => {
            format!("in the {}", period.human())
        }
        (Kind::Flow, _) => format!("in {}", period.human()),
    }
}

/// A period without the name it bears in tables: "April to June 2025".
pub(super) fn plain(period: Period) -> String {
    without_name(&period.human()).to_owned()
}

/// The text without a name in brackets at its end: "in April to June 2025 (Q1)" → "in April to June 2025".
pub(super) fn without_name(when: &str) -> &str {
    when.rsplit_once(" (").map_or(when, |(plain, _)| plain)
}

/// What one such period is called.
pub(super) fn period_noun(period: Period) -> &'static str {
    match period {
        Period::Quarter { .. } => "quarter",
        Period::Half { .. } => "half-year",
        Period::FinancialYear { .. } | Period::CalendarYear { .. } => "year",
        Period::AcademicYear { .. } => "school year",
        Period::Term { .. } => "term",
        Period::Month { .. } => "month",
        Period::Week { .. } => "week",
        Period::TwoMonths { .. } | Period::TwoYears { .. } => "period",
        Period::Release { .. } => "release",
    }
}

/// So many of such periods: "seven quarters", "one month".
pub(super) fn periods(n: usize, period: Period) -> String {
    format!("{} {}{}", in_words(n), period_noun(period), if n == 1 { "" } else { "s" })
}

/// A limit or a mean; that of counts has a place behind the point, unless it is large.
pub(super) fn limit(bound: f64, meta: &Meta) -> String {
    let decimals = if meta.unit == Unit::Count { u8::from(bound.abs() < 100.0) } else { meta.decimals };
    value(bound, meta.unit, decimals)
}

/// The target, as people say it: "90%".
pub(super) fn target(meta: &Meta) -> Option<String> {
    let target = meta.target?;
    Some(value(target, meta.unit, if target.fract() == 0.0 { 0 } else { meta.decimals }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(-1_234.55, 1), "−1,234.6");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(value(33.149, Unit::Percent, 1), "33.1%");
        assert_eq!(value(40.25, Unit::Rate { per: 10_000 }, 1), "40.3");
        assert_eq!((count(41.0), count(108.1)), ("41".to_owned(), "108.1".to_owned()));
        assert_eq!((difference(-5.0, 1), difference(3.0, 0)), ("−5.0".to_owned(), "+3".to_owned()));
        assert_eq!([1, 2, 3, 4, 11, 112, 144].map(ordinal).join(" "), "1st 2nd 3rd 4th 11th 112th 144th");
    }

    #[test]
    fn what_is_not_there_says_why() {
        let text = |cell| shown(cell, count).text;
        assert_eq!(text(Cell::Small(5)), "1 to 5, hidden");
        assert_eq!(text(Cell::Withheld), "hidden");
        assert_eq!(text(Cell::Missing(Status::X)), "not available");
        assert_eq!(shown(Cell::Small(5), count).value, None);
    }
}

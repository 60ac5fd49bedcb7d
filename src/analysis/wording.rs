//! Figures as a page prints them.

use super::{
    disclosed::{Kind, Meta, Shown, Unit},
    figures::Cell,
};
use crate::domain::{
    Period,
    rounding::half_up,
    words::{decimal, several},
};

/// A value in its unit: `33.1%`, `41`, `40.2`.
pub(super) fn value(value: f64, unit: Unit, decimals: u8) -> String {
    let text = decimal(value, decimals);
    if unit == Unit::Percent { text + "%" } else { text }
}

/// A count: whole where it is whole, else with one place, as staff in full-time equivalents are.
pub(super) fn count(value: f64) -> String {
    decimal(value, u8::from(value.fract() != 0.0))
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
    let text = decimal(value, decimals);
    if half_up(value, decimals) > 0.0 { format!("+{text}") } else { text }
}

/// "1 figure is", "3 figures are".
pub(super) fn figures_are(n: usize) -> String {
    if n == 1 { "1 figure is".to_owned() } else { format!("{n} figures are") }
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
    let noun = period_noun(period);
    several(n, noun, &format!("{noun}s"))
}

impl Meta {
    /// A value in the indicator's unit: `33.1%`, `41`, `40.2`.
    pub fn value(&self, value: f64, decimals: u8) -> String {
        self::value(value, self.unit, decimals)
    }

    /// A limit or a mean; that of counts has a place behind the point, unless it is large.
    pub fn limit(&self, bound: f64) -> String {
        let decimals = if self.unit == Unit::Count { u8::from(bound.abs() < 100.0) } else { self.decimals };
        self.value(bound, decimals)
    }

    /// The target, as people say it: `90%`.
    pub fn target_in_words(&self) -> Option<String> {
        let target = self.target?;
        Some(self.value(target, if target.fract() == 0.0 { 0 } else { self.decimals }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!(value(33.149, Unit::Percent, 1), "33.1%");
        assert_eq!(value(40.25, Unit::Rate { per: 10_000 }, 1), "40.3");
        assert_eq!((count(41.0), count(108.1)), ("41".to_owned(), "108.1".to_owned()));
        assert_eq!((difference(-5.0, 1), difference(3.0, 0)), ("−5.0".to_owned(), "+3".to_owned()));
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

//! Counts that run on from the beginning of a year: each period's own is what it adds.
//!
//! A count that falls within its year was restated, and is not a value; a share that runs on cannot be taken apart, so a
//! numerator and a denominator are asked for.

use jiff::civil::Date;

use super::{
    disclosed::Kind,
    figures::{Cell, Figures, Row},
};
use crate::{
    domain::{Period, Status},
    settings::Section,
};

/// The year at whose beginning the counts start anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Year {
    /// April to March.
    Financial,
    /// January to December.
    Calendar,
    /// September to August.
    Academic,
}

impl Year {
    /// Reads `cumulative`; what is wrong is told to the section.
    pub(super) fn settle(root: &mut Section<'_>, kind: Option<Kind>) -> Option<Self> {
        let year = root.one_of_opt("cumulative", &["financial-year", "calendar-year", "academic-year"])?;
        if kind == Some(Kind::Snapshot) {
            let expected = "a flow: what is counted on a day does not run on";
            root.refuse("cumulative", expected, "kind = \"flow\", or leave the line out");
        }
        Some(match year {
            "calendar-year" => Self::Calendar,
            "academic-year" => Self::Academic,
            _ => Self::Financial,
        })
    }

    fn first_month(self) -> i8 {
        match self {
            Self::Financial => 4,
            Self::Calendar => 1,
            Self::Academic => 9,
        }
    }

    /// The calendar year in which the year of a day begins.
    fn begins(self, day: Date) -> i16 {
        day.year() - i16::from(day.month() < self.first_month())
    }

    /// Whether a period is the first of its year.
    fn is_first(self, period: Period) -> bool {
        let start = period.start();
        start.month() == self.first_month() && start.day() == 1
    }
}

/// Takes the counts apart; answers with the periods in which one fell.
pub(super) fn difference(figures: &mut Figures, year: Year, denominators_too: bool) -> Vec<Period> {
    let mut fell = Vec::new();
    let parts = figures.categories.iter_mut().map(|part| &mut part.rows);
    for rows in std::iter::once(&mut figures.rows).chain(parts) {
        let sent = rows.clone();
        for (at, row) in rows.iter_mut().enumerate() {
            let before = at.checked_sub(1).and_then(|before| sent.get(before));
            let before = before.filter(|before| year.begins(before.period.end()) == year.begins(row.period.end()));
            if apart(row, before, year, denominators_too) && !fell.contains(&row.period) {
                fell.push(row.period);
            }
        }
    }
    fell
}

/// What one period adds; says whether a count fell.
fn apart(row: &mut Row, before: Option<&Row>, year: Year, denominators_too: bool) -> bool {
    // What came before it in the year is not known.
    let Some(before) = before else {
        if !year.is_first(row.period) {
            row.numerator = Cell::Missing(Status::X);
        }
        return false;
    };
    let mut fell = false;
    row.numerator = added(row.numerator, before.numerator, &mut fell);
    if denominators_too && let (Some(now), Some(then)) = (row.denominator, before.denominator) {
        row.denominator = Some(added(now, then, &mut fell));
    }
    fell
}

fn added(now: Cell, before: Cell, fell: &mut bool) -> Cell {
    match (now, before) {
        (Cell::Number(now), Cell::Number(before)) if now < before => {
            *fell = true;
            Cell::Missing(Status::X)
        }
        (Cell::Number(now), Cell::Number(before)) => Cell::Number(now - before),
        (Cell::Number(_), unknown) => unknown,
        (unknown, _) => unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(first: &str, cells: &[Cell]) -> Figures {
        let mut period: Period = first.parse().unwrap();
        let mut rows = Vec::new();
        for cell in cells {
            rows.push(Row { period, numerator: *cell, denominator: Some(Cell::Number(100.0)) });
            period = period.next().unwrap();
        }
        Figures { rows, categories: Vec::new() }
    }

    fn numbers(figures: &Figures) -> Vec<Option<f64>> {
        figures.rows.iter().map(|row| row.numerator.number()).collect()
    }

    const X: Cell = Cell::Missing(Status::X);

    #[test]
    fn each_period_is_what_it_adds_and_a_new_year_begins_anew() {
        let mut counts = figures("2024-25-Q1", &[10.0, 25.0, 25.0, 40.0, 7.0, 9.0].map(Cell::Number));
        assert_eq!(difference(&mut counts, Year::Financial, false), []);
        assert_eq!(numbers(&counts), [10.0, 15.0, 0.0, 15.0, 7.0, 2.0].map(Some));
        assert!(
            counts.rows.iter().all(|row| row.denominator == Some(Cell::Number(100.0))),
            "a population does not run on"
        );
        let mut both = figures("2024-25-Q1", &[10.0, 25.0].map(Cell::Number));
        difference(&mut both, Year::Financial, true);
        assert_eq!(both.rows[1].denominator, Some(Cell::Number(0.0)));
    }

    #[test]
    fn a_count_that_falls_was_restated_and_what_follows_an_unknown_one_is_unknown() {
        let mut counts = figures("2024-25-Q1", &[Cell::Number(10.0), Cell::Number(8.0), Cell::Number(12.0), X]);
        let fell = difference(&mut counts, Year::Financial, false);
        assert_eq!(
            (fell, numbers(&counts)),
            (vec!["2024-25-Q2".parse().unwrap()], vec![Some(10.0), None, Some(4.0), None])
        );
        let hidden = Cell::Missing(Status::C);
        let mut counts = figures("2024-25-Q1", &[hidden, Cell::Number(8.0), Cell::Number(12.0)]);
        difference(&mut counts, Year::Financial, false);
        assert_eq!(counts.rows[1].numerator, hidden, "what is hidden stays so");
        assert_eq!(counts.rows[2].numerator, Cell::Number(4.0));
    }

    #[test]
    fn where_the_beginning_of_the_year_is_not_known_nothing_is_made_up() {
        let mut counts = figures("2024-25-Q3", &[30.0, 40.0, 7.0].map(Cell::Number));
        difference(&mut counts, Year::Financial, false);
        assert_eq!(numbers(&counts), [None, Some(10.0), Some(7.0)]);
        let mut counts = figures("2024-25-Q3", &[30.0, 40.0].map(Cell::Number));
        difference(&mut counts, Year::Calendar, false);
        assert_eq!(numbers(&counts), [None, Some(40.0)], "January begins a calendar year");
    }
}

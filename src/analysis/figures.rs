//! The figures of one indicator, period by period, each a number or the reason why there is none.
//!
//! A value is always derived from its two counts, so a hidden count hides it wherever it is asked for.

use super::{
    disclosed::Unit,
    indicator::{Indicator, Rebase},
    interval::{Interval, byar, wilson},
    trend::{Mark, Xmr, xmr},
};
use crate::domain::{Period, Status};

/// A number, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// The number.
    Number(f64),
    /// It never was there.
    Missing(Status),
    /// It is there and small: from one to so many.
    Small(u32),
    /// It is there and would give another one away.
    Withheld,
}

impl Cell {
    /// The number, if it may be known.
    pub(super) fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Why there is no number.
    pub(super) fn status(self) -> Option<Status> {
        match self {
            Self::Number(_) => None,
            Self::Missing(status) => Some(status),
            Self::Small(_) | Self::Withheld => Some(Status::C),
        }
    }

    /// Whether the disclosure stage, or the sender before it, hid the number.
    pub(super) fn is_hidden(self) -> bool {
        self.status() == Some(Status::C)
    }
}

/// One period.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) period: Period,
    pub(super) numerator: Cell,
    pub(super) denominator: Option<Cell>,
}

impl Row {
    /// A period of which nothing is known.
    pub(super) fn missing(period: Period, unit: Unit) -> Self {
        let cell = Cell::Missing(Status::X);
        Self { period, numerator: cell, denominator: (unit != Unit::Count).then_some(cell) }
    }

    /// The value in the indicator's unit.
    pub(super) fn value(&self, unit: Unit) -> Cell {
        match (unit, self.denominator) {
            (Unit::Count, _) | (_, None) => self.numerator,
            (Unit::Percent, Some(denominator)) => ratio(self.numerator, denominator, 100.0),
            (Unit::Rate { per }, Some(denominator)) => ratio(self.numerator, denominator, f64::from(per)),
        }
    }

    /// What chance alone may have made of the value (95 %); none when it is not known.
    pub(super) fn around(&self, unit: Unit) -> Option<Interval> {
        let above = self.numerator.number()?;
        let below = || self.denominator.and_then(Cell::number).filter(|below| *below > 0.0);
        match unit {
            Unit::Count => byar(above),
            Unit::Percent => Some(wilson(above, below()?)?.scaled(100.0)),
            Unit::Rate { per } => Some(byar(above)?.scaled(f64::from(per) / below()?)),
        }
    }

    /// Whether anything of it is hidden.
    pub(super) fn is_hidden(&self) -> bool {
        self.numerator.is_hidden() || self.denominator.is_some_and(Cell::is_hidden)
    }
}

/// `numerator × per / denominator`, divided last, so that of whole counts only the division rounds: hidden or missing as
/// soon as one of them is, not applicable over nobody.
pub(super) fn ratio(numerator: Cell, denominator: Cell, per: f64) -> Cell {
    match (numerator, denominator) {
        (Cell::Number(_), Cell::Number(0.0)) => Cell::Missing(Status::Z),
        (Cell::Number(above), Cell::Number(below)) => Cell::Number(above * per / below),
        (Cell::Missing(status), _) | (_, Cell::Missing(status)) => Cell::Missing(status),
        _ => Cell::Withheld,
    }
}

/// The sum of cells: hidden or missing as soon as one of them is.
pub(super) fn sum(cells: impl Iterator<Item = Cell>) -> Cell {
    cells.fold(Cell::Number(0.0), |sum, cell| match (sum, cell) {
        (Cell::Number(sum), Cell::Number(number)) => Cell::Number(sum + number),
        (Cell::Missing(status), _) | (_, Cell::Missing(status)) => Cell::Missing(status),
        _ => Cell::Withheld,
    })
}

/// One part of a breakdown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Category {
    pub(super) name: String,
    /// One for each period of the whole, in its order.
    pub(super) rows: Vec<Row>,
}

/// All periods of an indicator, oldest first and without a gap, and its parts; never empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    pub(super) rows: Vec<Row>,
    pub(super) categories: Vec<Category>,
}

impl Figures {
    /// Those of an indicator of which nothing is known in the period the pack speaks of.
    pub(super) fn missing(period: Period, unit: Unit) -> Self {
        Self { rows: vec![Row::missing(period, unit)], categories: Vec::new() }
    }

    /// The period the pack speaks of.
    pub(super) fn last(&self) -> Option<&Row> {
        self.rows.last()
    }

    /// The row of a period.
    pub(super) fn at(&self, period: Period) -> Option<&Row> {
        self.rows.iter().find(|row| row.period == period)
    }

    /// Every row, parts included.
    pub(super) fn all_rows(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut().chain(self.categories.iter_mut().flat_map(|part| &mut part.rows))
    }

    /// How many rows have something hidden, parts included.
    pub(super) fn hidden(&self) -> usize {
        let parts = self.categories.iter().flat_map(|category| &category.rows);
        self.rows.iter().chain(parts).filter(|row| row.is_hidden()).count()
    }

    /// Whether any count came hidden from its sender.
    pub(super) fn is_sent_hidden(&self) -> bool {
        let parts = self.categories.iter().flat_map(|category| &category.rows);
        let cells = self.rows.iter().chain(parts).flat_map(|row| [Some(row.numerator), row.denominator]);
        cells.flatten().any(|cell| cell == Cell::Missing(Status::C))
    }

    /// The series judged, from each rebase anew.
    pub(super) fn course(&self, indicator: &Indicator) -> Course {
        let starts = rebase_starts(&self.rows, &indicator.rebases);
        let mut course = Course { marks: vec![Mark::COMMON; self.rows.len()], since: 0, latest: None };
        for (group, start) in starts.iter().enumerate() {
            let end = starts.get(group + 1).copied().unwrap_or(self.rows.len());
            let known: Vec<(usize, f64)> =
                (*start..end).filter_map(|at| Some((at, self.rows.get(at)?.value(indicator.unit).number()?))).collect();
            let values: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
            course.since = *start;
            course.latest = xmr(&values, indicator.method());
            for ((at, _), mark) in known.iter().zip(course.latest.iter().flat_map(|judged| &judged.marks)) {
                course.marks[*at] = *mark;
            }
        }
        course
    }
}

/// Where groups of rows with their own limits begin.
fn rebase_starts(rows: &[Row], rebases: &[Rebase]) -> Vec<usize> {
    let mut starts = vec![0];
    for rebase in rebases {
        match rows.iter().position(|row| row.period.start() >= rebase.from.start()) {
            Some(at) if starts.last() != Some(&at) => starts.push(at),
            _ => {}
        }
    }
    starts
}

/// A series judged: a mark for each row, and what holds since the last rebase.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course {
    /// One for each row; a row without a number is marked common.
    pub(super) marks: Vec<Mark>,
    /// The first row that the latest limits are for.
    pub(super) since: usize,
    /// Mean, limits and marks of the rows since then that have numbers.
    pub(super) latest: Option<Xmr>,
}

impl Course {
    /// The mark of the last row.
    pub(super) fn last(&self) -> Mark {
        self.marks.last().copied().unwrap_or(Mark::COMMON)
    }

    /// How many points the latest limits could be made from.
    pub(super) fn points(&self) -> usize {
        self.latest.as_ref().map_or(0, |judged| judged.marks.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::rounding::{half_up, units_half_up};

    #[test]
    fn a_missing_number_is_never_zero_and_a_share_of_nobody_does_not_apply() {
        let (three, none) = (Cell::Number(3.0), Cell::Missing(Status::X));
        assert_eq!(ratio(three, Cell::Number(12.0), 100.0), Cell::Number(25.0));
        assert_eq!(ratio(none, three, 100.0), none);
        assert_eq!(ratio(three, none, 100.0), none);
        assert_eq!(ratio(Cell::Number(0.0), Cell::Number(0.0), 100.0), Cell::Missing(Status::Z));
    }

    /// Half up in whole numbers: so many hundredths, tenths or wholes.
    fn exact(above: i128, below: i128, per: i128, decimals: u8) -> f64 {
        let units = units_half_up(above * per * 10_i128.pow(decimals.into()), below);
        format!("{units}e-{decimals}").parse().unwrap()
    }

    #[test]
    fn a_share_of_whole_counts_rounds_as_exact_arithmetic_does() {
        assert_eq!(exact(23, 80, 100, 1), 28.8);
        for below in 1..=1499_i32 {
            for above in 0..=below {
                let value = ratio(Cell::Number(above.into()), Cell::Number(below.into()), 100.0).number().unwrap();
                for decimals in 0..=2 {
                    let scaled = above * 100 * 10_i32.pow(decimals) % below;
                    // Only about a half can the two differ; what is far from one is left to the next test.
                    if (2 * scaled - below).abs() > 2 {
                        continue;
                    }
                    let decimals = u8::try_from(decimals).unwrap();
                    let exactly = exact(above.into(), below.into(), 100, decimals);
                    assert_eq!(half_up(value, decimals), exactly, "{above} of {below} to {decimals} decimals");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn rates_and_shares_round_half_up(
            above in 0..=1_000_000_i32, below in 1..=1_000_000_i32, per in prop::sample::select(vec![1, 100, 10_000, 100_000]), decimals in 0..=2_u8
        ) {
            let value = ratio(Cell::Number(above.into()), Cell::Number(below.into()), per.into()).number().unwrap();
            prop_assert_eq!(half_up(value, decimals), exact(above.into(), below.into(), per.into(), decimals));
        }
    }

    #[test]
    fn a_hidden_count_hides_every_value_made_of_it() {
        assert_eq!(ratio(Cell::Small(5), Cell::Number(80.0), 100.0), Cell::Withheld);
        assert_eq!(ratio(Cell::Number(80.0), Cell::Withheld, 100.0), Cell::Withheld);
    }
}

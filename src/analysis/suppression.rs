//! Which counts are hidden: the small ones, and as many others as keep them from being worked out.
//!
//! A breakdown that cannot be protected is withheld whole.

use super::{
    attack::{Part, Range, Seen, withhold_besides},
    disclosed::{Kind, Unit},
    figures::{Cell, Figures, Row},
    indicator::Indicator,
    publication::Publication,
    small_count::SmallCount,
};
use crate::domain::Period;

/// The figures with everything hidden that the public may not see.
pub(super) fn suppress(figures: &Figures, indicator: &Indicator, published: Option<&Publication>) -> Figures {
    let rules = Rules { unit: indicator.unit, most: f64::from(indicator.small_count.most()) };
    let mut shown = figures.clone();
    for row in shown.all_rows() {
        rules.hide_small(row);
    }
    if let Some(published) = published.filter(|_| indicator.kind == Kind::Flow) {
        protect_published_years(figures, &mut shown, &rules, published);
    }
    for at in 0..figures.rows.len() {
        protect_breakdown(figures, &mut shown, &rules, at);
    }
    if indicator.small_count == SmallCount::Hospital {
        for row in shown.all_rows() {
            row.numerator = to_nearest_five(row.numerator);
        }
    }
    shown
}

/// One of the two counts of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Numerator,
    Denominator,
}

impl Side {
    fn of(self, row: &Row) -> Option<Cell> {
        match self {
            Self::Numerator => Some(row.numerator),
            Self::Denominator => row.denominator,
        }
    }

    /// Hides the count; it no longer says whether it is small.
    fn withhold(self, row: &mut Row) {
        let cell = match self {
            Self::Numerator => Some(&mut row.numerator),
            Self::Denominator => row.denominator.as_mut(),
        };
        if let Some(cell @ (Cell::Number(_) | Cell::Small(_))) = cell {
            *cell = Cell::Withheld;
        }
    }
}

struct Rules {
    unit: Unit,
    /// The largest count that is hidden.
    most: f64,
}

impl Rules {
    fn is_small(&self, count: f64) -> bool {
        count > 0.0 && count.round() <= self.most
    }

    /// Whether a share leaves a small count over: two children not seen in time are two children. A small denominator is
    /// hidden itself.
    fn leaves_few(&self, above: f64, below: Option<f64>) -> bool {
        let few = |below: f64| self.is_small(below - above) && !self.is_small(below);
        self.unit == Unit::Percent && below.is_some_and(few)
    }

    /// Hides the small counts of a row: above the line, below it, and those that a share leaves over.
    fn hide_small(&self, row: &mut Row) {
        let small = Cell::Small(self.most as u32);
        let below = row.denominator.and_then(Cell::number);
        match row.numerator {
            Cell::Number(above) if self.is_small(above) => row.numerator = small,
            Cell::Number(above) if self.leaves_few(above, below) => row.numerator = Cell::Withheld,
            _ => {}
        }
        if below.is_some_and(|below| self.is_small(below)) {
            row.denominator = Some(small);
        }
    }

    /// One count as the attack sees it; none when it is missing.
    fn part(&self, side: Side, truth: &Row, shown: &Row) -> Option<Part> {
        let count = side.of(truth)?.number()?;
        let below = truth.denominator.and_then(Cell::number);
        let share = self.unit == Unit::Percent;
        // Of a share, the count above the line is no larger than the one below it.
        let (floor, ceiling) = match side {
            Side::Numerator => (0.0, below.filter(|below| share && *below >= count).unwrap_or(f64::INFINITY)),
            Side::Denominator if share => (shown.numerator.number().unwrap_or(0.0), f64::INFINITY),
            Side::Denominator => (0.0, f64::INFINITY),
        };
        let within = |least: f64, most: f64| Range { least: least.max(floor), most: most.min(ceiling) };
        let seen = match side.of(shown)? {
            Cell::Number(_) => Seen::Number,
            _ if self.is_small(count) => Seen::Secret(within(1.0, self.most)),
            _ if side == Side::Numerator && self.leaves_few(count, below) => {
                Seen::Secret(within((ceiling - self.most).max(self.most + 1.0), ceiling - 1.0))
            }
            _ => Seen::Withheld,
        };
        Some(Part { count, seen, if_withheld: within(self.most + 1.0, f64::INFINITY) })
    }
}

/// Keeps the parts of one period from being worked out from their whole.
fn protect_breakdown(figures: &Figures, shown: &mut Figures, rules: &Rules, at: usize) {
    for side in [Side::Numerator, Side::Denominator] {
        let truth = || figures.categories.iter().filter_map(|part| part.rows.get(at));
        let seen = || shown.categories.iter().filter_map(|part| part.rows.get(at));
        // A part that is missing leaves room for doubt: the others make no sum.
        let parts: Option<Vec<Part>> =
            truth().zip(seen()).map(|(truth, shown)| rules.part(side, truth, shown)).collect();
        let (Some(parts), Some(whole), Some(shown_whole)) = (parts, figures.rows.get(at), shown.rows.get(at)) else {
            continue;
        };
        let sum: f64 = parts.iter().map(|part| part.count).sum();
        let whole_is = side.of(whole).and_then(Cell::number);
        let denominators = seen().chain([shown_whole]).filter_map(|row| row.denominator?.number());
        if !denominators.chain(whole_is).any(|total| (total - sum).abs() < 0.5) {
            continue;
        }
        let whole_is_hidden = side.of(shown_whole).is_some_and(Cell::is_hidden);
        let besides = if whole_is_hidden { None } else { withhold_besides(parts) };
        for (index, row) in shown.categories.iter_mut().filter_map(|part| part.rows.get_mut(at)).enumerate() {
            match &besides {
                Some(besides) if besides.contains(&index) => side.withhold(row),
                Some(_) => {}
                None => {
                    Side::Numerator.withhold(row);
                    Side::Denominator.withhold(row);
                }
            }
        }
    }
}

/// Keeps a hidden quarter from being worked out from the year that is published for our area.
fn protect_published_years(figures: &Figures, shown: &mut Figures, rules: &Rules, published: &Publication) {
    for (year, _) in published.years().filter(|(year, _)| published.has_ours(*year)) {
        let within = |period: Period| year.start() <= period.start() && period.end() <= year.end();
        let members: Vec<usize> = (0..figures.rows.len()).filter(|at| within(figures.rows[*at].period)).collect();
        let part = |at: &usize| rules.part(Side::Numerator, &figures.rows[*at], &shown.rows[*at]);
        let parts: Option<Vec<Part>> = members.iter().map(part).collect();
        let Some(parts) = parts.filter(|parts| parts.len() > 1) else { continue };
        let besides = withhold_besides(parts).unwrap_or_else(|| (0..members.len()).collect());
        for at in besides.iter().filter_map(|index| members.get(*index)) {
            Side::Numerator.withhold(&mut shown.rows[*at]);
        }
    }
}

fn to_nearest_five(cell: Cell) -> Cell {
    match cell {
        Cell::Number(count) => Cell::Number((count / 5.0).round() * 5.0),
        other => other,
    }
}

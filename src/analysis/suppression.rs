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

    /// A count that its sender hid, as the attack sees it: whoever knows the sum and the other parts knows it to be
    /// `count`. If that is small, the sender's rule is taken to be ours.
    fn sent_hidden(&self, count: f64) -> Part {
        let (least, most) = if self.is_small(count) { (1.0, self.most) } else { (0.0, f64::INFINITY) };
        let range = Range { least, most };
        Part { count, seen: Seen::Secret(range), if_withheld: range }
    }
}

/// Keeps the parts of one period from being worked out from their whole.
fn protect_breakdown(figures: &Figures, shown: &mut Figures, rules: &Rules, at: usize) {
    for side in [Side::Numerator, Side::Denominator] {
        let besides = match sum_of(figures, shown, rules, side, at) {
            Sum::None => continue,
            Sum::Telling => None,
            Sum::Of(parts) => withhold_besides(parts),
        };
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

/// What the parts of one period make with their whole.
enum Sum {
    /// Nothing that could be subtracted from.
    None,
    /// A sum whose parts give a count away that its sender hid, whichever of them is withheld.
    Telling,
    /// A sum that everybody can see.
    Of(Vec<Part>),
}

fn sum_of(figures: &Figures, shown: &Figures, rules: &Rules, side: Side, at: usize) -> Sum {
    let (truth, seen) = (parts_at(figures, at), parts_at(shown, at));
    let (Some(whole), Some(shown_whole)) = (figures.rows.get(at), shown.rows.get(at)) else { return Sum::None };
    let whole_cell = side.of(whole);
    let whole_is = whole_cell.and_then(Cell::number);
    let parts: Vec<Option<Part>> =
        truth.iter().zip(&seen).map(|(truth, shown)| rules.part(side, truth, shown)).collect();
    let unknown = parts.iter().filter(|part| part.is_none()).count();
    let known: f64 = parts.iter().flatten().map(|part| part.count).sum();
    let hid = |cell: Option<Cell>| cell.is_some_and(Cell::is_hidden);
    let totals: Vec<f64> =
        seen.iter().copied().chain([shown_whole]).filter_map(|row| row.denominator?.number()).collect();
    if unknown > 0 {
        // What its sender hid is what the others leave of the whole; two unknown ones cannot be weighed.
        let one_total = totals.first().copied().filter(|one| totals.iter().all(|total| total == one));
        let left = whole_is.or(one_total).map(|whole| whole - known).filter(|left| *left > -0.5);
        return match left.filter(|_| truth.iter().any(|row| hid(side.of(row)))) {
            // A part that is missing leaves room for doubt: the others make no sum.
            None => Sum::None,
            Some(_) if unknown > 1 || hid(side.of(shown_whole)) => Sum::Telling,
            Some(left) => {
                Sum::Of(parts.into_iter().map(|part| part.unwrap_or_else(|| rules.sent_hidden(left))).collect())
            }
        };
    }
    if parts.is_empty() {
        return Sum::None;
    }
    if whole_is.is_none() && hid(whole_cell) {
        return Sum::Telling;
    }
    if !totals.into_iter().chain(whole_is).any(|total| (total - known).abs() < 0.5) {
        return Sum::None;
    }
    if hid(side.of(shown_whole)) { Sum::Telling } else { Sum::Of(parts.into_iter().flatten().collect()) }
}

/// The parts' rows of one period.
fn parts_at(figures: &Figures, at: usize) -> Vec<&Row> {
    figures.categories.iter().filter_map(|part| part.rows.get(at)).collect()
}

/// Keeps a hidden quarter from being worked out from the year that is published for our area.
fn protect_published_years(figures: &Figures, shown: &mut Figures, rules: &Rules, published: &Publication) {
    for (year, _) in published.years().filter(|(year, _)| published.has_ours(*year)) {
        let within = |period: Period| year.start() <= period.start() && period.end() <= year.end();
        let members: Vec<usize> = (0..figures.rows.len()).filter(|at| within(figures.rows[*at].period)).collect();
        let part = |at: &usize| rules.part(Side::Numerator, &figures.rows[*at], &shown.rows[*at]);
        let parts: Option<Vec<Part>> = members.iter().map(part).collect();
        let sent_hidden = members.iter().any(|at| figures.rows[*at].numerator.is_hidden());
        let besides = match parts {
            Some(parts) if parts.len() > 1 => withhold_besides(parts),
            // How large it is only the year tells, and it must not.
            None if sent_hidden => None,
            _ => continue,
        };
        let besides = besides.unwrap_or_else(|| (0..members.len()).collect());
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

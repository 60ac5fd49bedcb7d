//! Which counts are hidden: the small ones, and as many others as keep them from being worked out.
//!
//! A heuristic hides, an attack judges: it tries to work each hidden count out from the sum it belongs to, knowing the
//! rules by which counts are hidden. A breakdown that cannot be protected is withheld whole.

use super::{
    disclosed::{Kind, Unit},
    figures::{Cell, Figures, Row},
    indicator::{Indicator, SmallCount},
    publication::Publication,
};
use crate::domain::Period;

/// Fewer values left for a hidden count than this, and it is as good as told.
const FEWEST_LEFT: f64 = 3.0;

/// The figures with everything hidden that the public may not see.
pub(super) fn suppress(figures: &Figures, indicator: &Indicator, published: Option<&Publication>) -> Figures {
    let rules = Rules { unit: indicator.unit, most: indicator.small_count.most() };
    let mut shown = figures.clone();
    if rules.most > 0 {
        for row in shown.rows.iter_mut().chain(shown.categories.iter_mut().flat_map(|part| &mut part.rows)) {
            rules.hide_small(row);
        }
        if let Some(published) = published.filter(|_| indicator.kind == Kind::Flow) {
            protect_published_years(figures, &mut shown, &rules, published);
        }
        for at in 0..figures.rows.len() {
            protect_breakdown(figures, &mut shown, &rules, at);
        }
    }
    if indicator.small_count == SmallCount::Hospital {
        for row in shown.rows.iter_mut().chain(shown.categories.iter_mut().flat_map(|part| &mut part.rows)) {
            row.numerator = to_nearest_five(row.numerator);
        }
    }
    shown
}

struct Rules {
    unit: Unit,
    most: u32,
}

impl Rules {
    fn is_small(&self, count: f64) -> bool {
        count > 0.0 && count.round() <= f64::from(self.most)
    }

    /// Hides the small counts of a row: above the line, below it, and those that a share leaves over.
    fn hide_small(&self, row: &mut Row) {
        let small = Cell::Small(self.most);
        let (numerator, denominator) = (row.numerator.number(), row.denominator.and_then(Cell::number));
        if numerator.is_some_and(|count| self.is_small(count)) {
            row.numerator = small;
        } else if let (Unit::Percent, Some(above), Some(below)) = (self.unit, numerator, denominator)
            && self.is_small(below - above)
        {
            row.numerator = Cell::Withheld;
        }
        if denominator.is_some_and(|count| self.is_small(count)) {
            row.denominator = Some(small);
        }
    }

    /// What somebody who knows these rules knows of a hidden count.
    fn known_of(&self, hidden: Cell, count: f64, denominator: Option<f64>) -> Range {
        let most = f64::from(self.most);
        match (hidden, denominator.filter(|_| self.unit == Unit::Percent)) {
            (Cell::Small(_), _) => Range { least: 1.0, most },
            (_, Some(below)) if self.is_small(below - count) => Range { least: below - most, most: below - 1.0 },
            (_, Some(below)) => Range { least: most + 1.0, most: below.max(count) },
            (_, None) => Range { least: most + 1.0, most: f64::INFINITY },
        }
    }
}

/// What a count lies between, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    least: f64,
    most: f64,
}

/// One count of a sum that everybody can see.
#[derive(Debug, Clone, Copy)]
struct Part {
    count: f64,
    hidden: Option<Range>,
    /// Hidden for its own sake, not for another's.
    sensitive: bool,
}

/// Whether any hidden count that matters can be worked out, or nearly, from the sum of all.
fn attack_succeeds(parts: &[Part]) -> bool {
    let hidden: Vec<(Range, bool)> = parts.iter().filter_map(|part| Some((part.hidden?, part.sensitive))).collect();
    let left: f64 = parts.iter().filter(|part| part.hidden.is_some()).map(|part| part.count).sum();
    hidden.iter().enumerate().any(|(at, (range, sensitive))| {
        let others = || hidden.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (range, _))| range);
        let least = range.least.max(left - others().map(|range| range.most).sum::<f64>());
        let most = range.most.min(left - others().map(|range| range.least).sum::<f64>());
        *sensitive && most - least + 1.0 < FEWEST_LEFT
    })
}

/// Hides the smallest others until the attack fails. Answers which to hide besides, or none when nothing helps.
fn complement(mut parts: Vec<Part>, known_if_hidden: impl Fn(usize) -> Range) -> Option<Vec<usize>> {
    let mut besides = Vec::new();
    while attack_succeeds(&parts) {
        let candidates = parts.iter().enumerate().filter(|(_, part)| part.hidden.is_none() && part.count > 0.0);
        let (at, _) = candidates.min_by(|(_, a), (_, b)| a.count.total_cmp(&b.count))?;
        parts[at].hidden = Some(known_if_hidden(at));
        besides.push(at);
    }
    Some(besides)
}

/// Counts of one sum as the attack sees them; none when one of them is missing.
fn parts(
    rules: &Rules,
    rows: &[(&Row, &Row)],
    of: impl Fn(&Row) -> Option<Cell>,
    denominators: bool,
) -> Option<Vec<Part>> {
    rows.iter()
        .map(|(true_row, shown)| {
            let (count, cell) = (of(true_row)?.number()?, of(shown)?);
            let below = true_row.denominator.and_then(Cell::number).filter(|_| !denominators);
            let complement = below.is_some_and(|below| rules.unit == Unit::Percent && rules.is_small(below - count));
            let hidden = cell.is_hidden().then(|| rules.known_of(cell, count, below));
            Some(Part { count, hidden, sensitive: cell.is_hidden() && (rules.is_small(count) || complement) })
        })
        .collect()
}

/// Keeps the parts of one period from being worked out from their whole.
fn protect_breakdown(figures: &Figures, shown: &mut Figures, rules: &Rules, at: usize) {
    if figures.categories.is_empty() {
        return;
    }
    for below in [false, true] {
        let of = |row: &Row| if below { row.denominator } else { Some(row.numerator) };
        let pairs: Vec<(&Row, &Row)> = figures
            .categories
            .iter()
            .zip(&shown.categories)
            .filter_map(|(true_part, shown_part)| Some((true_part.rows.get(at)?, shown_part.rows.get(at)?)))
            .collect();
        // A part that is missing leaves room for doubt; the others are then no sum.
        let Some(counts) = parts(rules, &pairs, of, below) else { continue };
        let sum: f64 = counts.iter().map(|part| part.count).sum();
        if !sum_is_visible(figures, shown, &pairs, of, at, sum) {
            continue;
        }
        let whole_is_hidden = shown.rows.get(at).and_then(of).is_some_and(Cell::is_hidden);
        let besides = if whole_is_hidden {
            None
        } else {
            complement(counts.clone(), |i| widest(rules, &pairs, &counts, i, below))
        };
        match besides {
            Some(besides) => {
                for index in besides {
                    withhold(shown.categories.get_mut(index).and_then(|part| part.rows.get_mut(at)), below);
                }
            }
            None => {
                for part in &mut shown.categories {
                    withhold(part.rows.get_mut(at), false);
                    withhold(part.rows.get_mut(at), true);
                }
            }
        }
    }
}

/// What is known of a count that is hidden for another's sake.
fn widest(rules: &Rules, pairs: &[(&Row, &Row)], counts: &[Part], at: usize, below: bool) -> Range {
    let denominator = pairs.get(at).and_then(|(row, _)| row.denominator).and_then(Cell::number).filter(|_| !below);
    rules.known_of(Cell::Withheld, counts.get(at).map_or(0.0, |part| part.count), denominator)
}

/// Whether the parts add up to their whole, or to a denominator on the page.
fn sum_is_visible(
    figures: &Figures,
    shown: &Figures,
    pairs: &[(&Row, &Row)],
    of: impl Fn(&Row) -> Option<Cell>,
    at: usize,
    sum: f64,
) -> bool {
    let whole = figures.rows.get(at).and_then(&of).and_then(Cell::number);
    let totals = shown.rows.get(at).into_iter().chain(pairs.iter().map(|(_, shown)| *shown));
    let mut seen = totals.filter_map(|row| row.denominator?.number()).chain(whole);
    seen.any(|total| (total - sum).abs() < 0.5)
}

fn withhold(row: Option<&mut Row>, below: bool) {
    let Some(row) = row else { return };
    let cell = if below { row.denominator.as_mut() } else { Some(&mut row.numerator) };
    // In a breakdown that is withheld whole, no part says that it is small.
    if let Some(cell @ (Cell::Number(_) | Cell::Small(_))) = cell {
        *cell = Cell::Withheld;
    }
}

/// Keeps a hidden quarter from being worked out from the year that is published for our area.
fn protect_published_years(figures: &Figures, shown: &mut Figures, rules: &Rules, published: &Publication) {
    let ours = published.years().filter(|(year, _)| published.has_ours(*year));
    for (year, _) in ours {
        let within = |period: Period| year.start() <= period.start() && period.end() <= year.end();
        let members: Vec<usize> = (0..figures.rows.len()).filter(|at| within(figures.rows[*at].period)).collect();
        let pairs: Vec<(&Row, &Row)> = members.iter().map(|at| (&figures.rows[*at], &shown.rows[*at])).collect();
        if members.len() < 2 {
            continue;
        }
        let Some(counts) = parts(rules, &pairs, |row| Some(row.numerator), false) else { continue };
        let besides = complement(counts.clone(), |at| widest(rules, &pairs, &counts, at, false));
        let hide: Vec<usize> = match besides {
            Some(besides) => besides.iter().filter_map(|index| members.get(*index).copied()).collect(),
            None => members.clone(),
        };
        for at in hide {
            withhold(shown.rows.get_mut(at), false);
        }
    }
}

fn to_nearest_five(cell: Cell) -> Cell {
    match cell {
        Cell::Number(count) => Cell::Number((count / 5.0).round() * 5.0),
        other => other,
    }
}

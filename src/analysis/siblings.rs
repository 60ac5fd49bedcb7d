//! What is hidden in one indicator is not to be read off another of the same return: interviews that are hidden above one
//! line stand below the next.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    analysed::Analysis,
    figures::{Cell, Figures, Row},
    small_count::SmallCount,
};
use crate::domain::{Period, ReturnId};

/// Hides every count that equals one of its return and period which another indicator hides, until there is none. A count
/// that only happens to be the same is hidden too.
pub(super) fn protect(analyses: &[Analysis], shown: &mut [Figures]) {
    loop {
        let mut hidden: BTreeMap<(&ReturnId, Period), BTreeSet<u64>> = BTreeMap::new();
        for (analysis, shown) in analyses.iter().zip(shown.iter()) {
            let Some(of) = return_of(analysis) else { continue };
            for (truth, seen) in all(&analysis.figures).zip(all(shown)) {
                let of_row = counts(truth).zip(counts(seen)).filter_map(|(truth, seen)| match (truth, seen) {
                    (Cell::Number(count), Cell::Small(_) | Cell::Withheld) if count > 0.0 => Some(count.to_bits()),
                    _ => None,
                });
                hidden.entry((of, truth.period)).or_default().extend(of_row);
            }
        }
        let mut found = false;
        for (analysis, shown) in analyses.iter().zip(shown.iter_mut()) {
            let Some(of) = return_of(analysis) else { continue };
            for row in shown.all_rows() {
                let Some(secrets) = hidden.get(&(of, row.period)) else { continue };
                let is_told = |cell: Cell| matches!(cell, Cell::Number(count) if secrets.contains(&count.to_bits()));
                if is_told(row.numerator) {
                    (row.numerator, found) = (Cell::Withheld, true);
                }
                if row.denominator.is_some_and(is_told) {
                    (row.denominator, found) = (Some(Cell::Withheld), true);
                }
            }
        }
        if !found {
            return;
        }
    }
}

/// The return whose children an indicator counts. Other classes of counts are rounded, or count no people.
fn return_of(analysis: &Analysis) -> Option<&ReturnId> {
    let indicator = &analysis.indicator;
    let counts_children = indicator.small_count == SmallCount::Children && !analysis.failed;
    indicator.from.as_ref().filter(|_| counts_children).map(|(_, return_id)| return_id)
}

fn all(figures: &Figures) -> impl Iterator<Item = &Row> {
    figures.rows.iter().chain(figures.categories.iter().flat_map(|part| &part.rows))
}

fn counts(row: &Row) -> impl Iterator<Item = Cell> {
    std::iter::once(row.numerator).chain(row.denominator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::Indicator,
        settings::{Problems, read_text},
    };

    fn analysis(id: &str, return_id: &str, small: &str, above: f64, below: f64) -> Analysis {
        let text = format!(
            "title = \"{id}\"\nwhy = \"w\"\ndefinition = \"d\"\npriority = \"p\"\nquestion = \"how well\"\nagency = \"a\"\n\
             return = \"{return_id}\"\nunit = \"percent\"\nkind = \"flow\"\ngood = \"high\"\nsmall_count = \"{small}\"\n"
        );
        let document = read_text("x.toml", &text, &mut Problems::default()).unwrap();
        let indicator = Indicator::settle(id, &document, String::new(), None).unwrap();
        let period = "2025-26-Q1".parse().unwrap();
        let row = Row { period, numerator: Cell::Number(above), denominator: Some(Cell::Number(below)) };
        let figures = Figures { rows: vec![row], categories: Vec::new() };
        Analysis { indicator, figures, published: None, fell: Vec::new(), failed: false }
    }

    /// What is shown of each, once the numerator of the first is hidden.
    fn protected(others: Vec<Analysis>) -> Vec<(Cell, Option<Cell>)> {
        let mut all = vec![analysis("held", "interviews", "children", 84.0, 87.0)];
        all.extend(others);
        let mut shown: Vec<Figures> = all.iter().map(|one| one.figures.clone()).collect();
        shown[0].rows[0].numerator = Cell::Withheld;
        protect(&all, &mut shown);
        shown.iter().map(|figures| (figures.rows[0].numerator, figures.rows[0].denominator)).collect()
    }

    #[test]
    fn what_is_hidden_above_one_line_is_hidden_below_the_next() {
        let shown = protected(vec![analysis("in-time", "interviews", "children", 75.0, 84.0)]);
        assert_eq!(shown[1], (Cell::Number(75.0), Some(Cell::Withheld)));
        assert_eq!(shown[0].1, Some(Cell::Number(87.0)));
    }

    #[test]
    fn what_is_hidden_for_anothers_sake_is_hidden_everywhere_and_other_returns_and_staff_are_left() {
        let shown = protected(vec![
            analysis("in-time", "interviews", "children", 75.0, 84.0),
            analysis("other-return", "plans", "children", 84.0, 90.0),
            analysis("staff", "interviews", "none", 84.0, 90.0),
        ]);
        assert_eq!(shown[2], (Cell::Number(84.0), Some(Cell::Number(90.0))));
        assert_eq!(shown[3], (Cell::Number(84.0), Some(Cell::Number(90.0))));
    }
}

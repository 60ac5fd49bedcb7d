//! Finds the row of headings of a table: the first row that has all of them, else the one that has most.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::Layout;
use super::row::Row;
use super::value::Stored;
use super::{Wanted, plain};

/// Headings by column, as they read with all their rows together.
pub(super) type Headings = BTreeMap<u32, String>;

/// What rows that may be the headings hold.
pub(super) struct Together {
    pub headings: Headings,
    /// Whether they can be all the rows of headings: of several, some texts stand above each other, and nothing merged
    /// reaches beyond the last.
    pub is_closed: bool,
}

/// The headings that are looked for.
pub(super) struct Names(Vec<(BTreeSet<String>, bool)>);

/// What a row has of the headings that are wanted.
pub(super) struct Score {
    /// How many.
    pub found: usize,
    /// Whether none is left out that must be there.
    pub is_whole: bool,
    /// The columns of those found.
    pub columns: BTreeSet<u32>,
}

impl Names {
    pub(super) fn of(wanted: &Wanted) -> Self {
        let plain = |names: &[String]| names.iter().map(|name| plain(name)).collect();
        Self(wanted.headings.iter().map(|heading| (plain(&heading.names), heading.is_needed)).collect())
    }

    /// Whether this is one of them.
    pub(super) fn has(&self, heading: &str) -> bool {
        let heading = plain(heading);
        self.0.iter().any(|(names, _)| names.contains(&heading))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Holds headings against those that are wanted. Where none are, a row with two texts is a row of headings.
    pub(super) fn score(&self, headings: &Headings, texts: usize) -> Score {
        if self.is_empty() {
            let is_whole = texts >= 2;
            return Score { found: usize::from(is_whole), is_whole, columns: headings.keys().copied().collect() };
        }
        let there: Vec<(u32, String)> = headings.iter().map(|(column, text)| (*column, plain(text))).collect();
        let mut score = Score { found: 0, is_whole: true, columns: BTreeSet::new() };
        for (names, is_needed) in &self.0 {
            let before = score.columns.len();
            score.columns.extend(there.iter().filter(|(_, text)| names.contains(text)).map(|(column, _)| *column));
            let is_there = score.columns.len() > before;
            score.found += usize::from(is_there);
            score.is_whole &= is_there || !is_needed;
        }
        score.is_whole &= score.found > 0;
        score
    }
}

/// The headings that `rows` have together, from row `first` on, in the columns that count.
///
/// A text merged over several columns, with more rows of headings below it, stands for each of them; texts above each
/// other read "Top / Below".
pub(super) fn together<'a>(
    header_rows: u32,
    layout: &Layout,
    first: u32,
    rows: impl Iterator<Item = &'a Row>,
    counts: impl Fn(u32) -> bool,
) -> Together {
    let mut parts: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let last = first.saturating_add(header_rows.saturating_sub(1));
    for row in rows {
        for (column, text, _) in row.cells() {
            let merged = layout.merged_to(row.number, column).filter(|(to_row, _)| *to_row < last);
            let to = merged.map_or(column, |(_, to)| to.min(column.saturating_add(MOST)));
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for column in (column..=to).filter(|column| counts(*column)) {
                let texts = parts.entry(column).or_default();
                if texts.last() != Some(&text) {
                    texts.push(text.clone());
                }
            }
        }
    }
    let is_closed =
        header_rows == 1 || (parts.values().any(|texts| texts.len() > 1) && !layout.is_merged_beyond(first, last));
    Together { headings: parts.into_iter().map(|(column, texts)| (column, texts.join(" / "))).collect(), is_closed }
}

/// Columns that a merged cell can have at most.
const MOST: u32 = 16_384;

/// How many cells of a row are texts.
pub(super) fn texts<'a>(rows: impl Iterator<Item = &'a Row>) -> usize {
    rows.map(|row| row.cells().filter(|(_, _, stored)| *stored == Stored::Text).count()).max().unwrap_or(0)
}

//! Which columns together tell the rows apart.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use arrow::array::{Array, AsArray, RecordBatch};

use super::{
    super::{
        ColumnType,
        cell::{self, Number},
    },
    Guess,
};

/// Rows that are held against each other; of a longer file no key is claimed.
const MOST_ROWS: usize = 100_000;
/// Columns that are tried, and how many of them together.
const MOST_COLUMNS: usize = 12;
const TOGETHER: usize = 4;

/// The rows of a file, remembered as long as they are not too many.
#[derive(Default)]
pub(super) struct Rows {
    batches: Vec<RecordBatch>,
    kept: usize,
    total: u64,
}

impl Rows {
    pub(super) fn look(&mut self, batch: &RecordBatch) {
        self.total += batch.num_rows() as u64;
        if self.kept <= MOST_ROWS {
            self.kept += batch.num_rows();
            self.batches.push(batch.clone());
        } else {
            self.batches.clear();
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The fewest of the candidates that no two rows share; the leftmost of equals. None of a file of one row, which
    /// anything tells apart.
    pub(super) fn key(&self, candidates: &[(usize, &Guess)]) -> Vec<String> {
        if self.total < 2 || self.total != self.kept as u64 || self.kept > MOST_ROWS {
            return Vec::new();
        }
        // What names a thing is tried before what counts it.
        let mut candidates = candidates.to_vec();
        candidates.sort_by_key(|(place, column)| (column.kind == ColumnType::Count, *place));
        candidates.truncate(MOST_COLUMNS);
        let cells: Vec<Vec<u64>> = candidates.iter().map(|(place, column)| self.digests(*place, column.kind)).collect();
        for size in 1..=TOGETHER {
            for chosen in combinations(candidates.len(), size) {
                // Counts alone tell nothing apart by more than chance.
                if chosen.iter().all(|at| candidates[*at].1.kind == ColumnType::Count) {
                    continue;
                }
                let mut seen = HashSet::with_capacity(self.kept);
                let differ =
                    (0..self.kept).all(|row| seen.insert(chosen.iter().map(|at| cells[*at][row]).collect::<Vec<_>>()));
                if differ {
                    let mut chosen: Vec<_> = chosen.iter().map(|at| candidates[*at]).collect();
                    chosen.sort_by_key(|(place, _)| *place);
                    return chosen.into_iter().map(|(_, column)| column.name.clone()).collect();
                }
            }
        }
        Vec::new()
    }

    /// A digest of each cell as it is stored: two that are stored alike have the same.
    fn digests(&self, place: usize, kind: ColumnType) -> Vec<u64> {
        let mut digests = Vec::with_capacity(self.kept);
        for batch in &self.batches {
            let cells = batch.column(place + 1).as_string::<i32>();
            for at in 0..cells.len() {
                let mut hash = DefaultHasher::new();
                let text = if cells.is_valid(at) { cells.value(at).trim() } else { "" };
                match kind {
                    ColumnType::Count => match cell::number(text, 0, 18, &[]) {
                        Number::Value { units, .. } => units.hash(&mut hash),
                        _ => 0.hash(&mut hash),
                    },
                    ColumnType::Date => cell::date(text).hash(&mut hash),
                    _ => text.hash(&mut hash),
                }
                digests.push(hash.finish());
            }
        }
        digests
    }
}

/// Every choice of `size` of the first `of` numbers, leftmost first.
fn combinations(of: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    (0..of)
        .flat_map(|first| {
            combinations(of - first - 1, size - 1)
                .into_iter()
                .map(move |rest| std::iter::once(first).chain(rest.into_iter().map(|at| at + first + 1)).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::combinations;

    #[test]
    fn choices_come_leftmost_first() {
        assert_eq!(combinations(3, 2), [[0, 1], [0, 2], [1, 2]]);
        assert!(combinations(1, 2).is_empty());
    }
}

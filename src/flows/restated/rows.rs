//! The rows of a file as digests: enough to tell which are the same, and nothing of what they hold.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    io,
    path::PathBuf,
};

use arrow::{
    array::{Array, RecordBatch},
    util::display::{ArrayFormatter, FormatOptions},
};
use sha2::{Digest, Sha256};

use super::{
    RowsChanged, TableDifference,
    parts::{PARTS, Parts},
};
use crate::check::{Contract, Sink, SinkError, TableContract};

/// A sink that keeps digests.
pub(super) struct Rows {
    pub tables: BTreeMap<String, Table>,
    /// Where what does not fit in memory may lie.
    room: PathBuf,
}

/// The rows of one table.
pub(super) struct Table {
    /// The columns that name a row.
    key: Vec<String>,
    /// Whether the table has at most one row, which needs no name.
    single: bool,
    /// The columns that are compared: those of the contract.
    columns: Vec<String>,
    read: u64,
    /// The key's digest of each row and, where the key is not the whole row, the digest of each cell.
    parts: Parts,
}

/// Why rows could not be kept for comparison.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error("the rows cannot be read back: {0}")]
    Rows(#[from] arrow::error::ArrowError),
    #[error("the rows that are compared do not fit on the disk: {0}; check that it is there, writable and not full")]
    Room(#[from] io::Error),
}

impl Rows {
    pub(super) fn of(contract: &Contract, room: PathBuf) -> Self {
        let table = |table: &TableContract| Table {
            key: table.unique.clone(),
            single: table.most_rows == Some(1),
            columns: table.columns.iter().map(|column| column.name.clone()).collect(),
            read: 0,
            parts: Parts::new(Some(room.clone())),
        };
        Self { tables: contract.tables.iter().map(|t| (contract.qualified(t), table(t))).collect(), room }
    }

    /// How two readings of one table compare; one that is not there had no rows.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn difference(name: &str, before: Option<&Table>, after: Option<&Table>) -> io::Result<TableDifference> {
        let read = |table: Option<&Table>| table.map_or(0, |table| table.read);
        let mut found = RowsChanged { added: 0, removed: 0, changed: 0, columns: BTreeMap::new() };
        for part in 0..PARTS {
            let records = |table: Option<&Table>| table.map_or(Ok(Vec::new()), |table| table.parts.read(part));
            let (old, new) = (records(before)?, records(after)?);
            compare(&Part::of(before, &old), &Part::of(after, &new), &mut found);
        }
        Ok(TableDifference {
            table: name.to_owned(),
            rows_before: read(before),
            rows_after: read(after),
            rows: Some(found),
        })
    }
}

/// The rows of one part of a table: by the key's digest, how many rows have it and the digests of the last one's cells.
struct Part<'a> {
    columns: &'a [String],
    rows: HashMap<u128, (u64, &'a [u8])>,
}

impl<'a> Part<'a> {
    fn of(table: Option<&'a Table>, records: &'a [u8]) -> Self {
        let width = table.map_or(16, Table::width);
        let mut rows: HashMap<u128, (u64, &[u8])> = HashMap::with_capacity(records.len() / width);
        for record in records.chunks_exact(width) {
            let Some((key, cells)) = record.split_first_chunk::<16>() else { continue };
            let entry = rows.entry(u128::from_be_bytes(*key)).or_insert((0, cells));
            *entry = (entry.0 + 1, cells);
        }
        Self { columns: table.map_or(&[], |table| table.columns.as_slice()), rows }
    }

    /// The cell of a column in a row of this part.
    fn cell<'c>(&self, cells: &'c [u8], column: &str) -> Option<&'c [u8]> {
        let at = self.columns.iter().position(|known| known == column)?;
        cells.get(at * 8..at * 8 + 8)
    }
}

fn compare(before: &Part<'_>, after: &Part<'_>, found: &mut RowsChanged) {
    for (key, (count, cells)) in &after.rows {
        let Some((earlier, old_cells)) = before.rows.get(key) else {
            found.added += count;
            continue;
        };
        found.added += count.saturating_sub(*earlier);
        // Rows without a key are named by all their cells, and so do not differ.
        if cells.is_empty() || old_cells.is_empty() {
            continue;
        }
        let differs = |(name, cell): &(&String, &[u8])| before.cell(old_cells, name) != Some(*cell);
        let mut differing = after.columns.iter().zip(cells.chunks_exact(8)).filter(differs).peekable();
        found.changed += u64::from(differing.peek().is_some());
        for (name, _) in differing {
            *found.columns.entry(name.clone()).or_insert(0) += 1;
        }
    }
    for (key, (count, _)) in &before.rows {
        found.removed += count.saturating_sub(after.rows.get(key).map_or(0, |(count, _)| *count));
    }
}

impl Sink for Rows {
    async fn write(&mut self, table: &str, batch: RecordBatch) -> Result<(), SinkError> {
        match self.tables.get_mut(table) {
            Some(table) => table.add(&batch).map_err(SinkError::new),
            None => Ok(()),
        }
    }

    fn room(&self) -> Option<PathBuf> {
        Some(self.room.clone())
    }
}

impl Table {
    /// Whether a row is named by all its cells.
    fn is_keyless(&self) -> bool {
        self.key.is_empty() && !self.single
    }

    /// Bytes of one row's record.
    fn width(&self) -> usize {
        if self.is_keyless() { 16 } else { 16 + 8 * self.columns.len() }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), NotKept> {
        self.read += batch.num_rows() as u64;
        let options = FormatOptions::default().with_null("\u{0}");
        let formatters = |name: &str| -> Result<Vec<ArrayFormatter<'_>>, arrow::error::ArrowError> {
            // A number and the reason why there is none are one cell.
            let status = format!("{name}_status");
            let parts = [batch.column_by_name(name), batch.column_by_name(&status)];
            parts
                .into_iter()
                .flatten()
                .map(|array: &std::sync::Arc<dyn Array>| ArrayFormatter::try_new(array.as_ref(), &options))
                .collect()
        };
        let columns: Vec<Vec<ArrayFormatter<'_>>> =
            self.columns.iter().map(|name| formatters(name)).collect::<Result<_, _>>()?;
        let keys: Vec<usize> =
            self.key.iter().filter_map(|name| self.columns.iter().position(|known| known == name)).collect();
        let is_keyless = self.is_keyless();
        let (mut text, mut key) = (String::new(), String::new());
        let mut cells = Vec::with_capacity(columns.len());
        for row in 0..batch.num_rows() {
            cells.clear();
            key.clear();
            for (at, parts) in columns.iter().enumerate() {
                text.clear();
                for part in parts {
                    let _ = write!(text, "{}\u{1}", part.value(row));
                }
                if is_keyless || keys.contains(&at) {
                    key.push_str(&text);
                    key.push('\u{2}');
                }
                if !is_keyless {
                    cells.push(digest(&text) as u64);
                }
            }
            self.parts.add(digest(&key), &cells)?;
        }
        Ok(())
    }
}

fn digest(text: &str) -> u128 {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(text)[..16]);
    u128::from_be_bytes(first)
}

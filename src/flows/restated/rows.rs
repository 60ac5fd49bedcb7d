//! The rows of a file as digests: enough to tell which are the same, and nothing of what they hold.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

use arrow::{
    array::{Array, RecordBatch},
    util::display::{ArrayFormatter, FormatOptions},
};
use sha2::{Digest, Sha256};

use super::{RowsChanged, TableDifference};
use crate::check::{Contract, Sink, SinkError, TableContract};

/// Rows of a table that are held against each other; of more, only their number is compared.
const MOST_ROWS: usize = 500_000;

/// A sink that keeps digests.
pub(super) struct Rows {
    pub tables: BTreeMap<String, Table>,
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
    /// By the key's digest, how many rows have it and the digest of each cell of the last of them.
    rows: HashMap<u128, (u64, Vec<u64>)>,
}

impl Rows {
    pub(super) fn of(contract: &Contract) -> Self {
        let table = |table: &TableContract| Table {
            key: table.unique.clone(),
            single: table.most_rows == Some(1),
            columns: table.columns.iter().map(|column| column.name.clone()).collect(),
            read: 0,
            rows: HashMap::new(),
        };
        Self { tables: contract.tables.iter().map(|t| (contract.qualified(t), table(t))).collect() }
    }

    /// How two readings of one table compare; one that is not there had no rows.
    pub(super) fn difference(name: &str, before: Option<&Table>, after: Option<&Table>) -> TableDifference {
        let read = |table: Option<&Table>| table.map_or(0, |table| table.read);
        let comparable = [before, after].iter().flatten().all(|table| table.read as usize <= MOST_ROWS);
        TableDifference {
            table: name.to_owned(),
            rows_before: read(before),
            rows_after: read(after),
            rows: comparable.then(|| changed(before, after)),
        }
    }
}

fn changed(before: Option<&Table>, after: Option<&Table>) -> RowsChanged {
    let mut found = RowsChanged { added: 0, removed: 0, changed: 0, columns: BTreeMap::new() };
    let nothing = HashMap::new();
    let (old, new) = (before.map_or(&nothing, |table| &table.rows), after.map_or(&nothing, |table| &table.rows));
    for (key, (count, cells)) in new {
        let Some((earlier, old_cells)) = old.get(key) else {
            found.added += count;
            continue;
        };
        found.added += count.saturating_sub(*earlier);
        let (Some(before), Some(after)) = (before, after) else { continue };
        let differing: Vec<&String> = after
            .columns
            .iter()
            .zip(cells)
            .filter(|(name, cell)| {
                let at = before.columns.iter().position(|known| known == *name);
                at.and_then(|at| old_cells.get(at)) != Some(*cell)
            })
            .map(|(name, _)| name)
            .collect();
        if !differing.is_empty() {
            found.changed += 1;
        }
        for name in differing {
            *found.columns.entry(name.clone()).or_insert(0) += 1;
        }
    }
    for (key, (count, _)) in old {
        found.removed += count.saturating_sub(new.get(key).map_or(0, |(count, _)| *count));
    }
    found
}

impl Sink for Rows {
    async fn write(&mut self, table: &str, batch: RecordBatch) -> Result<(), SinkError> {
        match self.tables.get_mut(table) {
            Some(table) => table.add(&batch).map_err(SinkError::new),
            None => Ok(()),
        }
    }
}

impl Table {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), arrow::error::ArrowError> {
        self.read += batch.num_rows() as u64;
        if self.read as usize > MOST_ROWS {
            self.rows = HashMap::new();
            return Ok(());
        }
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
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(columns.len());
            let mut texts = Vec::with_capacity(columns.len());
            for parts in &columns {
                text.clear();
                for part in parts {
                    let _ = write!(text, "{}\u{1}", part.value(row));
                }
                cells.push(digest(&text) as u64);
                texts.push(text.clone());
            }
            let key: String = match (self.single, keys.is_empty()) {
                (true, _) => String::new(),
                (false, true) => texts.join("\u{2}"),
                (false, false) => keys.iter().map(|at| texts[*at].as_str()).collect::<Vec<_>>().join("\u{2}"),
            };
            let entry = self.rows.entry(digest(&key)).or_insert((0, Vec::new()));
            *entry = (entry.0 + 1, cells);
        }
        Ok(())
    }
}

fn digest(text: &str) -> u128 {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(text)[..16]);
    u128::from_be_bytes(first)
}

//! Tells rows apart by the columns that name them.

use std::collections::HashMap;

use arrow::{
    array::{ArrayRef, RecordBatch},
    compute::cast,
    datatypes::DataType,
    error::ArrowError,
    row::{RowConverter, SortField},
};
use sha2::{Digest, Sha256};

use super::TableContract;

/// Rows whose keys are remembered: about 140 MiB of them.
const MOST_ROWS: usize = 3_500_000;

/// The columns that name a row, and how to digest them.
pub(super) struct Keys {
    columns: Vec<(String, DataType)>,
}

impl Keys {
    /// The keys of `table` that `names` list.
    pub(super) fn of(table: &TableContract, names: &[String]) -> Result<Self, ArrowError> {
        let kind = |name: &String| table.column(name).map(|column| (name.clone(), column.kind.data_type()));
        let unknown = |name: &String| ArrowError::SchemaError(format!("no column {name}"));
        Ok(Self {
            columns: names.iter().map(|name| kind(name).ok_or_else(|| unknown(name))).collect::<Result<_, _>>()?,
        })
    }

    /// A digest of each row's key. Equal keys have equal digests, whichever batch they stand in; a missing part of a
    /// key is equal to another missing one.
    pub(super) fn digests(&self, batch: &RecordBatch) -> Result<Vec<u128>, ArrowError> {
        let fields = self.columns.iter().map(|(_, kind)| SortField::new(kind.clone())).collect();
        let cells = self.columns.iter().map(|(name, kind)| {
            let array = batch.column_by_name(name);
            cast(array.ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?, kind)
        });
        let rows = RowConverter::new(fields)?.convert_columns(&cells.collect::<Result<Vec<ArrayRef>, _>>()?)?;
        let digest = |row: &[u8]| {
            let mut first = [0; 16];
            first.copy_from_slice(&Sha256::digest(row)[..16]);
            u128::from_be_bytes(first)
        };
        Ok(rows.iter().map(|row| digest(row.as_ref())).collect())
    }
}

/// The keys met so far, with the row each was first met in.
#[derive(Default)]
pub(super) struct Met(HashMap<u128, u32>);

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is new.
    New,
    /// It stood in this row before.
    Before(u32),
    /// It is not among the keys remembered, of which there are as many as can be.
    Full,
}

impl Met {
    /// Looks a key up, and remembers it.
    pub(super) fn meet(&mut self, key: u128, row: u32) -> Known {
        if let Some(before) = self.0.get(&key) {
            return Known::Before(*before);
        }
        if self.0.len() >= MOST_ROWS {
            return Known::Full;
        }
        self.0.insert(key, row);
        Known::New
    }
}

//! Tells rows apart by the columns that name them.

use std::hash::{BuildHasher, Hasher, RandomState};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::DataType,
    error::ArrowError,
    row::{RowConverter, SortField},
};

use super::TableContract;

/// The columns that name a row, and how to digest them.
pub(super) struct Keys {
    columns: Vec<(String, DataType)>,
    /// Two keys that nobody knows, so that nobody can make two rows that digest to the same.
    secrets: [RandomState; 2],
}

impl Keys {
    /// The keys of `table` that `names` list.
    pub(super) fn of(table: &TableContract, names: &[String]) -> Result<Self, ArrowError> {
        let kind = |name: &String| table.column(name).map(|column| (name.clone(), column.stored_type()));
        let unknown = |name: &String| ArrowError::SchemaError(format!("no column {name}"));
        Ok(Self {
            columns: names.iter().map(|name| kind(name).ok_or_else(|| unknown(name))).collect::<Result<_, _>>()?,
            secrets: [RandomState::new(), RandomState::new()],
        })
    }

    /// A digest of each row's key. Equal keys have equal digests, whichever batch they stand in; a missing part of a
    /// key is equal to another missing one. No two others are equal in the life of the universe.
    pub(super) fn digests(&self, batch: &RecordBatch) -> Result<Vec<u128>, ArrowError> {
        let cells = self.columns.iter().map(|(name, kind)| {
            let array = batch.column_by_name(name);
            cast(array.ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?, kind)
        });
        let cells = cells.collect::<Result<Vec<ArrayRef>, _>>()?;
        if let [only] = cells.as_slice()
            && let Some(texts) = only.as_string_opt::<i32>()
            && texts.null_count() == 0
        {
            return Ok((0..texts.len()).map(|at| self.digest(texts.value(at).as_bytes(), b"text")).collect());
        }
        let fields = self.columns.iter().map(|(_, kind)| SortField::new(kind.clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(&cells)?;
        let one_text = matches!(self.columns.as_slice(), [(_, DataType::Utf8)]);
        let digest = |at: usize| match &cells[0] {
            // A text without a gap beside it digests as above.
            texts if one_text && texts.is_valid(at) => {
                self.digest(texts.as_string::<i32>().value(at).as_bytes(), b"text")
            }
            _ => self.digest(rows.row(at).as_ref(), b"rows"),
        };
        Ok((0..batch.num_rows()).map(digest).collect())
    }

    fn digest(&self, key: &[u8], kind: &[u8; 4]) -> u128 {
        let half = |secret: &RandomState| {
            let mut hasher = secret.build_hasher();
            hasher.write(key);
            hasher.write(kind);
            hasher.finish()
        };
        u128::from(half(&self.secrets[0])) << 64 | u128::from(half(&self.secrets[1]))
    }
}

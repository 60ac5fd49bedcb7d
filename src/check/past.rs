//! What is known beside the file itself, of earlier ones above all: handed in, never looked up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::{
    array::{AsArray, RecordBatch},
    compute::cast,
    datatypes::Decimal128Type,
    error::ArrowError,
};

use super::{CodeList, CodeTable, Compare, Member, PseudonymKey, SeenColumn, TableContract, keys::Keys};

/// The rows of each table that are refused, by the table's name in the contract.
pub type RefusedRows = BTreeMap<String, BTreeSet<u32>>;

/// What is known beside the file.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// The members of an agency that is a group, as they are known now.
    pub members: Vec<Member>,
    /// Rows of the last accepted submission.
    pub usual_rows: Option<i64>,
    /// The same table by table, and the filled cells of each figure: [`TableCount::sizes`](super::TableCount::sizes) of that
    /// file; empty where only the sum was kept.
    pub usual_sizes: BTreeMap<String, i64>,
    /// The rows of the return's tables that stand for the period before, by the tables' names in the contract, with at
    /// least their [`TableContract::compared_columns`]. Tables that compare nothing need not be here.
    pub previous: BTreeMap<String, Vec<RecordBatch>>,
    /// The rows of earlier periods that outliers are told by, by the tables' names in the contract: `period`, and the
    /// [`Outlier::columns`](super::Outlier::columns).
    pub history: BTreeMap<String, Vec<RecordBatch>>,
    /// The columns of the last accepted file, by the tables' names in the contract.
    pub seen: BTreeMap<String, Vec<SeenColumn>>,
    /// The code lists of other returns.
    pub lists: BTreeMap<CodeTable, CodeList>,
    /// Names of the agency, besides its identifier.
    pub agency_names: Vec<String>,
    /// The board's key for pseudonyms. A contract with a pseudonym cannot be checked without it.
    pub pseudonym_key: Option<PseudonymKey>,
    /// The rows that were refused when the file was judged: they are refused again, whatever a check would say today.
    pub refused: RefusedRows,
}

/// One comparison, with the earlier figures at hand.
pub(super) struct Comparison<'a> {
    pub compare: &'a Compare,
    keys: Keys,
    /// By the key's digest, the figure in its smallest unit.
    earlier: HashMap<u128, i128>,
}

impl<'a> Comparison<'a> {
    /// The comparison of `table` that `compare` asks for; one without an earlier figure finds nothing.
    pub(super) fn with(past: &Past, table: &TableContract, compare: &'a Compare) -> Result<Self, ArrowError> {
        let mut comparison = Self { compare, keys: Keys::of(table, &compare.key)?, earlier: HashMap::new() };
        for batch in past.previous.get(&table.name).into_iter().flatten() {
            let digests = comparison.keys.digests(batch)?;
            let figures = comparison.figures(table, batch)?;
            comparison.earlier.extend(digests.into_iter().zip(figures).filter_map(|(key, n)| Some((key, n?))));
        }
        Ok(comparison)
    }

    /// The positions in the batch of the rows whose figure has fallen.
    pub(super) fn fallen(&self, table: &TableContract, batch: &RecordBatch) -> Result<Vec<usize>, ArrowError> {
        if self.earlier.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.keys.digests(batch)?.into_iter().zip(self.figures(table, batch)?);
        let has_fallen =
            |key, now: Option<i128>| now.zip(self.earlier.get(&key)).is_some_and(|(now, then)| now < *then);
        Ok(rows.enumerate().filter(|(_, (key, now))| has_fallen(*key, *now)).map(|(row, _)| row).collect())
    }

    fn figures(&self, table: &TableContract, batch: &RecordBatch) -> Result<Vec<Option<i128>>, ArrowError> {
        let name = &self.compare.column;
        let found = batch.column_by_name(name).zip(table.column(name));
        let (array, column) = found.ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?;
        let array = cast(array, &column.kind.data_type())?;
        Ok(array.as_primitive::<Decimal128Type>().iter().collect())
    }
}

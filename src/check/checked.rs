//! What a check found: the only thing from which rows may be stored.

use std::collections::{BTreeMap, BTreeSet};

use super::{Coverage, Figure, Finding, RefusedRows, RowCounts, SeenColumn, headings::Layout};
use crate::{
    domain::{Period, Status, Verdict},
    ledger::ObligationKey,
};

/// What a file is offered for, and the number it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What it is offered for.
    pub obligation: ObligationKey,
    /// The submission's number.
    pub submission: i64,
}

/// What is to become of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Every rule holds.
    Accepted,
    /// Something is to be explained.
    AcceptedWithQueries,
    /// An error stands in the way.
    NotAccepted,
    /// A person decides first.
    Held {
        /// Why.
        reason: String,
    },
}

/// One table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCount {
    /// Its name in SQL.
    pub table: String,
    /// The sheet it was read from.
    pub sheet: Option<String>,
    /// Rows read.
    pub rows: i64,
    /// Rows of them that were refused.
    pub refused: i64,
    /// For each count and decimal, how many of its cells are not empty.
    pub filled: Vec<(String, i64)>,
}

impl TableCount {
    /// What the next file is held against: the rows taken under the table's name in SQL, and under `table.column` the
    /// cells of each figure that are not empty.
    pub fn sizes(&self) -> Vec<(String, i64)> {
        let columns = self.filled.iter().map(|(column, filled)| (format!("{}.{column}", self.table), *filled));
        std::iter::once((self.table.clone(), self.rows - self.refused)).chain(columns).collect()
    }
}

/// What is read back of one column of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The table's name in SQL.
    pub table: String,
    /// The column's name in SQL.
    pub column: String,
    /// The column's heading in the contract.
    pub heading: String,
    /// What people call it.
    pub label: String,
    /// What its numbers count or measure, where the contract says so.
    pub unit: Option<String>,
    /// The sum of the numbers there are; none if there are none, or they are not to be added up.
    pub value: Option<i128>,
    /// The least and the greatest of numbers that are not to be added up.
    pub bounds: Option<(String, String)>,
    /// Why the first missing number is missing; none if all are there.
    pub status: Option<Status>,
    /// The figures one by one, where the table is small.
    pub figures: Vec<Figure>,
}

impl Total {
    /// What the column comes to, in words: its sum, or between which numbers it lies.
    pub fn words(&self) -> Option<String> {
        let between = |(least, most): &(String, String)| match least == most {
            true => least.clone(),
            false => format!("{least} to {most}"),
        };
        self.value.map(|value| value.to_string()).or(self.bounds.as_ref().map(between))
    }
}

/// A file that was checked to its end. Only [`check`](super::check) makes one.
#[derive(Debug, Clone)]
pub struct Checked {
    pub(super) claim: Claim,
    pub(super) judgement: Judgement,
    pub(super) has_queries: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) marks: Vec<Option<String>>,
    pub(super) earlier: BTreeSet<Period>,
    pub(super) left_out: i64,
    pub(super) coverage: Option<Coverage>,
    pub(super) tables: Vec<TableCount>,
    pub(super) totals: Vec<Total>,
    pub(super) ignored: Vec<String>,
    pub(super) layouts: Vec<(String, Layout)>,
    pub(super) seen: BTreeMap<String, Vec<SeenColumn>>,
    pub(super) refused: RefusedRows,
    pub(super) ignored_columns: Vec<String>,
}

impl Checked {
    /// What the file is offered for.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// What is to become of it.
    pub fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// The judgement in the ledger's words.
    pub fn verdict(&self) -> Verdict {
        match self.judgement {
            Judgement::Accepted => Verdict::Accepted,
            Judgement::AcceptedWithQueries => Verdict::AcceptedWithQueries,
            Judgement::NotAccepted => Verdict::NotAccepted,
            Judgement::Held { .. } => Verdict::Held,
        }
    }

    /// Why it is held, if it is.
    pub fn reason(&self) -> Option<&str> {
        match &self.judgement {
            Judgement::Held { reason } => Some(reason),
            Judgement::Accepted | Judgement::AcceptedWithQueries | Judgement::NotAccepted => None,
        }
    }

    /// The same file after a person has let it pass: held no longer. Errors stand.
    pub fn released(mut self) -> Self {
        if matches!(self.judgement, Judgement::Held { .. }) {
            self.judgement = if self.has_queries { Judgement::AcceptedWithQueries } else { Judgement::Accepted };
        }
        self
    }

    /// The same file, which waits for a person for a reason that does not lie in it. What is not accepted is not held.
    pub fn held_because(mut self, reason: String) -> Self {
        if self.verdict().is_accepted() {
            self.judgement = Judgement::Held { reason };
        }
        self
    }

    /// What was found, errors first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What each finding is about, where it is a query that an explanation may be carried over to: a digest that stays the
    /// same as long as rule, key and figure do.
    pub fn marks(&self) -> &[Option<String>] {
        &self.marks
    }

    /// The earlier periods that a file of several has rows of. They were looked at for their period alone.
    pub fn earlier(&self) -> &BTreeSet<Period> {
        &self.earlier
    }

    /// How much of a group the file speaks of, where its agency is one.
    pub fn coverage(&self) -> Option<&Coverage> {
        self.coverage.as_ref()
    }

    /// Rows read. Of an accepted file all are taken but those refused one by one, those of other areas, which the return
    /// leaves out, and those of periods that nobody asked for yet; of any other none.
    pub fn rows(&self) -> RowCounts {
        let ours: i64 = self.tables.iter().map(|table| table.rows).sum();
        let refused: i64 = self.tables.iter().map(|table| table.refused).sum();
        let accepted = if self.verdict().is_accepted() { ours - refused } else { 0 };
        let read = ours + self.left_out;
        RowCounts { read, accepted, refused: read - accepted }
    }

    /// The tables written, in the contract's order.
    pub fn tables(&self) -> &[TableCount] {
        &self.tables
    }

    /// What the next file is held against; see [`TableCount::sizes`].
    pub fn sizes(&self) -> BTreeMap<String, i64> {
        self.tables.iter().flat_map(TableCount::sizes).collect()
    }

    /// What is read back of the columns of numbers, in the contract's order. Only of an aggregate return: the others'
    /// figures are nobody's to read back.
    pub fn totals(&self) -> &[Total] {
        &self.totals
    }

    /// The columns of the file as they were, by the tables' names in the contract.
    pub fn seen(&self) -> &BTreeMap<String, Vec<SeenColumn>> {
        &self.seen
    }

    /// The rows that were refused while the others are taken.
    pub fn refused(&self) -> &RefusedRows {
        &self.refused
    }

    /// Columns that were not read, because the return ignores what it does not know: their headings, but only their
    /// letters where the file is about single children.
    pub fn ignored_columns(&self) -> &[String] {
        &self.ignored_columns
    }

    /// Sheets of the workbook that were not read.
    pub fn ignored_sheets(&self) -> &[String] {
        &self.ignored
    }
}

//! Whether a decoded extract keeps its contract.
//!
//! A broken rule is a [`Finding`], never an error: an error here means that the extract could not be read to its end.
//! Rows go to a [`Sink`] as they are checked; only [`check`] makes a [`Checked`], so unchecked rows cannot be stored.
//! Knows nothing of the warehouse, the ledger's events or earlier files beyond the [`Past`] it is handed.

mod cell;
mod cells;
mod checked;
mod columns;
mod contract;
mod findings;
mod headings;
mod judge;
mod keys;
mod past;
mod rows;
mod rules;
mod table;

pub use checked::{Checked, Claim, Judgement, TableCount, Total};
pub use columns::{Column, ColumnType};
pub use contract::{Classification, Contract, Governance};
pub use judge::{CheckError, Sink, SinkError, check};
pub use past::Past;
pub use table::{Compare, Extra, Rule, TableContract};

pub use crate::ledger::{FindingRow as Finding, RowCounts, Severity};

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod tests;

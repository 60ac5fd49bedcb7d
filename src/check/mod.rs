//! Whether a decoded extract keeps its contract.
//!
//! A broken rule is a [`Finding`], never an error: an error here means that the extract could not be read to its end.
//! Rows go to a [`Sink`] as they are checked; only [`check`] makes a [`Checked`], so unchecked rows cannot be stored.
//! Knows nothing of the warehouse, the ledger's events or earlier files beyond the [`Past`] it is handed.

mod across;
mod cell;
mod cells;
mod checked;
mod codes;
mod columns;
mod contract;
mod cover;
mod details;
mod drift;
mod figures;
mod findings;
mod fit;
mod form;
mod format;
pub mod guard;
mod headings;
pub mod infer;
mod judge;
mod keys;
mod marks;
mod met;
mod outlier;
mod own_period;
mod parts;
mod past;
mod periods;
mod plain_cell;
mod refusal;
mod remarks;
mod rows;
mod rules;
mod shield;
mod sums;
mod table;
mod unpivot;
mod unread;
mod whereabouts;
mod window;

pub use across::{CrossAnswer, CrossRule};
pub use checked::{Checked, Claim, Judgement, TableCount, Total};
pub use codes::{CodeList, CodeTable, Codes};
pub use columns::{Column, ColumnType};
pub use contract::{Classification, Contract, Governance};
pub use drift::{Kind, SeenColumn};
pub use figures::{Figure, MOST_FIGURES};
pub use fit::fits;
pub use form::{Form, Identifier};
pub use judge::{CheckError, Sink, SinkError, check};
pub use outlier::{HISTORY, Outlier};
pub use parts::{Areas, Coverage, Member};
pub use past::{Past, RefusedRows};
pub use periods::periods_named;
pub use refusal::RefuseRows;
pub use shield::{PseudonymKey, Shield};
pub use sums::{SumRule, Summed};
pub use table::{Compare, Extra, Rule, TableContract};
pub use unpivot::Unpivot;
pub use whereabouts::Whereabouts;
pub use window::Covers;

pub use crate::ledger::{FindingRow as Finding, RowCounts, Severity};

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod tests;

//! Rows that may be refused while the rest of a file is taken: `refuse_rows = "up to 2 %"`.

use std::{collections::BTreeSet, fmt, str::FromStr};

use arrow::array::{AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Decimal128Type;
use arrow::error::ArrowError;

use super::{TableContract, cells::Sum, table::status_of};
use crate::domain::Status;

/// How many of a file's rows may be refused, in hundredths of a per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefuseRows(u32);

/// Not such a share.
#[derive(Debug, thiserror::Error)]
#[error("a share above 0 and up to 50 %, as in \"up to 2 %\"")]
pub struct NotAShare;

impl FromStr for RefuseRows {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, NotAShare> {
        let share = text.trim().strip_prefix("up to ").and_then(|rest| rest.strip_suffix('%')).ok_or(NotAShare)?.trim();
        let (whole, part) = share.split_once('.').unwrap_or((share, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 2 || !digits(whole) || !digits(part) {
            return Err(NotAShare);
        }
        let hundredths: u32 = format!("{whole}{part:0<2}").parse().map_err(|_| NotAShare)?;
        if (1..=5000).contains(&hundredths) { Ok(Self(hundredths)) } else { Err(NotAShare) }
    }
}

impl fmt::Display for RefuseRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:02}", self.0 / 100, self.0 % 100);
        write!(f, "up to {} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl RefuseRows {
    /// Whether so many refused rows of all that were read are no more than may be.
    pub fn allows(self, refused: u64, read: u64) -> bool {
        u128::from(refused) * 10_000 <= u128::from(read) * u128::from(self.0)
    }
}

/// The batch without the rows of these numbers.
pub(super) fn without(
    batch: &RecordBatch,
    rows: &UInt32Array,
    refused: &BTreeSet<u32>,
) -> Result<RecordBatch, ArrowError> {
    let kept: BooleanArray = rows.values().iter().map(|row| Some(!refused.contains(row))).collect();
    filter_record_batch(batch, &kept)
}

/// Adds the measures of rows that are kept to their columns' sums.
pub(super) fn add_kept(sums: &mut [Sum], table: &TableContract, kept: &RecordBatch) {
    for (sum, column) in sums.iter_mut().zip(&table.columns).filter(|(_, column)| column.kind.is_measure()) {
        let numbers = kept.column_by_name(&column.name).and_then(|array| array.as_primitive_opt::<Decimal128Type>());
        for units in numbers.into_iter().flat_map(|numbers| numbers.iter().flatten()) {
            sum.value = Some(sum.value.unwrap_or(0).saturating_add(units));
            sum.filled += 1;
        }
        let statuses = kept.column_by_name(&status_of(&column.name)).and_then(|array| array.as_string_opt::<i32>());
        let first = statuses.and_then(|statuses| statuses.iter().flatten().next());
        sum.status = sum.status.or(first.and_then(Status::from_symbol));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_is_written_as_people_write_it() {
        for (text, shown) in [("up to 2 %", "up to 2 %"), ("up to 0.5%", "up to 0.5 %"), ("up to 50 %", "up to 50 %")] {
            assert_eq!(text.parse::<RefuseRows>().unwrap().to_string(), shown);
        }
        for text in ["2 %", "up to 0 %", "up to 51 %", "up to two %", "up to 2", "up to 1.255 %", "up to -1 %", ""] {
            assert!(text.parse::<RefuseRows>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_share_is_kept_exactly(refused in 0_u64..1000, read in 1_u64..1000, hundredths in 1_u32..5001) {
            let share = RefuseRows(hundredths);
            let exact = refused * 10_000 <= read * u64::from(hundredths);
            prop_assert_eq!(share.allows(refused, read), exact);
            prop_assert_eq!(share.to_string().parse::<RefuseRows>().unwrap(), share);
        }
    }
}

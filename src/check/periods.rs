//! Which periods a file's rows speak of, before anybody says what it is offered for.

use std::collections::BTreeSet;

use arrow::array::AsArray;

use super::{Contract, cell, headings::plain};
use crate::{
    decode::{DecodeError, Decoded},
    domain::Period,
};

/// The periods that the period columns of a contract name in a file; what cannot be read is left to the check. Words such
/// as "April to June 2023" are understood of the periods around `around`.
///
/// # Errors
/// When a row cannot be read.
pub fn periods_named(
    contract: &Contract,
    decoded: Decoded,
    around: Option<Period>,
) -> Result<BTreeSet<Period>, DecodeError> {
    let mut found = BTreeSet::new();
    let wanted: Vec<String> =
        contract.tables.iter().filter_map(|table| table.period_column.as_deref()).map(plain).collect();
    for sheet in decoded.sheets {
        let places: Vec<usize> =
            (0..sheet.columns.len()).filter(|at| wanted.contains(&plain(&sheet.columns[*at]))).collect();
        let mut seen = BTreeSet::new();
        for batch in sheet.rows {
            let batch = batch?;
            for place in &places {
                for text in batch.column(place + 1).as_string::<i32>().iter().flatten() {
                    // Few texts stand in many rows.
                    if seen.len() < 1000 && seen.insert(text.to_owned()) {
                        let read = around.map_or_else(|| text.trim().parse().ok(), |around| cell::period(text, around));
                        found.extend(read);
                    }
                }
            }
        }
    }
    Ok(found)
}

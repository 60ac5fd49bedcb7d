//! Whether each row says the period that its file was sent for.

use arrow::array::{StringArray, UInt32Array};

use super::{
    Severity, cell,
    findings::{Findings, Spot, rule},
};
use crate::domain::Period;

/// Tells of rows whose `cells` name another period than `asked`, or none.
pub(super) fn check(cells: &StringArray, rows: &UInt32Array, asked: Period, spot: &Spot, findings: &mut Findings) {
    // Nearly all rows say what the row before says.
    let mut last = (None, None);
    for (cell, row) in cells.iter().zip(rows.values()) {
        if last.0 != cell {
            last = (cell, cell.and_then(|text| cell::period(text, asked)));
        }
        let read = last.1;
        if read == Some(asked) {
            continue;
        }
        findings.add(Severity::Error, spot, Some(*row), rule::PERIOD, || match read {
            Some(other) => format!(
                "the period reads {}; we asked for {}. Please correct it, or tell us which period it is for.",
                other.human(),
                asked.human()
            ),
            None => format!("the period cannot be read. Please write {asked} for {}.", asked.human()),
        });
    }
}

//! What was noticed of a file that is neither to be mended nor to be explained: hidden rows, columns that are new or gone,
//! numbers stored otherwise, rows left out.

use crate::{
    check::{Classification, Contract},
    ledger::{FindingRow, Severity},
    mail::{Thing, things},
};

/// A list of ours that is still empty: nothing its sender could have meant.
const OURS: &str = "codes";

/// The notes among findings, grouped.
pub(super) fn noticed(contract: &Contract, findings: &[FindingRow]) -> Vec<Thing> {
    let is_child_level = contract.governance.classification == Classification::ChildLevel;
    let notes = findings.iter().filter(|f| f.severity == Severity::Note && f.rule != OURS).cloned();
    let notes: Vec<FindingRow> = notes.map(|note| if is_child_level { without_headings(note) } else { note }).collect();
    things(&notes)
}

/// A note as it may be told of a file about single children: none of the headings that only the file knows.
fn without_headings(note: FindingRow) -> FindingRow {
    let says = match note.rule.as_str() {
        "column-new" => "this column was not in the last file.",
        "column-gone" => "a column of the last file is gone.",
        "column-renamed" => "a column of the last file is gone, and this one stands in its place.",
        _ => return FindingRow { heading: None, ..note },
    };
    FindingRow { heading: None, says: says.to_owned(), ..note }
}

//! Invented files that were accepted, for the examples of answers.

use super::{
    Judged, Marked, Read, ReadRow, Rows, Total,
    examples::{at, date, due},
    things,
};
use crate::ledger::FindingRow;

pub(super) fn judged(queries: Vec<FindingRow>) -> Judged {
    let total = |label: &str, value: &str, last: &str| Total {
        label: label.into(),
        value: value.into(),
        before: None,
        last: Some(last.into()),
    };
    Judged {
        due: due(),
        arrived_at: at("2025-07-14T15:50:00Z"),
        read: Read::Totals(vec![
            total("missing from home", "41", "38"),
            total("missing from care", "17", "22"),
            total("interviews held", "49", "51"),
            Total { label: "within 72 hours".into(), value: "40".into(), before: None, last: None },
        ]),
        figures: vec![],
        gone: vec![],
        narrative: false,
        rows: rows(1, 1),
        ignored_sheets: vec!["Notes".into()],
        ignored_columns: vec!["Remarks (H)".into()],
        marked: if queries.is_empty() { Marked::No } else { Marked::Attached },
        answer_by: (!queries.is_empty()).then(|| date("2025-07-28")),
        queries: things(&queries),
        notes: vec![],
    }
}

/// A small file of several rows, read back figure by figure.
pub(super) fn by_row() -> Judged {
    let total = |label: &str, value: &str, last: Option<&str>| Total {
        label: label.into(),
        value: value.into(),
        before: None,
        last: last.map(Into::into),
    };
    let row = |label: &str, plans, before, reviewed| ReadRow {
        label: label.into(),
        figures: vec![total("children on a plan", plans, Some(before)), total("reviewed in time", reviewed, None)],
    };
    Judged {
        read: Read::Totals(vec![total("children on a plan", "41", Some("38"))]),
        figures: vec![row("Physical harm", "12", "9", "91.7 %"), row("Neglect", "29", "25", "hidden (c)")],
        gone: vec!["Emotional harm".into()],
        rows: rows(2, 2),
        narrative: true,
        ..judged(vec![])
    }
}

pub(super) fn rows(read: u64, taken: u64) -> Rows {
    Rows { read, taken, refused: read - taken }
}

//! Invented findings, for the examples of answers.

use crate::ledger::{FindingRow, Severity};

pub(super) fn two_mistakes() -> Vec<FindingRow> {
    let larger = "\"return interviews held\" is larger than \"episodes\" in C14. Please correct one of them.";
    let period = "the period reads January to March 2025; we asked for April to June.";
    vec![finding(Some("D"), Some(14), larger), finding(None, Some(19), period)]
}

pub(super) fn notes() -> Vec<FindingRow> {
    let note = |rule: &str, letter, row, says| FindingRow {
        severity: Severity::Note,
        rule: rule.into(),
        sheet: Some("Return".into()),
        ..finding(letter, row, says)
    };
    vec![
        note("hidden", None, Some(7), "row 7 is hidden, and is read all the same. Is that meant?"),
        note("columns-moved", None, None, "the columns stand in another order than in the last file."),
    ]
}

pub(super) fn many_mistakes() -> Vec<FindingRow> {
    let larger = |row: u32| {
        let says =
            format!("\"return interviews held\" is larger than \"episodes\" in C{row}. Please correct one of them.");
        finding(Some("D"), Some(row), &says)
    };
    let empty = finding(Some("B"), Some(40), "\"area\" is empty. Please fill it in.");
    (5..17).map(larger).chain([FindingRow { rule: "required".into(), ..empty }]).collect()
}

pub(super) fn query(says: &str) -> FindingRow {
    FindingRow { severity: Severity::Query, ..finding(None, None, says) }
}

pub(super) fn finding(letter: Option<&str>, row: Option<u32>, says: &str) -> FindingRow {
    FindingRow {
        severity: Severity::Error,
        table: "missing_children".into(),
        sheet: row.map(|_| "Return".into()),
        heading: None,
        letter: letter.map(Into::into),
        row,
        rule: "example".into(),
        says: says.into(),
    }
}

//! Findings as a sender reads them: one thing for each rule in a column, with the cells it was found in and their number.

use serde::Serialize;

use crate::{domain::words, ledger::FindingRow};

/// Cells that are named one by one.
const NAMED: usize = 5;

/// One thing to fix or to explain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thing {
    /// The sheet of the workbook, where there is one.
    pub sheet: Option<String>,
    /// The column's heading.
    pub heading: Option<String>,
    /// The column's letter.
    pub letter: Option<String>,
    /// The row, of a thing that was found once.
    pub row: Option<u32>,
    /// The cells or rows, the first few by name: "D5, D6, D7 and 12 more"; empty for a thing that was found once.
    pub places: String,
    /// How often it was found.
    pub total: u64,
    /// What is wrong and what to do.
    pub says: String,
    /// The rule's short name.
    pub rule: String,
}

/// The things that findings tell of, in the order they were first found.
pub fn things(findings: &[FindingRow]) -> Vec<Thing> {
    let mut groups: Vec<Vec<&FindingRow>> = Vec::new();
    let alike = |one: &FindingRow, other: &FindingRow| {
        (&one.rule, &one.table, &one.sheet, &one.letter) == (&other.rule, &other.table, &other.sheet, &other.letter)
            && (one.row.is_some() || other.row.is_some() || one.says == other.says)
            && (one.letter.is_some() || one.heading == other.heading)
    };
    for finding in findings {
        match groups.iter_mut().find(|group| alike(group[0], finding)) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups.iter().map(|group| thing(group)).collect()
}

fn thing(group: &[&FindingRow]) -> Thing {
    let first = group[0];
    let told: Vec<(&str, u64)> = group.iter().map(|finding| FindingRow::more_like_it(&finding.says)).collect();
    let total = group.len() as u64 + told.iter().map(|(_, more)| more).sum::<u64>();
    let (mut says, mut row, mut places) = (told[0].0.to_owned(), first.row, String::new());
    if total > 1 {
        let general: Vec<String> =
            group.iter().zip(&told).map(|(finding, (says, _))| in_general(says, finding.row)).collect();
        let place = |finding: &&FindingRow| match (&finding.letter, finding.row) {
            (Some(letter), Some(row)) => format!("{letter}{row}"),
            (_, row) => row.map(|row| row.to_string()).unwrap_or_default(),
        };
        let named: Vec<String> = group.iter().map(place).filter(|place| !place.is_empty()).collect();
        if general.iter().all(|says| *says == general[0]) {
            says = general[0].clone();
        } else {
            says = format!("for example in {}: {says}", named.first().cloned().unwrap_or_default());
        }
        places = listed(&named, total);
        row = None;
    }
    Thing {
        sheet: first.sheet.clone(),
        heading: first.heading.clone(),
        letter: first.letter.clone(),
        row,
        places,
        total,
        says,
        rule: first.rule.clone(),
    }
}

/// The first few by name, and how many more.
fn listed(named: &[String], total: u64) -> String {
    if named.len() as u64 == total && named.len() <= NAMED + 1 {
        return words::listed(named.iter().map(String::as_str));
    }
    let shown = named.len().min(NAMED);
    let rest = total - shown as u64;
    format!("{} and {} more", named[..shown].join(", "), words::whole(rest))
}

/// A sentence about one row as it is true of every row like it: "in C14" becomes "in column C", "as row 5" becomes "as
/// another row".
fn in_general(says: &str, row: Option<u32>) -> String {
    let Some(row) = row.map(|row| row.to_string()) else { return says.to_owned() };
    let mut general = String::new();
    let mut word = String::new();
    let mut before_row = false;
    for c in says.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let letters = word.strip_suffix(&row).filter(|l| (1..=3).contains(&l.len()));
        if let Some(letters) = letters.filter(|l| l.bytes().all(|b| b.is_ascii_uppercase())) {
            general.push_str(&format!("column {letters}"));
        } else if before_row && word.bytes().all(|b| b.is_ascii_digit()) && !word.is_empty() {
            general.truncate(general.len() - "row ".len());
            general.push_str("another row");
        } else {
            general.push_str(&word);
        }
        before_row = word == "row" && c == ' ';
        word.clear();
        general.push(c);
    }
    general.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Severity;

    fn finding(letter: Option<&str>, row: Option<u32>, rule: &str, says: &str) -> FindingRow {
        FindingRow {
            severity: Severity::Error,
            table: "t".into(),
            sheet: Some("Return".into()),
            heading: letter.map(|letter| format!("heading {letter}")),
            letter: letter.map(Into::into),
            row,
            rule: rule.into(),
            says: says.into(),
        }
    }

    fn told(findings: &[FindingRow]) -> Vec<String> {
        things(findings).iter().map(|t| format!("{} {} [{}] {}", t.rule, t.total, t.places, t.says)).collect()
    }

    #[test]
    fn what_was_found_once_is_told_as_it_is() {
        let found = things(&[finding(Some("D"), Some(14), "within", "is larger than C14.")]);
        assert_eq!((found[0].row, found[0].says.as_str(), found[0].total), (Some(14), "is larger than C14.", 1));
    }

    #[test]
    fn many_cells_of_one_rule_are_one_thing_in_general_words() {
        let found: Vec<FindingRow> = (5..17)
            .map(|row| finding(Some("D"), Some(row), "within", &format!("is larger than \"episodes\" in C{row}.")))
            .chain([finding(Some("E"), Some(5), "within", "is larger than C5.")])
            .collect();
        assert_eq!(
            told(&found),
            [
                "within 12 [D5, D6, D7, D8, D9 and 7 more] is larger than \"episodes\" in column C.",
                "within 1 [] is larger than C5."
            ]
        );
    }

    #[test]
    fn sentences_that_differ_are_given_by_example() {
        let found = [
            finding(Some("A"), Some(7), "period", "the period reads January to March 2025."),
            finding(Some("A"), Some(9), "period", "the period cannot be read."),
        ];
        assert_eq!(told(&found), ["period 2 [A7 and A9] for example in A7: the period reads January to March 2025."]);
        let found = [
            finding(Some("A"), Some(7), "unique", "this row has the same \"No.\" as row 5. Please delete one."),
            finding(Some("A"), Some(9), "unique", "this row has the same \"No.\" as row 6. Please delete one."),
        ];
        assert_eq!(
            told(&found),
            ["unique 2 [A7 and A9] this row has the same \"No.\" as another row. Please delete one."]
        );
    }

    #[test]
    fn findings_that_were_counted_only_are_in_the_total() {
        let mut found: Vec<FindingRow> =
            (2..1002).map(|row| finding(Some("B"), Some(row), "type", "is not a number.")).collect();
        found[999].says.push_str(" There are 1,500 more like it.");
        assert_eq!(told(&found), ["type 2500 [B2, B3, B4, B5, B6 and 2,495 more] is not a number."]);
    }
}

//! Real files against real contracts: what is known to be wrong with them is found, and they load all the same.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use arrow::{
    array::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};
use bytes::Bytes;
use quarterday::{
    check::{Checked, Claim, Contract, Finding, Past, RowCounts, Severity, check},
    decode::{Decoded, decode},
};

use crate::support::{Kept, contract, launcher, shared_data};

/// A definition of `tests/it/real`.
pub fn real(name: &str) -> Contract {
    contract(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/real").join(name))
}

/// Checks a file, which must be accepted.
pub async fn run(contract: &Contract, release: &str, bytes: Bytes, past: &Past) -> (Checked, Vec<RecordBatch>) {
    let decoded: Decoded =
        decode(&contract.format, bytes, &launcher()).await.unwrap_or_else(|e| panic!("{release}: {e}"));
    let obligation = format!("{}/dfe/{release}", contract.id).parse().unwrap();
    let mut kept = Kept::default();
    let checked = check(contract, Claim { obligation, submission: 1 }, decoded, past, &mut kept).await.unwrap();
    assert!(checked.verdict().is_accepted(), "{release}: {:?}", checked.findings().first());
    (checked, kept.0.into_iter().map(|(_, batch)| batch).collect())
}

/// The findings of one rule.
pub fn of<'a>(findings: &'a [Finding], rule: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.rule == rule).collect()
}

/// The issues by date, oldest first.
pub fn issues() -> Option<Vec<(String, PathBuf)>> {
    let mut files: Vec<_> =
        std::fs::read_dir(shared_data("attendance")?).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files.into_iter().map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), file)).collect())
}

/// The cells of a line of CSV; a comma between quotes parts none.
pub fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(letter),
        }
    }
    cells
}

/// The row of York's secondary schools in an issue, as a spreadsheet counts.
pub fn york(text: &str) -> u32 {
    let at = text.lines().position(|line| line.contains("E06000014") && line.contains("Secondary"));
    u32::try_from(at.unwrap()).unwrap() + 1
}

#[tokio::test]
async fn all_issues_of_attendance_load_with_their_defects_as_findings() {
    let Some(issues) = issues() else { return };
    assert_eq!(issues.len(), 48);
    let contract = real("attendance");
    let mut past = Past::default();
    let (mut rows, mut vanished) = (0, Vec::new());
    let mut restated = Vec::new();
    for (release, file) in issues {
        let bytes = std::fs::read(file).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let (checked, batches) = run(&contract, &release, bytes.into(), &past).await;
        let lines = i64::try_from(text.trim_end().lines().count()).unwrap() - 1;
        assert_eq!(checked.rows(), RowCounts { read: lines, accepted: lines, refused: 0 }, "{release}");
        assert_eq!(of(checked.findings(), "rounded")[0].severity, Severity::Note, "averages of pupils, {release}");
        rows += lines;
        if !of(checked.findings(), "column-absent").is_empty() {
            vanished.push(release.clone());
        }
        let row = york(&text);
        if of(checked.findings(), "sessions-fall").iter().any(|finding| finding.row == Some(row)) {
            restated.push(release.clone());
        }
        if release == "2022-09-28" {
            let impossible = of(checked.findings(), "sessions-in-a-year");
            assert_eq!(impossible.len(), 499, "every row of the first issue has more sessions than a year");
            let york = impossible.iter().find(|finding| finding.row == Some(row)).unwrap();
            let expected = format!("U{row} has more sessions than the pupils in M{row} can have in a school year.");
            assert_eq!(york.says, expected, "19.3 million for York");
        }
        past = Past {
            usual_rows: Some(checked.rows().accepted),
            previous: [("attendance".to_owned(), batches)].into(),
            ..Past::default()
        };
    }
    assert_eq!(rows, 23_572);
    assert_eq!(restated, ["2022-09-29", "2023-06-01"], "York's secondary schools lose sessions twice");
    let autumns = |release: &String| {
        ("2022-09-28".."2023-02-23").contains(&release.as_str())
            || ("2023-09-28".."2024-01-25").contains(&release.as_str())
    };
    assert_eq!(vanished.len(), 20, "{vanished:?}");
    assert!(vanished.iter().all(autumns), "pa_perc is gone until the year is old enough: {vanished:?}");
}

#[tokio::test]
async fn a_renamed_column_of_attendance_is_read_by_its_other_name() {
    let Some(issues) = issues() else { return };
    let (release, file) = issues.into_iter().next_back().unwrap();
    let text = std::fs::read_to_string(file).unwrap().replacen("school_type", "education_phase", 1);
    let (checked, batches) = run(&real("attendance"), &release, text.into(), &Past::default()).await;
    assert_eq!(of(checked.findings(), "heading-renamed").len(), 1);
    assert_eq!(batches[0].column_by_name("school_type").unwrap().null_count(), 0);
}

/// The publisher's files on children's social care, with the return that reads each.
const SOCIAL_CARE: [(&str, &str, i64); 7] = [
    ("csc-children-in-need", "b1_children_in_need_2013_to_2024.csv", 1967),
    ("csc-factors", "c3_factors_identified_at_end_of_assessment_2018_to_2024.csv", 1147),
    ("csc-plan-duration", "d5_cpps_at31march_by_duration_2013_to_2024.csv", 1967),
    ("csc-population", "ons_mid-year_population_estimates_2012_to_2024.csv", 2132),
    ("csc-referrals", "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv", 1967),
    ("csc-repeat-plans", "d3_cpps_subsequent_plan_2013_to_2024.csv", 1967),
    ("csc-workforce", "csww_indicators_2017_to_2024.csv", 1300),
];

#[tokio::test]
async fn each_number_on_social_care_is_read_or_the_reason_why_there_is_none() {
    let Some(folder) = shared_data("csc") else { return };
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (name, file, rows) in SOCIAL_CARE {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let contract = real(name);
        let (checked, batches) = run(&contract, "2025-06-26", text.clone().into(), &Past::default()).await;
        assert_eq!(checked.rows(), RowCounts { read: rows, accepted: rows, refused: 0 }, "{name}");
        let told: Vec<_> =
            checked.findings().iter().map(|finding| format!("{} {}", finding.rule, finding.says)).collect();
        // Of the lengths of plans, many are hidden: the totals of 678 authorities and years cannot be checked.
        let unchecked = "total-unchecked the total in L15 cannot be checked: not all of its numbers are given. There are \
                         677 more like it.";
        let expected: &[&str] = if name == "csc-plan-duration" { &[unchecked] } else { &[] };
        assert_eq!(told, expected, "{name}");
        every_cell_is_as_published(&text, &batches, &mut reasons);

        // The publisher has issued such files with a byte order mark too.
        let marked = format!("\u{feff}{text}");
        let (again, same) = run(&contract, "2025-06-26", marked.into(), &Past::default()).await;
        assert_eq!((again.findings(), &same), (checked.findings(), &batches), "{name}");
    }
    let expected = [("c", 5_138), ("k", 9), ("u", 183), ("x", 2_932), ("z", 155)];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected.map(|(symbol, count)| (symbol.to_owned(), count)));
}

/// Holds what was kept of a file to its text, cell by cell, and counts the reasons why there is no number.
fn every_cell_is_as_published(text: &str, batches: &[RecordBatch], reasons: &mut BTreeMap<String, usize>) {
    let lines: Vec<Vec<String>> = text.lines().skip(1).map(cells).collect();
    let mut at = 0;
    for batch in batches {
        let (options, schema) = (FormatOptions::default(), batch.schema());
        let shown = |name: &str| Some(ArrayFormatter::try_new(batch.column_by_name(name)?, &options).unwrap());
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let kept: Vec<_> = names
            .iter()
            .skip_while(|name| **name != "year")
            .filter(|name| !name.ends_with("_status"))
            .map(|name| (*name, shown(name).unwrap(), shown(&format!("{name}_status"))))
            .collect();
        for row in 0..batch.num_rows() {
            let line = &lines[at];
            assert_eq!(line.len(), kept.len());
            for (cell, (name, value, status)) in line.iter().zip(&kept) {
                let (value, status) = (value.value(row).to_string(), status.as_ref().map(|s| s.value(row).to_string()));
                let same = match (cell.parse::<f64>(), &status) {
                    (Ok(number), Some(_)) => value.parse() == Ok(number),
                    (Err(_), Some(status)) => {
                        *reasons.entry(status.clone()).or_default() += 1;
                        value.is_empty() && *status == cell.replace("low", "k")
                    }
                    (_, None) => value == *cell,
                };
                assert!(same, "row {}, {name}: {cell:?} became {value:?} {status:?}", at + 2);
            }
            at += 1;
        }
    }
    assert_eq!(at, lines.len());
}

#[tokio::test]
async fn three_years_of_attendances_by_trust_load_without_a_question() {
    let Some(folder) = shared_data("spc") else { return };
    let bytes = std::fs::read(folder.join("ae_attendances.csv")).unwrap();
    let (checked, _) = run(&real("ae-attendances"), "2019-04-11", bytes.into(), &Past::default()).await;
    assert_eq!(checked.rows(), RowCounts { read: 12_765, accepted: 12_765, refused: 0 });
    assert_eq!(checked.findings(), []);
}

//! Real files against real contracts: what is known to be wrong with them is found, and they load all the same.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use bytes::Bytes;
use quarterday::{
    check::{Checked, Claim, Contract, Finding, Past, RowCounts, Severity, check},
    decode::{Decoded, decode},
    domain::Verdict,
};

use crate::support::{Kept, contract, launcher, shared_data};

fn real(name: &str) -> Contract {
    contract(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/real").join(name))
}

async fn run(contract: &Contract, release: &str, bytes: Bytes, past: &Past) -> (Checked, Vec<RecordBatch>) {
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

#[tokio::test]
async fn the_interactive_tools_release_loads_with_its_known_defects_as_findings() {
    let Some(folder) = shared_data("lait/2025-07-14") else { return };
    let bytes = Bytes::from(std::fs::read(folder.join("bds_long_0.parquet")).unwrap());
    let (checked, batches) = run(&real("lait"), "2025-07-14", bytes, &Past::default()).await;
    assert_eq!(checked.verdict(), Verdict::AcceptedWithQueries);
    assert_eq!(checked.rows(), RowCounts { read: 586_500, accepted: 586_500, refused: 0 });
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 586_500);
    known_defects_of_the_interactive_tool(checked.findings());
}

/// Whether the findings tell of all that is known to be wrong with the release of 2025-07-14.
pub fn known_defects_of_the_interactive_tool(findings: &[Finding]) {
    let told = |rule: &str, more: &str| {
        let found = of(findings, rule);
        let last = found.last().unwrap_or_else(|| panic!("{rule} found nothing"));
        assert!(last.says.ends_with(more), "{rule}: {}", last.says);
        found.len()
    };
    assert_eq!(told("not-available", "There are 87,906 more like it."), 1, "a dash for a number");
    assert_eq!(told("type", "not applicable)."), 2, "two dots for a number");
    assert_eq!(told("year-label", "names no year."), 170, "the year 0");
    assert_eq!(told("abolished-authority", "There are 6,899 more like it."), 1, "909 and 928");
    assert_eq!(told("spelling", "There are 3,449 more like it."), 1, "Yorkshire and the Humber");
    assert_eq!(told("rounded", "There are 55,868 more like it."), 1, "274.10000000000002");
    assert_eq!(told("share-above-100", "above 100."), 33, "882 per cent");
    assert_eq!(told("year-marked", "There are 28,049 more like it."), 1, "(OT), (Revised), (Final), (prov)");
    assert!(findings.iter().all(|finding| finding.severity != Severity::Error));
}

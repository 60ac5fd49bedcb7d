//! Census files as case systems write them, by declared mappings, through the front door.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use bytes::Bytes;
use quarterday::{
    check::{Checked, Claim, Contract, Past, Severity, check},
    decode::{DecodeError, Decoded, decode},
    domain::Verdict,
};

use crate::support::{Kept, TestBoard, contract, launcher, shared_data};

fn real(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/real").join(name)
}

async fn read(contract: &Contract, bytes: Vec<u8>) -> Result<Decoded, DecodeError> {
    decode(&contract.format, Bytes::from(bytes), &launcher()).await
}

async fn run(contract: &Contract, bytes: Vec<u8>) -> (Checked, Vec<(String, RecordBatch)>) {
    let decoded = read(contract, bytes).await.unwrap_or_else(|error| panic!("{}: {error}", contract.id));
    let obligation = format!("{}/children-services/2025-26-FY", contract.id).parse().unwrap();
    let mut kept = Kept::default();
    let claim = Claim { obligation, submission: 1 };
    let checked = check(contract, claim, decoded, &Past::default(), &mut kept).await.unwrap();
    (checked, kept.0)
}

/// How many rows of a table a file has: its elements, counted without reading XML.
fn rows_of(contract: &Contract, table: &str, text: &str) -> i64 {
    let table = contract.tables.iter().find(|known| known.name == table).unwrap();
    let element = table.rows.as_deref().unwrap().rsplit('/').next().unwrap();
    i64::try_from(text.matches(&format!("<{element}>")).count()).unwrap()
}

fn texts(batches: &[(String, RecordBatch)], table: &str, column: &str) -> Vec<String> {
    let of = batches.iter().filter(|(name, _)| name == table);
    let column = of.map(|(_, batch)| batch.column_by_name(column).unwrap().as_string::<i32>().clone());
    column.flat_map(|cells| cells.iter().map(|cell| cell.unwrap_or("").to_owned()).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn every_children_in_need_census_fills_all_its_tables() {
    let Some(folder) = shared_data("cin_census") else { return };
    let contract = contract(&real("cin-census"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 9);
    let mut children = 0;
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let (checked, batches) = run(&contract, text.clone().into_bytes()).await;
        assert!(checked.verdict().is_accepted(), "{name}: {:?}", checked.findings().first());
        for count in checked.tables() {
            let table = count.table.trim_start_matches("confidential.");
            if table == "cin_header" {
                assert_eq!(count.rows, 1, "{name}");
                continue;
            }
            assert_eq!(count.rows, rows_of(&contract, table, &text), "{name}: {table}");
            if table == "cin_children" {
                children += count.rows;
            }
        }
        // Every table carries the identifier of the child it is about.
        let known = texts(&batches, "confidential.cin_children", "child");
        for (table, batch) in batches.iter().filter(|(table, _)| table != "confidential.cin_header") {
            let child = batch.column_by_name("child").unwrap().as_string::<i32>();
            assert_eq!(child.null_count(), 0, "{name}: {table}");
            assert!(child.iter().flatten().all(|child| known.iter().any(|known| known == child)), "{name}: {table}");
        }
        let stray =
            checked.findings().iter().find(|finding| finding.heading.as_deref() == Some("ChildIdentifiers/text()"));
        assert_eq!(stray.is_some(), text.contains("PersonBirthDate\n"), "{name}: text between elements is named");
        let new = checked.findings().iter().filter(|finding| {
            finding.heading.as_deref().is_some_and(|heading| heading.starts_with("PreProceedingsandFGDM/"))
        });
        assert_eq!(new.count(), if name == "CIN_Census_2026.xml" { 10 } else { 0 }, "{name}: what 2026 brings is new");
    }
    assert_eq!(children, 342);
}

#[tokio::test]
async fn nested_elements_join_by_the_number_of_the_element_around_them() {
    let Some(folder) = shared_data("cin_census") else { return };
    let contract = contract(&real("cin-census"));
    let (_, batches) = run(&contract, std::fs::read(folder.join("CIN_Census_2026.xml")).unwrap()).await;
    assert_eq!(texts(&batches, "confidential.cin_factors", "factor"), ["1C", "RB", "6B"]);
    let assessments = batches.iter().find(|(table, _)| table == "confidential.cin_assessments").unwrap();
    let referral = assessments.1.column_by_name("referral").unwrap();
    assert_eq!(referral.as_primitive::<arrow::datatypes::Decimal128Type>().values().to_vec(), [1, 2]);
    assert_eq!(texts(&batches, "confidential.cin_assessments", "child"), ["DfEX0000001", "child_fails_assessments"]);
}

#[tokio::test]
async fn the_children_looked_after_file_fills_all_its_tables() {
    let Some(folder) = shared_data("ssda903") else { return };
    let contract = contract(&real("ssda903-xml"));
    let bytes = std::fs::read(folder.join("fake_903.xml")).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let (checked, batches) = run(&contract, bytes).await;
    assert_eq!(checked.verdict(), Verdict::AcceptedWithQueries, "{:?}", checked.findings().first());
    let mut queries = checked.findings().iter().filter(|finding| finding.severity == Severity::Query);
    assert!(queries.all(|finding| finding.rule == "check-digit"), "{:?}", checked.findings().first());
    let errors = checked.findings().iter().filter(|finding| finding.severity == Severity::Error);
    assert_eq!(errors.count(), 0);
    for count in checked.tables() {
        let rows = rows_of(&contract, count.table.trim_start_matches("confidential."), &text);
        assert_eq!(count.rows, rows, "{}", count.table);
    }
    let counted: Vec<i64> = checked.tables().iter().map(|table| table.rows).collect();
    assert_eq!(counted, [253, 459, 1206, 6, 253, 253, 3]);
    assert_eq!(texts(&batches, "confidential.looked_after_episodes", "child")[..2], ["907440", "907440"]);
}

#[tokio::test]
async fn a_finding_names_the_elements_and_the_number_of_the_one() {
    let contract = contract(&real("ssda903-xml"));
    let child = |id: &str, sex: &str| {
        format!(
            "<CHILD><HEADER><CHILDID>{id}</CHILDID><UPN>x</UPN><SEX>{sex}</SEX><DOB>28/07/2010</DOB><ETHNIC>BAFR</ETHNIC>\
             <UASC/></HEADER><EPISODE><DECOM>06/01/2017</DECOM><RNE>T</RNE><LS>J3</LS><CIN>N4</CIN><PL>R5</PL><PL_POST/>\
             <HOME_POST/><URN/><PLACE_PROVIDER/><DEC/><REC/><REASON_PLACE_CHANGE/></EPISODE></CHILD>"
        )
    };
    let text = format!("<EXPSSDA903>{}{}</EXPSSDA903>", child("1", "1"), child("2", "CANARY"));
    let (checked, _) = run(&contract, text.into_bytes()).await;
    let errors: Vec<_> = checked.findings().iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].sheet.as_deref(), Some("/EXPSSDA903/CHILD/HEADER"));
    assert_eq!((errors[0].heading.as_deref(), errors[0].row), (Some("SEX"), Some(2)));
    assert!(!errors[0].says.contains("CANARY"), "{}", errors[0].says);
}

#[tokio::test]
async fn a_census_arrives_is_stored_in_its_tables_and_answered() {
    let Some(folder) = shared_data("cin_census") else { return };
    let board = TestBoard::with_returns(&[]);
    board.write("pipelines/cin-census/return.toml", std::fs::read(real("cin-census").join("return.toml")).unwrap());
    board.write("census.xml", std::fs::read(folder.join("fake_CIN_data.xml")).unwrap());
    board.write("bomb.xml", "<!DOCTYPE Message [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Message>&a;</Message>");
    let daemon = board.start("2026-05-01T08:00:00Z");
    let bomb = daemon.submit("bomb.xml", "cin-census", "children-services", "2025-26-FY").await.unwrap();
    assert!(bomb.contains("document type"), "{bomb}");
    let said = daemon.submit("census.xml", "cin-census", "children-services", "2025-26-FY").await.unwrap();
    assert!(!said.contains("not accepted"), "{said}");
    let rows = daemon.sql("SELECT count(*), count(DISTINCT child) FROM confidential.cin_referrals").await;
    assert_eq!(rows, ["402,332"]);
    let joined = "SELECT count(*) FROM confidential.cin_referrals r JOIN confidential.cin_children c ON r.child_row = c.row AND \
                  r.child = c.child";
    assert_eq!(daemon.sql(joined).await, ["402"]);
    let verdicts = daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await;
    assert_eq!(verdicts[0], "not_accepted", "{verdicts:?}");
}

#[test]
fn a_mapping_that_cannot_be_meant_is_refused_with_its_line() {
    let board = TestBoard::with_returns(&[]);
    let text = std::fs::read_to_string(real("cin-census").join("return.toml")).unwrap();
    let file = "pipelines/cin-census/return.toml";
    for (from, to, told) in [
        ("rows = \"/Message\"", "rows = \"Message\"", "a path from the outermost element"),
        ("rows = \"/Message\"", "", "a path from the outermost element"),
        ("path = \"../#\"", "path = \"../../../../../../#\"", "inside the outermost element"),
        ("path = \".\"", "path = \"a//b\"", "a path such as Name"),
        ("kind = \"xml\"", "kind = \"xml\"\nrecords = \"a\"", "records"),
        ("kind = \"xml\"", "kind = \"csv\"", "only where kind"),
    ] {
        assert!(text.contains(from), "{from}");
        board.write(file, text.replacen(from, to, 1));
        let output = board.run(&["validate"]);
        let said = crate::support::said(&output);
        assert!(!output.status.success() && said.contains(told), "{to}: {said}");
    }
}

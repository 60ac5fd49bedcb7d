//! Records of single children: what of them is kept, where, and where never.

use std::{
    fs,
    path::{Path, PathBuf},
};

use parquet::file::reader::{FileReader, SerializedFileReader};
use quarterday::daemon::Command as Order;

use crate::support::{TestBoard, TestDaemon};

const CASES: &str = r#"
title = "Children looked after"
agencies = ["children-services"]
every = "quarter"
due = { working_days = 10 }
source = { kind = "by-hand" }
format = { kind = "csv" }
[governance]
purpose = "to see how long children wait"
lawful_basis = "Children Act 2004, section 16H"
agreement = "none"
agreement_review = 2030-01-01
retention_years = 1
classification = "child-level"
[[table]]
name = "cases"
unique = ["upn"]
[[table.column]]
name = "upn"
type = "text"
required = true
pattern = '[A-Z][0-9]{12}'
pseudonym = true
[[table.column]]
name = "born"
type = "date"
month_of_birth = true
[[table.column]]
name = "postcode"
type = "text"
district = true
[[table.column]]
name = "days"
type = "count"
max = 4000
[[table.rule]]
id = "some-days"
sql = "days >= 0 AND length(upn) = 13"
severity = "query"
says = "fewer than none in {days}."
[[rule]]
id = "born-in-time"
sql = "SELECT \"row\" FROM cases WHERE born > '2030'"
says = "born too late"
"#;

/// Cells that must be nowhere but in the sealed archive.
const RAW: [&str; 6] = ["Z816200077345", "Q207000016049", "2009-11-23", "23/11/2009", "XQ9 7ZZ", "XQ97ZZ"];

const FILE: &str =
    "upn,born,postcode,days\nZ816200077345,23/11/2009,XQ9 7ZZ,3991\nQ207000016049,2009-11-23,XQ97ZZ,17\n";

fn board() -> TestBoard {
    let board = TestBoard::with_returns(&[]);
    board.write("pipelines/cases/return.toml", CASES);
    board.write(
        "pipelines/visits/return.toml",
        CASES.replace("\"cases\"", "\"visits\"").replace("FROM cases", "FROM visits"),
    );
    board
}

async fn offered(daemon: &TestDaemon, return_id: &str, text: &str) -> String {
    // Outside of the data folder, as a person's own copy is.
    daemon.board.write("outside/cases.csv", text);
    let answer = daemon.submit("outside/cases.csv", return_id, "children-services", "2025-26-Q1").await;
    answer.unwrap_or_else(|refused| refused)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The places where a raw cell stands in clear; Parquet is read as a reader reads it.
fn leaks(data: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut parquets = 0;
    for path in files(data).into_iter().filter(|path| !path.starts_with(data.join("landing"))) {
        let bytes = fs::read(&path).unwrap_or_default();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
            text.extend(reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()));
            parquets += 1;
        }
        found
            .extend(RAW.iter().filter(|raw| text.contains(**raw)).map(|raw| format!("{} holds {raw}", path.display())));
    }
    assert!(parquets >= 2, "the tables were looked at");
    found
}

#[tokio::test]
async fn no_identifier_date_of_birth_or_postcode_leaves_the_archive() {
    let daemon = board().start("2025-07-02T09:00:00Z");
    let said = offered(&daemon, "cases", FILE).await;
    assert!(said.contains("accepted; 2 rows read, 2 accepted, 0 refused"), "{said}");
    let said = offered(&daemon, "visits", FILE).await;
    assert!(said.contains("submission 2: accepted"), "{said}");
    // Broken in every way that could tempt a message to repeat it.
    let bad = FILE.replace("Z816200077345,23/11/2009,XQ9 7ZZ,3991", "Z816200077345x,2009-11-23-,XQ97ZZ-,99999")
        + "Q207000016049,2009-11-23,XQ97ZZ,1\n";
    let said = offered(&daemon, "cases", &bad).await;
    assert!(said.contains("not accepted"), "{said}");
    assert!(RAW.iter().all(|raw| !said.contains(raw)), "{said}");

    let rows = daemon.sql("SELECT upn, born, postcode, days FROM confidential.cases ORDER BY days").await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.contains(",2009-11,XQ9,")), "{rows:?}");
    let joined = daemon.sql("SELECT count(*) FROM confidential.cases JOIN confidential.visits USING (upn)").await;
    assert_eq!(joined, ["2"], "the same child is the same in every return");
    daemon.ring().await;
    let said = daemon.order(Order::Rebuild { replace: false }).await.unwrap();
    assert!(said.contains("0 tables differ"), "{said}");

    assert!(RAW.iter().all(|raw| !daemon.log().contains(raw)), "{}", daemon.log());
    let leaks = leaks(&daemon.board.path("data"));
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[tokio::test]
async fn no_least_or_greatest_cell_stands_in_the_log_or_the_footers() {
    let daemon = board().start("2025-07-02T09:00:00Z");
    offered(&daemon, "cases", FILE).await;
    let folder = daemon.board.path("data/warehouse/confidential/cases");
    let mut footers = 0;
    for path in files(&folder) {
        if path.extension().is_some_and(|ending| ending == "json") {
            let log = fs::read_to_string(&path).unwrap();
            assert!(!log.contains("minValues") && !log.contains("maxValues"), "{log}");
            assert!(log.contains(r#""delta.dataSkippingNumIndexedCols":"0""#), "{log}");
            assert!(log.contains(r#""stats":"{\"numRecords\":2}""#), "no more than their number: {log}");
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
            for group in reader.metadata().row_groups() {
                for column in group.columns() {
                    assert!(column.statistics().is_none(), "{:?}", column.column_path());
                    assert!(column.column_index_offset().is_none());
                }
            }
            footers += 1;
        }
    }
    assert_eq!(footers, 1);
}

#[tokio::test]
async fn a_lost_or_changed_key_stops_the_work_and_is_never_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let daemon = board().start("2025-07-02T09:00:00Z");
    offered(&daemon, "cases", FILE).await;
    let (before, key) = (daemon.sql("SELECT upn FROM confidential.cases ORDER BY 1").await, "data/pseudonym.key");
    let kept = daemon.board.read(key);
    let mode = fs::metadata(daemon.board.path(key)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    fs::remove_file(daemon.board.path(key)).unwrap();
    let said = offered(&daemon, "visits", FILE).await;
    assert!(said.contains("pseudonym.key") && said.contains("safe copy"), "{said}");
    assert!(!daemon.board.path(key).exists());
    assert!(daemon.board.run(&["verify"]).status.code() != Some(0), "verify tells it too");
    daemon.board.write(key, "0".repeat(64));
    let verified = daemon.board.run(&["verify"]);
    assert!(crate::support::said(&verified).contains("is not the key that pseudonyms were made with"));

    daemon.board.write(key, kept);
    daemon.advance("2025-07-03T09:00:00Z").await;
    assert_eq!(daemon.sql("SELECT upn FROM confidential.visits ORDER BY 1").await, before, "what waited is judged now");
}

#[tokio::test]
async fn one_child_is_one_key_however_it_is_written_and_a_word_is_no_identifier() {
    let board = board();
    board.edit("pipelines/cases/return.toml", "pattern = '[A-Z][0-9]{12}'\n", "");
    let daemon = board.start("2025-07-08T09:00:00Z");
    let file =
        "upn,born,postcode,days\nZ816200077345,23/11/2009,XQ9 7ZZ,3991\nz8162 0007 7345,23/11/2009,XQ9 7ZZ,3991\n";
    let said = offered(&daemon, "cases", file).await;
    assert!(said.contains("not accepted") && said.contains("this row has the same \"upn\" as row 2"), "{said}");
    let file = "upn,born,postcode,days\nunknown,23/11/2009,XQ9 7ZZ,1\n9.43477E+09,23/11/2009,XQ9 7ZZ,1\n\
                Q207000016049,23/11/48,XQ97ZZ,17\n";
    assert!(offered(&daemon, "cases", file).await.contains("not accepted"));
    let said = daemon.board.done(&["findings", "2"]);
    for part in ["is no identifier: it has no digit", "was cut short by a spreadsheet", "lies after April to June 2025"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

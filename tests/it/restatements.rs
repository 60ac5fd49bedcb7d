//! An accepted file in place of an accepted one: the difference is recorded, told to the analyst, and shown by `diff`.

use std::fmt::Write;

use mail_parser::MessageParser;

use crate::support::{TestBoard, TestDaemon, said};

const OPEN: &str = "2025-07-14T08:00:00Z";
const KEY: &str = "care-applications/cafcass/2025-26-Q1";

fn csv(rows: &[(&str, &str, &str)]) -> String {
    let rows =
        rows.iter().map(|(month, applications, children)| format!("2025-26-Q1,{month},{applications},{children}\n"));
    format!("quarter,month,applications,children_in_applications\n{}", rows.collect::<String>())
}

fn first() -> String {
    csv(&[("2025-M04", "5", "8"), ("2025-M05", "4", "9"), ("2025-M06", "6", "10")])
}

/// April is corrected, May is gone, June stays but for its status.
fn second() -> String {
    csv(&[("2025-M04", "7", "11"), ("2025-M06", "6", "c")])
}

async fn restated(board: TestBoard) -> TestDaemon {
    board.write("first.csv", first());
    board.write("second.csv", second());
    let daemon = board.start(OPEN);
    for file in ["first.csv", "second.csv"] {
        let said = daemon.submit(file, "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
        assert!(said.contains("accepted"), "{said}");
    }
    daemon.ring().await;
    daemon
}

fn letters(daemon: &TestDaemon) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(daemon.board.path("data/mail")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.to_str().unwrap().contains("restated_")).collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let parsed = MessageParser::default().parse(&bytes).unwrap();
            let to = parsed.to().unwrap().first().unwrap().address().unwrap().to_owned();
            let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
            (to, format!("Subject: {}\n\n{text}", parsed.subject().unwrap()))
        })
        .collect()
}

#[tokio::test]
async fn a_restatement_is_compared_recorded_and_told_to_the_analyst_once() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let config = board.read("config/quarterday.toml");
    let analyst = "[analyst]\nname = \"Jo Smith\"\nemail = \"analyst@exampleshire.example\"\n\n[manager]";
    board.write("config/quarterday.toml", config.replacen("[manager]", analyst, 1));
    let daemon = restated(board).await;
    let told = letters(&daemon);
    let [(to, letter)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(to, "analyst@exampleshire.example");
    insta::assert_snapshot!("the_analyst_is_told", letter);
    let recorded = daemon.ledger().read(|txn| txn.difference(2)).await.unwrap().unwrap();
    insta::assert_snapshot!("a_recorded_difference", serde_json::to_string_pretty(&recorded).unwrap());
    daemon.ring().await;
    let daemon = daemon.restart("2025-07-14T09:00:00Z");
    daemon.ring().await;
    assert_eq!(letters(&daemon).len(), 1, "it is told once");
}

#[tokio::test]
async fn diff_shows_any_two_files_in_words_and_as_json() {
    let daemon = restated(TestBoard::with_returns(&["care-applications"])).await;
    let words = daemon.board.done(&["diff", "1", "2"]);
    insta::assert_snapshot!("diff_in_words", words);
    assert_eq!(daemon.board.done(&["diff", "care-applications", "cafcass", "2025-26-Q1"]), words);
    assert_eq!(daemon.board.done(&["diff", KEY]), words);
    let json: serde_json::Value = serde_json::from_str(&daemon.board.done(&["diff", "2", "1", "--json"])).unwrap();
    assert_eq!(json["tables"][0]["rows"]["added"], 1, "the other way round: {json}");
    for (arguments, why) in [
        (["diff", "1", "9"].as_slice(), "there is no submission 9"),
        (&["diff", "one", "two"], "is no submission's number"),
        (&["diff", "care-applications/cafcass/2024-25-Q1"], "no file of"),
    ] {
        let output = daemon.board.run(arguments);
        assert!(!output.status.success());
        assert!(said(&output).contains(why), "{arguments:?}: {}", said(&output));
    }
}

#[tokio::test]
async fn without_an_analyst_the_manager_is_told_and_a_nil_return_removes_every_row() {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.write("first.csv", first());
    let daemon = board.start(OPEN);
    daemon.submit("first.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let which = ["--return", "care-applications", "--agency", "cafcass", "--period", "2025-26-Q1"];
    let nil = [["submit"].as_slice(), &which, &["--nil", "--reason", "The figures were another area's."]].concat();
    daemon.board.done(&nil);
    daemon.ring().await;
    let told = letters(&daemon);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "manager@exampleshire.example");
    assert!(told[0].1.contains("0 added, 3 removed, 0 changed"), "{}", told[0].1);
}

#[tokio::test]
async fn of_a_file_about_single_children_only_counts_are_told() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let definition = "pipelines/care-applications/return.toml";
    board.edit(definition, "classification = \"aggregate\"", "classification = \"child-level\"");
    let daemon = restated(board).await;
    let letter = &letters(&daemon)[0].1;
    assert!(letter.contains("0 added, 1 removed, 2 changed") && !letter.contains("Totals"), "{letter}");
    for figure in ["11 ", " 15", " 13", " 27"] {
        assert!(!letter.contains(figure), "{figure}: {letter}");
    }
}

#[tokio::test]
async fn long_tables_are_compared_row_by_row_with_their_key_and_without() {
    const ROWS: usize = 600_000;
    let board = TestBoard::with_returns(&["care-applications"]);
    let definition = board.read("pipelines/care-applications/return.toml");
    let (above, _) = definition.split_once("[[table]]").unwrap();
    let table = |unique: &str| {
        let column = |name: &str, kind: &str| format!("[[table.column]]\nname = \"{name}\"\ntype = \"{kind}\"\n");
        let columns = column("place", "text") + &column("visits", "count");
        format!("{above}[[table]]\nname = \"care_applications\"\n{unique}{columns}")
    };
    board.write("pipelines/care-applications/return.toml", table("unique = [\"place\"]\n"));
    // Every 1,000th row differs, the last 7 are gone, and 3 are new.
    let rows = |count: usize, differ: bool| {
        let mut text = String::from("place,visits\n");
        for number in 0..count {
            let more = usize::from(differ && number % 1000 == 0);
            writeln!(text, "P{number},{}", number % 40 + more).unwrap();
        }
        text
    };
    board.write("first.csv", rows(ROWS, false));
    board.write("second.csv", rows(ROWS - 7, true) + "N1,1\nN2,2\nN3,3\n");
    let daemon = board.start(OPEN);
    for file in ["first.csv", "second.csv"] {
        let said = daemon.submit(file, "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
        assert!(said.contains("accepted"), "{said}");
    }
    daemon.ring().await;
    let letter = &letters(&daemon)[0].1;
    assert!(letter.contains("3 added, 7 removed, 600 changed (visits in 600 rows)"), "{letter}");

    // Without a key a row is what it holds, and as many as there are of it.
    let board = daemon.terminate().1;
    board.write("pipelines/care-applications/return.toml", table(""));
    board.write("third.csv", rows(40, true) + "N1,1\nN2,2\nN3,3\n");
    board.write("fourth.csv", rows(40, true) + "N1,1\nN1,1\nN3,3\n");
    let daemon = board.start("2025-10-07T12:00:00Z");
    for file in ["third.csv", "fourth.csv"] {
        let said = daemon.submit(file, "care-applications", "cafcass", "2025-26-Q2").await.unwrap();
        assert!(said.contains("accepted"), "{said}");
    }
    let json: serde_json::Value = serde_json::from_str(&daemon.board.done(&["diff", "3", "4", "--json"])).unwrap();
    let found = &json["tables"][0]["rows"];
    assert_eq!((&found["added"], &found["removed"], &found["changed"]), (&1.into(), &1.into(), &0.into()), "{json}");
}

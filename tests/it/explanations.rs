//! Queries and the explanations that clear them.

use quarterday::{daemon::Command, ledger::Event};

use crate::support::{TestBoard, TestDaemon, said};

const RULE: &str = "\n[[table.rule]]\nid = \"many-children\"\nsql = \"children <= applications * 3\"\nseverity = \"query\"\n\
    says = \"children are more than three times the applications in {children}. Is that right, and why?\"\n\
    columns = [\"children\"]\n";

const BECAUSE: &str = "Two families with nine children each.";

fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    let contract = board.read("pipelines/care-applications/return.toml");
    board.write("pipelines/care-applications/return.toml", format!("{contract}{RULE}"));
    board
}

/// The return with these children in April and in June.
fn csv(april: u32, june: u32) -> String {
    format!(
        "quarter,month,applications,children_in_applications\n2025-26-Q1,2025-M04,5,{april}\n\
         2025-26-Q1,2025-M05,4,9\n2025-26-Q1,2025-M06,6,{june}\n"
    )
}

async fn submit(daemon: &TestDaemon, csv: String) -> String {
    daemon.board.write("a.csv", csv);
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap()
}

async fn explain(daemon: &TestDaemon, submission: i64, finding: i64, because: &str) -> Result<String, String> {
    daemon.order(Command::Explain { submission, finding, because: because.into(), actor: "tester".into() }).await
}

/// Submission, number and explanation of every query about what stands.
async fn queries(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT submission, finding, coalesce(explanation, '?') FROM ledger.queries ORDER BY 1, 2").await
}

#[tokio::test]
async fn an_explanation_stands_for_later_files_while_its_figure_does_and_is_asked_for_anew_when_it_changes() {
    let daemon = board().start("2025-07-08T09:00:00Z");
    let said = submit(&daemon, csv(20, 10)).await;
    assert!(said.contains("accepted, with questions"), "{said}");
    let listed = daemon.board.done(&["findings", "1"]);
    assert!(listed.contains("  1  query  column D, row 2: ") && listed.contains("explain 1 1 --because"), "{listed}");
    assert_eq!(queries(&daemon).await, ["1,1,?"]);
    daemon.board.done(&["explain", "1", "1", "--because", BECAUSE]);
    assert_eq!(queries(&daemon).await, [format!("1,1,{BECAUSE}")]);
    let listed = daemon.board.done(&["findings", "1"]);
    assert!(listed.contains(&format!("explained by tester: {BECAUSE}")), "{listed}");

    // Another month's figure changes: April's reason stands, and nothing is asked.
    submit(&daemon, csv(20, 11)).await;
    assert_eq!(queries(&daemon).await, [format!("2,1,{BECAUSE}")]);
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let last = letters.last().unwrap().message["text"].as_str().unwrap().to_owned();
    assert!(!last.contains("question") && !last.contains("Is that right"), "{last}");

    // April's own figure changes: it is asked anew, and what was said of the old one is not printed.
    submit(&daemon, csv(21, 11)).await;
    assert_eq!(queries(&daemon).await, ["3,1,?"]);
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    assert!(letters.last().unwrap().message["text"].as_str().unwrap().contains("Is that right"));

    let events = daemon.ledger().read(|txn| txn.events_of("care-applications/cafcass/2025-26-Q1")).await.unwrap();
    let explained = events.iter().filter(
        |recorded| matches!(&recorded.event, Event::Explained { submission: 1, finding: 1, says } if says == BECAUSE),
    );
    assert_eq!(explained.count(), 1);
    assert!(daemon.ledger().read(|txn| txn.verify()).await.unwrap().is_empty());
}

/// Two rows without a key, and a total of two parts.
#[tokio::test]
async fn an_explanation_is_not_carried_over_to_another_row_or_to_other_parts_of_a_total() {
    let board = board();
    let path = "pipelines/care-applications/return.toml";
    let contract = board.read(path);
    let table = r#"[format]
kind = "csv"
[[table]]
name = "care_applications"
[[table.column]]
name = "area"
type = "text"
[[table.column]]
name = "boys"
type = "count"
[[table.column]]
name = "girls"
type = "count"
[[table.column]]
name = "children"
type = "count"
[[table.rule]]
id = "some"
sql = "children > 0"
severity = "query"
columns = ["children"]
says = "none in {children}. Is that right?"
[[table.total]]
id = "all"
total = "children"
parts = ["boys", "girls"]
severity = "query"
"#;
    board.write(path, format!("{}{table}", &contract[..contract.find("[format]").unwrap()]));
    let daemon = board.start("2025-07-08T09:00:00Z");
    let csv = |rows: &str| format!("area,boys,girls,children\n{rows}");
    submit(&daemon, csv("A,0,0,0\nB,2,3,5\n")).await;
    explain(&daemon, 1, 1, "Area A closed its unit.").await.unwrap();
    submit(&daemon, csv("B,2,3,5\nA,0,0,0\n")).await;
    assert_eq!(queries(&daemon).await, ["2,1,Area A closed its unit."], "the order of rows says nothing");
    submit(&daemon, csv("A,2,3,5\nB,0,0,0\n")).await;
    assert_eq!(queries(&daemon).await, ["3,1,?"]);

    submit(&daemon, csv("A,5,4,10\n")).await;
    explain(&daemon, 4, 1, "One child is of neither.").await.unwrap();
    submit(&daemon, csv("A,1,1,10\n")).await;
    assert_eq!(queries(&daemon).await, ["5,1,?"]);
}

#[tokio::test]
async fn an_explanation_is_known_from_the_day_it_was_recorded() {
    let daemon = board().start("2025-07-08T09:00:00Z");
    submit(&daemon, csv(20, 10)).await;
    daemon.advance("2025-07-10T09:00:00Z").await;
    explain(&daemon, 1, 1, BECAUSE).await.unwrap();
    let on = async |day: &str| {
        let order = Command::Sql {
            text: "SELECT coalesce(explanation, '?') FROM ledger.queries".into(),
            as_of: Some(day.parse().unwrap()),
            format: quarterday::flows::written::Written::Csv,
        };
        daemon.order(order).await.unwrap().lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(on("2025-07-09").await, ["?"]);
    assert_eq!(on("2025-07-10").await, [BECAUSE]);
}

#[tokio::test]
async fn what_cannot_be_a_footnote_is_refused_and_not_repeated() {
    let daemon = board().start("2025-07-08T09:00:00Z");
    submit(&daemon, csv(20, 10)).await;
    let refused =
        async |submission, finding, because: &str| explain(&daemon, submission, finding, because).await.unwrap_err();
    assert!(refused(9, 1, BECAUSE).await.contains("there is no submission 9"));
    assert!(refused(1, 7, BECAUSE).await.contains("has no finding 7"));
    assert!(refused(1, 1, "  ").await.contains("needs a sentence"));
    let why = refused(1, 1, "the family at YO1 7HG, NHS number 943 476 5919").await;
    assert!(why.contains("an NHS number and a full postcode") && !why.contains("943") && !why.contains("YO1"), "{why}");
    assert!(!daemon.log().contains("YO1 7HG"));
    submit(&daemon, csv(1, 10)).await;
    assert!(refused(2, 1, BECAUSE).await.contains("is corrected, not explained"));
    let output = daemon.board.run(&["findings", "9"]);
    assert!(said(&output).contains("there is no submission 9"));
}

#[tokio::test]
async fn the_pack_prints_reasons_and_open_questions() {
    let board = TestBoard::exampleshire();
    for entry in std::fs::read_dir(board.path("pipelines")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !["missing-children", "care-applications", "actions"].contains(&name.as_str()) {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    for entry in std::fs::read_dir(board.path("reports/indicators")).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("care-applications") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let contract = board.read("pipelines/care-applications/return.toml");
    board.write("pipelines/care-applications/return.toml", format!("{contract}{RULE}"));
    let daemon = board.start("2025-07-08T09:00:00Z");
    submit(&daemon, csv(20, 30)).await;
    explain(&daemon, 1, 1, BECAUSE).await.unwrap();
    daemon.board.done(&["pack", "issue", "board", "2025-26-Q1"]);
    let edition = daemon.board.path("data/editions/board-001-2025-26-Q1");
    let data = std::fs::read_dir(&edition).unwrap().map(|entry| entry.unwrap().path());
    let data: Vec<_> = data.filter(|path| path.ends_with("data.json")).collect();
    let book: serde_json::Value = serde_json::from_slice(&std::fs::read(&data[0]).unwrap()).unwrap();
    let told = book["timetable"]["footnotes"].as_array().unwrap();
    let says: Vec<&str> = told.iter().map(|note| note["says"].as_str().unwrap()).collect();
    assert_eq!(says.len(), 2, "{says:?}");
    assert!(
        says[0].starts_with(BECAUSE) && says[1].starts_with("Asked and not answered yet: children are more"),
        "{says:?}"
    );
    assert!(daemon.board.done(&["pack", "rebuild", "board", "1"]).contains("the same bytes"));
}

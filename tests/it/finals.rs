//! Provisional figures, then final ones: the same obligation is asked for twice, and what stands goes on standing.

use quarterday::ledger::Event;

use crate::support::{TestBoard, TestDaemon};

const KEY: [&str; 3] = ["care-applications", "cafcass", "2025-26-Q1"];

/// A board to which CAFCASS brings provisional figures by 14 July and final ones by 18 August.
fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.set_source("care-applications", "kind = \"by-hand\"");
    let file = "pipelines/care-applications/return.toml";
    board.edit(file, "[governance]", "[final]\nworking_days = 35\nopens = 10\n\n[governance]");
    let sample = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
    board.write("a.csv", &sample);
    board.write("b.csv", sample.replace("2025-M04,5,8", "2025-M04,6,8"));
    board
}

async fn bring(daemon: &TestDaemon, file: &str) -> String {
    daemon.submit(file, KEY[0], KEY[1], KEY[2]).await.unwrap()
}

async fn stands(daemon: &TestDaemon) -> String {
    let sql = "SELECT phase, provisional, state, due_day FROM ledger.obligations";
    daemon.sql(sql).await.concat()
}

async fn told(daemon: &TestDaemon) -> Vec<String> {
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    let told = events.iter().filter_map(|recorded| match &recorded.event {
        Event::Told { rung, .. } => Some(format!("{} {rung}", quarterday::domain::civil_day(recorded.at))),
        Event::FinalAsked { .. } => Some(format!("{} final asked", quarterday::domain::civil_day(recorded.at))),
        _ => None,
    });
    told.collect()
}

async fn applications(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT sum(applications) FROM returns.care_applications").await
}

#[tokio::test]
async fn provisional_figures_stand_while_the_final_ones_are_chased() {
    let daemon = board().start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-02T09:30:00Z").await;
    assert_eq!(stands(&daemon).await, "provisional,false,open,2025-07-14");
    bring(&daemon, "a.csv").await;
    assert_eq!(stands(&daemon).await, "provisional,true,accepted,2025-07-14");
    daemon.advance("2025-08-21T12:00:00Z").await;
    assert_eq!(
        told(&daemon).await,
        [
            "2025-07-01 notice",
            "2025-07-28 final asked",
            "2025-07-28 notice",
            "2025-08-11 nudge",
            "2025-08-18 due-today",
            "2025-08-20 overdue",
        ]
    );
    assert_eq!(stands(&daemon).await, "final,true,overdue,2025-08-18");
    assert_eq!(applications(&daemon).await, ["15"]);
    let messages = daemon.messages().await;
    assert!(
        messages.iter().any(|m| m.contains("Care applications return (final figures), April to June 2025")),
        "{messages:?}"
    );
    assert!(messages[0].contains("(provisional figures)"), "{messages:?}");
    let owed = daemon.board.done(&["owed"]);
    assert!(owed.contains("Care applications"), "{owed}");
    bring(&daemon, "b.csv").await;
    assert_eq!(stands(&daemon).await, "final,false,accepted_late,2025-08-18");
    assert_eq!(applications(&daemon).await, ["16"]);
    assert_eq!(daemon.sql("SELECT restated FROM ledger.obligations").await, ["false"]);
    // Across a restart nobody is asked again.
    let daemon = daemon.restart("2025-08-21T12:00:01Z");
    daemon.advance("2025-10-01T00:00:00Z").await;
    assert_eq!(told(&daemon).await.iter().filter(|one| one.ends_with("final asked")).count(), 1);
    let verify = daemon.board.done(&["verify"]);
    assert!(!verify.contains("does not follow"), "{verify}");
}

#[tokio::test]
async fn the_same_file_again_says_that_its_figures_are_final() {
    let daemon = board().start("2025-07-01T12:00:00Z");
    daemon.ring().await;
    bring(&daemon, "a.csv").await;
    daemon.advance("2025-07-28T12:00:00Z").await;
    assert_eq!(stands(&daemon).await, "final,true,open,2025-08-18");
    bring(&daemon, "a.csv").await;
    assert_eq!(stands(&daemon).await, "final,false,accepted,2025-08-18");
    assert_eq!(applications(&daemon).await, ["15"]);
    // From now on it is a copy like any other.
    assert!(bring(&daemon, "a.csv").await.contains("same file"));
}

#[tokio::test]
async fn a_nil_return_is_final_too_and_a_broken_file_is_not() {
    let daemon = board().start("2025-07-01T12:00:00Z");
    daemon.ring().await;
    bring(&daemon, "a.csv").await;
    daemon.advance("2025-07-28T12:00:00Z").await;
    let broken = daemon.board.read("pipelines/care-applications/samples/broken-2025-26-Q1.csv");
    daemon.board.write("broken.csv", broken);
    bring(&daemon, "broken.csv").await;
    assert_eq!(stands(&daemon).await, "final,true,to_correct,2025-08-18");
    assert_eq!(applications(&daemon).await, ["15"]);
    let nil =
        ["submit", "--nil", "--reason", "none after all", "--return", KEY[0], "--agency", KEY[1], "--period", KEY[2]];
    daemon.board.done(&nil);
    assert_eq!(stands(&daemon).await, "final,false,nil,2025-08-18");
}

#[tokio::test]
async fn final_figures_are_asked_for_though_no_provisional_ones_came() {
    let daemon = board().start("2025-07-01T12:00:00Z");
    daemon.advance("2025-07-28T12:00:00Z").await;
    assert_eq!(stands(&daemon).await, "final,false,open,2025-08-18");
    bring(&daemon, "a.csv").await;
    assert_eq!(stands(&daemon).await, "final,false,accepted,2025-08-18");
    daemon.advance("2025-09-30T12:00:00Z").await;
    assert_eq!(told(&daemon).await.last().unwrap(), "2025-07-28 notice");
}

#[tokio::test]
async fn who_was_let_off_the_provisional_figures_is_asked_for_the_final_ones() {
    let daemon = board().start("2025-07-01T12:00:00Z");
    daemon.ring().await;
    daemon.board.done(&["waive", &KEY.join("/"), "--reason", "the new system starts in July"]);
    assert_eq!(stands(&daemon).await, "provisional,false,waived,2025-07-14");
    daemon.advance("2025-07-28T12:00:00Z").await;
    assert_eq!(stands(&daemon).await, "final,false,open,2025-08-18");
    assert_eq!(told(&daemon).await.last().unwrap(), "2025-07-28 notice");
}

#[tokio::test]
async fn the_day_of_final_figures_that_moves_is_told_as_theirs() {
    let daemon = board().start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-02T09:30:00Z").await;
    bring(&daemon, "a.csv").await;
    daemon.advance("2025-08-01T12:00:00Z").await;
    assert_eq!(stands(&daemon).await, "final,true,open,2025-08-18");
    daemon.board.edit("pipelines/care-applications/return.toml", "working_days = 35", "working_days = 40");
    let daemon = daemon.restart("2025-08-01T13:00:00Z");
    let planned = daemon.board.done(&["plan", "--yes"]);
    assert!(planned.contains("1 due date moves") || planned.contains("due dates move"), "{planned}");
    assert_eq!(stands(&daemon).await, "final,true,open,2025-08-26");
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let letters: Vec<&str> =
        rows.iter().filter(|row| row.kind == "arranged").filter_map(|row| row.message["text"].as_str()).collect();
    assert!(!letters.is_empty(), "{planned}");
    for letter in letters {
        assert!(letter.contains("final figures") && letter.contains("26 August"), "{letter}");
        assert!(letter.contains("18 August"), "{letter}");
    }
}

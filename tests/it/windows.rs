//! Windows that open, close and lock: what comes outside of them is kept and held for the manager.

use crate::support::{TestBoard, TestDaemon, said};

const KEY: [&str; 3] = ["care-applications", "cafcass", "2025-26-Q1"];

/// A board to which CAFCASS brings files by hand, within this window.
fn board(window: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.set_source("care-applications", "kind = \"by-hand\"");
    let file = "pipelines/care-applications/return.toml";
    board.edit(file, "[governance]", &format!("[window]\n{window}\n\n[governance]"));
    let sample = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
    board.write("a.csv", &sample);
    board.write("b.csv", sample.replace("2025-M04,5,8", "2025-M04,6,8"));
    board.write("broken.csv", board.read("pipelines/care-applications/samples/broken-2025-26-Q1.csv"));
    board
}

async fn bring(daemon: &TestDaemon, file: &str) -> String {
    daemon.submit(file, KEY[0], KEY[1], KEY[2]).await.unwrap()
}

async fn applications(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT sum(applications) FROM returns.care_applications").await
}

#[tokio::test]
async fn a_file_that_comes_after_the_window_has_closed_is_kept_and_the_manager_decides() {
    let daemon = board("closes = 0\nlocks = 10").start("2025-07-01T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "a.csv").await;
    assert_eq!(applications(&daemon).await, ["15"]);
    daemon.advance("2025-07-15T09:00:00Z").await;
    let told = bring(&daemon, "b.csv").await;
    let why = "April to June 2025 (Q1) from CAFCASS (Exampleshire area) closed on 14 July; the file is kept, and the board manager decides \
               whether it replaces the earlier one";
    assert!(told.contains(why), "{told}");
    assert_eq!(applications(&daemon).await, ["15"]);
    assert_eq!(daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await, ["accepted", "held"]);
    assert!(daemon.board.done(&["status"]).contains("closed on 14 July"));
    daemon.advance("2025-07-15T10:00:00Z").await;
    let messages = daemon.messages().await;
    assert!(messages.iter().any(|m| m.starts_with("answer-held")), "{messages:?}");
    daemon.board.done(&["release", "2", "--reason", "agreed with the chair"]);
    assert_eq!(applications(&daemon).await, ["16"]);
}

#[tokio::test]
async fn a_file_that_comes_in_time_and_is_corrected_within_its_days_is_not_held() {
    let daemon = board("closes = 0").start("2025-07-14T09:00:00Z");
    daemon.ring().await;
    assert!(bring(&daemon, "broken.csv").await.contains("not accepted"));
    daemon.advance("2025-07-17T20:00:00Z").await;
    let told = bring(&daemon, "a.csv").await;
    assert_eq!(applications(&daemon).await, ["15"], "{told}");
    // One that is broken is told so after the window has closed too.
    daemon.advance("2025-07-21T09:00:00Z").await;
    assert!(bring(&daemon, "broken.csv").await.contains("not accepted"));
}

#[tokio::test]
async fn a_nil_return_that_comes_too_late_takes_nothing_away_before_the_manager_says_so() {
    let daemon = board("closes = 2").start("2025-07-01T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "a.csv").await;
    daemon.advance("2025-07-17T09:00:00Z").await;
    let nil = [
        "submit",
        "--nil",
        "--reason",
        "nothing after all",
        "--return",
        KEY[0],
        "--agency",
        KEY[1],
        "--period",
        KEY[2],
    ];
    daemon.board.run(&nil);
    assert_eq!(applications(&daemon).await, ["15"]);
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["accepted"]);
    daemon.board.done(&["release", "2", "--reason", "they said so by telephone"]);
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["nil"]);
}

#[tokio::test]
async fn once_it_is_locked_nothing_held_is_let_pass_and_it_may_still_be_refused() {
    let daemon = board("closes = 0\nlocks = 2").start("2025-07-15T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "a.csv").await;
    daemon.advance("2025-07-16T16:00:01Z").await;
    let refused = said(&daemon.board.run(&["release", "1", "--reason", "late but right"]));
    assert!(
        refused.contains("April to June 2025 (Q1) from CAFCASS (Exampleshire area) is locked since 16 July"),
        "{refused}"
    );
    assert!(refused.contains("`quarterday extend care-applications/cafcass/2025-26-Q1"), "{refused}");
    assert!(bring(&daemon, "b.csv").await.contains("closed on 14 July and is locked since 16 July"));
    daemon.board.done(&["release", "1", "--refuse", "--reason", "the pack is out"]);
    assert_eq!(
        daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await,
        ["not_accepted", "held"]
    );
    // A file that was too late and was refused brings no days for a correction.
    daemon.board.write("c.csv", daemon.board.read("a.csv").replace("2025-M04,5,8", "2025-M04,7,8"));
    assert!(bring(&daemon, "c.csv").await.contains("is locked since 16 July"));
}

#[tokio::test]
async fn a_file_before_its_window_is_held_with_the_day_it_opens_and_an_early_one_is_taken_within_it() {
    let daemon = board("opens = -3").start("2025-06-20T09:00:00Z");
    daemon.ring().await;
    let told = bring(&daemon, "a.csv").await;
    assert!(
        told.contains("April to June 2025 (Q1) from CAFCASS (Exampleshire area) opens on 25 June; the file is kept"),
        "{told}"
    );
    daemon.advance("2025-06-25T09:00:00Z").await;
    bring(&daemon, "b.csv").await;
    assert_eq!(applications(&daemon).await, ["16"]);
    // It is settled, so nobody is asked for it when the period ends.
    daemon.advance("2025-07-20T09:00:00Z").await;
    assert!(daemon.messages().await.iter().all(|m| !m.starts_with("notice")));
    let told = daemon.submit("a.csv", KEY[0], KEY[1], "2025-26-Q3").await.unwrap_err();
    assert!(told.contains("has not ended yet"), "{told}");
}

#[tokio::test]
async fn a_window_that_opens_later_asks_later() {
    let daemon = board("opens = 3").start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-02T12:00:00Z").await;
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.obligations").await, ["0"]);
    assert!(bring(&daemon, "a.csv").await.contains("opens on 3 July"));
    daemon.advance("2025-07-03T12:00:00Z").await;
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["held"]);
}

//! The quarterly report to each agency about itself.

use crate::support::{TestBoard, TestDaemon};

/// The reports written so far: to whom, and what.
async fn reports(daemon: &TestDaemon) -> Vec<(String, String)> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let reports = rows.iter().filter(|row| row.kind == "agency-report");
    reports
        .map(|row| {
            let text = |part: &str| row.message[part].as_str().unwrap().to_owned();
            (row.recipient.clone(), format!("Subject: {}\n\n{}", text("subject"), text("text")))
        })
        .collect()
}

fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications", "prevent-referrals"]);
    for (return_id, file) in [("care-applications", "care.csv"), ("prevent-referrals", "prevent.csv")] {
        let sample = board.read(&format!("pipelines/{return_id}/samples/accepted-2025-26-Q1.csv"));
        board.write(file, sample);
    }
    board
}

#[tokio::test]
async fn each_agency_that_owed_something_is_told_once_about_itself() {
    let daemon = board().start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-10T09:00:00Z").await;
    daemon.submit("prevent.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-07-17T15:00:00Z").await;
    daemon.submit("care.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-08-04T08:59:00Z").await;
    assert!(reports(&daemon).await.is_empty(), "its day is the 25th working day, at ten in the morning");
    daemon.advance("2025-08-04T09:30:00Z").await;
    let told = reports(&daemon).await;
    let recipients: Vec<&str> = told.iter().map(|(to, _)| to.split('@').nth(1).unwrap()).collect();
    assert!(recipients.iter().all(|domain| domain.contains("cafcass") || domain.contains("probation")), "{told:?}");
    let of = |agency: &str| &told.iter().find(|(to, _)| to.contains(agency)).unwrap().1;
    insta::assert_snapshot!("agency_report_late", of("cafcass"));
    insta::assert_snapshot!("agency_report_in_time", of("probation"));
    assert!(!of("cafcass").contains("Prevent") && !of("probation").contains("care applications"));

    let daemon = daemon.restart("2025-08-04T10:00:00Z");
    daemon.ring().await;
    daemon.advance("2025-08-20T10:00:00Z").await;
    assert_eq!(reports(&daemon).await.len(), told.len(), "once");
}

#[tokio::test]
async fn after_an_outage_the_latest_quarter_is_told_of_and_no_earlier_one() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-10T09:00:00Z").await;
    // Nobody served the board from July to the next February.
    let daemon = daemon.restart("2026-02-10T10:00:00Z");
    daemon.ring().await;
    daemon.ring().await;
    let told = reports(&daemon).await;
    let subjects: Vec<&str> = told.iter().map(|(_, text)| text.lines().next().unwrap()).collect();
    assert!(!subjects.is_empty(), "{subjects:?}");
    assert!(
        subjects.iter().all(|subject| subject.contains("four quarters to December 2025: 0 of 3 in time")),
        "{subjects:?}"
    );
    let daemon = daemon.restart("2026-02-11T10:00:00Z");
    daemon.ring().await;
    assert_eq!(reports(&daemon).await.len(), told.len(), "once, across a restart");
}

#[tokio::test]
async fn the_day_is_the_boards_to_choose_and_a_wrong_one_is_refused() {
    let board = board();
    let timetable = board.read("config/timetable.toml");
    board.write("config/timetable.toml", timetable.clone() + "\n[agency_report]\nworking_days = 0\n");
    let refused = board.run(&["validate"]);
    let told = crate::support::said(&refused);
    assert!(!refused.status.success() && told.contains("a day after the quarter's end"), "{told}");
    board.write("config/timetable.toml", timetable + "\n[agency_report]\nworking_days = 30\n");
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-08-08T12:00:00Z").await;
    assert!(reports(&daemon).await.is_empty());
    daemon.advance("2025-08-11T12:00:00Z").await;
    assert!(!reports(&daemon).await.is_empty());
}

#[tokio::test]
async fn a_kill_while_they_are_written_loses_none_and_writes_none_twice() {
    for place in ["agency-report-before-commit", "agency-report-after-commit"] {
        let daemon = board().start("2025-07-01T09:00:00Z");
        daemon.ring().await;
        let (_, mut board) = daemon.terminate();
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start("2025-08-04T09:00:00Z");
        let _ = daemon.order(quarterday::daemon::Command::Ring).await;
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);
        let daemon = board.start("2025-08-04T09:05:00Z");
        daemon.ring().await;
        let told = reports(&daemon).await;
        let recipients: std::collections::BTreeSet<&String> = told.iter().map(|(to, _)| to).collect();
        assert_eq!(recipients.len(), told.len(), "{place}: nobody twice");
        for agency in ["cafcass", "probation"] {
            assert!(recipients.iter().any(|to| to.contains(agency)), "{place}: {agency} is told, {recipients:?}");
        }
    }
}

#[tokio::test]
async fn while_a_person_has_not_said_that_the_ledger_is_in_its_place_nobody_is_told() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.ring().await;
    let (_, board) = daemon.terminate();
    let ledger = board.ledger();
    ledger.write(|txn| txn.set_fact("machine", "another")).await.unwrap();
    drop(ledger);
    let daemon = board.start("2025-08-04T10:00:00Z");
    daemon.ring().await;
    assert!(reports(&daemon).await.is_empty());
    daemon.board.done(&["adopt"]);
    daemon.ring().await;
    assert!(!reports(&daemon).await.is_empty());
}

//! The gate of a pack: what is missing is sent, printed or waited for, as the pack asks.

use std::{fs, process::Command};

use crate::{
    editions::{board, editions, with_a_return},
    support::{TestBoard, TestDaemon, said},
};

/// A board whose pack does this when something is missing.
fn when_not_ready(word: &str) -> TestBoard {
    let board = board();
    board.edit(
        "reports/packs/board/pack.toml",
        "when_not_ready = \"send-with-gaps\"",
        &format!("when_not_ready = {word:?}"),
    );
    board
}

fn first_page(daemon: &TestDaemon) -> String {
    let pdf = daemon.board.path("data/editions/board-001-2025-26-Q1/pack.pdf");
    let output = Command::new("pdftotext").args(["-l", "1", "-layout"]).arg(pdf).arg("-").output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn bring_actions(daemon: &TestDaemon) {
    let sample = daemon.board.path("pipelines/actions/samples/accepted-2025-26-Q1.xlsx");
    fs::copy(sample, daemon.board.path("actions.xlsx")).unwrap();
    daemon.submit("actions.xlsx", "actions", "business-unit", "2025-26-Q1").await.unwrap();
}

async fn told(daemon: &TestDaemon, about: &str) -> Vec<String> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let about =
        rows.iter().filter(|row| row.kind == "alarm" && row.message["subject"].as_str().unwrap().contains(about));
    about.map(|row| row.message["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_missing_is_printed_on_the_first_page_and_in_the_message() {
    let daemon = with_a_return(when_not_ready("send-with-gaps")).await;
    daemon.advance("2025-08-04T12:00:00Z").await;
    let page = first_page(&daemon);
    let missing = "Not complete. Missing: Action log from Business unit: not received, 21 days late; 1 of 2 returns are in, \
                   and at least 80 % are asked for.";
    assert!(page.contains(missing), "{page}");
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let pack = rows.iter().find(|row| row.kind == "pack").unwrap().message["text"].as_str().unwrap().to_owned();
    assert_eq!(pack.matches("Action log from Business unit").count(), 1, "{pack}");
    assert!(pack.contains("1 of 2 returns are in"), "{pack}");

    let daemon = with_a_return(when_not_ready("send")).await;
    daemon.advance("2025-08-04T12:00:00Z").await;
    assert!(!first_page(&daemon).contains("Not complete"), "{}", first_page(&daemon));

    let board = when_not_ready("send-with-gaps");
    board.edit("reports/packs/board/pack.toml", "required_returns = []", "required_returns = [\"missing-children\"]");
    board.edit("reports/packs/board/pack.toml", "\"80 %\"", "\"50 %\"");
    let daemon = with_a_return(board).await;
    daemon.advance("2025-08-04T12:00:00Z").await;
    assert!(!first_page(&daemon).contains("Not complete"), "what must be there is: {}", first_page(&daemon));
}

#[tokio::test]
async fn a_pack_that_is_not_ready_is_held_and_goes_by_itself_when_it_is() {
    let daemon = with_a_return(when_not_ready("hold")).await;
    daemon.advance("2025-08-04T12:00:00Z").await;
    daemon.ring().await;
    assert!(editions(&daemon).await.is_empty());
    let alarms = told(&daemon, "is not ready").await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    for part in ["Action log from Business unit: not received", "--because", "until the meeting on 12 August"] {
        assert!(alarms[0].contains(part), "{part:?}: {}", alarms[0]);
    }
    // Held is not forgotten over a restart, nor told twice; and it waits longer than an outage would be made up for.
    let daemon = daemon.restart("2025-08-11T09:00:00Z");
    daemon.ring().await;
    assert!(editions(&daemon).await.is_empty() && told(&daemon, "is not ready").await.len() == 1);
    bring_actions(&daemon).await;
    daemon.ring().await;
    assert_eq!(editions(&daemon).await.len(), 1);
    assert!(!first_page(&daemon).contains("Not complete"), "{}", first_page(&daemon));
}

#[tokio::test]
async fn a_held_pack_is_issued_in_spite_with_a_reason_that_it_prints() {
    let daemon = with_a_return(when_not_ready("hold")).await;
    daemon.advance("2025-08-05T09:00:00Z").await;
    for (arguments, why) in [
        (&[][..], "it is not ready: Action log from Business unit"),
        (&["--because", "about 943 476 5919"], "looks like an NHS number"),
    ] {
        let refused = daemon.board.run(&[&["pack", "issue", "board", "2025-26-Q1"], arguments].concat());
        assert!(!refused.status.success() && said(&refused).contains(why), "{}", said(&refused));
    }
    let late = said(&daemon.board.run(&["pack", "draft", "board", "2025-26-Q1"]));
    assert!(late.contains("its circulation was on 4 August 2025"), "{late}");
    let because = "the action log is on the table at the meeting";
    daemon.board.done(&["pack", "issue", "board", "2025-26-Q1", "--because", because]);
    let page = first_page(&daemon);
    assert!(page.contains(&format!("Issued all the same: “{because}” (tester).")), "{page}");
    assert!(page.contains("FOR THE MEETING OF 12 AUGUST 2025") && page.contains("Not signed off"), "{page}");
    let events = daemon.ledger().read(|txn| txn.events_of("pack/board")).await.unwrap();
    assert!(format!("{events:?}").contains(because), "{events:?}");
    bring_actions(&daemon).await;
    daemon.advance("2025-08-13T09:00:00Z").await;
    assert_eq!(editions(&daemon).await.len(), 1, "it went out once");
    assert!(told(&daemon, "was not issued").await.is_empty());
}

#[tokio::test]
async fn a_pack_that_is_never_ready_waits_for_a_person_after_the_meeting() {
    let daemon = with_a_return(when_not_ready("hold")).await;
    daemon.advance("2025-08-14T09:00:00Z").await;
    assert!(editions(&daemon).await.is_empty());
    let alarms = told(&daemon, "was not issued").await;
    assert!(alarms.len() == 1 && alarms[0].contains("it was not ready before the meeting"), "{alarms:?}");
    bring_actions(&daemon).await;
    daemon.advance("2025-08-20T09:00:00Z").await;
    assert!(editions(&daemon).await.is_empty(), "nobody asked for it");
}

#[tokio::test]
async fn how_long_an_outage_is_made_up_for_is_the_boards_to_say() {
    let board = board();
    board.edit("config/timetable.toml", "[[rung]]", "[catch_up]\npacks_within = 0\n\n[[rung]]");
    let daemon = with_a_return(board).await;
    let (_, board) = daemon.terminate();
    let daemon = board.start("2025-08-05T09:00:00Z");
    daemon.ring().await;
    assert!(editions(&daemon).await.is_empty() && told(&daemon, "was not issued").await.len() == 1);
}

#[test]
fn a_gate_that_asks_for_what_there_is_not_is_refused() {
    let board = board();
    board.edit("config/timetable.toml", "[[rung]]", "[catch_up]\npacks_within = -1\n\n[[rung]]");
    let pack = "reports/packs/board/pack.toml";
    board.edit(pack, "required_returns = []", "required_returns = [\"missing-childern\"]");
    board.edit(pack, "\"80 %\"", "\"most\"");
    board.edit(pack, "freshest = \"this period\"", "freshest = \"yesterday\"");
    board.edit(pack, "when_not_ready = \"send-with-gaps\"", "when_not_ready = \"wait\"");
    let refused = said(&board.run(&["validate"]));
    for part in [
        "packs_within = 3",
        "\"missing-children\"",
        "a share from 0 % to 100 %",
        "one of this period, one period old, any period",
        "one of send, send-with-gaps, hold",
    ] {
        assert!(refused.contains(part), "{part:?} is not told:\n{refused}");
    }
}

#[tokio::test]
async fn what_somebody_was_let_off_is_no_gap_of_a_pack() {
    let daemon = with_a_return(when_not_ready("hold")).await;
    let log = "actions/business-unit/2025-26-Q1";
    daemon.board.done(&["waive", log, "--reason", "the log is on the table at the meeting"]);
    daemon.advance("2025-08-04T12:00:00Z").await;
    assert_eq!(editions(&daemon).await.len(), 1, "nothing else is asked for");
    assert!(!first_page(&daemon).contains("Not complete"), "{}", first_page(&daemon));
}

#[tokio::test]
async fn a_question_that_nobody_answers_holds_no_pack_back() {
    let board = when_not_ready("hold");
    let text = board.read("pipelines/actions/return.toml");
    let every = text.lines().find(|line| line.starts_with("every = ")).unwrap().to_owned();
    board.edit("pipelines/actions/return.toml", &every, "every = \"occurrence\"");
    let text = board.read("pipelines/actions/return.toml");
    board.write("pipelines/actions/return.toml", text + "\n[anything_since]\nevery = \"quarter\"\nworking_days = 10\n");
    let daemon = with_a_return(board).await;
    daemon.advance("2025-08-04T12:00:00Z").await;
    assert_eq!(editions(&daemon).await.len(), 1, "{:#?}", daemon.messages().await);
}

//! Issued packs: on their day, once, frozen; a kill in between gives no edition twice and loses none.

use crate::support::{TestBoard, TestDaemon, said};

/// A board whose pack has figures: one return with an indicator, all others left out.
pub fn board() -> TestBoard {
    let board = TestBoard::exampleshire();
    for entry in std::fs::read_dir(board.path("pipelines")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !["missing-children", "actions"].contains(&name.as_str()) {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    for entry in std::fs::read_dir(board.path("reports/indicators")).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("children-missing-from-home") {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::copy(
        board.path("pipelines/missing-children/samples/accepted-2025-26-Q1.xlsx"),
        board.path("missing.xlsx"),
    )
    .unwrap();
    board
}

pub async fn with_a_return(board: TestBoard) -> TestDaemon {
    let daemon = board.start("2025-07-08T09:00:00Z");
    daemon.submit("missing.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    daemon
}

pub async fn editions(daemon: &TestDaemon) -> Vec<(i64, String)> {
    let rows = daemon.ledger().read(|txn| txn.editions()).await.unwrap();
    rows.into_iter().map(|edition| (edition.number, edition.folder)).collect()
}

#[tokio::test]
async fn the_pack_is_issued_on_its_day_once_and_comes_out_again_byte_for_byte() {
    let daemon = with_a_return(board()).await;
    daemon.advance("2025-08-04T10:59:00Z").await;
    assert!(editions(&daemon).await.is_empty());
    daemon.advance("2025-08-12T12:00:00Z").await;
    assert_eq!(editions(&daemon).await, [(1, "editions/board-001-2025-26-Q1".to_owned())]);
    let messages = daemon.messages().await;
    assert!(messages.iter().any(|m| m.starts_with("pack chair@exampleshire.example")), "{messages:?}");
    let printed = daemon.board.done(&["pack", "rebuild", "board", "1"]);
    assert!(printed.contains("the same bytes"), "{printed}");

    let output = daemon.board.run(&["pack", "issue", "board", "2030-31-Q1"]);
    assert!(said(&output).contains("has not ended yet"), "{}", said(&output));
    let output = daemon.board.run(&["pack", "issue", "bord", "2025-26-Q1"]);
    assert!(said(&output).contains("the packs are board"), "{}", said(&output));
}

#[tokio::test]
async fn a_kill_while_it_is_issued_gives_one_edition_with_its_messages_all_the_same() {
    for place in ["derive-after-commit", "pack-before-rename", "pack-after-rename", "issue-after-freeze"] {
        let daemon = with_a_return(board()).await;
        let (_, mut board) = daemon.terminate();
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start("2025-08-04T12:00:00Z");
        let _ = daemon.order(quarterday::daemon::Command::Ring).await;
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);
        let daemon = board.start("2025-08-04T12:05:00Z");
        daemon.ring().await;
        daemon.ring().await;
        let issued = editions(&daemon).await;
        assert_eq!(issued.len(), 1, "{place}: {issued:?}");
        let printed = daemon.board.done(&["pack", "rebuild", "board", &issued[0].0.to_string()]);
        assert!(printed.contains("the same bytes"), "{place}: {printed}");
        let packs = daemon.messages().await.into_iter().filter(|m| m.starts_with("pack chair@")).count();
        assert_eq!(packs, 1, "{place}");
    }
}

#[tokio::test]
async fn a_pack_that_an_outage_delayed_too_long_waits_for_a_person() {
    let daemon = with_a_return(board()).await;
    let (_, board) = daemon.terminate();
    let daemon = board.start("2025-08-15T09:00:00Z");
    daemon.ring().await;
    assert!(editions(&daemon).await.is_empty());
    let messages = daemon.messages().await;
    let told = messages.iter().filter(|m| m.starts_with("alarm manager@") && m.contains("was not issued")).count();
    assert_eq!(told, 1, "{messages:?}");
    daemon.ring().await;
    let said = daemon.board.done(&["pack", "issue", "board", "2025-26-Q1"]);
    assert!(said.contains("edition 1 of board is issued"), "{said}");
}

#[tokio::test]
async fn a_pack_is_refused_rather_than_wrong_when_a_file_of_the_warehouse_is_damaged() {
    let daemon = with_a_return(board()).await;
    let (_, board) = daemon.terminate();
    damage(&board.path("data/warehouse/returns/missing_children"));
    let daemon = board.start("2025-08-04T12:00:00Z");
    daemon.ring().await;
    daemon.ring().await;
    assert!(editions(&daemon).await.is_empty());
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("refused rather than wrong") && status.contains("rebuild --replace"), "{status}");
    daemon.order(quarterday::daemon::Command::Rebuild { replace: true }).await.unwrap();
    daemon.advance("2025-08-04T18:00:00Z").await;
    assert_eq!(editions(&daemon).await.len(), 1, "once restored, it is issued");
}

fn damage(folder: &std::path::Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            damage(&path);
        } else if path.extension().is_some_and(|e| e == "parquet") {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn a_meeting_that_moves_once_its_pack_is_out_has_no_second_one() {
    let daemon = with_a_return(board()).await;
    daemon.advance("2025-08-05T09:00:00Z").await;
    assert_eq!(editions(&daemon).await.len(), 1);
    let timetable = daemon.board.read("config/timetable.toml");
    assert!(timetable.contains("2025-08-12"), "{timetable}");
    daemon.board.write("config/timetable.toml", timetable.replace("2025-08-12", "2025-08-19"));
    let daemon = daemon.restart("2025-08-05T10:00:00Z");
    daemon.board.done(&["plan", "--yes"]);
    daemon.advance("2025-08-20T12:00:00Z").await;
    assert_eq!(editions(&daemon).await.len(), 1, "{:#?}", daemon.messages().await);
}

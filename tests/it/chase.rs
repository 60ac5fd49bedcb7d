//! The timetable, enforced: who is told what and when, and that it stops when the file is here.

use crate::support::{TestBoard, TestDaemon, said};

/// A relay on loopback that accepts everything, so that a message counts as evidence.
async fn relay() -> u16 {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (reader, mut writer) = stream.into_split();
                let mut lines = BufReader::new(reader).lines();
                let mut in_data = false;
                writer.write_all(b"220 relay\r\n").await.unwrap();
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer: &[u8] = match (in_data, line.as_str()) {
                        (true, ".") => {
                            in_data = false;
                            b"250 kept\r\n"
                        }
                        (true, _) => continue,
                        (false, line) if line.starts_with("EHLO") => b"250 relay\r\n",
                        (false, "DATA") => {
                            in_data = true;
                            b"354 go\r\n"
                        }
                        (false, "QUIT") => b"221 bye\r\n",
                        _ => b"250 ok\r\n",
                    };
                    if writer.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

async fn board_with_relay() -> TestBoard {
    let port = relay().await;
    TestBoard::with_returns(&["care-applications"])
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &port.to_string())
        .with("QUARTERDAY__MAIL__TLS", "none")
}

/// Which rung was told on which day.
async fn told(daemon: &TestDaemon) -> Vec<String> {
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            quarterday::ledger::Event::Told { rung, .. } => {
                Some(format!("{} {rung}", quarterday::domain::civil_day(recorded.at)))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_silent_agency_is_chased_up_to_the_board_member_and_each_step_once() {
    let daemon = board_with_relay().await.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-31T12:00:00Z").await;
    assert_eq!(
        told(&daemon).await,
        [
            "2025-07-01 notice",
            "2025-07-07 nudge",
            "2025-07-14 due-today",
            "2025-07-16 overdue",
            "2025-07-18 preview",
            "2025-07-21 escalation"
        ]
    );
    let messages = daemon.messages().await;
    insta::assert_snapshot!(messages.join("\n"));
}

#[tokio::test]
async fn a_written_message_is_no_evidence_so_nothing_goes_above_the_lead() {
    let daemon = TestBoard::with_returns(&["care-applications"]).start("2025-06-30T09:00:00Z");
    daemon.advance("2025-08-29T12:00:00Z").await;
    assert_eq!(told(&daemon).await.last().unwrap(), "2025-07-16 overdue");
    let messages = daemon.messages().await;
    assert!(messages.iter().all(|m| m.contains("[written]")), "{messages:?}");
}

#[tokio::test]
async fn the_chase_stops_when_the_file_is_accepted_and_across_a_restart_nobody_is_told_twice() {
    let board = board_with_relay().await;
    let sample = std::fs::read(board.path("pipelines/care-applications/samples/accepted-2025-26-Q1.csv")).unwrap();
    board.write("a.csv", sample);
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-07T12:00:00Z").await;
    let daemon = daemon.restart("2025-07-07T12:00:00Z");
    daemon.ring().await;
    assert_eq!(told(&daemon).await, ["2025-07-01 notice", "2025-07-07 nudge"]);
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-08-20T12:00:00Z").await;
    assert_eq!(told(&daemon).await, ["2025-07-01 notice", "2025-07-07 nudge"]);
}

#[tokio::test]
async fn after_an_outage_the_chase_resumes_at_overdue_and_never_higher() {
    let daemon = board_with_relay().await.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    // The machine was off for nearly two months.
    let daemon = daemon.restart("2025-08-26T12:00:00Z");
    daemon.ring().await;
    daemon.ring().await;
    assert_eq!(told(&daemon).await, ["2025-07-01 notice", "2025-08-26 overdue"]);
    daemon.advance("2025-09-10T12:00:00Z").await;
    assert_eq!(told(&daemon).await[2..], ["2025-08-28 preview", "2025-08-29 escalation"]);
}

#[tokio::test]
async fn what_is_owed_on_a_day_is_told_before_that_day_has_come() {
    let board = TestBoard::exampleshire();
    let printed = board.done(&["owed", "--on", "2025-07-20"]);
    assert!(printed.contains("Exampleshire Police") && printed.contains("17:00, 6 days ago"), "{printed}");
    assert!(printed.contains("April to June 2025 (Q1)"), "{printed}");
    let printed = board.done(&["owed", "--on", "2025-04-15"]);
    assert!(printed.starts_with("Nothing is owed on Tuesday 15 April 2025"), "{printed}");
    let output = board.run(&["owed", "--on", "2041-01-15"]);
    assert!(!output.status.success() && said(&output).contains("bank holidays of"), "{}", said(&output));
}

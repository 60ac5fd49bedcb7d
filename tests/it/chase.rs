//! The timetable, enforced: who is told what and when, and that it stops when the file is here.

use quarterday::ledger::Event;

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

/// A board with these returns whose messages a relay accepts.
pub async fn board_with_relay(returns: &[&str]) -> TestBoard {
    with_relay(TestBoard::with_returns(returns)).await
}

/// The same for any board.
pub async fn with_relay(board: TestBoard) -> TestBoard {
    let port = relay().await;
    board
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &port.to_string())
        .with("QUARTERDAY__MAIL__TLS", "none")
}

/// Which rung was told on which day.
pub async fn told(daemon: &TestDaemon) -> Vec<String> {
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Told { rung, .. } => Some(format!("{} {rung}", quarterday::domain::civil_day(recorded.at))),
            _ => None,
        })
        .collect()
}

/// The texts of the messages of one kind.
pub async fn texts(daemon: &TestDaemon, kind: &str) -> Vec<String> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let of_kind = rows.iter().filter(|row| row.kind == kind);
    of_kind.map(|row| row.message["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_silent_agency_is_chased_up_to_the_board_member_and_each_step_once() {
    let daemon = board_with_relay(&["care-applications"]).await.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-31T12:00:00Z").await;
    assert_eq!(
        told(&daemon).await,
        [
            "2025-07-01 notice",
            "2025-07-07 nudge",
            "2025-07-14 due-today",
            "2025-07-16 overdue",
            "2025-07-18 preview",
            "2025-07-21 escalation",
            "2025-07-25 preview-sub-group",
            "2025-07-28 escalation-sub-group"
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
    let board = board_with_relay(&["care-applications"]).await;
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
async fn what_the_manager_holds_goes_no_higher_and_the_reason_is_there_to_be_printed() {
    let daemon = board_with_relay(&["care-applications"]).await.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-18T12:00:00Z").await;
    let preview = texts(&daemon, "preview").await;
    let command = "quarterday hold care-applications/cafcass/2025-26-Q1 --reason \"…\"";
    assert!(preview[0].contains(command), "{}", preview[0]);
    assert!(daemon.messages().await.iter().any(|m| m.contains("Will go on Monday 21 July")));
    let hold = |key: &str, reason: &str| daemon.board.run(&["hold", key, "--reason", reason]);
    assert!(said(&hold("care-applications/police/2025-26-Q1", "x")).contains("nothing is owed as"));
    assert!(said(&hold("care-applications/cafcass/2025-26-Q1", " ")).contains("one line of reason"));
    let held = hold("care-applications/cafcass/2025-26-Q1", "Cafcass moves to a new system until August");
    assert!(held.status.success(), "{}", said(&held));
    daemon.advance("2025-08-29T12:00:00Z").await;
    assert_eq!(told(&daemon).await.last().unwrap(), "2025-07-18 preview");
    let reason = daemon.sql("SELECT escalation_held FROM ledger.obligations WHERE period = '2025-26-Q1'").await;
    assert_eq!(reason, ["Cafcass moves to a new system until August"]);
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("Not escalated") && status.contains("until August"), "{status}");
}

#[tokio::test]
async fn a_folder_is_named_as_it_is_and_no_message_promises_a_page_to_upload_at() {
    let port = relay().await;
    let board = TestBoard::with_returns(&["missing-children"])
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &port.to_string())
        .with("QUARTERDAY__MAIL__TLS", "none")
        .with("QUARTERDAY__WEB__PUBLIC_URL", "https://quarterday.board.example");
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-15T12:00:00Z").await;
    for kind in ["notice", "nudge", "due-today"] {
        let text = &texts(&daemon, kind).await[0];
        assert!(text.contains("the shared folder drop/police."), "{text}");
        assert!(!text.contains('*') && !text.contains("link below"), "{text}");
    }
}

#[tokio::test]
async fn after_an_outage_the_chase_resumes_at_overdue_and_never_higher() {
    let daemon = board_with_relay(&["care-applications"]).await.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    // The machine was off for nearly two months.
    let daemon = daemon.restart("2025-08-26T12:00:00Z");
    daemon.ring().await;
    daemon.ring().await;
    assert_eq!(told(&daemon).await, ["2025-07-01 notice", "2025-08-26 overdue"]);
    let overdue = texts(&daemon, "overdue").await;
    assert!(overdue[0].contains("On Friday 29 August"), "the day the ladder keeps:\n{}", overdue[0]);
    daemon.advance("2025-09-10T12:00:00Z").await;
    assert_eq!(told(&daemon).await[2..4], ["2025-08-28 preview", "2025-08-29 escalation"]);
}

#[tokio::test]
async fn what_the_definitions_no_longer_ask_for_is_left_alone_and_told() {
    let daemon = TestBoard::with_returns(&["care-applications", "prevent-referrals"]).start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    let (_, board) = daemon.terminate();
    std::fs::remove_dir_all(board.path("pipelines/care-applications")).unwrap();
    board.edit("pipelines/prevent-referrals/return.toml", "agencies = [\"probation\"]", "agencies = [\"police\"]");
    let daemon = board.start("2025-07-01T13:00:00Z");
    daemon.advance("2025-07-31T12:00:00Z").await;
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|recorded| wanted(&recorded.event)).count();
    assert_eq!(count(|event| matches!(event, Event::NoLongerOwed { .. })), 2, "each once");
    assert_eq!(count(|event| matches!(event, Event::Failed { what, .. } if what.contains("chasing"))), 0);
    let late = daemon.messages().await;
    assert!(!late.iter().any(|m| m.starts_with("overdue") && !m.contains("police.example")), "{late:?}");
    let status = daemon.board.done(&["status"]);
    assert_eq!(status.matches("No longer asked for").count(), 2, "{status}");
    let notes = daemon.sql("SELECT note FROM ledger.obligations WHERE agency <> 'police'").await;
    assert_eq!(notes, ["no longer asked for", "no longer asked for"]);
}

#[tokio::test]
async fn a_return_that_is_added_later_is_owed_from_the_day_it_names() {
    let board = TestBoard::with_returns(&["care-applications", "prevent-referrals"]);
    board.edit("pipelines/prevent-referrals/return.toml", "every = ", "starts_on = 2025-10-01\nevery = ");
    let daemon = board.start("2026-01-05T09:00:00Z");
    daemon.ring().await;
    let opened = daemon.sql("SELECT return_id, period FROM ledger.obligations ORDER BY 1, 2").await;
    assert_eq!(
        opened,
        [
            "care-applications,2025-26-Q1",
            "care-applications,2025-26-Q2",
            "care-applications,2025-26-Q3",
            "prevent-referrals,2025-26-Q3"
        ]
    );
}

#[tokio::test]
async fn the_end_of_the_holiday_list_is_warned_of_ahead_and_hides_nothing_before_it() {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.write(
        "config/bank-holidays.json",
        r#"{"england-and-wales": {"events": [{"date": "2025-01-01"}, {"date": "2025-08-25"}, {"date": "2025-12-26"}]}}"#,
    );
    board.edit("config/timetable.toml", "starts_on", "holidays = \"config/bank-holidays.json\"\nstarts_on");
    let daemon = board.start("2025-07-01T09:00:00Z");
    let warned = async || {
        let all = texts(&daemon, "watch").await;
        all.iter().filter(|text| text.contains("The list of bank holidays ends on 31 December 2025.")).count()
    };
    daemon.ring().await;
    assert_eq!(warned().await, 0);
    daemon.advance("2025-07-10T09:00:00Z").await;
    assert_eq!(warned().await, 1);
    daemon.advance("2025-10-30T09:00:00Z").await;
    assert_eq!(warned().await, 1, "it is told again only as the end comes nearer");
    daemon.advance("2026-01-05T09:00:00Z").await;
    assert!((2..=4).contains(&warned().await), "two months and a week ahead, and at its end");
    let told = told(&daemon).await;
    assert!(told.contains(&"2025-10-16 overdue".to_owned()), "{told:?}");
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("ends on 31 December 2025") && status.contains("2026 are not known"), "{status}");
    assert!(status.contains("July to September 2025"), "{status}");
    let page = reqwest::get(daemon.page("/")).await.unwrap().text().await.unwrap();
    assert!(page.contains("2026 are not known") && page.contains("July to September 2025"), "{page}");
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

//! The first cycle is a rehearsal until a person confirms it: what asks and reminds is written down and reaches nobody.

use crate::{
    chase::{board_with_relay, with_relay},
    editions::{self, editions, with_a_return},
    support::said,
};

#[tokio::test]
async fn until_it_is_confirmed_nobody_is_asked_and_answers_leave_as_ever() {
    let board = board_with_relay(&["care-applications"]).await;
    board.edit("config/timetable.toml", "rehearsal = false", "rehearsal = true");
    let sample = std::fs::read(board.path("pipelines/care-applications/samples/accepted-2025-26-Q1.csv")).unwrap();
    board.write("a.csv", sample);
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-08-05T12:00:00Z").await;
    let of = |messages: &[String], kind: &str| -> Vec<String> {
        messages.iter().filter(|message| message.starts_with(kind)).cloned().collect()
    };
    let messages = daemon.messages().await;
    for kind in ["notice", "nudge", "due-today", "overdue"] {
        assert!(of(&messages, kind).iter().all(|message| message.contains("[written]")), "{messages:#?}");
        assert!(!of(&messages, kind).is_empty(), "{kind}");
    }
    assert!(of(&messages, "agency-report").is_empty(), "it is written once, when it can leave");
    assert!(of(&messages, "preview").is_empty(), "nobody was told, so nothing goes above the lead");
    let written = std::fs::read_dir(daemon.board.path("data/rehearsal")).unwrap().count();
    assert_eq!(written, 4, "{messages:#?}");
    let told: Vec<_> = of(&messages, "watch").into_iter().filter(|message| message.contains("rehearsal")).collect();
    assert!(told.len() == 1 && told[0].contains("[sent]"), "{told:?}");
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("The first cycle is a rehearsal") && status.contains("quarterday confirm"), "{status}");
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-08-05T12:05:00Z").await;
    let answers = of(&daemon.messages().await, "answer-accepted");
    assert!(answers.len() == 1 && answers[0].contains("[sent]"), "{answers:?}");

    let confirmed = daemon.board.done(&["confirm"]);
    assert!(confirmed.contains("leave from now on. 4 were written to"), "{confirmed}");
    assert!(said(&daemon.board.run(&["confirm"])).contains("was confirmed before"));
    let daemon = daemon.restart("2025-08-05T12:10:00Z");
    daemon.advance("2025-10-02T12:00:00Z").await;
    let reports = of(&daemon.messages().await, "agency-report");
    assert!(!reports.is_empty() && reports.iter().all(|report| report.contains("[sent]")), "{reports:?}");
    let notices = of(&daemon.messages().await, "notice");
    assert!(notices.last().unwrap().contains("[sent]"), "{notices:?}");
    let actor = "SELECT actor FROM ledger.events WHERE kind = 'timetable_took_effect' ORDER BY seq DESC LIMIT 1";
    assert_eq!(daemon.sql(actor).await, ["tester"]);
    daemon.board.done(&["verify"]);
}

#[tokio::test]
async fn where_nothing_is_rehearsed_there_is_nothing_to_confirm() {
    let daemon = board_with_relay(&["care-applications"]).await.start("2025-06-30T09:00:00Z");
    let refused = daemon.board.run(&["confirm"]);
    assert!(!refused.status.success() && said(&refused).contains("rehearsal = false"), "{}", said(&refused));
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert!(daemon.messages().await.iter().any(|m| m.starts_with("notice") && m.contains("[sent]")));
}

#[tokio::test]
async fn no_pack_is_issued_by_itself_until_it_is_confirmed_and_then_it_goes_out() {
    let board = with_relay(editions::board()).await;
    board.edit("config/timetable.toml", "rehearsal = false", "rehearsal = true");
    let daemon = with_a_return(board).await;
    daemon.advance("2025-08-05T09:00:00Z").await;
    assert!(editions(&daemon).await.is_empty(), "an edition is issued once, and nobody would get it");
    let messages = daemon.messages().await;
    let told: Vec<_> = messages.iter().filter(|message| message.contains("would go out now")).collect();
    assert!(told.len() == 1 && told[0].contains("[sent]"), "{messages:#?}");
    assert!(messages.iter().all(|message| !message.starts_with("draft") && !message.starts_with("sign-off")));
    daemon.board.done(&["confirm"]);
    daemon.advance("2025-08-05T09:10:00Z").await;
    assert_eq!(editions(&daemon).await.len(), 1, "within the days that an outage is made up for");
    let packs: Vec<_> = daemon.messages().await.into_iter().filter(|message| message.starts_with("pack ")).collect();
    assert!(!packs.is_empty() && packs.iter().all(|pack| pack.contains("[sent]")), "{packs:?}");
}

#[tokio::test]
async fn a_due_day_that_moves_while_it_is_rehearsed_is_told_to_nobody() {
    let board = board_with_relay(&["care-applications"]).await;
    board.edit("config/timetable.toml", "rehearsal = false", "rehearsal = true");
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-02T12:00:00Z").await;
    daemon.board.edit("pipelines/care-applications/return.toml", "working_days = 10", "working_days = 12");
    let daemon = daemon.restart("2025-07-02T13:00:00Z");
    daemon.board.done(&["plan", "--yes"]);
    daemon.advance("2025-07-03T12:00:00Z").await;
    let messages = daemon.messages().await;
    assert!(messages.iter().all(|message| !message.starts_with("arranged")), "{messages:#?}");
}

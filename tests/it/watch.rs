//! The watcher watched: alarms on change and no storm, a digest each week, a sign of life, and steps that are stuck.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode, response::Redirect, routing::get};
use quarterday::ledger::{ConditionRow, Event, OutboxRow};

use crate::support::{Answer, Partner, TestBoard, TestDaemon};

const PATH: &str = "/cafcass/care-applications/2025-26-Q1.csv";
const OPEN: &str = "2025-07-01T08:00:00Z";

/// A board that fetches one return from `base`, and whose operator is not its manager.
fn board(base: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", base);
    more(&board, "\n[operator]\nname = \"Ola Nwosu\"\nemail = \"ola.nwosu@exampleshire.example\"\n");
    board
}

/// Adds sections to the board's own settings.
fn more(board: &TestBoard, sections: &str) {
    let text = board.read("config/quarterday.toml");
    board.write("config/quarterday.toml", text + sections);
}

/// The subject and the recipient of each message of a kind.
async fn mailed(daemon: &TestDaemon, kind: &str) -> Vec<(String, String)> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let of_kind = rows.iter().filter(|row| row.kind == kind);
    let said = of_kind.map(|row| (row.message["subject"].as_str().unwrap().to_owned(), row.recipient.clone()));
    said.map(|(subject, to)| (subject.replace("[Example] ", ""), to)).collect()
}

/// The texts of the messages of a kind.
async fn texts(daemon: &TestDaemon, kind: &str) -> Vec<String> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let of_kind = rows.iter().filter(|row| row.kind == kind);
    of_kind.map(|row| row.message["text"].as_str().unwrap().to_owned()).collect()
}

/// The conditions that were begun and ended, as events say.
async fn changes(daemon: &TestDaemon) -> Vec<String> {
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    let change = |event: &Event| match event {
        Event::ConditionBegan { name, .. } => Some(format!("began {name}")),
        Event::ConditionEnded { name, .. } => Some(format!("ended {name}")),
        _ => None,
    };
    events.iter().filter_map(|recorded| change(&recorded.event)).collect()
}

async fn open(daemon: &TestDaemon) -> Vec<ConditionRow> {
    daemon.ledger().read(|txn| txn.open_conditions()).await.unwrap()
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_told_once_when_it_lasts_and_once_when_it_is_over() {
    let partner = Partner::start().await;
    partner.set(PATH, Answer::Status(503, None));
    let daemon = board(&partner.base()).start(OPEN);
    daemon.advance("2025-07-02T12:00:00Z").await;
    let told = mailed(&daemon, "watch").await;
    let [(subject, to)] = &told[..] else { panic!("{told:?}") };
    assert!(subject.starts_with("Needs you: Care applications of CAFCASS"), "{subject}");
    assert!(subject.contains("cannot be fetched, since Tuesday 1 July, 10:00"), "{subject}");
    assert_eq!(to, "ola.nwosu@exampleshire.example");
    let text = &texts(&daemon, "watch").await[0];
    assert!(text.contains("503"), "{text}");

    daemon.advance("2025-07-04T12:00:00Z").await;
    assert_eq!(mailed(&daemon, "watch").await.len(), 1, "days of silence are no more messages");
    assert_eq!(open(&daemon).await.len(), 1);

    partner.file(PATH, "quarter,month,applications,children_in_applications\n2025-26-Q1,2025-M04,9,14\n2025-26-Q1,2025-M05,11,17\n2025-26-Q1,2025-M06,8,12\n");
    daemon.advance("2025-07-07T12:00:00Z").await;
    let told = mailed(&daemon, "watch").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].0.starts_with("Over: Care applications of CAFCASS"), "{told:?}");
    let place = "pull/care-applications/cafcass/2025-26-Q1";
    assert_eq!(changes(&daemon).await, [format!("began {place}"), format!("ended {place}")]);
    assert!(open(&daemon).await.is_empty());
    let status = daemon.board.done(&["status"]);
    assert!(!status.contains("cannot be fetched"), "{status}");
}

#[tokio::test]
async fn a_failure_that_is_soon_over_is_told_to_nobody_and_leaves_no_event() {
    let partner = Partner::start().await;
    partner.set(PATH, Answer::Status(503, None));
    let daemon = board(&partner.base()).start(OPEN);
    daemon.advance("2025-07-01T08:00:30Z").await;
    assert_eq!(open(&daemon).await.len(), 1, "it is seen");
    partner.set(PATH, Answer::Status(404, None));
    daemon.advance("2025-07-03T12:00:00Z").await;
    assert!(mailed(&daemon, "watch").await.is_empty());
    assert!(changes(&daemon).await.is_empty() && open(&daemon).await.is_empty());
}

#[tokio::test]
async fn what_began_before_a_restart_is_not_told_again_after_it() {
    let partner = Partner::start().await;
    partner.set(PATH, Answer::Status(503, None));
    let daemon = board(&partner.base()).start(OPEN);
    daemon.advance("2025-07-02T12:00:00Z").await;
    let daemon = daemon.restart("2025-07-02T12:05:00Z");
    daemon.advance("2025-07-03T12:00:00Z").await;
    assert_eq!(mailed(&daemon, "watch").await.len(), 1);
    let wrong = daemon.ledger().read(|txn| txn.verify()).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn several_hosts_that_fail_together_make_one_message() {
    let board = TestBoard::with_returns(&["care-applications", "child-protection"]);
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-03T12:00:00Z").await;
    let told = mailed(&daemon, "watch").await;
    let [(subject, to)] = &told[..] else { panic!("{told:?}") };
    assert!(subject.contains("and 1 more"), "{subject}");
    assert_eq!(to, "manager@exampleshire.example", "the manager where no operator is named");
}

#[tokio::test]
async fn what_somebody_wrote_down_to_expire_is_told_ahead_with_each_step_and_renewed_by_its_day() {
    let board = board("http://127.0.0.1:9");
    more(&board, "\n[[expires]]\nwhat = \"the client secret of the mailbox\"\non = 2025-09-10\n");
    let daemon = board.start("2025-07-10T09:00:00Z");
    daemon.ring().await;
    assert!(mailed(&daemon, "watch").await.is_empty(), "it is more than 60 days ahead");
    let told = async || {
        let all = mailed(&daemon, "watch").await;
        all.into_iter().filter(|(subject, _)| subject.contains("client secret")).count()
    };
    for (day, count) in [("2025-07-12", 1), ("2025-08-11", 2), ("2025-09-03", 3), ("2025-09-11", 4), ("2025-09-12", 4)]
    {
        daemon.advance(&format!("{day}T09:00:00Z")).await;
        assert_eq!(told().await, count, "{day}: {:?}", mailed(&daemon, "watch").await);
    }
    let all = mailed(&daemon, "watch").await;
    assert!(all.iter().any(|(subject, _)| subject.contains("ended on 10 September 2025")), "{all:?}");
}

#[tokio::test]
async fn a_step_that_is_stuck_is_told_though_the_ring_does_not_end_and_the_sign_of_life_ceases() {
    let (watcher, heard) = outer_watcher(StatusCode::OK).await;
    let board = board("http://127.0.0.1:9").with("FAILPOINTS", "chase-waits=100*return");
    more(&board, &format!("\n[watch]\nstuck_seconds = 1\n\n[heartbeat]\nurl = \"{watcher}/ping/CANARY-token\"\n"));
    let daemon = board.start_on_the_clock();
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        // The letter has left for the folder though the ring goes on: the post is a task of its own.
        let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
        let is_chasing = |row: &OutboxRow| row.message["subject"].as_str().unwrap().contains("Chasing does not come");
        if rows.iter().any(|row| row.kind == "watch" && row.settled_at.is_some() && is_chasing(row)) {
            break;
        }
        assert!(Instant::now() < until, "nobody was told:\n{}", daemon.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(heard.load(Ordering::SeqCst), 0, "nothing was heard while the first ring was stuck");
    // The failpoint lets go after a while; then it is over, and the watcher hears.
    let until = Instant::now() + Duration::from_secs(60);
    while heard.load(Ordering::SeqCst) == 0 || !changes(&daemon).await.contains(&"ended stuck/chasing".to_owned()) {
        assert!(Instant::now() < until, "{:?}\n{}", changes(&daemon).await, daemon.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(!daemon.log().contains("CANARY"), "the address is not told");
}

#[tokio::test]
async fn the_outer_watcher_hears_once_within_its_minutes_and_one_that_fails_holds_nothing_up() {
    let (watcher, heard) = outer_watcher(StatusCode::OK).await;
    let board_heard = board("http://127.0.0.1:9");
    more(&board_heard, &format!("\n[heartbeat]\nurl = \"{watcher}/ping\"\nmethod = \"post\"\n"));
    let daemon = board_heard.start_on_the_clock();
    until(&heard, 1, &daemon).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(heard.load(Ordering::SeqCst), 1, "once in five minutes");

    for (answer, path) in [(StatusCode::INTERNAL_SERVER_ERROR, "/ping"), (StatusCode::OK, "/elsewhere")] {
        let (watcher, heard) = outer_watcher(answer).await;
        let board = board("http://127.0.0.1:9");
        more(&board, &format!("\n[heartbeat]\nurl = \"{watcher}{path}\"\n"));
        let daemon = board.start_on_the_clock();
        let until = Instant::now() + Duration::from_secs(60);
        while !daemon.log().contains("the outer watcher did not hear") {
            assert!(Instant::now() < until, "{}", daemon.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        daemon.ring().await;
        assert!(changes(&daemon).await.is_empty(), "it is a condition only after an hour");
        assert!(heard.load(Ordering::SeqCst) <= 1, "a redirect to another host is not followed");
    }
}

#[tokio::test]
async fn a_watcher_elsewhere_over_plain_http_is_refused_and_so_is_one_of_an_example_board() {
    let board = board("http://127.0.0.1:9");
    more(
        &board,
        "\n[heartbeat]\nurl = \"http://watcher.example/ping\"\nevery_minutes = 0\n\n[digest]\ncron = \"on Mondays\"\n\n[watch]\nstuck_seconds = 0\n\n[[expires]]\nwhat = \"x\"\non = \"soon\"\n",
    );
    let told = crate::support::said(&board.run(&["validate"]));
    for key in ["heartbeat.url", "heartbeat.every_minutes", "watch.stuck_seconds", "expires"] {
        assert!(told.contains(key), "{key} is missing in:\n{told}");
    }
    let board = self::board("http://127.0.0.1:9");
    more(&board, "\n[heartbeat]\nurl = \"https://watcher.example/ping\"\n");
    let told = crate::support::said(&board.run(&["validate"]));
    assert!(told.contains("heartbeat") && told.contains("example"), "{told}");
}

#[tokio::test]
async fn a_digest_comes_each_monday_at_nine_even_when_all_is_well() {
    let mut board = board("http://127.0.0.1:9");
    board.set("QUARTERDAY__DIGEST__CRON", Some("0 9 * * 1"));
    board.set_source("care-applications", "kind = \"by-hand\"");
    let daemon = board.start("2025-07-02T08:00:00Z");
    daemon.advance("2025-07-07T07:59:00Z").await;
    assert!(mailed(&daemon, "digest").await.is_empty());
    daemon.advance("2025-07-07T08:00:00Z").await;
    let told = mailed(&daemon, "digest").await;
    assert_eq!(told.len(), 2, "operator and manager: {told:?}");
    assert!(told[0].0.starts_with("Weekly digest, Monday 7 July: all is well"), "{told:?}");
    let text = &texts(&daemon, "digest").await[0];
    assert!(text.contains("All is well") && text.contains("Nothing falls due"), "{text}");
    assert!(text.contains("MB are free") && text.contains("their chain ends in"), "{text}");
    let daemon = daemon.restart("2025-07-07T08:01:00Z");
    daemon.advance("2025-07-08T09:00:00Z").await;
    assert_eq!(mailed(&daemon, "digest").await.len(), 2, "once a week across restarts");
    daemon.advance("2025-07-14T12:00:00Z").await;
    assert_eq!(mailed(&daemon, "digest").await.len(), 4);
    let text = &texts(&daemon, "digest").await[2];
    assert!(
        text.contains(
            "Monday 14 July: Care applications of CAFCASS (Exampleshire area), April to June 2025 (Q1), is due"
        ),
        "{text}"
    );
}

#[tokio::test]
async fn after_an_outage_there_is_one_digest_that_says_since_when_and_which_weeks_were_missed() {
    let mut board = board("http://127.0.0.1:9");
    board.set("QUARTERDAY__DIGEST__CRON", Some("0 9 * * 1"));
    board.set_source("care-applications", "kind = \"by-hand\"");
    let daemon = board.start("2025-07-02T08:00:00Z");
    daemon.advance("2025-07-04T10:00:00Z").await;
    let daemon = daemon.restart("2025-07-23T10:00:00Z");
    daemon.advance("2025-07-24T12:00:00Z").await;
    let told = mailed(&daemon, "digest").await;
    assert_eq!(told.len(), 2, "one for operator and manager each: {told:?}");
    assert!(told[0].0.starts_with("Back, and what was missed"), "{told:?}");
    let text = &texts(&daemon, "digest").await[0];
    assert!(text.contains("Nothing ran from") && text.contains("to Wednesday 23 July, 11:00"), "{text}");
    for day in ["Monday 7 July", "Monday 14 July", "Monday 21 July"] {
        assert!(text.contains(day), "{day}: {text}");
    }
    assert_eq!(changes(&daemon).await, ["began away", "ended away"]);
}

/// A server that counts who comes to `/ping`, and sends whoever comes to `/elsewhere` to another host.
async fn outer_watcher(answer: StatusCode) -> (String, Arc<AtomicUsize>) {
    let heard = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&heard);
    let ping = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { answer }
    };
    let other = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let elsewhere = format!("http://{}/ping", other.local_addr().unwrap());
    let pages =
        Router::new().route("/ping", get(ping.clone()).post(ping.clone())).route("/ping/{token}", get(ping.clone()));
    let there = Router::new().route("/ping", get(ping));
    tokio::spawn(async move { axum::serve(other, there).await });
    let pages = pages.route("/elsewhere", get(move || async move { Redirect::temporary(&elsewhere) }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, pages).await });
    (address, heard)
}

async fn until(heard: &AtomicUsize, count: usize, daemon: &TestDaemon) {
    let until = Instant::now() + Duration::from_secs(60);
    while heard.load(Ordering::SeqCst) < count {
        assert!(Instant::now() < until, "the watcher was not told:\n{}", daemon.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

//! The daemon as its operator meets it.

use crate::support::{Answer, Partner, TestBoard, TestDaemon, said};

#[test]
fn without_configuration_it_refuses_and_names_init_and_demo() {
    let empty = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_quarterday"))
        .args(["run", "-C"])
        .arg(empty.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = said(&output);
    assert!(said.contains("quarterday init") && said.contains("quarterday demo"), "{said}");
    assert!(std::fs::read_dir(empty.path()).unwrap().next().is_none(), "nothing was written");
}

#[tokio::test]
async fn it_answers_health_metrics_and_a_status_page_that_shows_no_address() {
    let daemon = TestBoard::exampleshire().start("2025-07-17T09:00:00Z");
    daemon.ring().await;
    let get = async |path: &str| reqwest::get(daemon.page(path)).await.unwrap().text().await.unwrap();
    assert!(get("/health").await.starts_with("ok"));
    assert!(get("/metrics").await.contains("quarterday_ledger_events"));
    let page = get("/").await;
    assert!(page.contains("Exampleshire Police") && page.contains("not received, 3 days late"), "{page}");
    assert!(page.contains("is an example"), "{page}");
    assert!(!page.contains("missing.unit@police.example"), "a page names agencies, never people");
}

#[tokio::test]
async fn a_second_daemon_on_the_same_folder_is_refused() {
    let daemon = TestBoard::exampleshire().start("2025-07-01T09:00:00Z");
    let output = daemon.board.run(&["run", "--simulated-from", "2025-07-01T09:00:00Z"]);
    assert!(!output.status.success());
    assert!(said(&output).contains(&daemon.pid().to_string()), "{}", said(&output));
}

#[tokio::test]
async fn on_sigterm_it_drains_and_leaves_no_socket() {
    let daemon = TestBoard::exampleshire().start("2025-07-01T09:00:00Z");
    daemon.ring().await;
    let (status, board) = daemon.terminate();
    assert!(status.success(), "{status:?}");
    assert!(!board.path("data/control.sock").exists());
}

#[tokio::test]
async fn status_says_what_runs_what_is_owed_and_what_will_be_sent_to_whom_and_why() {
    let daemon = TestBoard::exampleshire().start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    let printed = daemon.board.done(&["status"]);
    assert!(printed.contains("A daemon serves"), "{printed}");
    assert!(printed.contains("Mon 7 Jul, 10:00  reminder, Care applications (due 14 July 2025)"), "{printed}");
    assert!(printed.contains("to Yusuf Demir <area.data@cafcass.example>"), "{printed}");
    assert!(printed.contains("written and not sent"), "{printed}");
}

#[tokio::test]
async fn a_copy_of_the_data_holds_mail_and_pulls_until_it_is_adopted() {
    let daemon = TestBoard::exampleshire().start("2025-06-30T09:00:00Z");
    daemon.ring().await;
    let (_, board) = daemon.terminate();
    std::fs::rename(board.path("data"), board.path("moved")).unwrap();
    board.edit("config/quarterday.toml", "data = \"data\"", "data = \"moved\"");
    std::fs::create_dir(board.path("data")).unwrap();
    // The daemon's socket follows the data folder, so commands are given to it by the command line.
    let daemon = board.start("2025-07-02T09:00:00Z");
    daemon.board.done(&["ring"]);
    let waiting = |text: &str| text.lines().find(|l| l.starts_with("Messages:")).unwrap().to_owned();
    let printed = daemon.board.done(&["status"]);
    assert!(printed.contains("On hold: this ledger was written on another machine"), "{printed}");
    let before = waiting(&printed);
    assert!(before.contains("0 written and not sent") && before.contains(" 0 waiting"), "nobody is chased: {before}");
    daemon.board.done(&["adopt"]);
    daemon.board.done(&["ring"]);
    let printed = daemon.board.done(&["status"]);
    assert!(!printed.contains("On hold"), "{printed}");
    let after = waiting(&printed);
    assert!(!after.contains(" 0 written and not sent") && after.contains(" 0 waiting"), "{after}");
}

#[test]
fn init_writes_a_commented_configuration_that_validates() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("board");
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_quarterday")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let at = folder.to_str().unwrap();
    run(&["init", at]);
    let printed = run(&["-C", at, "validate"]);
    assert!(printed.contains("no problems"), "{printed}");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_quarterday")).args(["init", at]).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("not empty"), "{}", said(&output));
}

#[tokio::test]
async fn on_the_machines_own_clock_the_doorbell_rings_and_a_dropped_file_is_answered() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    let sample = std::fs::read(board.path("pipelines/prevent-referrals/samples/accepted-2025-26-Q1.csv")).unwrap();
    let daemon = board.start_on_the_clock();
    daemon.board.drop_file("probation", "prevent-referrals 2025-26-Q1.csv", sample);
    // Its sender hears within a minute, the two looks that see it stand still included.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let is_answered = || {
        let letters = std::fs::read_dir(daemon.board.path("data/mail")).into_iter().flatten();
        letters.flatten().any(|letter| letter.file_name().to_string_lossy().contains("answer_"))
    };
    loop {
        let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
        if submissions.first().is_some_and(|s| s.verdict.is_some()) && is_answered() {
            break;
        }
        assert!(std::time::Instant::now() < until, "{}", daemon.log());
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let metrics = reqwest::get(daemon.page("/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("quarterday_rings_total"), "{metrics}");
}

#[tokio::test]
async fn a_period_that_has_not_ended_or_is_of_another_kind_is_refused() {
    let daemon = TestBoard::with_returns(&["care-applications"]).start("2025-07-02T09:00:00Z");
    daemon.board.write("a.csv", "x\n1\n");
    let why = daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q2").await.unwrap_err();
    assert!(why.contains("has not ended yet"), "{why}");
    let why = daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-FY").await.unwrap_err();
    assert!(why.contains("2025-26-Q1"), "{why}");
}

/// A file of probation that is accepted.
fn accepted_csv(board: &TestBoard) -> Vec<u8> {
    std::fs::read(board.path("pipelines/prevent-referrals/samples/accepted-2025-26-Q1.csv")).unwrap()
}

#[tokio::test]
async fn on_sigterm_a_submission_under_way_is_finished_and_answered() {
    let board = TestBoard::with_returns(&["prevent-referrals"]).with("FAILPOINTS", "intake-after-received=sleep(2000)");
    board.write("a.csv", accepted_csv(&board));
    let daemon = board.start("2025-07-02T09:00:00Z");
    let submitted = daemon.submit("a.csv", "prevent-referrals", "probation", "2025-26-Q1");
    let stopped = async {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while daemon.ledger().read(|txn| txn.submissions()).await.unwrap().is_empty() {
            assert!(std::time::Instant::now() < until);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        daemon.ask_to_stop();
    };
    let (said, ()) = tokio::join!(submitted, stopped);
    assert!(said.as_ref().is_ok_and(|said| said.contains(": accepted")), "{said:?}\n{}", daemon.log());
}

#[tokio::test]
async fn a_stalled_partner_and_a_stalled_relay_do_not_delay_a_submission() {
    let partner = Partner::start().await;
    partner.set("/cafcass/care-applications/2025-26-Q1.csv", Answer::Stall);
    let relay = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let board = TestBoard::with_returns(&["prevent-referrals", "care-applications"])
        .with("QUARTERDAY__PULLS__BASE", &partner.base())
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &relay.local_addr().unwrap().port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none");
    board.write("a.csv", accepted_csv(&board));
    let daemon = board.start_on_the_clock();
    // The relay takes the connection and says nothing; the partner takes the question and says nothing.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    relay.set_nonblocking(true).unwrap();
    let mut spoken_to = None;
    while spoken_to.is_none() || partner.asked_at_all() == 0 {
        assert!(std::time::Instant::now() < until, "{}", daemon.log());
        if spoken_to.is_none() {
            // Somebody has to be owed a message: the answer to a first file.
            let _ = daemon.submit("a.csv", "prevent-referrals", "probation", "2025-26-Q1").await;
            spoken_to = relay.accept().ok();
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let began = std::time::Instant::now();
    daemon.submit("a.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_clock_that_has_jumped_and_an_older_ledger_hold_everything_until_adopted() {
    let daemon = TestBoard::with_returns(&["prevent-referrals"]).start_on_the_clock();
    let rings = async |daemon: &TestDaemon| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !daemon.board.path("data/ledger.mark").exists() {
            assert!(std::time::Instant::now() < until, "{}", daemon.log());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    rings(&daemon).await;
    // The mark is written as a ring begins; what was owed by then is opened later in it.
    while daemon.ledger().read(|txn| txn.obligation_states()).await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (_, board) = daemon.terminate();
    // The last to close the ledger leaves one whole file.
    let whole = |board: &TestBoard| {
        let ledger = rusqlite::Connection::open(board.path("data/ledger.sqlite")).unwrap();
        ledger.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        std::fs::read(board.path("data/ledger.sqlite")).unwrap()
    };
    let backup = whole(&board);
    let held =
        |board: &TestBoard| board.done(&["status"]).lines().find(|l| l.starts_with("On hold")).map(str::to_owned);
    assert_eq!(held(&board), None);

    let now: jiff::Timestamp = {
        let ledger = board.ledger();
        let (last, event) = ledger.read(|txn| Ok((txn.last_event_at()?, txn.fact("clock seen")?))).await.unwrap();
        assert!(event.is_some());
        last.unwrap()
    };
    let later = now + jiff::SignedDuration::from_hours(3);
    board.ledger().write(move |txn| txn.set_fact("clock seen", &later.to_string())).await.unwrap();
    let daemon = board.start_on_the_clock();
    let why = held(&daemon.board).expect("the clock is three hours behind");
    assert!(why.contains("the clock says") && why.contains("quarterday adopt"), "{why}");
    let page = reqwest::get(daemon.page("/")).await.unwrap().text().await.unwrap();
    assert!(page.contains("On hold: the clock says"), "{page}");
    daemon.board.done(&["ring"]);
    let metrics = reqwest::get(daemon.page("/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("quarterday_held 1"), "{metrics}");
    let owed = daemon.ledger().read(|txn| txn.obligation_states()).await.unwrap();
    daemon.board.done(&["adopt"]);
    assert_eq!(held(&daemon.board), None);
    daemon.board.done(&["ring"]);
    assert_eq!(daemon.ledger().read(|txn| txn.obligation_states()).await.unwrap(), owed);

    // The ledger of before is written over the present one: the same machine, folder and file.
    let (_, board) = daemon.terminate();
    whole(&board);
    std::fs::write(board.path("data/ledger.sqlite"), backup).unwrap();
    let why = held(&board).expect("it is older than its mark");
    assert!(why.contains("an older copy of the ledger"), "{why}");
}

#[test]
fn a_board_of_which_nothing_was_recorded_says_so() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    for command in [&["verify"][..], &["pack", "list"]] {
        let printed = board.done(command);
        assert!(printed.contains("nothing was recorded yet") && printed.contains("quarterday run"), "{printed}");
    }
    let output = board.run(&["pack", "rebuild", "board", "1"]);
    assert!(!output.status.success() && said(&output).contains("nothing was recorded yet"), "{}", said(&output));
    assert!(!board.path("data").exists(), "looking leaves nothing behind");
}

#[tokio::test]
async fn only_serving_records_that_the_daemon_came_up() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    board.done(&["sql", "-c", "SELECT 1"]);
    board.done(&["ring"]);
    let starts = async |board: &TestBoard| {
        let events = board.ledger().read(|txn| txn.all_events()).await.unwrap();
        events.iter().filter(|e| matches!(e.event, quarterday::ledger::Event::Started { .. })).count()
    };
    assert_eq!(starts(&board).await, 0);
    let daemon = board.start("2025-07-02T09:00:00Z");
    assert_eq!(starts(&daemon.board).await, 1);
}

#[tokio::test]
async fn a_ring_is_answered_in_words() {
    let daemon = TestBoard::with_returns(&["prevent-referrals"]).start("2025-07-01T09:00:00Z");
    let first = daemon.order(quarterday::daemon::Command::Ring).await.unwrap();
    assert!(first.contains("messages of the chase written"), "{first}");
    let second = daemon.order(quarterday::daemon::Command::Ring).await.unwrap();
    assert_eq!(second, "nothing was to be done");
}

#[tokio::test]
async fn verify_reads_every_edition_and_every_extract() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    board.write("a.csv", accepted_csv(&board));
    let daemon = board.start("2025-07-02T09:00:00Z");
    daemon.submit("a.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    let printed = daemon.board.done(&["verify"]);
    for line in ["ledger: ", "warehouse: ", "editions: 0", "extracts: 1", "everything agrees"] {
        assert!(printed.contains(line), "{printed}");
    }
    let shelf = std::fs::read_dir(daemon.board.path("data/landing")).unwrap().next().unwrap().unwrap().path();
    let extract = std::fs::read_dir(shelf).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&extract).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&extract, bytes).unwrap();
    let edition = quarterday::ledger::EditionRow {
        pack: "board".into(),
        period: "2025-26-Q1".into(),
        number: 1,
        folder: "editions/board-001".into(),
        pdf_sha256: quarterday::domain::sha256(b"issued"),
        issued_at: "2025-07-02T09:00:00Z".parse().unwrap(),
        vector: Default::default(),
    };
    daemon.ledger().write(move |txn| txn.issue(&edition)).await.unwrap();
    daemon.board.write("data/editions/board-001/pack.pdf", "another");
    let output = daemon.board.run(&["verify"]);
    let printed = said(&output);
    assert!(!output.status.success());
    assert!(printed.contains("edition 1 of board") && printed.contains("does not decrypt"), "{printed}");
    let rebuilt = daemon.board.run(&["pack", "rebuild", "board", "1"]);
    assert!(said(&rebuilt).contains("is not what was issued"), "{}", said(&rebuilt));
}

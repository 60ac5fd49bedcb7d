//! The daemon as its operator meets it.

use crate::support::{TestBoard, said};

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
    assert!(printed.contains("Mon 7 Jul, 10:00  reminder, Missing children (due 14 July 2025)"), "{printed}");
    assert!(printed.contains("to Priya Nair <missing.unit@police.example>"), "{printed}");
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
    let before = waiting(&daemon.board.done(&["status"]));
    assert!(before.contains("0 written and not sent") && !before.contains(" 0 waiting"), "{before}");
    daemon.board.done(&["adopt"]);
    daemon.board.done(&["ring"]);
    let after = waiting(&daemon.board.done(&["status"]));
    assert!(after.contains(" 0 waiting"), "{after}");
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
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
        if submissions.first().is_some_and(|s| s.verdict.is_some()) {
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

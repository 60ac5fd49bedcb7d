//! Drop folders: what is taken, when, and what is passed over.

use crate::support::{TestBoard, TestDaemon};

const OPEN: &str = "2025-07-01T08:00:00Z";

fn csv(applications: u32) -> String {
    format!(
        "quarter,month,applications,children_in_applications\n2025-26-Q1,2025-M04,{applications},12\n\
         2025-26-Q1,2025-M05,4,9\n2025-26-Q1,2025-M06,6,10\n"
    )
}

fn board_with(keys: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    let path = if keys.contains("path =") { "" } else { "path = \"drop/{agency}\"\n" };
    board.set_source("care-applications", &format!("kind = \"folder\"\n{path}{keys}"));
    board
}

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await
}

async fn rings(daemon: &TestDaemon, times: usize) {
    for _ in 0..times {
        daemon.ring().await;
    }
}

async fn told(daemon: &TestDaemon) -> Vec<String> {
    let failures = daemon.ledger().read(|txn| txn.recent_failures(50)).await.unwrap();
    failures.into_iter().map(|failure| format!("{failure:?}")).collect()
}

/// Makes a file look as if it was changed so long ago.
fn age(board: &TestBoard, below: &str, seconds: u64) {
    let file = std::fs::File::options().append(true).open(board.path(below)).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(seconds)).unwrap();
}

#[tokio::test]
async fn a_marker_file_says_that_an_upload_is_whole() {
    let daemon = board_with("pattern = \"care*\"\ndone_file = \"{name}.done\"\n").start(OPEN);
    daemon.board.drop_file("cafcass", "care 2025-26-Q1.csv", csv(5));
    rings(&daemon, 3).await;
    assert!(verdicts(&daemon).await.is_empty(), "no marker yet");
    daemon.board.drop_file("cafcass", "care 2025-26-Q1.csv.done", "");
    age(&daemon.board, "drop/cafcass/care 2025-26-Q1.csv.done", 3600);
    rings(&daemon, 3).await;
    assert!(verdicts(&daemon).await.is_empty(), "the marker is older than the file");
    daemon.board.drop_file("cafcass", "care 2025-26-Q1.csv.done", "done");
    rings(&daemon, 3).await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{:?}", told(&daemon).await);
}

#[tokio::test]
async fn a_folder_that_is_looked_into_too_seldom_for_the_promised_minute_is_noted_in_the_log() {
    for (seconds, noted) in [(20, false), (21, true)] {
        let daemon = board_with("").start_ringing_every(seconds);
        let note = format!("drop folders are looked into every {seconds} seconds only");
        assert_eq!(daemon.log().contains(&note), noted, "{}", daemon.log());
    }
}

#[tokio::test]
async fn a_folder_on_another_file_system_is_taken_from_while_it_is_written() {
    // Another device than the data folder's, as a mounted share is.
    let share = tempfile::Builder::new().prefix("quarterday").tempdir_in("/dev/shm").unwrap();
    let folder = share.path().join("cafcass");
    std::fs::create_dir(&folder).unwrap();
    let daemon = board_with(&format!("path = \"{}/{{agency}}\"\n", share.path().display())).start(OPEN);
    let file = folder.join("2025-26-Q1.csv");
    let whole = csv(5);
    for end in [20, 60, 90] {
        std::fs::write(&file, &whole[..end]).unwrap();
        daemon.ring().await;
        assert!(verdicts(&daemon).await.is_empty(), "it grew between two looks");
    }
    std::fs::write(&file, &whole).unwrap();
    rings(&daemon, 3).await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{:?}", told(&daemon).await);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole, "what was taken stays where it lies");
}

#[tokio::test]
async fn what_is_still_being_written_hidden_linked_or_oddly_named_is_passed_over() {
    let board = board_with("");
    board.write("elsewhere/2025-26-Q1.csv", csv(5));
    let daemon = board.start(OPEN);
    for name in [
        "2025-26-Q1.csv.part",
        "2025-26-Q1.csv.filepart",
        "2025-26-Q1.TMP",
        ".2025-26-Q1.csv",
        "~$2025-26-Q1.csv",
        "2025-26-Q1\n.csv",
        "..\\2025-26-Q1.csv",
    ] {
        daemon.board.drop_file("cafcass", name, csv(5));
    }
    let elsewhere = daemon.board.path("elsewhere");
    std::os::unix::fs::symlink(elsewhere.join("2025-26-Q1.csv"), daemon.board.path("drop/cafcass/2025-26-Q1.csv"))
        .unwrap();
    std::os::unix::fs::symlink(&elsewhere, daemon.board.path("drop/cafcass/2025-26-Q1")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(daemon.board.path("drop/cafcass/2025-26-Q1 pipe.csv")).status();
    assert!(made.unwrap().success());
    rings(&daemon, 4).await;
    assert!(verdicts(&daemon).await.is_empty());
    assert_eq!(told(&daemon).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_folder_that_is_missing_for_one_agency_does_not_disturb_the_others() {
    let board = board_with("pattern = \"{agency}*{period}*.csv\"\n");
    board.edit(
        "pipelines/care-applications/return.toml",
        "agencies = [\"cafcass\"]",
        "agencies = [\"police\", \"cafcass\"]",
    );
    board.write("drop/police", "a file in the place of the folder");
    let daemon = board.start(OPEN);
    daemon.board.drop_file("cafcass", "cafcass 2025-26-Q1.csv", csv(5));
    daemon.board.drop_file("cafcass", "police 2025-26-Q1.csv", csv(6));
    daemon.board.drop_file("cafcass", "cafcass last quarter.csv", csv(6));
    rings(&daemon, 4).await;
    assert_eq!(daemon.sql("SELECT agency, verdict FROM ledger.submissions").await, ["cafcass,accepted"]);
    let failures = told(&daemon).await.join("\n");
    assert!(failures.contains("drop/police") && failures.contains("check that it exists"), "{failures}");
    assert_eq!(told(&daemon).await.len(), 2, "made once, looked into once: {failures}");
    // Put right, and it is looked into without a restart.
    std::fs::remove_file(daemon.board.path("drop/police")).unwrap();
    daemon.board.drop_file("police", "police 2025-26-Q1.csv", csv(6));
    rings(&daemon, 2).await;
    assert_eq!(verdicts(&daemon).await.len(), 2);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_taken_again_and_the_same_bytes_under_another_name_are_a_repeat() {
    let daemon = board_with("").start(OPEN);
    daemon.board.drop_file("cafcass", "a 2025-26-Q1.csv", csv(5));
    rings(&daemon, 2).await;
    daemon.board.drop_file("cafcass", "b 2025-26-Q1.csv", csv(5));
    rings(&daemon, 2).await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "duplicate"]);
    let messages = daemon.messages().await;
    assert!(messages.iter().any(|m| m.starts_with("answer-duplicate")), "whoever put it there waits: {messages:?}");
    daemon.board.drop_file("cafcass", "a 2025-26-Q1.csv", csv(7));
    age(&daemon.board, "drop/cafcass/a 2025-26-Q1.csv", 30);
    rings(&daemon, 1).await;
    daemon.board.drop_file("cafcass", "a 2025-26-Q1.csv", csv(8));
    rings(&daemon, 1).await;
    assert_eq!(verdicts(&daemon).await.len(), 2, "replaced between two looks");
    rings(&daemon, 2).await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "duplicate", "accepted"]);
    assert_eq!(daemon.sql("SELECT sum(applications) FROM returns.care_applications").await, ["18"]);
}

#[tokio::test]
async fn the_newest_of_a_period_is_taken_where_that_is_asked_for() {
    let board = board_with("take = \"newest\"\n");
    board.drop_file("cafcass", "v1 2025-26-Q1.csv", csv(5));
    board.drop_file("cafcass", "v2 2025-26-Q1.csv", csv(6));
    age(&board, "drop/cafcass/v1 2025-26-Q1.csv", 100);
    age(&board, "drop/cafcass/v2 2025-26-Q1.csv", 50);
    let daemon = board.start(OPEN);
    rings(&daemon, 4).await;
    assert_eq!(daemon.sql("SELECT name, verdict FROM ledger.submissions").await, ["v2 2025-26-Q1.csv,accepted"]);
}

#[tokio::test]
async fn a_kill_after_the_bytes_are_safe_takes_a_dropped_file_once() {
    for place in ["intake-after-landing", "intake-after-received", "store-after-commit"] {
        let mut board = board_with("");
        board.drop_file("cafcass", "2025-26-Q1.csv", csv(5));
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(OPEN);
        rings_until_death(&daemon).await;
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);
        let daemon = board.start(OPEN);
        rings(&daemon, 3).await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{place}");
    }
}

async fn rings_until_death(daemon: &TestDaemon) {
    while daemon.order(quarterday::daemon::Command::Ring).await.is_ok() {}
}

//! The store protocol: the process is killed between every pair of its steps, and nothing is lost, doubled or shown
//! half.

use quarterday::domain::Verdict;

use crate::support::{TestBoard, TestDaemon};

const NOW: &str = "2025-07-08T09:00:00Z";

/// The places at which the process is killed, in the order it passes them.
const PLACES: &[&str] = &[
    "intake-after-landing",
    "intake-after-received",
    "store-after-parquet",
    "store-after-staging",
    "store-after-storing",
    "store-before-commit",
    "store-between-tables",
    "store-after-commit",
    "store-after-tables",
    "store-after-stored",
];

/// Two tables in one submission: a row of figures and a narrative.
fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["return-interviews", "missing-children"]);
    let sample = board.path("pipelines/missing-children/samples");
    let accepted = std::fs::read_dir(sample)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name().unwrap().to_str().unwrap().starts_with("accepted") && path.extension().unwrap() == "xlsx"
        })
        .unwrap();
    std::fs::copy(accepted, board.path("accepted.xlsx")).unwrap();
    board
}

async fn submit(daemon: &TestDaemon) -> Result<String, String> {
    daemon.submit("accepted.xlsx", "missing-children", "police", "2025-26-Q1").await
}

/// Everything the warehouse holds, row by row.
async fn contents(daemon: &TestDaemon) -> Vec<String> {
    let mut rows = daemon
        .sql("SELECT return_id, agency, period, missing_from_home, missing_from_care, episodes_home, episodes_care FROM returns.missing_children ORDER BY 1, 2, 3")
        .await;
    rows.extend(daemon.sql("SELECT agency, period, indicator, text FROM returns.narrative ORDER BY 1, 2, 3").await);
    rows
}

#[tokio::test]
async fn a_kill_between_any_two_steps_loses_nothing_and_doubles_nothing() {
    let whole = board().start(NOW);
    submit(&whole).await.unwrap();
    let expected = contents(&whole).await;
    assert!(expected.len() >= 2, "{expected:?}");
    drop(whole);

    for place in PLACES {
        let mut board = board();
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(NOW);
        let broken = submit(&daemon).await;
        assert!(broken.is_err(), "{place}: the process should have died, but said {broken:?}");
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);

        let daemon = board.start(NOW);
        daemon.ring().await;
        // The sender, who got no answer, sends the file again; whatever was kept of the first makes it a repeat.
        submit(&daemon).await.unwrap_or_else(|why| panic!("{place}: {why}"));
        assert_eq!(contents(&daemon).await, expected, "{place}");

        let (submissions, wrong, messages) =
            daemon.ledger().read(|txn| Ok((txn.submissions()?, txn.verify()?, txn.messages()?))).await.unwrap();
        assert!(wrong.is_empty(), "{place}: {wrong:?}");
        let accepted = submissions.iter().filter(|s| s.verdict.is_some_and(Verdict::is_accepted)).count();
        assert_eq!(accepted, 1, "{place}: {submissions:?}");
        assert!(submissions.iter().all(|s| s.verdict.is_some()), "{place}: {submissions:?}");
        let answers = messages.iter().filter(|m| m.kind.starts_with("answer-accepted")).count();
        assert_eq!(answers, 2, "{place}: lead and deputy have one answer each");
    }
}

#[tokio::test]
async fn readers_see_nothing_of_a_submission_that_was_committed_but_not_recorded() {
    let mut board = board();
    board.set("FAILPOINTS", Some("store-between-tables=return"));
    let daemon = board.start(NOW);
    submit(&daemon).await.unwrap_err();
    let mut board = daemon.wait_for_death();
    board.set("FAILPOINTS", None);
    let vector = board.ledger().read(|txn| txn.vector()).await.unwrap();
    assert!(vector.is_empty(), "{vector:?}");
}

#[tokio::test]
async fn a_rebuild_from_archive_and_ledger_gives_the_same_contents() {
    let daemon = board().start(NOW);
    submit(&daemon).await.unwrap();
    daemon
        .order(quarterday::daemon::Command::Nil {
            return_id: "return-interviews".parse().unwrap(),
            agency: "voluntary-sector".parse().unwrap(),
            period: "2025-26-Q1".parse().unwrap(),
            reason: "no child went missing".into(),
            actor: "tester".into(),
        })
        .await
        .unwrap();
    let before = contents(&daemon).await;
    let said = daemon.order(quarterday::daemon::Command::Rebuild { replace: false }).await.unwrap();
    assert!(said.contains("0 tables differ"), "{said}");
    assert!(said.starts_with("2 submissions replayed"), "{said}");

    // A warehouse that is lost comes back from the two.
    let (_, board) = daemon.terminate();
    for schema in ["returns", "analysis", "disclosed"] {
        let _ = std::fs::remove_dir_all(board.path(&format!("data/warehouse/{schema}")));
    }
    let daemon = board.start(NOW);
    let said = daemon.order(quarterday::daemon::Command::Rebuild { replace: true }).await.unwrap();
    assert!(said.contains("cannot be read"), "the loss is told: {said}");
    assert_eq!(contents(&daemon).await, before);
}

#[tokio::test]
async fn a_flipped_bit_is_found_before_a_figure_is_made_of_it() {
    let daemon = board().start(NOW);
    submit(&daemon).await.unwrap();
    let (_, board) = daemon.terminate();
    let parquet = find(&board.path("data/warehouse/returns/missing_children"));
    let mut bytes = std::fs::read(&parquet).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&parquet, bytes).unwrap();
    let output = board.run(&["verify"]);
    let said = crate::support::said(&output);
    assert!(
        !output.status.success() && said.contains("returns.missing_children") && said.contains("rebuild"),
        "{said}"
    );
}

fn find(folder: &std::path::Path) -> std::path::PathBuf {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            return find(&path);
        }
        if path.extension().is_some_and(|e| e == "parquet") {
            return path;
        }
    }
    panic!("no Parquet file below {}", folder.display());
}

#[tokio::test]
async fn a_release_that_is_cut_short_is_finished_and_never_shown_when_it_was_not_recorded() {
    for place in ["intake-after-released", "store-after-storing", "store-after-commit", "store-after-tables"] {
        let mut board = TestBoard::with_returns(&["care-applications"]);
        let sample = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
        board.write("empty.csv", format!("{}\r\n", sample.lines().next().unwrap()));
        let daemon = board.start(NOW);
        let said = daemon.submit("empty.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
        assert!(said.contains("held"), "{said}");
        let (_, stopped) = daemon.terminate();
        board = stopped;
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(NOW);
        let release = quarterday::daemon::Command::Release {
            submission: 1,
            accept: true,
            reason: "there were none".into(),
            actor: "manager".into(),
        };
        daemon.order(release).await.unwrap_err();
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);
        let daemon = board.start(NOW);
        daemon.ring().await;
        assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["accepted"], "{place}");
        assert_eq!(daemon.sql("SELECT verdict FROM ledger.submissions").await, ["accepted"], "{place}");
    }
}

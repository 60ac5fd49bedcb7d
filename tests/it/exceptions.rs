//! What stands out: one ranked list, what became of it since the last edition, and what people say of it.

use crate::support::{TestBoard, TestDaemon, said};

const BACK: [i64; 12] = [10, 12, 11, 10, 13, 11, 12, 10, 11, 12, 10, 11];

/// A board of which the last of thirteen quarters of Prevent referrals stands out.
async fn started(last: i64) -> TestDaemon {
    let board = TestBoard::with_returns(&["prevent-referrals", "actions", "missing-children"]);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["prevent-referrals.sql", "prevent-referrals.toml"] {
        board.write(
            &format!("reports/indicators/{file}"),
            std::fs::read(root.join("reports/indicators").join(file)).unwrap(),
        );
    }
    for entry in std::fs::read_dir(root.join("reports/packs/board")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        board.write(&format!("reports/packs/board/{name}"), std::fs::read(&path).unwrap());
    }
    let mut at: quarterday::domain::Period = "2022-23-Q1".parse().unwrap();
    for count in BACK {
        board.write(&format!("past/prevent-referrals-{at}.csv"), file(&at.to_string(), count));
        at = at.next().unwrap();
    }
    board.write("last.csv", file("2025-26-Q1", last));
    board.write("restated.csv", file("2025-26-Q1", 11));
    let daemon = board.start("2025-07-16T09:00:00Z");
    let past = daemon.board.path("past");
    daemon.board.done(&["backfill", "prevent-referrals", past.to_str().unwrap(), "--agency", "probation"]);
    daemon.submit("last.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    daemon
}

fn file(period: &str, count: i64) -> String {
    format!("Period,Referrals under 18,\"Of these, adopted by Channel\"\n{period},{count},1\n")
}

#[tokio::test]
async fn what_stands_out_is_ranked_with_its_rule_and_since_when_and_chance_is_told() {
    let daemon = started(60).await;
    let printed = daemon.board.done(&["exceptions"]);
    assert!(printed.starts_with("April to June 2025 (Q1): one figure stands out\n"), "{printed}");
    assert!(
        printed.contains("1. Prevent referrals") && printed.contains("(not printed before, since this period)"),
        "{printed}"
    );
    assert!(printed.contains("rule: movement, outside; weight "), "{printed}");
    assert!(printed.contains("One figure is watched; by chance alone about 0 would stand out"), "{printed}");
    let rows = daemon.sql("SELECT rank, indicator, rule, cause, since, periods FROM disclosed.exceptions").await;
    assert_eq!(rows, ["1,prevent-referrals,movement,outside,2025-26-Q1,1"]);
    let before = daemon.board.done(&["exceptions", "--period", "2024-25-Q4"]);
    assert!(before.starts_with("January to March 2025 (Q4): nothing stands out"), "{before}");
    let early = said(&daemon.board.run(&["exceptions", "--period", "2025-26-Q2"]));
    assert!(early.contains("has not ended yet"), "{early}");
}

#[tokio::test]
async fn what_would_be_hidden_is_told_before_a_board_chooses() {
    let daemon = started(3).await;
    let printed = daemon.board.done(&["disclosure", "--what-if"]);
    assert!(printed.starts_with("April to June 2025 (Q1), class public: of 13 figures, 1 is hidden."), "{printed}");
    assert!(printed.contains("Prevent referrals under 18: 1 of 13 periods, the latest too: 2025-26-Q1"), "{printed}");
    let before = daemon.board.done(&["disclosure", "--what-if", "--period", "2024-25-Q4"]);
    assert!(before.contains("of 12 figures, 0 are hidden."), "{before}");
    let nothing = said(&daemon.board.run(&["disclosure"]));
    assert!(nothing.contains("--what-if"), "{nothing}");
}

#[tokio::test]
async fn an_edition_is_what_later_lists_are_held_against_and_a_restatement_says_what_it_resolves() {
    let daemon = started(60).await;
    daemon.board.done(&["pack", "issue", "board", "2025-26-Q1", "--because", "the meeting is tomorrow"]);
    let same = daemon.board.done(&["exceptions"]);
    assert!(same.contains("(as before, since this period)"), "{same}");
    assert!(same.contains("Nothing that stood out in board edition 1 is resolved."), "{same}");
    daemon.advance("2025-07-17T09:00:00Z").await;
    daemon.submit("restated.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    daemon.ring().await;
    let gone = daemon.board.done(&["exceptions"]);
    assert!(gone.contains("nothing stands out"), "{gone}");
    assert!(gone.contains("Stood out in board edition 1 and no longer does: Prevent referrals"), "{gone}");
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let told = rows.iter().find(|row| row.kind == "restated").unwrap().message["text"].as_str().unwrap().to_owned();
    assert!(told.contains("60 printed, 11 now"), "{told}");
    assert!(told.contains("board edition 1: Prevent referrals") && told.contains("no longer stands out"), "{told}");
}

#[tokio::test]
async fn verdicts_decisions_challenges_and_feedback_are_kept_and_asked_in_sql() {
    let daemon = started(60).await;
    let board = &daemon.board;
    let judge = |verdict: &str, because: &str| {
        board.run(&[
            "verdict",
            "prevent-referrals",
            "2025-26-Q1",
            "--is",
            verdict,
            "--because",
            because,
            "--by",
            "Sub-group",
        ])
    };
    assert!(
        said(&judge("watched", "One school's workshop; see whether it lasts.")).contains("watched, says Sub-group")
    );
    assert!(judge("for-the-board", "It lasted.").status.success());
    let standing = daemon.sql("SELECT indicator, period, verdict, by FROM ledger.dispositions").await;
    assert_eq!(standing, ["prevent-referrals,2025-26-Q1,for-the-board,Sub-group"]);
    let listed = board.done(&["exceptions"]);
    assert!(listed.contains("Sub-group: for-the-board. It lasted."), "{listed}");
    let child = said(&judge("explained", "It was NHS number 943 476 5919."));
    assert!(child.contains("NHS number") && !child.contains("5919"), "{child}");
    let quiet =
        board.run(&["verdict", "prevent-referrals", "2024-25-Q4", "--is", "watched", "--because", "x", "--by", "y"]);
    assert!(said(&quiet).contains("does not stand out in January to March 2025 (Q4)"), "{}", said(&quiet));
    let unknown =
        board.run(&["verdict", "prevent-referal", "2025-26-Q1", "--is", "watched", "--because", "x", "--by", "y"]);
    assert!(said(&unknown).contains("did you mean prevent-referrals?"), "{}", said(&unknown));

    let record =
        |more: &[&str]| said(&board.run(&[&["record"], more, &["--meeting", "2025-07-15", "--by", "Chair"]].concat()));
    let challenged = record(&[
        "challenge",
        "--says",
        "What will you do about the rise?",
        "--indicator",
        "prevent-referrals",
        "--agency",
        "probation",
        "--due",
        "2025-08-01",
    ]);
    assert!(challenged.contains("recorded as number 1"), "{challenged}");
    assert!(record(&["decision", "--says", "Audit ten referrals."]).contains("number 2"));
    assert!(record(&["feedback", "--says", "Thank you."]).contains("is for an agency: name it with --agency"));
    let typo = record(&["feedback", "--says", "Thank you.", "--agency", "probatoin"]);
    assert!(typo.contains("did you mean probation?"), "{typo}");
    let ahead = said(&board.run(&["record", "decision", "--says", "x", "--meeting", "2025-09-01", "--by", "y"]));
    assert!(ahead.contains("has not been yet"), "{ahead}");
    assert!(
        said(&board.run(&["settle", "1", "--says", "A plan came.", "--by", "Unit"])).contains("of number 1 is settled")
    );
    assert!(
        said(&board.run(&["settle", "1", "--says", "Again.", "--by", "Unit"])).contains("settled it on 16 July 2025")
    );
    assert!(said(&board.run(&["settle", "9", "--says", "x", "--by", "y"])).contains("there is no number 9"));
    let rows = daemon.sql("SELECT number, kind, agency, due_day, settled FROM ledger.decisions ORDER BY number").await;
    assert_eq!(rows, ["1,challenge,probation,2025-08-01,A plan came.", "2,decision,,,"]);
    assert_eq!(
        board
            .done(&[
                "sql",
                "--format",
                "csv",
                "--as-of",
                "2025-07-15",
                "-c",
                "SELECT count(*) AS n FROM ledger.decisions"
            ])
            .replace('\r', ""),
        "n\n0\n"
    );
    board.done(&["verify"]);
}

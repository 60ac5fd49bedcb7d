//! Past periods loaded from files that were kept: nobody owes them, nobody is told, and a load begun again goes on.

use crate::support::{TestBoard, TestDaemon, said};

const NOW: &str = "2026-11-02T08:00:00Z";

fn csv(period: &str, referrals: u32) -> String {
    format!("Period,Referrals under 18,\"Of these, adopted by Channel\"\n{period},{referrals},1\n")
}

/// The board, which begins with its own timetable; four quarters of the past lie in a folder.
fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    for (number, period) in ["2022-23-Q1", "2022-23-Q2", "2022-23-Q3", "2022-23-Q4"].into_iter().enumerate() {
        board.write(&format!("old/prevent {period}.csv"), csv(period, 3 + number as u32));
    }
    board
}

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT period, verdict FROM ledger.submissions ORDER BY submission").await
}

#[tokio::test]
async fn past_periods_are_loaded_once_without_duty_reminder_or_message() {
    let daemon = board().start("2025-07-01T08:00:00Z");
    daemon.ring().await;
    let before = daemon.messages().await.len();
    let folder = daemon.board.path("old");
    let told = daemon.board.done(&["backfill", "prevent-referrals", folder.to_str().unwrap()]);
    insta::assert_snapshot!("loaded", told);
    let loaded = ["2022-23-Q1", "2022-23-Q2", "2022-23-Q3", "2022-23-Q4"].map(|period| format!("{period},accepted"));
    assert_eq!(verdicts(&daemon).await, loaded);
    let rows = daemon.sql("SELECT count(*) FROM returns.prevent_referrals WHERE period LIKE '2022%'").await;
    assert_eq!(rows, ["4"]);

    let again = daemon.board.done(&["backfill", "prevent-referrals", folder.to_str().unwrap()]);
    assert!(again.contains("passed over: submission 1, accepted"), "{again}");
    assert_eq!(verdicts(&daemon).await.len(), 4, "nothing is recorded twice");
    daemon.ring().await;
    assert_eq!(daemon.messages().await.len(), before, "nobody is told");
    let owed = daemon.sql("SELECT count(*) FROM ledger.obligations WHERE period LIKE '2022%'").await;
    assert_eq!(owed, ["0"], "nobody owes them, nobody is late");
}

#[tokio::test]
async fn a_drop_is_measured_against_the_last_period_and_not_against_what_was_loaded_last() {
    let board = TestBoard::with_returns(&["persistent-absence"]);
    let records = |period: &str, count: usize| {
        let record = |at: usize| {
            serde_json::json!({ "period": period, "urn": format!("{}", 100_000 + at), "school": format!("School {at}"),
                "phase": "primary", "pupils": "200", "persistently_absent": "20" })
        };
        serde_json::to_string(&(0..count).map(record).collect::<Vec<_>>()).unwrap()
    };
    board.write("q1.json", records("2025-26-Q1", 60));
    board.write("old/absence 2022-23-Q1.json", records("2022-23-Q1", 20));
    let daemon = board.start("2025-07-01T08:00:00Z");
    let said = daemon.submit("q1.json", "persistent-absence", "schools", "2025-26-Q1").await.unwrap();
    assert!(said.contains("accepted"), "{said}");
    daemon.board.done(&["backfill", "persistent-absence", daemon.board.path("old").to_str().unwrap()]);
    daemon.advance("2025-10-10T08:00:00Z").await;
    daemon.board.write("q2.json", records("2025-26-Q2", 24));
    let said = daemon.submit("q2.json", "persistent-absence", "schools", "2025-26-Q2").await.unwrap();
    assert!(said.contains("held for a person") && said.contains("60"), "{said}");
    let told = daemon.board.done(&["release", "3", "--refuse", "--reason", "two trusts are missing"]);
    assert!(told.contains("24 rows read, 0 accepted, 24 refused"), "{told}");
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let letter = letters.iter().rfind(|row| row.kind == "answer-not-accepted").unwrap();
    insta::assert_snapshot!("a_person_did_not_take_it", letter.message["text"].as_str().unwrap());
    daemon.board.write("q2.json", records("2025-26-Q2", 22));
    let said = daemon.submit("q2.json", "persistent-absence", "schools", "2025-26-Q2").await.unwrap();
    assert!(said.contains("held for a person"), "{said}");
    let told = daemon.board.done(&["release", "4", "--reason", "two trusts left"]);
    assert!(told.contains("accepted"), "{told}");
    // A nil return has no usual size.
    daemon.advance("2026-01-10T08:00:00Z").await;
    daemon.board.done(&[
        "submit",
        "--nil",
        "--reason",
        "no data this quarter",
        "--return",
        "persistent-absence",
        "--period",
        "2025-26-Q3",
        "--agency",
        "schools",
    ]);
    daemon.advance("2026-04-10T08:00:00Z").await;
    daemon.board.write("q4.json", records("2025-26-Q4", 60));
    let said = daemon.submit("q4.json", "persistent-absence", "schools", "2025-26-Q4").await.unwrap();
    assert!(said.contains("accepted"), "{said}");
}

#[tokio::test]
async fn a_table_that_falls_is_not_hidden_by_one_that_does_not() {
    let board = TestBoard::with_returns(&["persistent-absence"]);
    let path = "pipelines/persistent-absence/return.toml";
    let contract = board.read(path);
    let head = contract[..contract.find("[format]").unwrap()].to_owned();
    let table = |name: &str| {
        format!(
            "[[table]]\nname = \"{name}\"\nfile = \"{name}.csv\"\noptional = true\n[[table.column]]\nname = \"school\"\n\
             type = \"text\"\nrequired = true\n"
        )
    };
    board.write(path, head + "[format]\nkind = \"csv\"\n" + &table("primary") + &table("secondary"));
    let daemon = board.start("2025-07-01T08:00:00Z");
    let submit = async |primary: usize, secondary: Option<usize>, period: &str| {
        let rows = |count: usize| -> String { (0..count).map(|at| format!("School {at}\n")).collect() };
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, count) in [("primary.csv", Some(primary)), ("secondary.csv", secondary)] {
            let Some(count) = count else { continue };
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, format!("school\n{}", rows(count)).as_bytes()).unwrap();
        }
        daemon.board.write("two.zip", zip.finish().unwrap().into_inner());
        daemon.submit("two.zip", "persistent-absence", "schools", period).await.unwrap()
    };
    let said = submit(400, Some(60), "2025-26-Q1").await;
    assert!(said.contains(": accepted;"), "{said}");
    daemon.advance("2025-10-10T08:00:00Z").await;
    let said = submit(400, Some(24), "2025-26-Q2").await;
    assert!(said.contains("held for a person"), "{said}");
    assert!(said.contains("\"secondary.csv\" has 24 rows, the last file had 60 there"), "{said}");
    let said = submit(400, None, "2025-26-Q2").await;
    assert!(said.contains("the table \"secondary\" has 0 rows, the last file had 60 there"), "{said}");
    let said = submit(399, Some(25), "2025-26-Q2").await;
    assert!(said.contains(": accepted;"), "{said}");
}

#[tokio::test]
async fn figures_that_vanish_while_their_rows_stay_are_held() {
    let board = TestBoard::with_returns(&["persistent-absence"]);
    let path = "pipelines/persistent-absence/return.toml";
    let contract = board.read(path);
    let head = contract[..contract.find("[format]").unwrap()].to_owned();
    let table = "[format]\nkind = \"csv\"\n[[table]]\nname = \"absence\"\n[[table.column]]\nname = \"school\"\ntype = \"text\"\n\
                 [[table.column]]\nname = \"pupils\"\ntype = \"count\"\n";
    board.write(path, format!("{head}{table}"));
    let daemon = board.start("2025-07-01T08:00:00Z");
    let submit = async |filled: usize, period: &str| {
        let pupils = |at: usize| if at < filled { "200" } else { "" };
        let rows: String = (0..100).map(|at| format!("School {at},{}\n", pupils(at))).collect();
        daemon.board.write("absence.csv", format!("school,pupils\n{rows}"));
        daemon.submit("absence.csv", "persistent-absence", "schools", period).await.unwrap()
    };
    assert!(submit(100, "2025-26-Q1").await.contains(": accepted"));
    daemon.advance("2025-10-10T08:00:00Z").await;
    let said = submit(40, "2025-26-Q2").await;
    assert!(said.contains("held for a person"), "{said}");
    assert!(said.contains("40 cells of \"pupils\" are filled in, 100 were last time"), "{said}");
    assert!(submit(41, "2025-26-Q2").await.contains(": accepted"));
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_or_is_owed_is_refused_and_the_rest_is_loaded() {
    let board = board();
    board.write("old/no period.csv", csv("2021-22-Q4", 9));
    board.write("old/says 2021-22-Q1.csv", csv("2021-22-Q2", 9));
    board.write("old/twice 2022-23-Q1.csv", csv("2022-23-Q1", 8));
    board.write("old/several.csv", csv("2020-21-Q1", 8) + "2020-21-Q2,4,1\n");
    board.write("old/owed 2025-26-Q1.csv", csv("2025-26-Q1", 8));
    board.write("old/broken 2021-22-Q3.csv", csv("2021-22-Q3", 8).replace(",8,", ",many,"));
    board.write("old/.hidden 2019-20-Q1.csv", csv("2019-20-Q1", 8));
    let daemon = board.start("2025-07-01T08:00:00Z");
    daemon.ring().await;
    let before = daemon.messages().await.len();
    let output = daemon.board.run(&["backfill", "prevent-referrals", daemon.board.path("old").to_str().unwrap()]);
    assert!(!output.status.success());
    insta::assert_snapshot!("partly_loaded", said(&output));
    daemon.ring().await;
    assert_eq!(daemon.messages().await.len(), before, "whoever loads is told at once, and nobody else");
}

#[tokio::test]
async fn a_load_that_was_cut_off_goes_on_where_it_stopped() {
    let daemon = board().start("2025-07-01T08:00:00Z");
    let one = daemon.board.path("old/prevent 2022-23-Q1.csv");
    daemon.board.done(&["backfill", "prevent-referrals", one.to_str().unwrap()]);
    let daemon = daemon.restart("2025-07-02T08:00:00Z");
    let told = daemon.board.done(&["backfill", "prevent-referrals", daemon.board.path("old").to_str().unwrap()]);
    assert!(told.contains("passed over: submission 1") && told.contains("4 of 4 files are loaded"), "{told}");
    assert_eq!(verdicts(&daemon).await.len(), 4);
}

#[test]
fn a_load_works_without_a_daemon_and_names_what_is_wrong_with_the_command() {
    let board = board();
    let folder = board.path("old");
    let told = board.done(&["backfill", "prevent-referrals", folder.to_str().unwrap(), "--agency", "probation"]);
    assert!(told.contains("4 of 4 files are loaded"), "{told}");
    std::fs::create_dir(board.path("nothing")).unwrap();
    for (arguments, why) in [
        (["backfill", "gone", folder.to_str().unwrap()].as_slice(), "there is no return gone"),
        (&["backfill", "prevent-referrals", folder.to_str().unwrap(), "--agency", "schools"], "not by schools"),
        (&["backfill", "prevent-referrals", board.path("nothing").to_str().unwrap()], "no files are there"),
        (&["backfill", "prevent-referrals", "/gone"], "/gone"),
    ] {
        let output = board.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said(&output).contains(why), "{arguments:?}: {}", said(&output));
    }
}

#[tokio::test]
async fn a_nil_return_wants_its_reason_in_either_place() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    let daemon = board.start(NOW);
    let which = ["--return", "prevent-referrals", "--agency", "probation", "--period", "2026-27-Q1"];
    let with = |more: &[&'static str]| [["submit"].as_slice(), &which, more].concat();
    let output = daemon.board.run(&with(&["--nil"]));
    assert!(!output.status.success());
    assert!(said(&output).contains("needs one line of reason"), "{}", said(&output));
    daemon.board.done(&with(&["--nil", "No referral in the quarter."]));
    daemon.board.done(&with(&["--nil", "--reason", "No referral in the quarter, as said."]));
    let output = daemon.board.run(&with(&[]));
    assert!(!output.status.success(), "neither a file nor a reason");
}

//! Information governance: agreements that are warned of and lapse, what templates say of them, and the data-flow sheet.

use quarterday::{daemon::Command as Order, ledger::Event};

use crate::support::{Partner, TestBoard, TestDaemon, said};

const PATH: &str = "/cafcass/care-applications/2025-26-Q1.csv";
const CSV: &str = "quarter,month,applications,children_in_applications\n2025-26-Q1,2025-M04,9,14\n\
                   2025-26-Q1,2025-M05,11,17\n2025-26-Q1,2025-M06,8,12\n";
const DEFINITION: &str = "pipelines/care-applications/return.toml";

/// A board of one return that is fetched from `base`, and whose agreement is to be reviewed by a day.
fn board(base: &str, review: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", base);
    renew(&board, review);
    board
}

/// Writes another day of review into the definition.
fn renew(board: &TestBoard, review: &str) {
    let text = board.read(DEFINITION);
    let line = text.lines().find(|line| line.starts_with("agreement_review")).unwrap().to_owned();
    board.edit(DEFINITION, &line, &format!("agreement_review = {review}"));
}

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await
}

/// The messages of a kind: recipient and text.
async fn mailed(daemon: &TestDaemon, kind: &str) -> Vec<(String, String)> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let of_kind = rows.into_iter().filter(|row| row.kind == kind);
    of_kind.map(|row| (row.recipient.clone(), row.message["text"].as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn an_agreement_is_told_to_the_manager_ninety_days_ahead_and_when_it_lapses_nothing_more_is_fetched() {
    let partner = Partner::start().await;
    let board = board(&partner.base(), "2025-09-30");
    let text = board.read("config/quarterday.toml");
    board
        .write("config/quarterday.toml", text + "\n[operator]\nname = \"Ola\"\nemail = \"ola@exampleshire.example\"\n");
    let daemon = board.start("2025-07-01T08:00:00Z");
    daemon.ring().await;
    assert!(mailed(&daemon, "watch").await.is_empty(), "it is 91 days ahead");
    for (day, count) in [("2025-07-02", 1), ("2025-08-01", 2), ("2025-08-31", 3), ("2025-09-23", 4), ("2025-10-01", 5)]
    {
        daemon.advance(&format!("{day}T09:00:00Z")).await;
        let told = mailed(&daemon, "watch").await;
        assert_eq!(told.len(), count, "{day}: {told:?}");
        assert!(told.iter().all(|(to, _)| to == "manager@exampleshire.example"), "{told:?}");
    }
    let told = mailed(&daemon, "watch").await;
    assert!(told[0].1.contains("is to be reviewed by 30 September 2025"), "{}", told[0].1);
    assert!(told[4].1.contains("has lapsed") && told[4].1.contains("agreement_review"), "{}", told[4].1);
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("was to be reviewed by 30 September 2025, and has lapsed"), "{status}");

    let asked = partner.asked_at_all();
    assert!(asked > 0);
    partner.file(PATH, CSV);
    daemon.advance("2025-10-10T12:00:00Z").await;
    assert_eq!(partner.asked_at_all(), asked, "nothing is fetched under an agreement that has lapsed");
    assert!(verdicts(&daemon).await.is_empty());
}

#[tokio::test]
async fn nobody_is_chased_for_what_we_no_longer_fetch_and_a_renewed_agreement_goes_on() {
    let partner = Partner::start().await;
    let daemon = board(&partner.base(), "2025-07-02").start("2025-07-01T08:00:00Z");
    daemon.advance("2025-07-25T12:00:00Z").await;
    let told = async |daemon: &TestDaemon| {
        let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
        let rung = |event: &Event| match event {
            Event::Told { rung, .. } => Some(rung.clone()),
            _ => None,
        };
        events.iter().filter_map(|recorded| rung(&recorded.event)).collect::<Vec<_>>()
    };
    assert_eq!(told(&daemon).await, ["notice"], "the notice left before the agreement lapsed");
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    let skipped = events.into_iter().filter_map(|recorded| match recorded.event {
        Event::Skipped { rung, why } => Some((rung, why)),
        _ => None,
    });
    let skipped: Vec<_> = skipped.collect();
    let rungs: Vec<&str> = skipped.iter().map(|(rung, _)| rung.as_str()).collect();
    assert_eq!(rungs, ["nudge", "due-today", "overdue"], "each has its outcome");
    assert!(skipped.iter().all(|(_, why)| why.contains("the agreement has lapsed")), "{skipped:?}");
    partner.file(PATH, CSV);
    let (_, board) = daemon.terminate();
    renew(&board, "2026-07-02");
    let daemon = board.start("2025-07-25T13:00:00Z");
    daemon.advance("2025-07-29T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    assert!(mailed(&daemon, "watch").await.iter().any(|(_, text)| text.contains("It is over")), "it is told");
}

#[tokio::test]
async fn a_file_that_comes_under_a_lapsed_agreement_is_kept_and_held_until_a_person_takes_it() {
    let board = board("http://127.0.0.1:9", "2025-06-30");
    board.set_source("care-applications", "kind = \"by-hand\"");
    board.write("a.csv", CSV);
    board.write("wrong.csv", CSV.replace("14\n", "x,y,z\n"));
    let daemon = board.start("2025-07-02T09:00:00Z");
    let said = daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert!(said.contains("held for a person") && said.contains("was to be reviewed by 30 June 2025"), "{said}");
    assert_eq!(verdicts(&daemon).await, ["held"]);
    let answers = mailed(&daemon, "answer-held").await;
    assert!(answers.iter().any(|(_, text)| text.contains("was to be reviewed")), "{answers:?}");
    let said = daemon.submit("wrong.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert!(said.contains("not accepted"), "what cannot be used is the sender's to mend all the same: {said}");

    let release =
        Order::Release { submission: 1, accept: true, reason: "renewed by letter".into(), actor: "manager".into() };
    daemon.order(release).await.unwrap();
    assert_eq!(daemon.sql("SELECT sum(applications) FROM returns.care_applications").await, ["28"]);
}

#[tokio::test]
async fn the_day_of_an_agreements_review_is_its_last() {
    let board = board("http://127.0.0.1:9", "2025-07-02");
    board.set_source("care-applications", "kind = \"by-hand\"");
    board.write("a.csv", CSV);
    let daemon = board.start("2025-07-02T22:30:00Z");
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
}

#[test]
fn a_template_says_why_under_which_agreement_and_until_when() {
    let board = TestBoard::exampleshire();
    let file = board.path("form.xlsx");
    let out = file.display().to_string();
    board.done(&["template", "missing-children", "--agency", "police", "--period", "2025-26-Q1", "--out", &out]);
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/sharedStrings.xml").unwrap(), &mut text).unwrap();
    for part in [
        "Why we ask",
        "To see whether children who go missing",
        "information sharing agreement, version 4",
        "to be reviewed by 31 March 2027",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn the_data_flow_sheet_of_the_example_board_reads_as_a_data_protection_officer_would_want_it() {
    let board = TestBoard::exampleshire().with("QUARTERDAY__PULLS__BASE", "https://data.exampleshire.example");
    let sheet = board.done(&["describe"]);
    assert_eq!(sheet, board.done(&["describe"]), "the same definitions make the same sheet");
    assert!(!board.path("data").exists(), "nothing is opened for it");
    insta::assert_snapshot!(sheet);
    let file = board.path("sheet.md");
    let printed = board.done(&["describe", "--out", &file.display().to_string()]);
    assert!(printed.contains("written"), "{printed}");
    assert_eq!(std::fs::read_to_string(file).unwrap().trim_end(), sheet.trim_end());
    assert!(!said(&board.run(&["describe"])).contains("@police.example"), "people are named by what they are");
}

#[test]
fn the_sheet_says_which_columns_of_a_childs_record_are_replaced_and_that_nothing_is_deleted_by_itself() {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.write(
        "pipelines/missing-episodes/return.toml",
        "title = \"Missing episodes\"\nagencies = [\"police\"]\nevery = \"quarter\"\ndue = { working_days = 10 }\n\
         source = { kind = \"by-hand\" }\n[governance]\npurpose = \"to learn from each episode\"\nlawful_basis = \"s16H\"\n\
         agreement = \"the agreement\"\nagreement_review = 2030-01-01\nretention_years = 1\n\
         classification = \"child-level\"\n[format]\nkind = \"csv\"\n[[table]]\nname = \"missing_episodes\"\n\
         [[table.column]]\nname = \"child\"\ntype = \"text\"\npseudonym = true\n\
         [[table.column]]\nname = \"born\"\ntype = \"date\"\nmonth_of_birth = true\n\
         [[table.column]]\nname = \"episodes\"\ntype = \"count\"\n",
    );
    let sheet = said(&board.run(&["describe"]));
    assert!(sheet.contains("single children in: Missing episodes"), "{sheet}");
    assert!(
        sheet.contains("`confidential.missing_episodes`") && sheet.contains("yes: it is said of one child"),
        "{sheet}"
    );
    assert!(sheet.contains("replaced by a pseudonym") && sheet.contains("only year and month are stored"), "{sheet}");
    assert!(sheet.contains("does not delete at the end of that time by itself"), "{sheet}");
}

#[tokio::test]
async fn what_was_passed_over_while_an_agreement_had_lapsed_is_asked_for_once_it_is_renewed() {
    let partner = Partner::start().await;
    let board = crate::chase::with_relay(board(&partner.base(), "2025-07-02")).await;
    let daemon = board.start("2025-07-01T08:00:00Z");
    daemon.advance("2025-07-24T12:00:00Z").await;
    let (_, board) = daemon.terminate();
    renew(&board, "2026-07-02");
    // The file does not come: the lead hears of it, and those above are told in their turn.
    let daemon = board.start("2025-07-24T13:00:00Z");
    daemon.advance("2025-08-05T12:00:00Z").await;
    let told = crate::chase::told(&daemon).await;
    let after: Vec<&str> = told.iter().skip(1).map(String::as_str).collect();
    assert_eq!(after[..3], ["2025-07-25 overdue", "2025-07-29 preview", "2025-07-30 escalation"], "{told:?}");
}

//! Files arrive by every way of the spine and are told apart: accepted, not accepted, held, duplicate, restated.

use crate::support::{Answer, Partner, TestBoard, TestDaemon};

const OPEN: &str = "2025-07-01T08:00:00Z";

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await
}

/// The first file of a return's samples whose name begins so.
fn sample(board: &TestBoard, return_id: &str, start: &str) -> (String, Vec<u8>) {
    let folder = board.path(&format!("pipelines/{return_id}/samples"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let found = files
        .into_iter()
        .find(|path| {
            path.file_name().unwrap().to_str().unwrap().starts_with(start)
                && path.extension().is_some_and(|e| e != "findings")
        })
        .unwrap_or_else(|| panic!("{return_id} has no sample {start}"));
    (found.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(found).unwrap())
}

#[tokio::test]
async fn a_csv_is_pulled_once_and_again_only_when_it_has_changed() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let path = "/cafcass/care-applications/2025-26-Q1.csv";
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T12:00:00Z").await;
    assert!(partner.asked(path) > 0, "asked before there is a file");
    assert!(verdicts(&daemon).await.is_empty());

    partner.file(path, csv.clone());
    daemon.advance("2025-07-03T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    let asked = partner.asked(path);
    daemon.advance("2025-07-05T12:00:00Z").await;
    assert!(partner.asked(path) > asked, "a newer copy is looked for");
    assert_eq!(verdicts(&daemon).await, ["accepted"], "the same copy is not taken twice");

    let rows = daemon.sql("SELECT agency, period FROM returns.care_applications").await;
    assert!(!rows.is_empty() && rows.iter().all(|row| row == "cafcass,2025-26-Q1"), "{rows:?}");
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_when_the_ledger_says_so_across_a_restart() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let path = "/cafcass/care-applications/2025-26-Q1.csv";
    partner.set(path, Answer::Status(503, Some(1800)));
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T06:30:00Z").await;
    let asked = partner.asked(path);
    assert!(asked >= 1);
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    assert!(failing[0].1.says.as_ref().unwrap().contains("503"), "{failing:?}");
    let next = failing[0].1.next_at;

    let daemon = daemon.restart("2025-07-02T06:30:30Z");
    daemon.ring().await;
    assert_eq!(partner.asked(path), asked, "the restart did not hurry the next attempt");
    partner.file(path, csv);
    daemon.advance(&next.to_string()).await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
}

#[tokio::test]
async fn a_server_that_stalls_or_cannot_be_reached_is_given_up_in_time_and_the_daemon_goes_on() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    board.edit("pipelines/care-applications/return.toml", "timeout_seconds = 30", "timeout_seconds = 1");
    partner.set("/cafcass/care-applications/2025-26-Q1.csv", Answer::Stall);
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T06:30:00Z").await;
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    assert!(failing[0].1.says.as_ref().unwrap().contains("could not be fetched"), "{failing:?}");

    let board = TestBoard::with_returns(&["care-applications"]);
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T06:30:00Z").await;
    let said = daemon.board.done(&["status"]);
    assert!(said.contains("Not reached: care-applications/cafcass/2025-26-Q1"), "{said}");
    assert!(said.contains("asked again"), "{said}");
}

#[tokio::test]
async fn a_cut_body_a_web_page_and_an_empty_file_leave_earlier_data_alone() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let path = "/cafcass/care-applications/2025-26-Q1.csv";
    partner.file(path, csv.clone());
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T12:00:00Z").await;
    let before = daemon.sql("SELECT * EXCLUDE (submission) FROM returns.care_applications").await;
    assert!(!before.is_empty());

    partner.set(path, Answer::Cut { bytes: csv });
    daemon.advance("2025-07-03T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "half a body is no file");
    partner.file(path, "<!DOCTYPE html><html><body>Please sign in</body></html>");
    daemon.advance("2025-07-05T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "a sign-in page is the host's answer, not the sender's file");
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    assert!(failing[0].1.says.as_ref().unwrap().contains("web page"), "{failing:?}");
    partner.file(path, "");
    daemon.advance("2025-07-09T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "not_accepted"]);
    let reasons = daemon.sql("SELECT reason FROM ledger.submissions ORDER BY submission").await;
    assert!(reasons[1].contains("empty"), "{reasons:?}");
    assert_eq!(daemon.sql("SELECT * EXCLUDE (submission) FROM returns.care_applications").await, before);
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["accepted"]);
}

#[tokio::test]
async fn a_workbook_is_taken_from_the_drop_folder_once_it_stands_still() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let (_, workbook) = sample(&board, "missing-children", "accepted");
    let daemon = board.start(OPEN);
    daemon.board.drop_file("police", "missing-children 2025-26-Q1.xlsx", &workbook[..workbook.len() / 2]);
    daemon.ring().await;
    daemon.board.drop_file("police", "missing-children 2025-26-Q1.xlsx", &workbook);
    daemon.ring().await;
    assert!(verdicts(&daemon).await.is_empty(), "it changed between the two looks");
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    daemon.ring().await;
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await.len(), 1, "a file is taken once");
    let messages = daemon.messages().await;
    assert!(messages.iter().any(|m| m.starts_with("answer-accepted missing.unit@police.example")), "{messages:?}");
}

#[tokio::test]
async fn a_broken_file_is_not_accepted_and_its_answer_names_cell_and_rule() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let (_, broken) = sample(&board, "missing-children", "broken");
    let (_, good) = sample(&board, "missing-children", "accepted");
    let daemon = board.start(OPEN);
    daemon.board.write("broken.xlsx", broken);
    daemon.board.write("good.xlsx", good);
    let said = daemon.submit("broken.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("not accepted") && said.contains("sheet Return, cell "), "{said}");
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["to_correct"]);
    let said = daemon.submit("good.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains(": accepted"), "{said}");
    assert_eq!(daemon.sql("SELECT state, corrected FROM ledger.obligations").await, ["accepted,true"]);
}

#[tokio::test]
async fn the_same_file_is_a_duplicate_another_one_restates_and_the_first_again_is_a_reversion() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let (_, first) = sample(&board, "care-applications", "accepted");
    let daemon = board.start(OPEN);
    daemon.board.write("a.csv", &first);
    let text = String::from_utf8(first).unwrap();
    let second = restated(&text);
    daemon.board.write("b.csv", second);
    for file in ["a.csv", "a.csv", "b.csv", "a.csv"] {
        daemon.submit(file, "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    }
    assert_eq!(verdicts(&daemon).await, ["accepted", "duplicate", "accepted", "accepted"]);
    assert_eq!(daemon.sql("SELECT restated FROM ledger.obligations").await, ["true"]);
    let standing = daemon.sql("SELECT DISTINCT submission FROM returns.care_applications").await;
    assert_eq!(standing, ["4"], "only the rows of the newest accepted file stand");
    let kinds: Vec<String> = daemon.messages().await.iter().map(|m| m.split(' ').next().unwrap().to_owned()).collect();
    assert!(kinds.contains(&"answer-restated".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"answer-duplicate".to_owned()), "{kinds:?}");
}

/// The same CSV with its last digit raised by one.
fn restated(text: &str) -> String {
    let at = text.rfind(|c: char| c.is_ascii_digit()).unwrap();
    let digit = text[at..=at].parse::<u8>().unwrap();
    format!("{}{}{}", &text[..at], (digit + 1) % 10, &text[at + 1..])
}

#[tokio::test]
async fn a_file_without_rows_is_held_and_a_person_decides() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let heading = String::from_utf8(csv).unwrap().lines().next().unwrap().to_owned();
    let daemon = board.start(OPEN);
    daemon.board.write("empty.csv", format!("{heading}\r\n"));
    let said = daemon.submit("empty.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert!(said.contains("held"), "{said}");
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["held"]);
    let said = daemon.board.done(&["status"]);
    assert!(said.contains("quarterday release 1"), "{said}");
    daemon
        .order(quarterday::daemon::Command::Release {
            submission: 1,
            accept: false,
            reason: "the export was empty".into(),
            actor: "manager".into(),
        })
        .await
        .unwrap();
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["to_correct"]);
    let messages = daemon.messages().await;
    assert!(messages.iter().any(|m| m.starts_with("answer-held")), "{messages:?}");
    assert!(messages.iter().any(|m| m.starts_with("alarm manager@")), "{messages:?}");
}

#[tokio::test]
async fn a_parquet_release_becomes_reference_data() {
    let board = TestBoard::with_returns(&["benchmarks"]);
    let (name, parquet) = sample(&board, "benchmarks", "accepted");
    let daemon = board.start(OPEN);
    daemon.board.write(&name, parquet);
    let said = daemon.submit(&name, "benchmarks", "business-unit", "2025-07-14").await.unwrap();
    assert!(said.contains(": accepted"), "{said}");
    assert_eq!(daemon.sql("SELECT DISTINCT period FROM reference.benchmarks").await, ["2025-07-14"]);
    assert!(daemon.sql("SELECT agency FROM ledger.obligations").await.is_empty(), "nobody owes a release");
}

#[tokio::test]
async fn a_nil_return_settles_the_obligation_and_takes_earlier_rows_away() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let daemon = board.start(OPEN);
    daemon.board.write("a.csv", csv);
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let nil = quarterday::daemon::Command::Nil {
        return_id: "care-applications".parse().unwrap(),
        agency: "cafcass".parse().unwrap(),
        period: "2025-26-Q1".parse().unwrap(),
        reason: "counted elsewhere".into(),
        actor: "tester".into(),
    };
    daemon.order(nil).await.unwrap();
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["nil"]);
    assert_eq!(daemon.sql("SELECT count(*) FROM returns.care_applications").await, ["0"]);
}

#[tokio::test]
async fn cells_where_headings_should_stand_are_told_to_nobody() {
    let daemon = TestBoard::with_returns(&["care-applications"]).start(OPEN);
    daemon.board.write("twice.csv", "Jo Canary,Jo Canary\n1,2\n");
    daemon.board.write("once.csv", "Jo Canary,4\nSam Canary,2\n");
    for file in ["twice.csv", "once.csv"] {
        let said = daemon.submit(file, "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
        assert!(said.contains("not accepted") && !said.contains("Canary"), "{said}");
    }
    let notes = "SELECT state, note FROM ledger.obligations";
    assert_eq!(daemon.sql(notes).await, ["to_correct,"]);
    let reasons = daemon.sql("SELECT reason FROM ledger.submissions").await;
    assert!(reasons[0].contains("columns A and B have the same heading"), "{reasons:?}");
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| !row.message.to_string().contains("Canary")));
    assert!(!daemon.log().contains("Canary"), "{}", daemon.log());
    let nil = quarterday::daemon::Command::Nil {
        return_id: "care-applications".parse().unwrap(),
        agency: "cafcass".parse().unwrap(),
        period: "2025-26-Q1".parse().unwrap(),
        reason: "counted elsewhere".into(),
        actor: "tester".into(),
    };
    daemon.order(nil).await.unwrap();
    assert_eq!(daemon.sql(notes).await, ["nil,counted elsewhere"]);
    // Why a later file is not accepted is no reason that anybody gave.
    daemon.submit("twice.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let note = daemon.sql("SELECT note FROM ledger.obligations").await;
    assert!(note.iter().all(|note| !note.contains("heading")), "{note:?}");
}

#[tokio::test]
async fn what_is_not_owed_is_refused_with_who_owes_it() {
    let daemon = TestBoard::with_returns(&["care-applications"]).start(OPEN);
    daemon.board.write("a.csv", "x\n1\n");
    let why = daemon.submit("a.csv", "care-applications", "police", "2025-26-Q1").await.unwrap_err();
    assert!(why.contains("cafcass") && why.contains("police"), "{why}");
    let why = daemon.submit("a.csv", "care-application", "cafcass", "2025-26-Q1").await.unwrap_err();
    assert!(why.contains("no return"), "{why}");
}

#[tokio::test]
async fn a_cut_workbook_and_a_renamed_column_are_named_and_what_was_accepted_stays() {
    let board = TestBoard::with_returns(&["missing-children", "care-applications"]);
    let (_, workbook) = sample(&board, "missing-children", "accepted");
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let csv = String::from_utf8(csv).unwrap();
    let heading = csv.lines().next().unwrap();
    let column = heading.split(',').next_back().unwrap();
    let daemon = board.start(OPEN);
    daemon.board.write("good.xlsx", &workbook);
    daemon.board.write("cut.xlsx", &workbook[..workbook.len() / 2]);
    daemon.board.write("good.csv", &csv);
    daemon.board.write("renamed.csv", csv.replacen(column, "Somthing else", 1));
    daemon.submit("good.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    daemon.submit("good.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let figures = "SELECT * EXCLUDE (submission) FROM returns.missing_children";
    let before = (daemon.sql(figures).await, daemon.sql("SELECT * FROM returns.care_applications").await);

    let said = daemon.submit("cut.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("not accepted") && said.contains("cut off or damaged"), "{said}");
    let said = daemon.submit("renamed.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert!(said.contains("not accepted") && said.contains("column-missing"), "{said}");
    let after = (daemon.sql(figures).await, daemon.sql("SELECT * FROM returns.care_applications").await);
    assert_eq!(after, before);
    assert_eq!(daemon.sql("SELECT DISTINCT state FROM ledger.obligations").await, ["accepted"]);
    let wrong = daemon.ledger().read(|txn| txn.verify()).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn a_file_that_was_not_accepted_and_is_pulled_again_unchanged_is_passed_over() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    let path = "/cafcass/care-applications/2025-26-Q1.csv";
    // A server that gives no entity tag sends the same bytes each day.
    partner.set(path, Answer::Untagged { bytes: b"month,nothing\n2025-M04,1\n".to_vec() });
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-11T12:00:00Z").await;
    assert!(partner.asked(path) > 5, "it is asked for on each working day");
    assert_eq!(verdicts(&daemon).await, ["not_accepted"]);
    let answers = daemon.messages().await.into_iter().filter(|m| m.starts_with("answer-not-accepted")).count();
    assert!(answers <= 2, "lead and deputy are told once");
}

#[tokio::test]
async fn a_host_that_tells_only_the_date_of_its_copy_is_believed() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    let (_, bytes) = sample(&board, "care-applications", "accepted");
    let path = "/cafcass/care-applications/2025-26-Q1.csv";
    partner.set(path, Answer::Dated { bytes, at: "Tue, 01 Jul 2025 05:00:00 GMT" });
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    // Were the copy sent again, it would be these bytes.
    partner.set(path, Answer::Dated { bytes: b"month,nothing\n".to_vec(), at: "Tue, 01 Jul 2025 05:00:00 GMT" });
    daemon.advance("2025-07-11T12:00:00Z").await;
    assert!(partner.asked(path) > 5);
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
}

#[tokio::test]
async fn what_was_not_accepted_is_judged_again_once_its_definition_is_corrected() {
    let definition = "pipelines/care-applications/return.toml";
    let board = TestBoard::with_returns(&["care-applications"]);
    let right = board.read(definition);
    let (_, good) = sample(&board, "care-applications", "accepted");
    board.write("good.csv", &good);
    board.edit(definition, "headings = [\"children_in_applications\"]", "headings = [\"Our mistake\"]");
    let daemon = board.start(OPEN);
    let told = daemon.submit("good.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert!(told.contains("not accepted"), "{told}");
    let answers = |messages: Vec<String>| messages.into_iter().filter(|m| m.starts_with("answer-")).collect::<Vec<_>>();
    let first = answers(daemon.messages().await);

    // A change that mends nothing tells nobody anything.
    let (_, board) = daemon.terminate();
    board.edit(definition, "title = ", "# A remark.\ntitle = ");
    let daemon = board.start("2025-07-15T09:00:00Z");
    assert_eq!(verdicts(&daemon).await, ["not_accepted", "not_accepted"]);
    assert_eq!(answers(daemon.messages().await), first);

    let (_, board) = daemon.terminate();
    board.write(definition, &right);
    let daemon = board.start("2025-07-16T09:00:00Z");
    assert_eq!(verdicts(&daemon).await, ["not_accepted", "not_accepted", "accepted"]);
    assert!(
        answers(daemon.messages().await).iter().any(|m| m.starts_with("answer-accepted")),
        "{:?}",
        daemon.messages().await
    );
    let standing = daemon.sql("SELECT state FROM ledger.obligations WHERE period = '2025-26-Q1'").await;
    assert_eq!(standing, ["accepted"], "it counts from when it came");
    let (_, board) = daemon.terminate();
    let daemon = board.start("2025-07-17T09:00:00Z");
    assert_eq!(verdicts(&daemon).await.len(), 3, "and once");
    let wrong = daemon.ledger().read(|txn| txn.verify()).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn what_a_person_refused_stays_refused_whatever_the_definition_says() {
    let definition = "pipelines/care-applications/return.toml";
    let board = TestBoard::with_returns(&["care-applications"]);
    board.write("empty.csv", "quarter,month,applications,children_in_applications\n");
    let daemon = board.start(OPEN);
    let said_of = daemon.submit("empty.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert!(said_of.contains("held for a person"), "{said_of}");
    let told = daemon.board.done(&["release", "1", "--refuse", "--reason", "it is a test file"]);
    assert!(told.contains("not accepted"), "{told}");
    let (_, board) = daemon.terminate();
    board.edit(definition, "title = ", "# A remark.\ntitle = ");
    let daemon = board.start("2025-07-16T09:00:00Z");
    assert_eq!(verdicts(&daemon).await, ["not_accepted"]);
    // And the other way about, from the command line.
    let said_of = daemon.submit("empty.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert!(said_of.contains("held for a person"), "{said_of}");
    let told = daemon.board.done(&["release", "2", "--reason", "there were none"]);
    assert!(told.contains("accepted"), "{told}");
    assert_eq!(verdicts(&daemon).await, ["not_accepted", "accepted"]);
}

#[tokio::test]
async fn a_settled_period_that_is_restated_is_fetched_after_the_next_has_opened() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let path = "/cafcass/care-applications/2025-26-Q1.csv";
    partner.file(path, csv.clone());
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T12:00:00Z").await;
    daemon.advance("2025-10-02T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    partner.file(path, restated(&String::from_utf8(csv).unwrap()));
    daemon.advance("2025-10-03T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "accepted"]);
}

#[tokio::test]
async fn the_ledger_of_a_past_day_is_told_as_it_was_known_that_day() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let daemon = board.start(OPEN);
    daemon.board.write("a.csv", csv);
    daemon.advance("2025-07-08T12:00:00Z").await;
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-07-20T12:00:00Z").await;
    let on = async |day: &str, sql: &str| {
        let order = quarterday::daemon::Command::Sql {
            text: sql.into(),
            as_of: Some(day.parse().unwrap()),
            format: quarterday::flows::written::Written::Csv,
        };
        let said = daemon.order(order).await.unwrap_or_else(|why| panic!("{sql}: {why}"));
        said.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let state = "SELECT state FROM ledger.obligations";
    assert_eq!(on("2025-06-30", state).await, Vec::<String>::new(), "it had not opened");
    assert_eq!(on("2025-07-07", state).await, ["due_soon"]);
    assert_eq!(on("2025-07-08", state).await, ["accepted"]);
    let submissions = "SELECT count(*), count(verdict) FROM ledger.submissions";
    assert_eq!(on("2025-07-07", submissions).await, ["0,0"]);
    assert_eq!(on("2025-07-08", submissions).await, ["1,1"]);
    let answers = "SELECT count(*) FROM ledger.messages WHERE kind = 'answer-accepted'";
    assert_eq!(on("2025-07-07", answers).await, ["0"]);
    assert_ne!(on("2025-07-08", answers).await, ["0"]);
}

#[tokio::test]
async fn a_held_restatement_is_told_in_status_while_what_stands_stays() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let (_, csv) = sample(&board, "care-applications", "accepted");
    let heading = String::from_utf8(csv.clone()).unwrap().lines().next().unwrap().to_owned();
    let daemon = board.start(OPEN);
    daemon.board.write("a.csv", csv);
    daemon.board.write("empty.csv", format!("{heading}\r\n"));
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.submit("empty.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["accepted"]);
    assert!(daemon.board.done(&["status"]).contains("quarterday release 2"));
    let release = quarterday::daemon::Command::Release {
        submission: 2,
        accept: true,
        reason: "there were none".into(),
        actor: "manager".into(),
    };
    daemon.order(release).await.unwrap();
    assert_eq!(daemon.sql("SELECT count(*) FROM returns.care_applications").await, ["0"]);
    assert!(!daemon.board.done(&["status"]).contains("Held:"));
}

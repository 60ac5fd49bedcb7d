//! Workbooks that hold several periods.

use quarterday::daemon::Command;

use crate::support::{TestBoard, TestDaemon, said};

const OPEN: &str = "2025-10-06T09:00:00Z";

/// The court's figures of four quarters a file, a row a quarter.
fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    let path = "pipelines/care-applications/return.toml";
    board.edit(path, "every = \"quarter\"", "every = \"quarter\"\ncovers = \"rolling(4 quarters)\"");
    board.edit(path, "\n[[table.column]]\nname = \"month\"\ntype = \"period\"\nrequired = true\n", "");
    board.edit(path, "unique = [\"month\"]\n", "most_rows = 1\n");
    board
}

fn csv(rows: &[(&str, &str)]) -> String {
    let rows: String = rows.iter().map(|(period, figures)| format!("{period},{figures}\n")).collect();
    format!("quarter,applications,children_in_applications\n{rows}")
}

async fn submit(daemon: &TestDaemon, rows: &[(&str, &str)], period: &str) -> String {
    daemon.board.write("rolling.csv", csv(rows));
    daemon.submit("rolling.csv", "care-applications", "cafcass", period).await.unwrap()
}

async fn stored(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT period, applications, children FROM returns.care_applications ORDER BY 1").await
}

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT submission, period, verdict FROM ledger.submissions ORDER BY 1").await
}

async fn release(daemon: &TestDaemon, submission: i64, accept: bool) -> Result<String, String> {
    let reason = "CAFCASS has confirmed it".into();
    daemon.order(Command::Release { submission, accept, reason, actor: "manager".into() }).await
}

/// The first two quarters, taken each on its own.
async fn two_quarters(daemon: &TestDaemon) {
    submit(daemon, &[("2024-25-Q4", "5,8"), ("2025-26-Q1", ","), ("2025-26-Q2", ",")], "2024-25-Q4").await;
    submit(daemon, &[("2024-25-Q4", "5,8"), ("2025-26-Q1", "4,9")], "2025-26-Q1").await;
}

#[tokio::test]
async fn earlier_periods_that_read_as_before_are_passed_over_and_later_ones_may_be_blank() {
    let daemon = board().start(OPEN);
    two_quarters(&daemon).await;
    assert_eq!(verdicts(&daemon).await, ["1,2024-25-Q4,accepted", "2,2025-26-Q1,accepted"]);
    assert_eq!(stored(&daemon).await, ["2024-25-Q4,5,8", "2025-26-Q1,4,9"]);
    // A file without an earlier period says so in a note, and what stands stays.
    let said = submit(&daemon, &[("2025-26-Q1", "4,9"), ("2025-26-Q2", "6,10")], "2025-26-Q2").await;
    assert!(said.contains(": accepted;") && said.contains("January to March 2025 (Q4) is not in this file"), "{said}");
    assert_eq!(stored(&daemon).await, ["2024-25-Q4,5,8", "2025-26-Q1,4,9", "2025-26-Q2,6,10"]);
    assert!(daemon.board.done(&["rebuild"]).contains("0 tables differ"));
}

#[tokio::test]
async fn changed_earlier_periods_are_one_restatement_that_waits_while_the_current_one_is_taken() {
    let daemon = board().start(OPEN);
    two_quarters(&daemon).await;
    let rows = [("2024-25-Q4", "5,9"), ("2025-26-Q1", "7,9"), ("2025-26-Q2", "6,10")];
    let said = submit(&daemon, &rows, "2025-26-Q2").await;
    assert!(said.contains("accepted, with questions"), "{said}");
    assert!(
        said.contains("January to March 2025 (Q4) reads otherwise") && said.contains("(children_in_applications)"),
        "{said}"
    );
    assert!(said.contains("April to June 2025 (Q1) reads otherwise than what we took before (applications)"), "{said}");
    assert_eq!(
        stored(&daemon).await,
        ["2024-25-Q4,5,8", "2025-26-Q1,4,9", "2025-26-Q2,6,10"],
        "held figures are not seen"
    );
    assert_eq!(
        verdicts(&daemon).await[2..],
        ["3,2025-26-Q2,accepted_with_queries", "4,2024-25-Q4,held", "5,2025-26-Q1,held"]
    );
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("quarterday release 4") && status.contains("releases all"), "{status}");
    let alarms = daemon.messages().await.into_iter().filter(|m| m.starts_with("alarm manager@")).count();
    assert_eq!(alarms, 1, "one restatement, one letter");

    release(&daemon, 5, true).await.unwrap();
    assert_eq!(stored(&daemon).await, ["2024-25-Q4,5,9", "2025-26-Q1,7,9", "2025-26-Q2,6,10"]);
    assert_eq!(
        daemon.sql("SELECT DISTINCT restated FROM ledger.obligations WHERE period < '2025-26-Q2'").await,
        ["true"]
    );
    assert!(daemon.ledger().read(|txn| txn.verify()).await.unwrap().is_empty());
    assert!(daemon.board.done(&["rebuild"]).contains("0 tables differ"));
}

#[tokio::test]
async fn a_restatement_can_be_refused_and_a_newer_file_takes_its_place() {
    let daemon = board().start(OPEN);
    two_quarters(&daemon).await;
    submit(&daemon, &[("2024-25-Q4", "5,9"), ("2025-26-Q1", "4,9"), ("2025-26-Q2", "6,10")], "2025-26-Q2").await;
    // The next file says something else of that quarter: what waited is refused for it.
    submit(&daemon, &[("2024-25-Q4", "6,9"), ("2025-26-Q1", "4,9"), ("2025-26-Q2", "6,11")], "2025-26-Q2").await;
    let all = verdicts(&daemon).await;
    assert_eq!(all[3..], ["4,2024-25-Q4,not_accepted", "5,2025-26-Q2,accepted_with_queries", "6,2024-25-Q4,held"]);
    release(&daemon, 6, false).await.unwrap();
    assert_eq!(stored(&daemon).await, ["2024-25-Q4,5,8", "2025-26-Q1,4,9", "2025-26-Q2,6,11"]);
    let output = daemon.board.run(&["release", "4", "--reason", "r"]);
    assert!(said(&output).contains("is not held"), "{}", said(&output));
}

#[tokio::test]
async fn figures_for_a_later_period_are_asked_about_and_counted_as_refused() {
    let daemon = board().start(OPEN);
    let said =
        submit(&daemon, &[("2024-25-Q4", "5,8"), ("2025-26-Q1", "4,9"), ("2025-26-Q2", "x,z")], "2024-25-Q4").await;
    assert!(said.contains("accepted, with questions"), "{said}");
    assert!(
        said.contains(
            "row 3: this row has figures for April to June 2025 (Q1), which come after January to March 2025 (Q4)"
        ),
        "{said}"
    );
    assert!(!said.contains("July to September"), "what is not available is no figure: {said}");
    assert_eq!(stored(&daemon).await, ["2024-25-Q4,5,8"]);
    let rows = daemon.sql("SELECT rows_in, rows_accepted, rows_refused FROM ledger.submissions").await;
    assert_eq!(rows, ["2,1,1"]);
}

#[tokio::test]
async fn kept_files_of_several_periods_are_loaded_for_the_one_their_name_says() {
    let board = board();
    let rows = [("2021-22-Q4", "5,8"), ("2022-23-Q1", "4,9"), ("2022-23-Q2", ",")];
    board.write("old/applications 2022-23-Q1.csv", csv(&rows));
    board.write("old/applications 2022-23-Q2.csv", csv(&[rows[0], rows[1], ("2022-23-Q2", "6,7")]));
    board.write("old/applications.csv", csv(&rows[..2]));
    let daemon = board.start(OPEN);
    let output = daemon.board.run(&["backfill", "care-applications", daemon.board.path("old").to_str().unwrap()]);
    let told = said(&output);
    assert!(told.contains("it holds several periods (2021-22-Q4, 2022-23-Q1); put the one it was sent for"), "{told}");
    assert!(told.contains("2 of 3 files are loaded"), "{told}");
    assert_eq!(stored(&daemon).await, ["2022-23-Q1,4,9", "2022-23-Q2,6,7"]);
    // The period before them was never received: it waits for a word, and then it is here too.
    let held: Vec<String> = verdicts(&daemon).await.into_iter().filter(|one| one.ends_with(",held")).collect();
    assert_eq!(held.len(), 1, "{held:?}");
    release(&daemon, held[0].split(',').next().unwrap().parse().unwrap(), true).await.unwrap();
    assert_eq!(stored(&daemon).await[0], "2021-22-Q4,5,8");
}

/// Two rows a quarter and no key.
#[tokio::test]
async fn rows_without_a_key_are_compared_by_what_they_are_about_and_not_by_their_order() {
    let board = board();
    let path = "pipelines/care-applications/return.toml";
    board.edit(path, "most_rows = 1\n", "");
    board.edit(
        path,
        "[[table.column]]\nname = \"applications\"",
        "[[table.column]]\nname = \"court\"\ntype = \"text\"\n\n[[table.column]]\nname = \"applications\"",
    );
    let daemon = board.start(OPEN);
    let submit = async |rows: &[&str], period: &str| {
        daemon.board.write(
            "rolling.csv",
            format!("quarter,court,applications,children_in_applications\n{}\n", rows.join("\n")),
        );
        daemon.submit("rolling.csv", "care-applications", "cafcass", period).await.unwrap()
    };
    submit(&["2025-26-Q1,North,4,9", "2025-26-Q1,South,2,3", "2025-26-Q1,South,1,1"], "2025-26-Q1").await;
    let q2 = ["2025-26-Q2,North,5,5", "2025-26-Q2,South,1,2"];
    let turned = ["2025-26-Q1,South,1,1", "2025-26-Q1,South,2,3", "2025-26-Q1,North,4,9"];
    let said = submit(&[turned.as_slice(), &q2].concat(), "2025-26-Q2").await;
    assert!(said.contains(": accepted;"), "the order of rows says nothing: {said}");
    let moved = ["2025-26-Q1,South,1,1", "2025-26-Q1,South,2,4", "2025-26-Q1,North,4,9"];
    let said = submit(&[moved.as_slice(), &["2025-26-Q2,North,5,6", q2[1]]].concat(), "2025-26-Q2").await;
    assert!(said.contains("reads otherwise than what we took before (children_in_applications)"), "{said}");
    let gone = ["2025-26-Q1,South,2,3", "2025-26-Q1,North,4,9"];
    let said = submit(&[gone.as_slice(), &["2025-26-Q2,North,5,7", q2[1]]].concat(), "2025-26-Q2").await;
    assert!(said.contains("(its rows)"), "{said}");
}

/// A workbook with a column for each quarter, which is filled on from one to the next.
fn wide_book(quarters: &[(&str, [Option<u32>; 2])]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name("Return").unwrap();
    sheet.write_string(0, 0, "Applications by court and quarter").unwrap();
    sheet.write_string(2, 1, "Court").unwrap();
    for (row, court) in [(3, "North"), (4, "South")] {
        sheet.write_string(row, 1, court).unwrap();
    }
    for (column, (quarter, figures)) in (2..).zip(quarters) {
        sheet.write_string(2, column, *quarter).unwrap();
        for (row, figure) in (3..).zip(figures) {
            figure.map(|figure| sheet.write_number(row, column, figure).unwrap());
        }
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test]
async fn a_workbook_with_a_column_for_each_quarter_is_carried_on() {
    let board = board();
    let path = "pipelines/care-applications/return.toml";
    let contract = board.read(path);
    let head = contract[..contract.find("[format]").unwrap()].to_owned();
    let wide = r#"[format]
kind = "workbook"

[[table]]
name = "care_applications"
sheet = "Return"
unique = ["court"]

[[table.column]]
name = "court"
headings = ["Court"]
type = "text"
required = true

[[table.column]]
name = "quarter"
type = "period"
required = true

[[table.column]]
name = "applications"
type = "count"
required = true

[table.unpivot]
into = "quarter"
value = "applications"
"#;
    board.write(path, head + wide);
    let daemon = board.start(OPEN);
    let submit = async |quarters: &[(&str, [Option<u32>; 2])], period: &str| {
        daemon.board.write("wide.xlsx", wide_book(quarters));
        daemon.submit("wide.xlsx", "care-applications", "cafcass", period).await.unwrap()
    };
    let stored = async || {
        daemon.sql("SELECT period, quarter, court, applications FROM returns.care_applications ORDER BY 1, 3").await
    };
    let q4 = ("2024-25 Q4", [Some(5), Some(2)]);
    let said = submit(&[q4, ("2025-26 Q1", [None, None]), ("2025-26 Q2", [None, None])], "2024-25-Q4").await;
    assert!(said.contains(": accepted;") && said.contains("2 rows read"), "{said}");
    let said = submit(&[q4, ("2025-26 Q1", [Some(4), Some(1)]), ("2025-26 Q2", [None, None])], "2025-26-Q1").await;
    assert!(said.contains(": accepted;") && said.contains("2 rows read"), "{said}");
    let taken = [
        "2024-25-Q4,2024-25-Q4,North,5",
        "2024-25-Q4,2024-25-Q4,South,2",
        "2025-26-Q1,2025-26-Q1,North,4",
        "2025-26-Q1,2025-26-Q1,South,1",
    ];
    assert_eq!(stored().await, taken);
    let changed =
        [("2024-25 Q4", [Some(6), Some(2)]), ("2025-26 Q1", [Some(4), Some(1)]), ("2025-26 Q2", [Some(7), Some(3)])];
    let said = submit(&changed, "2025-26-Q2").await;
    assert!(
        said.contains("January to March 2025 (Q4) reads otherwise than what we took before (applications)"),
        "{said}"
    );
    assert!(!said.contains("April to June"), "{said}");
    assert_eq!(stored().await[..4], taken, "held figures are not seen");
    let held = verdicts(&daemon).await.into_iter().find(|one| one.ends_with("held")).unwrap();
    release(&daemon, held.split(',').next().unwrap().parse().unwrap(), true).await.unwrap();
    assert_eq!(stored().await[0], "2024-25-Q4,2024-25-Q4,North,6");
    // A figure of a quarter that nobody asked for yet is not taken, and its cell is named.
    let ahead =
        [("2025-26 Q1", [Some(4), Some(1)]), ("2025-26 Q2", [Some(7), Some(4)]), ("2025-26 Q3", [Some(1), None])];
    let said = submit(&ahead, "2025-26-Q2").await;
    assert!(said.contains("cell E4: this row has figures for October to December 2025 (Q3)"), "{said}");
    assert!(daemon.board.done(&["rebuild"]).contains("0 tables differ"));
}

#[tokio::test]
async fn a_row_outside_the_window_or_an_unreadable_period_is_an_error() {
    let daemon = board().start(OPEN);
    let said = submit(&daemon, &[("2023-24-Q4", "5,8"), ("2025-26-Q2", "6,10")], "2025-26-Q2").await;
    assert!(
        said.contains("not accepted") && said.contains("this file holds October to December 2024 (Q3) to"),
        "{said}"
    );
    let said = submit(&daemon, &[("soon", "5,8"), ("2025-26-Q2", "6,10")], "2025-26-Q2").await;
    assert!(said.contains("not accepted") && said.contains("the period cannot be read"), "{said}");
    // Rows of an earlier period that break a rule take nothing away from the current one.
    let said = submit(&daemon, &[("2025-26-Q1", "9,2"), ("2025-26-Q2", "6,10")], "2025-26-Q2").await;
    assert!(said.contains("accepted, with questions") && said.contains("do not keep the rules"), "{said}");
    assert!(said.contains("The first: column C, row 2: children are fewer than applications"), "{said}");
    assert_eq!(stored(&daemon).await, ["2025-26-Q2,6,10"]);
}

#[tokio::test]
async fn a_kill_after_the_note_of_the_staged_files_holds_the_restatement_once() {
    for place in ["store-after-staging", "store-after-storing", "store-after-commit", "store-after-stored"] {
        let daemon = board().start(OPEN);
        two_quarters(&daemon).await;
        let (_, mut board) = daemon.terminate();
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(OPEN);
        daemon.board.write("rolling.csv", csv(&[("2024-25-Q4", "5,9"), ("2025-26-Q2", "6,10")]));
        let _ = daemon.submit("rolling.csv", "care-applications", "cafcass", "2025-26-Q2").await;
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);
        let daemon = board.start(OPEN);
        daemon.ring().await;
        assert_eq!(
            verdicts(&daemon).await[2..],
            ["3,2025-26-Q2,accepted_with_queries", "4,2024-25-Q4,held"],
            "{place}"
        );
        let alarms = daemon.messages().await.into_iter().filter(|m| m.starts_with("alarm manager@")).count();
        assert_eq!(alarms, 1, "{place}");
    }
}

#[tokio::test]
async fn what_a_file_covers_agrees_with_what_is_owed() {
    let board = board();
    let path = "pipelines/care-applications/return.toml";
    board.edit(path, "rolling(4 quarters)", "rolling(12 months)");
    assert!(said(&board.run(&["validate"])).contains("as many of the periods that the return is owed for"));
    board.edit(path, "rolling(12 months)", "rolling(4 quarters)");
    board.edit(path, "period_column = \"quarter\"\n", "");
    assert!(said(&board.run(&["validate"])).contains("a period_column in each [[table]]"));
}

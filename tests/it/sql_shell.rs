//! `quarterday sql` as analysts use it: at a terminal, with files, and into files.

use std::fs;

use crate::support::{TestBoard, TestDaemon, said};

async fn started() -> TestDaemon {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.write("reports/models/months.sql", "SELECT period, month FROM returns.care_applications");
    let sample = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
    board.write("a.csv", sample);
    let home = board.path("home").display().to_string();
    let daemon = board.with("HOME", &home).start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    daemon
}

#[tokio::test]
async fn at_a_terminal_there_are_tables_completion_several_lines_times_and_a_history() {
    let daemon = started().await;
    let shown = daemon.board.talk_at_a_terminal(
        &["sql"],
        "> ",
        "\\d\n\\d care_applications\n\\timing\nSELECT sum(applications) AS sent\nFROM returns.care_app\t\nWHERE true;\n\
         SELECT nothing FROM models.months;\n\\format csv\nSELECT month FROM models.months ORDER BY month LIMIT 1; SELECT 7 AS seven;\n\
         \\d care_aplications\n\\as-of never\n\\nonsense\n\\q",
    );
    for expected in [
        "\\d lists the tables",
        "models.months",
        "reports/models",
        "returns.care_applications: Care applications",
        "...> FROM returns.care_applications",
        "Decimal128",
        "| 15   |",
        " ms",
        "there is no column nothing",
        "2025-M04",
        "seven",
        "did you mean care_applications?",
        "\"never\" is no day; write 2025-07-14",
        "\\nonsense is none of the shell's commands",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let history = fs::read_to_string(daemon.board.path("home/.local/state/quarterday/sql-history")).unwrap();
    assert!(history.contains("SELECT nothing FROM models.months;"), "{history}");
}

#[tokio::test]
async fn files_of_questions_are_answered_in_turn_and_an_answer_goes_into_a_file_of_any_kind() {
    let daemon = started().await;
    let board = &daemon.board;
    board.write(
        "two.sql",
        "-- The first; with a semicolon.\nSELECT 'a;b' AS text;\n\n-- The second.\nSELECT count(*) AS months FROM returns.care_applications",
    );
    let file = board.path("two.sql").display().to_string();
    let printed = board.done(&["sql", "--format", "csv", "-f", &file]);
    assert_eq!(printed.replace('\r', ""), "text\na;b\nmonths\n3\n");
    let out = |name: &str| board.path(name).display().to_string();
    let question = "SELECT month, applications FROM returns.care_applications ORDER BY month";
    for format in ["csv", "json", "parquet"] {
        let path = out(&format!("answer.{format}"));
        let told = board.done(&["sql", "-c", question, "--format", format, "-o", &path]);
        assert!(told.contains("bytes in"), "{told}");
    }
    assert!(fs::read_to_string(out("answer.json")).unwrap().contains("\"month\":\"2025-M04\""));
    let bytes = bytes::Bytes::from(fs::read(out("answer.parquet")).unwrap());
    let rows = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    assert_eq!(rows.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 3);
    // Nothing is overwritten, and what cannot be meant is said.
    let again = said(&board.run(&["sql", "-c", question, "--format", "csv", "-o", &out("answer.csv")]));
    assert!(again.contains("answer.csv"), "{again}");
    let nowhere = said(&board.run(&["sql", "-c", question, "--format", "parquet"]));
    assert!(nowhere.contains("Parquet is for a file: name one with -o"), "{nowhere}");
    let several = said(&board.run(&["sql", "-f", &file, "-o", &out("x")]));
    assert!(several.contains("-o takes the answer of one question, and there are 2"), "{several}");
    board.write("none.sql", "-- nothing;\n ; ;");
    let none = said(&board.run(&["sql", "-f", &out("none.sql")]));
    assert!(none.contains("there is no question"), "{none}");
}

#[tokio::test]
async fn the_warehouse_is_shown_as_it_was() {
    let daemon = started().await;
    daemon.advance("2025-07-04T09:00:00Z").await;
    let sample = daemon.board.read("a.csv");
    daemon.board.write("b.csv", sample.replace("2025-M04,5,8", "2025-M04,6,8"));
    daemon.submit("b.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let question = "SELECT sum(applications) AS sent FROM returns.care_applications";
    let asked = |more: &[&str]| {
        let printed = daemon.board.done(&[&["sql", "--format", "csv", "-c", question], more].concat());
        printed.replace('\r', "")
    };
    assert_eq!(asked(&[]), "sent\n16\n");
    assert_eq!(asked(&["--as-of", "2025-07-03"]), "sent\n15\n");
}

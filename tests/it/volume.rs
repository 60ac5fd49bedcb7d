//! Files that are long: every row is numbered, every repeat is found, and memory stays what it is.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use arrow::array::{AsArray, RecordBatch};
use quarterday::{
    check::{Checked, Claim, Contract, Finding, Past, Sink, SinkError, check},
    content::Content,
    decode::decode,
    settings::{Problems, read_text},
};

use crate::support::{Answer, Partner, TestBoard, launcher, returns::definition, watch::most_memory};

const TABLE: &str = r#"
[format]
kind = "csv"
[[table]]
name = "episodes"
unique = ["episode"]
[[table.column]]
name = "episode"
headings = ["Episode"]
type = "text"
required = true
[[table.column]]
name = "referred_on"
headings = ["Referred on"]
type = "date"
[[table.column]]
name = "contacts"
headings = ["Contacts"]
type = "count"
max = 500
[[table.column]]
name = "note"
headings = ["Note"]
type = "text"
"#;

fn contract() -> Contract {
    let mut problems = Problems::default();
    let text = definition("Episodes", "quarter", "child-level", TABLE);
    let document = read_text("return.toml", &text, &mut problems).unwrap();
    let contract = Contract::settle("episodes".parse().unwrap(), &document);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    contract.unwrap()
}

/// Counts rows, and sees that they come in their order.
#[derive(Default)]
struct Counted {
    rows: usize,
    last: i32,
}

impl Sink for Counted {
    async fn write(&mut self, _: &str, batch: RecordBatch) -> Result<(), SinkError> {
        for row in batch.column_by_name("row").unwrap().as_primitive::<arrow::datatypes::Int32Type>().values() {
            assert!(*row > self.last);
            self.last = *row;
            self.rows += 1;
        }
        Ok(())
    }
}

async fn checked(text: String) -> (Checked, Counted) {
    let home = tempfile::tempdir().unwrap();
    let content = Content::copied(text.as_bytes(), home.path()).unwrap();
    drop(text);
    let contract = contract();
    let decoded = decode(&contract.format, content, &launcher()).await.unwrap();
    let claim = Claim { obligation: "episodes/police/2025-26-Q1".parse().unwrap(), submission: 1 };
    let mut counted = Counted::default();
    let checked = check(&contract, claim, decoded, &Past::default(), &mut counted).await.unwrap();
    (checked, counted)
}

fn told(findings: &[Finding]) -> Vec<String> {
    let letter = |finding: &Finding| finding.letter.clone().unwrap_or_default();
    findings.iter().map(|f| format!("{}{} {}", letter(f), f.row.unwrap_or(0), f.rule)).collect()
}

/// Rows of a batch, as the check has them.
const BATCH: u32 = 8192;

#[tokio::test]
async fn of_300_000_rows_each_bad_cell_and_each_repeat_is_named_by_its_row() {
    let rows = 300_000_u32;
    let mut text = String::from("Episode,Referred on,Contacts,Note\r\n");
    let mut expected = Vec::new();
    for row in 2..rows + 2 {
        // Rows 5 and 280,000 come again at the end, row 9 soon.
        let episode = match row {
            100_000 => 9,
            299_999 => 280_000,
            300_001 => 5,
            row => row,
        };
        // The last row of a batch and the first of the next are wrong, for some batches.
        let at_border = row % (7 * BATCH) == 1 || row % (7 * BATCH) == 2;
        let contacts = if at_border && row > 2 { "many".to_owned() } else { (row % 500).to_string() };
        if at_border && row > 2 {
            expected.push((row, 0, format!("C{row} type")));
        }
        if episode != row {
            expected.push((row, 1, format!("A{row} unique")));
        }
        // A line end inside quotes is no row, wherever the file is cut.
        let note = if row % 3 == 0 { "\"two\r\nlines, \"\"quoted\"\"\"" } else { "one" };
        write!(text, "E{episode:07},2025-0{}-{:02},{contacts},{note}\r\n", row % 9 + 1, row % 28 + 1).unwrap();
    }
    let (checked, _) = checked(text).await;
    // Those of one batch in the order of the check: cells, then repeats.
    expected.sort_by_key(|(row, kind, _)| ((row - 2) / BATCH, *kind, *row));
    let expected: Vec<String> = expected.into_iter().map(|(_, _, told)| told).collect();
    assert_eq!(told(checked.findings()), expected);
    assert_eq!(checked.rows().read, i64::from(rows));
    let says = |row: u32| &checked.findings().iter().find(|f| f.row == Some(row)).unwrap().says;
    for (row, first) in [(100_000, 9), (299_999, 280_000), (300_001, 5)] {
        let sentence = format!("this row has the same \"Episode\" as row {first}. Please correct or delete one.");
        assert_eq!(*says(row), sentence);
    }
}

#[tokio::test]
async fn rows_come_in_their_order_and_all_of_them() {
    let mut text = String::from("Episode,Referred on,Contacts,Note\n");
    for row in 0..100_000 {
        let blank = if row % 1000 == 0 { "\n,,,\n" } else { "" };
        writeln!(text, "{blank}E{row},30/06/2025,1,").unwrap();
    }
    let (checked, counted) = checked(text).await;
    assert_eq!(told(checked.findings()), [""; 0]);
    assert_eq!((counted.rows, counted.last), (100_000, 100_001 + 200));
}

#[tokio::test]
async fn the_first_row_that_cannot_be_read_is_the_one_that_is_told() {
    let mut text = String::from("Episode,Referred on,Contacts,Note\n");
    for row in 0..60_000 {
        let line = if row > 30_000 && row % 10_000 == 5 { "short" } else { "E,30/06/2025,1,x" };
        writeln!(text, "{line}").unwrap();
    }
    let contract = contract();
    let decoded = decode(&contract.format, text.into_bytes(), &launcher()).await.unwrap();
    let claim = Claim { obligation: "episodes/police/2025-26-Q1".parse().unwrap(), submission: 1 };
    let read = check(&contract, claim, decoded, &Past::default(), &mut Counted::default()).await;
    let error = read.unwrap_err().to_string();
    assert!(error.starts_with("row 30007 has 1 cells where the headings have 4"), "{error}");
}

#[tokio::test]
async fn more_repeats_than_can_be_listed_are_counted() {
    let mut text = String::from("Episode,Referred on,Contacts,Note\n");
    for row in 0..400_000_u32 {
        // Every key of the first half comes again in the second.
        writeln!(text, "E{},,,", row % 200_000).unwrap();
    }
    let (checked, _) = checked(text).await;
    assert_eq!(checked.findings().len(), 1000);
    let last = &checked.findings()[999];
    assert_eq!(last.row, Some(201_001));
    assert!(
        last.says.ends_with("as row 1001. Please correct or delete one. There are 199,000 more like it."),
        "{}",
        last.says
    );
}

/// A file of so many bytes, with rows like those of a case system with long notes.
fn long_file(path: &Path, bytes: usize) -> usize {
    // Words that do not compress to nothing, and say nothing of anybody.
    let word = |at: u32| at.wrapping_mul(2_654_435_761) >> 12;
    let letters = |word: u32| [word & 15, word >> 4 & 15, word >> 8 & 15].map(|n| char::from(b'a' + n as u8));
    let words: String = (0..500_000).flat_map(|at| letters(word(at)).into_iter().chain([' '])).collect();
    let mut out = BufWriter::new(File::create(path).unwrap());
    writeln!(out, "Episode,Referred on,Contacts,Note").unwrap();
    let (mut written, mut rows) = (0, 0);
    while written < bytes {
        let from = rows * 7919 % (words.len() - 800);
        let line = format!("E{rows:08},2025-06-30,{},\"{}\"\n", rows % 500, &words[from..from + 800]);
        out.write_all(line.as_bytes()).unwrap();
        written += line.len();
        rows += 1;
    }
    out.flush().unwrap();
    rows
}

#[tokio::test]
async fn a_daemon_fetches_and_takes_in_200_mb_within_400() {
    let partner = Partner::start().await;
    let board = TestBoard::with_returns(&["missing-children"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    board.write("pipelines/episodes/return.toml", definition("Episodes", "quarter", "aggregate", TABLE));
    let source = "kind = \"https\", url = \"{base}/{period}.csv\", pull = \"0 * * * *\", timeout_seconds = 600";
    board.edit("pipelines/episodes/return.toml", "kind = \"by-hand\"", source);
    let rows = long_file(&board.path("episodes.csv"), 200_000_000);
    let bytes = std::fs::read(board.path("episodes.csv")).unwrap();
    partner.set("/2025-26-Q1.csv", Answer::File { name: "episodes.csv".into(), bytes });
    let daemon = board.start("2025-07-04T09:00:00Z");
    daemon.advance("2025-07-04T10:00:00Z").await;
    while daemon.sql("SELECT verdict FROM ledger.submissions WHERE verdict IS NOT NULL").await.is_empty() {
        daemon.ring().await;
    }
    assert_eq!(daemon.sql("SELECT verdict, rows_accepted FROM ledger.submissions").await, [format!("accepted,{rows}")]);
    let memory = most_memory(daemon.pid());
    assert!(memory < 400, "{memory} MB");
    assert_eq!(
        daemon.sql("SELECT count(*) AS n, count(DISTINCT episode) AS keys FROM returns.episodes").await,
        [format!("{rows},{rows}")]
    );
    // Nothing of it is left but what is kept.
    assert_eq!(std::fs::read_dir(daemon.board.path("data/incoming")).unwrap().count(), 0);
}

//! Every file of calamine's own test corpus, as a stranger might send it: read, or refused in words, within 256 MB and ten
//! seconds; and the daemon that met the worst of them goes on.

use std::{collections::BTreeMap, path::Path, time::Duration};

use bytes::Bytes;
use quarterday::decode::{DecodeError, Format, Limits, WorkbookOptions, decode_within};
use quarterday::worker::WorkerError;

use crate::support::{TestBoard, launcher, shared};

const LIMITS: Limits = Limits { memory_bytes: 256 << 20, wall: Duration::from_secs(10), decoded_bytes: 256 << 20 };

/// What each file comes to: its tables as `sheet rows×columns`, or the opening words of the refusal.
const EXPECTED: &str = include_str!("corpora_workbooks.txt");

/// What one file comes to.
async fn outcome(file: &Path) -> String {
    let bytes = Bytes::from(std::fs::read(file).unwrap());
    let format = Format::Workbook(WorkbookOptions::default());
    let decoded = match decode_within(&format, bytes, &launcher(), LIMITS).await {
        Ok(decoded) => decoded,
        Err(error) => return format!("refused: {}", kind(&error)),
    };
    let mut tables = Vec::new();
    for sheet in decoded.sheets {
        let (name, columns) = (sheet.name.clone().unwrap_or_default(), sheet.columns.len());
        let rows: usize = sheet.rows.map(|batch| batch.unwrap().num_rows()).sum();
        tables.push(format!("{name} {rows}×{columns}"));
    }
    if tables.is_empty() { "read: no table".to_owned() } else { format!("read: {}", tables.join(", ")) }
}

/// The refusal without the reader's own words, which change with its version.
fn kind(error: &DecodeError) -> String {
    match error {
        DecodeError::Worker(WorkerError::Failed { message, .. }) if message.contains("have the same heading") => {
            "two columns have one heading".to_owned()
        }
        DecodeError::Worker(WorkerError::Failed { message, .. }) => {
            message.split(['(', ';']).next().unwrap_or_default().trim().to_owned()
        }
        DecodeError::Worker(WorkerError::OutOfMemory { .. }) => "out of memory".to_owned(),
        DecodeError::OtherFormat { .. } => error.to_string(),
        other => format!("UNEXPECTED {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_of_the_corpus_comes_to_what_is_expected() {
    let Some(folder) = shared("corpora/xlsx-calamine/tests") else { return };
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let mut found = BTreeMap::new();
    for file in &files {
        found.insert(file.file_name().unwrap().to_str().unwrap().to_owned(), outcome(file).await);
    }
    let written: String = found.iter().map(|(name, outcome)| format!("{name}: {outcome}\n")).collect();
    assert!(!written.contains("UNEXPECTED"), "{written}");
    if written != EXPECTED {
        let expected: BTreeMap<&str, &str> = EXPECTED.lines().filter_map(|line| line.split_once(": ")).collect();
        let differ: String = found
            .iter()
            .filter(|(name, outcome)| expected.get(name.as_str()) != Some(&outcome.as_str()))
            .map(|(name, outcome)| format!("{name}: {outcome}\n"))
            .collect();
        panic!("{} files, of which these differ:\n{differ}", found.len());
    }
}

#[tokio::test]
async fn the_daemon_answers_every_such_file_and_goes_on() {
    let Some(folder) = shared("corpora/xlsx-calamine/tests") else { return };
    let board = TestBoard::with_returns(&["missing-children"]);
    // The worst of them: reserved memory without end, cells that repeat without end, panics, protection, no workbook.
    let worst = [
        "OOM_alloc.xls",
        "OOM_alloc2.xls",
        "OOM_alloc3.xls",
        "issue_594_dos.ods",
        "issue_666_panic.xlsb",
        "ptgexp-truncated-operand.xls",
        "too_small.xls",
        "pass_protected.xlsx",
        "picture.jpg",
        "non_monotonic_si.xlsx",
    ];
    for name in worst {
        board.write(name, std::fs::read(folder.join(name)).unwrap());
    }
    let samples = board.path("pipelines/missing-children/samples");
    board.write("good.xlsx", std::fs::read(samples.join("accepted-2025-26-Q1.xlsx")).unwrap());
    let daemon = board.start("2025-07-01T08:00:00Z");
    for name in worst {
        let said = daemon.submit(name, "missing-children", "police", "2025-26-Q1").await.unwrap();
        assert!(said.contains("not accepted"), "{name}: {said}");
    }
    let said = daemon.submit("good.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("accepted") && !said.contains("not accepted"), "{said}");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

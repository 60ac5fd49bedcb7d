//! Workers as the daemon uses them: the real binary as a child, real files, and every way to die.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::UInt32Type;
use bytes::Bytes;
use quarterday::check::guard;
use quarterday::decode::{DecodeError, Decoded, Format, Wanted, WorkbookOptions, decode, decode_within};
use quarterday::worker::{Frame, Input, Job, Kind, Launcher, Limits, WorkerError};
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Formula, Workbook};
use serde_json::{Value, json};

use crate::support::{
    books::{Book, Held},
    made_up,
};

const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora");

fn launcher() -> Launcher {
    Launcher::of(Path::new(env!("CARGO_BIN_EXE_quarterday"))).unwrap()
}

fn limits(mib: u64, seconds: u64) -> Limits {
    Limits { memory_bytes: mib << 20, wall: Duration::from_secs(seconds), decoded_bytes: mib << 20 }
}

async fn probe(request: Value, limits: Limits, readable: &[PathBuf]) -> Result<Value, WorkerError> {
    let job = Job { kind: Kind::Probe, request: &request, input: Input::Nothing, limits, readable };
    let mut frames = launcher().run(job).await?;
    match frames.pop() {
        Some(Frame::Json(value)) => Ok(value),
        other => panic!("no answer: {other:?}"),
    }
}

async fn attempt(request: Value) -> Value {
    probe(request, limits(64, 20), &[]).await.unwrap()
}

#[tokio::test]
async fn the_input_arrives_byte_for_byte() {
    let input: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let job = Job {
        kind: Kind::Probe,
        request: &json!({ "try": "echo" }),
        input: Input::Bytes(&input),
        limits: limits(64, 20),
        readable: &[],
    };
    let frames = launcher().run(job).await.unwrap();
    assert_eq!(frames, [Frame::Bytes(input), Frame::Json(json!({ "done": "3000000" }))]);
}

#[tokio::test]
async fn a_worker_can_open_no_file_no_socket_and_no_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "secret").unwrap();
    let here = [folder.path().to_owned()];
    let read = json!({ "try": "read", "at": &file });
    assert!(attempt(read.clone()).await.get("refused").is_some());
    assert_eq!(probe(read, limits(64, 20), &here).await.unwrap(), json!({ "done": "6" }), "unless it was given it");
    let write = json!({ "try": "write", "at": folder.path().join("new") });
    assert!(probe(write, limits(64, 20), &here).await.unwrap().get("refused").is_some());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    assert!(attempt(json!({ "try": "connect", "at": at })).await["refused"].as_str().unwrap().contains("permitted"));
    assert!(attempt(json!({ "try": "spawn", "at": "/bin/true" })).await.get("refused").is_some());
    assert_eq!(attempt(json!({ "try": "environment" })).await, json!({ "done": "0" }));
    assert_eq!(attempt(json!({ "try": "thread" })).await, json!({ "done": "a thread ran" }));
}

#[tokio::test]
async fn memory_past_the_limit_ends_the_worker_and_says_so() {
    let few = attempt(json!({ "try": "allocate", "bytes": 32 << 20 })).await;
    assert_eq!(few, json!({ "done": (32 << 20).to_string() }));
    let many = probe(json!({ "try": "allocate", "bytes": 80 << 20 }), limits(64, 20), &[]).await;
    assert!(matches!(many, Err(WorkerError::OutOfMemory { .. })), "{many:?}");
}

#[tokio::test]
async fn time_past_the_limit_ends_the_worker() {
    let started = Instant::now();
    let ended = probe(json!({ "try": "sleep" }), limits(64, 1), &[]).await;
    assert!(matches!(ended, Err(WorkerError::Timeout { .. })), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn an_answer_past_the_limit_is_cut_off() {
    let ended = probe(json!({ "try": "fill" }), limits(8, 20), &[]).await;
    assert!(matches!(ended, Err(WorkerError::TooLarge { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_worker_that_dies_is_an_error_with_its_last_words() {
    let died = probe(json!({ "try": "abort" }), limits(64, 20), &[]).await.unwrap_err();
    assert!(matches!(died, WorkerError::Died { .. }) && died.to_string().contains("it aborted"), "{died}");
    let died = probe(json!({ "try": "overflow" }), limits(64, 20), &[]).await.unwrap_err();
    assert!(died.to_string().contains("overflowed its stack"), "{died}");
    let refused = probe(json!({ "try": "refuse" }), limits(64, 20), &[]).await.unwrap_err();
    assert_eq!(refused.to_string(), "as asked");
}

#[tokio::test]
async fn a_panic_tells_its_place_and_never_what_it_said() {
    let died = probe(json!({ "try": "panic", "at": "943 476 5919" }), limits(64, 20), &[]).await.unwrap_err();
    let said = died.to_string();
    assert!(said.contains("it panicked at src/worker/probe.rs:"), "{said}");
    assert!(!said.contains("943") && !said.contains("the cell holds"), "{said}");
    let starved = probe(json!({ "try": "panic", "at": "failed to allocate" }), limits(64, 20), &[]).await;
    assert!(matches!(starved, Err(WorkerError::OutOfMemory { .. })), "{starved:?}");
}

#[tokio::test]
async fn a_program_that_is_no_worker_or_another_build_is_named() {
    let request = json!({});
    let job =
        || Job { kind: Kind::Probe, request: &request, input: Input::Nothing, limits: limits(64, 5), readable: &[] };
    let other = Launcher::of(Path::new("/bin/true")).unwrap().run(job()).await.unwrap_err();
    assert!(matches!(other, WorkerError::Protocol { .. }), "{other}");

    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("quarterday");
    std::fs::copy("/bin/true", &link).unwrap();
    let stale = Launcher::of(&link).unwrap();
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_quarterday"), &link).unwrap();
    let replaced = stale.run(job()).await.unwrap_err();
    assert!(matches!(replaced, WorkerError::Build { .. }), "{replaced}");
}

#[tokio::test]
async fn a_worker_does_not_outlive_a_job_that_is_dropped() {
    let pid = std::process::id();
    let children = || std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let request = json!({ "try": "sleep" });
    let launcher = launcher();
    let job =
        Job { kind: Kind::Probe, request: &request, input: Input::Nothing, limits: limits(64, 60), readable: &[] };
    let _ = tokio::time::timeout(Duration::from_millis(500), launcher.run(job)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sleeping = children().split_whitespace().any(|child| {
        std::fs::read_to_string(format!("/proc/{child}/cmdline")).is_ok_and(|line| line.contains("probe"))
    });
    assert!(!sleeping);
}

/// Name, row of headings, first column, headings, rows with their numbers.
type Table = (Option<String>, u32, u32, Vec<String>, Vec<(u32, Vec<String>)>);

fn tables(decoded: Decoded) -> Vec<Table> {
    let mut tables = Vec::new();
    for sheet in decoded.sheets {
        let mut rows = Vec::new();
        for batch in sheet.rows {
            let batch = batch.unwrap();
            let numbers = batch.column(0).as_primitive::<UInt32Type>();
            for row in 0..batch.num_rows() {
                let cells = batch.columns()[1..].iter().map(|column| {
                    let column = column.as_string::<i32>();
                    if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
                });
                rows.push((numbers.value(row), cells.collect()));
            }
        }
        tables.push((sheet.name, sheet.header_row, sheet.first_column, sheet.columns, rows));
    }
    tables
}

fn workbook(sheets: &[&str]) -> Format {
    let wanted = |name: &&str| Wanted { sheets: vec![(*name).to_owned()], ..Wanted::default() };
    Format::Workbook(WorkbookOptions { tables: sheets.iter().map(wanted).collect() })
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn a_return() -> Bytes {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Return ").unwrap();
    sheet.write_string(0, 1, "Children missing from home").unwrap();
    for (column, heading) in ["Area", "Episodes", "Rate", "Seen", "On", "Done", "Ratio"].into_iter().enumerate() {
        sheet.write_string(2, column as u16 + 1, heading).unwrap();
    }
    let day = CellFormat::new().set_num_format("yyyy-mm-dd");
    sheet.write_string(3, 1, "York").unwrap();
    sheet.write_number(3, 2, 1234.0).unwrap();
    sheet.write_number(3, 3, 274.1).unwrap();
    sheet.write_boolean(3, 4, true).unwrap();
    sheet.write_datetime_with_format(3, 5, ExcelDateTime::from_ymd(2025, 6, 30).unwrap(), &day).unwrap();
    sheet.write_string(5, 1, "Leeds").unwrap();
    sheet.write_string(5, 2, "c").unwrap();
    sheet.write_formula(5, 7, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write_blank(40, 2, &day).unwrap();
    book.add_worksheet().set_name("Notes").unwrap().write_string(0, 0, "hello").unwrap();
    Bytes::from(book.save_to_buffer().unwrap())
}

#[tokio::test]
async fn a_workbook_is_read_with_the_places_of_its_cells() {
    let decoded = decode(&workbook(&[" return"]), a_return(), &launcher()).await.unwrap();
    assert_eq!(decoded.ignored, ["Notes"]);
    assert_eq!(decoded.sheets[0].letter(0).unwrap(), "B");
    let table = tables(decoded).remove(0);
    assert_eq!((table.0.as_deref(), table.1, table.2), (Some("Return "), 3, 1));
    assert_eq!(table.3, ["Area", "Episodes", "Rate", "Seen", "On", "Done", "Ratio"]);
    assert_eq!(table.4[0], (4, strings(&["York", "1234", "274.1", "true", "2025-06-30", "", ""])));
    assert_eq!(table.4[1], (6, strings(&["Leeds", "c", "", "", "", "", "#DIV/0!"])));
    assert_eq!(table.4.len(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_workbook_is_said_in_words() {
    let whole = a_return();
    let cut = decode(&workbook(&[]), whole.slice(..whole.len() / 2), &launcher()).await.err().unwrap().to_string();
    assert!(cut.starts_with("the workbook is cut off or damaged"), "{cut}");
    let headless = decode(&workbook(&["notes"]), whole.clone(), &launcher()).await.unwrap();
    assert!(headless.sheets[0].columns.is_empty(), "the sheet is there, its headings are not");
    let page =
        decode(&workbook(&[]), Bytes::from_static(b"\n<!DOCTYPE html><p>sign in"), &launcher()).await.err().unwrap();
    assert!(page.to_string().starts_with("the server sent a web page, not a workbook"), "{page}");
    let csv = decode(&Format::Csv(Default::default()), whole, &launcher()).await.err().unwrap().to_string();
    assert!(csv.starts_with("the file is a workbook or a zip archive, not a CSV file"), "{csv}");

    let mut protected = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    protected.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    let locked = decode(&workbook(&[]), protected, &launcher()).await.err().unwrap().to_string();
    assert!(locked.starts_with("the workbook is protected with a password"), "{locked}");
}

#[tokio::test]
async fn a_stray_cell_outside_the_headings_costs_one_cell_and_is_named() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["Area", "Episodes"]).unwrap();
    sheet.write_string(1_048_575, 16_383, "boo").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let decoded = decode_within(&workbook(&[]), bytes, &launcher(), limits(32, 20)).await.unwrap();
    let outside = decoded.sheets[0].remarks.outside.clone().unwrap();
    assert_eq!((outside.letter.as_str(), outside.row, outside.count), ("XFD", 1_048_576, 1));
}

#[tokio::test]
async fn the_guard_too_reads_a_stray_cell_of_each_kind_as_one_cell() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["Area", "Episodes"]).unwrap();
    sheet.write_string(1_048_575, 16_383, "943 476 5919").unwrap();
    let xlsx = Bytes::from(book.save_to_buffer().unwrap());
    let cells =
        vec![(0, 0, Held::Text("Area")), (0, 1, Held::Text("Episodes")), (65_535, 16_383, Held::Text("943 476 5919"))];
    let xlsb = Book { cells, ..Book::default() }.xlsb();
    let columns = "[[table]]\nname = \"a\"\n[[table.column]]\nname = \"area\"\ntype = \"text\"\n";
    let contract = made_up("format = { kind = \"workbook\" }", columns).unwrap();
    for (bytes, row) in [(xlsx, 1_048_576), (xlsb, 65_536)] {
        let found = guard::look(&contract, bytes, &launcher()).await.unwrap();
        let found: Vec<_> = found.iter().map(|found| (found.kind, found.column, found.row)).collect();
        assert_eq!(found, [(guard::Identity::NhsNumber, 16_383, row)]);
    }
}

fn a_parquet() -> Bytes {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("area", std::sync::Arc::new(StringArray::from(vec![Some("York"), None, Some("")]))),
        ("n", std::sync::Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("rate", std::sync::Arc::new(Float64Array::from(vec![274.1, 5.0, 0.1]))),
        ("on", std::sync::Arc::new(Date32Array::from(vec![Some(20_269), None, None]))),
        ("seen", std::sync::Arc::new(BooleanArray::from(vec![true, false, true]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

#[tokio::test]
async fn a_parquet_file_becomes_texts() {
    let table = tables(decode(&Format::Parquet, a_parquet(), &launcher()).await.unwrap()).remove(0);
    assert_eq!((table.0, table.1), (None, 0));
    assert_eq!(table.3, ["area", "n", "rate", "on", "seen"]);
    assert_eq!(table.4[0], (1, strings(&["York", "1", "274.1", "2025-06-30", "true"])));
    assert_eq!(table.4[1], (2, strings(&["", "2", "5", "", "false"])));
    assert_eq!(table.4[2], (3, strings(&["", "3", "0.1", "", "true"])));
}

#[tokio::test]
async fn damaged_parquet_is_rows_or_a_clean_error() {
    let whole = a_parquet();
    let cut = decode(&Format::Parquet, whole.slice(..whole.len() - 9), &launcher()).await.err().unwrap().to_string();
    assert!(cut.starts_with("the Parquet file is cut off or damaged"), "{cut}");
    let Ok(files) = std::fs::read_dir(Path::new(CORPORA).join("parquet-bad/bad_data")) else { return };
    for file in files {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "parquet") {
            continue;
        }
        let bytes = Bytes::from(std::fs::read(&file).unwrap());
        match decode_within(&Format::Parquet, bytes, &launcher(), limits(256, 20)).await {
            Ok(decoded) => eprintln!("{}: {} rows", file.display(), tables(decoded)[0].4.len()),
            Err(DecodeError::Worker(error)) => eprintln!("{}: {error}", file.display()),
            Err(other) => panic!("{}: {other}", file.display()),
        }
    }
}

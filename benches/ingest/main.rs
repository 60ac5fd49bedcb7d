//! A large CSV file through decode, contract and Delta commit, timed; see benches/README.md.
//!
//! `ingest generate ROWS FILE` makes the file, `ingest run FILE FOLDER` takes it into a warehouse in FOLDER and prints
//! seconds and the most memory the process had, `ingest stages FILE` how long each stage takes alone. `ingest workbook
//! ROWS PROGRAM` reads a workbook with calamine alone and with PROGRAM's worker.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and stops at the first surprise")]

use std::{
    fs::File,
    io::{BufWriter, Cursor, Read, Write},
    path::Path,
    time::Instant,
};

use arrow::array::RecordBatch;
use calamine::{Reader, Xlsx};
use quarterday::{
    check::{Checked, Claim, Contract, Past, Sink, SinkError, check},
    content::Content,
    decode::{Format, decode},
    settings::{Problems, read_file},
    warehouse::Warehouse,
    worker::Launcher,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["generate", rows, file] => generate(rows.parse().unwrap(), Path::new(file)),
        ["run", file, folder] => runtime().block_on(run(Path::new(file), Path::new(folder))),
        ["workbook", rows, program] => runtime().block_on(workbook(rows.parse().unwrap(), Path::new(program))),
        ["stages", file] => runtime().block_on(stages(Path::new(file))),
        _ => println!("ingest generate | run | stages | workbook; see benches/README.md"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

const TEAMS: [&str; 6] = ["North", "South", "East", "West", "Out of hours", "Front door"];
const CATEGORIES: [&str; 5] = ["neglect", "physical abuse", "emotional abuse", "sexual abuse", "multiple"];
const SOURCES: [&str; 8] = ["police", "school", "health", "family", "self", "anonymous", "other agency", "court"];
const OUTCOMES: [&str; 4] = ["no further action", "early help", "child in need plan", "section 47 enquiry"];

/// Writes the file: the same rows for the same number of them, with identifiers in no order.
fn generate(rows: u64, file: &Path) {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file).unwrap());
    writeln!(
        out,
        "episode,area,team,referred_on,assessed_on,closed_on,age,sex,category,source,contacts,days_open,worker,outcome"
    )
    .unwrap();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut chance = move |most: u64| {
        // xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled").
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % most
    };
    for row in 0..rows {
        // An odd factor makes of each number another one of 34 bits.
        let episode = row.wrapping_mul(0x9E37_79B9) % (1 << 34);
        let (referred, waited, open) = (chance(360), chance(40), chance(200));
        let closed = if chance(4) == 0 { String::new() } else { day(referred + waited + open) };
        writeln!(
            out,
            "EP{episode:011},E{:08},{},{},{},{closed},{},{},{},{},{},{},W{:05},{}",
            6_000_000 + chance(152),
            TEAMS[chance(6) as usize],
            day(referred),
            day(referred + waited),
            chance(18),
            ["F", "M", "U"][chance(3) as usize],
            CATEGORIES[chance(5) as usize],
            SOURCES[chance(8) as usize],
            chance(60),
            waited + open,
            chance(40_000),
            OUTCOMES[chance(4) as usize],
        )
        .unwrap();
    }
    out.flush().unwrap();
}

/// The day so many days after the first of January 2024.
fn day(number: u64) -> String {
    let first = jiff::civil::date(2024, 1, 1);
    first.checked_add(jiff::SignedDuration::from_hours(24 * number as i64)).unwrap().to_string()
}

fn contract() -> Contract {
    let mut problems = Problems::default();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/ingest/return.toml");
    let document = read_file(&path, &mut problems).unwrap();
    let contract = Contract::settle("episodes".parse().unwrap(), &document);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    contract.unwrap()
}

/// The file where it lies.
fn content(file: &Path) -> Content {
    let (path, length) = (file.to_owned(), file.metadata().unwrap().len());
    Content::behind(length, String::new(), move || Ok(Box::new(File::open(&path)?)))
}

fn claim() -> Claim {
    Claim { obligation: "episodes/police/2025-26-Q1".parse().unwrap(), submission: 1 }
}

async fn run(file: &Path, folder: &Path) {
    let contract = contract();
    let began = Instant::now();
    let launcher = Launcher::current().unwrap();
    let warehouse = Warehouse::open(folder).unwrap();
    let claim = claim();
    let tables: Vec<_> = contract.tables.iter().map(|table| (contract.qualified(table), table.schema())).collect();
    let mut staging = warehouse.stage(&claim.obligation, claim.submission, &tables).unwrap();
    let decoded = decode(&contract.format, content(file), &launcher).await.unwrap();
    let checked = check(&contract, claim, decoded, &Past::default(), &mut staging).await.unwrap();
    assert!(checked.verdict().is_accepted(), "{:?}", checked.findings().first());
    let staged = staging.finish().await.unwrap();
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    warehouse.turn().await.commit(&staged, at).await.unwrap();
    said(&checked, began);
}

fn said(checked: &Checked, began: Instant) {
    println!("{} rows, {:.2} s, {} MB at most", checked.rows().read, began.elapsed().as_secs_f64(), most_memory());
}

/// The most memory this process ever had in use, in MB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024 / 1_000_000
}

/// Forgets the rows it is given.
struct Nowhere;

impl Sink for Nowhere {
    async fn write(&mut self, _: &str, _: RecordBatch) -> Result<(), SinkError> {
        Ok(())
    }
}

async fn stages(file: &Path) {
    let (contract, launcher) = (contract(), Launcher::current().unwrap());
    let began = Instant::now();
    let mut chunk = vec![0; 1 << 18];
    let mut plain = File::open(file).unwrap();
    while plain.read(&mut chunk).unwrap() > 0 {}
    println!("read: {:.2} s", began.elapsed().as_secs_f64());

    let began = Instant::now();
    let decoded = decode(&contract.format, content(file), &launcher).await.unwrap();
    println!("encoding settled: {:.2} s", began.elapsed().as_secs_f64());
    let sheet = decoded.sheets.into_iter().next().unwrap();
    let began = Instant::now();
    let rows: usize = sheet.rows.map(|batch| batch.unwrap().num_rows()).sum();
    println!("decoded on one thread: {rows} rows, {:.2} s", began.elapsed().as_secs_f64());

    let decoded = decode(&contract.format, content(file), &launcher).await.unwrap();
    let began = Instant::now();
    let checked = check(&contract, claim(), decoded, &Past::default(), &mut Nowhere).await.unwrap();
    print!("decoded and checked: ");
    said(&checked, began);
}

/// A workbook of so many rows and 14 columns: calamine's own time for it, and ours with the worker and all.
async fn workbook(rows: u32, program: &Path) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for column in 0..14_u16 {
        sheet.write(0, column, format!("Column {column}")).unwrap();
        for row in 1..=rows {
            match column % 4 {
                0 => sheet.write(row, column, format!("EP{row:07}{column}")).unwrap(),
                1 => sheet.write(row, column, OUTCOMES[row as usize % OUTCOMES.len()]).unwrap(),
                _ => sheet.write(row, column, f64::from(row % 1000)).unwrap(),
            };
        }
    }
    let bytes = book.save_to_buffer().unwrap();
    println!("{rows} rows, {} MB", bytes.len() / 1_000_000);
    let launcher = Launcher::of(program).unwrap();
    let (mut theirs, mut ours) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        let began = Instant::now();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.as_slice())).unwrap();
        let range = book.worksheet_range_at(0).unwrap().unwrap();
        let cells = range.used_cells().count();
        theirs = theirs.min(began.elapsed().as_secs_f64());

        let began = Instant::now();
        let decoded = decode(&Format::Workbook(Default::default()), bytes.clone(), &launcher).await.unwrap();
        let read: usize = decoded.sheets.into_iter().flat_map(|sheet| sheet.rows).map(|b| b.unwrap().num_rows()).sum();
        ours = ours.min(began.elapsed().as_secs_f64());
        assert_eq!((cells, read), ((rows as usize + 1) * 14, rows as usize));
    }
    println!(
        "calamine {theirs:.2} s, quarterday {ours:.2} s: {:.2} times (goal at most 2), best of five",
        ours / theirs
    );
}

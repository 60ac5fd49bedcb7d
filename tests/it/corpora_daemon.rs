//! Every file of every corpus offered to a running daemon, kind by kind and several at once: each is answered as the table
//! says, none takes the daemon with it, none needs ten seconds, and no worker 256 MB under the limits as they are shipped.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use futures::future::join_all;
use quarterday::ledger::{FindingRow, Severity, Submission};

use crate::{
    real_data::judged,
    support::{
        TestBoard, TestDaemon,
        returns::{definition, table},
        shared,
        watch::{Watch, own_memory},
    },
};

/// What each file comes to, as `file: answer`.
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/corpora_daemon.txt");

const CORPORA: [&str; 8] =
    ["blns", "csv-spectrum", "json-suite", "parquet-bad", "utf8", "xlsx-calamine", "xml-defused", "zip-zip2"];

const QUARTER: &str = "2025-26-Q1";

/// The returns by kind of file: the columns are those that some file of its kind has.
fn returns() -> Vec<(&'static str, &'static str, String)> {
    let columns = ["first", "last", "address", "city", "zip", "a", "b", "c", "key", "val"];
    let paths = ["/root", "/bomb", "/html", "/schema", "/stylesheet"].map(|path| {
        let name = path.trim_start_matches('/');
        let told = format!("rows = \"{path}\"\noptional = true\nextra_columns = \"ignore\"");
        table(name, &told, "text", &["said"]).replace("headings = [\"said\"]", "path = \".\"")
    });
    let of = |kind: &str, columns: &[&str]| {
        format!("[format]\nkind = \"{kind}\"\n{}", table(&format!("rows_of_{kind}"), "", "text", columns))
    };
    let text = "[format]\nkind = \"csv\"\nencoding = \"utf-8\"\ndelimiter = \"pipe\"\n";
    let zips = "[format]\nkind = \"csv\"\nmember = \"*\"\n";
    vec![
        ("corpus-json", "child-level", of("json", &["a", "b"])),
        ("corpus-csv", "child-level", of("csv", &columns)),
        ("corpus-text", "child-level", format!("{text}{}", table("lines", "", "text", &["heading"]))),
        ("corpus-zip", "child-level", format!("{zips}{}", table("members", "", "text", &["a", "b"]))),
        ("corpus-parquet", "child-level", of("parquet", &["a", "b"])),
        ("corpus-xml", "child-level", format!("[format]\nkind = \"xml\"\n{}", paths.concat())),
        // A return about groups is looked through for identities too, by another worker.
        ("corpus-workbook", "aggregate", of("workbook", &columns)),
    ]
}

/// The return that a file is offered for, as its ending says.
fn return_for(name: &str) -> &'static str {
    if name.contains("xlsx-calamine/tests/") {
        return "corpus-workbook";
    }
    match name.rsplit('.').next().unwrap() {
        "json" => "corpus-json",
        "csv" => "corpus-csv",
        "zip" => "corpus-zip",
        "parquet" => "corpus-parquet",
        "xml" | "xsl" | "xsd" => "corpus-xml",
        _ => "corpus-text",
    }
}

fn files_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// Every file of the corpora by its name, with its bytes. The lines of the corpus of UTF-8 are files of their own too.
fn files(corpora: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    for corpus in CORPORA {
        files_below(&corpora.join(corpus), &mut paths);
    }
    let mut files = Vec::new();
    for path in paths {
        let name = path.strip_prefix(corpora).unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        if name == "utf8/utf8tests.bin" {
            for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
                files.push((format!("{name} line {number}"), [b"heading\n", line, b"\n"].concat()));
            }
        }
        files.push((name, bytes));
    }
    files
}

/// Offers the files of one return one after the other; answers with the time that each took.
async fn offer(daemon: &TestDaemon, return_id: &str, files: &[(String, Vec<u8>)]) -> Vec<(String, String, Duration)> {
    let mut told = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| return_for(name) == return_id) {
        let file = format!("in/{name}");
        daemon.board.write(&file, bytes);
        let begun = Instant::now();
        let said = daemon.submit(&file, return_id, "police", QUARTER).await;
        let taken = begun.elapsed();
        let said = said.unwrap_or_else(|why| panic!("{name}: {why}"));
        let submission = said.split([' ', ':']).nth(1).unwrap().to_owned();
        told.push((submission, name.clone(), taken));
    }
    told
}

/// The answer as the table has it: the verdict and rows; of what was not accepted, the rules that were broken, or why the
/// file cannot be read.
fn answer(submission: &Submission, findings: &[FindingRow]) -> String {
    let verdict = submission.verdict.unwrap().as_str();
    assert_eq!(submission.rows_in, submission.rows_accepted + submission.rows_refused);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let mut why: Vec<String> = errors
        .map(|finding| match finding.rule.as_str() {
            rule @ ("unreadable" | "protected") => format!("{rule}: {}", in_short(&finding.says)),
            rule => rule.to_owned(),
        })
        .collect();
    why.dedup();
    match (submission.rows_accepted, why.is_empty()) {
        (0, false) => format!("{verdict}, {}", why.join(", ")),
        (rows, _) => format!("{verdict}, {rows} rows"),
    }
}

/// Why a file cannot be read, without what to do, the reader's own words, which change with its version, and the names of
/// files in an archive.
fn in_short(says: &str) -> &str {
    let ends: &[char] = if says.starts_with("byte ") { &[';'] } else { &['(', ';'] };
    let short = says.split(ends).next().unwrap_or_default();
    let short = short.split(", and holds \"").next().unwrap_or_default();
    if short.starts_with("line ") { short.trim() } else { short.split(": ").next().unwrap_or_default().trim() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_of_every_corpus_is_answered_by_a_daemon_that_goes_on() {
    let Some(corpora) = shared("corpora") else { return };
    let board = TestBoard::with_returns(&[]);
    for (name, classification, rest) in returns() {
        board.write(&format!("pipelines/{name}/return.toml"), definition(name, "quarter", classification, &rest));
    }
    let password = board.secret("zip-password", "helloworld");
    board.edit(
        "config/agencies.toml",
        "[agency.lead]\nname = \"Priya Nair\"",
        &format!("[agency.keys]\npassword = {password}\n[agency.lead]\nname = \"Priya Nair\""),
    );
    let files = files(&corpora);
    let daemon = board.start("2025-07-01T08:00:00Z");
    let watch = Watch::of(daemon.pid());
    let kinds = returns();
    let offered = join_all(kinds.iter().map(|(name, ..)| offer(&daemon, name, &files))).await.concat();
    assert_eq!(offered.len(), files.len());

    let judged: BTreeMap<String, (Submission, Vec<FindingRow>)> = judged(&daemon)
        .await
        .into_iter()
        .map(|(submission, found)| (submission.id.to_string(), (submission, found)))
        .collect();
    let mut told: Vec<(String, String)> = Vec::new();
    for (number, name, taken) in &offered {
        assert!(*taken < Duration::from_secs(10), "{name} took {taken:?}");
        let (submission, findings) = &judged[number];
        told.push((name.clone(), answer(submission, findings)));
    }
    told.sort();
    let table = fs::read_to_string(EXPECTED).unwrap();
    let expected: BTreeMap<&str, &str> = table.lines().filter_map(|line| line.split_once(": ")).collect();
    let differ: Vec<String> = told
        .iter()
        .filter(|(name, answer)| expected.get(name.as_str()) != Some(&answer.as_str()))
        .map(|(name, answer)| format!("{name}: {answer}"))
        .collect();
    assert!(differ.is_empty(), "{} files, of which these differ:\n{}", told.len(), differ.join("\n"));
    assert_eq!(expected.len(), told.len(), "the table has other files");
    json_is_taken_as_its_name_says(&told);

    daemon.ring().await;
    let messages = daemon.messages().await;
    let is_answer = |message: &&String| message.starts_with("answer-") || message.starts_with("incident-sender ");
    let to_lead = |message: &&String| message.contains(" missing.unit@police.example ");
    let answers = messages.iter().filter(is_answer).filter(to_lead).count();
    assert_eq!(answers, told.len(), "each sender is told");
    assert!(reqwest::get(daemon.page("/health")).await.unwrap().text().await.unwrap().starts_with("ok"));
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    let (own, worker) = (own_memory(daemon.pid()), watch.most_of_a_worker());
    assert!(own < 256 && worker > 0 && worker < 256, "the daemon took {own} MB and a worker {worker} MB");
}

/// `y_` is JSON, whatever else it is, `n_` is none, and `i_` is either.
fn json_is_taken_as_its_name_says(told: &[(String, String)]) {
    let of = |start: &str| {
        let start = format!("json-suite/test_parsing/{start}");
        told.iter().filter(move |(name, _)| name.starts_with(&start)).map(|(_, answer)| answer.as_str())
    };
    let is_no_json = |answer: &str| answer.contains("not well-formed JSON");
    assert_eq!(of("y_").filter(|answer| !is_no_json(answer)).count(), 95);
    assert_eq!(of("n_").filter(|answer| !answer.starts_with("accepted")).count(), 188);
}

/// What is stored of a file, row by row, with headings: each text as it was in the file.
async fn stored(daemon: &TestDaemon, headings: &[String]) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let cells: Vec<String> = headings.iter().map(|heading| format!("encode(\"{heading}\", 'hex')")).collect();
    let question = format!("SELECT {} FROM confidential.rows_of_csv ORDER BY row", cells.join(", "));
    let text = |hex: &str| {
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        String::from_utf8(bytes.collect()).unwrap()
    };
    let rows = daemon.sql(&question).await;
    rows.iter().map(|row| headings.iter().cloned().zip(row.split(',').map(|hex| text(hex).into())).collect()).collect()
}

#[tokio::test]
async fn csv_spectrum_is_stored_as_the_json_beside_it() {
    let Some(folder) = shared("corpora/csv-spectrum") else { return };
    let board = TestBoard::with_returns(&[]);
    let (name, classification, rest) = returns().remove(1);
    board.write("pipelines/corpus-csv/return.toml", definition(name, "quarter", classification, &rest));
    let daemon = board.start("2025-07-01T08:00:00Z");
    let mut files = Vec::new();
    files_below(&folder.join("csvs"), &mut files);
    assert_eq!(files.len(), 11);
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        // A file that is the same as the one before is told so, and what stands is the same.
        daemon.submit(file.to_str().unwrap(), "corpus-csv", "police", QUARTER).await.unwrap();
        let mut expected = fs::read_to_string(folder.join(format!("json/{name}.json"))).unwrap();
        if !fs::read(&file).unwrap().contains(&b'\r') {
            // The corpus may have been fetched with its line ends changed.
            expected = expected.replace("\\r\\n", "\\n");
        }
        let expected: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&expected).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let headings: Vec<String> = text.lines().next().unwrap().split(',').map(str::to_owned).collect();
        assert_eq!(stored(&daemon, &headings).await, expected, "{name}");
    }
}

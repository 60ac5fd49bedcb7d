//! Packs as the daemon makes them: real analysis, pages set in a worker, editions frozen and made again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use jiff::civil::date;
use quarterday::analysis::{Answer, Class, Disclosed, Given, Indicator, Names, analyse, disclose};
use quarterday::domain::Period;
use quarterday::pack::{
    Approval, Imprint, Manuscript, PackDefinition, PackError, Record, freeze, read_manifest, rebuild, render, typeset,
};
use quarterday::settings::{Document, Problems, read_text};
use quarterday::worker::Launcher;

const REPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/reports");

fn launcher() -> Launcher {
    Launcher::of(Path::new(env!("CARGO_BIN_EXE_quarterday"))).unwrap()
}

fn settled<T>(label: &str, text: &str, settle: impl FnOnce(&Document) -> Option<T>) -> T {
    let mut problems = Problems::default();
    let document = read_text(label, text, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let settled = settle(&document);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    settled.unwrap()
}

fn board_pack() -> PackDefinition {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(Path::new(REPORTS).join("packs/board")).unwrap() {
        let path = entry.unwrap().path();
        files.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap());
    }
    let text = String::from_utf8(files.remove("pack.toml").unwrap()).unwrap();
    settled("pack.toml", &text, |document| PackDefinition::settle("board", document, files))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn indicator(id: &str, title: &str, more: &str) -> Indicator {
    let text = format!(
        "title = \"{title}\"\nwhy = \"Each of them should be found and heard.\"\ndefinition = \"Counted once a quarter.\"\n\
         priority = \"Missing\"\nquestion = \"how much\"\nagency = \"police\"\nreturn = \"missing-children\"\n{more}"
    );
    settled(id, &text, |document| Indicator::settle(id, document, "SELECT 1".to_owned(), None))
}

/// Twelve quiet quarters and one that is not; and a count too small to be shown.
fn disclosed() -> Disclosed {
    let mut period: Period = "2022-23-Q1".parse().unwrap();
    let (mut periods, mut children, mut few) = (Vec::new(), Vec::new(), Vec::new());
    for (at, count) in [38, 35, 41, 37, 33, 36, 40, 36, 34, 39, 37, 35, 61].into_iter().enumerate() {
        periods.push(period.to_string());
        children.push(count);
        few.push(if at == 12 { 3 } else { 8 + at as i64 % 4 });
        period = period.next().unwrap();
    }
    let rows = |counts: &[i64]| {
        let periods: ArrayRef = Arc::new(StringArray::from_iter_values(&periods));
        let counts: ArrayRef = Arc::new(Int64Array::from(counts.to_vec()));
        vec![RecordBatch::try_from_iter([("period", periods), ("numerator", counts)]).unwrap()]
    };
    let more = "unit = \"count\"\ndecimals = 0\nkind = \"flow\"\ngood = \"low\"\n";
    let answer = |id, title, counts: &[i64]| Answer {
        indicator: indicator(id, title, more),
        given: Ok(Given { figures: rows(counts), benchmark: None }),
    };
    let answers = vec![
        answer("missing", "Children missing from home", &children),
        answer("few", "Children missing from care", &few),
    ];
    let names = Names {
        agencies: BTreeMap::from([("police".parse().unwrap(), "Exampleshire Police".to_owned())]),
        returns: BTreeMap::from([("missing-children".parse().unwrap(), "Missing children".to_owned())]),
        area: "Exampleshire".to_owned(),
    };
    disclose(analyse(answers, "2025-26-Q1".parse().unwrap(), names), Class::Public)
}

fn record() -> Record {
    let days = |day: Option<i32>| -> ArrayRef { Arc::new(Date32Array::from(vec![day])) };
    let number: ArrayRef = Arc::new(Float64Array::from(vec![0.0]));
    let no: ArrayRef = Arc::new(arrow::array::BooleanArray::from(vec![false]));
    let timetable = RecordBatch::try_from_iter([
        ("agency_name", texts(&["Exampleshire Police"])),
        ("title", texts(&["Missing children"])),
        ("period", texts(&["2025-26-Q1"])),
        ("due_day", days(Some(20283))),
        ("received_day", days(Some(20280))),
        ("state", texts(&["accepted"])),
        ("days_late", number.clone()),
        ("restated", no.clone()),
        ("corrected", no),
        ("reminders", number),
        ("arranged", texts(&[""])),
        ("note", texts(&[""])),
        ("escalation_held", texts(&[""])),
        ("rows_refused", Arc::new(Int64Array::from(vec![0])) as ArrayRef),
    ]);
    let answers = [("timetable".to_owned(), vec![timetable.unwrap()])];
    Record::from_answers("2025-26-Q1".parse().unwrap(), &answers).unwrap()
}

fn imprint(edition: i64) -> Imprint {
    Imprint {
        board: "Exampleshire Safeguarding Children Partnership".to_owned(),
        area: "Exampleshire".to_owned(),
        example: true,
        pack: "Quarterly pack".to_owned(),
        period: "2025-26-Q1".parse().unwrap(),
        edition,
        approval: Approval::NotAsked,
        missing: Vec::new(),
        in_spite: None,
        issued_on: date(2025, 7, 23),
        data_as_at: date(2025, 7, 22),
        meeting_on: None,
        contact: "Business Unit, 01234 567 890".to_owned(),
        chain_head: (12, "ab12".to_owned()),
        versions: [("returns.missing_children".to_owned(), 4)].into(),
    }
}

async fn issued(folder: &Path, edition: i64) -> (PathBuf, String) {
    let rendered = render(&launcher(), &board_pack(), &disclosed(), &record(), &imprint(edition)).await.unwrap();
    assert_eq!((rendered.pages(), rendered.warnings()), (4, &[][..]));
    let frozen = freeze(&rendered, &folder.join(format!("board-{edition}"))).unwrap();
    (frozen.folder, frozen.pdf_sha256)
}

#[tokio::test]
async fn an_edition_made_again_has_the_same_bytes() {
    let editions = tempfile::tempdir().unwrap();
    let (folder, sha256) = issued(editions.path(), 1).await;
    let rebuilt = rebuild(&launcher(), &folder).await.unwrap();
    assert_eq!((rebuilt.pdf_sha256, rebuilt.same_bytes, rebuilt.same_engine), (sha256, true, true));
    assert_eq!(rebuilt.pdf, std::fs::read(folder.join("pack.pdf")).unwrap());
    let manifest = read_manifest(&folder).unwrap();
    for name in ["data.json", "pack.typ", "charts/missing-trend.svg", "fonts/Inter-Regular.otf", "sql/timetable.sql"] {
        assert!(manifest.files.contains_key(name), "{name} is not frozen");
    }
    let data = std::fs::read_to_string(folder.join("data.json")).unwrap();
    assert!(data.contains("1 to 5, hidden") && !data.contains("\"3\""), "a small count is hidden from every file");
}

#[tokio::test]
async fn freezing_again_agrees_with_itself_and_with_nothing_else() {
    let editions = tempfile::tempdir().unwrap();
    let (folder, sha256) = issued(editions.path(), 1).await;
    std::fs::create_dir(editions.path().join(".board-1.unfinished")).unwrap();
    assert_eq!(issued(editions.path(), 1).await, (folder.clone(), sha256));
    let other = render(&launcher(), &board_pack(), &disclosed(), &record(), &imprint(2)).await.unwrap();
    let error = freeze(&other, &folder).unwrap_err();
    assert!(matches!(error, PackError::Issued { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("already holds another edition, and editions do not change; issue it under the next number")
    );
}

#[tokio::test]
async fn a_damaged_edition_is_named_and_not_made_again() {
    let editions = tempfile::tempdir().unwrap();
    let (folder, _) = issued(editions.path(), 1).await;
    let data = folder.join("data.json");
    let kept = std::fs::read(&data).unwrap();
    std::fs::remove_file(&data).unwrap();
    let error = rebuild(&launcher(), &folder).await.unwrap_err().to_string();
    assert!(error.contains("data.json"), "{error}");
    std::fs::write(&data, [kept, b" ".to_vec()].concat()).unwrap();
    let error = rebuild(&launcher(), &folder).await.unwrap_err().to_string();
    assert!(
        error.ends_with("data.json is not what was issued (its digest differs); restore it from a backup"),
        "{error}"
    );
}

#[tokio::test]
async fn an_edition_of_another_engine_says_so() {
    let editions = tempfile::tempdir().unwrap();
    let (folder, _) = issued(editions.path(), 1).await;
    let path = folder.join("manifest.json");
    let manifest = std::fs::read_to_string(&path).unwrap().replace("with typst 0.", "with typst 9.");
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, manifest).unwrap();
    let rebuilt = rebuild(&launcher(), &folder).await.unwrap();
    assert_eq!((rebuilt.same_engine, rebuilt.same_bytes), (false, true));
    assert!(rebuilt.made_with.contains("typst 9."), "{}", rebuilt.made_with);
}

#[tokio::test]
async fn a_slip_in_a_template_comes_back_with_its_file_and_line() {
    let mut files = BTreeMap::from([
        ("pack.typ".to_owned(), b"#import \"style.typ\": *\n#hello()\n".to_vec()),
        ("style.typ".to_owned(), b"#let hello() = {\n  3 + \"a\"\n}\n".to_vec()),
    ]);
    let font = Path::new(REPORTS).join("fonts/Inter-Regular.otf");
    files.insert("fonts/Inter-Regular.otf".to_owned(), std::fs::read(font).unwrap());
    let manuscript = Manuscript { today: date(2025, 7, 23), identity: "x".to_owned(), files };
    let error = typeset(&launcher(), &manuscript).await.unwrap_err().to_string();
    assert_eq!(error, "the pages could not be set:\nstyle.typ:2: cannot add integer and string");
    let mut endless = manuscript.clone();
    endless.files.insert("pack.typ".to_owned(), b"#let f(x) = f(x + 1)\n#f(1)\n".to_vec());
    let error = typeset(&launcher(), &endless).await.unwrap_err().to_string();
    assert!(error.contains("pack.typ:1: maximum function call depth exceeded"), "{error}");
}

#[tokio::test]
async fn a_reader_of_pdf_finds_a_tagged_document() {
    let Ok(version) = Command::new("pdfinfo").arg("-v").output() else {
        assert!(std::option_env!("CI").is_none(), "poppler-utils are required when CI=true");
        return;
    };
    assert!(version.status.success());
    let editions = tempfile::tempdir().unwrap();
    let (folder, _) = issued(editions.path(), 1).await;
    let ask = |program: &str, option: &[&str]| {
        let output = Command::new(program)
            .args(option)
            .arg(folder.join("pack.pdf"))
            .args(["-"].iter().filter(|_| program == "pdftotext"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let about = ask("pdfinfo", &[]);
    let field =
        |name: &str| about.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    assert_eq!((field("Tagged:"), field("Pages:")), ("yes".to_owned(), "4".to_owned()));
    assert_eq!(
        field("Title:"),
        "Exampleshire Safeguarding Children Partnership: Quarterly pack, April to June 2025 (Q1)"
    );
    let structure = ask("pdfinfo", &["-struct-text"]);
    assert!(structure.contains("H1") && structure.contains("Table") && structure.contains("Figure"), "{structure}");
    let text = ask("pdftotext", &["-layout"]);
    assert!(text.contains("Children missing from home") && text.contains("1 to 5, hidden"), "{text}");
    assert!(
        text.contains("Exampleshire Police sent Missing children on 11 July without a word on this figure."),
        "{text}"
    );
}

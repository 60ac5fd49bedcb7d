//! What a sender hears: counts, figures beside last period's, what to fix, and the file back with it marked.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    path::{Path, PathBuf},
    process::Command,
};

use calamine::{Reader, Xlsx};
use mail_parser::{MessageParser, MimeHeaders};
use quarterday::{
    form::{Head, NotMarked, marked_anew, marked_in_place},
    ledger::{FindingRow, Severity},
};
use rust_xlsxwriter::{Format, Formula, Note, Workbook};

use crate::support::{TestBoard, TestDaemon, in_ci, launcher, shared};

const OPEN: &str = "2025-07-14T08:00:00Z";

/// A message: subject, text, and the attachments with their names.
type Letter = (String, String, Vec<(String, Vec<u8>)>);

/// The messages in the board's mail folder whose name holds `part`, oldest first.
fn letters(daemon: &TestDaemon, part: &str) -> Vec<Letter> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(daemon.board.path("data/mail"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains(part))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let parsed = MessageParser::default().parse(&bytes).unwrap();
            let files = parsed
                .attachments()
                .map(|file| (file.attachment_name().unwrap_or_default().to_owned(), file.contents().to_vec()))
                .collect();
            (parsed.subject().unwrap().to_owned(), parsed.body_text(0).unwrap().replace("\r\n", "\n"), files)
        })
        .collect()
}

/// Brings a file and answers with the letter to the lead.
async fn answer(daemon: &TestDaemon, file: &str, return_id: &str, agency: &str, period: &str) -> Letter {
    daemon.submit(file, return_id, agency, period).await.unwrap();
    daemon.ring().await;
    let mut all = letters(daemon, "answer_");
    // One to the lead and, where there is one, one to the deputy: the same words.
    all.pop().unwrap()
}

/// The part of a workbook, as text.
fn part(workbook: &[u8], name: &str) -> Option<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut text = String::new();
    archive.by_name(name).ok()?.read_to_string(&mut text).unwrap();
    Some(text)
}

fn cells(workbook: &[u8], sheet: &str) -> BTreeMap<(u32, u32), String> {
    let mut book = Xlsx::new(Cursor::new(workbook.to_vec())).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    let (top, left) = range.start().unwrap_or((0, 0));
    range.used_cells().map(|(row, column, cell)| ((top + row as u32, left + column as u32), cell.to_string())).collect()
}

fn error(sheet: Option<&str>, letter: Option<&str>, row: Option<u32>, says: &str) -> FindingRow {
    FindingRow {
        severity: Severity::Error,
        table: "t".into(),
        sheet: sheet.map(Into::into),
        heading: letter.map(|letter| format!("heading {letter}")),
        letter: letter.map(Into::into),
        row,
        rule: "a-rule".into(),
        says: says.into(),
    }
}

fn head() -> Head {
    Head { title: "What to fix: Missing children".into(), lines: vec!["Correct it & send it again.".into()] }
}

/// Python of the environment with openpyxl; none where nothing requires it.
fn python() -> Option<PathBuf> {
    match std::env::var("QUARTERDAY_TEST_VENV") {
        Ok(folder) => Some(Path::new(&folder).join("bin/python")),
        Err(_) if in_ci() => panic!("QUARTERDAY_TEST_VENV must name a virtual environment in CI"),
        Err(_) => {
            println!("skipped: QUARTERDAY_TEST_VENV names no virtual environment with openpyxl");
            None
        }
    }
}

/// What openpyxl sees of a workbook: its sheets, and each cell that has a note with fill and text.
fn seen_by_openpyxl(workbook: &[u8]) -> Option<String> {
    const PROGRAM: &str = r#"
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
print(book.sheetnames, book.active.title)
for sheet in book:
    for row in sheet.iter_rows():
        for cell in row:
            if cell.comment:
                print(sheet.title, cell.coordinate, cell.fill.fgColor.rgb, repr(cell.value), cell.comment.text.replace("\n", " / "), sep=" | ")
for sheet in book:
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith("=") and cell.data_type == "f":
                print("formula", sheet.title, cell.coordinate, cell.value)
    print("names", sheet.title, sorted((name, item.attr_text) for name, item in sheet.defined_names.items()))
"#;
    let python = python()?;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("book.xlsx");
    std::fs::write(&path, workbook).unwrap();
    let run = Command::new(python).args(["-c", PROGRAM]).arg(&path).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(String::from_utf8(run.stdout).unwrap())
}

/// The workbooks of a folder that openpyxl opens as they were sent, and not as they were marked.
fn refused_by_openpyxl(sent: &Path, marked: &Path) -> Option<String> {
    const PROGRAM: &str = r#"
import os, sys, warnings, openpyxl
warnings.simplefilter("ignore")
def why(folder, name):
    try:
        openpyxl.load_workbook(os.path.join(folder, name))
    except Exception as error:
        return repr(error)
for name in sorted(os.listdir(sys.argv[2])):
    error = why(sys.argv[2], name)
    if error and not why(sys.argv[1], name):
        print(name, error)
"#;
    let run = Command::new(python()?).args(["-c", PROGRAM]).args([sent, marked]).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(String::from_utf8(run.stdout).unwrap())
}

#[tokio::test]
async fn a_broken_workbook_comes_back_with_each_cell_marked_and_all_else_as_it_was() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let sent = std::fs::read(board.path("pipelines/missing-children/samples/broken-2025-26-Q1.xlsx")).unwrap();
    board.write("sent.xlsx", &sent);
    let daemon = board.start(OPEN);
    let (subject, text, files) = answer(&daemon, "sent.xlsx", "missing-children", "police", "2025-26-Q1").await;
    insta::assert_snapshot!("a_broken_workbook", format!("Subject: {subject}\n\n{text}"));
    let [(name, marked)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(name, "What to fix in sent.xlsx");

    for sheet in ["Return", "Narrative"] {
        assert_eq!(cells(marked, sheet), cells(&sent, sheet), "{sheet}");
    }
    let list = cells(marked, "What to fix");
    assert!(list.values().any(|text| text == "Return, C5"), "{list:?}");
    if let Some(seen) = seen_by_openpyxl(marked) {
        insta::assert_snapshot!("a_marked_workbook_as_openpyxl_sees_it", seen);
    }
    // What left is not kept: the bytes are the sender's.
    let kept = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let answers: Vec<_> = kept.iter().filter(|row| row.kind == "answer-not-accepted").collect();
    assert!(!answers.is_empty());
    for row in answers {
        assert!(row.message["attachments"][0]["content"]["gone"].is_object(), "{}", row.message["attachments"]);
    }
}

#[tokio::test]
async fn a_marked_workbook_that_is_corrected_and_sent_again_is_accepted_and_its_list_is_nobodys_business() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let sent = std::fs::read(board.path("pipelines/missing-children/samples/accepted-2025-26-Q1.xlsx")).unwrap();
    let findings =
        [error(Some("Return"), Some("B"), Some(5), "please check"), error(Some("Return"), None, Some(5), "and this")];
    let marked = marked_in_place(&launcher(), &sent, &head(), &findings).await.unwrap();
    board.write("again.xlsx", &marked);
    let daemon = board.start(OPEN);
    let (subject, text, files) = answer(&daemon, "again.xlsx", "missing-children", "police", "2025-26-Q1").await;
    assert!(subject.contains("Accepted:"), "{subject}");
    assert!(!text.contains("What to fix"), "{text}");
    assert!(files.is_empty());
    insta::assert_snapshot!("accepted", format!("Subject: {subject}\n\n{text}"));

    // Marked once more, its notes are renewed and its list is not doubled.
    let second = [error(Some("Return"), Some("C"), Some(5), "now this")];
    let twice = marked_in_place(&launcher(), &marked, &head(), &second).await.unwrap();
    let book = Xlsx::new(Cursor::new(twice.clone())).unwrap();
    assert_eq!(book.sheet_names().iter().filter(|name| name.starts_with("What to fix")).count(), 1);
    let comments = part(&twice, "xl/quarterday/comments1.xml").unwrap();
    assert!(comments.contains("nothing more to fix here") && comments.contains("now this"), "{comments}");
    assert!(!comments.contains("please check"), "{comments}");
    seen_by_openpyxl(&twice);
}

#[tokio::test]
async fn formulas_formats_notes_and_names_of_the_sender_stay_theirs() {
    let mut book = Workbook::new();
    book.define_name("'My data'!Area", "='My data'!$A$1:$B$3").unwrap();
    let sheet = book.add_worksheet().set_name("My data").unwrap();
    let red = Format::new().set_font_color("FF0000").set_num_format("0.00");
    sheet.write_string(0, 0, "Kind").unwrap();
    sheet.write_string(0, 1, "How many").unwrap();
    sheet.write_number_with_format(1, 1, 4.5, &red).unwrap();
    sheet.write_formula_with_format(2, 1, Formula::new("=B2*2").set_result("9"), &red).unwrap();
    sheet.write_string(2, 0, "=cmd|' /C calc'!A0").unwrap();
    sheet.insert_note(1, 1, &Note::new("mine").set_author("Sam")).unwrap();
    sheet.insert_note(0, 0, &Note::new("also mine").set_author("Sam")).unwrap();
    let other = book.add_worksheet().set_name("Other's").unwrap();
    other.write_string(0, 0, "untouched").unwrap();
    let sent = book.save_to_buffer().unwrap();
    let findings = [
        error(Some("My data"), Some("B"), Some(2), "<too> \"much\" & more"),
        error(Some("my data "), Some("B"), Some(3), "a formula"),
        error(Some("My data"), Some("AB"), Some(9), "an empty cell far away"),
        error(Some("My data"), Some("C"), Some(2), "an empty cell at the end of a row"),
        error(Some("Other's"), Some("A"), Some(1), "on another sheet"),
        error(Some("My data"), Some("C"), None, "a whole column"),
        error(Some("Gone"), None, None, "a sheet that is not there"),
    ];
    let marked = marked_in_place(&launcher(), &sent, &head(), &findings).await.unwrap();
    assert_eq!(cells(&marked, "My data"), cells(&sent, "My data"));
    let sheet = part(&marked, "xl/worksheets/sheet1.xml").unwrap();
    assert!(sheet.contains("<f>B2*2</f>") && !sheet.contains("tabSelected"), "{sheet}");
    assert_eq!(part(&marked, "xl/sharedStrings.xml"), part(&sent, "xl/sharedStrings.xml"));
    let workbook = part(&marked, "xl/workbook.xml").unwrap();
    assert!(workbook.contains("localSheetId=\"1\""), "the name follows its sheet: {workbook}");
    let again = marked_in_place(&launcher(), &sent, &head(), &findings).await.unwrap();
    assert_eq!(marked, again, "the same file and findings make the same bytes");
    if let Some(seen) = seen_by_openpyxl(&marked) {
        insta::assert_snapshot!("a_senders_own_workbook_as_openpyxl_sees_it", seen);
    }
}

#[tokio::test]
async fn a_csv_comes_back_as_a_workbook_with_its_cells_where_they_stood() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    board.write("sent.csv", "\u{feff}Period,Referrals under 18,\"Of these, adopted by Channel\"\n2025-26-Q1,=1+1,-4\n");
    let daemon = board.start(OPEN);
    let (subject, text, files) = answer(&daemon, "sent.csv", "prevent-referrals", "probation", "2025-26-Q1").await;
    insta::assert_snapshot!("a_broken_csv", format!("Subject: {subject}\n\n{text}"));
    let [(name, marked)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(name, "What to fix in sent.xlsx");
    let data = cells(marked, "Data");
    assert_eq!(data[&(0, 0)], "Period");
    assert_eq!(data[&(1, 1)], "=1+1");
    assert_eq!(data[&(1, 2)], "-4");
    assert!(!part(marked, "xl/worksheets/sheet2.xml").unwrap().contains("<f>"), "text stays text");
    if let Some(seen) = seen_by_openpyxl(marked) {
        insta::assert_snapshot!("a_marked_csv_as_openpyxl_sees_it", seen);
    }
}

#[tokio::test]
async fn a_json_file_comes_back_with_its_records_in_rows() {
    let board = TestBoard::with_returns(&["persistent-absence"]);
    let sent = std::fs::read(board.path("pipelines/persistent-absence/samples/broken-2025-26-Q1.json")).unwrap();
    board.write("sent.json", sent);
    let daemon = board.start(OPEN);
    let (subject, text, files) = answer(&daemon, "sent.json", "persistent-absence", "schools", "2025-26-Q1").await;
    insta::assert_snapshot!("a_broken_json", format!("Subject: {subject}\n\n{text}"));
    assert_eq!(files.len(), 1);
    if let Some(seen) = seen_by_openpyxl(&files[0].1) {
        insta::assert_snapshot!("a_marked_json_as_openpyxl_sees_it", seen);
    }
}

#[tokio::test]
async fn a_file_about_single_children_never_comes_back_and_none_of_its_headings_or_figures_is_repeated() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    let definition = "pipelines/prevent-referrals/return.toml";
    board.edit(definition, "classification = \"aggregate\"", "classification = \"child-level\"");
    board.edit(definition, "period_column", "extra_columns = \"ignore\"\nperiod_column");
    board.write(
        "broken.csv",
        "Period,Referrals under 18,\"Of these, adopted by Channel\",Canary\n2025-26-Q1,x1,377,CANARY\n",
    );
    board.write(
        "good.csv",
        "Period,Referrals under 18,\"Of these, adopted by Channel\",Canary\n2025-26-Q1,488,377,CANARY\n",
    );
    // Its columns are other than before, and that is told without their names.
    board.write(
        "wider.csv",
        "Period,Referrals under 18,\"Of these, adopted by Channel\",Canary two,Canary three\n2025-26-Q1,489,378,CANARY,1\n",
    );
    let daemon = board.start(OPEN);
    let (subject, text, files) = answer(&daemon, "broken.csv", "prevent-referrals", "probation", "2025-26-Q1").await;
    assert!(files.is_empty(), "{files:?}");
    let broken = format!("Subject: {subject}\n\n{text}");
    let (subject, text, files) = answer(&daemon, "good.csv", "prevent-referrals", "probation", "2025-26-Q1").await;
    assert!(files.is_empty(), "{files:?}");
    let good = format!("Subject: {subject}\n\n{text}");
    let (subject, text, _) = answer(&daemon, "wider.csv", "prevent-referrals", "probation", "2025-26-Q1").await;
    let both = format!("{broken}\n=====\n\n{good}\n=====\n\nSubject: {subject}\n\n{text}");
    for word in ["377", "488", "x1", "378", "489", "anary", "ANARY"] {
        assert!(!both.contains(word), "{both}");
    }
    insta::assert_snapshot!("a_child_level_return", both);
}

#[tokio::test]
async fn many_cells_of_one_rule_are_one_thing_and_ignored_columns_are_named() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let definition = "pipelines/care-applications/return.toml";
    board.edit(definition, "period_column", "extra_columns = \"ignore\"\nperiod_column");
    board.edit(definition, "unique = [\"month\"]", "");
    let good = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
    let (headings, rows) = good.split_once('\n').unwrap();
    let row = rows.lines().next().unwrap();
    let wide: String =
        good.lines().map(|line| format!("{line},{}\n", if line == headings.trim() { "Remarks" } else { "" })).collect();
    board.write("wide.csv", wide);
    let broken_row = row.rsplit_once(',').unwrap().0.to_owned() + ",many";
    board.write("broken.csv", format!("{headings}\n{}", format!("{broken_row}\n").repeat(1200)));
    let daemon = board.start(OPEN);
    let (subject, text, _) = answer(&daemon, "broken.csv", "care-applications", "cafcass", "2025-26-Q1").await;
    insta::assert_snapshot!("many_cells", format!("Subject: {subject}\n\n{text}"));
    let (subject, text, _) = answer(&daemon, "wide.csv", "care-applications", "cafcass", "2025-26-Q1").await;
    insta::assert_snapshot!("ignored_columns", format!("Subject: {subject}\n\n{text}"));
}

#[tokio::test]
async fn a_file_too_large_for_a_mail_is_told_and_not_attached() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    let definition = "pipelines/prevent-referrals/return.toml";
    board.edit(definition, "period_column", "extra_columns = \"ignore\"\nperiod_column");
    let padding = "x".repeat(6 << 20);
    board.write(
        "large.csv",
        format!("Period,Referrals under 18,\"Of these, adopted by Channel\",Remarks\n2025-26-Q1,many,1,{padding}\n"),
    );
    let daemon = board.start(OPEN);
    let (_, text, files) = answer(&daemon, "large.csv", "prevent-referrals", "probation", "2025-26-Q1").await;
    assert!(files.is_empty());
    assert!(text.contains("too large to come back by mail"), "{text}");
}

#[tokio::test]
async fn a_large_drop_a_repeat_and_a_nil_return_are_answered_in_words_to_act_on() {
    let board = TestBoard::with_returns(&["persistent-absence"]);
    let record = |urn: usize| {
        serde_json::json!({ "period": "2025-26-Q1", "urn": format!("{urn}"), "school": format!("School {urn}"),
            "phase": "primary", "pupils": "200", "persistently_absent": "20" })
    };
    let definition = board.read("pipelines/persistent-absence/return.toml");
    assert!(definition.contains("name = \"phase\""), "{definition}");
    let records = |count: usize, period: &str| {
        let records: Vec<_> = (0..count)
            .map(|urn| {
                let mut record = record(100_000 + urn);
                record["period"] = period.into();
                record
            })
            .collect();
        serde_json::to_string(&records).unwrap()
    };
    board.write("first.json", records(60, "2025-26-Q1"));
    let daemon = board.start(OPEN);
    let first = answer(&daemon, "first.json", "persistent-absence", "schools", "2025-26-Q1").await;
    assert!(first.0.contains("Accepted"), "{first:?}");
    let repeat = answer(&daemon, "first.json", "persistent-absence", "schools", "2025-26-Q1").await;
    daemon.advance("2025-10-10T08:00:00Z").await;
    daemon.board.write("second.json", records(20, "2025-26-Q2"));
    let held = answer(&daemon, "second.json", "persistent-absence", "schools", "2025-26-Q2").await;
    let told = [repeat, held].map(|(subject, text, _)| format!("Subject: {subject}\n\n{text}")).join("\n=====\n\n");
    insta::assert_snapshot!("repeat_and_drop", told);
}

#[tokio::test]
async fn each_figure_is_read_back_beside_last_quarters_and_beside_what_a_replaced_file_said() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    let csv = |period: &str, figures: &str| {
        format!("Period,Referrals under 18,\"Of these, adopted by Channel\"\n{period},{figures}\n")
    };
    board.write("q1.csv", csv("2025-26-Q1", "13,1"));
    board.write("q2.csv", csv("2025-26-Q2", "15,2"));
    board.write("q2 again.csv", csv("2025-26-Q2", "16,c"));
    let daemon = board.start(OPEN);
    answer(&daemon, "q1.csv", "prevent-referrals", "probation", "2025-26-Q1").await;
    daemon.advance("2025-10-10T08:00:00Z").await;
    let (_, first, _) = answer(&daemon, "q2.csv", "prevent-referrals", "probation", "2025-26-Q2").await;
    assert!(first.contains("referrals under 18 15 (last quarter 13)"), "{first}");
    let (subject, again, _) = answer(&daemon, "q2 again.csv", "prevent-referrals", "probation", "2025-26-Q2").await;
    assert!(subject.contains("in place of the file of Friday 10 October"), "{subject}");
    assert!(again.contains("referrals under 18 16 (before 15, last quarter 13)"), "{again}");
    assert!(again.contains("no number (c) (before 2, last quarter 1)"), "{again}");
}

#[tokio::test]
async fn two_sheets_with_the_same_heading_are_told_apart_and_cells_without_a_number_are_not_lost() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let definition = board.read("pipelines/missing-children/return.toml");
    let (above, _) = definition.split_once("[[table]]").unwrap();
    let table = |name: &str, sheet: &str| {
        format!(
            "[[table]]\nname = \"{name}\"\nsheet = \"{sheet}\"\nperiod_column = \"Period\"\n\
             [[table.column]]\nname = \"episodes\"\nheadings = [\"Episodes\"]\ntype = \"count\"\n"
        )
    };
    let tables = table("missing_home", "Home") + &table("missing_care", "Care");
    board.write("pipelines/missing-children/return.toml", format!("{above}{tables}"));
    let book = |period: &str, home: &[&str], care: &[&str]| {
        let mut book = Workbook::new();
        for (name, cells) in [("Home", home), ("Care", care)] {
            let sheet = book.add_worksheet().set_name(name).unwrap();
            sheet.write_row(0, 0, ["Period", "Episodes"]).unwrap();
            for (row, cell) in (1..).zip(cells) {
                sheet.write_row(row, 0, [period, *cell]).unwrap();
            }
        }
        book.save_to_buffer().unwrap()
    };
    board.write("q1.xlsx", book("2025-26-Q1", &["11", "c"], &["5", "6"]));
    board.write("q2.xlsx", book("2025-26-Q2", &["12", "1"], &["7", "x"]));
    let daemon = board.start(OPEN);
    let (_, first, _) = answer(&daemon, "q1.xlsx", "missing-children", "police", "2025-26-Q1").await;
    assert!(first.contains("episodes (Home) 11, and some cells without a number (c); episodes (Care) 11."), "{first}");
    daemon.advance("2025-10-10T08:00:00Z").await;
    let (subject, second, _) = answer(&daemon, "q2.xlsx", "missing-children", "police", "2025-26-Q2").await;
    insta::assert_snapshot!("two_sheets_of_one_heading", format!("Subject: {subject}\n\n{second}"));
}

#[tokio::test]
async fn what_was_noticed_reaches_the_sender_of_an_accepted_and_of_a_refused_file() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let definition = "pipelines/missing-children/return.toml";
    board.edit(definition, "period_column", "extra_columns = \"ignore\"\nperiod_column");
    let headings = [
        "Period",
        "Children missing from home",
        "Children missing from care",
        "Episodes, home",
        "Episodes, care",
        "Children missing three times or more",
    ];
    let book = |period: &str, headings: &[&str], cells: &[&str], hidden: bool| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("Return").unwrap();
        sheet.write_row(0, 0, headings.iter().copied()).unwrap();
        sheet.write_row(1, 0, [period].into_iter().chain(cells.iter().copied())).unwrap();
        if hidden {
            sheet.set_row_hidden(1).unwrap();
        }
        book.save_to_buffer().unwrap()
    };
    board.write("q1.xlsx", book("2025-26-Q1", &headings, &["41", "17", "66", "48", "9"], false));
    let wider = [&headings[..], &["Remarks"]].concat();
    board.write("q2.xlsx", book("2025-26-Q2", &wider, &["42", "18", "66", "48", "9", "none"], true));
    board.write("broken.xlsx", book("2025-26-Q2", &wider, &["many", "18", "66", "48", "9", "none"], true));
    let daemon = board.start(OPEN);
    answer(&daemon, "q1.xlsx", "missing-children", "police", "2025-26-Q1").await;
    daemon.advance("2025-10-10T08:00:00Z").await;
    let broken = answer(&daemon, "broken.xlsx", "missing-children", "police", "2025-26-Q2").await;
    let accepted = answer(&daemon, "q2.xlsx", "missing-children", "police", "2025-26-Q2").await;
    let told = [broken, accepted].map(|(subject, text, _)| format!("Subject: {subject}\n\n{text}"));
    for text in &told {
        assert!(text.contains("We noticed, nothing to do unless it was not meant:"), "{text}");
        assert!(text.contains("hidden") && text.contains("\"Remarks\" was not in the last file"), "{text}");
    }
    insta::assert_snapshot!("what_was_noticed", told.join("\n=====\n\n"));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_that_no_row_could_be_counted() {
    let board = TestBoard::with_returns(&["missing-children"]);
    board.write("torn.xlsx", "PK\x03\x04 torn");
    let daemon = board.start(OPEN);
    let (subject, text, _) = answer(&daemon, "torn.xlsx", "missing-children", "police", "2025-26-Q1").await;
    assert!(subject.contains("Could not be read"), "{subject}");
    assert!(text.contains("No row could be counted, because it could not be read."), "{text}");
}

#[tokio::test]
async fn an_answer_leaves_within_a_minute_of_the_file_by_every_way() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let good = std::fs::read(board.path("pipelines/missing-children/samples/accepted-2025-26-Q1.xlsx")).unwrap();
    let broken = std::fs::read(board.path("pipelines/missing-children/samples/broken-2025-26-Q1.xlsx")).unwrap();
    board.write("broken.xlsx", broken);
    let daemon = board.start(OPEN);
    daemon.submit("broken.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-07-14T08:30:00Z").await;
    daemon.board.drop_file("police", "missing-children 2025-26-Q1.xlsx", &good);
    // The doorbell rings every few seconds; a file of a folder is taken once it stood still over two rings.
    daemon.ring().await;
    daemon.advance("2025-07-14T08:30:05Z").await;
    daemon.ring().await;
    let rows = daemon.ledger().read(|txn| Ok((txn.submissions()?, txn.messages()?))).await.unwrap();
    let (submissions, messages) = rows;
    assert_eq!(submissions.len(), 2);
    for submission in submissions {
        let key = format!("answer/{}/", submission.id);
        let answers: Vec<_> = messages.iter().filter(|row| row.key.starts_with(&key)).collect();
        assert!(!answers.is_empty(), "{key}");
        for answer in answers {
            let settled = answer.settled_at.unwrap_or_else(|| panic!("{key} has not left"));
            let wait = settled.duration_since(submission.received_at).as_secs();
            assert!((0..=60).contains(&wait), "{key} left {wait} s after the file came");
        }
    }
}

#[tokio::test]
async fn foreign_workbooks_are_marked_or_refused_and_never_harm() {
    let Some(corpus) = shared("corpora/xlsx-calamine") else { return };
    let launcher = launcher();
    let (mut marked, mut refused) = (0, Vec::new());
    let home = tempfile::tempdir().unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(corpus.join("tests")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "xlsx" || ending == "xlsm"))
    {
        let bytes = std::fs::read(path).unwrap();
        let Ok(mut before) = Xlsx::new(Cursor::new(bytes.clone())) else { continue };
        let Some(sheet) = before.sheet_names().first().cloned() else { continue };
        let findings = [
            error(Some(&sheet), Some("A"), Some(1), "first"),
            error(Some(&sheet), Some("C"), Some(3), "third"),
            error(Some(&sheet), Some("ZZ"), Some(5000), "far away"),
        ];
        match marked_in_place(&launcher, &bytes, &head(), &findings).await {
            Ok(book) => {
                marked += 1;
                std::fs::write(home.path().join(path.file_name().unwrap()), &book).unwrap();
                let mut after =
                    Xlsx::new(Cursor::new(book.clone())).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                let names = after.sheet_names();
                assert_eq!(names[0], "What to fix", "{}", path.display());
                assert_eq!(names[1..], before.sheet_names(), "{}", path.display());
                for name in before.sheet_names() {
                    let (Ok(old), Ok(new)) = (before.worksheet_range(&name), after.worksheet_range(&name)) else {
                        continue;
                    };
                    let filled = |range: &calamine::Range<calamine::Data>| {
                        let (top, left) = range.start().unwrap_or((0, 0));
                        let cells =
                            range.used_cells().map(|(r, c, d)| (top as usize + r, left as usize + c, d.to_string()));
                        cells.collect::<Vec<_>>()
                    };
                    assert_eq!(filled(&old), filled(&new), "{} {name}", path.display());
                }
            }
            Err(NotMarked::Worker(error)) => refused.push(format!("{}: {error}", path.file_name().unwrap().display())),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    println!("{marked} marked in place, refused: {refused:#?}");
    assert_eq!(refused_by_openpyxl(&corpus.join("tests"), home.path()).unwrap_or_default(), "");
    assert!(marked > 20, "{marked} marked, {refused:#?}");
}

#[tokio::test]
async fn hostile_bytes_end_in_an_error_of_one_job() {
    let launcher = launcher();
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Return").unwrap().write_string(0, 0, "a").unwrap();
    let good = book.save_to_buffer().unwrap();
    let finding = [error(Some("Return"), Some("A"), Some(1), "x")];
    for cut in [4, 30, good.len() / 2, good.len() - 1] {
        assert!(marked_in_place(&launcher, &good[..cut], &head(), &finding).await.is_err(), "cut at {cut}");
    }
    for seed in 0..40_usize {
        let mut bytes = good.clone();
        let at = seed * 131 % bytes.len();
        bytes[at] ^= 0x55;
        // Whatever comes of it, this process goes on.
        let _ = marked_in_place(&launcher, &bytes, &head(), &finding).await;
    }
    let nothing = quarterday::decode::Decoded { sheets: vec![], ignored: vec![] };
    assert!(matches!(marked_anew(&launcher, nothing, &head(), &[]).await, Err(NotMarked::Nothing)));
}

const AREAS: &str = "\
[[table]]
name = \"care_applications\"
period_column = \"quarter\"
unique = [\"harm\"]
[[table.column]]
name = \"harm\"
headings = [\"Harm\"]
type = \"text\"
required = true
[[table.column]]
name = \"on_a_plan\"
headings = [\"Children on a plan\"]
type = \"count\"
[[table.column]]
name = \"in_time\"
headings = [\"Reviewed in time\"]
type = \"decimal\"
decimals = 1
unit = \"%\"
";

/// A small return of several rows with a share in each, and the period before.
fn by_harm() -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    let definition = board.read("pipelines/care-applications/return.toml");
    let (above, _) = definition.split_once("[[table]]").unwrap();
    board.write("pipelines/care-applications/return.toml", format!("{above}{AREAS}"));
    let csv = |period: &str, rows: &[&str]| {
        let rows: String = rows.iter().map(|row| format!("{period},{row}\n")).collect();
        format!("quarter,Harm,Children on a plan,Reviewed in time\n{rows}")
    };
    board.write(
        "q1.csv",
        csv("2025-26-Q1", &["Physical harm,9,88.9", "Neglect,25,c", "Sexual harm,4,100", "Other,1,100"]),
    );
    board.write("q2.csv", csv("2025-26-Q2", &["Physical harm,1212,91.7", "Neglect,29,62.5", "Sexual harm,c,x"]));
    let many: Vec<String> = (1..=21).map(|number| format!("Harm {number},{number},{}.5", 40 + number)).collect();
    board.write("long.csv", csv("2025-26-Q2", &many.iter().map(String::as_str).collect::<Vec<_>>()));
    board
}

#[tokio::test]
async fn a_small_file_is_read_back_figure_by_figure_and_a_long_one_by_its_totals_and_bounds() {
    let daemon = by_harm().start(OPEN);
    answer(&daemon, "q1.csv", "care-applications", "cafcass", "2025-26-Q1").await;
    daemon.advance("2025-10-10T08:00:00Z").await;
    let (subject, text, _) = answer(&daemon, "q2.csv", "care-applications", "cafcass", "2025-26-Q2").await;
    insta::assert_snapshot!("figure_by_figure", format!("Subject: {subject}\n\n{text}"));
    let (subject, text, _) = answer(&daemon, "long.csv", "care-applications", "cafcass", "2025-26-Q2").await;
    insta::assert_snapshot!("totals_and_bounds", format!("Subject: {subject}\n\n{text}"));
}

#[tokio::test]
async fn the_terminal_says_what_was_found_by_rule_and_each_by_itself_when_asked() {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.edit("pipelines/care-applications/return.toml", "unique = [\"month\"]", "");
    let good = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
    let (headings, rows) = good.split_once('\n').unwrap();
    let broken = rows.lines().next().unwrap().rsplit_once(',').unwrap().0.to_owned() + ",many";
    board.write("broken.csv", format!("{headings}\n{}", format!("{broken}\n").repeat(300)));
    let path = board.path("broken.csv");
    let which = ["--return", "care-applications", "--agency", "cafcass", "--period", "2025-26-Q1"];
    let submit = [["submit", path.to_str().unwrap()].as_slice(), &which].concat();
    let short = crate::support::said(&board.run(&submit));
    assert!(short.contains("column D, 300 cells (D2, D3, D4, D5, D6 and 295 more): "), "{short}");
    assert!(short.contains("`quarterday findings 1` lists each by itself"), "{short}");
    assert!(short.lines().count() < 6, "{short}");
    let long = crate::support::said(&board.run(&[submit.as_slice(), &["--all"]].concat()));
    assert!(long.contains("column D, row 301: ") && long.lines().count() > 300, "{long}");
    let listed = board.done(&["findings", "1"]);
    assert!(listed.contains("column D, row 301: "), "{listed}");
}

#[tokio::test]
async fn of_a_file_with_identities_the_manager_hears_whose_letter_is_on_its_way_and_status_whether_it_left() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    let definition = "pipelines/prevent-referrals/return.toml";
    board.edit(definition, "period_column", "extra_columns = \"ignore\"\nperiod_column");
    let rows: String =
        ["9434765919", "4010232137", "9876543210"].map(|number| format!("2025-26-Q1,3,1,{number}\n")).concat();
    let heads = "Period,Referrals under 18,\"Of these, adopted by Channel\",NHS number";
    board.write("named.csv", format!("{heads}\n{rows}"));
    let daemon = board.start(OPEN);
    daemon.submit("named.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    let (_, text, _) = letters(&daemon, "incident_").pop().unwrap();
    assert!(text.contains("A letter that says what to do, without the content, is on its way to "), "{text}");
    assert!(!text.contains("Told what to do"), "{text}");
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("  The letter to ") && status.contains(" was written to the mail folder on "), "{status}");
}

#[test]
fn wording_of_an_earlier_version_that_leaves_something_out_is_told_and_what_a_board_has_not_written_is_shipped() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    std::fs::remove_file(board.path("reports/mail/narrative.txt")).unwrap();
    board.done(&["validate"]);
    board.write("reports/mail/post-passed-on.txt", "Subject: Thank you\n\n{{ arrived_at }} {{ contact.name }}\n");
    board.write("reports/mail/_read.txt", "We read it.\n");
    let told = crate::support::said(&board.run(&["validate"]));
    assert!(told.contains("reports/mail/post-passed-on.txt: it does not say `noted`"), "{told}");
    assert!(told.contains("reports/mail/answer-accepted.txt: it does not say "), "{told}");
}

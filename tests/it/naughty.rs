//! Strings that break programs, from a file through to everything a person or a program reads of it: nothing is lost, and
//! nothing that was text becomes anything else.

use std::{
    collections::BTreeSet,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use calamine::{Data, Range, Reader, Xlsx};
use mail_parser::{MessageParser, MimeHeaders};
use rust_xlsxwriter::Workbook;

use crate::support::{TestBoard, TestDaemon, returns::definition, shared};

fn strings() -> Option<Vec<String>> {
    let path = shared("corpora/blns/blns.json")?;
    let strings: Vec<String> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert!(strings.len() > 500);
    Some(strings)
}

/// A return of two columns.
fn board(format: &str, classification: &str) -> TestBoard {
    let board = TestBoard::with_returns(&[]);
    let columns = "[[table]]\nname = \"naughty\"\n[[table.column]]\nname = \"n\"\ntype = \"count\"\n\
                   [[table.column]]\nname = \"text\"\ntype = \"text\"\n";
    let rest = format!("[format]\nkind = \"{format}\"\n{columns}");
    let contract = definition("Naughty strings", "quarter", classification, &rest);
    board.write("pipelines/naughty/return.toml", contract);
    board
}

/// What a cell keeps of a string: all of it, but for white space at its ends, which five strings have.
fn kept(number: usize, text: &str) -> &str {
    match number {
        // Every kind of white space there is; a space without width is none.
        95 => "\u{200b}",
        170 => text.strip_suffix(' ').unwrap(),
        175 => "test",
        202 => text.strip_prefix(' ').unwrap(),
        434 => "",
        _ => text,
    }
}

#[tokio::test]
async fn naughty_strings_travel_from_file_to_sql_byte_for_byte() {
    let Some(strings) = strings() else { return };
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/README.md")).unwrap();
    assert!(guide.contains("White space at either end of a cell is no part of it"), "what is promised is written down");
    let changed = strings.iter().enumerate().filter(|(n, text)| kept(*n, text) != text.as_str()).count();
    assert_eq!((strings.len(), changed), (515, 5));
    let records: Vec<_> =
        strings.iter().enumerate().map(|(n, text)| serde_json::json!({ "n": n, "text": text })).collect();
    let mut csv = "n,text\n".to_owned();
    for (n, text) in strings.iter().enumerate() {
        csv.push_str(&format!("{n},\"{}\"\n", text.replace('"', "\"\"")));
    }
    for (format, file) in [("json", serde_json::to_string(&records).unwrap()), ("csv", csv)] {
        let board = board(format, "child-level");
        board.write("naughty", file);
        let daemon = board.start("2025-07-01T08:00:00Z");
        let said = daemon.submit("naughty", "naughty", "police", "2025-26-Q1").await.unwrap();
        assert!(said.contains("accepted"), "{format}: {said}");
        let rows = daemon.sql("SELECT n, encode(text, 'hex') FROM confidential.naughty ORDER BY n").await;
        assert_eq!(rows.len(), strings.len(), "{format}");
        for (row, (n, text)) in rows.iter().zip(strings.iter().enumerate()) {
            let hex: String = kept(n, text).bytes().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(*row, format!("{n},{hex}"), "{format}: string {n}");
        }
        assert!(!daemon.log().contains("panicked"));
    }
}

/// The letters in the board's mail folder whose name holds `part`.
fn letters(daemon: &TestDaemon, part: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(daemon.board.path("data/mail")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.to_str().unwrap().contains(part)).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The cells of the sheet that was sent, and how many formulas there are on any.
fn first_sheet(workbook: &[u8]) -> (Range<Data>, usize) {
    let mut book = Xlsx::new(Cursor::new(workbook.to_vec())).unwrap();
    let names = book.sheet_names().clone();
    let formulas = names.iter().map(|name| book.worksheet_formula(name).unwrap().used_cells().count()).sum();
    (book.worksheet_range("Sheet1").unwrap(), formulas)
}

#[tokio::test]
async fn naughty_strings_come_back_in_the_marked_workbook_as_the_texts_they_were() {
    let Some(strings) = strings() else { return };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["n", "text"]).unwrap();
    for (row, text) in (1..).zip(&strings) {
        // One cell is wrong, so that the file comes back.
        if row == 1 { sheet.write_string(row, 0, "many") } else { sheet.write_number(row, 0, f64::from(row)) }.unwrap();
        sheet.write_string(row, 1, text).unwrap();
    }
    let sent = book.save_to_buffer().unwrap();
    let board = board("workbook", "aggregate");
    board.write("naughty.xlsx", &sent);
    let daemon = board.start("2025-07-01T08:00:00Z");
    let said = daemon.submit("naughty.xlsx", "naughty", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("not accepted"), "{said}");
    daemon.ring().await;
    let letter = letters(&daemon, "answer_").pop().unwrap();
    let letter = MessageParser::default().parse(&letter).unwrap();
    let back = letter.attachment(0).unwrap();
    assert!(back.attachment_name().unwrap().ends_with(".xlsx"));
    let ((before, none), (after, formulas)) = (first_sheet(&sent), first_sheet(back.contents()));
    assert_eq!((none, formulas), (0, 0), "no text became a formula");
    let texts = |range: &Range<Data>| range.rows().map(|row| row[1].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&before), texts(&after));
    assert!(!daemon.log().contains("panicked"));
}

/// The names of the elements of a page.
fn elements(page: &str) -> BTreeSet<String> {
    let after = page.split('<').skip(1).map(|rest| rest.trim_start_matches('/'));
    after.map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
}

#[tokio::test]
async fn naughty_names_of_files_stay_words_in_mail_and_page() {
    let Some(strings) = strings() else { return };
    let is_a_name = |text: &&String| !text.is_empty() && !text.contains(['/', '\0']) && text.len() < 250;
    let names: Vec<&String> = strings.iter().filter(is_a_name).filter(|text| !text.starts_with('.')).collect();
    assert!(names.len() > 300, "{}", names.len());
    let daemon = board("csv", "child-level").start("2025-07-01T08:00:00Z");
    let page = || async { reqwest::get(daemon.page("/")).await.unwrap().text().await.unwrap() };
    daemon.board.write("in/plain.csv", "n,text\nmany,0\n");
    daemon.submit("in/plain.csv", "naughty", "police", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    let shape = |letter: &[u8]| {
        let letter = MessageParser::default().parse(letter).unwrap();
        let headers: Vec<String> = letter.headers().iter().map(|header| header.name().to_owned()).collect();
        let to = letter.to().unwrap().first().unwrap().address().unwrap().to_owned();
        (headers, elements(&letter.body_html(0).unwrap()), to.ends_with("@police.example"))
    };
    let (plain, shown) = (letters(&daemon, "answer_").pop().unwrap(), elements(&page().await));
    let expected = shape(&plain);
    for (number, name) in names.iter().enumerate() {
        let file = Path::new("in").join(name);
        daemon.board.write(file.to_str().unwrap(), format!("n,text\nmany,{}\n", number + 1));
        let said = daemon.submit(file.to_str().unwrap(), "naughty", "police", "2025-26-Q1").await;
        assert!(said.is_ok_and(|said| said.contains("not accepted")), "{name:?}");
    }
    daemon.ring().await;
    let answers = letters(&daemon, "answer_");
    assert!(answers.len() > names.len(), "{} letters for {} files", answers.len(), names.len());
    for letter in &answers {
        let told = shape(letter);
        assert_eq!(told, expected, "{}", String::from_utf8_lossy(letter));
    }
    assert_eq!(elements(&page().await), shown);
    let kept = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
    let kept: Vec<&String> = kept.iter().skip(1).map(|submission| &submission.name).collect();
    assert_eq!(kept.len(), names.len());
    assert!(!daemon.log().contains("panicked"));
}

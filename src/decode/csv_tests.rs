//! What people send as CSV.

use std::path::Path;

use super::*;
use crate::decode::wire::texts;

const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora");

fn read_text(text: &str) -> Result<Sheet, DecodeError> {
    read(&CsvOptions::default(), Bytes::copy_from_slice(text.as_bytes()), 1 << 20)
}

/// Headings, then each row's number and cells.
type Table = (Vec<String>, Vec<(u32, Vec<String>)>);

/// The table, or the error.
fn table(text: &str) -> Result<Table, String> {
    let sheet = read_text(text).map_err(|error| error.to_string())?;
    let columns = sheet.columns.clone();
    texts(sheet).map(|rows| (columns, rows)).map_err(|error| error.to_string())
}

fn numbers(text: &str) -> Vec<u32> {
    table(text).unwrap().1.into_iter().map(|(row, _)| row).collect()
}

fn error(text: &str) -> String {
    table(text).unwrap_err()
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_shows_them() {
    assert_eq!(numbers("a,b\n1,2\n3,4\n"), [2, 3]);
    assert_eq!(numbers("a,b\r\n\"1\r\n1\",2\r\n3,4"), [2, 3], "line ends inside quotes do not count");
    assert_eq!(numbers("a,b\n1,2\n\n,\n3,4\n"), [2, 5], "blank and cleared rows count and are left out");
    assert_eq!(numbers("\n\na,b\n1,2\n"), [4]);
    assert_eq!(numbers("a,b\r1,2\r3,4\r"), [2, 3]);
}

#[test]
fn the_delimiter_is_detected_among_four() {
    for (text, columns) in [
        ("Area;Rate, per 10,000\nYork;1,5\nLeeds;2,5\n", 2),
        ("Area\tRate\nYork\t1\n", 2),
        ("Area|Rate|Period\nYork|1|Q1\n", 3),
        ("Area,Rate\n\"York; City\",1\n", 2),
        ("\"Area\";\"Rate\"\n\"York\";\"1\"\n", 2),
        ("Area\nYork\n", 1),
        ("Area,Rate;x\nYork,1\nLeeds,2,3\n", 2),
    ] {
        assert_eq!(read_text(text).unwrap().columns.len(), columns, "{text}");
    }
}

#[test]
fn a_stated_delimiter_is_kept_to() {
    let options = CsvOptions { delimiter: Some(';'), encoding: None };
    let sheet = read(&options, Bytes::from_static(b"a,b,c;d\n1,2,3;4\n"), 1 << 20).unwrap();
    assert_eq!(sheet.columns, ["a,b,c", "d"]);
    for wrong in ['"', '\n', '€'] {
        let options = CsvOptions { delimiter: Some(wrong), encoding: None };
        assert!(matches!(read(&options, Bytes::from_static(b"a"), 1 << 20), Err(DecodeError::Delimiter(_))));
    }
}

#[test]
fn a_row_with_too_few_or_too_many_cells_is_named() {
    assert!(error("a,b\n1,2\n1,2,3\n").starts_with("row 3 has 3 cells where the headings have 2"));
    assert!(error("a,b\n1\n").starts_with("row 2 has 1 cells"));
}

#[test]
fn headings_must_differ_and_a_column_without_one_goes_by_its_letter() {
    assert_eq!(table("\"\",b,\n1,2,3\n").unwrap().0, ["(column A)", "b", "(column C)"]);
    assert_eq!(error("a, b,b\n1,2,3\n"), "columns B and C have the same heading; rename one of them");
    assert_eq!(table(" a ,b\n1,2\n").unwrap().0, ["a", "b"]);
}

#[test]
fn a_file_cut_off_inside_quotes_is_an_error() {
    assert!(error("a,b\n1,\"2\n3,4\n").starts_with("the quotation mark opened in row 2 is never closed"));
    assert!(error("a,b\n\"1\"x,2\n").starts_with("row 2 goes on after a closing quotation mark"));
}

#[test]
fn nothing_but_blank_lines_is_an_empty_file() {
    assert!(error("").starts_with("the file is empty"));
    assert!(error("\n\n,,\n").starts_with("the file is empty"));
    assert_eq!(table("a,b\n").unwrap().1.len(), 0);
}

#[test]
fn empty_cells_are_null_and_spaces_are_kept() {
    let sheet = read_text("a,b,c\n,\"\", x \n").unwrap();
    let batch = { sheet.rows }.next().unwrap().unwrap();
    assert_eq!(batch.columns()[1..].iter().map(|column| column.null_count()).collect::<Vec<_>>(), [1, 1, 0]);
}

#[test]
fn long_files_come_in_batches() {
    let text = format!("a\n{}", "x\n".repeat(20_000));
    let sizes: Vec<_> = read_text(&text).unwrap().rows.map(|batch| batch.unwrap().num_rows()).collect();
    assert_eq!(sizes, [8192, 8192, 3616]);
}

#[test]
fn more_than_the_allowed_size_is_refused() {
    let text = Bytes::from("a\n".repeat(100));
    assert!(matches!(read(&CsvOptions::default(), text, 100), Err(DecodeError::TooLarge(100))));
}

#[test]
fn csv_spectrum_equals_its_json() {
    let folder = Path::new(CORPORA).join("csv-spectrum");
    if !folder.exists() {
        return;
    }
    let mut compared = 0;
    for file in std::fs::read_dir(folder.join("csvs")).unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let (columns, rows) = table(&text).unwrap();
        let found: Vec<serde_json::Map<_, _>> = rows
            .into_iter()
            .map(|(_, cells)| columns.iter().cloned().zip(cells.into_iter().map(Into::into)).collect())
            .collect();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut expected = std::fs::read_to_string(folder.join("json").join(format!("{name}.json"))).unwrap();
        if !text.contains('\r') {
            // The corpus may have been fetched with its line ends changed.
            expected = expected.replace("\\r\\n", "\\n");
        }
        let expected: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&expected).unwrap();
        assert_eq!(found, expected, "{name}");
        compared += 1;
    }
    assert!(compared >= 11);
}

#[test]
fn bad_utf_8_is_refused_or_read_as_windows_wrote_it_but_never_replaced() {
    let Ok(corpus) = std::fs::read(Path::new(CORPORA).join("utf8/utf8tests.bin")) else { return };
    let whole = read(&CsvOptions { delimiter: Some('|'), encoding: None }, Bytes::from(corpus.clone()), 1 << 20);
    assert!(matches!(whole, Err(DecodeError::Encoding { .. })));
    let utf8 = CsvOptions { delimiter: Some('|'), encoding: Some(Encoding::Utf8) };
    for line in corpus.split(|byte| *byte == b'\n') {
        let file = Bytes::from([b"heading\n", line].concat());
        if let Ok(sheet) = read(&CsvOptions { delimiter: Some('|'), encoding: None }, file.clone(), 1 << 20)
            && let Ok(rows) = texts(sheet)
        {
            let had = line.windows(3).any(|bytes| bytes == "\u{FFFD}".as_bytes());
            assert!(had || rows.iter().all(|(_, cells)| cells.iter().all(|cell| !cell.contains('\u{FFFD}'))));
        }
        let strict = read(&utf8, file, 1 << 20);
        assert_eq!(strict.is_ok(), std::str::from_utf8(line).is_ok());
    }
}

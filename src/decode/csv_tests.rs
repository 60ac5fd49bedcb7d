//! What people send as CSV.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::decode::wire::texts;

const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora");

fn read_text(text: &str) -> Result<Sheet, DecodeError> {
    read(&CsvOptions::default(), text.as_bytes().to_vec().into())
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
    let options = CsvOptions { delimiter: Some(';'), ..Default::default() };
    let sheet = read(&options, b"a,b,c;d\n1,2,3;4\n".to_vec().into()).unwrap();
    assert_eq!(sheet.columns, ["a,b,c", "d"]);
    for wrong in ['"', '\n', '€'] {
        let options = CsvOptions { delimiter: Some(wrong), ..Default::default() };
        assert!(matches!(read(&options, b"a".to_vec().into()), Err(DecodeError::Delimiter(_))));
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
    let options = CsvOptions { delimiter: Some('|'), ..Default::default() };
    assert!(matches!(read(&options, corpus.clone().into()), Err(DecodeError::Encoding { .. })));
    let utf8 = CsvOptions { encoding: Some(Encoding::Utf8), ..options.clone() };
    for line in corpus.split(|byte| *byte == b'\n') {
        let file = [b"heading\n", line].concat();
        if let Ok(sheet) = read(&options, file.clone().into())
            && let Ok(rows) = texts(sheet)
        {
            let had = line.windows(3).any(|bytes| bytes == "\u{FFFD}".as_bytes());
            assert!(had || rows.iter().all(|(_, cells)| cells.iter().all(|cell| !cell.contains('\u{FFFD}'))));
        }
        let strict = read(&utf8, file.into());
        assert_eq!(strict.is_ok(), std::str::from_utf8(line).is_ok());
    }
}

/// The rows as the law reads them, one record after another.
fn lawful(text: &str, marks: Marks, width: usize, short_rows: bool) -> Result<Vec<(u32, Vec<String>)>, String> {
    let (mut records, mut record, mut rows) = (Records::of(text, marks), Record::default(), Vec::new());
    while records.next(&mut record).map_err(|error| error.to_string())? {
        if record.is_blank() {
            continue;
        }
        let mut cells: Vec<String> = record.cells().map(str::to_owned).collect();
        let surplus = cells.iter().skip(width).any(|cell| !cell.is_empty());
        if surplus || (cells.len() < width && !short_rows) {
            let (row, found) = (records.row, record.width());
            return Err(DecodeError::Ragged { row, found, expected: width }.to_string());
        }
        cells.resize(width, String::new());
        rows.push((records.row, cells));
    }
    Ok(rows)
}

fn columns(width: usize) -> Vec<String> {
    (0..width).map(|column| format!("c{column}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn a_piece_is_read_as_the_law_reads_it(
        text in prop_oneof![
            "([a-c\",;\r\n' é]|\"\"|a,b\n|\"x\"){0,40}",
            "(([a-cé]{0,9}|\"[a,\n\r]{0,5}(\"\")?\"),([a-c]{0,20}|\"\")(\r\n|\n)){0,20}",
        ],
        delimiter in prop_oneof![Just(b','), Just(b';')],
        quote in prop_oneof![Just(Some(b'"')), Just(Some(b'\'')), Just(None)],
        width in 1_usize..4,
        short_rows in any::<bool>(),
    ) {
        let marks = Marks { delimiter, quote };
        let shape = Shape { marks, schema: schema(&columns(width)), fewest: if short_rows { 0 } else { width } };
        let batch = fast::read(text.as_bytes(), 0, &shape).map_err(|error| error.to_string());
        let sheet = |batch| Sheet {
            name: None, header_row: 0, first_column: 0, columns: columns(width), counts: Vec::new(), remarks: Remarks::default(), below: Default::default(), rows: Rows::of(std::iter::once(Ok(batch)))
        };
        let read = batch.and_then(|batch| texts(sheet(batch)).map_err(|error| error.to_string()));
        prop_assert_eq!(read, lawful(&text, marks, width, short_rows));
    }

    #[test]
    fn a_text_is_cut_between_its_records(
        text in "([a-b\",\r\n]|\"\"|a,b\n|\"x\"|\"\r\n\"){0,60}",
        chunk in 1_usize..9,
    ) {
        let marks = Marks { delimiter: b',', quote: Some(b'"') };
        let (mut records, mut record) = (Records::of(&text, marks), Record::default());
        let mut ends = Vec::new();
        let mut error = false;
        while !error && records.at < text.len() {
            error = records.next(&mut record).is_err();
            ends.push(records.at);
        }
        let mut cutter = Cutter {
            text: TextReader::trickling(text.as_bytes(), chunk), buffer: BytesMut::new(), row: 0, marks, ended: false,
            footer: Footer { patterns: Vec::new(), at_blank_row: false, width: 1, below: Default::default() },
        };
        let (mut start, mut cut) = (0, Vec::new());
        while let Some(end) = cutter.record(start).unwrap() {
            cut.push(end);
            start = end;
        }
        // What follows an error is never read.
        let lawful = if error { ends.len() - 1 } else { ends.len() };
        prop_assert_eq!(&cut[..lawful], &ends[..lawful]);
        prop_assert!(error || cut.len() == ends.len());
    }
}

#[test]
fn empty_cells_behind_the_last_column_are_no_cells() {
    assert_eq!(table("a,b\n1,2,,\n3,4\n").unwrap().1[0], (2, vec!["1".to_owned(), "2".to_owned()]));
    let options = CsvOptions { short_rows: true, ..Default::default() };
    let sheet = read(&options, b"a,b,c\n1\n,,3\n".to_vec().into()).unwrap();
    let rows = texts(sheet).unwrap();
    assert_eq!(rows[0], (2, vec!["1".to_owned(), String::new(), String::new()]));
}

#[test]
fn notes_below_the_table_are_left_out_when_they_are_declared() {
    let rows = |options: &CsvOptions, text: &str| {
        let sheet = read(options, text.as_bytes().to_vec().into()).map_err(|error| error.to_string())?;
        texts(sheet)
            .map_err(|error| error.to_string())
            .map(|rows| rows.into_iter().map(|(row, _)| row).collect::<Vec<_>>())
    };
    let text = "a,b\n1,2\n3,4\nTotal,6\n\nSource: the police\n";
    let footer = CsvOptions { footer: vec!["Source:*".into(), "total*".into()], ..Default::default() };
    assert_eq!(rows(&footer, text).unwrap(), [2, 3]);
    let blank = CsvOptions { ends_at_blank_row: true, ..Default::default() };
    assert_eq!(rows(&blank, text).unwrap(), [2, 3, 4]);
    assert!(rows(&CsvOptions::default(), text).unwrap_err().starts_with("row 6 has 1 cells"));
    let long = format!("a,b\nTotal,1\n{}", "1,2\n".repeat(21));
    assert!(rows(&footer, &long).unwrap_err().starts_with("row 2 begins like the notes below the table"));
    assert_eq!(rows(&footer, &long.replacen("1,2\n", "", 1)).unwrap(), [0_u32; 0]);
}

#[test]
fn a_row_without_end_is_not_read_into_memory() {
    let text = format!("a,b\n1,\"{}", "x".repeat(MOST_RECORD + (1 << 20)));
    assert!(error(&text).starts_with("row 2 is longer than 16 MiB"));
}

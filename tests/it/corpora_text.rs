//! Text that nobody here wrote: dialects of CSV, and every way UTF-8 can be wrong.

use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray};
use quarterday::decode::{CsvOptions, Encoding, Format, Sheet, decode};

use crate::support::{launcher, shared};

async fn sheet(options: &CsvOptions, bytes: &[u8]) -> Result<Sheet, String> {
    let decoded = decode(&Format::Csv(options.clone()), bytes.to_vec(), &launcher()).await;
    decoded.map(|mut decoded| decoded.sheets.remove(0)).map_err(|error| error.to_string())
}

/// Every row's cells, an empty one as the empty text; or the error.
fn cells(sheet: Sheet) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    for batch in sheet.rows {
        let batch = batch.map_err(|error| error.to_string())?;
        for row in 0..batch.num_rows() {
            let cells = batch.columns()[1..].iter().map(|column| {
                let column = column.as_string::<i32>();
                if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
            });
            rows.push(cells.collect());
        }
    }
    Ok(rows)
}

#[tokio::test]
async fn csv_spectrum_reads_as_the_json_beside_it() {
    let Some(folder) = shared("corpora/csv-spectrum") else { return };
    let mut compared = 0;
    for file in std::fs::read_dir(folder.join("csvs")).unwrap() {
        let begun = Instant::now();
        let file = file.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        let sheet = sheet(&CsvOptions::default(), &bytes).await.unwrap();
        let columns = sheet.columns.clone();
        let found: Vec<serde_json::Map<_, _>> = cells(sheet)
            .unwrap()
            .into_iter()
            .map(|row| columns.iter().cloned().zip(row.into_iter().map(Into::into)).collect())
            .collect();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut expected = std::fs::read_to_string(folder.join(format!("json/{name}.json"))).unwrap();
        if !bytes.contains(&b'\r') {
            // The corpus may have been fetched with its line ends changed.
            expected = expected.replace("\\r\\n", "\\n");
        }
        let expected: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&expected).unwrap();
        assert_eq!(found, expected, "{name}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{name} took {:?}", begun.elapsed());
        compared += 1;
    }
    assert_eq!(compared, 11);
}

/// Each line of the corpus as a file of one column: read as what it says, or an error that names the byte, and no
/// character that stands for what could not be read.
#[tokio::test]
async fn what_is_no_utf_8_is_an_error_and_never_a_replacement_character() {
    let Some(corpus) = shared("corpora/utf8/utf8tests.bin") else { return };
    let corpus = std::fs::read(corpus).unwrap();
    let detected = CsvOptions { delimiter: Some('|'), ..Default::default() };
    let stated = CsvOptions { encoding: Some(Encoding::Utf8), ..detected.clone() };
    let (mut valid, mut refused, mut western) = (0, 0, 0);
    let begun = Instant::now();
    for line in corpus.split(|byte| *byte == b'\n') {
        let file = [b"heading\n", line, b"\n"].concat();
        match sheet(&stated, &file).await {
            Ok(sheet) => {
                let text = std::str::from_utf8(line).unwrap();
                // A row of something else than one cell, or a blank one, is not what is looked at here.
                if let Ok(rows) = cells(sheet)
                    && let [row] = rows.as_slice()
                    && !text.starts_with('"')
                {
                    assert_eq!(row[0], text.trim_end_matches('\r'));
                }
                valid += 1;
            }
            Err(error) => {
                let at = std::str::from_utf8(line).unwrap_err().valid_up_to() + "heading\n".len() + 1;
                assert!(error.starts_with(&format!("byte {at} (line 2) is not UTF-8")), "{error}");
                refused += 1;
            }
        }
        let had = line.windows(3).any(|bytes| bytes == "\u{FFFD}".as_bytes());
        if let Ok(sheet) = sheet(&detected, &file).await
            && let Ok(rows) = cells(sheet)
        {
            western += usize::from(std::str::from_utf8(line).is_err());
            assert!(had || !rows.iter().flatten().any(|cell| cell.contains('\u{FFFD}')));
        }
    }
    let each = begun.elapsed() / (valid + refused);
    assert!(each < Duration::from_secs(10), "{each:?} a line");
    assert!(
        valid > 70 && refused > 140 && western > 0,
        "{valid} read, {refused} refused, {western} read as Windows-1252"
    );
}

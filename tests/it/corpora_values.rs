//! What the workbooks of calamine's own corpus hold, cell by cell, as openpyxl reads them: through the reader of tables
//! where a sheet has one, and through the guard's, which reads every cell of every sheet, also of the `.xls`, `.xlsb` and
//! `.ods` beside an `.xlsx`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use arrow::array::{Array, AsArray};
use bytes::Bytes;
use quarterday::decode::{Format, Part, WorkbookOptions, decode, every_row, is_formula_error};
use serde_json::{Map, Value};

use crate::support::{launcher, python, shared};

/// The cells of every sheet of each workbook that openpyxl opens, by row and column from 1.
const CELLS: &str = r#"
import datetime, json, openpyxl, sys, warnings
warnings.simplefilter("ignore")
def cell(cell):
    value = cell.value
    if value is None or cell.data_type == "e":
        return None
    if isinstance(value, bool):
        return {"truth": value}
    if isinstance(value, (int, float)):
        return {"number": value}
    if isinstance(value, datetime.datetime) or isinstance(value, datetime.date):
        return {"day": value.strftime("%Y-%m-%d")}
    if isinstance(value, (datetime.time, datetime.timedelta)):
        return {"time": str(value)}
    return {"text": str(value)}
found = {}
for file in sys.argv[1:]:
    try:
        book = openpyxl.load_workbook(file, data_only=True)
    except Exception:
        continue
    sheets = {}
    for sheet in book.worksheets:
        cells = {}
        # Only the cells that are there: one of these sheets reaches into the last corner.
        for one in sheet._cells.values():
            told = cell(one)
            if told is not None:
                cells[f"{one.row} {one.column}"] = told
        sheets[sheet.title] = cells
    found[file] = sheets
print(json.dumps(found))
"#;

type Cells = BTreeMap<(u32, u32), String>;

/// Where the two differ, as `file: sheet (row, column): what is read here, of what openpyxl reads`: line ends that Excel
/// writes as `_x000D_`, headings on one line, and two workbooks that hold something else than the `.xlsx` of their name.
const APART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/corpora_values.txt");

fn workbooks() -> Option<Vec<PathBuf>> {
    let folder = shared("corpora/xlsx-calamine/tests")?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "xlsx" || ending == "xlsm"));
    files.sort();
    Some(files)
}

/// What the guard's reader sees on each sheet.
fn by_the_guard(bytes: &[u8]) -> Result<BTreeMap<String, Cells>, String> {
    let mut sheets: BTreeMap<String, Cells> = BTreeMap::new();
    let mut here = None;
    every_row(bytes, &mut |part| match part {
        Part::Sheet { name, .. } => {
            sheets.entry(name.to_owned()).or_default();
            here = Some(name.to_owned());
        }
        Part::Behind(_) => here = None,
        Part::Row { row, cells } => {
            if let Some(sheet) = here.as_ref().and_then(|name| sheets.get_mut(name)) {
                sheet.extend(cells.iter().map(|(column, text)| ((row, column + 1), text.clone())));
            }
        }
    })?;
    Ok(sheets)
}

/// What the reader of tables takes from each sheet that has one: headings and rows.
async fn as_tables(bytes: Vec<u8>) -> BTreeMap<String, Cells> {
    let format = Format::Workbook(WorkbookOptions::default());
    let Ok(decoded) = decode(&format, Bytes::from(bytes), &launcher()).await else { return BTreeMap::new() };
    let mut sheets = BTreeMap::new();
    for sheet in decoded.sheets {
        let mut cells = Cells::new();
        let columns = || sheet.first_column + 1..;
        for (heading, column) in sheet.columns.iter().zip(columns()) {
            cells.insert((sheet.header_row, column), heading.clone());
        }
        for batch in sheet.rows {
            let batch = batch.unwrap();
            let rows = batch.column(0).as_primitive::<arrow::datatypes::UInt32Type>().clone();
            for (texts, column) in batch.columns()[1..].iter().zip(columns()) {
                let texts = texts.as_string::<i32>();
                let filled = (0..texts.len()).filter(|at| texts.is_valid(*at));
                cells.extend(filled.map(|at| ((rows.value(at), column), texts.value(at).to_owned())));
            }
        }
        sheets.insert(sheet.name.unwrap(), cells);
    }
    sheets
}

/// Whether a cell reads as openpyxl has it.
fn is_same(text: Option<&str>, other: Option<&Value>) -> bool {
    let kind = |name: &str| other.and_then(|other| other.get(name));
    let shown = text.unwrap_or_default().trim();
    if let Some(number) = kind("number") {
        let number = number.as_f64().unwrap();
        // A spreadsheet shows fifteen digits.
        return shown.parse::<f64>().is_ok_and(|shown| (shown - number).abs() <= number.abs() * 1e-14);
    }
    if let Some(day) = kind("day") {
        return shown.starts_with(day.as_str().unwrap());
    }
    if let Some(truth) = kind("truth") {
        // The guard has no use for them.
        return shown.is_empty() || shown.eq_ignore_ascii_case(&truth.to_string());
    }
    if kind("time").is_some() {
        return true;
    }
    kind("text").map_or("", |text| text.as_str().unwrap()).trim() == shown
}

/// Holds what the guard's reader sees of a workbook to openpyxl's cells: how many they are, and which differ.
fn compared(name: &str, bytes: &[u8], sheets: &Map<String, Value>, differ: &mut Vec<String>) -> usize {
    let Ok(guard) = by_the_guard(bytes) else {
        differ.push(format!("{name}: refused"));
        return 0;
    };
    let (none, mut count) = (Cells::new(), 0);
    for (sheet, other) in sheets {
        let cells = guard.get(sheet).unwrap_or(&none);
        for (place, value) in other.as_object().unwrap() {
            let (row, column) = place.split_once(' ').unwrap();
            let key: (u32, u32) = (row.parse().unwrap(), column.parse().unwrap());
            let text = cells.get(&key).map(String::as_str);
            count += 1;
            if !is_same(text, Some(value)) {
                differ.push(format!("{name}: {sheet} {key:?}: {text:?} of {value}"));
            }
        }
    }
    count
}

#[tokio::test]
async fn every_cell_that_openpyxl_reads_of_calamines_workbooks_is_read_here() {
    let Some(files) = workbooks() else { return };
    let Some(told) = python::told(CELLS, &files) else { return };
    let (mut differ, mut books, mut of_sheets, mut of_tables, mut of_siblings) = (Vec::new(), 0, 0, 0, 0);
    for (file, sheets) in told.as_object().unwrap() {
        let (path, sheets) = (Path::new(file), sheets.as_object().unwrap());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(path).unwrap();
        books += 1;
        of_sheets += compared(&name(path), &bytes, sheets, &mut differ);
        // The same workbook as other programs save it, which openpyxl does not read.
        for sibling in ["xls", "xlsb", "ods"].map(|ending| path.with_extension(ending)) {
            if let Ok(bytes) = fs::read(&sibling) {
                of_siblings += compared(&name(&sibling), &bytes, sheets, &mut differ);
            }
        }
        let tables = as_tables(bytes).await;
        for (sheet, other) in sheets {
            for (key, text) in tables.get(sheet).into_iter().flatten() {
                let value = other.get(format!("{} {}", key.0, key.1));
                of_tables += 1;
                let is_given_here = text.starts_with("(column ") || is_formula_error(text);
                if !is_given_here && !is_same(Some(text), value) {
                    let (name, value) = (name(path), value.unwrap_or(&Value::Null));
                    differ.push(format!("{name}: {sheet} {key:?}: the table has {text:?} of {value}"));
                }
            }
        }
    }
    let known = fs::read_to_string(APART).unwrap();
    let (known, found): (BTreeSet<&str>, BTreeSet<&str>) =
        (known.lines().collect(), differ.iter().map(String::as_str).collect());
    let [new, gone] = [&found - &known, &known - &found].map(|lines| lines.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(new.is_empty() && gone.is_empty(), "new:\n{new}\ngone:\n{gone}");
    println!(
        "{books} workbooks, {of_sheets} cells of their sheets, {of_tables} of their tables, {of_siblings} of siblings"
    );
    assert!(books >= 62 && of_sheets >= 1393 && of_tables >= 727 && of_siblings >= 164, "{of_siblings}");
}

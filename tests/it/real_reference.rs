//! What others publish beside their figures: a dictionary, lists of areas and of neighbours, bank holidays. Every cell is
//! held to what another reader gives of the same file.

use std::{collections::BTreeMap, path::PathBuf};

use arrow::{
    array::RecordBatch,
    datatypes::DataType,
    util::display::{ArrayFormatter, FormatOptions},
};
use quarterday::check::{Finding, Past, RowCounts, TableContract};
use serde_json::Value;

use crate::{
    real_contracts::{of, real, run},
    support::{python, shared_data},
};

/// The records of each file: a list of cells a record, in the order of the columns.
const CSV: &str = r#"
import csv, json, sys
read = lambda file: list(csv.reader(open(file, encoding="utf-8-sig", newline="")))[1:]
print(json.dumps([read(file) for file in sys.argv[1:]]))
"#;

/// The rows of the first sheet below its headings, down to the first that begins with "Old SNs"; blank ones left out.
const WORKBOOK: &str = r#"
import json, openpyxl, sys
def read(file):
    rows = []
    for row in openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True):
        if row[1] == "Old SNs:":
            break
        if type(row[0]) is int and type(row[1]) is str:
            rows.append(row[:25])
    return rows
print(json.dumps([read(file) for file in sys.argv[1:]]))
"#;

/// By sheet, the cells of its one row under their headings; days as they are written here.
const BY_HEADING: &str = r#"
import datetime, json, openpyxl, sys
day = lambda cell: cell.strftime("%Y-%m-%d") if isinstance(cell, datetime.datetime) else cell
def read(file):
    sheets = {}
    for sheet in openpyxl.load_workbook(file).worksheets:
        headings, row = sheet.iter_rows(values_only=True)
        sheets[sheet.title] = {heading: day(cell) for heading, cell in zip(headings, row) if heading}
    return sheets
print(json.dumps([read(file) for file in sys.argv[1:]]))
"#;

/// Holds what was kept of a table to the other reader's records, which have a cell for each of its columns.
fn every_cell_is_the_same(table: &TableContract, batches: &[RecordBatch], expected: &Value, missing: &str) {
    let expected = expected.as_array().unwrap();
    let mut at = 0;
    for batch in batches {
        let options = FormatOptions::default();
        for row in 0..batch.num_rows() {
            let record = expected[at].as_array().unwrap();
            assert!(record.len() >= table.columns.len(), "{record:?}");
            for (column, cell) in table.columns.iter().zip(record) {
                let kept = batch.column_by_name(&column.name).unwrap();
                let shown = ArrayFormatter::try_new(kept, &options).unwrap().value(row).to_string();
                let written = match cell {
                    Value::String(text) if text.trim() == missing => String::new(),
                    Value::String(text) => text.trim().to_owned(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                let same = match kept.data_type() {
                    DataType::Utf8 if !column.allowed.is_empty() => shown.eq_ignore_ascii_case(&written),
                    DataType::Utf8 | DataType::Date32 | DataType::Boolean => shown == written,
                    _ => shown.parse::<f64>().ok() == written.parse::<f64>().ok(),
                };
                assert!(same, "record {}, {}: {shown:?} of {written:?}", at + 1, column.name);
            }
            at += 1;
        }
    }
    assert_eq!(at, expected.len());
}

/// How many findings there are of each rule, those included that are only counted.
fn counted(findings: &[Finding]) -> BTreeMap<&str, u64> {
    let mut rules = BTreeMap::new();
    for finding in findings {
        rules.entry(finding.rule.as_str()).or_insert_with(|| crate::real_lait::found(findings, &finding.rule));
    }
    rules
}

#[tokio::test]
async fn the_dictionary_of_each_release_is_read_as_it_is_with_what_is_wrong_in_it() {
    let Some(folder) = shared_data("lait") else { return };
    // Rows; then measures without a code, without decimals, with a serial for the day of the last update and of the next,
    // and without quartiles.
    let expected = [
        ("2024-12-18", 397, 0, 228, 0, 358, 6),
        ("2025-02-14", 403, 0, 234, 397, 367, 6),
        ("2025-05-28", 418, 5, 244, 407, 380, 6),
        ("2025-07-14", 441, 30, 264, 414, 403, 7),
    ];
    let files: Vec<PathBuf> =
        expected.iter().map(|(release, ..)| folder.join(release).join("lait_data_dictionary.csv")).collect();
    let Some(told) = python::told(CSV, &files) else { return };
    let contract = real("lait-dictionary");
    for (((release, rows, uncoded, no_decimals, last, next, unranked), file), told) in
        expected.into_iter().zip(&files).zip(told.as_array().unwrap())
    {
        let bytes = std::fs::read(file).unwrap();
        let (checked, batches) = run(&contract, release, bytes.into(), &Past::default()).await;
        assert_eq!(checked.rows(), RowCounts { read: rows, accepted: rows, refused: 0 }, "{release}");
        every_cell_is_the_same(&contract.tables[0], &batches, told, "NA");
        let mut rules = counted(checked.findings());
        let told = [
            ("required", uncoded),
            ("not-available", no_decimals),
            ("last-update-is-a-serial", last),
            ("next-update-is-a-serial", next),
            ("no-quartiles", unranked),
        ];
        for (rule, count) in told {
            assert_eq!(rules.remove(rule).unwrap_or_default(), count, "{release}: {rule}");
        }
        assert!(rules.is_empty(), "{release}: {rules:?}");
    }
}

#[tokio::test]
async fn the_list_of_areas_is_read_cell_by_cell_and_its_two_spellings_of_a_region_are_found() {
    let Some(file) = shared_data("lait").map(|folder| folder.join("la_code_list.xlsx")) else { return };
    let Some(told) = python::told(WORKBOOK, std::slice::from_ref(&file)) else { return };
    let contract = real("lait-areas");
    let (checked, batches) = run(&contract, "2025-07-14", std::fs::read(file).unwrap().into(), &Past::default()).await;
    assert_eq!(checked.rows(), RowCounts { read: 171, accepted: 171, refused: 0 });
    every_cell_is_the_same(&contract.tables[0], &batches, &told[0], "NA");
    let places = |rule| of(checked.findings(), rule).iter().map(|finding| finding.row.unwrap()).collect::<Vec<_>>();
    let spelt = told[0].as_array().unwrap().iter().position(|row| row[1] == "Yorkshire and the Humber").unwrap();
    assert_eq!(places("region-spelt-otherwise"), [u32::try_from(spelt).unwrap() + 2]);
    assert_eq!(places("discontinued"), [172], "England (discontinued)");
}

/// The columns of the ten neighbours, how close each is standing beside it.
const NEIGHBOURS: [usize; 10] = [5, 7, 9, 11, 13, 15, 17, 19, 21, 23];

#[tokio::test]
async fn both_sets_of_neighbours_are_read_cell_by_cell_and_what_stands_below_them_is_told() {
    let Some(folder) = shared_data("lait") else { return };
    // Rows; the first of the old ones below them, and how many those are.
    let expected = [("2021-04-01", "sn_april_2021.xlsx", 154, 161, 4), ("2025-05-01", "sn_may_2025.xlsx", 153, 160, 5)];
    let files: Vec<PathBuf> = expected.iter().map(|(_, file, ..)| folder.join(file)).collect();
    let Some(told) = python::told(WORKBOOK, &files) else { return };
    let contract = real("lait-neighbours");
    for (((release, _, rows, first, old), file), told) in expected.into_iter().zip(&files).zip(told.as_array().unwrap())
    {
        let (checked, batches) = run(&contract, release, std::fs::read(file).unwrap().into(), &Past::default()).await;
        assert_eq!(checked.rows(), RowCounts { read: rows, accepted: rows, refused: 0 }, "{release}");
        every_cell_is_the_same(&contract.tables[0], &batches, told, "-");
        let below = of(checked.findings(), "below-table");
        assert_eq!(below.len(), 1, "{release}: {:?}", checked.findings());
        assert_eq!(below[0].row, Some(first), "{release}");
        assert!(below[0].says.contains(&format!("of {old} rows below it {old} look")), "{release}: {}", below[0].says);
        let rows = told.as_array().unwrap();
        let cells = |at: &[usize]| at.iter().flat_map(|at| rows.iter().map(move |row| &row[*at])).collect::<Vec<_>>();
        let (neighbours, closeness) = (cells(&NEIGHBOURS), cells(&NEIGHBOURS.map(|at| at + 1)));
        let none = neighbours.iter().filter(|cell| **cell == "-").count() as u64;
        let spelt = ["Extremely close", "Very close", "Close", "Somewhat close", "Not close", "-"];
        let otherwise = closeness.iter().filter(|cell| !spelt.contains(&cell.as_str().unwrap())).count() as u64;
        let rules = counted(checked.findings());
        let of = |rule| rules.get(rule).copied().unwrap_or_default();
        assert_eq!([of("not-available"), of("spelling")], [none, otherwise], "{release}");
        assert!(none == 20 && otherwise > 1000 || none == 0 && otherwise == 0, "{release}: {none}, {otherwise}");
    }
}

#[tokio::test]
async fn the_bank_holidays_of_england_and_wales_are_read_from_among_those_of_three_divisions() {
    let Some(folder) = shared_data("calendar") else { return };
    let text = std::fs::read_to_string(folder.join("bank-holidays.json")).unwrap();
    let contract = real("bank-holidays");
    let (checked, batches) = run(&contract, "2025-07-14", text.clone().into(), &Past::default()).await;
    assert_eq!(checked.rows(), RowCounts { read: 140, accepted: 140, refused: 0 });
    assert_eq!(checked.findings(), []);
    let told: Value = serde_json::from_str(&text).unwrap();
    let events = told["england-and-wales"]["events"].as_array().unwrap();
    let in_order = |event: &Value| ["date", "title", "notes", "bunting"].map(|key| event[key].clone()).to_vec().into();
    let records: Vec<Value> = events.iter().map(in_order).collect();
    every_cell_is_the_same(&contract.tables[0], &batches, &records.into(), "");
}

#[tokio::test]
async fn the_workbooks_of_a_looked_after_childrens_return_hold_what_another_reader_finds_in_them() {
    let Some(folder) = shared_data("ssda903") else { return };
    let names = [("ssda903-providers", "scp_fake.xlsx"), ("ssda903-homes", "scp_ch_2025_fake.xlsx")];
    let files = names.map(|(_, file)| folder.join(file));
    let Some(told) = python::told(BY_HEADING, &files) else { return };
    for (((name, _), file), told) in names.iter().zip(&files).zip(told.as_array().unwrap()) {
        let contract = real(name);
        let bytes = std::fs::read(file).unwrap();
        let (checked, batches) = run(&contract, "2025-03-31", bytes.into(), &Past::default()).await;
        assert_eq!(checked.rows(), RowCounts { read: 2, accepted: 2, refused: 0 }, "{name}: one row a sheet");
        // Both have their sheets in the order of their names.
        let sheets: Vec<&Value> = told.as_object().unwrap().values().collect();
        assert_eq!((sheets.len(), batches.len()), (2, 2), "{name}");
        for ((table, batch), sheet) in contract.tables.iter().zip(&batches).zip(sheets) {
            let record: Vec<Value> = table.columns.iter().map(|column| sheet[&column.headings[0]].clone()).collect();
            assert!(record.iter().filter(|cell| !cell.is_null()).count() > 4, "{name}: {record:?}");
            every_cell_is_the_same(table, std::slice::from_ref(batch), &vec![Value::from(record)].into(), "");
        }
    }
}

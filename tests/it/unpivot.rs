//! Wide period columns become rows, in CSV and in workbooks alike: each row knows its cell, and a blank for a period that
//! has not ended is no missing row.

use bytes::Bytes;
use quarterday::{
    check::{Checked, Claim, Contract, Past, check},
    decode::decode,
};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use crate::support::{Kept, launcher, made_up, shared_data};

fn settled(format: &str, table: &str) -> Result<Contract, String> {
    made_up(&format!("format = {{ kind = \"{format}\" }}"), &format!("[[table]]\nname = \"missing\"\n{table}"))
}

fn contract(format: &str, table: &str) -> Contract {
    settled(format, table).unwrap_or_else(|problems| panic!("{problems}"))
}

const MONTHS: &str = r#"
unique = ["area", "month"]
[[table.column]]
name = "area"
headings = ["Area"]
type = "text"
required = true
[[table.column]]
name = "month"
type = "period"
required = true
[[table.column]]
name = "episodes"
type = "count"
required = true
max = 500
[table.unpivot]
into = "month"
value = "episodes"
[[table.rule]]
id = "even"
sql = "episodes % 2 = 0"
columns = ["episodes"]
says = "episodes are odd in {episodes}. Please check."
"#;

async fn run(contract: &Contract, file: Bytes) -> (Checked, Kept) {
    let decoded = decode(&contract.format, file, &launcher()).await.unwrap_or_else(|error| panic!("{error}"));
    let claim = Claim { obligation: "missing-children/police/2025-26-Q1".parse().unwrap(), submission: 1 };
    let mut kept = Kept::default();
    let checked = check(contract, claim, decoded, &Past::default(), &mut kept).await.unwrap();
    (checked, kept)
}

/// `severity C4 rule: sentence`, a line each.
fn told(checked: &Checked) -> String {
    let line = |finding: &quarterday::check::Finding| {
        let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
        let letter = finding.letter.as_deref().unwrap_or_default();
        format!("{} {letter}{row} {}: {}\n", finding.severity.as_str(), finding.rule, finding.says)
    };
    checked.findings().iter().map(line).collect()
}

/// The table's own columns of each row, behind the row's number.
fn rows(kept: &Kept) -> Vec<String> {
    let options = arrow::util::display::FormatOptions::default();
    let mut found = Vec::new();
    for (_, batch) in &kept.0 {
        let columns: Vec<_> = batch.columns()[4..]
            .iter()
            .map(|column| arrow::util::display::ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            found.push(cells.join("|"));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_column_for_each_month_becomes_a_row_for_each_month() {
    let csv = "Area,Apr 2025,May-25,2025-06\nYork,2,4,6\nLeeds,8,,c\n";
    let (checked, kept) = run(&contract("csv", MONTHS), csv.into()).await;
    assert_eq!(
        told(&checked),
        "error C3 required: \"May-25\" is empty. Please fill it in, or write x (not available) or z (not applicable).\n"
    );
    let filled = csv.replace("8,,c", "8,10,c");
    let (checked, kept_filled) = run(&contract("csv", MONTHS), filled.into()).await;
    assert_eq!(told(&checked), "");
    assert_eq!(
        rows(&kept_filled),
        [
            "2|York|2025-M04|2|",
            "2|York|2025-M05|4|",
            "2|York|2025-M06|6|",
            "3|Leeds|2025-M04|8|",
            "3|Leeds|2025-M05|10|",
            "3|Leeds|2025-M06||c",
        ]
    );
    assert_eq!(checked.rows().read, 6);
    assert!(rows(&kept).len() < 6);
}

#[tokio::test]
async fn columns_of_another_period_are_refused_and_uk_dates_head_them_too() {
    let (checked, _) = run(&contract("csv", MONTHS), "Area,Apr 2019,May 2019,Jun 2019\nYork,2,4,6\n".into()).await;
    assert!(
        told(&checked)
            .starts_with("error  period: no column is of April to June 2025 (Q1): the first is of April 2019")
    );
    let csv = "Area,01/04/2025,5/2025,01/06/2025\nYork,2,4,6\n";
    let (checked, kept) = run(&contract("csv", MONTHS), csv.into()).await;
    assert_eq!(told(&checked), "");
    assert_eq!(rows(&kept), ["2|York|2025-M04|2|", "2|York|2025-M05|4|", "2|York|2025-M06|6|"]);
}

#[tokio::test]
async fn findings_point_at_the_cell_each_row_came_from() {
    let csv = "Note,Area,Apr 2025,May 2025,Jun 2025\nx,York,2,many,3\nx,Leeds,501,4,6\n";
    let table = MONTHS.replacen("unique", "extra_columns = \"ignore\"\nunique", 1);
    let (checked, _) = run(&contract("csv", &table), csv.into()).await;
    let places: Vec<String> = told(&checked).lines().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(places, ["error C3 range", "error C3 even", "error D2 type", "error E2 even"]);
    assert!(told(&checked).contains("episodes are odd in E2."), "{}", told(&checked));
}

#[tokio::test]
async fn a_blank_for_a_period_still_ahead_is_no_missing_row() {
    let csv = "Area,Apr 2025,May 2025,Jun 2025,Jul 2025,Aug 2025\nYork,2,4,6,,\nLeeds,2,4,6,8,\n";
    let (checked, kept) = run(&contract("csv", MONTHS), csv.into()).await;
    assert_eq!(told(&checked), "");
    let july: Vec<String> = rows(&kept).into_iter().filter(|row| row.contains("M07")).collect();
    assert_eq!((july, rows(&kept).len()), (vec!["3|Leeds|2025-M07|8|".to_owned()], 7));
}

#[tokio::test]
async fn workbooks_with_dates_for_headings_and_two_figures_a_month_are_read_alike() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Return").unwrap();
    let month = Format::new().set_num_format("mmm yyyy");
    sheet.write_string(0, 0, "Missing children by month").unwrap();
    sheet.merge_range(2, 1, 3, 1, "Area", &Format::new()).unwrap();
    for (at, first) in [(0_u16, 4_u8), (1, 5)] {
        let column = 2 + 2 * at;
        sheet.merge_range(2, column, 2, column + 1, "", &month).unwrap();
        let day = ExcelDateTime::from_ymd(2025, first, 1).unwrap();
        sheet.write_datetime_with_format(2, column, day, &month).unwrap();
        sheet.write_string(3, column, "Episodes").unwrap();
        sheet.write_string(3, column + 1, "Children").unwrap();
    }
    for (column, figure) in (2..).zip([4, 2, 6, 3]) {
        sheet.write_number(4, column, figure).unwrap();
    }
    sheet.write_string(4, 1, "York").unwrap();
    sheet.write_string(5, 1, "Leeds").unwrap();
    for (column, figure) in (2..).zip([8, 2, 10]) {
        sheet.write_number(5, column, figure).unwrap();
    }
    sheet.write_string(5, 5, "few").unwrap();
    let table = MONTHS
        .replace("value = \"episodes\"", "values = [\"episodes\", \"children\"]")
        .replace("name = \"episodes\"", "name = \"episodes\"\nheadings = [\"Episodes\"]")
        .replace(
            "[table.unpivot]",
            "[[table.column]]\nname = \"children\"\nheadings = [\"Children\"]\ntype = \"count\"\n[table.unpivot]",
        );
    let table = format!("sheet = \"Return\"\nheader_rows = 2\n{table}");
    let (checked, _) = run(&contract("workbook", &table), book.save_to_buffer().unwrap().into()).await;
    assert_eq!(
        told(&checked),
        "error F6 type: \"2025-05-01 / Children\" is not a number. Please write one, or x (not available) or z (not \
         applicable).\nquery  period: there is no column for June 2025. Is that right, and why?\n"
    );
    sheet_with_figure(&mut book, 5, 5, 5);
    let (checked, kept) = run(&contract("workbook", &table), book.save_to_buffer().unwrap().into()).await;
    assert_eq!(told(&checked), "query  period: there is no column for June 2025. Is that right, and why?\n");
    assert_eq!(
        rows(&kept),
        ["5|York|2025-M04|4||2|", "5|York|2025-M05|6||3|", "6|Leeds|2025-M04|8||2|", "6|Leeds|2025-M05|10||5|"]
    );
}

fn sheet_with_figure(book: &mut Workbook, row: u32, column: u16, figure: u32) {
    book.worksheet_from_name("Return").unwrap().write_number(row, column, figure).unwrap();
}

#[tokio::test]
async fn headings_that_fit_a_pattern_are_meant_and_kept_as_written() {
    let table = MONTHS
        .replace("type = \"period\"", "type = \"text\"")
        .replace("value = \"episodes\"", "value = \"episodes\"\npattern = \"^Ward \"");
    let (checked, kept) = run(&contract("csv", &table), "Area,Ward 1,Ward 2,Apr 2025\nYork,2,4,6\n".into()).await;
    assert_eq!(rows(&kept), ["2|York|Ward 1|2|", "2|York|Ward 2|4|"]);
    assert!(told(&checked).starts_with("query D heading-unknown: \"Apr 2025\""), "{}", told(&checked));
}

#[tokio::test]
async fn a_file_without_a_single_period_is_told_so() {
    let (checked, _) = run(&contract("csv", MONTHS), "Area,Total\nYork,2\n".into()).await;
    assert!(told(&checked).contains("error  column-missing: no column is headed by a period"), "{}", told(&checked));
    let (checked, _) = run(&contract("csv", MONTHS), "Area,Apr 2025,April 2025\nYork,2,2\n".into()).await;
    assert!(told(&checked).contains("error C column-twice"), "{}", told(&checked));
}

#[test]
fn an_unpivot_that_cannot_be_meant_is_refused() {
    let refused = |from: &str, to: &str| settled("csv", &MONTHS.replace(from, to)).unwrap_err();
    assert!(refused("into = \"month\"", "into = \"episodes\"").contains("a text or period column"));
    assert!(refused("value = \"episodes\"", "").contains("either value or values"));
    assert!(refused("value = \"episodes\"", "values = [\"cases\"]").contains("it has no \"cases\""));
    assert!(refused("value = \"episodes\"", "value = \"episodes\"\npattern = \"(\"").contains("pattern"));
    assert!(refused("value = \"episodes\"", "value = \"episodes\"\nyears = \"tax\"").contains("financial"));
}

/// The local authority tool's long table made wide again, as people send it on: every shape of year it has.
#[tokio::test]
async fn every_year_of_the_local_authority_tool_becomes_a_row() {
    let Some(folder) = shared_data("lait") else { return };
    let python = std::env::var("QUARTERDAY_TEST_VENV").map(|venv| format!("{venv}/bin/python"));
    let Ok(python) = python else {
        assert!(!crate::support::in_ci(), "the virtual environment is required in CI");
        println!("skipped: no virtual environment");
        return;
    };
    let script = r#"
import csv, sys, pyarrow.parquet as pq
rows = pq.read_table(sys.argv[1]).to_pylist()
wanted = {"RTA", "FirstYJS", "PreChildDea"}
years, table = [], {}
for row in rows:
    if row["Short Desc"] in wanted:
        if row["Years"] not in years: years.append(row["Years"])
        table.setdefault((row["LA and Regions"], row["Short Desc"]), {})[row["Years"]] = row["Values"]
out = csv.writer(sys.stdout)
out.writerow(["Area", "Measure", *years])
for (area, measure), values in table.items():
    out.writerow([area, measure, *(values.get(year, "-") for year in years)])
"#;
    let release = folder.join("2025-07-14/bds_long_0.parquet");
    let output = std::process::Command::new(python).args(["-c", script]).arg(release).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let csv = String::from_utf8(output.stdout).unwrap();
    let years = csv.lines().next().unwrap().split(',').count() - 2;
    let table = r#"
        missing = ["-"]
        [[table.column]]
        name = "area"
        headings = ["Area"]
        type = "text"
        [[table.column]]
        name = "measure"
        headings = ["Measure"]
        type = "text"
        [[table.column]]
        name = "years"
        type = "text"
        [[table.column]]
        name = "figure"
        type = "decimal"
        decimals = 6
        [table.unpivot]
        into = "years"
        value = "figure"
        "#;
    let wide = csv.lines().count() - 1;
    let (checked, kept) = run(&contract("csv", table), csv.into()).await;
    assert!(years > 8 && wide > 300, "{years} years, {wide} rows");
    assert_eq!(rows(&kept).len(), years * wide, "{}", told(&checked));
    assert!(!told(&checked).contains("error") && !told(&checked).contains("query"), "{}", told(&checked));
}

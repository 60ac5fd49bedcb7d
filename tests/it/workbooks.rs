//! Workbooks as agencies send them: found by name, range or headings, with titles, merged headings, hidden rows and
//! formulas, in each of the four kinds. Findings point at the cell the sender sees.

use bytes::Bytes;
use quarterday::{
    check::{Claim, Contract, Judgement, Past, check},
    decode::decode,
};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use crate::support::{
    Kept, TestBoard,
    books::{Book, Held, ods, zipped},
    launcher, made_up,
    returns::definition,
};

/// A contract over workbooks with these tables.
fn contract(tables: &str) -> Contract {
    settled(tables).unwrap_or_else(|problems| panic!("{problems}"))
}

fn settled(tables: &str) -> Result<Contract, String> {
    made_up("format = { kind = \"workbook\" }", tables)
}

/// One table: where it stands, then its columns as `name: heading, type`.
fn table(name: &str, stands: &str, columns: &[(&str, &str, &str)]) -> String {
    let mut text = format!("[[table]]\nname = \"{name}\"\n{stands}\n");
    for (name, heading, kind) in columns {
        text += &format!("[[table.column]]\nname = \"{name}\"\nheadings = [\"{heading}\"]\ntype = \"{kind}\"\n");
    }
    text
}

const COLUMNS: [(&str, &str, &str); 2] = [("area", "Area", "text"), ("episodes", "Episodes", "count")];

struct Told {
    /// `severity Sheet!C4 rule: sentence`, a line each.
    findings: String,
    /// `table: value | value`, a line for each row.
    rows: String,
    judgement: Judgement,
    ignored: Vec<String>,
}

async fn read(contract: &Contract, book: Bytes) -> Told {
    let decoded = decode(&contract.format, book, &launcher()).await.unwrap_or_else(|error| panic!("{error}"));
    let claim = Claim { obligation: "missing-children/police/2025-26-Q1".parse().unwrap(), submission: 1 };
    let mut kept = Kept::default();
    let checked = check(contract, claim, decoded, &Past::default(), &mut kept).await.unwrap();
    let line = |finding: &quarterday::check::Finding| {
        let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
        let (sheet, letter) = (finding.sheet.as_deref().unwrap_or("-"), finding.letter.as_deref().unwrap_or_default());
        format!("{} {sheet}!{letter}{row} {}: {}\n", finding.severity.as_str(), finding.rule, finding.says)
    };
    Told {
        findings: checked.findings().iter().map(line).collect(),
        rows: rows(&kept),
        judgement: checked.judgement().clone(),
        ignored: checked.ignored_sheets().to_vec(),
    }
}

/// The table's own columns of each row, without the warehouse's.
fn rows(kept: &Kept) -> String {
    let options = arrow::util::display::FormatOptions::default();
    let mut text = String::new();
    for (table, batch) in &kept.0 {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .zip(batch.schema().fields())
            .filter(|(_, field)| {
                let keys = ["return_id", "agency", "period", "submission"];
                !keys.contains(&field.name().as_str()) && !field.name().ends_with("_status")
            })
            .map(|(column, _)| arrow::util::display::ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            text += &format!("{}: {}\n", table.trim_start_matches("returns."), cells.join(" | "));
        }
    }
    text
}

async fn refused(contract: &Contract, book: Bytes) -> String {
    decode(&contract.format, book, &launcher()).await.err().unwrap().to_string()
}

fn saved(mut book: Workbook) -> Bytes {
    book.save_to_buffer().unwrap().into()
}

/// A workbook with one sheet, "Return".
fn one_sheet(fill: impl FnOnce(&mut Worksheet)) -> Bytes {
    let mut book = Workbook::new();
    fill(book.add_worksheet().set_name("Return").unwrap());
    saved(book)
}

fn write(sheet: &mut Worksheet, row: u32, column: u16, texts: &[&str]) {
    for (column, text) in (column..).zip(texts).filter(|(_, text)| !text.is_empty()) {
        match text.parse::<f64>() {
            Ok(number) => sheet.write_number(row, column, number).unwrap(),
            Err(_) => sheet.write_string(row, column, *text).unwrap(),
        };
    }
}

#[tokio::test]
async fn the_four_kinds_of_workbook_are_told_the_same() {
    let book = Book {
        cells: vec![
            (0, 1, Held::Text("Children missing from home, by area")),
            (2, 1, Held::Text("Area")),
            (2, 2, Held::Text("Police")),
            (3, 2, Held::Text("Episodes")),
            (3, 3, Held::Text("Share")),
            (4, 1, Held::Text("York")),
            (4, 2, Held::Number(12.0)),
            (4, 3, Held::Percent(0.125)),
            (6, 1, Held::Text("Leeds")),
            (6, 2, Held::Text("many")),
            (6, 3, Held::Percent(0.07)),
            (7, 1, Held::Text("Hull")),
            (7, 2, Held::Number(3.0)),
        ],
        hidden_rows: vec![7, 9],
        hidden_columns: vec![3],
        merged: vec![(2, 1, 3, 1), (2, 2, 2, 3)],
        is_1904: false,
    };
    let contract = contract(&table(
        "missing",
        "sheet = \"Return\"\nheader_rows = 2",
        &[("area", "Area", "text"), ("episodes", "Police / Episodes", "count"), ("share", "Police / Share", "decimal")],
    ));
    let books = book.in_every_kind();
    for (kind, bytes) in books {
        let told = read(&contract, bytes).await;
        let expected = "\
            error Return!C7 type: \"Police / Episodes\" is not a number. Please write one, or x (not available) or z (not \
            applicable).\n\
            note Return!8 hidden: row 8 is hidden, and is read all the same. Is that meant? If not, please show or delete \
            it.\n\
            note Return!D hidden: this column is hidden, and is read all the same. Is that meant? If not, please show or \
            delete it.\n";
        assert_eq!(told.findings, expected, "{kind}");
    }
    let mended = Book { cells: book.cells.into_iter().filter(|(row, _, _)| *row != 6).collect(), ..book };
    for (kind, bytes) in mended.in_every_kind() {
        let told = read(&contract, bytes).await;
        assert_eq!(told.rows, "missing: 5 | York | 12 | 12.50\nmissing: 8 | Hull | 3 | \n", "{kind}");
    }
}

#[tokio::test]
async fn the_row_of_headings_is_the_one_with_the_returns_headings() {
    let book = one_sheet(|sheet| {
        write(sheet, 0, 0, &["Return for", "Exampleshire"]);
        write(sheet, 1, 0, &["Please", "fill in", "the white cells"]);
        write(sheet, 4, 2, &["Area", "Episodes"]);
        write(sheet, 5, 2, &["York", "7"]);
    });
    let told = read(&contract(&table("missing", "sheet = \"Return\"", &COLUMNS)), book).await;
    assert_eq!((told.findings.as_str(), told.rows.as_str()), ("", "missing: 6 | York | 7\n"));
}

#[tokio::test]
async fn a_misspelt_heading_is_named_at_the_row_that_has_most_of_them() {
    let book = one_sheet(|sheet| {
        write(sheet, 0, 0, &["Return for", "Exampleshire"]);
        write(sheet, 3, 1, &["Area", "Epsodes"]);
        write(sheet, 4, 1, &["York", "7"]);
    });
    let told = read(&contract(&table("missing", "sheet = \"Return\"", &COLUMNS)), book).await;
    assert_eq!(
        told.findings,
        "error Return! column-missing: the column \"Episodes\" is missing. If \"Epsodes\" in column C is meant, please \
         correct its heading.\n"
    );
}

#[tokio::test]
async fn a_sheet_may_go_by_several_names_a_pattern_or_none() {
    let book = || {
        let mut book = Workbook::new();
        write(book.add_worksheet().set_name("Notes").unwrap(), 0, 0, &["How to fill in", "this workbook"]);
        let data = book.add_worksheet().set_name("Data Q1").unwrap();
        write(data, 0, 0, &["Area", "Episodes"]);
        write(data, 1, 0, &["York", "7"]);
        saved(book)
    };
    for stands in ["sheets = [\"Return\", \"data  q1\"]", "sheet = \"Data*\"", "sheets = [\"Return*\", \"*q1\"]", ""] {
        let told = read(&contract(&table("missing", stands, &COLUMNS)), book()).await;
        assert_eq!((told.findings.as_str(), told.rows.as_str()), ("", "missing: 2 | York | 7\n"), "{stands}");
        assert_eq!(told.ignored, ["Notes"], "{stands}");
    }
    let told = read(&contract(&table("missing", "sheet = \"Return\"", &COLUMNS)), book()).await;
    assert!(told.findings.contains("the workbook has no sheet \"Return\""), "{}", told.findings);
    let strange = [("ward", "Ward", "text"), ("cases", "Cases", "count")];
    let told = read(&contract(&table("missing", "", &strange)), book()).await;
    assert!(
        told.findings.contains("no sheet of the workbook has the headings \"Ward\", \"Cases\""),
        "{}",
        told.findings
    );
}

#[tokio::test]
async fn a_range_or_a_defined_name_says_which_part_is_the_table() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("All in one").unwrap();
    for (column, figure) in [(1, "7"), (5, "many")] {
        write(sheet, 2, column, &["Area", "Episodes"]);
        write(sheet, 3, column, &["York", figure]);
        write(sheet, 4, column, &["Total", "99"]);
    }
    book.define_name("Care", "='All in one'!$F$3:$G$4").unwrap();
    let book = saved(book);
    let tables = table("home", "sheet = \"All in one\"\nrange = \"B3:C4\"", &COLUMNS)
        + &table("care", "range = \"care\"", &COLUMNS);
    let told = read(&contract(&tables), book.clone()).await;
    assert!(told.findings.starts_with("error All in one!G4 type"), "{}", told.findings);
    assert!(!told.findings.contains("Total") && told.findings.lines().count() == 1, "{}", told.findings);
    let unknown = refused(&contract(&table("care", "range = \"Figures\"", &COLUMNS)), book).await;
    assert!(unknown.starts_with("the workbook has no range named \"Figures\""), "{unknown}");
}

#[tokio::test]
async fn several_tables_on_one_sheet_are_found_by_their_headings() {
    let book = one_sheet(|sheet| {
        write(sheet, 0, 0, &["Table 1: missing"]);
        write(sheet, 1, 0, &["Area", "Episodes", "", "Ward", "Cases", "Note"]);
        write(sheet, 2, 0, &["York", "7", "", "Fishergate", "1", "x"]);
        write(sheet, 3, 0, &["Leeds", "8"]);
        write(sheet, 5, 0, &["Table 2: interviews"]);
        write(sheet, 6, 1, &["Who", "Held"]);
        write(sheet, 7, 1, &["Police", "five"]);
    });
    let tables = table("missing", "sheet = \"Return\"\nends_at_blank_row = true", &COLUMNS)
        + &table(
            "wards",
            "sheet = \"Return\"\nends_at_blank_row = true",
            &[("ward", "Ward", "text"), ("cases", "Cases", "count")],
        )
        + &table("interviews", "sheet = \"Return\"", &[("who", "Who", "text"), ("held", "Held", "count")]);
    let told = read(&contract(&tables), book).await;
    assert_eq!(told.rows, "missing: 3 | York | 7\nmissing: 4 | Leeds | 8\nwards: 3 | Fishergate | 1\n");
    assert!(told.findings.contains("error Return!C8 type"), "{}", told.findings);
    assert!(told.findings.contains("query Return!F heading-unknown: \"Note\""), "{}", told.findings);
}

#[tokio::test]
async fn a_table_ends_above_its_footer() {
    let book = one_sheet(|sheet| {
        write(sheet, 0, 0, &["Area", "Episodes"]);
        write(sheet, 1, 0, &["York", "7"]);
        write(sheet, 2, 0, &["Total for all areas", "7"]);
        write(sheet, 4, 0, &["Source: case system"]);
    });
    let footed = table("missing", "sheet = \"Return\"\nfooter = [\"total*\"]", &COLUMNS);
    let told = read(&contract(&footed), book).await;
    assert_eq!((told.findings.as_str(), told.rows.as_str()), ("", "missing: 2 | York | 7\n"));
}

#[tokio::test]
async fn rows_below_the_end_of_a_table_are_told_where_they_look_like_rows_of_it() {
    let book = || {
        one_sheet(|sheet| {
            write(sheet, 0, 0, &["Area", "Episodes"]);
            write(sheet, 1, 0, &["York", "7"]);
            write(sheet, 3, 0, &["Source: case system"]);
            for row in 5..2005 {
                write(sheet, row, 0, &["Leeds", "8"]);
            }
        })
    };
    for (stands, end, rows) in [("ends_at_blank_row = true", 3, "2,001"), ("footer = [\"Source*\"]", 4, "2,000")] {
        let told = read(&contract(&table("missing", &format!("sheet = \"Return\"\n{stands}"), &COLUMNS)), book()).await;
        let expected = format!(
            "query Return!6 below-table: the table ends at row {end}; of {rows} rows below it 2,000 look like those of \
             the table, the first in row 6. They are not read. Please put such rows above row {end}, or tell us that they \
             are something else.\n"
        );
        assert_eq!((told.findings, told.rows.as_str()), (expected, "missing: 2 | York | 7\n"));
    }
    let notes = one_sheet(|sheet| {
        write(sheet, 0, 0, &["Area", "Episodes"]);
        write(sheet, 1, 0, &["York", "7"]);
        for row in 4..40 {
            write(sheet, row, 0, &["a note", "", "", "and another"]);
        }
    });
    let blank = table("missing", "sheet = \"Return\"\nends_at_blank_row = true\nextra_columns = \"ignore\"", &COLUMNS);
    assert_eq!(read(&contract(&blank), notes).await.findings, "");
}

#[tokio::test]
async fn columns_without_headings_are_told_together_and_only_if_something_stands_in_them() {
    let book = |cell: &'static str| {
        one_sheet(|sheet| {
            write(sheet, 0, 0, &["Area", "Episodes"]);
            sheet.write_string(0, 16_383, "Note").unwrap();
            write(sheet, 1, 0, &["York", "7", "", cell, cell, "", cell]);
        })
    };
    let of = |extra: &str| {
        contract(&table("missing", &format!("sheet = \"Return\"\nextra_columns = \"{extra}\""), &COLUMNS))
    };
    let note = "error Return!XFD heading-unknown: \"Note\" is not part of this return. Please delete it, or tell us what \
                it holds.\n";
    assert_eq!(read(&of("error"), book("")).await.findings, note);
    let told = read(&of("error"), book("x")).await;
    let together = "error Return!D heading-unknown: columns D, E and G have no heading and are not read. Please give each \
                    one, or delete them.\n";
    assert_eq!(told.findings, format!("{note}{together}"));
    assert_eq!(read(&of("ignore"), book("x")).await.findings, "");
}

#[tokio::test]
async fn what_is_hidden_is_read_and_told_or_left_out_and_told() {
    let book = || {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("Return").unwrap();
        write(sheet, 0, 0, &["Area", "Episodes", "Comment"]);
        for (row, area) in (1..).zip(["York", "Leeds", "Hull", "Selby", "Ripon"]) {
            write(sheet, row, 0, &[area, "7", "x"]);
        }
        for row in [2, 3, 5] {
            sheet.set_row_hidden(row).unwrap();
        }
        sheet.set_column_hidden(2).unwrap();
        let more = book.add_worksheet().set_name("More").unwrap();
        write(more, 0, 0, &["Ward", "Cases"]);
        write(more, 1, 0, &["Fishergate", "1"]);
        more.set_very_hidden(true);
        saved(book)
    };
    let wards = [("ward", "Ward", "text"), ("cases", "Cases", "count")];
    let tables = |hidden: &str| {
        table("missing", &format!("sheet = \"Return\"\nextra_columns = \"ignore\"\n{hidden}"), &COLUMNS)
            + &table("wards", &format!("sheet = \"More\"\noptional = true\n{hidden}"), &wards)
    };
    let told = read(&contract(&tables("")), book()).await;
    assert_eq!(
        told.findings,
        "note Return!3 hidden: 3 rows are hidden (3 to 4, 6), and are read all the same. Is that meant? If not, please show \
         or delete them.\n\
         note Return!C hidden: this column is hidden, and is read all the same. Is that meant? If not, please show or \
         delete it.\n\
         note More! hidden: the whole sheet is hidden, and is read all the same. Is that meant?\n"
    );
    assert_eq!((told.rows.lines().count(), told.judgement), (6, Judgement::Accepted));
    let told = read(&contract(&tables("hidden = \"ignore\"")), book()).await;
    assert_eq!(told.rows, "missing: 2 | York | 7\nmissing: 5 | Selby | 7\n");
    assert!(told.findings.contains("note Return!3 hidden: 3 rows are hidden (3 to 4, 6), and are left out"));
    assert_eq!(told.ignored, ["More"]);
}

#[tokio::test]
async fn a_formula_counts_with_the_value_it_was_saved_with() {
    let book = one_sheet(|sheet| {
        write(sheet, 0, 0, &["Area", "Episodes"]);
        for (row, result) in [(1, "12"), (2, "#DIV/0!"), (3, "#REF!")] {
            sheet.write_string(row, 0, "York").unwrap();
            sheet.write_formula(row, 1, Formula::new("=1+11").set_result(result)).unwrap();
        }
        sheet.write_formula(4, 0, Formula::new("=Other!A1").set_result("#N/A")).unwrap();
        sheet.write_number(4, 1, 1).unwrap();
    });
    let told = read(&contract(&table("missing", "sheet = \"Return\"", &COLUMNS)), book).await;
    let lines: Vec<&str> = told.findings.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["error Return!A5 formula", "error Return!B3 formula", "error Return!B4 formula"]);
}

#[tokio::test]
async fn a_formula_that_was_never_worked_out_is_no_empty_cell() {
    let sheet = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
        <row r="1"><c r="A1" t="inlineStr"><is><t>Area</t></is></c><c r="B1" t="inlineStr"><is><t>Episodes</t></is></c></row>
        <row r="2"><c r="A2" t="inlineStr"><is><t>York</t></is></c><c r="B2"><f>SUM(C1:C9)</f><v></v></c></row>
        <row r="3"><c r="A3" t="inlineStr"><is><t>Leeds</t></is></c><c r="B3"><f>SUM(C1:C9)</f><v>4</v></c></row>
        </sheetData></worksheet>"#;
    let told = read(&contract(&table("missing", "sheet = \"Return\"", &COLUMNS)), plain_xlsx(sheet)).await;
    assert_eq!(
        told.findings,
        "error Return!B2 formula: \"Episodes\" has a formula that was never worked out. Please open the workbook in Excel, \
         save it and send it again.\n"
    );
    let content = r#"<table:table table:name="Return"><table:table-row><table:table-cell office:value-type="string"><text:p>Area</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>Episodes</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>York</text:p></table:table-cell><table:table-cell table:formula="of:=SUM([.C1])"/></table:table-row></table:table>"#;
    let told = read(&contract(&table("missing", "sheet = \"Return\"", &COLUMNS)), ods(content)).await;
    assert!(told.findings.starts_with("error Return!B2 formula"), "{}", told.findings);
}

/// An .xlsx workbook with this one sheet and nothing else.
fn plain_xlsx(sheet: &str) -> Bytes {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relationship = |kind: &str, target: &str| {
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let book = format!(
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{OFFICE}"><sheets><sheet name="Return" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", relationship("officeDocument", "xl/workbook.xml").as_bytes()),
        ("xl/_rels/workbook.xml.rels", relationship("worksheet", "worksheets/sheet1.xml").as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// One row of figures as they should be, as spreadsheets store them.
fn good_figures(sheet: &mut Worksheet) {
    let (day, percent) = (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("0%"));
    write(sheet, 0, 0, &["Crime number", "Episodes", "Rate", "Share", "On", "Seen"]);
    sheet.write_string(1, 0, "0012\u{a0}").unwrap();
    sheet.write_string(1, 1, " 12 ").unwrap();
    sheet.write_number(1, 2, 274.1_f64.next_up()).unwrap();
    sheet.write_number_with_format(1, 3, 0.12, &percent).unwrap();
    sheet.write_datetime_with_format(1, 4, ExcelDateTime::from_ymd(2025, 6, 30).unwrap(), &day).unwrap();
    sheet.write_boolean(1, 5, true).unwrap();
}

#[tokio::test]
async fn what_a_spreadsheet_makes_of_figures_is_undone_or_told() {
    let book = one_sheet(|sheet| {
        let (day, time) = (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("h:mm"));
        good_figures(sheet);
        sheet.write_number(2, 0, 12).unwrap();
        sheet.write_datetime_with_format(2, 1, ExcelDateTime::from_hms(0, 10, 0).unwrap(), &time).unwrap();
        sheet.write_number(2, 2, 274.19).unwrap();
        sheet.write_number(2, 4, 45_838).unwrap();
        sheet.write_datetime_with_format(3, 1, ExcelDateTime::from_ymd(2025, 2, 1).unwrap(), &day).unwrap();
    });
    let columns = [
        ("crime", "Crime number", "text"),
        ("episodes", "Episodes", "count"),
        ("rate", "Rate", "decimal"),
        ("share", "Share", "decimal"),
        ("day", "On", "date"),
        ("seen", "Seen", "boolean"),
    ];
    let tables = table("missing", "sheet = \"Return\"", &columns);
    let contract = contract(&tables.replacen("type = \"decimal\"", "type = \"decimal\"\ndecimals = 1", 1));
    let told = read(&contract, book).await;
    assert_eq!(
        told.findings,
        "error Return!B3 type: \"Episodes\" is a date or a time, not a number; spreadsheets turn what looks like one into \
         one. Please set the cell's format to Number and write the number again.\n\
         error Return!B4 type: \"Episodes\" is a date or a time, not a number; spreadsheets turn what looks like one into \
         one. Please set the cell's format to Number and write the number again.\n\
         error Return!E3 type: \"On\" is a number, not a date. Please set the cell's format to Date.\n\
         note Return!A3 stored-otherwise: \"Crime number\" holds texts, and 1 cell is stored as a number. Zeros in front \
         and digits beyond the fifteenth are lost that way. Please check, and set the column's format to Text.\n\
         note Return!B2 stored-otherwise: \"Episodes\" holds numbers, and 1 cell is stored as text. Read as numbers all \
         the same.\n\
         note Return!C3 rounded: \"Rate\" has more than 1 decimal places; it is rounded to them.\n"
    );
    let told = read(&contract, one_sheet(good_figures)).await;
    assert_eq!(told.rows, "missing: 2 | 0012 | 12 | 274.1 | 12.00 | 2025-06-30 | true\n");
}

#[tokio::test]
async fn a_form_says_for_which_period_and_of_whom_it_is_in_cells_above_and_below_its_table() {
    let book = |period: &'static str, agency: &'static str| {
        one_sheet(move |sheet| {
            write(sheet, 0, 0, &["Return of", "", period]);
            write(sheet, 3, 0, &["Area", "Episodes"]);
            write(sheet, 4, 0, &["York", "7"]);
            write(sheet, 7, 1, &[agency]);
        })
    };
    let stands = "sheet = \"Return\"\nends_at_blank_row = true\nextra_columns = \"ignore\"\nperiod_cell = \"$C$1\"\n\
                  agency_cell = \"b8\"";
    let contract = contract(&table("missing", stands, &COLUMNS));
    for period in ["2025-26-Q1", "Q1 2025/26", "April to June 2025"] {
        let told = read(&contract, book(period, "Police")).await;
        assert_eq!((told.findings.as_str(), told.rows.as_str()), ("", "missing: 5 | York | 7\n"), "{period}");
    }
    assert_eq!(
        read(&contract, book("2025-26-Q2", "Probation")).await.findings,
        "error Return!C1 period: the period reads July to September 2025 (Q2); we asked for April to June 2025 (Q1). Please \
         correct it, or tell us which period it is for.\n\
         error Return!B8 agency: this cell names another agency than the one this file is from. Please correct it, or send \
         that agency's figures in a file of its own.\n"
    );
    assert_eq!(
        read(&contract, book("soon", "")).await.findings,
        "error Return!C1 period: the period cannot be read. Please write 2025-26-Q1 for April to June 2025 (Q1).\n\
         error Return!B8 agency: this cell names no agency. Please fill it in.\n"
    );
    let problems = settled(&table("missing", "period_cell = \"B\"", &COLUMNS)).unwrap_err();
    assert!(problems.contains("the address of one cell on the table's sheet"), "{problems}");
    let problems =
        made_up("format = { kind = \"csv\" }", &table("missing", "period_cell = \"B2\"", &COLUMNS)).unwrap_err();
    assert!(problems.contains("period_cell and agency_cell only of a workbook"), "{problems}");
}

#[tokio::test]
async fn what_a_form_says_above_its_table_is_read_in_every_kind_and_answered_by_the_daemon() {
    let book = |period: &'static str, agency: &'static str| Book {
        cells: vec![
            (0, 1, Held::Text(period)),
            (1, 1, Held::Text(agency)),
            (3, 0, Held::Text("Area")),
            (3, 1, Held::Text("Episodes")),
            (4, 0, Held::Text("York")),
            (4, 1, Held::Number(7.0)),
        ],
        ..Book::default()
    };
    let stands = "sheet = \"Return\"\nperiod_cell = \"B1\"\nagency_cell = \"B2\"";
    let board = TestBoard::with_returns(&[]);
    let rest = format!("[format]\nkind = \"workbook\"\n{}", table("missing", stands, &COLUMNS));
    board.write("pipelines/form/return.toml", definition("A form", "quarter", "aggregate", &rest));
    for (kind, bytes) in book("2025-26-Q1", "Police").in_every_kind() {
        board.write(&format!("right.{kind}"), bytes);
    }
    for (kind, bytes) in book("2025-26-Q2", "Probation").in_every_kind() {
        board.write(&format!("wrong.{kind}"), bytes);
    }
    let daemon = board.start("2025-07-01T08:00:00Z");
    for kind in ["xlsx", "xls", "xlsb", "ods"] {
        let wrong = daemon.submit(&format!("wrong.{kind}"), "form", "police", "2025-26-Q1").await.unwrap();
        assert!(wrong.contains("not accepted"), "{kind}: {wrong}");
        assert!(wrong.contains("Return, cell B1: the period reads July to September 2025 (Q2)"), "{kind}: {wrong}");
        assert!(wrong.contains("Return, cell B2: this cell names another agency"), "{kind}: {wrong}");
        let right = daemon.submit(&format!("right.{kind}"), "form", "police", "2025-26-Q1").await.unwrap();
        assert!(right.contains(": accepted; 1 rows read"), "{kind}: {right}");
    }
}

#[tokio::test]
async fn both_systems_of_dates_are_read_in_every_kind() {
    let contract = contract(&table("missing", "", &[("area", "Area", "text"), ("day", "On", "date")]));
    for (is_1904, serial) in [(false, 45_838.0), (true, 44_376.0)] {
        let book = Book {
            cells: vec![
                (0, 0, Held::Text("Area")),
                (0, 1, Held::Text("On")),
                (1, 0, Held::Text("York")),
                (1, 1, Held::Date(serial)),
            ],
            is_1904,
            ..Book::default()
        };
        for (kind, bytes) in book.in_every_kind() {
            let told = read(&contract, bytes).await;
            assert_eq!(
                (told.findings.as_str(), told.rows.as_str()),
                ("", "missing: 2 | York | 2025-06-30\n"),
                "{kind}"
            );
        }
    }
}

#[tokio::test]
async fn cells_beside_the_table_are_told_and_not_read() {
    let book = || {
        one_sheet(|sheet| {
            write(sheet, 0, 1, &["Area", "Episodes", "", "Spare"]);
            write(sheet, 1, 1, &["York", "7", "", "", "", "checked by me"]);
            write(sheet, 4, 0, &["see below"]);
        })
    };
    let tables = |extra: &str| table("missing", &format!("sheet = \"Return\"\nextra_columns = \"{extra}\""), &COLUMNS);
    let told = read(&contract(&tables("query")), book()).await;
    assert_eq!(
        told.findings,
        "query Return!E heading-unknown: \"Spare\" is not part of this return. Please delete it, or tell us what it \
         holds.\n\
         query Return!G2 outside: this cell stands beside the table, and is not read. One more stands like it. Please give \
         its column a heading, or clear it.\n"
    );
    assert_eq!(told.rows, "missing: 2 | York | 7\n");
    assert_eq!(read(&contract(&tables("ignore")), book()).await.findings, "");
}

#[tokio::test]
async fn two_columns_of_one_name_matter_only_if_the_name_is_wanted() {
    let book = |heading: &'static str| {
        one_sheet(|sheet| {
            write(sheet, 0, 0, &["Area", "Episodes", heading, heading]);
            write(sheet, 1, 0, &["York", "7", "1", "2"]);
        })
    };
    let contract = contract(&table("missing", "sheet = \"Return\"", &COLUMNS));
    let told = read(&contract, book("Total")).await;
    assert!(told.findings.contains("query Return!D heading-unknown: \"Total (D)\""), "{}", told.findings);
    let error = refused(&contract, book("Episodes")).await;
    assert!(error.contains("columns B and C have the same heading"), "{error}");
}

#[tokio::test]
async fn an_optional_sheet_may_be_empty() {
    let book = || {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("Return").unwrap();
        write(sheet, 0, 0, &["Area", "Episodes"]);
        write(sheet, 1, 0, &["York", "7"]);
        book.add_worksheet().set_name("Narrative").unwrap();
        saved(book)
    };
    let narrative = [("text", "What lies behind", "text")];
    let tables = |optional: &str| {
        table("missing", "sheet = \"Return\"", &COLUMNS)
            + &table("narrative", &format!("sheet = \"Narrative\"\n{optional}"), &narrative)
    };
    let told = read(&contract(&tables("optional = true")), book()).await;
    assert_eq!((told.findings.as_str(), told.ignored), ("", vec!["Narrative".to_owned()]));
    let told = read(&contract(&tables("")), book()).await;
    assert!(told.findings.starts_with("error Narrative! headings-missing"), "{}", told.findings);
}

#[tokio::test]
async fn a_protected_workbook_is_named_as_one_in_every_kind() {
    let Some(corpus) = crate::support::shared("corpora/xlsx-calamine/tests") else { return };
    let contract = contract(&table("missing", "sheet = \"Return\"", &COLUMNS));
    for name in ["pass_protected.xlsx", "pass_protected.xlsb", "pass_protected.ods"] {
        let error = refused(&contract, std::fs::read(corpus.join(name)).unwrap().into()).await;
        assert!(error.starts_with("the workbook is protected with a password"), "{name}: {error}");
    }
    // An old workbook says so in a record of its own, before anything that is protected.
    let mut old = Book::default().xls().to_vec();
    let begin = 512 * 3;
    old.splice(begin + 20..begin + 26, [0x2F, 0, 2, 0, 1, 0]);
    let error = refused(&contract, old.into()).await;
    assert!(error.starts_with("the workbook is protected with a password"), "{error}");
}

#[tokio::test]
async fn what_is_no_workbook_is_named() {
    let contract = contract(&table("missing", "sheet = \"Return\"", &COLUMNS));
    let zip = zipped(&[("return.csv", b"Area,Episodes\n")]);
    let error = refused(&contract, zip).await;
    assert!(error.starts_with("the file is a zip archive and no workbook"), "{error}");
    let error = refused(&contract, Bytes::from_static(b"Area,Episodes\nYork,7\n")).await;
    assert!(error.starts_with("the file is no workbook"), "{error}");
    let mut cut = Book::default().xls().to_vec();
    cut.truncate(700);
    let error = refused(&contract, cut.into()).await;
    assert!(error.starts_with("the workbook"), "{error}");
}

#[test]
fn keys_that_mean_nothing_are_refused() {
    let refused = |stands: &str| settled(&table("missing", stands, &COLUMNS)).unwrap_err();
    assert!(refused("sheet = \"A\"\nsheets = [\"B\"]").contains("either sheet or sheets"));
    assert!(refused("range = \"B4;H40\"").contains("an address or a name"));
    assert!(refused("header_rows = 0").contains("1, 2 or 3 rows of headings"));
    assert!(refused("hidden = \"perhaps\"").contains("hidden"));
    let twice = table("one", "sheet = \"A\"", &COLUMNS) + &table("two", "sheet = \"a \"", &COLUMNS);
    assert!(settled(&twice).unwrap_err().contains("tables that differ in sheet, range or headings"));
}

#[tokio::test]
async fn a_label_merged_over_rows_counts_for_each_and_a_merged_number_for_one() {
    let contract = contract(&table("t", "sheet = \"Return\"", &COLUMNS));
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Return").unwrap();
    sheet.write_string(0, 0, "Area").unwrap().write_string(0, 1, "Episodes").unwrap();
    let plain = Format::new();
    sheet.merge_range(1, 0, 3, 0, "York", &plain).unwrap();
    for row in 1..4 {
        sheet.write_number(row, 1, row).unwrap();
    }
    sheet.write_string(4, 0, "Leeds").unwrap().write_string(5, 0, "Hull").unwrap();
    sheet.merge_range(4, 1, 5, 1, "", &plain).unwrap();
    sheet.write_number(4, 1, 9).unwrap();
    let told = read(&contract, book.save_to_buffer().unwrap().into()).await;
    assert_eq!(told.rows, "t: 2 | York | 1\nt: 3 | York | 2\nt: 4 | York | 3\nt: 5 | Leeds | 9\nt: 6 | Hull | \n");
    assert_eq!(
        told.findings,
        "query Return!B6 merged-cells: \"Episodes\": 1 cell is merged with a number above it, which counts once. Please \
         unmerge them and fill in each cell.\nnote Return!A3 merged-cells: \"Area\": 2 cells are merged with cells above \
         them, whose text counts for each row.\n"
    );
}

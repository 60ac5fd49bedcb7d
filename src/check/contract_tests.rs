//! What a definition may say, and that everything wrong with it is told at once.

use super::*;
use crate::settings::{Problems, read_text};

fn settle(text: &str) -> (Option<Contract>, Problems) {
    let mut problems = Problems::default();
    let document = read_text("return.toml", text, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let contract = Contract::settle("attendance".parse().unwrap(), &document);
    problems.merge(document.finish());
    (contract, problems)
}

#[test]
fn every_problem_of_a_definition_comes_in_one_pass() {
    let (contract, problems) = settle(
        r#"
title = "Attendance"
agencies = []
every = "fortnight"
colour = "red"

[source]
kind = "https"
url = "https://example.org/{agencie}/x.csv"
pull = "0 7 * * *"

[format]
kind = "csv"

[governance]
purpose = "To see who is not in school"
retention_years = 0
classification = "open"

[[table]]
name = "Attendance"
unique = ["la_code"]

[[table.column]]
name = "la"
type = "text"
min = 3
decimals = 2

[[table.column]]
name = "absence"
headings = ["Absence", "LA"]
type = "decimal"
decimals = 40
min = 5
max = 1

[[table.column]]
name = "absence_status"
type = "txt"

[[table.column]]
name = "period"
type = "count"
present = "never"

[[table.rule]]
id = "required"
sql = "absence <= sessions"
says = "{abs} is too large"
columns = ["sessions"]

[[table.compare]]
id = "falls"
key = ["la"]
column = "la"
expect = "rising"
says = "it fell"
"#,
    );
    assert!(contract.is_none());
    insta::assert_snapshot!(problems);
}

#[test]
fn a_file_without_sheets_holds_one_table_and_a_workbooks_tables_have_a_sheet_each() {
    let definition = |kind: &str, tables: &[&str]| {
        let tables: String = tables
            .iter()
            .map(|table| format!("[[table]]\n{table}\n[[table.column]]\nname = \"n\"\ntype = \"count\"\n"))
            .collect();
        let (_, problems) = settle(&format!(
            "title = \"T\"\nagencies = [\"police\"]\nevery = \"release\"\nsource = {{ kind = \"by-hand\" }}\n\
             format = {{ kind = \"{kind}\" }}\n{tables}\n[governance]\npurpose = \"p\"\nlawful_basis = \"l\"\n\
             agreement = \"a\"\nagreement_review = 2026-01-01\nretention_years = 1\nclassification = \"published\"\n"
        ));
        problems.iter().map(|problem| problem.expected.clone()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(definition("csv", &["name = \"a\""]), "");
    assert_eq!(definition("json", &["name = \"a\"", "name = \"b\""]), "one table, for the file has no sheets");
    assert_eq!(definition("workbook", &["name = \"a\""]), "", "its headings tell where it is");
    assert_eq!(definition("xlsx", &["name = \"a\"\nsheet = \"S\""]), "", "as older definitions have it");
    assert_eq!(
        definition("workbook", &["name = \"a\"\nsheet = \"S\"", "name = \"a\"\nsheet = \"T\""]),
        "tables of different names"
    );
    let two = ["name = \"a\"\nsheet = \"Return\"", "name = \"b\"\nsheet = \"return \""];
    assert_eq!(definition("workbook", &two), "tables that differ in sheet, range or headings");
    let part = "sheets, range, header_rows, footer, ends_at_blank_row, hidden, period_cell and agency_cell only of a \
                workbook";
    assert_eq!(definition("csv", &["name = \"a\"\nrange = \"B4:H40\""]), part);
    assert_eq!(definition("parquet", &[]), "at least one table");
}

#[test]
fn a_drop_folder_stays_where_it_was_put() {
    let refused = |path: &str| {
        let (_, problems) = settle(&format!("[source]\nkind = \"folder\"\npath = \"{path}\"\n"));
        problems.iter().any(|problem| problem.key == "source.path")
    };
    assert!(!refused("drop/{agency}"));
    assert!(refused("drop/../{agency}"));
    assert!(refused("drop/{period}"));
    assert_eq!(crate::source::fill("drop/{agency}", "agency", "police"), "drop/police");
}

#[test]
fn a_rule_whose_answer_changes_with_the_day_is_refused() {
    let schema = arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
        "seen_on",
        arrow::datatypes::DataType::Date32,
        true,
    )]);
    let error = rules::plan("seen_on < now()", &schema).err().unwrap().to_string();
    assert!(error.contains("another day"), "{error}");
    assert!(rules::plan("seen_on + 1", &schema).is_err());
    assert!(rules::plan("seen_on > DATE '2020-01-01'", &schema).is_ok());
}

//! What a scan finds in rows, and what it passes over.

use super::{scan::Scan, *};
use crate::{
    content::Content,
    decode::{DecodeError, Format},
    worker::Launcher,
};

/// A file whose length is more than any memory holds: who would have all of it at once would fail.
fn endless(text: String) -> Content {
    let text = bytes::Bytes::from(text);
    let open =
        move || -> std::io::Result<Box<dyn std::io::Read + Send>> { Ok(Box::new(bytes::Buf::reader(text.clone()))) };
    Content::behind(u64::MAX, "nobody asks for it".into(), open)
}

#[tokio::test]
async fn a_file_of_any_length_that_cannot_be_read_is_looked_through_without_holding_it() {
    let launcher = Launcher::current().unwrap();
    let columns = "[[table.column]]\nname = \"n\"\ntype = \"count\"\n";
    let contract = crate::check::tests::contract(&format!("[[table]]\nname = \"a\"\n{columns}"));
    let rows = "York,abcdefgh,1\n".repeat(50_000);
    let ragged = format!("area,note,n\n{rows}Hull,943 476 5919,2\n{rows}cut off\n");
    let found = look(&contract, endless(ragged), &launcher).await.unwrap();
    let told: Vec<_> = found.iter().map(|found| (found.kind, found.row, found.cells)).collect();
    assert_eq!(told, [(Identity::NhsNumber, 50_002, 1)]);

    let mut workbook = contract.clone();
    workbook.format = Format::Workbook(Default::default());
    let refused = look(&workbook, endless("PK".into()), &launcher).await;
    assert!(matches!(refused, Err(DecodeError::TooLarge(_))), "{refused:?}");
}

/// A sheet's rows, each cell in its column; empty ones are left out.
fn scan_with(exempt: &[Exempt], rows: &[&[&str]]) -> Vec<Found> {
    let mut scan = Scan::new(exempt, true);
    scan.begin(Place::Sheet(1), Some("Return"), false);
    for (row, number) in rows.iter().zip(1..) {
        let cells: Vec<(u32, &str)> = (0..).zip(row.iter().copied()).filter(|(_, text)| !text.is_empty()).collect();
        scan.row(number, &cells, false);
    }
    scan.finish()
}

/// Kind, address of the first cell, number of cells.
fn told(rows: &[&[&str]]) -> Vec<String> {
    let found = scan_with(&[], rows);
    let one = |found: &Found| {
        let letter = crate::decode::letter(found.column as usize);
        format!("{} {letter}{} {}", found.kind.as_str(), found.row, found.cells)
    };
    found.iter().map(one).collect()
}

#[test]
fn a_list_of_children_is_found_column_by_column() {
    let found = told(&[
        &["Missing children, Q1"],
        &["Ref", "Forename", "Surname", "DOB", "NHS No", "UPN", "Postcode", "Episodes"],
        &["1", "Amy", "Smith", "2012-03-12", "943 476 5919", "P123456789123", "YO1 7HG", "2"],
        &["2", "Ben", "Jones", "40980", "9434765918", "A123456789123", "YO24 2QR", "1"],
        &["Total", "", "", "", "", "", "", "3"],
    ]);
    let expected = ["name B3 2", "name C3 2", "date-of-birth D3 2", "nhs-number E3 2", "upn F3 2", "postcode G3 2"];
    assert_eq!(found, expected);
}

#[test]
fn a_form_a_note_and_a_title_are_looked_at_too() {
    let found = told(&[
        &["Child's name", "Amy Smith"],
        &["Area", "York"],
        &["Child's surname: Smith"],
        &["Comment", "", "", "she (born 12/03/2012) lives at YO1 7HG, NHS 943 476 5919"],
    ]);
    assert_eq!(found, ["name A3 1", "name B1 1", "nhs-number D4 1", "postcode D4 1", "date-of-birth D4 1"]);
}

#[test]
fn headings_below_a_title_and_its_author_are_found() {
    let rows: &[&[&str]] = &[
        &["Missing children", "Quarter 1"],
        &["Prepared by", "Priya Nair"],
        &["Forename", "Episodes"],
        &["Amy", "2"],
        &["Total", "2"],
    ];
    assert_eq!(told(rows), ["name A4 1"]);
}

#[test]
fn names_are_found_below_and_beside_a_child_and_below_a_name_beside_a_birth() {
    assert_eq!(told(&[&["Child", "Social Worker"], &["Amy Smith", "yes"], &["Ben Jones", "no"]]), ["name A2 2"]);
    assert_eq!(told(&[&["Young person", "Amy Smith"], &["Area", "York"]]), ["name B1 1"]);
    assert_eq!(told(&[&["Name", "Birthday"], &["Amy", "12/03/2012"]]), ["name A2 1", "date-of-birth B2 1"]);
    let groups: &[&[&str]] =
        &[&["Child", "Name", "n"], &["Looked After", "Clifton Green", "4"], &["Child A", "York", "3"]];
    assert_eq!(told(groups), Vec::<String>::new());
}

#[test]
fn figures_about_groups_hold_nothing() {
    let rows: &[&[&str]] = &[
        &["Period", "Area", "Children missing from home", "Report date", "Spend"],
        &["2025-26-Q1", "E06000014", "41", "2025-07-14", "1234567.25"],
        &["2025-26-Q1", "York", "c", "14/07/2025", "46,410"],
        &["Lead officer name", "Priya Nair", "01904 551 234"],
        &["Number of children with date of birth recorded", "40980"],
        &["Forename", "REDACTED"],
    ];
    assert_eq!(told(rows), Vec::<String>::new());
}

#[test]
fn a_description_of_the_data_is_not_the_data() {
    let rows: &[&[&str]] = &[
        &["Field", "What it is", "Type"],
        &["Forename", "First name of the child", "Text"],
        &["DOB", "Date of birth", "Date"],
        &["Ethnicity", "Ethnic group of the child", "Code"],
    ];
    assert_eq!(told(rows), Vec::<String>::new());
}

#[test]
fn headings_without_anything_below_are_no_identities() {
    assert_eq!(told(&[&["Forename", "Surname", "DOB"], &["c", "-", "n/a"], &["41", "3", "12"]]), Vec::<String>::new());
    assert_eq!(
        told(&[&["Child", "Initials", "DOB"], &["Child A", "AS", "12/03/2012"]]),
        ["name B2 1", "date-of-birth C2 1"]
    );
    assert_eq!(told(&[&["Auditor", "Initials"], &["Social care", "AS"]]), Vec::<String>::new());
}

#[test]
fn ten_digits_in_a_column_full_of_them_are_judged_by_how_many_are_valid() {
    let rows = |step: u64| {
        let column: Vec<String> = (0..200_u64).map(|at| (1_700_000_000 + at * step).to_string()).collect();
        let mut scan = Scan::new(&[], true);
        scan.begin(Place::Sheet(1), None, false);
        for (cell, row) in column.iter().zip(1..) {
            scan.row(row, &[(0, cell)], false);
        }
        scan.finish().len()
    };
    assert_eq!(rows(37), 0, "one in eleven is valid by chance");
    assert_eq!(told(&[&["9434765919"]]), ["nhs-number A1 1"], "one alone is an NHS number");
    let national = told(&[&["Sessions"], &["9434765919"], &["123456789"], &["98765432"], &["943 476 5919"]]);
    assert_eq!(national, ["nhs-number A5 1"], "a sum for the country among those of its regions is a number");
}

#[test]
fn what_is_declared_is_passed_over_and_nothing_beside_it() {
    let exempt = |sheet: Option<&str>, column: Option<&str>, cell: Option<&str>, kind| Exempt {
        sheet: sheet.map(str::to_owned),
        column: column.map(str::to_owned),
        cell: cell.map(str::to_owned),
        kind,
        why: "a station's".into(),
    };
    let rows: &[&[&str]] = &[&["Station", "Postcode"], &["York", "YO1 7HG"], &["Leeds", "LS1 4AP"]];
    let left = |exempt: Exempt| scan_with(&[exempt], rows).iter().map(|found| found.cells).sum::<u64>();
    assert_eq!(left(exempt(None, Some("postcode "), None, Identity::Postcode)), 0);
    assert_eq!(left(exempt(None, Some("B"), None, Identity::Postcode)), 0);
    assert_eq!(left(exempt(Some("return"), None, None, Identity::Postcode)), 0);
    assert_eq!(left(exempt(None, None, Some("b2"), Identity::Postcode)), 1);
    assert_eq!(left(exempt(None, Some("Station"), None, Identity::Postcode)), 2);
    assert_eq!(left(exempt(Some("Notes"), None, None, Identity::Postcode)), 2);
    assert_eq!(left(exempt(None, Some("B"), None, Identity::Name)), 2);
}

#[test]
fn a_files_name_and_a_sentence_are_looked_at() {
    let kinds = |found: Vec<Found>| found.into_iter().map(|found| found.kind).collect::<Vec<_>>();
    assert_eq!(kinds(in_name("review_9434765919_final.xlsx")), [Identity::NhsNumber]);
    assert_eq!(kinds(in_name("AS dob 12.03.2012.csv")), [Identity::DateOfBirth]);
    assert_eq!(kinds(in_name("missing-children 2025-26-Q1.xlsx")), []);
    assert_eq!(kinds(in_name("Return_20250714.csv")), []);
    assert_eq!(in_words("one sibling group of four; the mother lives at YO1 7HG"), [Identity::Postcode]);
    assert_eq!(in_words("Name: Amy Smith"), []);
    assert_eq!(in_words("Child's name: Amy Smith"), [Identity::Name]);
    assert_eq!(in_words("Two large families moved in from 1 April 2025."), []);
}

#[test]
fn what_is_told_names_the_place_and_never_the_sheet_or_heading_of_the_sender() {
    let mut scan = Scan::new(&[], true);
    scan.begin(Place::Sheet(3), Some("Amy Smith 943 476 5919"), true);
    scan.row(1, &[(0, "Amy's NHS number"), (1, "n")], false);
    scan.row(2, &[(0, "9434765919"), (1, "1")], false);
    let contract =
        crate::check::tests::contract("[[table]]\nname = \"a\"\n[[table.column]]\nname = \"n\"\ntype = \"count\"\n");
    let findings: Vec<_> = scan.finish().iter().map(|found| found.finding(&contract)).collect();
    let said = format!("{findings:?}");
    assert!(!said.contains("Amy") && !said.contains("943"), "{said}");
    assert!(said.contains("the name of sheet 3 (it is hidden) holds what looks like an NHS number"), "{said}");
    assert!(said.contains("sheet 3 of the workbook (it is hidden)"), "{said}");
}

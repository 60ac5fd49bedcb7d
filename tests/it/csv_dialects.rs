//! CSV as people send it: titles, rows of headings, notes, signs for numbers that are not there.

use std::fmt::Write as _;

use quarterday::{
    check::{Checked, Claim, Contract, Past, check},
    decode::decode,
};

use crate::support::{Kept, launcher, made_up};

/// A contract with this `[format]` and these lines in its table.
fn contract(format: &str, table: &str) -> Result<Contract, String> {
    made_up(
        &format!("[format]\nkind = \"csv\"\n{format}"),
        &format!("[[table]]\nname = \"missing\"\n{table}\n{COLUMNS}"),
    )
}

const COLUMNS: &str = r#"
[[table.column]]
name = "area"
headings = ["Area"]
type = "text"
required = true
[[table.column]]
name = "boys"
headings = ["Boys", "2025 / Boys"]
type = "count"
[[table.column]]
name = "rate"
headings = ["Rate", "2025 / Rate"]
type = "decimal"
decimals = 1
[[table.column]]
name = "on_day"
headings = ["On"]
type = "date"
present = "sometimes"
"#;

async fn checked(contract: &Contract, bytes: &[u8]) -> Result<(Checked, Kept), String> {
    let decoded = decode(&contract.format, bytes.to_vec(), &launcher()).await.map_err(|error| error.to_string())?;
    let claim = Claim { obligation: "missing-children/police/2025-26-Q1".parse().unwrap(), submission: 1 };
    let mut kept = Kept::default();
    match check(contract, claim, decoded, &Past::default(), &mut kept).await {
        Ok(checked) => Ok((checked, kept)),
        Err(error) => Err(error.to_string()),
    }
}

/// What came of a file: its findings, and its rows from their row in the file on; or why it is none.
async fn read(format: &str, table: &str, text: impl AsRef<[u8]>) -> String {
    let contract = contract(format, table).unwrap();
    let (checked, kept) = match checked(&contract, text.as_ref()).await {
        Ok(read) => read,
        Err(error) => return error,
    };
    let mut said = String::new();
    for finding in checked.findings() {
        let (letter, row) = (finding.letter.as_deref().unwrap_or("-"), finding.row.unwrap_or(0));
        writeln!(said, "{} {letter}{row} {}", finding.severity.as_str(), finding.rule).unwrap();
    }
    for (_, batch) in &kept.0 {
        for row in 0..batch.num_rows() {
            let cells = batch.columns()[4..]
                .iter()
                .map(|column| arrow::util::display::array_value_to_string(column, row).unwrap())
                .collect::<Vec<_>>();
            writeln!(said, "{}", cells.join("|")).unwrap();
        }
    }
    said
}

#[tokio::test]
async fn a_title_and_notes_are_told_from_the_table() {
    let text = "Missing children; police\nPrinted 1 July 2025\n\nArea,Boys,Rate\nYork,1,2.5\nLeeds,2,3.5\n\
                Total,3,\n\nSource: the police\n";
    let found = read("footer = [\"Total*\"]", "", text).await;
    assert_eq!(found, "note -0 column-absent\n5|York|1||2.5||\n6|Leeds|2||3.5||\n");
    // Undeclared, they are told of by their row.
    let found = read("", "", text).await;
    assert!(found.starts_with("row 9 has 1 cells where the headings have 3"), "{found}");
    let found = read("ends_at_blank_row = true", "", text).await;
    assert!(found.contains("7|Total|3|"), "{found}");
}

#[tokio::test]
async fn rows_below_the_end_that_look_like_the_table_are_asked_about_and_notes_are_not() {
    let notes = "Area,Boys,Rate\nYork,1,2.5\nTotal,1,\n\nSource: the police\nPrinted by hand, 1 July\n";
    let found = read("footer = [\"Total*\"]", "extra_columns = \"ignore\"", notes).await;
    assert_eq!(found, "query -6 below-table\nnote -0 column-absent\n2|York|1||2.5||\n", "two cells of three are a row");
    let found = read("footer = [\"Total*\"]", "", notes.replace("hand, 1", "hand on 1")).await;
    assert_eq!(found, "note -0 column-absent\n2|York|1||2.5||\n");

    let more = "Area,Boys,Rate\nYork,1,2.5\n\nHull,2,3.5\nnote\n\nGoole,3,4.5\n";
    let contract = contract("ends_at_blank_row = true", "").unwrap();
    let (checked, _) = checked(&contract, more.as_bytes()).await.unwrap();
    assert_eq!(
        checked.findings()[0].says,
        "the table ends at row 3; of 3 rows below it 2 look like those of the table, the first in row 4. They are \
         not read. Please put such rows above row 3, or tell us that they are something else."
    );
    // What begins with the end itself is no row below it.
    let found = read("footer = [\"Total*\"]", "", "Area,Boys,Rate\nTotal,1,2.5\n").await;
    assert_eq!(found, "note -0 column-absent\n");
}

#[tokio::test]
async fn a_column_without_a_heading_is_a_gap_unless_a_cell_stands_in_it() {
    let blank = format!("Area,Boys,Rate{}\nYork,1,2.5{}\nLeeds,2,3.5\n", ",".repeat(16_381), ",".repeat(16_381));
    for extra in ["query", "error", "ignore"] {
        let found = read("", &format!("extra_columns = \"{extra}\""), &blank).await;
        assert_eq!(found, "note -0 column-absent\n2|York|1||2.5||\n3|Leeds|2||3.5||\n", "{extra}");
    }
    let found = read("", "", "Area,Boys,Rate,,\nYork,1,2.5,,\nLeeds,2,3.5,,see note\n").await;
    assert!(found.starts_with("query E0 heading-unknown\nnote -0 column-absent\n2|York"), "{found}");

    let cells: String = ",x".repeat(40);
    let text = format!("Area,Boys,Rate{}\nYork,1,2.5, {cells}\n", ",".repeat(41));
    let contract = contract("", "extra_columns = \"error\"").unwrap();
    let (checked, _) = checked(&contract, text.as_bytes()).await.unwrap();
    let [first, absent] = checked.findings() else { panic!("{:?}", checked.findings()) };
    assert_eq!((first.letter.as_deref(), absent.rule.as_str()), (Some("E"), "column-absent"));
    assert_eq!(
        first.says,
        "columns E, F, G, H, I and 35 more have no heading and are not read. Please give each one, or delete them."
    );
}

#[tokio::test]
async fn rows_of_headings_become_one() {
    let text = "Area,2025,,On\n,Boys,Rate,\nYork,1,2.5,30/06/2025\n";
    let found = read("header_rows = 2", "", text).await;
    assert_eq!(found, "note B0 heading-renamed\nnote C0 heading-renamed\n3|York|1||2.5||2025-06-30\n");
    let found = read("header_rows = 2\nheader_row = 3", "", format!("Police\n\n{text}")).await;
    assert!(found.ends_with("5|York|1||2.5||2025-06-30\n"), "{found}");
}

#[tokio::test]
async fn numbers_are_read_as_people_write_them() {
    let text = "Area\tBoys\tRate\tOn\n\
                York\t1,234\t12.5%\t2025-06-30\n\
                Leeds\t(12)\t-0.5\t30/06/2025\n\
                Hull\t*\t..\tN/A\n\
                Goole\t-\tNULL\t\n\
                Selby\tc\tlow\t\n";
    let table = "missing = [\"N/A\", \"NULL\"]\nsymbols = { c = [\"*\"], x = [\"..\"], z = [\"-\"] }";
    let found = read("", table, text).await;
    let expected = "note C5 not-available\n\
                    2|York|1234||12.5||2025-06-30\n\
                    3|Leeds|-12||-0.5||2025-06-30\n\
                    4|Hull||c||x|\n\
                    5|Goole||z||x|\n\
                    6|Selby||c||k|\n";
    assert_eq!(found, expected);
    // What no return declares is nobody's to guess.
    let found = read("", "", text).await;
    for cell in ["error B4 type", "error C4 type", "error D4 type", "error B5 type", "error C5 type"] {
        assert!(found.contains(cell), "{found}");
    }
}

#[tokio::test]
async fn what_is_stated_is_kept_to_and_what_is_not_is_detected() {
    for (format, text) in [
        ("", "Area;Boys;Rate\r\nYork;1;2.5\r\n".to_owned()),
        ("", "sep=;\r\nArea;Boys;Rate\r\nYork;1;2.5\r\n".to_owned()),
        ("", "'Area','Boys','Rate'\n'York','1','2.5'\n".to_owned()),
        ("", "\u{FEFF}Area|Boys|Rate\nYork|1|2.5\n".to_owned()),
        ("delimiter = \"~\"", "Area~Boys~Rate\nYork~1~2.5\n".to_owned()),
        ("delimiter = \"semicolon\"\nquote = \"none\"", "Area;Boys;Rate\nYork;1;2.5\n".to_owned()),
        ("short_rows = true", "Area,Boys,Rate,On\nYork,1,2.5\n".to_owned()),
        ("", "Area,Boys,Rate\nYork,1,2.5,,,\n".to_owned()),
    ] {
        let found = read(format, "", &text).await;
        assert!(found.ends_with("|York|1||2.5||\n"), "{format} {text}: {found}");
    }
    let utf16: Vec<u8> = "Area\tBoys\tRate\nYork\t1\t2.5\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xFF\xFE".as_slice(), &utf16].concat();
    for text in [&utf16, &marked] {
        assert!(read("", "", text).await.ends_with("2|York|1||2.5||\n"));
    }
    let western = read("", "", b"Area,Boys,Rate\nCaf\xE9,1,2.5\n").await;
    assert!(western.ends_with("2|Café|1||2.5||\n"), "{western}");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_by_row_with_what_to_do() {
    for (format, text, says) in [
        ("", "Area,Boys,Rate\nYork,1\n", "row 2 has 2 cells where the headings have 3; correct the row"),
        ("", "Area,Boys,Rate\nYork,\"1,2\n", "the quotation mark opened in row 2 is never closed"),
        ("", "Area,Boys,Rate\n\"York\"s,1,2\n", "row 2 goes on after a closing quotation mark; double the"),
        ("header_row = 9", "Area,Boys,Rate\n", "the file has no row 9, in which its headings should stand"),
        ("footer = [\"York\"]", &format!("Area,Boys,Rate\n{}", "York,1,2\n".repeat(30)), "row 2 begins like the notes"),
        ("encoding = \"utf-8\"", "Area,Boys,Rate\n", ""),
    ] {
        let found = read(format, "", text).await;
        assert!(found.contains(says), "{text}: {found}");
    }
    let found = read("", "", b"Area,Boys,Rate\nY\xC3\xA9\xFF,1,2\n").await;
    assert!(found.starts_with("byte 19 (line 2) is not UTF-8; save the file as UTF-8"), "{found}");
}

#[test]
fn a_key_that_cannot_be_meant_is_refused() {
    for (format, table, says) in [
        ("delimiter = \"ab\"", "", "one character, or tab, comma, semicolon or pipe"),
        ("delimiter = \"'\"", "", "one character"),
        ("quote = \"both\"", "", "one of double, single, none"),
        ("encoding = \"latin\"", "", "one of utf-8, utf-16, windows-1252"),
        ("header_row = 0", "", "a whole number from 1 to 1000"),
        ("header_rows = 11", "", "a whole number from 1 to 10"),
        ("footer = [\"*\"]", "", "beginnings of the first row below the table"),
        ("header = 2", "", "header"),
        ("", "symbols = { c = [\"*\"], x = [\"*\"] }", "each under one letter"),
        ("", "symbols = { y = [\"*\"] }", "y"),
    ] {
        let problems = contract(format, table).err().unwrap_or_else(|| panic!("{format}{table} was accepted"));
        assert!(problems.contains(says), "{problems}");
    }
}

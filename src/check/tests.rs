//! What the check finds, one helper for each question.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::Decimal128Type,
    util::pretty::pretty_format_batches,
};
use bytes::Bytes;

use super::*;
use crate::{
    decode::{Decoded, Sheet, decode},
    settings::{Problems, read_text},
    worker::Launcher,
};

/// A contract whose one table is `table`.
pub(super) fn contract(table: &str) -> Contract {
    contract_of("kind = \"csv\"", table)
}

fn contract_of(format: &str, tables: &str) -> Contract {
    let text = format!(
        r#"
        title = "Missing children"
        agencies = ["police"]
        every = "quarter"
        due = {{ working_days = 10 }}
        source = {{ kind = "by-hand" }}
        format = {{ {format} }}
        {tables}
        [governance]
        purpose = "To see whether children who go missing are found and heard"
        lawful_basis = "Children Act 2004, section 16H"
        agreement = "Partnership agreement"
        agreement_review = 2026-03-01
        retention_years = 7
        classification = "aggregate"
        "#
    );
    let mut problems = Problems::default();
    let document = read_text("return.toml", &text, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let contract = Contract::settle("missing-children".parse().unwrap(), &document);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    contract.unwrap()
}

const TABLE: &str = r#"
[[table]]
name = "missing"
unique = ["area"]
missing = ["n/a"]
[[table.column]]
name = "area"
headings = ["Area", "District"]
type = "text"
required = true
allowed = ["York", "Leeds", "Hull"]
[[table.column]]
name = "episodes"
headings = ["Episodes"]
type = "count"
required = true
max = 500
[[table.column]]
name = "interviews"
headings = ["Return interviews held"]
type = "count"
[[table.rule]]
id = "interviews-within-episodes"
sql = "interviews <= episodes"
columns = ["interviews", "episodes"]
says = "\"return interviews held\" is larger than \"episodes\" in {episodes}. Please correct one of them."
"#;

#[derive(Default)]
struct Kept(Vec<(String, RecordBatch)>);

impl Sink for Kept {
    async fn write(&mut self, table: &str, batch: RecordBatch) -> Result<(), SinkError> {
        self.0.push((table.to_owned(), batch));
        Ok(())
    }
}

fn claim() -> Claim {
    Claim { obligation: "missing-children/police/2025-26-Q1".parse().unwrap(), submission: 7 }
}

async fn decoded(text: &str) -> Decoded {
    let format = crate::decode::Format::Csv(Default::default());
    decode(&format, Bytes::copy_from_slice(text.as_bytes()), &Launcher::current().unwrap()).await.unwrap()
}

async fn run(contract: &Contract, decoded: Decoded, past: &Past) -> (Checked, Kept) {
    let mut kept = Kept::default();
    let checking = check(contract, claim(), decoded, past, &mut kept);
    // The daemon checks on any of its threads.
    let checking: std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(checking);
    let checked = checking.await.unwrap();
    (checked, kept)
}

async fn checked(contract: &Contract, text: &str) -> Checked {
    run(contract, decoded(text).await, &Past::default()).await.0
}

/// The findings as a person might write them down: severity, cell, rule, sentence.
async fn findings(contract: &Contract, text: &str) -> String {
    written(&checked(contract, text).await)
}

fn written(checked: &Checked) -> String {
    let line = |f: &Finding| {
        let row = f.row.map(|row| row.to_string()).unwrap_or_default();
        let letter = f.letter.clone().unwrap_or_default();
        format!("{} {letter}{row} {}: {}\n", f.severity.as_str(), f.rule, f.says)
    };
    checked.findings().iter().map(line).collect()
}

#[tokio::test]
async fn a_good_file_becomes_the_rows_of_the_warehouse() {
    let contract = contract(TABLE);
    let text = "area , EPISODES,Return interviews  held\nYork,\"1,234\",c\n Leeds ,5,\n";
    let (checked, kept) = run(&contract, decoded(&text.replace("1,234", "123")).await, &Past::default()).await;
    assert_eq!(written(&checked), "");
    assert_eq!(*checked.judgement(), Judgement::Accepted);
    assert_eq!(checked.rows(), RowCounts { read: 2, accepted: 2, refused: 0 });
    let [(table, batch)] = kept.0.as_slice() else { panic!("one batch") };
    assert_eq!(table, "returns.missing");
    assert_eq!(batch.schema(), contract.tables[0].schema());
    insta::assert_snapshot!(pretty_format_batches(std::slice::from_ref(batch)).unwrap());
}

#[tokio::test]
async fn every_broken_cell_is_named_and_no_value_is_told() {
    let text = "Area,Episodes,Return interviews held\n\
                Yorkshire,12,13\n\
                ,1200,many\n\
                leeds,1.5,-\n\
                Hull,,n/a\n\
                Hull,3,999999999999999999999\n";
    let told = findings(&contract(TABLE), text).await;
    for value in ["Yorkshire", "1200", "many", "1.5", "9999"] {
        assert!(!told.contains(value), "{value} in {told}");
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_file_with_an_error_is_refused_whole() {
    let checked = checked(&contract(TABLE), "Area,Episodes,Return interviews held\nYork,x1,\nLeeds,5,\n").await;
    assert_eq!(*checked.judgement(), Judgement::NotAccepted);
    assert_eq!(checked.rows(), RowCounts { read: 2, accepted: 0, refused: 2 });
}

#[tokio::test]
async fn headings_are_found_by_their_names() {
    let contract = contract(TABLE);
    let renamed = findings(&contract, "District,Episodes,Return interviews held\nYork,1,1\n").await;
    let expected = "note A heading-renamed: the heading \"District\" is read as \"Area\", its name in this return.\n";
    assert_eq!(renamed, expected);
    insta::assert_snapshot!(findings(&contract, "Area,Episode,Note,Return interviews held,\nYork,1,x,1,y\n").await);
    let twice = findings(&contract, "Area,District,Episodes,Return interviews held\nYork,York,1,1\n").await;
    assert!(twice.starts_with("error A column-twice: "), "{twice}");
}

#[tokio::test]
async fn a_file_without_the_headings_does_not_have_its_first_row_repeated() {
    let told = findings(&contract(TABLE), "Jo Bloggs,12 High Street,7\nSam Smith,x,8\nA,b,9\n").await;
    assert!(told.starts_with("error  headings-missing: none of this return's headings is here."), "{told}");
    assert!(!told.contains("Bloggs"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[tokio::test]
async fn an_unknown_heading_is_an_error_a_query_or_nothing() {
    for (setting, verdict) in [("error", "not_accepted"), ("query", "accepted_with_queries"), ("ignore", "accepted")] {
        let table = TABLE.replace("[[table]]", &format!("[[table]]\nextra_columns = \"{setting}\""));
        let text = "Area,Episodes,Return interviews held,Mood\nYork,1,1,fine\n";
        assert_eq!(checked(&contract(&table), text).await.verdict().as_str(), verdict);
    }
}

#[tokio::test]
async fn a_column_that_is_there_only_sometimes_counts_as_not_available() {
    let table = TABLE.replace("name = \"interviews\"", "name = \"interviews\"\npresent = \"sometimes\"");
    let contract = contract(&table);
    let (checked, kept) = run(&contract, decoded("Area,Episodes\nYork,1\n").await, &Past::default()).await;
    assert!(written(&checked).starts_with("note  column-absent: "), "{}", written(&checked));
    assert_eq!(checked.findings()[0].heading.as_deref(), Some("Return interviews held"));
    let batch = &kept.0[0].1;
    assert!(batch.column_by_name("interviews").unwrap().is_null(0));
    assert_eq!(batch.column_by_name("interviews_status").unwrap().as_string::<i32>().value(0), "x");
}

#[tokio::test]
async fn a_period_other_than_the_one_asked_for_is_named_in_words() {
    let contract = contract(&TABLE.replace("[[table]]", "[[table]]\nperiod_column = \"Period\""));
    let file = |period: &str| format!("Period,Area,Episodes,Return interviews held\n{period},York,1,1\n");
    assert_eq!(findings(&contract, &file("2025-26-Q1")).await, "");
    assert_eq!(findings(&contract, &file("April to June 2025")).await, "");
    let told = findings(&contract, &file("2024-25-Q4")).await;
    let expected =
        "error A2 period: the period reads January to March 2025 (Q4); we asked for April to June 2025 (Q1).";
    assert!(told.starts_with(expected), "{told}");
    let told = findings(&contract, &file("spring")).await;
    assert!(told.starts_with("error A2 period: the period cannot be read. Please write 2025-26-Q1"), "{told}");
    let told = findings(&contract, "Area,Episodes,Return interviews held\nYork,1,1\n").await;
    assert!(told.starts_with("error  column-missing: the column \"Period\" is missing."), "{told}");
}

#[tokio::test]
async fn a_table_of_one_row_refuses_each_row_beyond_it() {
    let table = TABLE.replace("unique = [\"area\"]", "most_rows = 1");
    let found =
        findings(&contract(&table), "Area,Episodes,Return interviews held\nYork,9,8\nYork,9,8\nHull,9,8\n").await;
    let says = "this return has one row for a period, and this is one more. Please delete or correct one.";
    assert_eq!(found, format!("error 3 too-many-rows: {says}\nerror 4 too-many-rows: {says}\n"));
}

#[tokio::test]
async fn a_key_is_unique_over_the_whole_file() {
    let table = TABLE.replace("allowed = [\"York\", \"Leeds\", \"Hull\"]", "");
    let rows: String = (0..10_000).map(|n| format!("Area {n},1,1\n")).collect();
    let text = format!("Area,Episodes,Return interviews held\n{rows}Area 3,1,1\n");
    let told = findings(&contract(&table), &text).await;
    let expected = "error A10002 unique: this row has the same \"Area\" as row 5. Please correct or delete one.\n";
    assert_eq!(told, expected);
}

#[tokio::test]
async fn findings_beyond_the_thousandth_are_counted() {
    let rows: String = (0..2234).map(|n| format!("Area {n},1,2\n")).collect();
    let table = TABLE.replace("allowed = [\"York\", \"Leeds\", \"Hull\"]", "");
    let checked = checked(&contract(&table), &format!("Area,Episodes,Return interviews held\n{rows}")).await;
    assert_eq!(checked.findings().len(), 1000);
    assert!(checked.findings()[999].says.ends_with("There are 1,234 more like it."));
}

#[tokio::test]
async fn a_file_without_rows_or_with_far_fewer_is_held() {
    let contract = contract(&TABLE.replace("allowed = [\"York\", \"Leeds\", \"Hull\"]", ""));
    let held = |rows: usize, usual: Option<i64>| {
        let rows: String = (0..rows).map(|n| format!("Area {n},1,1\n")).collect();
        let contract = &contract;
        async move {
            let decoded = decoded(&format!("Area,Episodes,Return interviews held\n{rows}")).await;
            let past = Past { usual_rows: usual, ..Past::default() };
            run(contract, decoded, &past).await.0
        }
    };
    assert_eq!(
        held(0, None).await.reason(),
        Some("a file without rows is being checked: the file has headings and no rows")
    );
    assert_eq!(
        held(20, Some(50)).await.reason(),
        Some("a large drop is being checked: the file has 20 rows, the last one had 50")
    );
    assert_eq!(held(21, Some(50)).await.reason(), None);
    assert_eq!(held(1, Some(49)).await.reason(), None);
    let held = held(20, Some(50)).await;
    assert_eq!(held.rows(), RowCounts { read: 20, accepted: 0, refused: 20 });
    let released = held.released();
    assert_eq!(*released.judgement(), Judgement::Accepted);
    assert_eq!(released.rows(), RowCounts { read: 20, accepted: 20, refused: 0 });
}

#[tokio::test]
async fn a_table_or_column_that_the_return_no_longer_has_is_no_drop() {
    let contract = contract(&TABLE.replace("allowed = [\"York\", \"Leeds\", \"Hull\"]", ""));
    let own = contract.qualified(&contract.tables[0]);
    for (name, is_held) in [
        ("returns.gone".to_owned(), false),
        (format!("{own}_gone"), false),
        (format!("{own}.gone"), false),
        (format!("{own}.episodes"), true),
        (own, true),
    ] {
        let decoded = decoded("Area,Episodes,Return interviews held\nYork,3,2\n").await;
        let past = Past { usual_sizes: [(name.clone(), 500)].into(), ..Past::default() };
        assert_eq!(run(&contract, decoded, &past).await.0.reason().is_some(), is_held, "{name}");
    }
}

#[tokio::test]
async fn totals_are_read_back_with_the_reason_for_what_they_lack() {
    let checked = checked(&contract(TABLE), "Area,Episodes,Return interviews held\nYork,3,c\nLeeds,4,2\n").await;
    let totals: Vec<_> = checked.totals().iter().map(|t| (t.heading.as_str(), t.value, t.status)).collect();
    let confidential = Some(crate::domain::Status::C);
    assert_eq!(totals, [("Episodes", Some(7), None), ("Return interviews held", Some(2), confidential)]);
}

#[tokio::test]
async fn a_rule_that_cannot_be_worked_out_in_one_row_is_a_query_there_alone() {
    let rule = r#"
[[table.rule]]
id = "share"
sql = "interviews / episodes < 2"
says = "too many interviews."
"#;
    let contract = contract(&format!("{}{rule}", TABLE.split("[[table.rule]]").next().unwrap()));
    let text = "Area,Episodes,Return interviews held\nYork,0,1\nLeeds,1,5\nHull,3,3\n";
    let told = findings(&contract, text).await;
    assert!(told.contains("query 2 share: this rule cannot be worked out here"), "{told}");
    assert!(told.contains("error 3 share: too many interviews."), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[tokio::test]
async fn a_cumulative_figure_must_not_fall_from_one_period_to_the_next() {
    let compare = r#"
[[table.compare]]
id = "episodes-fall"
key = ["area"]
column = "episodes"
expect = "not-falling"
says = "{episodes} is less than in the period before. Is that right, and why?"
"#;
    let contract = contract(&format!("{TABLE}{compare}"));
    let before = "Area,Episodes,Return interviews held\nYork,10,1\nLeeds,10,1\n";
    let (_, kept) = run(&contract, decoded(before).await, &Past::default()).await;
    assert_eq!(contract.tables[0].compared_columns().into_iter().collect::<Vec<_>>(), ["area", "episodes"]);
    let rows = kept.0.into_iter().map(|(_, batch)| batch).collect();
    let past = Past { previous: [("missing".to_owned(), rows)].into(), ..Past::default() };
    let now = "Area,Episodes,Return interviews held\nLeeds,9,1\nYork,10,1\nHull,1,1\n";
    let (checked, _) = run(&contract, decoded(now).await, &past).await;
    let expected = "query B2 episodes-fall: B2 is less than in the period before. Is that right, and why?\n";
    assert_eq!(written(&checked), expected);
}

#[tokio::test]
async fn defects_that_are_no_errors_load_with_a_reason_in_place_of_the_number() {
    let table = TABLE.replace("max = 500", "severity = \"query\"\nmax = 500");
    let text = "Area,Episodes,Return interviews held\nYork,..,1\nLeeds,900,1\n";
    let (checked, kept) = run(&contract(&table), decoded(text).await, &Past::default()).await;
    assert_eq!(*checked.judgement(), Judgement::AcceptedWithQueries);
    let batch = &kept.0[0].1;
    let episodes = batch.column_by_name("episodes").unwrap().as_primitive::<Decimal128Type>();
    assert_eq!(episodes.iter().collect::<Vec<_>>(), [None, Some(900)]);
    assert_eq!(batch.column_by_name("episodes_status").unwrap().as_string::<i32>().value(0), "x");
}

#[tokio::test]
async fn each_table_of_a_workbook_has_its_sheet() {
    let tables = r#"
[[table]]
name = "figures"
sheet = "Return"
[[table.column]]
name = "n"
type = "count"
[[table]]
name = "narrative"
sheet = "Story"
optional = true
[[table.column]]
name = "text"
type = "text"
"#;
    let contract = contract_of("kind = \"xlsx\"", tables);
    let sheet = async |name: &str, text: &str| {
        let only = decoded(text).await.sheets.remove(0);
        Sheet { name: Some(name.to_owned()), ..only }
    };
    let both = Decoded {
        sheets: vec![sheet("Story", "text\n").await, sheet("return ", "n\n4\n").await],
        ignored: vec!["Notes".into()],
    };
    let (checked, kept) = run(&contract, both, &Past::default()).await;
    assert_eq!(*checked.judgement(), Judgement::Accepted, "a story may be left out");
    assert_eq!(checked.ignored_sheets(), ["Notes"]);
    assert_eq!(kept.0.len(), 1);
    let misnamed = Decoded { sheets: vec![sheet("Retrun", "n\n4\n").await], ignored: Vec::new() };
    let (checked, _) = run(&contract, misnamed, &Past::default()).await;
    assert_eq!(checked.findings().len(), 1);
    assert_eq!(checked.findings()[0].sheet.as_deref(), Some("Return"));
    assert!(checked.findings()[0].says.contains("If \"Retrun\" is meant"), "{}", checked.findings()[0].says);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_an_error_and_no_judgement() {
    let decoded = decoded("Area,Episodes,Return interviews held\nYork,1,1\nLeeds,1\n").await;
    let result = check(&contract(TABLE), claim(), decoded, &Past::default(), &mut Kept::default()).await;
    assert!(matches!(result, Err(CheckError::Decode(_))));
}

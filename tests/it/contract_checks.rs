//! What a contract can ask of a file beyond the type of each cell, and that every slip in asking is told.

use std::{collections::BTreeMap, fs, path::Path};

use arrow::array::{Array, AsArray, RecordBatch};
use bytes::Bytes;
use quarterday::{
    check::{
        Checked, Claim, CodeList, Codes, Contract, Finding, Kind, Past, PseudonymKey, RowCounts, SeenColumn, Severity,
        check,
    },
    decode::decode,
    domain::Verdict,
    settings::{Problems, read_file, read_text},
};
use tempfile::TempDir;

use crate::support::{Kept, launcher};

/// A contract in a folder of its own, so that files can stand beside it.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn settled(&self, classification: &str, above: &str, tables: &str) -> (Option<Contract>, Problems) {
        let text = definition(classification, above, tables);
        let path = self.folder.path().join("return.toml");
        fs::write(&path, text).unwrap();
        let mut problems = Problems::default();
        let document = read_file(&path, &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let contract = Contract::settle("checks".parse().unwrap(), &document);
        problems.merge(document.finish());
        (contract, problems)
    }

    fn contract(&self, tables: &str) -> Contract {
        self.contract_of("aggregate", "", tables)
    }

    fn contract_of(&self, classification: &str, above: &str, tables: &str) -> Contract {
        let (contract, problems) = self.settled(classification, above, tables);
        assert!(problems.is_empty(), "{problems}");
        contract.unwrap()
    }

    /// What is told of a definition, without the place of the folder.
    fn told(&self, above: &str, tables: &str) -> String {
        let (_, problems) = self.settled("aggregate", above, tables);
        problems.to_string().replace(&self.folder.path().display().to_string(), "")
    }
}

fn definition(classification: &str, above: &str, tables: &str) -> String {
    format!(
        r#"
title = "Checks"
agencies = ["police"]
every = "quarter"
due = {{ working_days = 10 }}
source = {{ kind = "by-hand" }}
format = {{ kind = "csv" }}
{above}
{tables}
[governance]
purpose = "to try the checks"
lawful_basis = "none is needed for made-up figures"
agreement = "none"
agreement_review = 2030-01-01
retention_years = 1
classification = "{classification}"
"#
    )
}

async fn run(contract: &Contract, text: &str, past: &Past) -> (Checked, Vec<RecordBatch>) {
    let claim = Claim { obligation: "checks/police/2025-26-Q1".parse().unwrap(), submission: 1 };
    let decoded = decode(&contract.format, Bytes::copy_from_slice(text.as_bytes()), &launcher()).await.unwrap();
    let mut kept = Kept::default();
    let checked = check(contract, claim, decoded, past, &mut kept).await.unwrap();
    (checked, kept.0.into_iter().map(|(_, batch)| batch).collect())
}

/// Findings as a person might write them down.
async fn findings(contract: &Contract, text: &str, past: &Past) -> String {
    written(run(contract, text, past).await.0.findings())
}

fn written(findings: &[Finding]) -> String {
    let line = |f: &Finding| {
        let (letter, row) =
            (f.letter.clone().unwrap_or_default(), f.row.map(|row| row.to_string()).unwrap_or_default());
        format!("{} {letter}{row} {}: {}\n", f.severity.as_str(), f.rule, f.says)
    };
    findings.iter().map(line).collect()
}

fn texts(batches: &[RecordBatch], column: &str) -> Vec<String> {
    let cells = batches.iter().flat_map(|batch| batch.column_by_name(column).unwrap().as_string::<i32>().iter());
    cells.map(|cell| cell.unwrap_or_default().to_owned()).collect()
}

/// Columns with these lines besides name and type.
fn table(columns: &[(&str, &str, &str)]) -> String {
    columns.iter().fold("[[table]]\nname = \"rows\"\n".to_owned(), |text, (name, kind, more)| {
        format!("{text}[[table.column]]\nname = \"{name}\"\ntype = \"{kind}\"\n{more}\n")
    })
}

#[tokio::test]
async fn texts_keep_their_pattern_and_identifiers_their_check_digits() {
    let contract = Bench::new().contract(&table(&[
        ("ref", "text", "pattern = '[A-Z]{2}[0-9]{4}'\nexample = \"AB1234\""),
        ("nhs", "text", "check = \"nhs-number\""),
        ("upn", "text", "check = \"upn\"\nseverity = \"query\""),
        ("uprn", "text", "check = \"uprn\""),
    ]));
    let text = "ref,nhs,upn,uprn\n\
                AB1234,943 476 5919,P207000016049,10033544614\n\
                xAB1234,9434765918,B207000016049,12a\n\
                AB12345,,,\n";
    insta::assert_snapshot!(findings(&contract, text, &Past::default()).await, @r#"
    error A3 pattern: "ref" is not written as "AB1234" is. Please correct it.
    error A4 pattern: "ref" is not written as "AB1234" is. Please correct it.
    error B3 check-digit: "nhs" is not an NHS number: its last digit does not follow from the others. Please look it up and correct it.
    error D3 check-digit: "uprn" is not a UPRN, which has up to twelve digits. Please look it up and correct it.
    query C3 check-digit: "upn" is not a UPN: its first letter does not follow from the rest. Please look it up and correct it.
    "#);
}

const ETHNICITY: &str = "code,name\nWBRI,White British\nWIRI,White Irish\nAIND,Indian\n";

#[tokio::test]
async fn codes_come_from_a_file_beside_the_definition_that_is_part_of_it() {
    let bench = Bench::new().with("codes/ethnicity.csv", ETHNICITY);
    let column = "codes = { file = \"codes/ethnicity.csv\", column = \"code\", label = \"name\" }";
    let contract = bench.contract(&table(&[("ethnicity", "text", column), ("n", "count", "")]));
    let (checked, rows) = run(&contract, "ethnicity,n\nWBRI,1\n wiri,2\n,3\n", &Past::default()).await;
    assert_eq!(checked.verdict(), Verdict::Accepted);
    assert_eq!(texts(&rows, "ethnicity"), ["WBRI", "WIRI", ""], "as the list writes them");
    insta::assert_snapshot!(findings(&contract, "ethnicity,n\nwiri,2\nXXXX,1\nWhite british,2\n", &Past::default()).await, @r#"
    error A3 codes: "ethnicity" must be one of WBRI, WIRI, AIND. Please choose one.
    error A4 codes: "ethnicity" has what a code means in its place. Please write the code.
    note A2 spelling: "ethnicity" has other capitals or spaces than this return's list; it is read as "WIRI".
    "#);

    let mut problems = Problems::default();
    let kept = read_text("kept", &contract.text, &mut problems).unwrap();
    let again = Contract::settle(contract.id.clone(), &kept).unwrap();
    problems.merge(kept.finish());
    assert!(problems.is_empty(), "{problems}");
    assert_eq!(again.hash, contract.hash, "what is kept with a submission is the same contract again");
    let Some(Codes::File(list)) = &again.tables[0].columns[0].codes else { panic!("no list") };
    assert_eq!(list.codes().last(), Some(("AIND", Some("Indian"))));
    let other = Bench::new().with("codes/ethnicity.csv", "code,name\nWBRI,White British\n");
    let other = other.contract(&table(&[("ethnicity", "text", column), ("n", "count", "")]));
    assert_ne!(other.hash, contract.hash, "another list is another contract");
}

#[tokio::test]
async fn codes_of_a_reference_table_come_with_the_past_and_are_said_to_be_absent_when_they_are() {
    let column = "codes = { table = \"reference.la_codes\", column = \"code\" }";
    let contract = Bench::new().contract(&table(&[("la", "text", column)]));
    let said = findings(&contract, "la\n816\n", &Past::default()).await;
    assert_eq!(said, "note A codes: \"la\" was not held against reference.la_codes, which is empty so far.\n");
    let list = CodeList::of([("816".to_owned(), None), ("815".to_owned(), Some("North Yorkshire".to_owned()))]);
    let list = CodeList::from_text(&list.to_text()).unwrap();
    let lists = BTreeMap::from([(contract.code_tables().next().unwrap().clone(), list)]);
    let said = findings(&contract, "la\n816\n817\n", &Past { lists, ..Past::default() }).await;
    assert_eq!(said, "error A3 codes: \"la\" must be one of 816, 815. Please choose one.\n");
}

#[tokio::test]
async fn totals_add_up_across_a_row_and_down_a_column() {
    let columns = table(&[
        ("area", "text", ""),
        ("boys", "count", ""),
        ("girls", "count", ""),
        ("all", "decimal", "decimals = 1"),
    ]);
    let sums = r#"
unique = ["area"]
[[table.total]]
id = "all-are-boys-and-girls"
total = "all"
parts = ["boys", "girls"]
[[table.total]]
id = "areas-add-up"
where = "area = 'Total'"
columns = ["boys", "girls"]
tolerance = 1
"#;
    let (head, rest) = sums.split_once("[[").unwrap();
    let text = columns.replacen("name = \"rows\"\n", &format!("name = \"rows\"{head}"), 1) + "[[" + rest;
    let contract = Bench::new().contract(&text);
    let good = "area,boys,girls,all\nYork,1,2,3\nLeeds,4,5,9.0\nTotal,6,7,13\n";
    assert_eq!(findings(&contract, good, &Past::default()).await, "", "one more boy is rounding");
    let bad = "area,boys,girls,all\nYork,1,2,3.1\nLeeds,4,c,9\nTotal,7,7,14\n";
    insta::assert_snapshot!(findings(&contract, bad, &Past::default()).await, @r"
    error D2 all-are-boys-and-girls: D2 is not the sum of B2 and C2. Please correct one of them.
    error B4 areas-add-up: B4 is not the sum of the other rows of its column. Please correct one of them.
    note D3 total-unchecked: the total in D3 cannot be checked: not all of its numbers are given.
    note C4 total-unchecked: the total in C4 cannot be checked: not all of its numbers are given.
    ");
    let without = findings(&contract, "area,boys,girls,all\nYork,1,2,3\n", &Past::default()).await;
    assert_eq!(without, "error  areas-add-up: the row with the total is missing, or one of them. Please add it.\n");
}

#[tokio::test]
async fn each_of_several_rows_of_totals_must_add_up() {
    let columns = table(&[("area", "text", ""), ("cases", "count", "")]);
    let total = "[[table.total]]\nid = \"areas\"\nwhere = \"area = 'Total'\"\n";
    let contract = Bench::new().contract(&format!("{columns}{total}"));
    let text = "area,cases\nTotal,9\nYork,3\nHull,4\nTotal,7\nTotal,8\n";
    let told = findings(&contract, text, &Past::default()).await;
    assert_eq!(
        told,
        "error B2 areas: B2 is not the sum of the other rows of its column. Please correct one of them.\n\
         error B6 areas: B6 is not the sum of the other rows of its column. Please correct one of them.\n"
    );
    let many = format!("area,cases\nYork,3\n{}", "Total,3\n".repeat(1002));
    let told = findings(&contract, &many, &Past::default()).await;
    assert_eq!(told, "error 1003 areas: more than 1,000 rows are totals of the same rows. Please leave one.\n");
}

#[tokio::test]
async fn a_unit_tells_a_per_cent_sign_and_a_share_from_a_percentage() {
    let contract = Bench::new().contract(&table(&[
        ("children", "count", "unit = \"children\""),
        ("absence", "decimal", "unit = \"%\""),
        ("rate", "decimal", "unit = \"%\"\nmax = 1"),
    ]));
    insta::assert_snapshot!(findings(&contract, "children,absence,rate\n12%,0.45,0.5\n7,0.5,0.2\n", &Past::default()).await, @r#"
    error A2 unit: "children" has a per cent sign where children belong. Please write the number of them.
    query B shares: every number of "absence" lies between 0 and 1. If they are shares, please write 45 for 45 %; if they are small percentages, please say so.
    "#);
    let mixed = findings(&contract, "children,absence,rate\n12,0.45,0.5\n7,45.5 %,0.2\n", &Past::default()).await;
    assert!(mixed.starts_with("query B shares: some cells of \"absence\" have a per cent sign"), "{mixed}");
    assert_eq!(findings(&contract, "children,absence,rate\n12,0.45,0.5\n7,45.5,0.2\n", &Past::default()).await, "");
    let bare = Bench::new().contract(&table(&[("children", "count", ""), ("rate", "decimal", "")]));
    let told = findings(&bare, "children,rate\n12%,45%\n", &Past::default()).await;
    assert_eq!(
        told,
        "error A2 unit: \"children\" has a per cent sign where a count belongs. Please write the number of them.\n"
    );
}

#[tokio::test]
async fn headings_that_differ_in_what_nobody_sees_are_two_names_of_one_column() {
    let contract = Bench::new().contract(&table(&[("area", "text", ""), ("n", "count", "")]));
    let told = findings(&contract, "area,n,N\nYork,3,9\n", &Past::default()).await;
    assert!(told.starts_with("error B column-twice: \"n\" and \"N\" are two names of one column"), "{told}");
}

#[tokio::test]
async fn a_file_of_tens_of_thousands_of_columns_is_told_of_in_a_few_lines_or_refused() {
    let contract = Bench::new().contract(&table(&[("area", "text", ""), ("n", "count", "")]));
    let wide = |columns: usize| {
        let more: String = (0..columns).map(|at| format!(",c{at}")).collect();
        format!("area,n{more}\nYork,3{}\n", ",".repeat(columns))
    };
    let told = findings(&contract, &wide(10_000), &Past::default()).await;
    assert!(told.contains("9,900 more columns are not part of this return") && told.lines().count() < 120, "{told}");
    let refused = decode(&contract.format, Bytes::from(wide(16_384)), &launcher()).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.starts_with("the row of headings has 16386 columns"), "{refused}");
}

#[tokio::test]
async fn a_date_has_a_year_that_can_be_and_no_time_of_day() {
    let contract = Bench::new().contract(&table(&[("day", "date", "")]));
    let told =
        findings(&contract, "day\n0025-07-01\n01/07/0206\n2025-07-01 13:45\n1900-01-01\n", &Past::default()).await;
    assert_eq!(
        told,
        "error A4 type: \"day\" has a time of day behind its date. Please write the date alone.\n\
         query A2 range: \"day\" lies before 1900. Is the year right?\n\
         query A3 range: \"day\" lies before 1900. Is the year right?\n"
    );
}

#[tokio::test]
async fn a_few_bad_rows_are_refused_and_the_others_taken() {
    let columns = table(&[("area", "text", "required = true"), ("n", "count", "max = 500")]);
    let contract = Bench::new().contract_of("aggregate", "refuse_rows = \"up to 10 %\"", &columns);
    let rows = |bad: usize| {
        let row = |at: usize| if at < bad { format!("A{at},many\n") } else { format!("A{at},1\n") };
        (0..30).map(row).fold("area,n\n".to_owned(), |text, row| text + &row)
    };
    let (checked, kept) = run(&contract, &rows(3), &Past::default()).await;
    assert_eq!(checked.verdict(), Verdict::AcceptedWithQueries);
    assert_eq!(checked.rows(), RowCounts { read: 30, accepted: 27, refused: 3 });
    assert_eq!(kept.iter().map(RecordBatch::num_rows).sum::<usize>(), 27);
    assert_eq!(checked.totals()[0].value, Some(27), "what is read back is what was taken");
    assert_eq!(checked.refused()["rows"].iter().copied().collect::<Vec<_>>(), [2, 3, 4], "their numbers are kept");
    assert!(checked.findings().iter().all(|finding| finding.severity == Severity::Error));

    let (checked, _) = run(&contract, &rows(4), &Past::default()).await;
    assert_eq!(checked.verdict(), Verdict::NotAccepted);
    assert_eq!(checked.rows(), RowCounts { read: 30, accepted: 0, refused: 30 });
    let last = checked.findings().iter().find(|finding| finding.rule == "too-many-refused").unwrap();
    assert_eq!(last.says, "4 of 30 rows break a rule; up to 10 % of them may. Please correct them.");

    let (checked, _) = run(&contract, "area\nYork\n", &Past::default()).await;
    assert_eq!(checked.verdict(), Verdict::NotAccepted, "a missing column is no row's fault");
    let past = Past { refused: [("rows".to_owned(), [7, 9].into())].into(), ..Past::default() };
    let (checked, _) = run(&contract, &rows(0), &past).await;
    assert_eq!(checked.rows().refused, 2, "what was refused once is refused again in a replay");
}

#[tokio::test]
async fn rows_of_another_agency_are_told() {
    let columns =
        table(&[("n", "count", "")]).replacen("name = \"rows\"", "name = \"rows\"\nagency_column = \"Force\"", 1);
    let contract = Bench::new().contract(&columns);
    let past = Past { agency_names: vec!["Exampleshire Police".into(), "EXP".into()], ..Past::default() };
    let good = "Force,n\nexampleshire  police,1\nPOLICE,1\nExp,2\n";
    assert_eq!(findings(&contract, good, &past).await, "");
    insta::assert_snapshot!(findings(&contract, "Force,n\nExp,1\nOtherton Police,2\n,3\n", &past).await, @r#"
    error A3 agency: "Force" names another agency than the one this file is from. Please correct it, or send that agency's rows in a file of its own.
    error A4 agency: "Force" names no agency. Please fill it in.
    "#);
    let missing = findings(&contract, "Forces,n\nExp,1\n", &past).await;
    assert!(missing.contains("the column \"Force\" is missing. If \"Forces\" in column A is meant"), "{missing}");
}

fn seen(columns: &[(&str, Kind, &str)]) -> Past {
    let column = |(heading, kind, symbols): &(&str, Kind, &str)| SeenColumn {
        heading: (*heading).to_owned(),
        kind: *kind,
        symbols: (*symbols).to_owned(),
    };
    let columns = columns.iter().map(column).collect();
    Past { seen: [("rows".to_owned(), columns)].into(), ..Past::default() }
}

#[tokio::test]
async fn columns_that_drift_are_named_with_what_to_do() {
    let definition = table(&[
        ("area", "text", ""),
        ("postal", "text", "present = \"sometimes\""),
        ("n", "count", ""),
        ("code", "text", ""),
    ])
    .replacen("name = \"rows\"", "name = \"rows\"\nextra_columns = \"ignore\"", 1);
    let contract = Bench::new().contract(&definition);
    let before = "area,postal,n,code,remark\nYork,YO1,1,7,x\nLeeds,LS1,2,8,fine\n";
    let (first, _) = run(&contract, before, &Past::default()).await;
    assert_eq!(written(first.findings()), "", "a first file has nothing to drift from");
    let past = Past { seen: first.seen().clone(), ..Past::default() };
    let expected = seen(&[
        ("area", Kind::Text, ""),
        ("postal", Kind::Text, ""),
        ("n", Kind::Number, ""),
        ("code", Kind::Number, ""),
        ("remark", Kind::Text, ""),
    ]);
    assert_eq!(past.seen, expected.seen);
    assert_eq!(findings(&contract, before, &past).await, "", "the same again");

    let after = "code,Postcode,area,n\nseven,YO1,York,c\n8,LS1,Leeds,2\n";
    insta::assert_snapshot!(findings(&contract, after, &past).await, @r#"
    query B column-renamed: "postal" is gone and "Postcode" stands in its place in column B, with the same kind of content. If it is the same column, please give it its old heading.
    query A column-retyped: the cells of "code" were all numbers in the last file and are text now. Is it still the same column?
    note  column-absent: the column "postal" is not in this file; it counts as not available.
    note  column-gone: "remark" stood in the last file and is gone. If it was left out by mistake, please send it again.
    note  columns-moved: the columns stand in another order than in the last file; they are read by their headings.
    note D symbol-new: "n" has c (hidden) in place of a number, which the last file had not.
    "#);
    let bare = findings(&contract, "CANARY,YO9,1,7,x\nLeeds,LS1,2,8,fine\n", &past).await;
    assert!(bare.starts_with("error  headings-missing") && !bare.contains("CANARY"), "{bare}");
    let more = "area,postal,n,code,remark,colour\nYork,YO1,1,7,x,red\n";
    let said = findings(&contract, more, &past).await;
    assert_eq!(
        said,
        "note F column-new: \"colour\" was not in the last file. If it is to be read, the business unit adds it to the return.\n"
    );
}

#[tokio::test]
async fn a_figure_far_outside_its_own_history_is_queried_without_being_told() {
    let columns = table(&[("area", "text", ""), ("n", "count", "")]);
    let watched = columns
        + "[[table.outlier]]\nid = \"episodes-usual\"\nkey = [\"area\"]\ncolumn = \"n\"\nmethod = \"xmr\"\n\
                             [[table.outlier]]\nid = \"rows-usual\"\n";
    let contract = Bench::new().contract(&watched);
    let mut history = Vec::new();
    for (period, york, leeds) in [
        ("2023-24-Q4", 40, 7),
        ("2024-25-Q1", 44, 7),
        ("2024-25-Q2", 39, 7),
        ("2024-25-Q3", 42, 7),
        ("2024-25-Q4", 41, 7),
    ] {
        let text = format!("area,n\nYork,{york}\nLeeds,{leeds}\n");
        let claim = Claim { obligation: format!("checks/police/{period}").parse().unwrap(), submission: 1 };
        let decoded = decode(&contract.format, Bytes::from(text), &launcher()).await.unwrap();
        let mut kept = Kept::default();
        check(&contract, claim, decoded, &Past::default(), &mut kept).await.unwrap();
        history.extend(kept.0.into_iter().map(|(_, batch)| batch));
    }
    let past = Past { history: [("rows".to_owned(), history)].into(), ..Past::default() };
    assert_eq!(findings(&contract, "area,n\nYork,45\nLeeds,700\n", &past).await, "", "equal figures have no limits");
    let said = findings(&contract, "area,n\nYork,400\nLeeds,7\nHull,9\n", &past).await;
    assert_eq!(
        said,
        "query B2 episodes-usual: \"n\" in B2 is much higher than in the last five periods. Is that right?\n"
    );
    assert!(!said.contains("400"));
    let hidden = findings(&contract, "area,n\nYork,c\nLeeds,7\n", &past).await;
    assert_eq!(hidden, "", "a hidden figure is not held against anything");
}

#[tokio::test]
async fn what_identifies_a_child_is_kept_as_pseudonym_month_and_district() {
    let tables = table(&[
        ("nhs", "text", "check = \"nhs-number\"\npseudonym = true"),
        ("born", "date", "month_of_birth = true"),
        ("postcode", "text", "district = true"),
        ("seen_on", "date", ""),
    ]) + "[[table.rule]]\nid = \"seen-after-birth\"\nsql = \"seen_on >= born\"\nsays = \"{seen_on} is before {born}.\"\n";
    let contract = Bench::new().contract_of(
        "child-level",
        "",
        &tables.replacen("name = \"rows\"", "name = \"rows\"\nunique = [\"nhs\", \"born\"]", 1),
    );
    assert_eq!(contract.qualified(&contract.tables[0]), "confidential.rows");
    let past = Past { pseudonym_key: Some(PseudonymKey::new([9; 32])), ..Past::default() };
    let text = "nhs,born,postcode,seen_on\n943 476 5919,27/03/2008,YO1 7HH,01/06/2025\n943 476 5919,28/03/2008,yo17hh,01/06/2025\n";
    let (checked, rows) = run(&contract, text, &past).await;
    assert_eq!(checked.verdict(), Verdict::Accepted, "{}", written(checked.findings()));
    assert_eq!(rows[0].schema(), contract.tables[0].schema());
    let key = PseudonymKey::new([9; 32]);
    assert_eq!(texts(&rows, "nhs"), vec![key.pseudonym("child", "9434765919"); 2], "the same person in any spelling");
    assert_eq!(texts(&rows, "born"), ["2008-03", "2008-03"], "and two days are two keys before they are shielded");
    assert_eq!(texts(&rows, "postcode"), ["YO1", "YO1"]);
    assert!(rows[0].column_by_name("seen_on").unwrap().is_valid(0));
    let bad = "nhs,born,postcode,seen_on\n9434765919,27/03/2025,nowhere,01/03/2025\n";
    insta::assert_snapshot!(findings(&contract, bad, &past).await, @r#"
    error 2 seen-after-birth: D2 is before B2.
    error C2 postcode: "postcode" is not a postcode. Please correct it, or leave it empty.
    "#);
    let decoded = decode(&contract.format, Bytes::from(text), &launcher()).await.unwrap();
    let claim = Claim { obligation: "checks/police/2025-26-Q1".parse().unwrap(), submission: 1 };
    let refused = check(&contract, claim, decoded, &Past::default(), &mut Kept::default()).await;
    assert!(refused.unwrap_err().to_string().contains("key for pseudonyms"), "without the key nothing is kept");
}

#[test]
fn every_slip_in_a_check_is_told() {
    let bench = Bench::new().with("codes.csv", "code\n1\n").with("empty.csv", "code\n");
    let tables = table(&[
        ("a", "text", "pattern = '('"),
        ("b", "count", "pattern = '[0-9]'\ncheck = \"upn\"\npseudonym = true"),
        ("c", "text", "check = \"upm\"\nunit = \"children\"\nexample = \"x\""),
        ("d", "text", "codes = { file = \"../codes.csv\", column = \"code\" }"),
        ("e", "text", "codes = { file = \"codes.csv\", column = \"kode\" }"),
        ("f", "text", "codes = { file = \"empty.csv\", column = \"code\" }"),
        ("g", "date", "codes = { table = \"la_codes\", column = \"code\" }"),
        ("h", "text", "codes = { column = \"code\" }\nmonth_of_birth = true\ndistrict = true"),
        ("i", "text", "pattern = '[0-9]+'\nexample = \"one\"\npurpose = \"x\""),
        ("j", "count", ""),
    ]) + r#"
[[table.total]]
id = "pattern"
total = "a"
parts = ["j", "j2"]
[[table.total]]
id = "t2"
where = "nothing = 1"
parts = ["j"]
by = ["k"]
tolerance = -1
[[table.total]]
id = "t3"
[[table.outlier]]
id = "t2"
key = ["nobody"]
column = "a"
method = "guess"
[[rule]]
id = "t2"
sql = "SELECT 1"
says = "{nobody}"
"#;
    insta::assert_snapshot!(bench.told("refuse_rows = \"2 %\"", &tables));
}

#[test]
fn a_childs_particulars_belong_in_a_child_level_return() {
    let told = Bench::new().told("", &table(&[("nhs", "text", "pseudonym = true")]));
    assert!(told.contains("governance.classification") && told.contains("classification = \"child-level\""), "{told}");
}

#[test]
fn the_documented_examples_are_right() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/README.md")).unwrap();
    let mut tried = 0;
    for example in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        let Some(tables) = example.strip_prefix("# in a whole table\n") else { continue };
        let bench = Bench::new().with("codes/ethnicity.csv", ETHNICITY);
        let classification = if tables.contains("pseudonym") { "child-level" } else { "aggregate" };
        let (above, tables) = tables.split_at(tables.find("[[").unwrap());
        bench.contract_of(classification, above, tables);
        tried += 1;
    }
    assert!(tried >= 4, "{tried} examples");
}

//! `quarterday test`: an indicator's SQL on its author's own small tables, without Rust.

use crate::support::{TestBoard, said};

const CASE: &str = "reports/indicators/second-plans.test.toml";

#[test]
fn every_shipped_indicator_has_cases_and_all_come_out_as_expected() {
    let board = TestBoard::exampleshire();
    let printed = board.done(&["test"]);
    assert!(!printed.contains("No test of their own"), "{printed}");
    let cases = printed.lines().filter(|line| line.starts_with("ok  ")).count();
    assert!(cases > 100, "{printed}");
    assert!(printed.ends_with(&format!("{cases} cases, all as expected\n")), "{printed}");
}

#[test]
fn what_comes_out_otherwise_is_told_by_row_and_column() {
    let board = TestBoard::exampleshire();
    board.edit("reports/indicators/second-plans.sql", "plans_started AS denominator", "plans_open AS denominator");
    let failed = board.run(&["test", "second-plans"]);
    let told = said(&failed);
    assert!(!failed.status.success(), "{told}");
    assert!(told.contains("wrong  second-plans: ") && told.contains("figures, row 1: denominator is "), "{told}");
    assert!(told.contains("values, row 1: value is ") && told.contains("cases came out otherwise"), "{told}");
}

#[test]
fn a_case_that_cannot_be_meant_says_what_to_write() {
    let board = TestBoard::exampleshire();
    let right = board.read(CASE);
    for (from, to, expected) in [
        ("returns.child_protection", "returns.child_protecton", "did you mean returns.child_protection?"),
        ("plans_started", "plans_startd", "has no column plans_startd; did you mean plans_started?"),
        ("says =", "sais =", "the unknown key \"sais\""),
        ("figures =", "figure =", "one of benchmark, figures, values"),
        ("period,numerator", "period,numerater", "there is no column numerater; there are period, numerator"),
        ("[case.given]", "[case.given]\n\"models.children\" = \"period\"", "its SQL reads no models.children"),
    ] {
        board.write(CASE, right.replacen(from, to, 1));
        let told = said(&board.run(&["test", "second-plans"]));
        assert!(told.contains(expected), "{from} → {to}: {told}");
    }
    board.write(CASE, &right);
    let unknown = said(&board.run(&["test", "second-plan"]));
    assert!(
        unknown.contains("there is no indicator second-plan in reports/indicators; did you mean second-plans?"),
        "{unknown}"
    );
    std::fs::remove_file(board.path(CASE)).unwrap();
    assert!(board.done(&["test", "second-plans"]).contains("No test of their own: second-plans"));
}

#[test]
fn a_query_that_goes_wrong_on_its_data_is_told_in_words() {
    let board = TestBoard::exampleshire();
    let sql = "SELECT period, plans_started / (plans_open - plans_open) AS numerator, plans_open AS denominator FROM \
               returns.child_protection";
    board.write("reports/indicators/second-plans.sql", sql);
    board.write(
        CASE,
        "[[case]]\nsays = \"it divides\"\n[case.given]\n\"returns.child_protection\" = \"\"\"\nperiod,plans_open,plans_started\n\
         2025-26-Q1,3,4\n\"\"\"\n[case.expect]\nfigures = \"\"\"\nperiod,numerator\n2025-26-Q1,1\n\"\"\"\n",
    );
    let told = said(&board.run(&["test", "second-plans"]));
    assert!(told.contains("a division by zero; write nullif(…, 0) for what divides"), "{told}");
}

#[test]
fn counts_that_run_on_through_a_year_are_taken_apart() {
    let board = TestBoard::exampleshire();
    let sql = "SELECT period, plans_started AS numerator, plans_started_status AS numerator_status FROM returns.child_protection ORDER BY period";
    board.write("reports/indicators/second-plans.sql", sql);
    std::fs::remove_file(board.path("reports/indicators/second-plans.benchmark.sql")).unwrap();
    let definition = "title = \"Plans\"\nwhy = \"w\"\ndefinition = \"d\"\npriority = \"p\"\nquestion = \"how much\"\n\
                      agency = \"children-services\"\nreturn = \"child-protection\"\nunit = \"count\"\nkind = \"flow\"\n\
                      cumulative = \"financial-year\"\ngood = \"neutral\"\n";
    board.write("reports/indicators/second-plans.toml", definition);
    board.write(
        CASE,
        "[[case]]\nsays = \"each quarter is what it adds\"\n[case.given]\n\"returns.child_protection\" = \"\"\"\nperiod,plans_started\n\
         2024-25-Q1,60\n2024-25-Q2,130\n2024-25-Q3,125\n2024-25-Q4,190\n2025-26-Q1,64\n\"\"\"\n[case.expect]\nvalues = \"\"\"\n\
         period,value,status\n2024-25-Q1,60,\n2024-25-Q2,70,\n2024-25-Q3,,x\n2024-25-Q4,65,\n2025-26-Q1,64,\n\"\"\"\n",
    );
    assert!(board.done(&["test", "second-plans"]).contains("1 case, as expected"));
    board.edit("reports/indicators/second-plans.toml", "kind = \"flow\"", "kind = \"snapshot\"");
    let told = said(&board.run(&["validate"]));
    assert!(told.contains("what is counted on a day does not run on"), "{told}");
    board.edit("reports/indicators/second-plans.toml", "\"financial-year\"", "\"school-year\"");
    let told = said(&board.run(&["validate"]));
    assert!(told.contains("financial-year, calendar-year, academic-year"), "{told}");
}

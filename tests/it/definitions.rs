//! Definitions that are wrong: every problem in one pass, each with its place and what to write.

use crate::support::{TestBoard, said};

fn refused(board: &TestBoard) -> String {
    let output = board.run(&["validate"]);
    assert!(!output.status.success(), "{}", said(&output));
    said(&output).replace(&board.path("").display().to_string(), "")
}

#[test]
fn the_shipped_definitions_are_right() {
    let printed = TestBoard::exampleshire().done(&["validate"]);
    assert!(printed.contains("no problems"), "{printed}");
}

#[test]
fn slips_in_five_files_are_told_at_once() {
    let board = TestBoard::exampleshire();
    board.edit("config/quarterday.toml", "[contact]\nname", "[contact]\nnmae");
    board.edit("config/agencies.toml", "email = \"missing.unit@police.example\"", "email = \"missing unit\"");
    board.edit("config/timetable.toml", "on = 2025-08-12", "on = 2025-07-24");
    board.edit("pipelines/care-applications/return.toml", "pull = \"", "pull = \"every day ");
    board.edit("pipelines/missing-children/return.toml", "lawful_basis = ", "lawful_bases = ");
    board.edit("reports/indicators/second-plans.toml", "unit = \"percent\"", "unit = \"percentage\"");
    let told = refused(&board);
    for expected in [
        "config/quarterday.toml",
        "the unknown key \"nmae\"",
        "name = …",
        "config/agencies.toml",
        "missing unit",
        "config/timetable.toml",
        "after signed off on 2025-07-14",
        "pipelines/care-applications/return.toml",
        "a cron expression of five fields, as in \"0 7 * * 1-5\"",
        "the unknown key \"lawful_bases\"",
        "one of count, percent, rate",
    ] {
        assert!(told.contains(expected), "{expected:?} is not told:\n{told}");
    }
    assert!(told.matches(".toml:").count() >= 6, "each names its line:\n{told}");
}

#[test]
fn a_missing_file_and_an_unknown_agency_are_named() {
    let board = TestBoard::exampleshire();
    std::fs::remove_file(board.path("config/agencies.toml")).unwrap();
    assert!(refused(&board).contains("config/agencies.toml"));

    let board = TestBoard::exampleshire();
    board.edit("pipelines/care-applications/return.toml", "\"cafcass\"", "\"cafcas\"");
    let told = refused(&board);
    assert!(told.contains("the agency \"cafcas\"") && told.contains("agencies = [\"cafcass\"]"), "{told}");
}

#[test]
fn sql_that_does_not_fit_the_contracts_is_found_offline() {
    let board = TestBoard::exampleshire();
    board.edit("reports/indicators/second-plans.sql", "second_or_subsequent AS", "second_or_subsequnt AS");
    let told = refused(&board);
    assert!(told.contains("reports/indicators/second-plans.sql"), "{told}");
    assert!(told.contains("second_or_subsequnt"), "{told}");
}

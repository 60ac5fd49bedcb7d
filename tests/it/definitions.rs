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
fn what_could_never_be_fetched_or_would_be_taken_twice_is_told() {
    let mut board = TestBoard::exampleshire();
    board.set("QUARTERDAY__PULLS__BASE", None);
    board.edit("config/quarterday.toml", "\nbase = ", "\n# base = ");
    assert!(refused(&board).contains("an address whose {base} is known"), "{}", refused(&board));
    board.set("QUARTERDAY__PULLS__BASE", Some("http://data.police.example"));
    assert!(refused(&board).contains("plain http is asked on this machine alone"), "{}", refused(&board));
    board.set("QUARTERDAY__PULLS__BASE", Some("http://localhost:9"));
    board.edit("pipelines/care-applications/return.toml", "pull = \"", "pull = \"0 7 31 2 *\" # \"");
    assert!(refused(&board).contains("no such day ever comes"), "{}", refused(&board));

    let board = TestBoard::exampleshire();
    board.edit("pipelines/care-applications/return.toml", "every = \"quarter\"", "every = \"release\"");
    let told = refused(&board);
    assert!(told.contains("before a release is there, nobody knows its day"), "{told}");

    let board = TestBoard::exampleshire();
    board.edit("pipelines/prevent-referrals/return.toml", "path = \"drop/{agency}\"", "path = \"drop/police\"");
    board.edit("pipelines/prevent-referrals/return.toml", "pattern = \"prevent-referrals", "pattern = \"*");
    board.edit("pipelines/missing-children/return.toml", "missing-children*.xlsx", "missing*");
    let told = refused(&board);
    assert!(told.contains("does not take from the same folder"), "{told}");
}

#[test]
fn a_problem_names_its_own_rule_also_after_a_bad_one() {
    let board = TestBoard::exampleshire();
    let rule = |id: &str, sql: &str| format!("\n[[table.rule]]\nid = \"{id}\"\nsql = \"{sql}\"\nsays = \"no\"\n");
    let path = "pipelines/care-applications/return.toml";
    let rules = board.read(path).matches("[[table.rule]]").count();
    let text = board.read(path) + "\n[[table.rule]]\nsql = \"true\"\n" + &rule("one", "true") + &rule("one", "true");
    board.write(path, &text);
    let told = refused(&board);
    let name = |place: usize| format!("rule[{}].id", rules + place);
    assert!(told.contains(&name(1)) && told.contains(&name(3)) && !told.contains(&name(2)), "{told}");
}

#[test]
fn a_password_file_that_others_can_read_is_told_by_validate() {
    use std::os::unix::fs::PermissionsExt;
    let board = TestBoard::exampleshire();
    board.write("password", "s3cret-phrase");
    std::fs::set_permissions(board.path("password"), std::fs::Permissions::from_mode(0o644)).unwrap();
    board.edit("config/quarterday.toml", "example = true", "example = false");
    let file = board.path("password").display().to_string();
    board.edit(
        "config/quarterday.toml",
        "[mail]",
        &format!("[mail]\nuser = \"q\"\npassword = {{ file = \"{file}\" }}"),
    );
    let board = board
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "relay.board.example")
        .with("QUARTERDAY__MAIL__TLS", "starttls");
    let told = refused(&board);
    assert!(told.contains("can be read by others") && !told.contains("s3cret"), "{told}");
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

#[test]
fn a_column_that_two_returns_fill_with_different_types_is_told_with_both() {
    let board = TestBoard::exampleshire();
    let first = board.read("pipelines/missing-children/return.toml");
    board.write("pipelines/missing-more/return.toml", first.replace("missing-children", "missing-more"));
    assert!(board.done(&["validate"]).contains("no problems"), "two returns may fill one table");
    let column = "headings = [\"What lies behind the figure\"]\ntype = ";
    board.edit("pipelines/missing-more/return.toml", &format!("{column}\"text\""), &format!("{column}\"date\""));
    let told = refused(&board);
    for expected in ["pipelines/missing-more/return.toml", "\"text\" of returns.narrative", "of another type than in "]
    {
        assert!(told.contains(expected), "{expected:?} is not told:\n{told}");
    }
}

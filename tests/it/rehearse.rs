//! `quarterday rehearse`: every message of a stretch of time before any of it is sent.

use std::{collections::BTreeSet, fs};

use crate::support::{TestBoard, said};

const QUARTER: [&str; 5] = ["rehearse", "--from", "2026-07-01", "--to", "2026-09-30"];

fn small() -> TestBoard {
    TestBoard::with_returns(&["care-applications", "prevent-referrals"])
}

#[test]
fn a_quarter_of_silence_and_one_file_is_told_message_by_message() {
    let board = small();
    board.write(
        "arrivals.csv",
        "when,return,agency,period,what\n\
         2026-07-16 09:30,prevent-referrals,probation,2026-27-Q1,not-accepted\n\
         2026-07-20,prevent-referrals,probation,2026-27-Q1,accepted\n",
    );
    let arrivals = board.path("arrivals.csv").display().to_string();
    let printed = board.done(&[&QUARTER[..], &["--arrivals", &arrivals]].concat());
    insta::assert_snapshot!(printed);
}

#[test]
fn nothing_of_the_board_is_touched_and_the_messages_are_files_where_they_are_wanted() {
    let board = small();
    let before = entries(&board);
    let out = tempfile::tempdir().unwrap();
    let mails = out.path().join("mails");
    let csv = board.done(&[&QUARTER[..], &["--csv", "--out", mails.to_str().unwrap()]].concat());
    assert_eq!(entries(&board), before);
    assert!(csv.starts_with("when,kind,return,agency,period,name,role,address,subject,why,outcome\n"), "{csv}");
    let escalation = csv.lines().find(|line| line.contains(",escalation,")).unwrap();
    assert!(escalation.starts_with("2026-07-21 10:00,escalation"), "{escalation}");
    assert!(escalation.contains("board member for") && escalation.contains("the lead was told"), "{escalation}");
    let files: BTreeSet<String> =
        fs::read_dir(&mails).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files.len(), csv.lines().count() - 1, "{files:?}");
    assert!(files.first().unwrap().starts_with("00001-chase_"), "{files:?}");
    let again = board.run(&[&QUARTER[..], &["--out", mails.to_str().unwrap()]].concat());
    assert!(!again.status.success() && said(&again).contains("is not empty"), "{}", said(&again));
}

#[test]
fn a_year_of_the_example_ends_with_what_each_person_gets() {
    let board = TestBoard::exampleshire();
    let printed = board.done(&["rehearse", "--from", "2025-04-01", "--to", "2026-03-31"]);
    assert!(printed.contains("the pack board for April to June 2025 (Q1) would not be issued"), "{printed}");
    assert!(printed.contains("nothing has been accepted yet"), "{printed}");
    assert!(printed.contains("The most to one person in a day: "), "{printed}");
    assert!(!printed.contains("failed:"), "{printed}");
}

#[test]
fn what_cannot_be_rehearsed_is_refused_with_the_reason() {
    let board = small();
    let backwards = board.run(&["rehearse", "--from", "2026-09-30", "--to", "2026-07-01"]);
    assert!(!backwards.status.success() && said(&backwards).contains("before it begins"), "{}", said(&backwards));
    board.write(
        "arrivals.csv",
        "when,return,agency,period,what\n\
         2026-07-16,prevent-referrals,fire-brigade,2026-27-Q1,accepted\n\
         soon,prevent-referrals,probation,2026-27-Q1,accepted\n\
         2026-07-16,school-dinners,probation,2026-27-Q1,accepted\n\
         2026-07-16,prevent-referrals,probation,2026-M06,accepted\n\
         2026-07-16,prevent-referrals,probation,2026-27-Q2,accepted\n\
         2026-07-16,prevent-referrals,probation,2026-27-Q1,perhaps\n\
         2027-07-16,prevent-referrals,probation,2026-27-Q1,accepted\n\
         2026-07-16,prevent-referrals\n",
    );
    let arrivals = board.path("arrivals.csv").display().to_string();
    let refused = board.run(&[&QUARTER[..], &["--arrivals", &arrivals]].concat());
    let told = said(&refused).replace(&board.path("").display().to_string(), "");
    assert!(!refused.status.success());
    insta::assert_snapshot!(told);
    let missing = board.run(&[&QUARTER[..], &["--arrivals", "nowhere.csv"]].concat());
    assert!(!missing.status.success() && said(&missing).contains("nowhere.csv"), "{}", said(&missing));
    fs::remove_dir_all(board.path("config")).unwrap();
    let none = board.run(&QUARTER);
    assert_eq!(none.status.code(), Some(3), "{}", said(&none));
}

/// Everything in the board's folder.
fn entries(board: &TestBoard) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![board.path("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.insert(path.display().to_string());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

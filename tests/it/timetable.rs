//! Every date to come: printed, as CSV and as calendars, from the definitions alone.

use std::collections::{BTreeMap, BTreeSet};

use icalendar::{Calendar, Component};

use crate::support::{TestBoard, said};

const SUMMER: [&str; 5] = ["timetable", "--from", "2025-07-01", "--months", "2"];

/// The example board with a two-monthly report beside its quarterly one.
fn two_cycles() -> TestBoard {
    let board = TestBoard::exampleshire();
    let pack = board.path("reports/packs/board");
    let beside = board.path("reports/packs/exceptions");
    std::fs::create_dir_all(&beside).unwrap();
    for entry in std::fs::read_dir(pack).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, beside.join(path.file_name().unwrap())).unwrap();
    }
    board.edit("reports/packs/exceptions/pack.toml", "title = ", "title = \"Exceptions\" # ");
    let timetable = board.read("config/timetable.toml");
    let cycle = "[[cycle]]\nid = \"exceptions\"\npack = \"exceptions\"\nevery = \"two-months\"\nrule = \"0 9 * */2 TUE#3\"\n\
                 [cycle.milestones]\nvalidated = 11\ncommentary = 14\ndraft = -9\n";
    board.write("config/timetable.toml", format!("{timetable}\n{cycle}"));
    board
}

/// The CSV of a command, without its heading, cut at its commas.
fn rows(board: &TestBoard, more: &[&str]) -> Vec<Vec<String>> {
    let file = board.path("dates.csv");
    let arguments = [&SUMMER, more, &["--csv", file.to_str().unwrap()]].concat();
    board.done(&arguments);
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.split_terminator("\r\n");
    assert_eq!(lines.next(), Some("date,time,kind,agency,return,period,what,rule"));
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// The calendars of a command, by their names.
fn calendars(board: &TestBoard, more: &[&str]) -> BTreeMap<String, String> {
    let folder = board.path("calendars");
    let _ = std::fs::remove_dir_all(&folder);
    let arguments = [&SUMMER, more, &["--ics", folder.to_str().unwrap()]].concat();
    board.done(&arguments);
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap().path())).collect()
}

#[test]
fn every_date_of_two_months_is_printed_month_by_month_without_a_daemon() {
    let board = two_cycles();
    insta::assert_snapshot!(board.done(&SUMMER));
    assert!(!board.path("data").exists(), "nothing is written");
}

#[test]
fn reminders_are_printed_when_they_are_asked_for_and_for_one_agency() {
    let board = two_cycles();
    insta::assert_snapshot!(board.done(&[&SUMMER[..], &["--reminders", "--agency", "police"]].concat()));
}

#[test]
fn the_csv_has_a_row_for_each_date_and_one_agency_sees_its_own() {
    let board = two_cycles();
    let all = rows(&board, &[]);
    let row =
        |wanted: &[&str]| all.iter().filter(|row| wanted.iter().all(|cell| row.iter().any(|c| c == cell))).count();
    assert_eq!(row(&["2025-07-14", "17:00", "due", "police", "missing-children", "2025-26-Q1"]), 1);
    assert_eq!(row(&["2025-08-12", "14:00", "meeting", "2025-26-Q1"]), 1);
    assert_eq!(row(&["2025-07-15", "09:00", "meeting", "2025-26-B1"]), 1);
    assert!(all.is_sorted_by_key(|row| (row[0].is_empty(), row[0].clone())), "{all:?}");
    let days: BTreeSet<&str> = all.iter().map(|row| row[0].as_str()).collect();
    assert!(days.iter().all(|day| day.is_empty() || ("2025-07-01"..="2025-08-31").contains(day)), "{days:?}");
    let theirs = rows(&board, &["--agency", "police"]);
    assert!(theirs.iter().any(|row| row[2] == "due") && theirs.iter().any(|row| row[2] == "commentary due"));
    assert!(theirs.iter().all(|row| row[3] == "police" || row[3].is_empty()), "{theirs:?}");
    assert!(!theirs.iter().any(|row| row[2] == "draft to chair"), "{theirs:?}");
    let reminded = rows(&board, &["--reminders"]);
    let count = |kind: &str| reminded.iter().filter(|row| row[2] == kind && row[3] == "police").count();
    for kind in ["notice", "reminder", "last reminder", "overdue notice"] {
        assert_eq!(count(kind), count("due"), "{kind}");
    }
    for kind in ["preview", "escalation"] {
        assert_eq!(
            count(kind),
            3 * count("due"),
            "{kind}: to the agency's member, the sub-group's chair and the Board's"
        );
    }
}

#[test]
fn the_calendars_hold_what_the_csv_holds_and_another_reader_reads_them() {
    let board = two_cycles();
    let written = calendars(&board, &[]);
    assert_eq!(written.len(), 10, "nine agencies and the board: {:?}", written.keys());
    for (name, text) in &written {
        assert!(text.replace("\r\n", "").find(['\r', '\n']).is_none(), "{name} has a bare end of line");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{name} has a line of more than 75 octets");
        let calendar: Calendar = text.parse().unwrap();
        let uids: BTreeSet<&str> = calendar.events().map(|event| event.get_uid().unwrap()).collect();
        assert_eq!(uids.len(), calendar.events().count(), "{name}: each event has a name of its own");
    }
    // The CSV and the calendar agree, date by date.
    let when = |row: &Vec<String>| match row[1].as_str() {
        "" => row[0].replace('-', ""),
        // London is an hour ahead of UTC in summer.
        time => format!("{}T{:02}{}00Z", row[0].replace('-', ""), time[..2].parse::<u32>().unwrap() - 1, &time[3..]),
    };
    let dates = |rows: &[Vec<String>], is: fn(&[String]) -> bool| -> BTreeSet<(String, String)> {
        rows.iter().filter(|row| is(row) && !row[0].is_empty()).map(|row| (when(row), row[2].clone())).collect()
    };
    let held = |name: &str| -> BTreeSet<(String, String)> {
        let calendar: Calendar = written[name].parse().unwrap();
        let one = |event: &icalendar::Event| {
            let kind = event.get_summary().unwrap().split(':').next().unwrap().to_lowercase();
            (event.property_value("DTSTART").unwrap().to_owned(), kind)
        };
        calendar.events().map(one).collect()
    };
    let all = rows(&board, &[]);
    assert_eq!(held("board.ics"), dates(&all, |row| row[4].is_empty()));
    assert_eq!(held("police.ics"), dates(&rows(&board, &["--agency", "police"]), |_| true));
    let meeting = &written["board.ics"].split("BEGIN:VEVENT").find(|event| event.contains("DTSTART:20250812")).unwrap();
    assert!(meeting.contains("TRANSP:OPAQUE") && meeting.contains("DTSTART:20250812T130000Z"), "{meeting}");
    assert!(written["board.ics"].contains("DTSTART;VALUE=DATE:20250731"), "a step without a time takes the whole day");
}

#[test]
fn calendars_are_the_same_bytes_until_a_date_moves_which_keeps_its_name() {
    let board = two_cycles();
    let before = calendars(&board, &[]);
    assert_eq!(calendars(&board, &[]), before);
    board.edit("pipelines/missing-children/return.toml", "working_days = 10", "working_days = 9");
    let after = calendars(&board, &[]);
    let due = |text: &str| -> BTreeMap<String, String> {
        let calendar: Calendar = text.parse().unwrap();
        let of = |event: &icalendar::Event| {
            (event.get_uid().unwrap().to_owned(), event.property_value("DTSTART").unwrap().to_owned())
        };
        calendar.events().map(of).collect()
    };
    let uid = "due.missing-children.police.2025-26-Q1@exampleshire.quarterday";
    assert_eq!(due(&before["police.ics"])[uid], "20250714T160000Z");
    assert_eq!(due(&after["police.ics"])[uid], "20250711T160000Z");
    assert_eq!(before["cafcass.ics"], after["cafcass.ics"], "nobody else's calendar changes");
    let only = calendars(&board, &["--agency", "police"]);
    assert_eq!(only.into_iter().collect::<Vec<_>>(), [("police.ics".to_owned(), after["police.ics"].clone())]);
}

#[test]
fn a_date_that_the_holiday_list_does_not_reach_is_named_as_unknown_with_what_to_do() {
    let board = two_cycles();
    board.write(
        "config/bank-holidays.json",
        r#"{"england-and-wales": {"events": [{"date": "2025-01-01"}, {"date": "2025-08-25"}, {"date": "2025-12-26"}]}}"#,
    );
    board.edit("config/timetable.toml", "starts_on", "holidays = \"config/bank-holidays.json\"\nstarts_on");
    let printed = board.done(&["timetable", "--from", "2025-12-01", "--months", "6", "--agency", "police"]);
    assert!(printed.contains("Dates are known until 31 December 2025"), "{printed}");
    assert!(printed.contains("gov.uk/bank-holidays.json") && printed.contains("holidays = "), "{printed}");
    let unknown = printed.split("Not known yet:").nth(1).unwrap();
    assert!(unknown.contains("due: ") && unknown.contains("October to December 2025 (Q3)"), "{printed}");
    assert!(!printed.contains("\nJanuary 2026") && printed.contains("\nDecember 2025"), "{printed}");
    let file = board.path("dates.csv");
    board.done(&["timetable", "--from", "2025-12-01", "--months", "6", "--csv", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("\r\n,,due,police,missing-children,2025-26-Q3,"), "{text}");
    assert!(text.contains("not known: the bank holidays of 2026 are not known"), "{text}");
}

#[test]
fn cycles_out_of_order_or_in_each_others_way_are_refused_with_both_dates() {
    let refused = |from: &str, to: &str| {
        let board = two_cycles();
        board.edit("config/timetable.toml", from, to);
        let output = board.run(&["validate"]);
        assert!(!output.status.success());
        said(&output)
    };
    let told = refused("draft = -9", "draft = -2");
    assert!(told.contains("draft falls on 2025-07-11, after signed off on 2025-07-03"), "{told}");
    assert!(told.contains("cycle[1].rule"), "{told}");
    let told = refused("*/2 TUE#3", "* TUE#3");
    assert!(told.contains("exceptions for 2025-26-B1 is on the table on 2025-06-17 and on 2025-07-15"), "{told}");
    let told = refused("pack = \"exceptions\"", "pack = \"excptions\"");
    assert_eq!(told.matches("\"excptions\"").count(), 1, "once, however many meetings:\n{told}");
}

#[test]
fn the_shipped_timetable_has_a_meeting_each_quarter() {
    let board = TestBoard::exampleshire();
    board.write("config/timetable.toml", include_str!("../../config/timetable.toml"));
    let printed = board.done(&["timetable", "--from", "2027-01-01", "--months", "12"]);
    for day in ["Tue 16", "Tue 18", "Tue 17"] {
        assert!(printed.lines().any(|line| line.contains(day) && line.contains("meeting")), "{day}\n{printed}");
    }
}

#[test]
fn an_agency_that_nobody_knows_and_no_months_are_refused() {
    let board = TestBoard::exampleshire();
    let output = board.run(&["timetable", "--agency", "polise"]);
    assert!(
        !output.status.success() && said(&output).contains("no agency polise; the agencies are "),
        "{}",
        said(&output)
    );
    let output = board.run(&["timetable", "--months", "0"]);
    assert!(!output.status.success() && said(&output).contains("--months"), "{}", said(&output));
}

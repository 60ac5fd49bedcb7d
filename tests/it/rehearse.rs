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
    assert!(printed.contains("alarm  to Alex Morgan, manager"), "who waits is told: {printed}");
    assert!(printed.contains("words on figures for the pack board"), "{printed}");
    assert!(printed.contains("The most to one person in a day: "), "{printed}");
    assert!(!printed.contains("failed:"), "{printed}");
}

/// A board with a meeting on 12 August about the first quarter, a vice-chair, and an indicator.
fn meeting() -> TestBoard {
    let mut board = TestBoard::with_returns(&["care-applications", "prevent-referrals", "actions"]);
    board.set("QUARTERDAY__DIGEST__CRON", Some("0 9 * * 1"));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["prevent-referrals.sql", "prevent-referrals.toml"] {
        board.write(
            &format!("reports/indicators/{file}"),
            fs::read(root.join("reports/indicators").join(file)).unwrap(),
        );
    }
    for entry in fs::read_dir(root.join("reports/packs/board")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        board.write(&format!("reports/packs/board/{name}"), fs::read(&path).unwrap());
    }
    let timetable = board.read("config/timetable.toml");
    let meeting = "\n[[meeting]]\non = 2026-08-12\ntime = \"14:00\"\nperiod = \"2026-27-Q1\"\npack = \"board\"\n";
    board.write("config/timetable.toml", timetable + meeting);
    let people = board.read("config/quarterday.toml");
    let vice_chair = "\n[vice_chair]\nname = \"Sam Okoro\"\nemail = \"vice.chair@exampleshire.example\"\n";
    board.write("config/quarterday.toml", people + vice_chair);
    board
}

/// Kind, day and address of every message of these kinds.
fn of_kinds(csv: &str, kinds: &[&str]) -> Vec<String> {
    let rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let rows = rows.filter(|cells| kinds.contains(&cells[1]));
    rows.map(|cells| format!("{} {} {}", cells[0], cells[1], cells[7])).collect()
}

#[test]
fn drafts_sign_offs_packs_and_digests_are_rehearsed_too() {
    let board = meeting();
    board.write(
        "arrivals.csv",
        "when,return,agency,period,what\n\
         2026-07-13,care-applications,cafcass,2026-27-Q1,accepted\n\
         2026-07-13,prevent-referrals,probation,2026-27-Q1,accepted\n",
    );
    let arrivals = board.path("arrivals.csv").display().to_string();
    let quarter = [&QUARTER[..], &["--arrivals", &arrivals]].concat();
    let out = tempfile::tempdir().unwrap();
    let mails = out.path().join("mails");
    let csv = board.done(&[&quarter[..], &["--csv", "--out", mails.to_str().unwrap()]].concat());
    let expected = [
        "2026-07-27 10:00 draft chair@exampleshire.example",
        "2026-07-27 10:00 draft manager@exampleshire.example",
        "2026-07-31 10:00 sign-off chair@exampleshire.example",
        "2026-08-03 10:00 sign-off vice.chair@exampleshire.example",
        "2026-08-04 12:00 pack chair@exampleshire.example",
        "2026-08-04 12:00 pack fiona.grant@cafcass.example",
        "2026-08-04 12:00 pack robert.achebe@probation.example",
    ];
    let found = of_kinds(&csv, &["draft", "sign-off", "pack"]);
    assert!(expected.iter().all(|one| found.contains(&(*one).to_owned())), "{found:#?}");
    let mondays = of_kinds(&csv, &["digest"]);
    assert!(mondays.len() >= 12, "a digest a week: {mondays:?}");
    assert!(csv.contains("nobody has signed it off yet") && csv.contains("the pack goes out"), "{csv}");
    let printed = board.done(&quarter);
    assert!(printed.contains("the pack board for April to June 2026 (Q1) would be issued"), "{printed}");
    assert!(!printed.contains("failed:"), "{printed}");
    // The messages are there to read, and say that nobody signed; pages are not set.
    let mut files = fs::read_dir(&mails).unwrap().map(|entry| entry.unwrap().path());
    let pack = files.find(|path| path.display().to_string().contains("-pack_board_1")).unwrap();
    let pack = fs::read_to_string(pack).unwrap();
    assert!(pack.contains("Not signed off") && !pack.contains("application/pdf"), "{pack}");
}

#[test]
fn a_figure_that_is_supposed_to_stand_out_is_asked_about_and_chased() {
    let board = meeting();
    let key = "commentary-prevent-referrals,probation,2026-27-Q1";
    let suppose = |lines: &[String]| {
        board.write("arrivals.csv", format!("when,return,agency,period,what\n{}\n", lines.join("\n")));
        let arrivals = board.path("arrivals.csv").display().to_string();
        board.run(&[&QUARTER[..], &["--csv", "--arrivals", &arrivals]].concat())
    };
    let silent = suppose(&[format!("2026-07-20,{key},stands-out")]);
    let asked = of_kinds(&String::from_utf8(silent.stdout).unwrap(), &["commentary"]);
    let days: BTreeSet<&str> = asked.iter().map(|line| &line[..10]).collect();
    assert_eq!(
        Vec::from_iter(days),
        ["2026-07-20", "2026-07-24", "2026-07-28", "2026-07-29", "2026-07-30"],
        "{asked:?}"
    );
    assert!(asked.iter().any(|line| line.ends_with("manager@exampleshire.example")), "{asked:?}");
    let answered = suppose(&[format!("2026-07-20,{key},stands-out"), format!("2026-07-22,{key},accepted")]);
    let asked = of_kinds(&String::from_utf8(answered.stdout).unwrap(), &["commentary"]);
    assert!(asked.iter().all(|line| line.starts_with("2026-07-20")), "{asked:?}");
    for (line, expected) in [
        (
            format!("2026-09-20,{key},stands-out"),
            "words on figures of April to June 2026 (Q1) are asked for from 2026-07-17",
        ),
        (format!("2026-07-20,{key},held"), "\"held\" is not one of stands-out, accepted"),
        ("2026-07-20,commentary-plans,police,2026-27-Q1,stands-out".to_owned(), "names no figure of police"),
    ] {
        let refused = said(&suppose(std::slice::from_ref(&line)));
        assert!(refused.contains(expected), "{line}: {refused}");
    }
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

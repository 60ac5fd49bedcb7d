//! Every kind of period and every due rule, as the running daemon opens what is owed.

use crate::support::{
    TestBoard, TestDaemon,
    returns::{definition, table},
    said,
};

const COUNT: &str = "Number\n1\n";

/// A made-up return of the police in place of all others; `due` stands in the place of the usual rule, and a board that
/// meets on 12 August about the first quarter.
fn board(every: &str, due: &str) -> TestBoard {
    let board = TestBoard::with_returns(&[]);
    let rest = format!("[format]\nkind = \"csv\"\n\n{}", table("incidents", "", "count", &["Number"]));
    let text = definition("Incidents", every, "aggregate", &rest);
    let text = text.replace("due = { working_days = 10 }\n", "");
    board.write("pipelines/incidents/return.toml", format!("{text}\n{due}"));
    let timetable = board.read("config/timetable.toml");
    board.write(
        "config/timetable.toml",
        format!("{timetable}\n[[meeting]]\non = 2025-08-12\nperiod = \"2025-26-Q1\"\npack = \"board\"\n"),
    );
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(root.join("reports/packs/board")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        board.write(&format!("reports/packs/board/{name}"), std::fs::read(&path).unwrap());
    }
    for name in ["actions", "stories"] {
        let nothing = match name {
            "actions" => {
                "SELECT 'a' AS action, 'a' AS owner, DATE '2025-01-01' AS due, '2025-26-Q1' AS period, \
                          'done' AS status, 'a' AS progress, 'a' AS indicator WHERE false"
            }
            _ => {
                "SELECT 'a' AS indicator, 'a' AS agency_name, '2025-26-Q1' AS period, DATE '2025-01-01' AS received_day, \
                  'a' AS text WHERE false"
            }
        };
        board.write(&format!("reports/packs/board/{name}.sql"), format!("-- Nothing.\n{nothing}\n"));
    }
    board
}

async fn owed(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT period, due_at FROM ledger.obligations ORDER BY due_at, period").await
}

#[tokio::test]
async fn each_kind_of_period_is_opened_and_due() {
    for (every, now, expected) in [
        ("half", "2025-10-01T12:00:00Z", vec!["2025-26-H1,2025-10-14T16:00:00Z"]),
        (
            "two-months",
            "2025-08-01T12:00:00Z",
            vec!["2025-26-B1,2025-06-13T16:00:00Z", "2025-26-B2,2025-08-14T16:00:00Z"],
        ),
        (
            "term",
            "2025-09-01T12:00:00Z",
            vec!["2024-25-AY-T2,2025-05-15T16:00:00Z", "2024-25-AY-T3,2025-09-12T16:00:00Z"],
        ),
        ("academic-year", "2025-09-01T12:00:00Z", vec!["2024-25-AY,2025-09-12T16:00:00Z"]),
        ("calendar-year", "2026-01-02T12:00:00Z", vec!["2025-CY,2026-01-15T17:00:00Z"]),
        ("two-years-even", "2026-04-01T12:00:00Z", vec!["2024-26-2Y,2026-04-16T16:00:00Z"]),
        ("week", "2025-04-14T12:00:00Z", vec!["2025-W14,2025-04-22T16:00:00Z", "2025-W15,2025-04-29T16:00:00Z"]),
        ("month", "2025-06-01T12:00:00Z", vec!["2025-M04,2025-05-15T16:00:00Z", "2025-M05,2025-06-13T16:00:00Z"]),
    ] {
        let daemon = board(every, "[due]\nworking_days = 10\n").start(now);
        daemon.ring().await;
        assert_eq!(owed(&daemon).await, expected, "{every}");
    }
}

#[tokio::test]
async fn the_obligation_stands_with_the_rule_it_came_from() {
    for (due, at, rule) in [
        (
            "[due]\nlast_working_day_of_month_after = 2\ntime = \"12:00\"\n",
            "2025-08-29T11:00:00Z",
            "the last working day of the month 2 months after the period ends, at 12:00",
        ),
        (
            "[due]\nclear_working_days_before_meeting = 5\n",
            "2025-08-04T16:00:00Z",
            "5 clear working days before the meeting on 12 August 2025, at 17:00",
        ),
        (
            "[due]\non = [\"01-20\", \"07-20\"]\n",
            "2025-07-18T16:00:00Z",
            "on the first after the period ends of 20 January, 20 July (20 July 2025 is no working day, so the one before: \
             18 July 2025), at 17:00",
        ),
        (
            "[due]\nworking_days = 10\n[due.agency.police]\nworking_days = 12\n",
            "2025-07-16T16:00:00Z",
            "12 working days after the period ends, at 17:00",
        ),
        (
            "[due]\nworking_days = 10\n[due.period.\"2025-26-Q1\"]\non = [\"2025-07-31\"]\ntime = \"09:30\"\n",
            "2025-07-31T08:30:00Z",
            "on 31 July 2025, at 09:30",
        ),
    ] {
        let daemon = board("quarter", due).start("2025-07-01T12:00:00Z");
        daemon.ring().await;
        let events = daemon.ledger().read(|txn| txn.obligations()).await.unwrap();
        let [only] = events.as_slice() else { panic!("{due}: {events:?}") };
        assert_eq!((only.due_at.to_string().as_str(), only.rule.as_str()), (at, rule), "{due}");
    }
}

#[tokio::test]
async fn what_is_due_before_a_meeting_that_nobody_set_is_told_by_validate_and_by_the_daemon_and_not_guessed() {
    let due = "[due]\nclear_working_days_before_meeting = 5\n";
    let daemon = board("quarter", due).start("2025-10-01T12:00:00Z");
    daemon.ring().await;
    assert_eq!(owed(&daemon).await, ["2025-26-Q1,2025-08-04T16:00:00Z"]);
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("asking police for incidents") && status.contains("July to September 2025"), "{status}");
    // A meeting about the third quarter leaves the second without one.
    daemon.board.edit(
        "config/timetable.toml",
        "[[meeting]]",
        "[[meeting]]\non = 2026-02-17\nperiod = \"2025-26-Q3\"\npack = \"board\"\n\n[[meeting]]",
    );
    let refused = said(&daemon.board.run(&["validate"]));
    assert!(refused.contains("before the meeting about July to September 2025 (Q2), and there is none"), "{refused}");
    assert!(refused.contains("pipelines/incidents/return.toml"), "{refused}");
}

#[tokio::test]
async fn contradictory_and_unknown_rules_are_refused_with_what_to_write() {
    for (due, expected) in [
        ("[due]\nworking_days = 10\non = [\"07-20\"]\n", "one rule, and working_days stands here too"),
        ("[due]\non = [\"02-29\"]\n", "on = [\"02-28\"]"),
        ("[due]\nworkdays = 10\n", "workdays"),
        (
            "[due]\nworking_days = 10\n[due.agency.health]\nworking_days = 5\n",
            "one of the agencies that owe it: police",
        ),
        ("[due]\nworking_days = 10\n[window]\ncloses = 5\nlocks = 1\n", "not before that on which it closes"),
        ("[due]\nworking_days = 10\n[final]\nworking_days = 10\n", "a day after that on which it opens"),
    ] {
        let refused = board("quarter", due).run(&["validate"]);
        assert!(!refused.status.success() && said(&refused).contains(expected), "{due}: {}", said(&refused));
    }
    let refused = said(&board("fortnight", "[due]\nworking_days = 10\n").run(&["validate"]));
    assert!(refused.contains("two-years-even") && refused.contains("occurrence"), "{refused}");
}

#[tokio::test]
async fn the_bank_holidays_of_the_boards_nation_count() {
    for (nation, due) in [
        ("england-and-wales", "2026-01-15T17:00:00Z"),
        ("scotland", "2026-01-16T17:00:00Z"),
        ("northern-ireland", "2026-01-15T17:00:00Z"),
    ] {
        let board = board("calendar-year", "[due]\nworking_days = 10\n");
        board.edit(
            "config/timetable.toml",
            "starts_on = 2025-04-01",
            &format!("starts_on = 2025-04-01\nnation = \"{nation}\""),
        );
        let daemon = board.start("2026-01-01T12:00:00Z");
        daemon.ring().await;
        assert_eq!(owed(&daemon).await, [format!("2025-CY,{due}")], "{nation}");
    }
    let board = board("quarter", "[due]\nworking_days = 10\n");
    board.edit("config/timetable.toml", "starts_on", "nation = \"wales\"\nstarts_on");
    let refused = said(&board.run(&["validate"]));
    assert!(refused.contains("one of england-and-wales, scotland, northern-ireland"), "{refused}");
}

#[tokio::test]
async fn what_happened_on_a_day_is_owed_once_a_notice_opens_it() {
    let board = board("occurrence", "[due]\nworking_days = 10\n");
    board.write("a.csv", COUNT);
    let daemon = board.start("2025-07-16T12:00:00Z");
    daemon.ring().await;
    assert_eq!(owed(&daemon).await, Vec::<String>::new());
    let refused = daemon.submit("a.csv", "incidents", "police", "2025-07-14").await.unwrap_err();
    assert!(refused.contains("`quarterday open incidents police 2025-07-14"), "{refused}");

    let open = |on: &str, because: &str| daemon.board.run(&["open", "incidents", "police", on, "--because", because]);
    assert!(said(&open("2025-07-17", "an inspection")).contains("still to come"));
    assert!(said(&open("2025-07-14", " ")).contains("one line of reason"));
    let opened = open("2025-07-14", "Joint inspection announced");
    assert!(said(&opened).contains("it is due on Monday 28 July 2025 at 17:00"), "{}", said(&opened));
    assert!(said(&open("2025-07-14", "again")).contains("is open already"));
    let all = daemon.ledger().read(|txn| txn.obligations()).await.unwrap();
    assert_eq!(all[0].rule, "10 working days after 14 July 2025, at 17:00; opened because: Joint inspection announced");
    daemon.advance("2025-07-22T12:00:00Z").await;
    let messages = daemon.messages().await;
    assert!(messages.iter().any(|m| m.starts_with("notice") && m.contains("14 July 2025")), "{messages:?}");
    assert!(messages.iter().any(|m| m.starts_with("nudge")), "{messages:?}");
    daemon.submit("a.csv", "incidents", "police", "2025-07-14").await.unwrap();
    assert_eq!(daemon.sql("SELECT period, state FROM ledger.obligations").await, ["2025-07-14,accepted"]);

    let refused = said(&daemon.board.run(&["open", "nothing", "police", "2025-07-14", "--because", "x"]));
    assert!(refused.contains("there is no return nothing"), "{refused}");
}

#[tokio::test]
async fn what_opens_by_itself_is_opened_by_no_notice() {
    let daemon = board("quarter", "[due]\nworking_days = 10\n").start("2025-07-01T12:00:00Z");
    let refused = said(&daemon.board.run(&["open", "incidents", "police", "2025-06-14", "--because", "x"]));
    assert!(refused.contains("incidents opens by itself"), "{refused}");
}

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
    // Its pack goes out whatever is there: what matters here is when a return is due.
    board.edit("reports/packs/board/pack.toml", "when_not_ready = \"send-with-gaps\"", "when_not_ready = \"send\"");
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
        let in_sql = daemon.sql("SELECT working_days(DATE '2025-12-31', DATE '2026-01-05')").await;
        assert_eq!(in_sql, [if nation == "scotland" { "1" } else { "2" }], "{nation}: analysts count the same days");
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

/// A board whose police is asked every quarter whether anything happened.
pub fn asking() -> TestBoard {
    board("occurrence", "[due]\nworking_days = 10\n\n[anything_since]\nevery = \"quarter\"\nworking_days = 10\n")
}

/// What was written to ask whether anything happened.
async fn texts(daemon: &TestDaemon) -> Vec<String> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let asked = rows.iter().filter(|row| row.kind == "anything-since");
    asked.map(|row| row.message["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn who_would_owe_what_happens_now_and_then_is_asked_every_quarter_whether_anything_did() {
    let daemon = asking().start("2025-07-01T12:00:00Z");
    daemon.advance("2025-07-14T12:00:00Z").await;
    assert_eq!(owed(&daemon).await, ["2025-26-Q1,2025-07-14T16:00:00Z"]);
    assert_eq!(daemon.sql("SELECT duty FROM ledger.obligations").await, ["question"]);
    let asked = texts(&daemon).await;
    assert_eq!(asked.len(), 6, "notice, nudge and the day itself, to lead and deputy: {asked:?}");
    assert!(asked[0].contains("Did anything happen in April to June 2025 (Q1)"), "{asked:?}");
    assert!(asked[0].contains("So far we know of nothing"), "{asked:?}");

    daemon.board.write("a.csv", COUNT);
    let refused = daemon.submit("a.csv", "incidents", "police", "2025-26-Q1").await.unwrap_err();
    assert!(refused.contains("name its day") && refused.contains("quarterday open incidents police"), "{refused}");
    let nil = ["submit", "--return", "incidents", "--agency", "police", "--period", "2025-26-Q1"];
    daemon.board.done(&[&nil[..], &["--nil", "--reason", "no inspection in the quarter"]].concat());
    assert_eq!(daemon.sql("SELECT state FROM ledger.obligations").await, ["nil"]);
    daemon.advance("2025-08-20T12:00:00Z").await;
    assert!(daemon.messages().await.iter().all(|message| !message.contains("Still to answer")), "it is answered");
    let counted = daemon.sql("SELECT count(*) FROM ledger.punctuality WHERE period = '2025-26-Q1'").await;
    assert_eq!(counted, ["0"], "an answer is no return");
}

#[tokio::test]
async fn what_was_opened_answers_the_question_and_is_named_when_it_is_asked() {
    let daemon = asking().start("2025-06-20T12:00:00Z");
    let open = |on: &str| daemon.board.done(&["open", "incidents", "police", on, "--because", "Joint inspection"]);
    open("2025-06-18");
    daemon.advance("2025-07-03T12:00:00Z").await;
    let asked = texts(&daemon).await;
    assert!(asked[0].contains("We know of: Wednesday 18 June"), "{asked:?}");
    open("2025-06-27");
    let states = daemon.sql("SELECT period, state FROM ledger.obligations ORDER BY period").await;
    assert_eq!(states, ["2025-06-18,overdue", "2025-06-27,open", "2025-26-Q1,accepted"]);
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.commentary").await, ["0"], "no figure is spoken of");
}

#[tokio::test]
async fn who_does_not_answer_is_asked_on_the_ladder_for_words_and_nobody_above_is_told() {
    let daemon = asking().start("2025-07-01T12:00:00Z");
    daemon.advance("2025-08-20T12:00:00Z").await;
    let said = daemon.messages().await;
    let told = said.iter().filter(|message| message.contains("No answer from")).count();
    assert_eq!(told, 1, "the manager hears of it once: {said:?}");
    assert!(said.iter().all(|message| !message.starts_with("escalation")), "{said:?}");
}

#[test]
fn a_question_where_none_is_needed_and_one_that_is_never_asked_are_told() {
    for (every, question, expected) in [
        ("quarter", "every = \"quarter\"\nworking_days = 10", "only where every = \"occurrence\""),
        ("occurrence", "every = \"release\"\nworking_days = 10", "how often it is asked"),
        ("occurrence", "every = \"quarter\"", "one of working_days"),
        ("occurrence", "every = \"quarter\"\nclear_working_days_before_meeting = 5", "belongs to no meeting"),
        ("occurrence", "evry = \"quarter\"\nworking_days = 10", "evry"),
    ] {
        let board = board(every, &format!("[due]\nworking_days = 10\n\n[anything_since]\n{question}\n"));
        let refused = said(&board.run(&["validate"]));
        assert!(refused.contains(expected), "{question}: {refused}");
    }
}

#[tokio::test]
async fn an_answered_question_is_asked_again_where_a_person_says_so_and_nobody_is_blamed_who_was_not_asked() {
    let daemon = asking().start("2025-07-01T12:00:00Z");
    daemon.ring().await;
    let state = "SELECT state FROM ledger.obligations WHERE duty = 'question'";
    daemon.board.done(&["open", "incidents", "police", "2025-06-27", "--because", "Joint inspection"]);
    assert_eq!(daemon.sql(state).await, ["accepted"]);
    let question = "incidents/police/2025-26-Q1";
    daemon.board.done(&["reopen", question, "--by", "2025-07-21", "--reason", "was that all?"]);
    assert_eq!(daemon.sql(state).await, ["open"]);

    // Two quarters are over when the question first stands in the definition: they are asked, and then the manager hears.
    let daemon = asking().start("2025-11-20T12:00:00Z");
    daemon.ring().await;
    let kinds = texts(&daemon).await;
    assert!(kinds.iter().all(|text| !text.contains("was asked whether")), "{kinds:?}");
    assert!(!kinds.is_empty());
    daemon.advance("2025-11-21T12:00:00Z").await;
    let gaps = texts(&daemon).await.iter().filter(|text| text.contains("was asked whether")).count();
    assert_eq!(gaps, 2, "one for each quarter, a working day later");

    let later = asking();
    later.edit("pipelines/incidents/return.toml", "[anything_since]\n", "[anything_since]\nstarts_on = 2025-10-01\n");
    let daemon = later.start("2025-11-20T12:00:00Z");
    daemon.ring().await;
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.obligations").await, ["0"]);
}

#[test]
fn a_meeting_leaves_room_for_what_its_pack_asks_for_of_its_own_period() {
    let asks = |every: &str, due: &str| {
        let board = board(every, &format!("[due]\n{due}\n"));
        board.edit("reports/packs/board/pack.toml", "when_not_ready = \"send\"", "when_not_ready = \"hold\"");
        said(&board.run(&["validate"]))
    };
    let late = asks("quarter", "working_days = 40");
    assert!(late.contains("returns due falls on 2025-08-26, after validated on 2025-07-17"), "{late}");
    let same_day = asks("quarter", "clear_working_days_before_meeting = 5");
    let both = "2025-26-Q1 is due on 4 August 2025 at 17:00, and its pack goes out on 4 August 2025 at 12:00";
    assert!(same_day.contains(both), "{same_day}");
    for (every, due) in [
        ("year", "working_days = 40"),
        ("quarter", "clear_working_days_before_meeting = 6"),
        ("quarter", "working_days = 10\n\n[due.period.\"2025-26-Q2\"]\nworking_days = 40"),
    ] {
        let fine = asks(every, due);
        assert!(fine.contains("All is well") || !fine.contains("expected"), "{every}, {due}: {fine}");
    }
}

#[tokio::test]
async fn two_questions_to_one_lead_leave_as_one_message() {
    let daemon = crate::chase::with_relay(asking()).await.start("2025-11-20T12:00:00Z");
    daemon.ring().await;
    daemon.advance("2025-11-20T12:10:00Z").await;
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let asked: Vec<_> = rows.iter().filter(|row| row.kind == "anything-since").collect();
    assert_eq!(asked.len(), 4, "two quarters, to lead and deputy: {:#?}", daemon.messages().await);
    let mut bundles: Vec<_> = asked.iter().filter_map(|row| row.bundle.clone()).collect();
    bundles.dedup();
    bundles.sort();
    bundles.dedup();
    assert_eq!(bundles.len(), 2, "one message to each person: {:#?}", daemon.messages().await);
}

#[tokio::test]
async fn a_question_is_answered_though_the_window_of_what_it_asks_about_is_locked() {
    let board = asking();
    let file = "pipelines/incidents/return.toml";
    board.edit(file, "[anything_since]", "[window]\ncloses = 2\nlocks = 5\n\n[anything_since]");
    let daemon = board.start("2025-07-01T12:00:00Z");
    daemon.advance("2025-07-31T12:00:00Z").await;
    let nil = ["submit", "--return", "incidents", "--agency", "police", "--period", "2025-26-Q1"];
    daemon.board.done(&[&nil[..], &["--nil", "--reason", "no inspection in the quarter"]].concat());
    let states = daemon.sql("SELECT period, state FROM ledger.obligations WHERE period = '2025-26-Q1'").await;
    assert_eq!(states, ["2025-26-Q1,nil"]);
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.submissions WHERE verdict = 'held'").await, ["0"]);
}

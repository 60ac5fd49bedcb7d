//! The list of bank holidays is fetched anew, and takes the place of the present one only if it can be right.

use serde_json::{Value, json};

use crate::support::{Partner, TestBoard, TestDaemon, said, shared_data};

/// The published list, with more years after it that have eight bank holidays each.
fn published(until: i64) -> Option<Value> {
    let path = shared_data("calendar")?.join("bank-holidays.json");
    let mut list: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let events = list["england-and-wales"]["events"].as_array_mut().unwrap();
    for year in 2029..=until {
        events.extend((1..=8).map(|month| json!({ "date": format!("{year}-{month:02}-10"), "title": "made up" })));
    }
    Some(list)
}

/// A board that asks for the list every Monday.
fn board(partner: &Partner) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", &partner.base());
    board.set_source("care-applications", "kind = \"by-hand\"");
    let timetable = board.read("config/timetable.toml").replace("starts_on = 2025-04-01", "starts_on = 2028-10-01");
    let list = "[holiday_list]\nurl = \"{base}/bank-holidays.json\"\npull = \"0 6 * * 1\"\n";
    board.write("config/timetable.toml", format!("{timetable}\n{list}"));
    board
}

async fn owed(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT period, due_day FROM ledger.obligations ORDER BY period").await
}

async fn alarms(daemon: &TestDaemon) -> Vec<String> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    rows.iter().filter(|row| row.kind == "alarm").map(|row| row.message["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_newer_list_counts_without_a_restart_and_after_one() {
    let partner = Partner::start().await;
    let Some(list) = published(2030) else { return };
    // 2029-01-02 is a Tuesday.
    let daemon = board(&partner).start("2029-01-02T09:00:00Z");
    daemon.ring().await;
    assert_eq!(owed(&daemon).await, Vec::<String>::new());
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("The list of bank holidays ends on 31 December 2028"), "{status}");
    partner.file("/bank-holidays.json", list.to_string());
    daemon.advance("2029-01-08T09:00:00Z").await;
    // The 10th is a bank holiday of the newer list.
    assert_eq!(owed(&daemon).await, ["2028-29-Q3,2029-01-15"]);
    assert!(!daemon.board.done(&["status"]).contains("The list of bank holidays ends"));
    assert!(daemon.board.done(&["owed", "--on", "2030-10-01"]).contains("2030"));

    let asked = partner.asked("/bank-holidays.json");
    let daemon = daemon.restart("2029-01-09T09:00:00Z");
    daemon.advance("2029-04-02T09:00:00Z").await;
    assert_eq!(owed(&daemon).await[1], "2028-29-Q4,2029-04-16");
    // Once a week, and the copy that is here is not sent again.
    assert!(partner.asked("/bank-holidays.json") > asked);
}

#[tokio::test]
async fn the_meetings_of_a_rule_go_on_with_a_newer_list_without_a_restart() {
    let partner = Partner::start().await;
    let Some(list) = published(2030) else { return };
    let board = TestBoard::exampleshire().with("QUARTERDAY__PULLS__BASE", &partner.base());
    board.set_source("care-applications", "kind = \"by-hand\"");
    let text = board.read("config/timetable.toml").replace("starts_on = 2025-04-01", "starts_on = 2028-07-01");
    let without_meetings = text.split("[[").next().unwrap();
    let list_at = "[holiday_list]\nurl = \"{base}/bank-holidays.json\"\npull = \"0 6 * * 1\"\n";
    let rule = "[[cycle]]\nid = \"card\"\npack = \"board\"\nevery = \"quarter\"\nrule = \"0 14 * 2,5,8,11 TUE#3\"\n";
    board.write("config/timetable.toml", format!("{without_meetings}\n{list_at}\n{rule}"));
    board.edit("pipelines/care-applications/return.toml", "working_days = 10", "clear_working_days_before_meeting = 6");
    let daemon = board.start("2029-01-02T09:00:00Z");
    daemon.ring().await;
    let owed = async |daemon: &TestDaemon| {
        let care = "WHERE return_id = 'care-applications' ORDER BY period";
        daemon.sql(&format!("SELECT period, due_day FROM ledger.obligations {care}")).await
    };
    assert_eq!(owed(&daemon).await, ["2028-29-Q2,2028-11-10"], "the rule goes no further than the list");
    partner.file("/bank-holidays.json", list.to_string());
    daemon.advance("2029-01-09T09:00:00Z").await;
    assert_eq!(owed(&daemon).await[1..], ["2028-29-Q3,2029-02-09"], "six clear days before 20 February");
    // What a start makes of it is the same.
    let daemon = daemon.restart("2029-01-10T09:00:00Z");
    daemon.advance("2029-04-02T09:00:00Z").await;
    assert_eq!(owed(&daemon).await[2..], ["2028-29-Q4,2029-05-03"]);
}

#[tokio::test]
async fn a_list_that_cannot_be_right_is_refused_the_manager_is_told_once_and_the_present_one_stands() {
    let Some(whole) = published(2030) else { return };
    let events = whole["england-and-wales"]["events"].as_array().unwrap();
    let without = |lost: &str| {
        let left: Vec<&Value> = events.iter().filter(|event| event["date"] != lost).collect();
        json!({ "england-and-wales": { "events": left } }).to_string()
    };
    let until = |year: &str| {
        let left: Vec<&Value> = events.iter().filter(|event| event["date"].as_str().unwrap() < year).collect();
        json!({ "england-and-wales": { "events": left } }).to_string()
    };
    for (text, why) in [
        (without("2027-12-27"), "2027-12-27 was a bank holiday and is none in it"),
        (without("2030-03-10"), "it has 7 bank holidays in 2030"),
        (until("2027"), "it ends in 2026, and the present list in 2028"),
        (json!({ "scotland": whole["scotland"] }).to_string(), "it has no events for england-and-wales"),
        ("<html>Sign in</html>".to_owned(), "gov.uk/bank-holidays.json"),
    ] {
        let partner = Partner::start().await;
        partner.file("/bank-holidays.json", text);
        let daemon = board(&partner).start("2028-10-03T09:00:00Z");
        daemon.advance("2028-10-17T09:00:00Z").await;
        let told: Vec<String> = alarms(&daemon).await.into_iter().filter(|text| text.contains("is not used")).collect();
        let [once] = told.as_slice() else { panic!("{why}: {told:?}") };
        assert!(once.contains(why) && once.contains("the present list stands"), "{why}: {once}");
        let status = daemon.board.done(&["status"]);
        assert!(status.contains("The list of bank holidays ends on 31 December 2028"), "{status}");
    }
}

#[tokio::test]
async fn a_host_that_fails_is_noted_and_asked_again_and_the_daemon_goes_on() {
    let partner = Partner::start().await;
    let daemon = board(&partner).start("2028-10-03T09:00:00Z");
    daemon.advance("2028-10-03T10:00:00Z").await;
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("asking for the list of bank holidays"), "{status}");
    assert!(partner.asked("/bank-holidays.json") > 1);
    assert_eq!(owed(&daemon).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_address_that_could_never_be_asked_is_refused() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let timetable = board.read("config/timetable.toml");
    let list = "[holiday_list]\nurl = \"http://www.gov.uk/bank-holidays.json\"\npull = \"0 6 * * 1\"\n";
    board.write("config/timetable.toml", format!("{timetable}\n{list}"));
    let refused = said(&board.run(&["validate"]));
    assert!(refused.contains("plain http is asked on this machine alone"), "{refused}");
}

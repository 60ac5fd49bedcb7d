//! What a person decides about something owed, and whom to write to: recorded, told, and kept to by the chase.

use crate::{
    chase::{board_with_relay, texts, told},
    support::{TestDaemon, said},
};

const OWED: &str = "care-applications/cafcass/2025-26-Q1";

async fn started() -> TestDaemon {
    let board = board_with_relay(&["care-applications"]).await;
    let sample = std::fs::read(board.path("pipelines/care-applications/samples/accepted-2025-26-Q1.csv")).unwrap();
    board.write("a.csv", sample);
    board.start("2025-06-30T09:00:00Z")
}

fn refused(daemon: &TestDaemon, arguments: &[&str]) -> String {
    let output = daemon.board.run(arguments);
    assert!(!output.status.success(), "{arguments:?} was not refused");
    said(&output)
}

/// Who did what, with why, as the ledger has it.
async fn recorded(daemon: &TestDaemon, kind: &str) -> (String, String) {
    let kind = kind.to_owned();
    let ledger = rusqlite::Connection::open(daemon.board.path("data/ledger.sqlite")).unwrap();
    let row = ledger.query_row("SELECT actor, payload FROM events WHERE kind = ?1", [kind], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let (actor, payload) = row.unwrap();
    let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
    (actor, payload["reason"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn more_time_begins_the_reminders_anew_before_the_new_day_and_nobody_is_told_of_the_old_one() {
    let daemon = started().await;
    daemon.advance("2025-07-16T12:00:00Z").await;
    assert_eq!(told(&daemon).await.last().unwrap(), "2025-07-16 overdue");
    let extended = daemon.board.done(&["extend", OWED, "--to", "2025-07-28", "--reason", "the system is replaced"]);
    assert!(extended.contains("is due on 2025-07-28 now"), "{extended}");
    daemon.advance("2025-08-29T12:00:00Z").await;
    assert_eq!(
        told(&daemon).await[4..],
        [
            "2025-07-21 nudge",
            "2025-07-28 due-today",
            "2025-07-30 overdue",
            "2025-08-01 preview",
            "2025-08-04 escalation",
            "2025-08-08 preview-sub-group",
            "2025-08-11 escalation-sub-group",
            "2025-08-15 preview-chair",
            "2025-08-18 escalation-chair",
        ]
    );
    let letter = &texts(&daemon, "arranged").await[0];
    assert!(letter.contains("is now due on Monday 28 July at 17:00 instead of Monday 14 July"), "{letter}");
    assert_eq!(recorded(&daemon, "extended").await, ("tester".into(), "the system is replaced".into()));
    let row = daemon.sql("SELECT due_day, arranged, state FROM ledger.obligations WHERE period = '2025-26-Q1'").await;
    assert_eq!(row, ["2025-07-28,\"more time was given, until 28 July 2025\",overdue"]);
    daemon.board.done(&["verify"]);
}

#[tokio::test]
async fn an_extension_names_a_later_working_day_and_a_reason_without_a_child() {
    let daemon = started().await;
    daemon.advance("2025-07-07T12:00:00Z").await;
    let extend = |to: &str, reason: &str| refused(&daemon, &["extend", OWED, "--to", to, "--reason", reason]);
    assert!(extend("2025-07-26", "x").contains("2025-07-26 is no working day; the next one is 2025-07-28"));
    assert!(extend("2025-07-10", "x").contains("is due on 2025-07-14; an extension ends on a later day"));
    assert!(extend("2025-07-03", "x").contains("is over"));
    assert!(extend("2025-07-28", " ").contains("one line of reason"));
    let child = extend("2025-07-28", "waiting for the file of NHS number 943 476 5919");
    assert!(child.contains("an NHS number") && !child.contains("943"), "{child}");
    let unknown = ["extend", "care-applications/police/2025-26-Q1", "--to", "2025-07-28", "--reason", "x"];
    assert!(refused(&daemon, &unknown).contains("nobody owes care-applications/police/2025-26-Q1"));
    assert!(extend("2041-07-29", "x").contains("bank holidays of 2041 are not known"));
    assert_eq!(texts(&daemon, "arranged").await, [""; 0]);
}

#[tokio::test]
async fn what_is_waived_before_its_period_ends_is_never_asked_for_and_is_no_gap() {
    let daemon = started().await;
    daemon.board.done(&["waive", OWED, "--reason", "Cafcass has no cases in the area this quarter"]);
    daemon.advance("2025-08-29T12:00:00Z").await;
    assert_eq!(told(&daemon).await, [""; 0]);
    let row = daemon.sql("SELECT state, days_late FROM ledger.obligations WHERE period = '2025-26-Q1'").await;
    assert_eq!(row, ["waived,0"]);
    let letter = &texts(&daemon, "arranged").await[0];
    assert!(letter.contains("is not asked for this time"), "{letter}");
    let again = refused(&daemon, &["waive", OWED, "--reason", "x"]);
    assert!(again.contains("is settled, so there is nothing to waive"), "{again}");
}

#[tokio::test]
async fn what_was_accepted_is_asked_for_again_and_stands_until_a_file_replaces_it() {
    let daemon = started().await;
    daemon.advance("2025-07-07T12:00:00Z").await;
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let open = refused(&daemon, &["extend", OWED, "--to", "2025-07-28", "--reason", "x"]);
    assert!(open.contains("is settled; `quarterday reopen` asks for it again"), "{open}");
    daemon.board.done(&["reopen", OWED, "--by", "2025-07-28", "--reason", "the fourth column is of another area"]);
    let figures = "SELECT count(*) > 0 FROM returns.care_applications WHERE period = '2025-26-Q1'";
    assert_eq!(daemon.sql(figures).await, ["true"]);
    daemon.advance("2025-07-29T12:00:00Z").await;
    assert_eq!(told(&daemon).await[2..], ["2025-07-21 nudge", "2025-07-28 due-today"]);
    let stands = daemon.sql("SELECT state, days_late FROM ledger.obligations WHERE period = '2025-26-Q1'").await;
    assert_eq!(stands, ["overdue,1"], "the file that came before does not count for it");
    let other = daemon.board.read("a.csv").replace(",9", ",8");
    daemon.board.write("b.csv", other);
    daemon.submit("b.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-08-29T12:00:00Z").await;
    assert_eq!(told(&daemon).await.len(), 4, "it is here, so nobody is reminded");
    assert_eq!(daemon.sql(figures).await, ["true"]);
}

#[tokio::test]
async fn a_hold_is_lifted_and_the_escalation_goes_the_day_after_its_preview() {
    let daemon = started().await;
    daemon.advance("2025-07-17T12:00:00Z").await;
    daemon.board.done(&["hold", OWED, "--reason", "they move to a new system"]);
    daemon.advance("2025-07-30T12:00:00Z").await;
    assert_eq!(told(&daemon).await.last().unwrap(), "2025-07-16 overdue");
    daemon.board.done(&["hold", OWED, "--lift", "--reason", "they have moved"]);
    let twice = refused(&daemon, &["hold", OWED, "--lift", "--reason", "again"]);
    assert!(twice.contains("nothing keeps"), "{twice}");
    daemon.advance("2025-08-08T12:00:00Z").await;
    assert_eq!(told(&daemon).await[4..6], ["2025-07-30 preview", "2025-07-31 escalation"]);
}

#[tokio::test]
async fn a_new_lead_and_a_colleague_who_covers_get_the_messages_also_after_a_restart() {
    let daemon = started().await;
    let contact = |arguments: &[&str]| {
        let all: Vec<&str> = ["contact", "cafcass"].iter().chain(arguments).copied().collect();
        daemon.board.run(&all)
    };
    let unnamed = contact(&["lead", "--reason", "x"]);
    assert!(!unnamed.status.success() && said(&unnamed).contains("--name"), "{}", said(&unnamed));
    let endless = contact(&["cover", "--name", "Kit Lowe", "--email", "kit@cafcass.example", "--reason", "leave"]);
    assert!(said(&endless).contains("cover is for a time: add --until DATE"), "{}", said(&endless));
    let broken = contact(&["lead", "--name", "Kit", "--email", "kit at cafcass", "--reason", "x"]);
    assert!(said(&broken).contains("a plain address"), "{}", said(&broken));
    let unknown = daemon.board.run(&["contact", "customs", "lead", "--as-defined", "--reason", "x"]);
    assert!(said(&unknown).contains("there is no agency customs; the agencies are"), "{}", said(&unknown));
    let lead = ["lead", "--name", "Ada Bell", "--email", "ada.bell@cafcass.example", "--reason", "a new post holder"];
    assert!(said(&contact(&lead)).contains("Ada Bell is lead of CAFCASS"), "{}", said(&contact(&lead)));
    let cover = ["cover", "--name", "Kit Lowe", "--email", "kit.lowe@cafcass.example", "--until", "2025-07-08"];
    contact(&[&cover[..], &["--reason", "annual leave"]].concat());
    let daemon = daemon.restart("2025-06-30T10:00:00Z");
    daemon.advance("2025-07-15T12:00:00Z").await;
    let messages = daemon.messages().await;
    let to = |kind: &str| -> Vec<&str> {
        let of_kind = messages.iter().filter(|m| m.starts_with(kind));
        of_kind.map(|m| m.split(' ').nth(1).unwrap()).collect()
    };
    assert_eq!(to("notice "), ["ada.bell@cafcass.example", "kit.lowe@cafcass.example"]);
    assert_eq!(to("due-today "), ["ada.bell@cafcass.example"], "the cover is over");
    let letter = &texts(&daemon, "contact").await;
    assert!(letter.iter().any(|text| text.contains("also go to Kit Lowe, kit.lowe@cafcass.example")), "{letter:?}");
    assert_eq!(
        daemon.board.run(&["contact", "cafcass", "lead", "--as-defined", "--reason", "back"]).status.code(),
        Some(0)
    );
    daemon.advance("2025-07-16T12:00:00Z").await;
    assert!(daemon.messages().await.iter().any(|m| m.starts_with("overdue area.data@cafcass.example")));
}

#[tokio::test]
async fn what_is_arranged_before_it_opens_stands_as_not_open_yet() {
    let daemon = started().await;
    daemon.board.done(&["extend", OWED, "--to", "2025-07-28", "--reason", "the system is replaced"]);
    let state = "SELECT state FROM ledger.obligations WHERE period = '2025-26-Q1'";
    assert_eq!(daemon.sql(state).await, ["not_yet_open"]);
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert_eq!(daemon.sql(state).await, ["open"]);
    daemon.advance("2025-07-28T12:00:00Z").await;
    assert_eq!(daemon.sql(state).await, ["due_today"]);
}

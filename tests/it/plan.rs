//! The definitions are edited: what moves is told first, and what people were told otherwise waits for a yes.

use quarterday::ledger::Event;

use crate::support::{TestBoard, TestDaemon, said};

const CARE: &str = "pipelines/care-applications/return.toml";

fn board() -> TestBoard {
    TestBoard::with_returns(&["care-applications", "prevent-referrals"])
}

async fn events(daemon: &TestDaemon) -> Vec<(String, Event)> {
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    events.into_iter().map(|recorded| (recorded.subject, recorded.event)).collect()
}

/// The sentences that took effect, in their order.
async fn took_effect(daemon: &TestDaemon) -> Vec<String> {
    let events = events(daemon).await.into_iter();
    events
        .filter_map(|(_, event)| match event {
            Event::TimetableTookEffect { says, .. } => Some(says),
            _ => None,
        })
        .collect()
}

async fn due(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT return_id, due_at FROM ledger.obligations ORDER BY 1").await
}

async fn of_kind(daemon: &TestDaemon, kind: &str) -> usize {
    daemon.messages().await.iter().filter(|message| message.starts_with(&format!("{kind} "))).count()
}

#[tokio::test]
async fn a_due_date_that_moves_is_told_held_and_moved_once_somebody_says_yes() {
    let daemon = board().start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert_eq!(took_effect(&daemon).await, ["the first timetable"]);
    assert!(daemon.board.done(&["plan"]).starts_with("Nothing moves: the definitions are in force"));
    let notices = of_kind(&daemon, "notice").await;
    daemon.board.edit(CARE, "working_days = 10", "working_days = 7");
    let daemon = daemon.restart("2025-07-02T09:00:00Z");
    // The old nudge and the new due day pass, and nobody is written to.
    daemon.advance("2025-07-09T08:00:00Z").await;
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("On hold: the edited definitions are not in force (5 due dates move"), "{status}");
    assert!(status.contains("`quarterday plan`"), "{status}");
    let page = reqwest::get(daemon.page("/")).await.unwrap().text().await.unwrap();
    assert!(page.contains("quarterday plan"), "{page}");
    assert_eq!((of_kind(&daemon, "notice").await, of_kind(&daemon, "nudge").await), (notices, 0));
    assert_eq!(of_kind(&daemon, "alarm").await, 1, "the manager is told once");
    // A file is taken and answered meanwhile.
    let sample = daemon.board.read("pipelines/prevent-referrals/samples/accepted-2025-26-Q1.csv");
    daemon.board.drop_file("probation", "prevent-referrals 2025-26-Q1.csv", sample);
    daemon.advance("2025-07-09T08:10:00Z").await;
    assert_eq!(daemon.sql("SELECT verdict FROM ledger.submissions").await, ["accepted"]);
    assert_eq!(of_kind(&daemon, "answer-accepted").await, 1, "{:?}", daemon.messages().await);
    insta::assert_snapshot!(daemon.board.done(&["plan"]));
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-14T16:00:00Z", "nothing has moved yet");
    let done = daemon.board.done(&["plan", "--yes"]);
    assert!(done.contains("Done: it is in force: 5 due dates move, 1 reminder will go today."), "{done}");
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-09T16:00:00Z");
    let moved: Vec<_> =
        events(&daemon).await.into_iter().filter(|(_, e)| matches!(e, Event::DueMoved { .. })).collect();
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].0, "care-applications/cafcass/2025-26-Q1");
    assert!(
        matches!(&moved[0].1, Event::DueMoved { rule, why, .. }
        if rule.starts_with("7 working days") && why.contains("tester confirmed it")),
        "{moved:?}"
    );
    assert_eq!(of_kind(&daemon, "arranged").await, 1, "CAFCASS hears of the new day; who has delivered does not");
    let arranged = daemon.sql("SELECT arranged FROM ledger.obligations ORDER BY return_id").await;
    assert_eq!(arranged[0], "\"moved with the timetable, to 9 July 2025\"");
    daemon.advance("2025-07-09T12:00:00Z").await;
    assert_eq!(of_kind(&daemon, "due-today").await, 1);
    assert!(!daemon.board.done(&["status"]).contains("On hold"));
    assert!(daemon.board.done(&["plan"]).starts_with("Nothing moves: the definitions are in force"));
    daemon.board.done(&["verify"]);
}

#[tokio::test]
async fn what_moves_nothing_that_is_open_takes_effect_silently_and_is_recorded() {
    let board = board();
    let daemon = board.start("2025-06-20T09:00:00Z");
    daemon.ring().await;
    // No period is over yet: the first due date is nobody's promise.
    daemon.board.edit(CARE, "working_days = 10", "working_days = 12");
    let daemon = daemon.restart("2025-06-20T10:00:00Z");
    daemon.ring().await;
    assert!(!daemon.board.done(&["status"]).contains("On hold"));
    assert_eq!(took_effect(&daemon).await, ["the first timetable", "4 due dates move"]);
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-16T16:00:00Z");
    let daemon = daemon.restart("2025-07-01T13:00:00Z");
    assert_eq!(took_effect(&daemon).await.len(), 2, "the same definitions again are not new");
}

#[tokio::test]
async fn definitions_that_are_put_back_are_in_force_again() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    daemon.board.edit(CARE, "working_days = 10", "working_days = 7");
    let daemon = daemon.restart("2025-07-02T09:00:00Z");
    assert!(daemon.board.done(&["status"]).contains("On hold"));
    daemon.board.edit(CARE, "working_days = 7", "working_days = 10");
    let daemon = daemon.restart("2025-07-02T10:00:00Z");
    assert!(!daemon.board.done(&["status"]).contains("On hold"));
    daemon.advance("2025-07-07T12:00:00Z").await;
    assert!(of_kind(&daemon, "nudge").await > 0);
    assert_eq!(took_effect(&daemon).await, ["the first timetable"]);
}

#[tokio::test]
async fn a_plan_confirmed_before_the_restart_takes_effect_with_it() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    daemon.board.edit(CARE, "working_days = 10", "working_days = 12");
    let asked = daemon.board.done(&["plan"]);
    assert!(asked.contains("Nothing was changed. `quarterday plan --yes` makes it take effect."), "{asked}");
    let done = daemon.board.done(&["plan", "--yes"]);
    assert!(done.contains("takes effect when the daemon is started anew"), "{done}");
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-14T16:00:00Z", "not before");
    let daemon = daemon.restart("2025-07-02T09:00:00Z");
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-16T16:00:00Z");
    assert!(!daemon.board.done(&["status"]).contains("On hold"));
    // Another edit is another plan.
    daemon.board.edit(CARE, "working_days = 12", "working_days = 5");
    let daemon = daemon.restart("2025-07-02T10:00:00Z");
    assert!(daemon.board.done(&["status"]).contains("On hold"));
}

#[tokio::test]
async fn a_plan_that_is_cut_short_has_moved_nothing() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    daemon.board.edit(CARE, "working_days = 10", "working_days = 12");
    let (_, mut board) = daemon.terminate();
    board.set("FAILPOINTS", Some("plan-before-in-force=return"));
    let daemon = board.start("2025-07-02T09:00:00Z");
    let output = daemon.board.run(&["plan", "--yes"]);
    assert!(!output.status.success(), "{}", said(&output));
    let mut board = daemon.wait_for_death();
    board.set("FAILPOINTS", None);
    let daemon = board.start("2025-07-02T10:00:00Z");
    assert!(daemon.board.done(&["status"]).contains("On hold"));
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-14T16:00:00Z");
    daemon.board.done(&["plan", "--yes"]);
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-16T16:00:00Z");
}

#[tokio::test]
async fn a_meeting_that_moves_while_people_work_towards_it_waits_and_an_old_pack_is_told_as_held() {
    let daemon = TestBoard::exampleshire().start("2025-07-01T09:00:00Z");
    daemon.ring().await;
    daemon.board.edit("config/timetable.toml", "on = 2025-08-12", "on = 2025-08-19");
    let told = daemon.board.done(&["plan"]);
    assert!(told.starts_with("1 meeting moves."), "{told}");
    assert!(told.contains("Tue 12 Aug → Tue 19 Aug 2025"), "{told}");
    let daemon = daemon.restart("2025-07-02T09:00:00Z");
    assert!(daemon.board.done(&["status"]).contains("1 meeting moves"));
    daemon.board.done(&["plan", "--yes"]);
    assert!(!daemon.board.done(&["status"]).contains("On hold"));
    // On 11 August the pack for the 19th is about to go out; the day before, its circulation would have been in July.
    daemon.board.edit("config/timetable.toml", "circulated = -6", "circulated = -16");
    daemon.board.edit("config/timetable.toml", "sign_off = -8", "sign_off = -16");
    daemon.board.edit("config/timetable.toml", "draft = -12", "draft = -17");
    daemon.board.edit("config/timetable.toml", "commentary = 20", "commentary = 13");
    let daemon = daemon.restart("2025-08-11T09:00:00Z");
    let told = daemon.board.done(&["plan"]);
    assert!(told.starts_with("1 pack is held."), "{told}");
    assert!(told.contains("held: past its day"), "{told}");
    assert!(daemon.board.done(&["status"]).contains("1 pack is held"));
}

#[tokio::test]
async fn an_edit_that_would_write_to_many_at_once_waits() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-16T12:00:00Z").await;
    let agencies = "agencies = [\"cafcass\", \"police\", \"schools\", \"probation\", \"health-trust\", \"youth-justice\", \
                    \"voluntary-sector\"]";
    daemon.board.edit(CARE, "agencies = [\"cafcass\"]", agencies);
    let told = daemon.board.done(&["plan"]);
    assert!(told.starts_with("6 reminders will go today, 6 duties begin."), "{told}");
    let overdue = of_kind(&daemon, "overdue").await;
    let daemon = daemon.restart("2025-07-16T13:00:00Z");
    daemon.ring().await;
    assert_eq!(of_kind(&daemon, "overdue").await, overdue);
    daemon.board.done(&["plan", "--yes"]);
    daemon.ring().await;
    assert!(of_kind(&daemon, "overdue").await > overdue + 6, "lead and deputy of each");
}

#[tokio::test]
async fn a_board_that_nobody_has_served_yet_has_nothing_in_force() {
    let board = board();
    assert!(board.done(&["plan"]).starts_with("Nothing is in force yet"));
    assert!(board.done(&["plan", "--yes"]).starts_with("Nothing is in force yet"));
    assert!(!board.path("data").exists());
}

#[tokio::test]
async fn at_a_terminal_it_takes_effect_once_somebody_types_yes_and_only_then() {
    let daemon = board().start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    daemon.board.edit(CARE, "working_days = 10", "working_days = 7");
    let daemon = daemon.restart("2025-07-02T09:00:00Z");
    for no in ["no", "", "y", "yes please"] {
        let shown = daemon.board.at_a_terminal(&["plan"], no);
        assert!(shown.contains("Shall it take effect? Type yes."), "{shown}");
        assert!(shown.contains("Nothing was changed"), "{no:?}: {shown}");
    }
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-14T16:00:00Z");
    let shown = daemon.board.at_a_terminal(&["plan"], " Yes ");
    assert!(shown.contains("Done: it is in force"), "{shown}");
    assert_eq!(due(&daemon).await[0], "care-applications,2025-07-09T16:00:00Z");
}

#[tokio::test]
async fn a_later_day_begins_the_reminders_anew() {
    let daemon = board().start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-17T12:00:00Z").await;
    let overdue = of_kind(&daemon, "overdue").await;
    assert!(overdue > 0);
    daemon.board.edit(CARE, "working_days = 10", "working_days = 20");
    let daemon = daemon.restart("2025-07-17T13:00:00Z");
    daemon.board.done(&["plan", "--yes"]);
    daemon.advance("2025-07-31T12:00:00Z").await;
    let told: Vec<String> = crate::chase::told(&daemon).await;
    let after =
        |rung: &str| told.iter().filter(|one| one.ends_with(rung)).map(|one| one[..10].to_owned()).collect::<Vec<_>>();
    assert!(after("due-today").contains(&"2025-07-28".to_owned()), "{told:?}");
    assert!(after("overdue").contains(&"2025-07-30".to_owned()), "{told:?}");
}

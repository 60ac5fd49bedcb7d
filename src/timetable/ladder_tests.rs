use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::{Ladder, Role, next_rung, owed};
use crate::{
    domain::{Calendar, Verdict, civil_day},
    ledger::{Event, Obligation, ObligationKey, RecordedEvent, State},
};

fn obligation() -> Obligation {
    let key: ObligationKey = "missing-children/police/2025-26-Q1".parse().unwrap();
    let (opened, due) = ("2025-06-30T23:00:00Z".parse().unwrap(), "2025-07-14T16:00:00Z".parse().unwrap());
    Obligation::opened(&key, opened, due, "")
}

/// Walks the days, telling whatever is owed, and writes down on which day each rung went.
fn chase(mut obligation: Obligation, relay: bool, from: &str, until: &str) -> Vec<String> {
    let (calendar, ladder) = (Calendar::england_and_wales([]), Ladder::default());
    let (mut now, until): (Timestamp, Timestamp) = (from.parse().unwrap(), until.parse().unwrap());
    let mut told = Vec::new();
    let mut lead_told = None;
    while now <= until {
        let step = owed(&obligation, &ladder, &calendar, now, lead_told).unwrap();
        for (rung, why) in step.skip {
            told.push(format!("{} skipped: {why}", rung));
            obligation.skipped.push(rung);
        }
        if let Some(rung) = step.tell {
            told.push(format!("{} {}", civil_day(now), rung.name));
            if relay && rung.to.contains(&Role::Lead) {
                lead_told.get_or_insert(now);
            }
            obligation.told.push((rung.name, now));
        }
        now += 1.hour();
    }
    told
}

#[test]
fn a_silent_agency_climbs_the_ladder_in_order() {
    assert_eq!(
        chase(obligation(), true, "2025-07-01T00:00:00Z", "2025-08-30T00:00:00Z"),
        [
            "2025-07-01 notice",
            "2025-07-07 nudge",
            "2025-07-14 due-today",
            "2025-07-16 overdue",
            "2025-07-18 preview",
            "2025-07-21 escalation",
            "2025-07-25 preview-sub-group",
            "2025-07-28 escalation-sub-group",
            "2025-08-01 preview-chair",
            "2025-08-04 escalation-chair"
        ]
    );
}

#[test]
fn nothing_goes_above_a_lead_whom_no_relay_told() {
    let told = chase(obligation(), false, "2025-07-01T00:00:00Z", "2025-12-30T00:00:00Z");
    assert_eq!(told.last().map(String::as_str), Some("2025-07-16 overdue"));
}

#[test]
fn after_an_outage_the_chase_resumes_at_overdue_and_climbs_from_there() {
    assert_eq!(
        chase(obligation(), true, "2025-09-01T12:00:00Z", "2025-09-30T00:00:00Z"),
        [
            "notice skipped: a later rung was already reached",
            "nudge skipped: a later rung was already reached",
            "due-today skipped: a later rung was already reached",
            "2025-09-01 overdue",
            "2025-09-03 preview",
            "2025-09-04 escalation",
            "2025-09-10 preview-sub-group",
            "2025-09-11 escalation-sub-group",
            "2025-09-17 preview-chair",
            "2025-09-18 escalation-chair"
        ]
    );
}

#[test]
fn what_an_outage_left_waits_for_the_morning_of_a_working_day() {
    for (back, told_on) in [
        ("2025-07-17T02:00:00Z", "2025-07-17T09:00:00Z overdue"),
        ("2025-07-16T20:00:00Z", "2025-07-17T09:00:00Z overdue"),
        ("2025-07-18T19:00:00Z", "2025-07-21T09:00:00Z overdue"),
        ("2025-08-25T12:00:00Z", "2025-08-26T09:00:00Z overdue"),
        ("2025-07-16T18:30:00Z", "2025-07-16T18:30:00Z overdue"),
    ] {
        let (calendar, ladder) = (Calendar::england_and_wales([]), Ladder::default());
        let back: Timestamp = back.parse().unwrap();
        let first = owed(&obligation(), &ladder, &calendar, back, None).unwrap();
        let at = if first.tell.is_some() { back } else { first.look_again.unwrap() };
        let step = owed(&obligation(), &ladder, &calendar, at, None).unwrap();
        assert_eq!(format!("{at} {}", step.tell.unwrap().name), told_on);
    }
}

#[test]
fn what_the_manager_holds_does_not_go_above_the_lead() {
    let held = Obligation { escalation_held: Some("the Chief Constable has answered".into()), ..obligation() };
    assert_eq!(
        chase(held, true, "2025-07-15T00:00:00Z", "2025-08-30T00:00:00Z"),
        [
            "preview skipped: the manager holds it",
            "escalation skipped: the manager holds it",
            "preview-sub-group skipped: the manager holds it",
            "escalation-sub-group skipped: the manager holds it",
            "preview-chair skipped: the manager holds it",
            "escalation-chair skipped: the manager holds it",
            "notice skipped: a later rung was already reached",
            "nudge skipped: a later rung was already reached",
            "2025-07-15 due-today",
            "2025-07-16 overdue"
        ]
    );
}

#[test]
fn a_message_without_a_file_has_the_next_rung_wait_one_working_day_and_no_other() {
    let mut waiting = obligation();
    waiting.deferred = vec!["overdue".into(), "escalation".into()];
    assert_eq!(
        chase(waiting, true, "2025-07-01T00:00:00Z", "2025-08-30T00:00:00Z"),
        [
            "2025-07-01 notice",
            "2025-07-07 nudge",
            "2025-07-14 due-today",
            "2025-07-17 overdue",
            "2025-07-21 preview",
            "2025-07-23 escalation",
            "2025-07-29 preview-sub-group",
            "2025-07-30 escalation-sub-group",
            "2025-08-05 preview-chair",
            "2025-08-06 escalation-chair"
        ],
        "the preview comes two working days after the overdue message in any case"
    );
    let mut waiting = obligation();
    waiting.deferred = vec!["due-today".into()];
    let told = chase(waiting, true, "2025-07-01T00:00:00Z", "2025-07-17T00:00:00Z");
    assert!(told.contains(&"due-today skipped: the agency wrote, and its day would be over".to_owned()), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("2025-07-16 overdue"));
}

#[test]
fn the_next_rung_is_the_soonest_that_is_not_past_and_waits_once() {
    let (calendar, ladder) = (Calendar::england_and_wales([]), Ladder::default());
    let next = |obligation: &Obligation, lead_told: Option<&str>| {
        let lead_told = lead_told.map(|at| at.parse().unwrap());
        next_rung(obligation, &ladder, &calendar, lead_told).unwrap().map(|rung| rung.name.clone())
    };
    let mut climbing = obligation();
    assert_eq!(next(&climbing, None).as_deref(), Some("notice"));
    for (rung, at) in [("notice", "2025-07-01T09:00:00Z"), ("nudge", "2025-07-07T09:00:00Z")] {
        climbing.told.push((rung.into(), at.parse().unwrap()));
    }
    assert_eq!(next(&climbing, None).as_deref(), Some("due-today"));
    climbing.deferred.push("due-today".into());
    assert_eq!(next(&climbing, None), None, "it waits already");
    climbing.skipped.push("due-today".into());
    climbing.told.push(("overdue".into(), "2025-07-16T09:00:00Z".parse().unwrap()));
    assert_eq!(next(&climbing, None), None, "nothing goes above a lead who was not told");
    assert_eq!(next(&climbing, Some("2025-07-01T09:00:05Z")).as_deref(), Some("preview"));
    assert_eq!(next(&Obligation { state: State::Accepted, ..climbing }, Some("2025-07-01T09:00:05Z")), None);
}

#[test]
fn a_settled_obligation_is_left_alone() {
    let settled = Obligation { state: State::Accepted, ..obligation() };
    assert!(chase(settled, true, "2025-07-01T00:00:00Z", "2025-12-30T00:00:00Z").is_empty());
}

#[test]
fn a_file_under_correction_gets_three_working_days_of_peace() {
    let correcting = Obligation {
        state: State::ToCorrect,
        decided_at: Some("2025-07-14T15:55:00Z".parse().unwrap()),
        first_refused_at: Some("2025-07-14T15:55:00Z".parse().unwrap()),
        ..obligation()
    };
    let told = chase(correcting, true, "2025-07-14T16:00:00Z", "2025-07-30T00:00:00Z");
    assert_eq!(told.first().map(String::as_str), Some("2025-07-21 overdue"));
}

#[test]
fn a_further_broken_file_starts_no_further_window() {
    let key = obligation().key.to_string();
    let event = |at: &str, event| RecordedEvent { seq: 0, at: at.parse().unwrap(), subject: key.clone(), event };
    let mut events = vec![event(
        "2025-06-30T23:00:00Z",
        Event::Opened {
            return_id: obligation().key.return_id,
            agency: obligation().key.agency,
            period: obligation().key.period,
            opens_at: obligation().opened_at,
            duty: true,
            due_at: obligation().due_at,
            rule: String::new(),
        },
    )];
    for (submission, day) in (1..).zip(["14", "17", "21", "24", "28"]) {
        let at = format!("2025-07-{day}T15:00:00Z");
        events.push(event(&at, Event::ExtractReceived { submission, sha256: String::new(), arrived_at: None }));
        let verdict = Verdict::NotAccepted;
        events.push(event(&at, Event::Decided { submission, verdict, readable: true, reason: None }));
    }
    let broken = Obligation::fold(&events).unwrap();
    let told = chase(broken, true, "2025-07-28T16:00:00Z", "2025-08-30T00:00:00Z");
    assert_eq!(told.first().map(String::as_str), Some("2025-07-28 overdue"));
    assert!(told.contains(&"2025-07-31 escalation".to_owned()), "{told:?}");
    events.push(event(
        "2025-07-29T10:00:00Z",
        Event::ExtractReceived { submission: 6, sha256: String::new(), arrived_at: None },
    ));
    let verdict = Verdict::Accepted;
    events.push(event("2025-07-29T10:00:00Z", Event::Decided { submission: 6, verdict, readable: true, reason: None }));
    assert_eq!(Obligation::fold(&events).unwrap().first_refused_at, None);
}

#[test]
fn that_nothing_came_is_told_of_those_who_were_asked_a_working_day_before() {
    let (calendar, words) = (Calendar::england_and_wales([]), Ladder::for_words());
    let mut late = obligation();
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let tell = |late: &Obligation, now: &str| owed(late, &words, &calendar, at(now), None).unwrap().tell;
    let first = tell(&late, "2025-07-25T10:00:00Z").unwrap();
    assert_eq!(first.name, "overdue", "nobody was asked yet, so nobody is blamed");
    late.skipped.extend(["notice", "nudge", "due-today"].map(str::to_owned));
    late.told.push((first.name, at("2025-07-25T10:00:00Z")));
    assert_eq!(tell(&late, "2025-07-25T18:00:00Z"), None);
    assert_eq!(tell(&late, "2025-07-28T10:00:00Z").unwrap().name, "gap");
    // The agency wrote: the next message waits a working day longer, this one too.
    late.deferred.push("gap".into());
    assert_eq!(tell(&late, "2025-07-28T10:00:00Z"), None);
    assert_eq!(tell(&late, "2025-07-29T10:00:00Z").unwrap().name, "gap");
}

proptest! {
    #[test]
    fn however_rarely_it_looks_nobody_is_told_twice_nor_out_of_order(
        looks in prop::collection::vec(1i64..400, 1..60),
        relay in any::<bool>(),
    ) {
        let (calendar, ladder) = (Calendar::england_and_wales([]), Ladder::default());
        let mut obligation = obligation();
        let mut now = obligation.opened_at;
        let mut lead_told = None;
        let mut order = Vec::new();
        for hours in looks {
            now += hours.hours();
            let step = owed(&obligation, &ladder, &calendar, now, lead_told).unwrap();
            obligation.skipped.extend(step.skip.into_iter().map(|(rung, _)| rung));
            if let Some(rung) = step.tell {
                prop_assert!(!obligation.is_past(&rung.name));
                if rung.kind.is_above_the_lead() {
                    let told = lead_told.expect("the lead was told first");
                    prop_assert!(calendar.working_days_between(civil_day(told), civil_day(now)).unwrap() >= 2);
                }
                if relay && rung.to.contains(&Role::Lead) {
                    lead_told.get_or_insert(now);
                }
                order.push(ladder.rungs.iter().position(|r| r.name == rung.name));
                obligation.told.push((rung.name, now));
            }
        }
        prop_assert!(order.is_sorted(), "{order:?}");
    }
}

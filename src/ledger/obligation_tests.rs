//! What the fold of an obligation makes of the events that happen to it.

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_751_900_000 + 60 * minute).unwrap()
}

fn folded(events: &[Event]) -> Obligation {
    let opened = Event::Opened {
        return_id: "missing-children".parse().unwrap(),
        agency: "police".parse().unwrap(),
        period: "2025-26-Q1".parse().unwrap(),
        opens_at: at(0),
        duty: true,
        due_at: at(10_000),
        rule: String::new(),
    };
    let recorded: Vec<_> = std::iter::once(&opened)
        .chain(events)
        .zip(0..)
        .map(|(event, minute)| RecordedEvent {
            seq: minute,
            at: at(minute),
            subject: String::new(),
            event: event.clone(),
        })
        .collect();
    Obligation::fold(&recorded).unwrap()
}

fn arrived(submission: i64) -> Event {
    Event::ExtractReceived { submission, sha256: String::new(), arrived_at: None }
}

fn decided(submission: i64, verdict: Verdict) -> Event {
    Event::Decided { submission, verdict, readable: true, reason: Some(verdict.as_str().into()) }
}

fn nil(submission: i64) -> Event {
    Event::NilReturned { submission, reason: "none".into(), arrived_at: None }
}

#[test]
fn a_held_file_stays_held_and_known_when_it_is_sent_again() {
    let o = folded(&[arrived(1), decided(1, Verdict::Held), arrived(2), decided(2, Verdict::Duplicate)]);
    assert_eq!((o.state, o.held.as_slice(), o.undecided.as_slice()), (State::Held, &[1][..], &[][..]));
    let o = folded(&[
        arrived(1),
        decided(1, Verdict::Held),
        Event::Released { submission: 1, reason: String::new() },
        decided(1, Verdict::Accepted),
    ]);
    assert_eq!((o.state, o.effective, o.held.is_empty()), (State::Accepted, Some(1), true));
}

#[test]
fn a_repeat_of_a_file_that_is_being_looked_at_does_not_open_the_chase_again() {
    let o = folded(&[arrived(1), arrived(2), decided(2, Verdict::Duplicate)]);
    assert_eq!((o.state, o.decided_at), (State::Received, None));
}

#[test]
fn a_refused_file_does_not_undo_what_stands() {
    let o = folded(&[nil(1), arrived(2), decided(2, Verdict::NotAccepted)]);
    assert_eq!((o.state, o.effective, o.reason.as_deref()), (State::Nil, Some(1), Some("none")));
    let o = folded(&[arrived(1), decided(1, Verdict::Accepted), arrived(2), decided(2, Verdict::Held)]);
    assert_eq!((o.state, o.held.as_slice()), (State::Accepted, &[2][..]));
}

#[test]
fn an_older_file_never_takes_the_place_of_a_newer_one() {
    let o = folded(&[arrived(1), arrived(2), decided(2, Verdict::Accepted), decided(1, Verdict::Accepted)]);
    assert_eq!((o.effective, o.restatements), (Some(2), 0));
}

#[test]
fn a_correction_counts_from_the_first_refusal_and_ends_with_acceptance() {
    let events = [arrived(1), decided(1, Verdict::NotAccepted), arrived(2), decided(2, Verdict::NotAccepted)];
    let o = folded(&events);
    assert_eq!((o.state, o.first_refused_at), (State::ToCorrect, Some(at(2))));
    let o = folded(&[events.as_slice(), &[arrived(3), decided(3, Verdict::Accepted)]].concat());
    assert_eq!((o.state, o.corrected, o.first_refused_at), (State::Accepted, true, None));
}

#[test]
fn a_provisional_file_that_is_let_pass_after_the_final_ones_were_asked_for_is_not_final() {
    let asked = Event::FinalAsked { due_at: at(50_000), rule: "later".into() };
    let told = Event::Told { rung: "overdue".into(), keys: vec![], to_lead: vec![] };
    let mut events =
        vec![Event::Provisional {}, arrived(1), decided(1, Verdict::Held), told, asked, decided(1, Verdict::Accepted)];
    let awaited = folded(&events);
    assert_eq!((awaited.state, awaited.effective, awaited.received_at), (State::Open, Some(1), None));
    assert_eq!((awaited.due_at, awaited.rule.as_str(), awaited.told.len()), (at(50_000), "later", 0));
    events.extend([arrived(2), decided(2, Verdict::AcceptedWithQueries)]);
    let settled = folded(&events);
    assert_eq!((settled.state, settled.effective, settled.restatements), (State::Accepted, Some(2), 0));
    assert!(settled.received_at.is_some() && settled.phase == Phase::Final);
}

#[test]
fn a_moved_day_begins_the_chase_anew_and_a_corrected_file_stays_awaited() {
    let moved = Event::DueMoved { due_at: at(20_000), rule: "later".into(), why: String::new() };
    let o = folded(&[arrived(1), decided(1, Verdict::NotAccepted), moved.clone()]);
    assert_eq!((o.state, o.due_at, o.rounds), (State::ToCorrect, at(20_000), 1));
    assert!(o.first_refused_at.is_some() && o.chased_since.is_some());
    let o = folded(&[arrived(1), decided(1, Verdict::Accepted), moved]);
    assert_eq!((o.state, o.rounds, o.chased_since), (State::Accepted, 0, None), "nobody is asked who has delivered");
}

#[test]
fn what_was_passed_over_while_nothing_was_fetched_counts_again_once_the_agreement_is_renewed() {
    let skipped = |rung: &str, why: &str| Event::Skipped { rung: rung.into(), why: why.into() };
    let both = [skipped("nudge", NOT_FETCHED), skipped("notice", "a later rung was already reached")];
    let o = folded(&[&both[..], &[Event::AgreementRenewed {}]].concat());
    assert_eq!(o.skipped, ["notice"]);
}

#[test]
fn who_was_let_off_the_provisional_figures_owes_the_final_ones_and_words_are_asked_for_again() {
    let waived = Event::Waived { reason: "a new system".into() };
    let finals = Event::FinalAsked { due_at: at(20_000), rule: "final".into() };
    let o = folded(&[Event::Provisional {}, waived, finals]);
    assert_eq!((o.state, o.reason), (State::Open, None));
    let said = Event::Commented { says: "none".into(), by: "lead".into() };
    let again = Event::Reopened { due_at: at(20_000), reason: "was that all?".into() };
    assert_eq!(folded(&[said, again]).state, State::Open);
}

//! Whether a message that waits is still wanted at the instant it would leave.
//!
//! Pure. Only the chase can be overtaken by events; an answer, a pack or an alarm is always wanted.

use jiff::Timestamp;

use super::Kind;
use crate::{
    domain::civil_day,
    ledger::{Obligation, OutboxRow, State},
};

/// Why a message is no longer wanted; `None` if it is.
///
/// `overtaken` says whether a later message of the chase waits for the same person.
pub(super) fn unwanted(
    kind: Kind,
    row: &OutboxRow,
    obligation: Option<&Obligation>,
    overtaken: bool,
    now: Timestamp,
) -> Option<&'static str> {
    if kind == Kind::Members {
        let same = obligation?.state == State::Accepted && obligation?.decided_at <= Some(row.enqueued_at);
        return (!same).then_some("a newer file has arrived");
    }
    if !is_chase(kind) {
        return None;
    }
    let obligation = obligation?;
    match obligation.state {
        State::Open | State::ToCorrect => {}
        State::Received => return Some("a file has arrived and is being looked at"),
        State::Held => return Some("a file has arrived and waits for a person's decision"),
        State::Accepted => return Some("the file was accepted before this left"),
        State::Nil => return Some("there was nothing to report"),
        State::Waived => return Some("it is no longer asked for"),
    }
    if obligation.chased_since.is_some_and(|since| since > row.enqueued_at) {
        return Some("it is due on another day now");
    }
    if matches!(kind, Kind::Preview | Kind::Escalation) && obligation.escalation_held.is_some() {
        return Some("the manager holds the escalation");
    }
    if obligation.decided_at.is_some_and(|decided| decided > row.enqueued_at) {
        return Some("a file was answered after this was written");
    }
    let spoken_for =
        matches!(kind, Kind::Nudge | Kind::DueToday | Kind::Overdue | Kind::Commentary | Kind::AnythingSince);
    if spoken_for && overtaken {
        return Some("a later message says more");
    }
    if kind == Kind::Nudge && civil_day(now) >= civil_day(obligation.due_at) {
        return Some("the day it reminds of has come, and is told by itself");
    }
    if kind == Kind::DueToday && civil_day(now) > civil_day(row.enqueued_at) {
        return Some("the day it speaks of is over");
    }
    None
}

/// One of these that waits too, about the same thing to the same person, says more than an earlier message.
pub(super) const LATER: [Kind; 4] = [Kind::DueToday, Kind::Overdue, Kind::Commentary, Kind::AnythingSince];

/// Whether messages of the kind ask for a return that has not come.
pub(super) fn is_chase(kind: Kind) -> bool {
    match kind {
        Kind::Notice
        | Kind::Nudge
        | Kind::DueToday
        | Kind::Overdue
        | Kind::Commentary
        | Kind::AnythingSince
        | Kind::Preview
        | Kind::Escalation => true,
        Kind::Members
        | Kind::Arranged
        | Kind::Contact
        | Kind::AnswerCommentary
        | Kind::AnswerDocument
        | Kind::Document
        | Kind::AnswerAccepted
        | Kind::AnswerAcceptedWithQueries
        | Kind::AnswerNotAccepted
        | Kind::AnswerHeld
        | Kind::AnswerDuplicate
        | Kind::AnswerRestated
        | Kind::AnswerNil
        | Kind::Restated
        | Kind::Narrative
        | Kind::IncidentSender
        | Kind::IncidentManager
        | Kind::PostHeld
        | Kind::PostPassedOn
        | Kind::PostNotTaken
        | Kind::Pack
        | Kind::Watch
        | Kind::Digest
        | Kind::Test
        | Kind::AgencyReport
        | Kind::Alarm
        | Kind::Together
        | Kind::Draft
        | Kind::SignOff
        | Kind::SentBack => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ObligationKey;

    const WRITTEN: &str = "2025-07-14T09:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn opened() -> Obligation {
        let key: ObligationKey = "missing-children/police/2025-26-Q1".parse().unwrap();
        Obligation::opened(&key, at("2025-06-30T23:00:00Z"), at("2025-07-14T16:00:00Z"), "")
    }

    fn judge(kind: Kind, state: State, decided_at: Option<&str>, overtaken: bool, now: &str) -> Option<&'static str> {
        judge_of(kind, &Obligation { state, decided_at: decided_at.map(at), ..opened() }, overtaken, now)
    }

    fn judge_of(kind: Kind, obligation: &Obligation, overtaken: bool, now: &str) -> Option<&'static str> {
        let null = serde_json::Value::Null;
        let row = OutboxRow::new("k".into(), kind.as_str(), "sam@police.example", null, at(WRITTEN));
        let row = OutboxRow { obligation: Some(obligation.key.to_string()), ..row };
        unwanted(kind, &row, Some(obligation), overtaken, at(now))
    }

    #[test]
    fn a_later_question_says_more_than_an_earlier_one() {
        let now = "2025-07-14T09:30:00Z";
        for kind in LATER {
            assert_eq!(judge(kind, State::Open, None, true, now), Some("a later message says more"), "{kind:?}");
        }
        assert!([Kind::Commentary, Kind::AnythingSince].iter().all(|kind| Kind::TO_LEAD.contains(kind)));
    }

    #[test]
    fn a_chase_stops_when_anything_arrived_and_an_answer_never_does() {
        for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Members) {
            for state in [State::Received, State::Held, State::Accepted, State::Nil, State::Waived] {
                assert_eq!(judge(*kind, state, None, false, WRITTEN).is_some(), is_chase(*kind), "{kind:?} {state:?}");
            }
            assert_eq!(judge(*kind, State::Open, None, false, "2025-07-13T09:00:00Z"), None);
        }
    }

    #[test]
    fn missing_members_are_asked_for_as_long_as_the_file_stands_that_lacks_them() {
        let before = Some("2025-07-14T08:00:00Z");
        assert_eq!(judge(Kind::Members, State::Accepted, before, false, WRITTEN), None);
        assert!(judge(Kind::Members, State::Accepted, Some("2025-07-14T09:00:01Z"), false, WRITTEN).is_some());
        assert!(judge(Kind::Members, State::Nil, before, false, WRITTEN).is_some());
    }

    #[test]
    fn a_held_escalation_that_waits_does_not_leave_and_the_lead_goes_on_being_reminded() {
        let held = Obligation { escalation_held: Some("the Chief Constable has answered".into()), ..opened() };
        assert_eq!(judge_of(Kind::Escalation, &held, false, WRITTEN), Some("the manager holds the escalation"));
        assert_eq!(judge_of(Kind::Overdue, &held, false, WRITTEN), None);
    }

    #[test]
    fn a_chase_written_before_a_file_was_answered_says_what_is_no_longer_true() {
        assert!(judge(Kind::Overdue, State::ToCorrect, Some("2025-07-14T09:00:01Z"), false, WRITTEN).is_some());
        assert_eq!(judge(Kind::Overdue, State::ToCorrect, Some("2025-07-14T08:00:00Z"), false, WRITTEN), None);
    }

    #[test]
    fn due_today_is_not_said_tomorrow_and_a_reminder_not_beside_a_later_one() {
        assert!(judge(Kind::DueToday, State::Open, None, false, "2025-07-15T07:00:00Z").is_some());
        assert_eq!(judge(Kind::DueToday, State::Open, None, false, "2025-07-14T22:59:00Z"), None);
        assert!(judge(Kind::Nudge, State::Open, None, true, "2025-07-13T09:00:00Z").is_some());
        let on_the_day = judge(Kind::Nudge, State::Open, None, false, "2025-07-14T01:00:00Z");
        assert!(on_the_day.is_some(), "due today is said at ten");
        assert_eq!(judge(Kind::Nudge, State::Open, None, false, "2025-07-13T22:59:00Z"), None);
        let once = judge(Kind::Overdue, State::Open, None, true, "2025-07-16T09:00:00Z");
        assert!(once.is_some(), "what is late is said once");
        assert_eq!(judge(Kind::Notice, State::Open, None, true, WRITTEN), None, "it says what is asked for and why");
    }
}

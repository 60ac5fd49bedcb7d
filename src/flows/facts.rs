//! What the ledger knows, as tables for SQL: `ledger.obligations`, `ledger.submissions`, `ledger.messages`,
//! `ledger.queries`, `ledger.coverage`, `ledger.commentary`, `ledger.sign_offs`, `ledger.dispositions`,
//! `ledger.decisions`, `ledger.punctuality`, `ledger.events`.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray},
    error::ArrowError,
};
use jiff::{Timestamp, civil};

use super::{board::Board, punctuality};
use crate::{
    domain::{Period, Standing, civil_day},
    ledger::{Event, EventHead, MessageHead, Obligation, ObligationKey, OutboxState, RecordedEvent, State, Submission},
    timetable::{Role, RungKind},
};

mod said;

pub use said::{commentary, coverage, decisions, dispositions, queries, sign_offs};

/// One fact table: its name without the schema, and its rows.
pub type FactTable = (&'static str, RecordBatch);

/// So many civil days before its day something is due soon: the nudge goes then.
const SOON: i32 = 7;

/// How an obligation stands on a day.
pub fn standing(obligation: &Obligation, now: Timestamp) -> Standing {
    let late = arrived(obligation, now) > obligation.due_at;
    match obligation.state {
        State::Open if late => Standing::Overdue,
        State::Open if obligation.opened_at > now => Standing::NotYetOpen,
        State::Open => match (civil_day(obligation.due_at) - civil_day(now)).get_days() {
            0 => Standing::DueToday,
            ..=SOON => Standing::DueSoon,
            _ => Standing::Open,
        },
        State::Received => Standing::Received,
        State::ToCorrect => Standing::ToCorrect,
        State::Held => Standing::Held,
        State::Accepted if late => Standing::AcceptedLate,
        State::Accepted => Standing::Accepted,
        State::Nil => Standing::Nil,
        State::Waived => Standing::Waived,
    }
}

/// When it arrived or, while it is awaited, now: a file that came before it was asked for again is none.
fn arrived(obligation: &Obligation, now: Timestamp) -> Timestamp {
    obligation.received_at.filter(|_| obligation.state != State::Open).unwrap_or(now)
}

/// Civil days by which a return is or was late; zero when it is not.
pub fn days_late(obligation: &Obligation, now: Timestamp) -> i32 {
    if obligation.state == State::Waived {
        return 0;
    }
    let arrived = civil_day(arrived(obligation, now));
    let due = civil_day(obligation.due_at);
    (arrived - due).get_days().max(0)
}

/// Every obligation that somebody owes, as `ledger.obligations`.
pub fn obligations(
    board: &Board,
    all: &[Obligation],
    heads: &[EventHead],
    now: Timestamp,
) -> Result<FactTable, ArrowError> {
    let last: BTreeMap<&str, &EventHead> = heads.iter().map(|head| (head.subject.as_str(), head)).collect();
    let changed = |o: &Obligation| last.get(o.key.to_string().as_str()).copied();
    let all: Vec<&Obligation> = all.iter().filter(|o| o.duty).collect();
    let text = |value: &dyn Fn(&Obligation) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(|o| value(o))))
    };
    let numbers = |value: &dyn Fn(&Obligation) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(all.iter().map(|o| value(o))))
    };
    let flags = |value: &dyn Fn(&Obligation) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from_iter(all.iter().map(|o| Some(value(o)))))
    };
    let texts = |value: &dyn Fn(&Obligation) -> Option<String>| -> ArrayRef {
        Arc::new(StringArray::from_iter(all.iter().map(|o| value(o))))
    };
    let days = |value: &dyn Fn(&Obligation) -> Option<civil::Date>| -> ArrayRef {
        Arc::new(Date32Array::from_iter(all.iter().map(|o| value(o).map(days_since_1970))))
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("return_id", text(&|o| o.key.return_id.to_string()), false),
        ("duty", text(&|o| duty(board, o).to_owned()), false),
        ("title", text(&|o| board.return_title(&o.key.return_id)), false),
        ("agency", text(&|o| o.key.agency.to_string()), false),
        ("agency_name", text(&|o| board.agency_name(&o.key.agency)), false),
        ("period", text(&|o| o.key.period.to_string()), false),
        ("due_at", text(&|o| o.due_at.to_string()), false),
        ("due_day", days(&|o| Some(civil_day(o.due_at))), true),
        ("received_day", days(&|o| o.received_at.map(civil_day)), true),
        ("state", text(&|o| standing(o, now).as_str().to_owned()), false),
        ("days_late", numbers(&|o| days_late(o, now)), false),
        ("restated", flags(&|o| o.restatements > 0), false),
        ("corrected", flags(&|o| o.corrected), false),
        ("reminders", numbers(&|o| i32::try_from(reminders(board, o)).unwrap_or(i32::MAX)), false),
        ("arranged", text(&arranged), false),
        ("note", text(&|o| note(board, o)), false),
        ("escalation_held", text(&|o| o.escalation_held.clone().unwrap_or_default()), false),
        ("rule", text(&|o| o.rule.clone()), false),
        ("received_at", texts(&|o| o.received_at.map(|at| at.to_string())), true),
        ("decided_at", texts(&|o| o.decided_at.map(|at| at.to_string())), true),
        ("restatements", numbers(&|o| i32::try_from(o.restatements).unwrap_or(i32::MAX)), false),
        ("changed_at", texts(&|o| changed(o).map(|head| head.at.to_string())), true),
        ("changed_by", texts(&|o| changed(o).map(|head| by(&head.actor).to_owned())), true),
        ("phase", text(&|o| o.phase.as_str().to_owned()), false),
        ("provisional", flags(&|o| o.phase.is_provisional() && o.effective.is_some()), false),
    ])?;
    Ok(("obligations", batch))
}

/// What kind of thing is owed.
fn duty(board: &Board, obligation: &Obligation) -> &'static str {
    match board.commentary(&obligation.key) {
        Some(_) => "commentary",
        None if board.is_question(&obligation.key) => "question",
        None => "return",
    }
}

/// What a person arranged about its day; the reason stands in the ledger.
fn arranged(obligation: &Obligation) -> String {
    let day = civil_day(obligation.due_at).strftime("%-d %B %Y");
    match obligation.extended_to {
        _ if obligation.state == State::Waived => String::new(),
        Some(to) if to == obligation.due_at => format!("more time was given, until {day}"),
        _ if obligation.moved_to == Some(obligation.due_at) => format!("moved with the timetable, to {day}"),
        _ if obligation.rounds > 0 => format!("asked for again, by {day}"),
        _ => String::new(),
    }
}

/// Who acted; an address stays in the ledger.
fn by(actor: &str) -> &str {
    if actor.contains('@') { "sender" } else { actor }
}

/// The reason given for a nil return, which is there to be printed, or that the definitions no longer ask for it. Why a
/// file was held or not accepted is between its sender and the business unit.
fn note(board: &Board, obligation: &Obligation) -> String {
    if !obligation.state.is_settled() && !board.is_owed(&obligation.key) {
        return "no longer asked for".to_owned();
    }
    obligation.reason.clone().filter(|_| obligation.state == State::Nil).unwrap_or_default()
}

/// Messages beyond the notice that an obligation needed.
fn reminders(board: &Board, obligation: &Obligation) -> usize {
    let ladder = board.ladder(&obligation.key);
    let is_one = |rung: &str| ladder.kind_of(rung) != Some(RungKind::Notice) && !rung.starts_with("held-");
    obligation.told.iter().filter(|(rung, _)| is_one(rung)).count()
}

/// Every submission, as `ledger.submissions`.
pub fn submissions(all: &[Submission], decisions: &[RecordedEvent]) -> Result<FactTable, ArrowError> {
    let decided: BTreeMap<i64, (Timestamp, bool)> = decisions
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Decided { submission, readable, .. } => Some((*submission, (recorded.at, *readable))),
            Event::NilReturned { submission, .. } => Some((*submission, (recorded.at, true))),
            _ => None,
        })
        .collect();
    let text = |value: &dyn Fn(&Submission) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(value)))
    };
    let numbers = |value: &dyn Fn(&Submission) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(all.iter().map(value)))
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("submission", numbers(&|s| s.id), false),
        ("return_id", text(&|s| s.obligation.return_id.to_string()), false),
        ("agency", text(&|s| s.obligation.agency.to_string()), false),
        ("period", text(&|s| s.obligation.period.to_string()), false),
        ("received_at", text(&|s| s.received_at.to_string()), false),
        (
            "received_day",
            Arc::new(Date32Array::from_iter_values(all.iter().map(|s| days_since_1970(civil_day(s.received_at)))))
                as ArrayRef,
            false,
        ),
        ("name", text(&|s| s.name.clone()), false),
        ("sha256", text(&|s| s.sha256.clone()), false),
        (
            "verdict",
            Arc::new(StringArray::from_iter(all.iter().map(|s| s.verdict.map(|v| v.as_str())))) as ArrayRef,
            true,
        ),
        ("reason", Arc::new(StringArray::from_iter(all.iter().map(|s| s.reason.clone()))) as ArrayRef, true),
        ("rows_in", numbers(&|s| s.rows_in), false),
        ("rows_accepted", numbers(&|s| s.rows_accepted), false),
        ("rows_refused", numbers(&|s| s.rows_refused), false),
        (
            "decided_at",
            Arc::new(StringArray::from_iter(all.iter().map(|s| decided.get(&s.id).map(|(at, _)| at.to_string()))))
                as ArrayRef,
            true,
        ),
        (
            "readable",
            Arc::new(BooleanArray::from_iter(all.iter().map(|s| decided.get(&s.id).map(|(_, readable)| *readable))))
                as ArrayRef,
            true,
        ),
    ])?;
    Ok(("submissions", batch))
}

/// Every message, as `ledger.messages`; addresses and texts stay in the ledger.
pub fn messages(board: &Board, all: &[MessageHead]) -> Result<FactTable, ArrowError> {
    let text = |value: &dyn Fn(&MessageHead) -> Option<String>| -> ArrayRef {
        Arc::new(StringArray::from_iter(all.iter().map(value)))
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("kind", text(&|m| Some(m.kind.clone())), false),
        ("obligation", text(&|m| m.obligation.clone()), true),
        ("enqueued_at", text(&|m| Some(m.enqueued_at.to_string())), false),
        ("state", text(&|m| Some(m.state.as_str().to_owned())), false),
        ("settled_at", text(&|m| m.settled_at.map(|at| at.to_string())), true),
        (
            "evidence",
            Arc::new(BooleanArray::from_iter(all.iter().map(|m| Some(m.state == OutboxState::Sent)))) as ArrayRef,
            false,
        ),
        ("message_id", text(&|m| message_id(board, m)), true),
        ("role", text(&|m| Some(role(board, m).to_owned())), false),
        ("answer", text(&|m| m.says.as_deref().filter(|_| m.settled_at.is_some()).and_then(answer)), true),
    ])?;
    Ok(("messages", batch))
}

/// The Message-ID a message left under; a ledger of an earlier version did not record it, and it is made the same way.
fn message_id(board: &Board, message: &MessageHead) -> Option<String> {
    let left = matches!(message.state, OutboxState::Sent | OutboxState::Written | OutboxState::Refused);
    message.message_id.clone().or_else(|| left.then(|| board.mail.message_id(&message.key)))
}

/// What a message's recipient is to the agency it is about, as the definitions stand.
fn role(board: &Board, message: &MessageHead) -> &'static str {
    let about = message.obligation.as_ref().and_then(|key| key.parse::<ObligationKey>().ok());
    match about.and_then(|key| board.role_of(&key.agency, &message.recipient, civil_day(message.enqueued_at))) {
        Some(Role::Lead) => "lead",
        Some(Role::Deputy) => "deputy",
        Some(Role::BoardMember) => "board-member",
        Some(Role::Manager) => "manager",
        Some(Role::Chair) => "chair",
        Some(Role::Named(_)) => "role",
        None if board.manager.email.eq_ignore_ascii_case(&message.recipient) => "manager",
        None => "other",
    }
}

/// The class of a relay's answer: `2xx` of "250 kept", `5xx` of "RCPT: 550 no such user".
fn answer(says: &str) -> Option<String> {
    let code = says.split_whitespace().find(|word| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("{}xx", &code[..1]))
}

/// How punctual each agency was with each return and period, as `ledger.punctuality`.
pub fn punctuality(
    board: &Board,
    all: &[Obligation],
    decisions: &[RecordedEvent],
    now: Timestamp,
) -> Result<FactTable, ArrowError> {
    let events = punctuality::by_obligation(decisions);
    let rules = (&board.timetable.ladder, &*board.timetable.calendar());
    let all: Vec<_> = all
        .iter()
        .filter(|o| punctuality::counts(board, o))
        .map(|o| {
            let events = events.get(o.key.to_string().as_str()).map_or(&[][..], Vec::as_slice);
            (o, punctuality::of(o, events, rules, now))
        })
        .collect();
    let text = |value: &dyn Fn(&Obligation) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(|(o, _)| value(o))))
    };
    let days = |value: &dyn Fn(&Obligation) -> Option<civil::Date>| -> ArrayRef {
        Arc::new(Date32Array::from_iter(all.iter().map(|(o, _)| value(o).map(days_since_1970))))
    };
    let numbers = |value: &dyn Fn(&punctuality::Punctuality) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(all.iter().map(|(_, p)| value(p))))
    };
    let flags = |value: &dyn Fn(&punctuality::Punctuality) -> Option<bool>| -> ArrayRef {
        Arc::new(BooleanArray::from_iter(all.iter().map(|(_, p)| value(p))))
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("return_id", text(&|o| o.key.return_id.to_string()), false),
        ("title", text(&|o| board.return_title(&o.key.return_id)), false),
        ("agency", text(&|o| o.key.agency.to_string()), false),
        ("agency_name", text(&|o| board.agency_name(&o.key.agency)), false),
        ("period", text(&|o| o.key.period.to_string()), false),
        ("quarter", text(&|o| Period::quarter_of(o.key.period.end()).to_string()), false),
        ("due_day", days(&|o| Some(civil_day(o.due_at))), false),
        ("received_day", days(&|o| o.received_at.map(civil_day)), true),
        ("on_time", flags(&|p| p.on_time), true),
        ("days_late", numbers(&|p| p.days_late), false),
        ("accepted_first_time", flags(&|p| p.accepted_first_time), true),
        ("corrections", numbers(&|p| p.corrections), false),
        ("corrected_in_time", flags(&|p| p.corrected_in_time), true),
        ("restatements", numbers(&|p| p.restatements), false),
        ("held", flags(&|p| Some(p.held)), false),
    ])?;
    Ok(("punctuality", batch))
}

/// Every event without what it says, as `ledger.events`. An address that a subject or an actor holds stays out.
pub fn events(all: &[EventHead]) -> Result<FactTable, ArrowError> {
    let text = |value: &dyn Fn(&EventHead) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(value)))
    };
    let subject = |head: &EventHead| match head.subject.parse::<ObligationKey>() {
        Ok(key) => key.to_string(),
        Err(_) => head.subject.split('/').next().unwrap_or_default().to_owned(),
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("seq", Arc::new(Int64Array::from_iter_values(all.iter().map(|head| head.seq))) as ArrayRef, false),
        ("at", text(&|head| head.at.to_string()), false),
        ("kind", text(&|head| head.kind.clone()), false),
        ("subject", text(&subject), false),
        ("actor", text(&|head| by(&head.actor).to_owned()), false),
    ])?;
    Ok(("events", batch))
}

/// Days since 1970-01-01, as Arrow's `Date32` counts them.
pub fn days_since_1970(day: civil::Date) -> i32 {
    (day - civil::date(1970, 1, 1)).get_days()
}

/// The fact tables' schemas, for planning SQL when there is no ledger yet.
pub fn empty(board: &Board) -> Result<BTreeMap<String, RecordBatch>, ArrowError> {
    let now = Timestamp::UNIX_EPOCH;
    let tables = [
        obligations(board, &[], &[], now)?,
        submissions(&[], &[])?,
        messages(board, &[])?,
        queries(board, &[])?,
        coverage(board, &[])?,
        punctuality(board, &[], &[], now)?,
        events(&[])?,
        commentary(board, &[])?,
        sign_offs(&[])?,
        dispositions(&[])?,
        decisions(board, &[])?,
    ];
    Ok(tables.into_iter().map(|(name, batch)| (format!("ledger.{name}"), batch)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relays_answer_has_a_class_and_a_folders_has_none() {
        assert_eq!(answer("250 2.0.0 kept").as_deref(), Some("2xx"));
        assert_eq!(answer("RCPT: 550 5.1.1 no such user").as_deref(), Some("5xx"));
        assert_eq!(answer("written to data/mail/0001.eml, not sent"), None);
    }

    #[test]
    fn an_address_that_acted_is_told_as_the_sender() {
        assert_eq!((by("sam@police.example"), by("daemon"), by("manager")), ("sender", "daemon", "manager"));
    }
}

//! What a rehearsal's ledger says was sent, to whom and why.

use std::collections::BTreeMap;

use super::{
    super::{App, Board},
    Message, Rehearsed,
};
use crate::{
    domain::words::several,
    ledger::{Event, Obligation, ObligationKey, RecordedEvent, State},
    mail::{Kind, Person},
    timetable::{Ladder, Rung, RungKind},
};

/// What the ledger says was sent, with its reasons.
pub(super) async fn tell(app: &App, rehearsed: &mut Rehearsed) -> anyhow::Result<()> {
    let (events, rows) = app.ledger.read(|txn| Ok((txn.all_events()?, txn.messages()?))).await?;
    let mut of_subject: BTreeMap<String, Vec<RecordedEvent>> = BTreeMap::new();
    let mut reasons: BTreeMap<String, String> = BTreeMap::new();
    let ladder = &app.board.timetable.ladder;
    for recorded in events {
        let before = of_subject.entry(recorded.subject.clone()).or_default();
        match &recorded.event {
            Event::Told { rung, keys, .. } => {
                let obligation = Obligation::fold(before);
                let ladder = obligation.as_ref().map_or(ladder, |obligation| app.board.ladder(&obligation.key));
                let why = because(ladder, rung, obligation.as_ref());
                reasons.extend(keys.iter().map(|key| (key.clone(), why.clone())));
            }
            Event::Failed { what, why } => rehearsed.failed.push(format!("{what}: {why}")),
            _ => {}
        }
        before.push(recorded);
    }
    for row in rows {
        let about: Option<ObligationKey> = row.obligation.as_deref().and_then(|key| key.parse().ok());
        let name = row.message["to"]["name"].as_str().unwrap_or_default().to_owned();
        let role = role(&app.board, &row.recipient);
        rehearsed.messages.push(Message {
            at: row.settled_at.unwrap_or(row.enqueued_at),
            why: reasons.remove(&row.key).unwrap_or_else(|| by_kind(&row.kind).to_owned()),
            kind: row.kind,
            about,
            to: (name, role, row.recipient),
            subject: row.message["subject"].as_str().unwrap_or_default().to_owned(),
            outcome: row.state,
        });
    }
    rehearsed.messages.sort_by_key(|message| message.at);
    Ok(())
}

/// Why a rung is told, in the words of its rule.
fn because(ladder: &Ladder, name: &str, obligation: Option<&Obligation>) -> String {
    let Some(rung) = ladder.rungs.iter().find(|rung| rung.name == name) else {
        return "members of the group are not in the file that stands".to_owned();
    };
    let corrected = obligation.is_some_and(|obligation| obligation.state == State::ToCorrect);
    let missing = if corrected { "no corrected file has come" } else { "nothing has arrived" };
    match rung.kind {
        RungKind::Notice => "the period has ended".to_owned(),
        RungKind::Preview => format!("the manager sees what will go above the lead; {missing}"),
        RungKind::Escalation => format!("{}; the lead was told, and {missing}", counted(rung, corrected)),
        _ => format!("{}; {missing}", counted(rung, corrected)),
    }
}

/// Where a rung lies, in words.
fn counted(rung: &Rung, corrected: bool) -> String {
    let what = if corrected { "the corrected file" } else { "it" };
    let days = several(rung.working_days.unsigned_abs() as usize, "working day", "working days");
    match rung.working_days {
        0 => format!("{what} is due today"),
        ..0 => format!("{days} before {what} is due"),
        1.. => format!("{days} after {what} was due"),
    }
}

fn by_kind(kind: &str) -> &'static str {
    match kind.parse::<Kind>() {
        Ok(Kind::Alarm) => "it needs a person",
        Ok(Kind::Draft) => "the draft is there, and is to be signed off",
        Ok(Kind::SignOff) => "nobody has signed it off yet",
        Ok(Kind::Pack) => "the pack goes out",
        Ok(Kind::Watch) => "something is wrong that was not before, or is over",
        Ok(Kind::Digest) => "a week is over, and it is told even when all is well",
        Ok(Kind::AgencyReport) => "a quarter is over, and the agency hears how punctual it was",
        _ if kind.starts_with("answer") => "it answers what has come",
        _ => "",
    }
}

/// What a person is to the board.
fn role(board: &Board, email: &str) -> String {
    let is = |person: Option<&Person>| person.is_some_and(|person| person.email == email);
    let of_the_board =
        [(Some(&board.manager), "manager"), (board.chair.as_ref(), "chair"), (board.analyst.as_ref(), "analyst")];
    if let Some((_, word)) = of_the_board.into_iter().find(|(person, _)| is(*person)) {
        return word.to_owned();
    }
    for agency in board.agencies.values() {
        let roles = [
            (Some(&agency.lead), "lead of"),
            (agency.deputy.as_ref(), "deputy at"),
            (agency.board_member.as_ref(), "board member for"),
        ];
        if let Some((_, word)) = roles.into_iter().find(|(person, _)| is(*person)) {
            return format!("{word} {}", agency.name);
        }
    }
    let named = board.roles.values().find(|role| is(Some(&role.person)));
    named.map(|role| role.title.clone()).unwrap_or_default()
}

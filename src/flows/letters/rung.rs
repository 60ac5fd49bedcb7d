//! The messages of the chase.

use jiff::{Timestamp, civil::Date};

use super::{super::App, contract, due, lower_first, manager, post, recipients};
use crate::{
    check::Contract,
    domain::civil_day,
    ledger::{Event, Obligation, OutboxRow, OutboxState, State},
    mail::{Agreement, Due, Escalation, Letter, Next, Told, Ways},
    source::{Source, fill},
    timetable::{Role, Rung, RungKind, instant_on},
};

/// The messages of one rung, one per recipient.
pub(in super::super) async fn rung(
    app: &App,
    obligation: &Obligation,
    rung: &Rung,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let contract = contract(app, obligation)?;
    let due = due(app, obligation, contract);
    let letter = match rung.kind {
        RungKind::Notice => Letter::Notice {
            due,
            ways: ways(app, obligation, contract),
            workbook: false,
            last: None,
            agreement: Some(Agreement {
                name: with_article(&contract.governance.agreement),
                review: contract.governance.agreement_review,
                purpose: lower_first(&contract.governance.purpose),
            }),
        },
        RungKind::Nudge => Letter::Nudge { due, ways: ways(app, obligation, contract) },
        // After an outage the day may be over; then it is told as what it is.
        RungKind::DueToday if civil_day(now) <= civil_day(obligation.due_at) => {
            Letter::DueToday { due, ways: ways(app, obligation, contract) }
        }
        RungKind::DueToday | RungKind::Overdue => {
            Letter::Overdue { due, corrected_by: correction_day(app, obligation)?, next: next(app, obligation)? }
        }
        RungKind::Preview => Letter::Preview {
            goes_at: instant_on(
                app.board.timetable.calendar.add_working_days(civil_day(now), 1)?,
                app.board.timetable.ladder.at,
            ),
            who: format!("the Board member of {}", app.board.agency_name(&obligation.key.agency)),
            hold: format!("tell {} why", with_article(&app.board.contact.name)),
            escalation: escalation(app, obligation, due).await?,
        },
        RungKind::Escalation => Letter::Escalation(escalation(app, obligation, due).await?),
    };
    let mut people = recipients(app, obligation, &rung.to);
    if people.is_empty() {
        people.push(manager(app));
    }
    let key = format!("chase/{}/{}", obligation.key, rung.name);
    post(app, &key, Some(obligation), people, &letter, now)
}

/// "the" before a name that does not bring it along.
fn with_article(name: &str) -> String {
    match name.split_once(' ') {
        Some((article, rest)) if article.eq_ignore_ascii_case("the") => format!("the {rest}"),
        _ => format!("the {name}"),
    }
}

fn ways(app: &App, obligation: &Obligation, contract: &Contract) -> Ways {
    let place = match &contract.source {
        Source::Folder { path, .. } => {
            Some(format!("the shared folder {}", fill(path, "agency", obligation.key.agency.as_str())))
        }
        _ => None,
    };
    Ways {
        reply: matches!(contract.source, Source::ByHand),
        place,
        upload: app.board.public_url.as_ref().map(|_| "/".into()),
    }
}

/// The last day for a corrected file, where one was not accepted.
fn correction_day(app: &App, obligation: &Obligation) -> anyhow::Result<Option<Date>> {
    let timetable = &app.board.timetable;
    Ok(match (obligation.state, obligation.decided_at) {
        (State::ToCorrect, Some(decided)) => {
            let day = timetable.calendar.add_working_days(civil_day(decided), timetable.ladder.correction)?;
            Some(day.max(civil_day(obligation.due_at)))
        }
        _ => None,
    })
}

/// What comes after "overdue": the escalation, if the agency has somebody to escalate to.
fn next(app: &App, obligation: &Obligation) -> anyhow::Result<Option<Next>> {
    let timetable = &app.board.timetable;
    let rung = timetable.ladder.rungs.iter().find(|rung| rung.kind == RungKind::Escalation);
    let Some(rung) = rung.filter(|_| app.board.person(&obligation.key.agency, Role::BoardMember).is_some()) else {
        return Ok(None);
    };
    let from = correction_day(app, obligation)?.unwrap_or(civil_day(obligation.due_at));
    let on = timetable.calendar.add_working_days(from, rung.working_days)?;
    Ok(Some(Next { on, who: "the Board member for your agency".into() }))
}

async fn escalation(app: &App, obligation: &Obligation, due: Due) -> anyhow::Result<Escalation> {
    let subject = obligation.key.to_string();
    let events = app.ledger.read(move |txn| txn.events_of(&subject)).await?;
    let mut told = Vec::new();
    for recorded in &events {
        let Event::Told { rung, keys } = &recorded.event else { continue };
        let Some(rung) = app.board.timetable.ladder.rungs.iter().find(|r| r.name == *rung) else { continue };
        if !rung.to.iter().any(|role| matches!(role, Role::Lead | Role::Deputy)) {
            continue;
        }
        let settled = events.iter().find_map(|later| match &later.event {
            Event::MessageSettled { key, outcome, .. }
                if keys.contains(key) && outcome == OutboxState::Sent.as_str() =>
            {
                Some(later.at)
            }
            _ => None,
        });
        let what = match rung.kind {
            RungKind::Notice => "notice",
            RungKind::Nudge => "reminder",
            RungKind::DueToday => "due",
            _ => "overdue",
        };
        told.push(Told { what: what.into(), on: settled.unwrap_or(recorded.at), accepted: settled.is_some() });
    }
    let lead = app.board.person(&obligation.key.agency, Role::Lead).map(|lead| lead.name.clone()).unwrap_or_default();
    Ok(Escalation { due, lead, told, silent: obligation.received_at.is_none() })
}

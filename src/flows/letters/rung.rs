//! The messages of the chase.

use anyhow::Context;
use jiff::{Timestamp, civil::Date};

use super::{
    super::{
        App,
        evidence::{self, LeadTold},
    },
    contract, due, manager, post, recipients,
};
use crate::{
    check::Contract,
    domain::{civil_day, words::lower_first},
    ledger::{Obligation, OutboxRow},
    mail::{Agreement, Due, Escalation, Letter, Next, Told, Ways},
    source::{Source, fill},
    timetable::{self, Role, Rung, RungKind, Timetable},
};

/// The messages of one rung, one per recipient.
pub(in super::super) fn rung(
    app: &App,
    obligation: &Obligation,
    rung: &Rung,
    told: &[LeadTold],
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let contract = contract(app, obligation)?;
    let due = due(app, obligation, contract);
    let letter = match rung.kind {
        RungKind::Notice => Letter::Notice {
            due,
            ways: ways(obligation, contract),
            agreement: Some(Agreement {
                name: with_article(&contract.governance.agreement),
                review: contract.governance.agreement_review,
                purpose: lower_first(&contract.governance.purpose),
            }),
        },
        RungKind::Nudge => Letter::Nudge { due, ways: ways(obligation, contract) },
        // After an outage the day may be over; then it is told as what it is.
        RungKind::DueToday if civil_day(now) <= civil_day(obligation.due_at) => {
            Letter::DueToday { due, ways: ways(obligation, contract) }
        }
        RungKind::DueToday | RungKind::Overdue => Letter::Overdue {
            due,
            corrected_by: corrected_by(app, obligation)?,
            next: next(app, obligation, told, now)?,
        },
        RungKind::Preview => Letter::Preview {
            goes_at: escalates_at(app, obligation, told, now)?
                .context("the ladder has no escalation after its preview")?,
            who: format!("the Board member of {}", app.board.agency_name(&obligation.key.agency)),
            hold: format!("quarterday hold {} --reason \"…\"", obligation.key),
            escalation: escalation(app, obligation, due, told)?,
        },
        RungKind::Escalation => Letter::Escalation(escalation(app, obligation, due, told)?),
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

fn ways(obligation: &Obligation, contract: &Contract) -> Ways {
    let place = match &contract.source {
        Source::Folder { path, .. } => {
            Some(format!("the shared folder {}", fill(path, "agency", obligation.key.agency.as_str())))
        }
        _ => None,
    };
    Ways {
        reply: matches!(contract.source, Source::ByHand),
        place,
        // There is no page to upload at yet.
        upload: None,
    }
}

/// The last day for a corrected file, where one was not accepted.
fn corrected_by(app: &App, obligation: &Obligation) -> anyhow::Result<Option<Date>> {
    let timetable = &app.board.timetable;
    Ok(timetable.ladder.correction_awaited(obligation, &timetable.calendar)?)
}

/// When the escalation would go, if nothing arrives.
fn escalates_at(
    app: &App,
    obligation: &Obligation,
    told: &[LeadTold],
    now: Timestamp,
) -> anyhow::Result<Option<Timestamp>> {
    let Timetable { ladder, calendar, .. } = &app.board.timetable;
    Ok(timetable::escalates_at(obligation, ladder, calendar, now, evidence::accepted_at(told))?)
}

/// What comes after "overdue": the escalation, if the agency has somebody to escalate to.
fn next(app: &App, obligation: &Obligation, told: &[LeadTold], now: Timestamp) -> anyhow::Result<Option<Next>> {
    if app.board.person(&obligation.key.agency, Role::BoardMember).is_none() {
        return Ok(None);
    }
    let at = escalates_at(app, obligation, told, now)?;
    Ok(at.map(|at| Next { on: civil_day(at), who: "the Board member for your agency".into() }))
}

fn escalation(app: &App, obligation: &Obligation, due: Due, told: &[LeadTold]) -> anyhow::Result<Escalation> {
    let lead = app.board.person(&obligation.key.agency, Role::Lead).map(|lead| lead.name.clone()).unwrap_or_default();
    let told = told.iter().map(|told| Told {
        what: match told.kind {
            RungKind::Notice => "notice",
            RungKind::Nudge => "reminder",
            RungKind::DueToday => "due",
            RungKind::Overdue | RungKind::Preview | RungKind::Escalation => "overdue",
        }
        .into(),
        on: told.accepted_at.unwrap_or(told.at),
        accepted: told.accepted_at.is_some(),
    });
    Ok(Escalation {
        due,
        corrected_by: corrected_by(app, obligation)?,
        lead,
        told: told.collect(),
        silent: obligation.received_at.is_none(),
    })
}

//! The messages of the chase.

use anyhow::Context;
use jiff::{Timestamp, civil::Date};

use super::{
    super::{
        App,
        evidence::{self, LeadTold},
        forms,
    },
    contract, due, manager, post_with, recipients,
};
use crate::{
    check::Contract,
    domain::{civil_day, words::lower_first},
    form::{CSV, WORKBOOK},
    ledger::{CoverageRow, Obligation, OutboxRow},
    mail::{Agreement, Attachment, Content, Due, Escalation, Letter, Next, Told, Ways},
    source::{Folder, Source, fill},
    timetable::{self, Role, Rung, RungKind, Timetable},
};

/// So many missing members are named in a letter.
const NAMED: usize = 100;

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
    let form = match rung.kind {
        RungKind::Notice | RungKind::Nudge | RungKind::DueToday | RungKind::Overdue => {
            template(app, obligation, contract, now)
        }
        RungKind::Preview | RungKind::Escalation => None,
    };
    let brings = |media_type: &str| form.as_ref().is_some_and(|form| form.media_type == media_type);
    let (workbook, csv) = (brings(WORKBOOK), brings(CSV));
    let ways = || Ways { workbook, csv, ..ways(app, obligation, contract) };
    let letter = match rung.kind {
        RungKind::Notice => Letter::Notice {
            due,
            ways: ways(),
            agreement: Some(Agreement {
                name: with_article(&contract.governance.agreement),
                review: contract.governance.agreement_review,
                purpose: lower_first(&contract.governance.purpose),
            }),
        },
        RungKind::Nudge => Letter::Nudge { due, ways: ways() },
        // After an outage the day may be over; then it is told as what it is.
        RungKind::DueToday if civil_day(now) <= civil_day(obligation.due_at) => Letter::DueToday { due, ways: ways() },
        RungKind::DueToday | RungKind::Overdue => Letter::Overdue {
            due,
            corrected_by: corrected_by(app, obligation)?,
            next: next(app, obligation, told, now)?,
            workbook,
            csv,
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
    post_with(app, &key, Some(obligation), people, &letter, form.as_slice(), now)
}

/// Asks a group for the members that its file left out.
pub(in super::super) fn members(
    app: &App,
    obligation: &Obligation,
    rung: &Rung,
    coverage: &CoverageRow,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let contract = contract(app, obligation)?;
    let present = usize::try_from(coverage.present).unwrap_or(0);
    let named = coverage.missing.len().min(NAMED);
    let letter = Letter::Members {
        due: due(app, obligation, contract),
        members: present + coverage.missing.len(),
        present,
        missing: coverage.missing[..named].to_vec(),
        more: coverage.missing.len() - named,
        ways: ways(app, obligation, contract),
    };
    let mut people = recipients(app, obligation, &rung.to);
    if people.is_empty() {
        people.push(manager(app));
    }
    let key = format!("chase/{}/{}", obligation.key, rung.name);
    post_with(app, &key, Some(obligation), people, &letter, &[], now)
}

/// The template that goes with a notice or a reminder, where the return has one. A chase does not wait for it: one that
/// cannot be written is told by `validate`.
fn template(app: &App, obligation: &Obligation, contract: &Contract, now: Timestamp) -> Option<Attachment> {
    if matches!(contract.source, Source::Https { .. }) {
        return None;
    }
    let key = &obligation.key;
    let form = forms::form(&app.board, contract, Some(&key.agency), Some(key.period), now).ok()?;
    let otherwise = format!("Ask us for it: {}, {}.", app.board.contact.name, app.board.contact.phone);
    Some(Attachment {
        name: form.name,
        media_type: form.media_type.to_owned(),
        content: Content::Bytes(form.bytes),
        otherwise,
    })
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
        Source::Folder(Folder { path, .. }) => {
            Some(format!("the shared folder {}", fill(path, "agency", obligation.key.agency.as_str())))
        }
        Source::Store(store) => match store.folder_of(&obligation.key.agency).as_str() {
            "" => Some(format!("your folder on {}", store.host())),
            folder => Some(format!("the folder {folder} on {}", store.host())),
        },
        Source::Https(_) | Source::Mailbox { .. } | Source::ByHand => None,
    };
    Ways {
        reply: match contract.source {
            Source::ByHand | Source::Mailbox { .. } => true,
            Source::Folder(_) => app.board.mailbox.is_some(),
            _ => false,
        },
        place,
        workbook: false,
        csv: false,
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

//! The messages of the chase.

use anyhow::Context;
use jiff::{Timestamp, civil::Date};

use super::{
    super::{
        App,
        evidence::{self, LeadTold},
        forms,
    },
    contract, due, manager, post, post_with, recipients,
};
use crate::{
    check::Contract,
    domain::{civil_day, words::lower_first},
    form::{CSV, WORKBOOK},
    ledger::{CoverageRow, Obligation, ObligationKey, OutboxRow},
    mail::{Agreement, Attachment, Content, Due, Escalation, Letter, Next, Told, Ways},
    source::{Folder, Source, fill},
    timetable::{self, Role, Rung, RungKind},
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
    if let Some(indicator) = app.board.commentary(&obligation.key) {
        return commentary(app, obligation, rung, &indicator.title, now);
    }
    let contract = contract(app, obligation)?;
    let due = due(app, obligation);
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
            who: escalated_to(app, obligation).context("the ladder has no escalation after its preview")?,
            hold: format!("quarterday hold {} --reason \"…\"", obligation.key),
            escalation: escalation(app, obligation, due, told, now)?,
        },
        RungKind::Escalation => Letter::Escalation(escalation(app, obligation, due, told, now)?),
    };
    let mut people = recipients(app, &obligation.key.agency, &rung.to, now);
    if people.is_empty() {
        people.push(manager(app));
    }
    post_with(app, &rung_key(obligation, rung), Some(obligation), people, &letter, form.as_slice(), now)
}

/// Asks for words on a figure that stands out, or tells the manager that none came.
fn commentary(
    app: &App,
    obligation: &Obligation,
    rung: &Rung,
    figure: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let title = app.board.return_title(&obligation.key.return_id);
    let letter = Letter::Commentary {
        due: Due {
            name: title.clone(),
            title,
            agency: app.board.agency_name(&obligation.key.agency),
            period: obligation.key.period,
            due_at: obligation.due_at,
        },
        figure: figure.to_owned(),
        headline: obligation.about.clone().unwrap_or_default(),
        key: obligation.key.to_string(),
        reply: app.board.mailbox.is_some(),
        late: now >= obligation.due_at,
        manager: !rung.is_for_the_lead(),
    };
    let people = recipients(app, &obligation.key.agency, &rung.to, now);
    post(app, &rung_key(obligation, rung), Some(obligation), people, &letter, now)
}

/// Asks whether anything happened that nobody opened yet, or tells the manager that no answer came.
pub(in super::super) fn question(
    app: &App,
    obligation: &Obligation,
    rung: &Rung,
    known: Vec<Date>,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let ObligationKey { return_id, agency, period } = &obligation.key;
    let letter = Letter::AnythingSince {
        due: due(app, obligation),
        known,
        nil: format!("quarterday submit --return {return_id} --agency {agency} --period {period} --nil"),
        open: format!("quarterday open {return_id} {agency}"),
        reply: app.board.mailbox.is_some(),
        late: now >= obligation.due_at,
        manager: !rung.is_for_the_lead(),
    };
    let people = recipients(app, &obligation.key.agency, &rung.to, now);
    post(app, &rung_key(obligation, rung), Some(obligation), people, &letter, now)
}

/// Names the messages of one rung: each leaves once, and once again for the final figures, or where a person has moved the
/// due instant since.
pub(in super::super) fn rung_key(obligation: &Obligation, rung: &Rung) -> String {
    let last = if obligation.phase.is_final() { "final/" } else { "" };
    match obligation.rounds {
        0 => format!("chase/{}/{last}{}", obligation.key, rung.name),
        round => format!("chase/{}/{last}{}-{}", obligation.key, rung.name, round + 1),
    }
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
        due: due(app, obligation),
        members: present + coverage.missing.len(),
        present,
        missing: coverage.missing[..named].to_vec(),
        more: coverage.missing.len() - named,
        ways: ways(app, obligation, contract),
    };
    let mut people = recipients(app, &obligation.key.agency, &rung.to, now);
    if people.is_empty() {
        people.push(manager(app));
    }
    post_with(app, &rung_key(obligation, rung), Some(obligation), people, &letter, &[], now)
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
    Ok(app.board.ladder(&obligation.key).correction_awaited(obligation, &app.board.timetable.calendar())?)
}

/// When the escalation would go, if nothing arrives.
fn escalates_at(
    app: &App,
    obligation: &Obligation,
    told: &[LeadTold],
    now: Timestamp,
) -> anyhow::Result<Option<Timestamp>> {
    let (ladder, calendar) = (app.board.ladder(&obligation.key), app.board.timetable.calendar());
    Ok(timetable::escalates_at(obligation, ladder, &calendar, now, evidence::accepted_at(told))?)
}

/// Whom the next escalation goes to, in words.
fn escalated_to(app: &App, obligation: &Obligation) -> Option<String> {
    let role = app.board.ladder(&obligation.key).next_escalation(obligation)?.to.first()?;
    Some(app.board.role_words(&obligation.key.agency, role))
}

/// What comes after "overdue": the escalation, if there is somebody to escalate to.
fn next(app: &App, obligation: &Obligation, told: &[LeadTold], now: Timestamp) -> anyhow::Result<Option<Next>> {
    let agency = &obligation.key.agency;
    let next = app.board.ladder(&obligation.key).next_escalation(obligation);
    let Some(role) = next.and_then(|rung| rung.to.first()) else { return Ok(None) };
    if app.board.person(agency, role, civil_day(now)).is_none() {
        return Ok(None);
    }
    let at = escalates_at(app, obligation, told, now)?;
    let who = match role {
        Role::BoardMember => "the Board member for your agency".to_owned(),
        role => app.board.role_words(agency, role),
    };
    Ok(at.map(|at| Next { on: civil_day(at), who }))
}

fn escalation(
    app: &App,
    obligation: &Obligation,
    due: Due,
    told: &[LeadTold],
    now: Timestamp,
) -> anyhow::Result<Escalation> {
    let lead = app.board.person(&obligation.key.agency, &Role::Lead, civil_day(now));
    let lead = lead.map(|lead| lead.name).unwrap_or_default();
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

//! What a person arranged: more time, no return this time, another person to write to.

use jiff::{Timestamp, civil::Date};

use super::{due, manager, post, recipients};
use crate::{
    domain::AgencyId,
    flows::App,
    ledger::{ContactRole, Obligation, OutboxRow},
    mail::{Arranged, Letter, Person},
    timetable::Role,
};

/// Tells lead and deputy what was decided about something they owe; `obligation` stands as it does afterwards.
pub(in super::super) fn arranged(
    app: &App,
    obligation: &Obligation,
    before: Timestamp,
    what: Arranged,
    reason: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let letter = Letter::Arranged {
        due: due(app, obligation),
        what,
        before,
        stands: obligation.effective.is_some(),
        reason: reason.to_owned(),
    };
    let people = recipients(app, &obligation.key.agency, &[Role::Lead, Role::Deputy], now);
    let key = format!("arranged/{}/{now}", obligation.key);
    post(app, &key, Some(obligation), people, &letter, now)
}

/// Reminds the manager of a file that waits for a decision.
pub(in super::super) fn held(
    app: &App,
    obligation: &Obligation,
    rung: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let submission = obligation.held.first().copied().unwrap_or_default();
    let (title, agency) =
        (app.board.return_title(&obligation.key.return_id), app.board.agency_name(&obligation.key.agency));
    let since = obligation.decided_at.unwrap_or(now);
    let letter = Letter::Alarm {
        what: format!("A file waits for you: {title} of {agency}, {}", obligation.key.period.human()),
        why: obligation
            .reason
            .iter()
            .cloned()
            .chain(["Its sender has delivered and is not reminded.".into()])
            .collect(),
        since,
        next_step: format!("`quarterday release {submission} --reason \"…\"` takes it, with --refuse it goes back"),
    };
    let key = format!("chase/{}/{rung}", obligation.key);
    post(app, &key, Some(obligation), vec![manager(app)], &letter, now)
}

/// Tells whoever takes a role, and the manager.
pub(in super::super) fn contact(
    app: &App,
    agency: &AgencyId,
    role: ContactRole,
    person: &Person,
    until: Option<Date>,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let letter = contact_letter(app, agency, role, person, until);
    let mut people = vec![person.clone()];
    if !manager(app).email.eq_ignore_ascii_case(&person.email) {
        people.push(manager(app));
    }
    post(app, &format!("contact/{agency}/{now}"), None, people, &letter, now)
}

/// What is said of somebody who takes a role.
pub(in super::super) fn contact_letter(
    app: &App,
    agency: &AgencyId,
    role: ContactRole,
    person: &Person,
    until: Option<Date>,
) -> Letter {
    let (agency, role) = (app.board.agency_name(agency), role.words().to_owned());
    Letter::Contact { agency, role, person: person.clone(), until }
}

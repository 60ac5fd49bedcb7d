//! Fills in what each message is to say.
//!
//! Reads the board and the ledger, never a child-level figure; the words are the templates'. Every row it makes has a
//! key of its own, so that asking twice puts one message into the outbox.

mod answer;
mod arranged;
mod document;
mod incident;
mod issue;
mod marked;
mod narrative;
mod noticed;
mod read_back;
mod restated;
mod rung;
mod sign_off;

use std::collections::BTreeSet;

use anyhow::Context;
use jiff::Timestamp;

use super::App;
use crate::{
    check::Contract,
    domain::{AgencyId, civil_day},
    ledger::{ContactRole, Obligation, OutboxRow, Phase},
    mail::{Attachment, Due, Facts, Letter, Message, Person},
    timetable::Role,
};

pub(super) use answer::answer;
pub(super) use arranged::{arranged, contact, contact_letter, held};
pub(super) use incident::incident;
pub(super) use issue::issue;
pub(super) use read_back::kept_total;
pub(super) use restated::restated;
pub(super) use rung::{members, question, rung, rung_key};
pub(super) use sign_off::{Asked, draft_file, sent_back, sign_off};

/// Something the manager is to know of at once.
pub(super) fn alarm(
    app: &App,
    what: &str,
    why: &str,
    next_step: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    alarm_for(app, what, &[why.to_owned()], next_step, now)
}

/// The same for several reasons.
pub(super) fn alarm_for(
    app: &App,
    what: &str,
    why: &[String],
    next_step: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let key = format!("alarm/{what}/{}", civil_day(now));
    let letter =
        Letter::Alarm { what: what.to_owned(), why: why.to_vec(), since: now, next_step: next_step.to_owned() };
    post(app, &key, None, vec![manager(app)], &letter, now)
}

/// One message per person, ready for the outbox.
pub(super) fn post(
    app: &App,
    key: &str,
    obligation: Option<&Obligation>,
    people: Vec<Person>,
    letter: &Letter,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let rows = written(app, key, obligation, people, letter, now)?;
    Ok(rows.into_iter().map(|(row, _)| row).collect())
}

/// The same with files that go with each of them.
fn post_with(
    app: &App,
    key: &str,
    obligation: Option<&Obligation>,
    people: Vec<Person>,
    letter: &Letter,
    files: &[Attachment],
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let mut rows = Vec::new();
    for (mut row, mut message) in written(app, key, obligation, people, letter, now)? {
        message.attachments.extend_from_slice(files);
        row.message = serde_json::to_value(&message)?;
        rows.push(row);
    }
    Ok(rows)
}

fn written(
    app: &App,
    key: &str,
    obligation: Option<&Obligation>,
    people: Vec<Person>,
    letter: &Letter,
    now: Timestamp,
) -> anyhow::Result<Vec<(OutboxRow, Message)>> {
    let board = app.board.of_mail();
    let kind = letter.kind().as_str();
    let mut rows = Vec::new();
    for to in people {
        let recipient = to.email.clone();
        let facts = Facts { board: board.clone(), to, contact: app.board.contact.clone(), letter: letter.clone() };
        let message = app.board.templates.render(&facts).with_context(|| format!("the message {kind}"))?;
        let key = format!("{key}/{recipient}");
        let row = OutboxRow::new(key, kind, &recipient, serde_json::to_value(&message)?, now);
        rows.push((OutboxRow { obligation: obligation.map(|o| o.key.to_string()), ..row }, message));
    }
    Ok(rows)
}

/// Has the messages to somebody answer the one that they wrote, so that their mail program shows both together.
pub(super) fn in_reply(mut rows: Vec<OutboxRow>, to: &str, message_id: Option<&str>) -> Vec<OutboxRow> {
    let Some(id) = message_id else { return rows };
    for row in rows.iter_mut().filter(|row| row.recipient.eq_ignore_ascii_case(to)) {
        if let Some(message) = row.message.as_object_mut() {
            message.insert("answers".to_owned(), id.into());
        }
    }
    rows
}

fn contract<'a>(app: &'a App, obligation: &Obligation) -> anyhow::Result<&'a Contract> {
    let id = &obligation.key.return_id;
    app.board.returns.get(id).with_context(|| format!("the return {id} is no longer defined in pipelines/"))
}

pub(super) fn due(app: &App, obligation: &Obligation) -> Due {
    let title = app.board.return_title(&obligation.key.return_id);
    Due {
        name: match app.board.commentary(&obligation.key) {
            Some(_) => title.clone(),
            None => format!("{}{}", named(&title), phase(obligation)),
        },
        title: format!("{title}{}", phase(obligation)),
        agency: app.board.agency_name(&obligation.key.agency),
        period: obligation.key.period,
        due_at: obligation.due_at,
    }
}

/// Which of the figures of a return that comes twice are spoken of.
fn phase(obligation: &Obligation) -> &'static str {
    match obligation.phase {
        Phase::Only => "",
        Phase::Provisional => " (provisional figures)",
        Phase::FinalAwaited { .. } | Phase::Final => " (final figures)",
    }
}

/// A return as a subject names it: "Missing children return", but never "Return interviews return".
fn named(title: &str) -> String {
    let says_so = title.split_whitespace().any(|word| matches!(&*word.to_lowercase(), "return" | "returns"));
    if says_so { title.to_owned() } else { format!("{title} return") }
}

pub(super) fn manager(app: &App) -> Person {
    app.board.manager.clone()
}

/// The people of an agency, and whoever sent the message, also if it is a colleague of theirs: each address once.
fn with_sender(mut people: Vec<Person>, sender: Option<(String, String)>) -> Vec<Person> {
    if let Some((name, email)) = sender
        && !people.iter().any(|known| known.email.eq_ignore_ascii_case(&email))
    {
        people.push(Person { name: if name.is_empty() { email.clone() } else { name }, email });
    }
    people
}

/// Whoever has one of these roles today, each address once; who covers for the lead is among the leads.
fn recipients(app: &App, agency: &AgencyId, roles: &[Role], now: Timestamp) -> Vec<Person> {
    let (board, today) = (&app.board, civil_day(now));
    let mut people: Vec<Person> = roles.iter().filter_map(|role| board.person(agency, role, today)).collect();
    if roles.contains(&Role::Lead) {
        people.extend(board.contacts.person(agency, ContactRole::Cover, today));
    }
    let mut seen = BTreeSet::new();
    people.retain(|person| seen.insert(person.email.to_lowercase()));
    people
}

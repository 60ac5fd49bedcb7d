//! A message of ours came back, or was refused: its address failed, and nobody was told by it.
//!
//! The manager hears of it; of a message to a lead the deputy too, who gets the message itself unless it is there already.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Record, plan::Desk};
use crate::{
    domain::{civil_day, words},
    flows::{App, evidence, letters},
    ledger::{Event, IncomingState, ObligationKey, OutboxRow, OutboxState},
    mail::{Kind, Letter, Person, key_of},
    timetable::{Role, Rung},
};

/// What was refused longer ago than this was seen to by somebody.
const RECENTLY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Records that a message did not arrive and tells those who are to know. A report that a message is late, or about a
/// message that we never sent, is left alone.
pub(super) async fn record(desk: &Desk<'_>, keys: Vec<&str>) -> anyhow::Result<Record> {
    let (app, incoming, now) = (desk.app, desk.incoming, desk.now);
    let mut record = desk.left(IncomingState::Ignored);
    record.new.answerable = false;
    let Some(report) = incoming.report.as_ref().filter(|report| report.failed) else { return Ok(record) };
    // By the message it brings back, or by the return path it came to.
    let words = report.about.iter().chain(&incoming.to);
    let Some(key) = words.into_iter().find_map(|word| key_of(word, keys.iter().copied())) else { return Ok(record) };
    let wanted = key.to_owned();
    let rows = app.ledger.read(move |txn| {
        let alone = txn.message(&wanted)?;
        alone.map_or_else(|| txn.bundled(&wanted), |row| Ok(vec![row]))
    });
    let rows = rows.await?;
    if rows.is_empty() {
        return Ok(record);
    }
    let status = report.status.clone().unwrap_or_default();
    record.new.plan.then = IncomingState::Done;
    for row in &rows {
        let subject = row.obligation.clone().unwrap_or_else(|| format!("message/{}", row.key));
        record.events.push((subject, Event::Bounced { key: row.key.clone(), status: status.clone() }));
    }
    let how = if status.is_empty() { "came back".to_owned() } else { format!("came back with {status}") };
    record.letters = follow(app, key, &rows, &how, now).await?;
    Ok(record)
}

/// Tells of messages to leads and deputies that a relay refused for good, each once; answers with how many.
///
/// # Errors
/// When the ledger does not answer or a message cannot be written.
pub async fn refused(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let since = now.checked_sub(RECENTLY)?;
    let kinds = Kind::TO_LEAD.map(Kind::as_str);
    let rows = app.ledger.read(move |txn| txn.refused_and_untold(&kinds, since)).await?;
    let mut messages: BTreeMap<String, Vec<OutboxRow>> = BTreeMap::new();
    for row in rows {
        messages.entry(row.bundle.clone().unwrap_or_else(|| row.key.clone())).or_default().push(row);
    }
    let told = messages.len();
    for (key, rows) in messages {
        let says = rows.first().and_then(|row| row.says.clone()).unwrap_or_default();
        let letters = follow(app, &key, &rows, &format!("was refused ({says})"), now).await?;
        app.ledger
            .write(move |txn| {
                for row in &rows {
                    txn.settle_occurrence(now, &format!("refused/{}", row.key), "told")?;
                }
                letters.iter().try_for_each(|letter| txn.enqueue(letter).map(drop))
            })
            .await?;
    }
    Ok(told)
}

/// Who hears of a message that did not arrive: the rows that left as one under this key.
async fn follow(app: &App, key: &str, rows: &[OutboxRow], how: &str, now: Timestamp) -> anyhow::Result<Vec<OutboxRow>> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let about: Vec<&str> = rows.iter().filter_map(|row| row.obligation.as_deref()).collect();
    let to_lead = first.kind.parse().is_ok_and(|kind| Kind::TO_LEAD.contains(&kind));
    let mut why = vec![match about.as_slice() {
        [] => format!("A message {how} ({}).", first.kind),
        about => format!("A message about {} {how} ({}).", words::listed(about.iter().copied()), first.kind),
    }];
    why.push("It does not count as told: nothing goes above somebody who was not reached.".into());
    let (mut letters, mut stands_in) = (Vec::new(), None);
    for row in rows.iter().filter(|_| to_lead) {
        let Some((lead, deputy)) = deputy_of(app, row) else { continue };
        stands_in = Some((lead, deputy.clone()));
        letters.extend(copy_for(app, row, &deputy, now).await?);
    }
    if let Some((lead, deputy)) = &stands_in {
        let has = if letters.is_empty() { "has the same message" } else { "gets the message now" };
        why.push(format!("{}, who stands in for {}, {has}.", deputy.name, lead.name));
    }
    if let Some((lead, deputy)) = stands_in.filter(|_| letters.is_empty()) {
        let letter = Letter::Alarm {
            what: format!("Mail to {} does not arrive", lead.name),
            why: vec![format!("A message that you have too {how}.")],
            since: now,
            next_step: format!("please see to it in place of {}, and tell us whom to write to now", lead.name),
        };
        letters.extend(letters::post(app, &format!("bounce-deputy/{key}"), None, vec![deputy], &letter, now)?);
    }
    let letter = Letter::Alarm {
        what: format!("Mail to {} does not arrive", first.recipient),
        why,
        since: now,
        next_step: "correct the address in config/agencies.toml, or ring them".into(),
    };
    // Of what is no chase it is enough to hear once a day and address.
    let once = if to_lead { key.to_owned() } else { format!("{}/{}", first.recipient, civil_day(now)) };
    letters.extend(letters::post(app, &format!("bounce/{once}"), None, vec![letters::manager(app)], &letter, now)?);
    Ok(letters)
}

/// The lead to whom a message went, and the deputy; none if it went to somebody else, or nobody stands in.
fn deputy_of(app: &App, row: &OutboxRow) -> Option<(Person, Person)> {
    let key: ObligationKey = row.obligation.as_ref()?.parse().ok()?;
    let on = civil_day(row.enqueued_at);
    let lead = app.board.person(&key.agency, &Role::Lead, on)?;
    let deputy = app.board.person(&key.agency, &Role::Deputy, on)?;
    let is_lead = lead.email.eq_ignore_ascii_case(&row.recipient) && !deputy.email.eq_ignore_ascii_case(&lead.email);
    is_lead.then_some((lead, deputy))
}

/// The message written for the deputy, unless there is one that was not refused.
async fn copy_for(app: &App, row: &OutboxRow, deputy: &Person, now: Timestamp) -> anyhow::Result<Vec<OutboxRow>> {
    let Some(stem) = row.key.strip_suffix(&format!("/{}", row.recipient)) else { return Ok(Vec::new()) };
    let theirs = format!("{stem}/{}", deputy.email);
    let there = app.ledger.read(move |txn| txn.message(&theirs)).await?;
    if there.is_some_and(|there| there.state != OutboxState::Refused) {
        return Ok(Vec::new());
    }
    let Some(key) = row.obligation.as_ref().and_then(|key| key.parse::<ObligationKey>().ok()) else {
        return Ok(Vec::new());
    };
    let ladder = app.board.ladder(&key);
    let subject = key.to_string();
    let (obligation, events) =
        app.ledger.read(move |txn| Ok((txn.obligation(&key)?, txn.events_of(&subject)?))).await?;
    // Somebody delivered meanwhile, or the group's members are what is missing: the deputy is told in the manager's words.
    let Some(obligation) = obligation.filter(|obligation| !obligation.state.is_settled()) else {
        return Ok(Vec::new());
    };
    let Some(rung) = ladder.rungs.iter().find(|rung| letters::rung_key(&obligation, rung) == stem) else {
        return Ok(Vec::new());
    };
    let rung = Rung { to: vec![Role::Deputy], ..rung.clone() };
    letters::rung(app, &obligation, &rung, &evidence::of(&events, ladder), now)
}

//! A message of ours came back: its address failed, and nobody was told by it.

use super::{Record, plan::Desk};
use crate::{
    domain::civil_day,
    flows::letters,
    ledger::{Event, IncomingState},
    mail::{Letter, key_of},
};

/// Records that a message did not arrive and tells the manager once a day and address. A report that a message is late,
/// or about a message that we never sent, is left alone.
pub(super) async fn record(desk: &Desk<'_>, keys: Vec<&str>) -> anyhow::Result<Record> {
    let (app, incoming, now) = (desk.app, desk.incoming, desk.now);
    let mut record = desk.left(IncomingState::Ignored);
    record.new.answerable = false;
    let Some(report) = incoming.report.as_ref().filter(|report| report.failed) else { return Ok(record) };
    // By the message it brings back, or by the return path it came to.
    let words = report.about.iter().chain(&incoming.to);
    let Some(key) = words.into_iter().find_map(|word| key_of(word, keys.iter().copied())) else { return Ok(record) };
    let wanted = key.to_owned();
    let Some(row) = app.ledger.read(move |txn| txn.message(&wanted)).await? else { return Ok(record) };
    let status = report.status.clone().unwrap_or_default();
    record.new.plan.then = IncomingState::Done;
    let subject = row.obligation.clone().unwrap_or_else(|| format!("message/{}", row.key));
    record.events.push((subject, Event::Bounced { key: row.key.clone(), status: status.clone() }));
    let letter = Letter::Alarm {
        what: format!("Mail to {} does not arrive", row.recipient),
        why: vec![
            format!(
                "A message came back ({}){}.",
                row.kind,
                if status.is_empty() { String::new() } else { format!(" with {status}") }
            ),
            "It does not count as told: nothing goes above somebody who was not reached.".into(),
        ],
        since: now,
        next_step: "correct the address in config/agencies.toml, or ring them".into(),
    };
    let key = format!("bounce/{}/{}", row.recipient, civil_day(now));
    record.letters = letters::post(app, &key, None, vec![letters::manager(app)], &letter, now)?;
    Ok(record)
}

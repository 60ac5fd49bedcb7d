//! A deadline passes: what is owed is opened, and those whom the ladder names are told.
//!
//! The message and the note that somebody was told are one transaction; whether the message is still wanted is
//! decided again when it leaves.

use std::collections::BTreeSet;

use anyhow::Context;
use jiff::Timestamp;

use super::{App, Board, letters, note_failure};
use crate::{
    domain::civil_day,
    ledger::{Event, Obligation, OutboxState, RecordedEvent},
    timetable::{Duty, Every, Ladder, Role, instant_on, openings, owed},
};

/// Opens what is owed by now and tells whom the ladder names; answers with the number of rungs told.
pub async fn chase(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    open(app, now).await?;
    let due = app.ledger.read(move |txn| txn.obligations_to_look_at(now)).await?;
    let mut told = 0;
    for obligation in due {
        match step(app, &obligation, now).await {
            Ok(rungs) => told += rungs,
            Err(error) => note_failure(app, &format!("chasing {}", obligation.key), &error).await,
        }
    }
    Ok(told)
}

/// Every duty of the board: one per return and agency that owes it.
pub(super) fn duties(board: &Board) -> impl Iterator<Item = Duty> {
    let owed = board.returns.values().filter(|contract| contract.every != Every::Release);
    owed.flat_map(|contract| {
        contract.agencies.iter().filter_map(|agency| {
            Some(Duty {
                return_id: contract.id.clone(),
                agency: agency.clone(),
                every: contract.every,
                due: contract.due?,
            })
        })
    })
}

async fn open(app: &App, now: Timestamp) -> anyhow::Result<()> {
    let timetable = &app.board.timetable;
    let mut opened = Vec::new();
    for duty in duties(&app.board) {
        let found = openings(&duty, &timetable.calendar, timetable.starts_on, now);
        opened.extend(found.with_context(|| format!("{} of {}", duty.return_id, duty.agency))?);
    }
    let known = app.ledger.read(|txn| txn.obligation_states()).await?;
    opened.retain(|opening| !known.contains_key(&opening.key));
    if opened.is_empty() {
        return Ok(());
    }
    app.ledger
        .write(move |txn| {
            for opening in opened {
                // A file for it may have come between the look and this.
                if txn.obligation(&opening.key)?.is_some() {
                    continue;
                }
                let event = Event::Opened {
                    return_id: opening.key.return_id.clone(),
                    agency: opening.key.agency.clone(),
                    period: opening.key.period,
                    opens_at: opening.opens_at,
                    duty: true,
                    due_at: opening.due_at,
                    rule: opening.rule,
                };
                txn.append(now, &opening.key.to_string(), "daemon", &event)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

async fn step(app: &App, obligation: &Obligation, now: Timestamp) -> anyhow::Result<usize> {
    let subject = obligation.key.to_string();
    let events = {
        let subject = subject.clone();
        app.ledger.read(move |txn| txn.events_of(&subject)).await?
    };
    let timetable = &app.board.timetable;
    let lead_told = lead_told(&events, &timetable.ladder);
    let step = owed(obligation, &timetable.ladder, &timetable.calendar, now, lead_told)?;
    let letters = match &step.tell {
        Some(rung) => letters::rung(app, obligation, rung, now).await?,
        None => Vec::new(),
    };
    let key = obligation.key.clone();
    let told = usize::from(step.tell.is_some());
    app.ledger
        .write(move |txn| {
            for (rung, why) in step.skip {
                txn.append(now, &subject, "daemon", &Event::Skipped { rung, why: why.to_owned() })?;
            }
            if let Some(rung) = step.tell {
                for letter in &letters {
                    txn.enqueue(letter)?;
                }
                let keys = letters.into_iter().map(|letter| letter.key).collect();
                txn.append(now, &subject, "daemon", &Event::Told { rung: rung.name, keys })?;
            }
            txn.look_again(&key, step.look_again)
        })
        .await?;
    Ok(told)
}

/// The first instant at which a relay accepted a message about the obligation to lead or deputy.
pub(super) fn lead_told(events: &[RecordedEvent], ladder: &Ladder) -> Option<Timestamp> {
    let to_lead = |rung: &str| {
        let rung = ladder.rungs.iter().find(|r| r.name == rung);
        rung.is_some_and(|r| r.to.iter().any(|role| matches!(role, Role::Lead | Role::Deputy)))
    };
    let mut keys = BTreeSet::new();
    for RecordedEvent { at, event, .. } in events {
        match event {
            Event::Told { rung, keys: told } if to_lead(rung) => keys.extend(told.iter().cloned()),
            Event::MessageSettled { key, outcome, .. }
                if outcome == OutboxState::Sent.as_str() && keys.contains(key) =>
            {
                return Some(*at);
            }
            _ => {}
        }
    }
    None
}

/// When the next obligation opens: the day after the period that runs now.
pub fn next_opening(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let today = civil_day(app.clock.now());
    let mut next: Option<Timestamp> = None;
    for duty in duties(&app.board) {
        let Some(period) = duty.every.period_of(today) else { continue };
        let at = instant_on(period.end().tomorrow()?, jiff::civil::Time::midnight());
        next = Some(next.map_or(at, |sooner| sooner.min(at)));
    }
    Ok(next)
}

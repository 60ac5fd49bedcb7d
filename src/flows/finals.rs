//! Asks for the final figures of returns that come twice, when their turn has come.

use anyhow::Context;
use jiff::Timestamp;

use super::{App, note_failure};
use crate::{
    domain::ReturnId,
    ledger::{Event, Obligation},
};

/// Asks for every final return whose turn has come by `now`.
pub(super) async fn ask(app: &App, now: Timestamp) -> anyhow::Result<()> {
    let comes_twice = |id: &ReturnId| app.board.returns.get(id).is_some_and(|contract| contract.finals.is_some());
    if !app.board.returns.keys().any(comes_twice) {
        return Ok(());
    }
    let keys: Vec<_> = app.ledger.read(|txn| txn.obligation_states()).await?.into_iter().map(|(key, _)| key).collect();
    for key in keys.into_iter().filter(|key| comes_twice(&key.return_id) && app.board.is_owed(key)) {
        let wanted = key.clone();
        let Some(obligation) = app.ledger.read(move |txn| txn.obligation(&wanted)).await? else { continue };
        if let Err(error) = ask_for(app, &obligation, now).await {
            note_failure(app, &format!("asking for the final figures of {key}"), &error).await;
        }
    }
    Ok(())
}

async fn ask_for(app: &App, obligation: &Obligation, now: Timestamp) -> anyhow::Result<()> {
    let key = &obligation.key;
    let contract = app.board.returns.get(&key.return_id).context("its definition is gone")?;
    let (timetable, calendar) = (&app.board.timetable, app.board.timetable.calendar());
    let Some(finals) = contract.finals.as_ref().filter(|_| obligation.duty && obligation.phase.is_first()) else {
        return Ok(());
    };
    if finals.asked_at(obligation.due_at, &calendar)? > now {
        return Ok(());
    }
    let due = finals.due.of(key.period, &calendar, &timetable.meetings)?;
    let asked = Event::FinalAsked { due_at: due.at, rule: format!("{} (final figures)", due.rule) };
    let key = key.clone();
    app.ledger
        .write(move |txn| {
            if txn.obligation(&key)?.is_some_and(|obligation| obligation.phase.is_first()) {
                txn.append(now, &key.to_string(), "daemon", &asked)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

//! Asks for the final figures of returns that come twice, when their turn has come.

use anyhow::Context;
use jiff::Timestamp;

use super::{App, note_failure};
use crate::ledger::{Event, Obligation, Phase};

/// Asks for every final return whose turn has come by `now`.
pub(super) async fn ask(app: &App, now: Timestamp) -> anyhow::Result<()> {
    if app.board.returns.values().all(|contract| contract.finals.is_none()) {
        return Ok(());
    }
    let provisional = app.ledger.read(|txn| txn.provisional()).await?;
    for obligation in provisional.iter().filter(|one| one.duty && app.board.is_owed(&one.key)) {
        if let Err(error) = ask_for(app, obligation, now).await {
            note_failure(app, &format!("asking for the final figures of {}", obligation.key), &error).await;
        }
    }
    Ok(())
}

async fn ask_for(app: &App, obligation: &Obligation, now: Timestamp) -> anyhow::Result<()> {
    let key = &obligation.key;
    let contract = app.board.returns.get(&key.return_id).context("its definition is gone")?;
    let (timetable, calendar) = (&app.board.timetable, app.board.timetable.calendar());
    let Some(finals) = &contract.finals else { return Ok(()) };
    if finals.asked_at(obligation.due_at, &calendar)? > now {
        return Ok(());
    }
    let (due_at, rule) = finals.due_of(key.period, &calendar, &timetable.meetings())?;
    let asked = Event::FinalAsked { due_at, rule };
    let key = key.clone();
    app.ledger
        .write(move |txn| {
            if txn.obligation(&key)?.is_some_and(|obligation| obligation.phase == Phase::Provisional) {
                txn.append(now, &key.to_string(), "daemon", &asked)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

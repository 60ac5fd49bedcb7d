//! A definition was corrected: what was not accepted under the earlier one is judged again.
//!
//! The fault may have been ours, and whoever sent the file has no reason to send it again. What a person refused stays
//! refused, and what is sealed stays sealed.

use std::panic::AssertUnwindSafe;

use anyhow::anyhow;
use futures::FutureExt;

use super::{
    super::{App, note_failure},
    Acknowledge, Offer, content_of, receive, sealing,
};
use crate::{
    domain::Verdict,
    ledger::{FindingRow, ObligationKey, State, Submission},
    source::Extract,
};

/// What the source of such a submission begins with.
const AGAIN: &str = "judged again, first ";

/// Judges again what a corrected definition may accept.
pub(super) async fn judge_again(app: &App) -> anyhow::Result<()> {
    let states = app.ledger.read(|txn| txn.unsettled()).await?;
    for (key, _) in states.into_iter().filter(|(_, state)| *state == State::ToCorrect) {
        let what = format!("judging {key} again under its corrected definition");
        let error = match AssertUnwindSafe(one(app, key)).catch_unwind().await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error,
            Err(_) => anyhow!("it panicked"),
        };
        note_failure(app, &what, &error).await;
    }
    Ok(())
}

async fn one(app: &App, key: ObligationKey) -> anyhow::Result<()> {
    let Some(contract) = app.board.returns.get(&key.return_id) else { return Ok(()) };
    let wanted = key.clone();
    let (last, events) = app
        .ledger
        .read(move |txn| Ok((txn.submissions_of(&wanted)?.pop(), txn.events_of(&wanted.to_string())?)))
        .await?;
    let Some(last) = last.filter(|last| last.contract_hash != contract.hash && !last.sha256.is_empty()) else {
        return Ok(());
    };
    // A person decided on what was held once.
    if last.verdict != Some(Verdict::NotAccepted)
        || events.iter().any(|recorded| recorded.event.holds(last.id))
        || sealing::incident_of(app, &last).await?.is_some()
    {
        return Ok(());
    }
    let content = content_of(app, &last).await?;
    let first = last.source.strip_prefix(AGAIN).unwrap_or(&last.source);
    let extract = Extract { content, name: last.name.clone(), source: format!("{AGAIN}{first}") };
    let arrived_at = Some(last.received_at);
    let offer = Offer { key, extract, arrived_at, actor: "daemon".into(), acknowledge: Acknowledge::Nothing };
    let _turn = app.turn.lock().await;
    receive(app, offer).await.map(|_| ())
}

/// Whether nothing new can be said of a submission that was judged again: its sender was told just that.
pub(super) async fn says_nothing_new(
    app: &App,
    submission: &Submission,
    verdict: Verdict,
    findings: &[FindingRow],
) -> anyhow::Result<bool> {
    if verdict != Verdict::NotAccepted || !submission.source.starts_with(AGAIN) {
        return Ok(false);
    }
    let (key, id) = (submission.obligation.clone(), submission.id);
    let before = app
        .ledger
        .read(move |txn| match txn.submissions_of(&key)?.into_iter().rev().find(|earlier| earlier.id < id) {
            Some(earlier) => Ok(Some((earlier.sha256, txn.findings(earlier.id)?))),
            None => Ok(None),
        })
        .await?;
    Ok(before.is_some_and(|(sha256, told)| sha256 == submission.sha256 && told == findings))
}

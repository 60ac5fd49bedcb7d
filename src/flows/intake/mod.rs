//! An extract arrives: kept, judged, stored and answered.
//!
//! The order is the store protocol's: the bytes are durable before the ledger says they arrived, the ledger says so
//! before the source is acknowledged, and a submission has rows that readers see only once the ledger says `stored`.
//! Whatever interrupts it, [`resume`] goes on from the last record.

mod again;
mod archive;
mod document;
mod judge;
mod offer;
mod opened;
mod owed;
mod rolling;
mod sealing;
mod store;
pub mod supposed;
mod window;

use std::panic::AssertUnwindSafe;

use anyhow::{Context, anyhow, bail};
use futures::FutureExt;

use super::{App, incidents, reason::identity_in, retry};
use crate::{
    check::Contract,
    domain::Verdict,
    fault,
    ledger::{Event, FindingRow, IncomingRow, NewSubmission, ObligationKey, RowCounts, Submission, Txn},
    warehouse::WarehouseError,
};

pub(super) use archive::{content_of, contract_of, keep, the_submission};
pub(super) use judge::stage;
pub(super) use opened::{open, read};
pub(super) use owed::{refusal, refusal_of_nil};
pub(super) use sealing::{is_withheld, words_of};
pub(super) use store::Outcome;

pub use offer::{Acknowledge, Offer};
pub use owed::owed_contract;

use judge::judge;
use store::{decide, finish_storing, store_nil, storing_of};

/// What became of an offer.
#[derive(Debug, Clone)]
pub struct Received {
    /// The submission's number.
    pub submission: i64,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is held or was not accepted.
    pub reason: Option<String>,
    /// What was found.
    pub findings: Vec<FindingRow>,
    /// Rows read, taken and refused.
    pub rows: RowCounts,
}

/// Takes an extract and answers when its verdict is recorded.
///
/// # Errors
/// When the disk, the ledger or a worker failed; the bytes, if they arrived, are judged at the next ring.
pub async fn receive(app: &App, offer: Offer) -> anyhow::Result<Received> {
    let contract = owed_contract(app, &offer.key)?;
    owed::refuse_a_file(contract, &offer.key)?;
    let opened = owed::unopened(app, contract, &offer.key).await?;
    let content = offer.extract.content.clone();
    let name = sealing::name_to_keep(contract, &offer.extract.name);
    let (digest, hash) = (content.sha256().to_owned(), contract.hash.clone());
    // What is sealed or destroyed is not kept a second time.
    let sealed = app.ledger.read(move |txn| txn.incident_of(&digest, &hash)).await?;
    let landed = match &sealed {
        Some(_) => None,
        None => Some(keep(app, content.clone()).await.context("the extract could not be kept")?),
    };
    fault::point("intake-after-landing");

    let now = app.clock.now();
    let key = offer.key.clone();
    let new = NewSubmission {
        obligation: key.clone(),
        sha256: content.sha256().to_owned(),
        name,
        source: offer.extract.source,
        contract_hash: contract.hash.clone(),
        contract: contract.text.clone(),
    };
    let (actor, acknowledge) = (offer.actor, offer.acknowledge);
    let arrived_at = offer.arrived_at.filter(|at| *at < now);
    let unasked = matches!(acknowledge, Acknowledge::Pull { .. } | Acknowledge::File { unasked: true, .. });
    let (submission, duplicate_of) = app
        .ledger
        .write(move |txn| {
            if let Some(landed) = &landed {
                txn.keep_data_key(&landed.sha256, &landed.wrapped_key)?;
            }
            let subject = new.obligation.to_string();
            if txn.obligation(&new.obligation)?.is_none() {
                opened.iter().try_for_each(|event| txn.append(now, &subject, &actor, event).map(drop))?;
            }
            let duplicate_of = same_as(txn, &new)?;
            let id = txn.add_submission(arrived_at.unwrap_or(now), &new)?;
            let received = Event::ExtractReceived { submission: id, sha256: new.sha256.clone(), arrived_at };
            txn.append(now, &subject, &actor, &received)?;
            match acknowledge {
                Acknowledge::Nothing => {}
                Acknowledge::Pull { key, pull } => txn.keep_pull(&key, &pull)?,
                Acknowledge::File { mut file, moves, .. } if is_withheld(&new.name) => {
                    // Its path is its digest, and it stays where it is: what moves a file would have to know its name.
                    drop(moves);
                    file.path = crate::domain::sha256(&file.path);
                    txn.take_file(&file, &[], &new.sha256)?;
                }
                Acknowledge::Message { message, part } => txn.take_part(message, part, id)?,
                Acknowledge::File { file, moves, .. } => txn.take_file(&file, &moves, &new.sha256)?,
            }
            Ok((id, duplicate_of))
        })
        .await?;
    fault::point("intake-after-received");
    tracing::info!(submission, obligation = %key, "an extract arrived");

    let submission = the_submission(app, submission).await?;
    if let Some(incident) = sealed {
        return sealing::again(app, &submission, contract, &incident, unasked).await;
    }
    match duplicate_of {
        Some(earlier) => {
            let reason = format!("the same file as submission {earlier}");
            decide(
                app,
                &submission,
                Outcome { reason: Some(reason), unasked, ..Outcome::of(Verdict::Duplicate, true) },
                &[],
            )
            .await
        }
        None => Box::pin(judge(app, &submission, contract, content, false)).await,
    }
}

/// Records that there is nothing to report; rows of an earlier file go. `message` is the one that said so, if one did.
///
/// # Errors
/// When the return is not the agency's, or the disk or the ledger failed.
pub async fn nil(
    app: &App,
    key: ObligationKey,
    reason: String,
    actor: &str,
    message: Option<&IncomingRow>,
) -> anyhow::Result<Received> {
    let contract = owed_contract(app, &key)?;
    if reason.trim().is_empty() {
        bail!("a nil return needs one line of reason");
    }
    if let Some(holds) = identity_in(&reason) {
        bail!("the reason is kept and sent on, and {holds}: say it without");
    }
    let now = app.clock.now();
    let opened = owed::unopened(app, contract, &key).await?;
    let new = NewSubmission {
        obligation: key,
        sha256: String::new(),
        name: "nil return".into(),
        source: actor.to_owned(),
        contract_hash: contract.hash.clone(),
        contract: contract.text.clone(),
    };
    let actor = actor.to_owned();
    let arrived_at = message.map_or(now, |message| message.arrived_at.min(now));
    let message = message.map(|message| message.id);
    let id = app
        .ledger
        .write(move |txn| {
            if txn.obligation(&new.obligation)?.is_none() {
                let subject = new.obligation.to_string();
                opened.iter().try_for_each(|event| txn.append(now, &subject, &actor, event).map(drop))?;
            }
            let id = txn.add_submission(arrived_at, &new)?;
            txn.keep_totals(id, &serde_json::json!({ "nil": reason }))?;
            if let Some(message) = message {
                txn.take_part(message, 0, id)?;
            }
            Ok(id)
        })
        .await?;
    let submission = the_submission(app, id).await?;
    store_nil(app, &submission, contract).await
}

/// Takes or refuses a submission that is held for a person.
///
/// # Errors
/// When the submission is not held, or the disk or the ledger failed.
pub async fn release(app: &App, submission: i64, accept: bool, reason: &str, actor: &str) -> anyhow::Result<Received> {
    if let Some(holds) = identity_in(reason) {
        bail!("the reason is kept and sent on, and {holds}: say it without");
    }
    // Earlier periods found in one file are one restatement.
    let together = app.ledger.read(move |txn| txn.held_with(submission)).await?;
    if accept {
        for one in [submission].into_iter().chain(together.iter().copied()) {
            window::refuse_locked(app, &the_submission(app, one).await?).await?;
        }
    }
    let received = release_one(app, submission, accept, reason, actor).await?;
    for other in together {
        release_one(app, other, accept, reason, actor).await?;
    }
    rolling::answered(app, submission, accept, reason, actor).await?;
    Ok(received)
}

async fn release_one(app: &App, submission: i64, accept: bool, reason: &str, actor: &str) -> anyhow::Result<Received> {
    let held = the_submission(app, submission).await?;
    if held.verdict != Some(Verdict::Held) {
        bail!("submission {submission} is not held; `quarterday status` lists those that are");
    }
    let obligation = archive::obligation_of(app, &held.obligation).await?;
    if accept && obligation.effective.is_some_and(|standing| standing > submission) {
        bail!("a later file was accepted since; refuse this one with --refuse, or have it sent again");
    }
    if !accept {
        let reason = format!("{reason} (decided by {actor})");
        let findings = app.ledger.read(move |txn| txn.findings(submission)).await?;
        let rows = (held.rows_in, 0, held.rows_in);
        let outcome = Outcome { reason: Some(reason), rows, ..Outcome::of(Verdict::NotAccepted, true) };
        return decide(app, &held, outcome, &findings).await;
    }
    let (now, actor) = (app.clock.now(), actor.to_owned());
    let (subject, released) = (held.obligation.to_string(), Event::Released { submission, reason: reason.to_owned() });
    app.ledger
        .write(move |txn| {
            txn.append(now, &subject, &actor, &released)?;
            txn.reopen_submission(submission)
        })
        .await?;
    fault::point("intake-after-released");
    resume_one(app, &the_submission(app, submission).await?).await
}

/// After a start: goes on with what was interrupted, then clears away files that belong to nothing.
pub async fn recover(app: &App) -> anyhow::Result<()> {
    resume(app).await?;
    again::judge_again(app).await?;
    incidents::clear(app).await?;
    let mut unfinished = Vec::new();
    for submission in app.ledger.read(|txn| txn.undecided_submissions()).await? {
        unfinished.extend(storing_of(app, &submission).await?.map(|storing| storing.staged));
    }
    let swept = app.warehouse.sweep(&unfinished)?;
    if swept > 0 {
        tracing::info!(swept, "files without a version were cleared away");
    }
    Ok(())
}

/// Goes on with every submission that has no verdict: what a crash, a full disk or a dead worker interrupted.
///
/// One that fails again is left alone for a while, and does not keep the others from their turn.
pub async fn resume(app: &App) -> anyhow::Result<usize> {
    let (undecided, now) = (app.ledger.read(|txn| txn.undecided_submissions()).await?, app.clock.now());
    let mut resumed = 0;
    for submission in undecided {
        let key = format!("submission/{}", submission.id);
        if !retry::is_due(app, &key, now).await? {
            continue;
        }
        let what = format!("Judging submission {} ({})", submission.id, submission.obligation);
        match AssertUnwindSafe(resume_one(app, &submission)).catch_unwind().await {
            Ok(Ok(_)) => {
                retry::succeeded(app, &key).await?;
                resumed += 1;
            }
            Ok(Err(error)) => retry::failed(app, &key, &what, &error).await,
            Err(_) => retry::failed(app, &key, &what, &anyhow!("it panicked")).await,
        }
    }
    Ok(resumed)
}

async fn resume_one(app: &App, submission: &Submission) -> anyhow::Result<Received> {
    if let Some(storing) = storing_of(app, submission).await? {
        match finish_storing(app, submission, storing).await {
            Err(error) if lost_its_files(&error) => {}
            done => return done,
        }
    }
    let contract = contract_of(app, submission).await?;
    if submission.sha256.is_empty() {
        return store_nil(app, submission, &contract).await;
    }
    if let Some(incident) = sealing::incident_of(app, submission).await? {
        return sealing::again(app, submission, &contract, &incident, false).await;
    }
    let released = was_released(app, submission).await?;
    let content = content_of(app, submission).await?;
    Box::pin(judge(app, submission, &contract, content, released)).await
}

/// Whether the staged files are gone, as after a rebuild in between: then the archive is read again.
fn lost_its_files(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<WarehouseError>(), Some(WarehouseError::Damaged(damage)) if damage.file.is_some())
}

/// Whether a person let the submission pass.
async fn was_released(app: &App, submission: &Submission) -> anyhow::Result<bool> {
    let (subject, id) = (submission.obligation.to_string(), submission.id);
    let events = app.ledger.read(move |txn| txn.events_of(&subject)).await?;
    let released = |event: &Event| matches!(event, Event::Released { submission, .. } if *submission == id);
    Ok(events.iter().any(|recorded| released(&recorded.event)))
}

/// The earlier submission that makes this one a repeat: the one that stands or one that waits, same bytes, same
/// contract.
fn same_as(txn: &Txn<'_>, new: &NewSubmission) -> crate::ledger::Result<Option<i64>> {
    let Some(obligation) = txn.obligation(&new.obligation)? else { return Ok(None) };
    // The provisional file sent again says that its figures are final.
    let stands = obligation.effective.filter(|_| !obligation.phase.is_awaited());
    for id in stands.into_iter().chain(obligation.undecided).chain(obligation.held) {
        if let Some(earlier) = txn.submission(id)?
            && earlier.sha256 == new.sha256
            && earlier.contract_hash == new.contract_hash
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// What became of these bytes if they are what an agency sent last, under the same contract: its people were told.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn known_verdict(
    app: &App,
    key: &ObligationKey,
    digest: &str,
    contract: &Contract,
) -> crate::ledger::Result<Option<Verdict>> {
    let key = key.clone();
    let last = app.ledger.read(move |txn| Ok(txn.submissions_of(&key)?.pop())).await?;
    let same = last.filter(|last| last.contract_hash == contract.hash && last.sha256 == digest);
    Ok(same.and_then(|last| last.verdict))
}

//! What an extract was and by what it was judged: bytes from the landing archive, contracts from the ledger.

use std::borrow::Cow;

use anyhow::Context;
use tokio::task::spawn_blocking;

use super::super::App;
use crate::{
    check::Contract,
    content::Content,
    ledger::{Obligation, ObligationKey, Submission},
    settings::{self, Problems},
    source::landing::Landed,
};

/// Keeps an extract in the landing archive; durable when this returns.
pub(in super::super) async fn keep(app: &App, content: Content) -> anyhow::Result<Landed> {
    let sha256 = content.sha256().to_owned();
    let known = app.ledger.read(move |txn| txn.data_key(&sha256)).await?;
    let landing = app.landing.clone();
    Ok(spawn_blocking(move || landing.keep(&content, known)).await??)
}

/// The extract of a submission as it arrived.
pub(in super::super) async fn content_of(app: &App, submission: &Submission) -> anyhow::Result<Content> {
    let sha256 = submission.sha256.clone();
    let digest = sha256.clone();
    let key = app.ledger.read(move |txn| txn.data_key(&digest)).await?;
    let key = key.with_context(|| format!("the extract of submission {} was destroyed", submission.id))?;
    let landing = app.landing.clone();
    Ok(spawn_blocking(move || landing.extract(&sha256, &key)).await??)
}

/// The contract a submission was, or is to be, judged under.
pub(in super::super) async fn contract_of<'a>(
    app: &'a App,
    submission: &Submission,
) -> anyhow::Result<Cow<'a, Contract>> {
    let today = app.board.returns.get(&submission.obligation.return_id);
    if let Some(contract) = today
        && contract.hash == submission.contract_hash
    {
        return Ok(Cow::Borrowed(contract));
    }
    let hash = submission.contract_hash.clone();
    let text = app.ledger.read(move |txn| txn.contract(&hash)).await?.context("the contract is not in the ledger")?;
    let mut problems = Problems::default();
    let label = format!("the contract of submission {}", submission.id);
    let document = settings::read_text(&label, &text, &mut problems);
    let contract = document.and_then(|document| {
        let contract = Contract::settle(submission.obligation.return_id.clone(), &document);
        problems.merge(document.finish());
        contract
    });
    contract.map(Cow::Owned).ok_or_else(|| anyhow::anyhow!("{label} cannot be read any more:\n{problems}"))
}

pub(in super::super) async fn the_submission(app: &App, id: i64) -> anyhow::Result<Submission> {
    let found = app.ledger.read(move |txn| txn.submission(id)).await?;
    found.with_context(|| format!("there is no submission {id}"))
}

pub(super) async fn obligation_of(app: &App, key: &ObligationKey) -> anyhow::Result<Obligation> {
    let wanted = key.clone();
    let found = app.ledger.read(move |txn| txn.obligation(&wanted)).await?;
    found.with_context(|| format!("the ledger does not know {key}"))
}

//! The verdict on an extract: decoded, checked against its contract, and stored if it keeps it.

use super::{
    super::{App, across, agreements, known, letters, past},
    Received, document,
    opened::{OpenError, open, read},
    rolling, sealing,
    store::{Kept, Outcome, decide, store},
    window,
};
use crate::{
    check::{CheckError, Claim, Contract, check},
    content::Content,
    decode::DecodeError,
    domain::{Verdict, civil_day},
    fault,
    ledger::{FindingRow, Severity, Submission},
    warehouse::{Staging, Warehouse},
};

/// Judges a submission; `released` lets a held one pass, errors stand.
pub(super) async fn judge(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    content: Content,
    released: bool,
) -> anyhow::Result<Received> {
    if contract.is_document() {
        return document::take(app, submission, &content).await;
    }
    let opened = match open(app, &submission.obligation.agency, contract, content).await {
        Ok(opened) => opened,
        Err(OpenError::File(error)) => return unreadable(app, submission, contract, error).await,
        Err(OpenError::Ours(error)) => return Err(error),
    };
    match sealing::look(app, submission, contract, &opened).await {
        Ok(found) if found.is_empty() => {}
        Ok(found) => return sealing::seal(app, submission, contract, &found).await,
        Err(error) => return unreadable(app, submission, contract, error).await,
    }
    let decoded = match read(app, contract, opened.clone()).await {
        Ok(decoded) => decoded,
        Err(OpenError::File(error)) => return unreadable(app, submission, contract, error).await,
        Err(OpenError::Ours(error)) => return Err(error),
    };
    let claim = Claim { obligation: submission.obligation.clone(), submission: submission.id };
    let mut past = past::past(app, contract, &submission.obligation).await?;
    let vector = known::fill(app, contract, &submission.obligation, &mut past).await?;
    let mut staging = stage(&app.warehouse, contract, submission)?;
    let checked = match check(contract, claim, decoded, &past, &mut staging).await {
        Ok(checked) => checked,
        Err(error) => {
            drop(staging);
            return match error {
                CheckError::Decode(error) => unreadable(app, submission, contract, error).await,
                other => Err(other.into()),
            };
        }
    };
    let checked = if released { checked.released() } else { checked };
    let checked = match window::holds(app, contract, submission).await? {
        Some(why) => checked.held_because(why),
        None => checked,
    };
    if !checked.verdict().is_accepted() {
        drop(staging);
        return decide(app, submission, Outcome::from(&checked), checked.findings()).await;
    }
    if let Some(why) = lapsed(app, submission, contract).filter(|_| !released) {
        drop(staging);
        let outcome = Outcome { verdict: Verdict::Held, reason: Some(why), ..Outcome::from(&checked) };
        return decide(app, submission, outcome, checked.findings()).await;
    }
    let staged = staging.finish().await?;
    fault::point("store-after-staging");
    let checked = across::ask(app, contract, &staged, &vector, checked).await?;
    let mut outcome = Outcome::from(&checked);
    if outcome.verdict.is_accepted() {
        let totals = checked.totals().iter().map(letters::kept_total);
        let (judged_with, lists) = known::judged_with(contract, &past, &vector);
        let earlier = rolling::earlier(app, submission, contract, &opened, &checked, &past).await?;
        if earlier.findings.iter().any(|finding| finding.severity == Severity::Query) {
            outcome.verdict = Verdict::AcceptedWithQueries;
        }
        let kept = Kept {
            findings: checked.findings().iter().cloned().chain(earlier.findings).collect(),
            marks: checked.marks().to_vec(),
            totals: Some(totals.collect()),
            seen: serde_json::to_value(checked.seen())?,
            judged_with,
            lists,
            refused: checked.refused().clone(),
            sizes: checked.sizes(),
            coverage: checked.coverage().cloned(),
            is_rolling: earlier.is_rolling,
            restated: earlier.restated,
        };
        store(app, submission, staged, outcome, kept).await
    } else {
        app.warehouse.discard(&staged)?;
        decide(app, submission, outcome, checked.findings()).await
    }
}

/// Why no figure of a submission is taken without a person: the agreement it rests on has lapsed. What is looked at is the
/// definition as it stands now, so that a renewed agreement counts from its renewal.
fn lapsed(app: &App, submission: &Submission, contract: &Contract) -> Option<String> {
    let contract = app.board.returns.get(&submission.obligation.return_id).unwrap_or(contract);
    let today = civil_day(app.clock.now());
    agreements::has_lapsed(contract, today).then(|| agreements::reason(contract))
}

/// A file that cannot be read is the sender's to mend; a copy that the disk does not give back, or a worker that could
/// not be started, is ours.
async fn unreadable(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    error: DecodeError,
) -> anyhow::Result<Received> {
    if error.is_ours() {
        return Err(error.into());
    }
    let finding = FindingRow {
        severity: Severity::Error,
        table: String::new(),
        sheet: None,
        heading: error.heading().filter(|heading| contract.knows_heading(heading)).map(str::to_owned),
        letter: None,
        row: None,
        rule: if error.is_locked() { "protected" } else { "unreadable" }.into(),
        says: error.to_string(),
    };
    let outcome = Outcome { reason: Some(error.to_string()), ..Outcome::of(Verdict::NotAccepted, false) };
    decide(app, submission, outcome, &[finding]).await
}

/// A place for the rows of a submission, one per table of its contract.
pub(in super::super) fn stage(
    warehouse: &Warehouse,
    contract: &Contract,
    submission: &Submission,
) -> anyhow::Result<Staging> {
    let tables: Vec<_> = contract.tables.iter().map(|t| (contract.qualified(t), t.schema())).collect();
    Ok(warehouse.stage(&submission.obligation, submission.id, &tables)?)
}

//! The verdict on an extract: decoded, checked against its contract, and stored if it keeps it.

use bytes::Bytes;

use super::{
    super::{App, past},
    Received,
    store::{Outcome, decide, store},
};
use crate::{
    check::{CheckError, Claim, Contract, check},
    decode::{DecodeError, decode},
    domain::Verdict,
    fault,
    ledger::{FindingRow, Severity, Submission},
    warehouse::{Staging, Warehouse},
    worker::WorkerError,
};

/// Judges a submission; `released` lets a held one pass, errors stand.
pub(super) async fn judge(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    bytes: Bytes,
    released: bool,
) -> anyhow::Result<Received> {
    let decoded = match decode(&contract.format, bytes, &app.launcher).await {
        Ok(decoded) => decoded,
        Err(error) => return unreadable(app, submission, contract, error).await,
    };
    let claim = Claim { obligation: submission.obligation.clone(), submission: submission.id };
    let past = past::past(app, contract, &submission.obligation).await?;
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
    let outcome = Outcome::from(&checked);
    if outcome.verdict.is_accepted() {
        let staged = staging.finish().await?;
        fault::point("store-after-staging");
        let totals = checked.totals().iter().map(|total| {
            serde_json::json!({ "heading": total.heading, "value": total.value.map(|value| value.to_string()) })
        });
        let totals = totals.collect();
        store(app, submission, staged, outcome, checked.findings().to_vec(), Some(totals)).await
    } else {
        drop(staging);
        decide(app, submission, outcome, checked.findings()).await
    }
}

/// A file that cannot be read is the sender's to mend; a worker that could not be started is ours.
async fn unreadable(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    error: DecodeError,
) -> anyhow::Result<Received> {
    if let DecodeError::Worker(WorkerError::Spawn { .. } | WorkerError::Build { .. } | WorkerError::Protocol { .. }) =
        &error
    {
        return Err(error.into());
    }
    let finding = FindingRow {
        severity: Severity::Error,
        table: String::new(),
        sheet: None,
        heading: error.heading().filter(|heading| contract.knows_heading(heading)).map(str::to_owned),
        letter: None,
        row: None,
        rule: "unreadable".into(),
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

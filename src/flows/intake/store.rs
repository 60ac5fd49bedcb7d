//! From a verdict to the warehouse, the ledger and the answer.

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{
    super::{App, letters, note_failure},
    Received,
    archive::obligation_of,
    judge::stage,
};
use crate::{
    check::{Checked, Contract},
    domain::Verdict,
    fault,
    ledger::{Event, FindingRow, RowCounts, Submission},
    warehouse::Staged,
};

/// A verdict on its way into the ledger; written down with `storing`, so that a crash loses nothing of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Outcome {
    pub verdict: Verdict,
    pub readable: bool,
    pub reason: Option<String>,
    /// One line of reason where there was nothing to report.
    pub nil: Option<String>,
    pub rows: (i64, i64, i64),
    pub ignored: Vec<String>,
    /// Whether nobody waits for an answer: a place we asked ourselves brought the same file again.
    pub unasked: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Storing {
    pub staged: Staged,
    outcome: Outcome,
}

impl Outcome {
    pub(super) fn of(verdict: Verdict, readable: bool) -> Self {
        Self { verdict, readable, reason: None, nil: None, rows: (0, 0, 0), ignored: Vec::new(), unasked: false }
    }

    pub(super) fn from(checked: &Checked) -> Self {
        let rows = checked.rows();
        Self {
            verdict: checked.verdict(),
            readable: true,
            reason: checked.reason().map(str::to_owned),
            nil: None,
            rows: (rows.read, rows.accepted, rows.refused),
            ignored: checked.ignored_sheets().to_vec(),
            unasked: false,
        }
    }
}

/// The note of staged files, where the submission came that far.
pub(super) async fn storing_of(app: &App, submission: &Submission) -> anyhow::Result<Option<Storing>> {
    let (subject, id) = (submission.obligation.to_string(), submission.id);
    let events = app.ledger.read(move |txn| txn.events_of(&subject)).await?;
    let storing = events.into_iter().rev().find_map(|recorded| match recorded.event {
        Event::Storing { submission, staged } if submission == id => Some(staged),
        _ => None,
    });
    storing.map(|staged| serde_json::from_value(staged).context("the ledger's note of the staged files")).transpose()
}

/// Stores a nil return: a commit without rows, in which the rows of an earlier file go.
pub(super) async fn store_nil(app: &App, submission: &Submission, contract: &Contract) -> anyhow::Result<Received> {
    let id = submission.id;
    let reason = app.ledger.read(move |txn| txn.totals(id)).await?;
    let reason = reason.and_then(|totals| totals["nil"].as_str().map(str::to_owned)).unwrap_or_default();
    let staged = stage(&app.warehouse, contract, submission)?.finish().await?;
    let outcome = Outcome { nil: Some(reason), ..Outcome::of(Verdict::Accepted, true) };
    store(app, submission, staged, outcome, Vec::new(), None).await
}

pub(super) async fn store(
    app: &App,
    submission: &Submission,
    staged: Staged,
    outcome: Outcome,
    findings: Vec<FindingRow>,
    totals: Option<serde_json::Value>,
) -> anyhow::Result<Received> {
    finish_others(app, submission, &staged).await?;
    let storing = Storing { staged, outcome };
    let event = Event::Storing { submission: submission.id, staged: serde_json::to_value(&storing)? };
    let (now, id, subject) = (app.clock.now(), submission.id, submission.obligation.to_string());
    app.ledger
        .write(move |txn| {
            txn.append(now, &subject, "daemon", &event)?;
            txn.keep_findings(id, &findings)?;
            if let Some(totals) = totals {
                txn.keep_totals(id, &totals)?;
            }
            Ok(())
        })
        .await?;
    fault::point("store-after-storing");
    finish_storing(app, submission, storing).await
}

/// Finishes what was on its way into the same tables: a commit after it would show readers its rows.
async fn finish_others(app: &App, submission: &Submission, staged: &Staged) -> anyhow::Result<()> {
    for other in app.ledger.read(|txn| txn.undecided_submissions()).await? {
        if other.id == submission.id {
            continue;
        }
        let Some(storing) = storing_of(app, &other).await? else { continue };
        if storing.staged.tables().any(|table| staged.tables().any(|mine| mine == table)) {
            let id = other.id;
            finish_storing(app, &other, storing).await.with_context(|| format!("submission {id} comes first"))?;
        }
    }
    Ok(())
}

/// From staged files to the answer, however often it was begun before.
pub(super) async fn finish_storing(app: &App, submission: &Submission, storing: Storing) -> anyhow::Result<Received> {
    let Storing { staged, outcome } = storing;
    let standing = obligation_of(app, &submission.obligation).await?.effective;
    if standing.is_some_and(|standing| standing > submission.id) {
        app.warehouse.discard(&staged)?;
        let reason = "a later file was accepted before this one was finished".to_owned();
        let late = Outcome { reason: Some(reason), unasked: true, ..Outcome::of(Verdict::NotAccepted, true) };
        return decide(app, submission, late, &[]).await;
    }
    // Held until the versions are recorded: no other commit may come between.
    let turn = app.warehouse.turn().await;
    let versions =
        turn.commit(&staged, app.clock.now()).await.with_context(|| format!("storing submission {}", submission.id))?;
    fault::point("store-after-tables");
    let id = submission.id;
    let findings = app.ledger.read(move |txn| txn.findings(id)).await?;
    let stored = Event::Stored { submission: id, versions };
    conclude(app, submission, outcome, &findings, Some(stored)).await
}

pub(super) async fn decide(
    app: &App,
    submission: &Submission,
    outcome: Outcome,
    findings: &[FindingRow],
) -> anyhow::Result<Received> {
    conclude(app, submission, outcome, findings, None).await
}

/// The verdict, the versions readers see and the answer, in one transaction.
async fn conclude(
    app: &App,
    submission: &Submission,
    outcome: Outcome,
    findings: &[FindingRow],
    stored: Option<Event>,
) -> anyhow::Result<Received> {
    let now = app.clock.now();
    let before = obligation_of(app, &submission.obligation).await?;
    let answers = match letters::answer(app, &before, submission, &outcome, findings).await {
        Ok(answers) => answers,
        Err(error) => {
            // The verdict does not wait for its letter.
            note_failure(app, &format!("answering submission {}", submission.id), &error).await;
            Vec::new()
        }
    };
    let (id, key) = (submission.id, submission.obligation.clone());
    let rows = RowCounts { read: outcome.rows.0, accepted: outcome.rows.1, refused: outcome.rows.2 };
    let received = Received {
        submission: id,
        verdict: outcome.verdict,
        reason: outcome.reason.clone(),
        findings: findings.to_vec(),
        rows,
    };
    let findings = findings.to_vec();
    app.ledger
        .write(move |txn| {
            let subject = key.to_string();
            if let Some(stored) = &stored {
                txn.append(now, &subject, "daemon", stored)?;
            }
            txn.keep_findings(id, &findings)?;
            txn.decide_submission(now, id, outcome.verdict, outcome.reason.as_deref(), rows)?;
            let event = match &outcome.nil {
                Some(reason) => Event::NilReturned { submission: id, reason: reason.clone() },
                None => Event::Decided {
                    submission: id,
                    verdict: outcome.verdict,
                    readable: outcome.readable,
                    reason: outcome.reason.clone(),
                },
            };
            txn.append(now, &subject, "daemon", &event)?;
            for answer in &answers {
                txn.enqueue(answer)?;
            }
            Ok(())
        })
        .await?;
    fault::point("store-after-stored");
    tracing::info!(
        submission = id, obligation = %submission.obligation, verdict = received.verdict.as_str(), rows = rows.read,
        "a submission was judged"
    );
    Ok(received)
}

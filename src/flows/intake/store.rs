//! From a verdict to the warehouse, the ledger and the answer.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    super::{App, letters, note_failure},
    Received, again,
    archive::obligation_of,
    judge::stage,
    window,
};
use crate::{
    check::{Checked, Contract, Coverage, RefusedRows},
    domain::{Verdict, words::several},
    fault,
    ledger::{Event, FindingRow, JudgedWith, OutboxRow, Restated, RowCounts, Severity, Submission, Txn},
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
    /// Columns that were left aside.
    #[serde(default)]
    pub ignored_columns: Vec<String>,
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
        Self {
            verdict,
            readable,
            reason: None,
            nil: None,
            rows: (0, 0, 0),
            ignored: Vec::new(),
            ignored_columns: Vec::new(),
            unasked: false,
        }
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
            ignored_columns: checked.ignored_columns().to_vec(),
            unasked: false,
        }
    }
}

/// What is kept of a file that is stored, before its rows are committed.
#[derive(Default)]
pub(super) struct Kept {
    pub findings: Vec<FindingRow>,
    /// What the queries among them are about.
    pub marks: Vec<Option<String>>,
    /// What is read back to its sender.
    pub totals: Option<serde_json::Value>,
    /// Its columns as they were.
    pub seen: serde_json::Value,
    pub judged_with: JudgedWith,
    /// The code lists of other returns, as texts.
    pub lists: Vec<String>,
    pub refused: RefusedRows,
    /// How many rows each table takes, and how many cells of each figure are filled.
    pub sizes: BTreeMap<String, i64>,
    /// How much of a group it speaks of.
    pub coverage: Option<Coverage>,
    /// Whether it holds several periods; then what older files would have changed is settled by it.
    pub is_rolling: bool,
    /// The earlier periods it would change.
    pub restated: Vec<Restated>,
}

impl Kept {
    fn keep(&self, txn: &Txn<'_>, now: Timestamp, parent: &Submission) -> crate::ledger::Result<()> {
        let id = parent.id;
        txn.keep_findings(id, &self.findings)?;
        txn.keep_marks(id, &self.marks)?;
        if let Some(coverage) = &self.coverage {
            txn.keep_coverage(id, coverage.present, &coverage.missing)?;
        }
        if self.is_rolling
            && let Some(contract) = txn.contract(&parent.contract_hash)?
        {
            txn.hold_restatement(now, parent, &contract, &self.restated)?;
        }
        if let Some(totals) = &self.totals {
            txn.keep_totals(id, totals)?;
        }
        if !self.seen.is_null() {
            txn.keep_judged(id, &self.judged_with, &self.seen)?;
        }
        self.lists.iter().try_for_each(|list| txn.keep_text(list))?;
        if !self.sizes.is_empty() {
            txn.keep_sizes(id, &self.sizes)?;
        }
        txn.keep_refused(id, &self.refused)
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
    if let Some(why) = window::holds(app, contract, submission).await? {
        let held = Outcome { reason: Some(why), ..Outcome::of(Verdict::Held, true) };
        return decide(app, submission, held, &[]).await;
    }
    let id = submission.id;
    let reason = app.ledger.read(move |txn| txn.totals(id)).await?;
    let reason = reason.and_then(|totals| totals["nil"].as_str().map(str::to_owned)).unwrap_or_default();
    let staged = stage(&app.warehouse, contract, submission)?.finish().await?;
    let outcome = Outcome { nil: Some(reason), ..Outcome::of(Verdict::Accepted, true) };
    store(app, submission, staged, outcome, Kept::default()).await
}

/// What the manager is told of earlier periods that wait for a word.
fn restating(app: &App, submission: &Submission, restated: &[Restated]) -> anyhow::Result<Vec<OutboxRow>> {
    if restated.is_empty() {
        return Ok(Vec::new());
    }
    let key = &submission.obligation;
    let (title, agency) = (app.board.return_title(&key.return_id), app.board.agency_name(&key.agency));
    let periods = several(restated.len(), "earlier period", "earlier periods");
    let what = format!("{title} of {agency}, {}, changes {periods}", key.period.human());
    let why: Vec<String> = restated.iter().map(|one| one.reason.clone()).collect();
    let next_step =
        "`quarterday status` lists them; `quarterday release N --reason …` takes all of them, with --refuse none";
    letters::alarm(app, &what, &why.join("; "), next_step, app.clock.now())
}

pub(super) async fn store(
    app: &App,
    submission: &Submission,
    staged: Staged,
    outcome: Outcome,
    kept: Kept,
) -> anyhow::Result<Received> {
    finish_others(app, submission, &staged).await?;
    let storing = Storing { staged, outcome };
    let event = Event::Storing { submission: submission.id, staged: serde_json::to_value(&storing)? };
    let (now, parent, subject) = (app.clock.now(), submission.clone(), submission.obligation.to_string());
    let alarms = restating(app, submission, &kept.restated)?;
    app.ledger
        .write(move |txn| {
            txn.append(now, &subject, "daemon", &event)?;
            kept.keep(txn, now, &parent)?;
            alarms.iter().try_for_each(|alarm| txn.enqueue(alarm).map(drop))
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

/// The findings to tell the sender: a query that an earlier explanation still answers is not asked again; and the outcome
/// as the sender is told it.
async fn still_asked(
    app: &App,
    submission: &Submission,
    outcome: &Outcome,
    findings: &[FindingRow],
) -> anyhow::Result<(Vec<FindingRow>, Outcome)> {
    let mut told = outcome.clone();
    told.unasked |= again::says_nothing_new(app, submission, outcome.verdict, findings).await?;
    if outcome.verdict != Verdict::AcceptedWithQueries {
        return Ok((findings.to_vec(), told));
    }
    let id = submission.id;
    let known = app.ledger.read(move |txn| txn.numbered_findings(id, None)).await?;
    let asked: Vec<_> = known.into_iter().filter(|one| one.explanation.is_none()).map(|one| one.finding).collect();
    if asked.iter().all(|finding| finding.severity != Severity::Query) {
        told.verdict = Verdict::Accepted;
    }
    Ok((asked, told))
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
    let (asked, answered) = still_asked(app, submission, &outcome, findings).await?;
    let answers = match letters::answer(app, &before, submission, &answered, &asked).await {
        Ok(answers) => answers,
        Err(error) => {
            // The verdict does not wait for its letter.
            note_failure(app, &format!("answering submission {}", submission.id), &error).await;
            Vec::new()
        }
    };
    let (id, key, arrived_at) = (submission.id, submission.obligation.clone(), Some(submission.received_at));
    let rows = RowCounts { read: outcome.rows.0, accepted: outcome.rows.1, refused: outcome.rows.2 };
    let received = Received {
        submission: id,
        verdict: outcome.verdict,
        reason: outcome.reason.clone(),
        findings: findings.to_vec(),
        rows,
    };
    let findings = findings.to_vec();
    let is_document = app.board.returns.get(&key.return_id).is_some_and(Contract::is_document);
    app.ledger
        .write(move |txn| {
            let subject = key.to_string();
            if let Some(stored) = &stored {
                txn.append(now, &subject, "daemon", stored)?;
            }
            txn.keep_findings(id, &findings)?;
            txn.seal_findings(now, &subject, id)?;
            txn.decide_submission(now, id, outcome.verdict, outcome.reason.as_deref(), rows)?;
            let event = match &outcome.nil {
                Some(reason) => Event::NilReturned {
                    submission: id,
                    reason: reason.clone(),
                    arrived_at: arrived_at.filter(|at| *at < now),
                },
                None => Event::Decided {
                    submission: id,
                    verdict: outcome.verdict,
                    readable: outcome.readable,
                    reason: outcome.reason.clone(),
                },
            };
            txn.append(now, &subject, "daemon", &event)?;
            if let Some(replaced) = before.effective.filter(|_| outcome.verdict.is_accepted() && !is_document) {
                txn.owe_difference(now, id, replaced)?;
            }
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

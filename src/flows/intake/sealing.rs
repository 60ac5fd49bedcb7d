//! A file with identities in it, of a return that has none: not accepted, and sealed before anything else is done with it.
//!
//! The order is safe whenever it is interrupted: the sealed copy is durable first; then one transaction records the
//! incident, the verdict and the letters and takes the readable key away; then the unreadable copy is cleared away.

use anyhow::Context;
use jiff::ToSpan;

use super::{
    super::{App, letters, note_failure},
    Received,
    archive::obligation_of,
};
use crate::{
    check::{
        Contract,
        guard::{self, Found, Identity},
    },
    decode::{DecodeError, Refusal, Unwrapped},
    domain::{Verdict, civil_day, words::listed},
    fault,
    ledger::{Event, FindingRow, Incident, MASTER, RowCounts, Submission},
};

/// Days until a sealed extract is destroyed.
const KEPT: i32 = 30;

/// How the place of a file's name begins that tells of a child and is therefore kept nowhere.
const WITHHELD: &str = "(withheld: ";

/// A file's name as it may be kept: one that tells of a child is replaced by what it tells.
pub(super) fn name_to_keep(contract: &Contract, name: &str) -> String {
    if !contract.governance.is_guarded() {
        return name.to_owned();
    }
    let kinds: Vec<&str> = guard::in_name(name).iter().map(|found| found.kind.as_str()).collect();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.len() <= 4);
    match kinds.is_empty() {
        true => name.to_owned(),
        false => format!("{WITHHELD}{}){}", kinds.join(" "), ending.map(|e| format!(".{e}")).unwrap_or_default()),
    }
}

/// Whether a file's name is kept nowhere.
pub(in super::super) fn is_withheld(name: &str) -> bool {
    name.starts_with(WITHHELD)
}

/// What the guard finds in a submission; nothing in one of a return that is not guarded.
///
/// # Errors
/// When the file cannot be looked through.
pub(super) async fn look(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    opened: &Unwrapped,
) -> Result<Vec<Found>, DecodeError> {
    if !contract.governance.is_guarded() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (name, content) in &opened.files {
        found.extend(name.iter().flat_map(|name| guard::in_name(name)));
        found.extend(guard::look(contract, content.clone(), &app.launcher).await?);
    }
    for content in &opened.beside {
        found.extend(guard::look_beside(contract, content.clone(), &app.launcher).await?);
    }
    let refused = match &opened.refused {
        Some(Refusal::Members { found, .. }) => found.as_slice(),
        _ => &[],
    };
    found.extend(opened.ignored.iter().chain(refused).flat_map(|name| guard::in_name(name)));
    if let Some(rest) = submission.name.strip_prefix(WITHHELD) {
        let kinds = rest.split(')').next().unwrap_or_default();
        found.extend(
            Identity::ALL.into_iter().filter(|k| kinds.split(' ').any(|word| word == k.as_str())).map(Found::in_name),
        );
    }
    Ok(found)
}

/// Seals a submission in which identities were found.
pub(super) async fn seal(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    found: &[Found],
) -> anyhow::Result<Received> {
    let (id, sha256) = (submission.id, submission.sha256.clone());
    let digest = sha256.clone();
    let (key, number, shared) = app
        .ledger
        .read(move |txn| Ok((txn.data_key(&digest)?, txn.next_incident()?, txn.accepted_with(&digest)?)))
        .await?;
    let key = key.with_context(|| format!("the extract of submission {id} was destroyed"))?;
    let custodian = app.board.custodian.as_ref();
    let (landing, recipient) = (app.landing.clone(), custodian.map(|custodian| custodian.recipient.clone()));
    let sealed_for = recipient.as_ref().map_or_else(|| MASTER.to_owned(), ToString::to_string);
    let digest = sha256.clone();
    let sealed_key =
        tokio::task::spawn_blocking(move || landing.seal_for(&digest, &key, id, recipient.as_ref())).await??;
    fault::point("incident-after-copy");

    let now = app.clock.now();
    let mut kinds: Vec<Identity> = found.iter().map(|found| found.kind).collect();
    kinds.sort();
    kinds.dedup();
    let incident = Incident {
        id: number,
        submission: id,
        sha256: sha256.clone(),
        opened_at: now,
        destroy_on: civil_day(now).checked_add(KEPT.days())?,
        kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        sealed_for,
        sealed_key: Some(sealed_key),
        closed_at: None,
        closed_by: None,
    };
    let findings: Vec<FindingRow> = found.iter().map(|found| found.finding(contract)).collect();
    let received =
        record(app, submission, contract, &incident, findings, Telling::New { shared: shared.is_some() }).await?;
    fault::point("incident-after-record");
    if shared.is_none() {
        let landing = app.landing.clone();
        tokio::task::spawn_blocking(move || landing.clear(&sha256)).await??;
    }
    app.ledger.settle().await?;
    Ok(received)
}

/// The same file as in an incident, under the same contract: its bytes are kept no second time. `unasked` says that nobody
/// waits for an answer.
pub(super) async fn again(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    incident: &Incident,
    unasked: bool,
) -> anyhow::Result<Received> {
    let first = incident.submission;
    let findings = app.ledger.read(move |txn| txn.findings(first)).await?;
    let telling = if unasked { Telling::Nobody } else { Telling::Again };
    record(app, submission, contract, incident, findings, telling).await
}

/// What is new about a submission with identities in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// The incident; and whether an accepted submission rests on the same bytes.
    New { shared: bool },
    /// That the file came again.
    Again,
    /// Nothing that anybody waits to hear.
    Nobody,
}

/// The verdict, the incident if it is a new one, and the letters, in one transaction.
async fn record(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    incident: &Incident,
    findings: Vec<FindingRow>,
    telling: Telling,
) -> anyhow::Result<Received> {
    let before = obligation_of(app, &submission.obligation).await?;
    let is_again = telling == Telling::Again;
    let letters = match letters::incident(app, &before, submission, contract, incident, &findings, is_again).await {
        Ok(_) if telling == Telling::Nobody => Vec::new(),
        Ok(letters) => letters,
        Err(error) => {
            note_failure(app, &format!("writing of incident {}", incident.id), &error).await;
            Vec::new()
        }
    };
    let (now, id, subject) = (app.clock.now(), submission.id, submission.obligation.to_string());
    let reason = format!("incident {}: it holds what looks like {}", incident.id, listed(words_of(incident)));
    let verdict = Verdict::NotAccepted;
    let decided = Event::Decided { submission: id, verdict, readable: true, reason: Some(reason.clone()) };
    let (rows, incident, number) = (RowCounts::default(), incident.clone(), incident.id);
    let told = Received { submission: id, verdict, reason: Some(reason.clone()), findings: findings.clone(), rows };
    app.ledger
        .write(move |txn| {
            txn.keep_findings(id, &findings)?;
            txn.seal_findings(now, &subject, id)?;
            txn.decide_submission(now, id, verdict, Some(&reason), rows)?;
            if let Telling::New { shared } = telling {
                txn.open_incident(&subject, &incident, shared)?;
            }
            txn.append(now, &subject, "daemon", &decided)?;
            for letter in &letters {
                txn.enqueue(letter)?;
            }
            Ok(())
        })
        .await?;
    tracing::warn!(submission = id, incident = number, "a file with identities was sealed");
    Ok(told)
}

/// What was found, in words.
pub(in super::super) fn words_of(incident: &Incident) -> Vec<&'static str> {
    let known = |word: &String| Identity::ALL.into_iter().find(|kind| kind.as_str() == word);
    incident.kinds.iter().filter_map(known).map(Identity::several).collect()
}

/// The incident that a submission without a verdict is a repetition of, if it is.
pub(super) async fn incident_of(app: &App, submission: &Submission) -> anyhow::Result<Option<Incident>> {
    let (sha256, hash) = (submission.sha256.clone(), submission.contract_hash.clone());
    Ok(app.ledger.read(move |txn| txn.incident_of(&sha256, &hash)).await?)
}

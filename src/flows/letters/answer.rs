//! The answer to a submission, within minutes of it.

use std::collections::BTreeSet;

use super::{
    super::{App, backfill, intake::Outcome},
    contract, document, due, in_reply, manager,
    marked::marked,
    narrative::{self, narrative},
    noticed::noticed,
    post, post_with,
    read_back::read_back,
    recipients, with_sender,
};
use crate::{
    check::{Classification, Contract},
    domain::{Verdict, civil_day},
    form::{self, OWN_SHEETS},
    ledger::{FindingRow, Obligation, ObligationKey, OutboxRow, Severity, Submission},
    mail::{Judged, Letter, Marked, Rows, things},
    source::Source,
    timetable::Role,
};

/// Working days in which a question is to be answered before it is printed as a footnote.
const ANSWER_WITHIN: i32 = 10;

/// The answers to a submission, one per recipient; none for what nobody waits for.
pub(in super::super) async fn answer(
    app: &App,
    obligation: &Obligation,
    submission: &Submission,
    outcome: &Outcome,
    findings: &[FindingRow],
) -> anyhow::Result<Vec<OutboxRow>> {
    let now = app.clock.now();
    if outcome.unasked {
        return Ok(Vec::new());
    }
    let contract = contract(app, obligation)?;
    let due = due(app, obligation);
    let (id, subject) = (submission.id, submission.obligation.to_string());
    let (sender, message_id, events) =
        app.ledger.read(move |txn| Ok((txn.sender_of(id)?, txn.message_id_of(id)?, txn.events_of(&subject)?))).await?;
    // Its people were told that it waits; what a person decided is told beside that.
    let key = match events.iter().any(|recorded| recorded.event.holds(id)) {
        true => format!("answer/{id}/decided"),
        false => format!("answer/{id}"),
    };
    if !obligation.duty && sender.is_none() {
        // A release or a past period: nobody owes it, so only what needs a person is told, and to the manager.
        let told_already = backfill::is_one(submission) || outcome.verdict == Verdict::Duplicate;
        if outcome.verdict.is_accepted() || told_already {
            return Ok(Vec::new());
        }
        let what = format!("{} for {} was not taken", contract.title, obligation.key.period.human());
        let why = outcome.reason.iter().cloned().chain(findings.iter().take(5).map(|f| f.place() + &f.says)).collect();
        let next_step = "look at the file, and bring a corrected one with `quarterday submit`".to_owned();
        let letter = Letter::Alarm { what, why, since: now, next_step };
        return post(app, &key, None, vec![manager(app)], &letter, now);
    }
    let calendar = &app.board.timetable.calendar();
    let arrived_at = submission.received_at;
    let wrote = sender.as_ref().map(|(_, email)| email.clone()).unwrap_or_default();
    let people = with_sender(recipients(app, &obligation.key.agency, &[Role::Lead, Role::Deputy], now), sender);
    let (mut files, mut more) = (Vec::new(), Vec::new());
    let letter = match (outcome.verdict, &outcome.nil) {
        (_, Some(reason)) => Letter::AnswerNil { due, reason: reason.clone() },
        (verdict, None) if contract.is_document() && verdict.is_accepted() => {
            more = document::passed_on(app, obligation, submission, now).await?;
            Letter::AnswerDocument { due, arrived_at, replaced: obligation.effective.is_some() }
        }
        (Verdict::Accepted | Verdict::AcceptedWithQueries, None) => {
            // An error beside an accepted file is a row that was refused.
            let queries: Vec<_> = findings.iter().filter(|f| f.severity != Severity::Note).cloned().collect();
            let answer_by = match queries.is_empty() {
                true => None,
                false => Some(calendar.add_working_days(civil_day(now), ANSWER_WITHIN)?),
            };
            let (replaced, last) = earlier(app, obligation).await?;
            let copy;
            (copy, files) = marked(app, contract, &due, submission, &queries).await;
            let words = narrative(app, contract, submission, &outcome.ignored).await;
            let is_ignored = |name: &&String| !(is_own(name) || (words.is_some() && form::is_narrative(name)));
            let ignored_sheets = outcome.ignored.iter().filter(is_ignored).cloned().collect();
            let read = read_back(app, contract, submission.id, obligation.effective, last).await?;
            let has_narrative = words.as_ref().is_some_and(|words| !words.is_empty());
            more = narrative::passed_on(app, obligation, submission, due.clone(), words.unwrap_or_default())?;
            let judged = Judged {
                due,
                arrived_at,
                read: read.read,
                figures: read.figures,
                gone: read.gone,
                narrative: has_narrative,
                rows: rows(outcome),
                ignored_sheets,
                ignored_columns: outcome.ignored_columns.clone(),
                queries: things(&queries),
                notes: noticed(contract, findings),
                marked: copy,
                answer_by,
            };
            match replaced {
                Some(replaced) => Letter::AnswerRestated { judged, replaced_at: replaced.received_at },
                None if outcome.verdict == Verdict::Accepted => Letter::AnswerAccepted(judged),
                None => Letter::AnswerAcceptedWithQueries(judged),
            }
        }
        (Verdict::NotAccepted, None) => {
            let errors: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Error).cloned().collect();
            let fix_by = app.board.ladder(&obligation.key).corrected_by(obligation, calendar, now)?.max(civil_day(now));
            let copy;
            (copy, files) = match outcome.readable {
                true => marked(app, contract, &due, submission, findings).await,
                false => (Marked::No, Vec::new()),
            };
            let things = things(&errors);
            // Where nothing was found in what could be read, a person did not take it.
            let refused = outcome.reason.as_deref().filter(|_| outcome.readable && things.is_empty());
            let refused = refused.map(|why| why.split(" (decided by ").next().unwrap_or(why).to_owned());
            let fine_rows_matter = refused.is_none() && !is_child_level(contract);
            Letter::AnswerNotAccepted {
                refused,
                due,
                arrived_at,
                unreadable: if outcome.readable { None } else { outcome.reason.clone() },
                places: things.iter().map(|thing| thing.total).sum(),
                things,
                notes: noticed(contract, findings),
                marked: copy,
                rows: rows(outcome),
                fix_by,
                rows_fine: rows_fine(outcome, &errors).filter(|_| fine_rows_matter),
                fetched: matches!(contract.source, Source::Https(_)),
            }
        }
        (Verdict::Held, None) => {
            let reason = outcome.reason.clone().unwrap_or_default();
            Letter::AnswerHeld { due, arrived_at, reason, rows: rows(outcome) }
        }
        (Verdict::Duplicate, None) => {
            let first = same_before(app, obligation, submission).await?;
            Letter::AnswerDuplicate { due, first_at: first.map_or(arrived_at, |first| first.received_at) }
        }
    };
    let rows = post_with(app, &key, Some(obligation), people, &letter, &files, now)?;
    let mut rows = in_reply(rows, &wrote, message_id.as_deref());
    rows.extend(more);
    if outcome.verdict == Verdict::Held {
        let what = format!("{} of {} is held for you", contract.title, app.board.agency_name(&obligation.key.agency));
        let id = submission.id;
        let letter = Letter::Alarm {
            what,
            why: outcome.reason.iter().cloned().collect(),
            since: now,
            next_step: format!("`quarterday release {id} --reason …` takes it; with --refuse it is refused"),
        };
        rows.extend(post(app, &format!("held/{id}"), None, vec![manager(app)], &letter, now)?);
    }
    Ok(rows)
}

fn rows(outcome: &Outcome) -> Rows {
    let (read, taken, refused) = outcome.rows;
    let count = |rows: i64| u64::try_from(rows).unwrap_or(0);
    Rows { read: count(read), taken: count(taken), refused: count(refused) }
}

/// Rows in which nothing was found; none where that cannot be told, because a mistake is of the whole file or was only
/// counted.
fn rows_fine(outcome: &Outcome, errors: &[FindingRow]) -> Option<u64> {
    let wrong: Option<BTreeSet<u32>> =
        errors.iter().map(|f| f.row.filter(|_| FindingRow::more_like_it(&f.says).1 == 0)).collect();
    rows(outcome).read.checked_sub(wrong?.len() as u64).filter(|fine| *fine > 0)
}

/// Whether a sheet is one of those a workbook of ours brings along.
fn is_own(sheet: &str) -> bool {
    OWN_SHEETS.iter().any(|own| sheet.trim().eq_ignore_ascii_case(own))
}

/// The submission that a file replaces, and the one that stands for the period before.
async fn earlier(app: &App, obligation: &Obligation) -> anyhow::Result<(Option<Submission>, Option<i64>)> {
    let (key, effective) = (obligation.key.clone(), obligation.effective);
    Ok(app
        .ledger
        .read(move |txn| {
            let replaced = effective.map(|id| txn.submission(id)).transpose()?.flatten();
            let before = key.period.previous().map(|period| ObligationKey { period, ..key });
            let before = before.map(|before| txn.obligation(&before)).transpose()?.flatten();
            Ok((replaced, before.and_then(|obligation| obligation.effective)))
        })
        .await?)
}

/// The submission that the same bytes came as before: the one that stands, or one that waits.
async fn same_before(
    app: &App,
    obligation: &Obligation,
    submission: &Submission,
) -> anyhow::Result<Option<Submission>> {
    let (stands, waits) = (obligation.effective, obligation.undecided.iter().chain(&obligation.held));
    let ids: Vec<i64> = stands.into_iter().chain(waits.copied()).filter(|id| *id != submission.id).collect();
    let sha256 = submission.sha256.clone();
    Ok(app
        .ledger
        .read(move |txn| {
            for id in ids {
                if let Some(earlier) = txn.submission(id)?.filter(|earlier| earlier.sha256 == sha256) {
                    return Ok(Some(earlier));
                }
            }
            Ok(None)
        })
        .await?)
}

fn is_child_level(contract: &Contract) -> bool {
    contract.governance.classification == Classification::ChildLevel
}

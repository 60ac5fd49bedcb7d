//! The answer to a submission, within minutes of it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    super::{App, backfill, intake::Outcome},
    contract, due, manager,
    marked::marked,
    post, post_with, recipients, with_sender,
};
use crate::{
    check::{Classification, Contract},
    domain::{Verdict, civil_day, words::lower_first},
    form::OWN_SHEETS,
    ledger::{FindingRow, Obligation, ObligationKey, OutboxRow, Severity, Submission},
    mail::{Judged, Letter, Marked, Read, Rows, Total, things},
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
    let due = due(app, obligation, contract);
    let key = format!("answer/{}", submission.id);
    let id = submission.id;
    let sender = app.ledger.read(move |txn| txn.sender_of(id)).await?;
    if !obligation.duty && sender.is_none() {
        // A release or a past period: nobody owes it, so only what needs a person is told, and to the manager.
        let told_already = backfill::is_one(submission) || outcome.verdict == Verdict::Duplicate;
        if outcome.verdict.is_accepted() || told_already {
            return Ok(Vec::new());
        }
        let what = format!("{} for {} was not taken", contract.title, obligation.key.period.human());
        let why = outcome.reason.iter().cloned().chain(findings.iter().take(5).map(|f| f.says.clone())).collect();
        let next_step = "look at the file, and bring a corrected one with `quarterday submit`".to_owned();
        let letter = Letter::Alarm { what, why, since: now, next_step };
        return post(app, &key, None, vec![manager(app)], &letter, now);
    }
    let calendar = &app.board.timetable.calendar;
    let arrived_at = submission.received_at;
    let people = with_sender(recipients(app, obligation, &[Role::Lead, Role::Deputy]), sender);
    let mut files = Vec::new();
    let letter = match (outcome.verdict, &outcome.nil) {
        (_, Some(reason)) => Letter::AnswerNil { due, reason: reason.clone() },
        (Verdict::Accepted | Verdict::AcceptedWithQueries, None) => {
            // An error beside an accepted file is a row that was refused.
            let queries: Vec<_> = findings.iter().filter(|f| f.severity != Severity::Note).cloned().collect();
            let answer_by = match queries.is_empty() {
                true => None,
                false => Some(calendar.add_working_days(civil_day(now), ANSWER_WITHIN)?),
            };
            let before = earlier(app, obligation).await?;
            let copy;
            (copy, files) = marked(app, contract, &due, submission, &queries).await;
            let judged = Judged {
                due,
                arrived_at,
                read: read(app, contract, submission.id, before.as_ref().map(|b| b.id)).await?,
                rows: rows(outcome),
                ignored_sheets: outcome.ignored.iter().filter(|name| !is_own(name)).cloned().collect(),
                ignored_columns: outcome.ignored_columns.clone(),
                queries: things(&queries),
                marked: copy,
                answer_by,
            };
            match before {
                Some(replaced) if Some(replaced.id) == obligation.effective => {
                    Letter::AnswerRestated { judged, replaced_at: replaced.received_at }
                }
                _ if outcome.verdict == Verdict::Accepted => Letter::AnswerAccepted(judged),
                _ => Letter::AnswerAcceptedWithQueries(judged),
            }
        }
        (Verdict::NotAccepted, None) => {
            let errors: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Error).cloned().collect();
            let fix_by = app.board.timetable.ladder.corrected_by(obligation, calendar, now)?.max(civil_day(now));
            let copy;
            (copy, files) = match outcome.readable {
                true => marked(app, contract, &due, submission, findings).await,
                false => (Marked::No, Vec::new()),
            };
            let things = things(&errors);
            Letter::AnswerNotAccepted {
                due,
                arrived_at,
                unreadable: if outcome.readable { None } else { outcome.reason.clone() },
                places: things.iter().map(|thing| thing.total).sum(),
                things,
                marked: copy,
                rows: rows(outcome),
                fix_by,
                rows_fine: rows_fine(outcome, &errors).filter(|_| !is_child_level(contract)),
            }
        }
        (Verdict::Held, None) => {
            let reason = outcome.reason.clone().unwrap_or_default();
            Letter::AnswerHeld { due, arrived_at, reason, rows: rows(outcome) }
        }
        (Verdict::Duplicate, None) => {
            let first = earlier(app, obligation).await?;
            Letter::AnswerDuplicate { due, first_at: first.map_or(arrived_at, |first| first.received_at) }
        }
    };
    let mut rows = post_with(app, &key, Some(obligation), people, &letter, &files, now)?;
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

/// The submission this one is compared with: the one it replaces or, for a first one, that of the period before.
async fn earlier(app: &App, obligation: &Obligation) -> anyhow::Result<Option<Submission>> {
    let (key, effective) = (obligation.key.clone(), obligation.effective);
    Ok(app
        .ledger
        .read(move |txn| {
            let id = match (effective, key.period.previous()) {
                (Some(id), _) => Some(id),
                (None, Some(period)) => {
                    let before = ObligationKey { period, ..key };
                    txn.obligation(&before)?.and_then(|o| o.effective)
                }
                (None, None) => None,
            };
            match id {
                Some(id) => txn.submission(id),
                None => Ok(None),
            }
        })
        .await?)
}

#[derive(Deserialize)]
struct KeptTotal {
    heading: String,
    /// What people call it; its heading where the file was judged before there were labels.
    label: Option<String>,
    value: Option<String>,
}

/// What is read back to the sender, with what the earlier file said.
async fn read(app: &App, contract: &Contract, id: i64, before: Option<i64>) -> anyhow::Result<Read> {
    if is_child_level(contract) {
        return Ok(Read::ChildLevel);
    }
    let (now, before) = app
        .ledger
        .read(move |txn| {
            let before = before.map(|before| txn.totals(before)).transpose()?.flatten();
            Ok((txn.totals(id)?, before))
        })
        .await?;
    let kept = |totals: Option<serde_json::Value>| -> Vec<KeptTotal> {
        totals.and_then(|totals| serde_json::from_value(totals).ok()).unwrap_or_default()
    };
    let before = kept(before);
    let totals = kept(now).into_iter().map(|total| Total {
        before: before.iter().find(|b| b.heading == total.heading).and_then(|b| Some(grouped(b.value.as_ref()?))),
        value: total.value.map_or_else(|| "not given".into(), |value| grouped(&value)),
        label: label(&total.label.unwrap_or(total.heading)),
    });
    Ok(Read::Totals(totals.collect()))
}

/// A label as it stands in a sentence.
fn label(text: &str) -> String {
    lower_first(text.replace('_', " ").trim())
}

/// A number with its thousands apart: `46,410`.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && text != "-" {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

fn is_child_level(contract: &Contract) -> bool {
    contract.governance.classification == Classification::ChildLevel
}

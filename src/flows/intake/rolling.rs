//! A file that holds several periods: what it says of the earlier ones.
//!
//! An earlier period that reads as it stands is passed over. One that reads otherwise, or was never received, is held as
//! a submission of its own; all of one file are one restatement, which a person confirms with one word.

use std::collections::BTreeMap;

use anyhow::Context;
use arrow::{array::RecordBatch, util::display::array_value_to_string};

use super::{
    super::{App, explain, query},
    owed::opening,
};
use crate::{
    check::{Checked, Claim, Column, Contract, Past, Sink, SinkError, TableContract, check},
    decode::Unwrapped,
    domain::{Period, words::listed},
    ledger::{FindingRow, ObligationKey, Restated, Severity, Submission},
    warehouse::Statement,
};

/// What a file says of earlier periods.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// What the sender is told of them.
    pub findings: Vec<FindingRow>,
    /// Whether the file was looked through for them.
    pub is_rolling: bool,
    /// Those that are held.
    pub restated: Vec<Restated>,
}

/// Compares the earlier periods in a file that was accepted for its own with what stands.
pub(super) async fn earlier(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    opened: &Unwrapped,
    checked: &Checked,
    past: &Past,
) -> anyhow::Result<Earlier> {
    let mut earlier = Earlier::default();
    let Some(covers) = contract.covers else { return Ok(earlier) };
    let (id, key) = (submission.id, submission.obligation.clone());
    let (parent, standing) = app
        .ledger
        .read(move |txn| Ok((txn.parent_of(id)?, txn.standing_periods(&key.return_id, &key.agency)?)))
        .await?;
    if parent.is_some() {
        return Ok(earlier);
    }
    earlier.is_rolling = true;
    for period in covers.earlier(submission.obligation.period).into_iter().rev() {
        let stands = standing.contains(&period);
        if !checked.earlier().contains(&period) {
            if stands {
                let says = format!("{} is not in this file; what we have of it stays.", period.human());
                earlier.findings.push(finding(Severity::Note, "period-absent", says));
            }
            continue;
        }
        let key = ObligationKey { period, ..submission.obligation.clone() };
        let read = match rows_of(app, submission, contract, opened, &key, past).await? {
            Ok(read) => read,
            Err(first) => {
                let says = format!(
                    "the rows of {} do not keep the rules of this return; what we have of it stays. Please correct them. The \
                     first: {first}",
                    period.human()
                );
                earlier.findings.push(finding(Severity::Query, "period-unusable", says));
                continue;
            }
        };
        let moved = moved(app, contract, &key, &read).await?;
        if moved.is_empty() {
            continue;
        }
        earlier.findings.push(finding(Severity::Query, RESTATED, asked(period, stands, &moved)));
        earlier.restated.push(Restated {
            opening: opening(app, contract, &key)?,
            reason: held(period, stands, &moved, submission.id),
            rows: read.0.iter().map(|(_, batch)| i64::try_from(batch.num_rows()).unwrap_or(i64::MAX)).sum(),
            key,
        });
    }
    Ok(earlier)
}

/// Whoever released or refused a restatement has answered what was asked about it.
pub(super) async fn answered(
    app: &App,
    submission: i64,
    accept: bool,
    reason: &str,
    actor: &str,
) -> anyhow::Result<()> {
    let asked = app
        .ledger
        .read(move |txn| {
            let Some(parent) = txn.parent_of(submission)? else { return Ok(Vec::new()) };
            let numbered = txn.numbered_findings(parent, None)?.into_iter();
            let asked = numbered.filter(|one| one.finding.rule == RESTATED && one.explanation.is_none());
            Ok(asked.map(|one| (parent, one.number)).collect())
        })
        .await?;
    let because = if accept { reason.to_owned() } else { format!("not taken: {reason}") };
    for (parent, number) in asked {
        if let Err(error) = explain::explain(app, parent, number, &because, actor).await {
            // A reason that cannot be printed leaves the question open.
            tracing::warn!(submission = parent, finding = number, %error, "the reason is no footnote");
        }
    }
    Ok(())
}

/// The rule of a query about an earlier period.
const RESTATED: &str = "period-restated";

/// What the sender is asked.
fn asked(period: Period, stands: bool, moved: &[String]) -> String {
    let period = period.human();
    match stands {
        true => format!(
            "{period} reads otherwise than what we took before ({}). It is kept as it was until that is confirmed. Is the \
             change meant, and why?",
            listed(moved.iter().map(String::as_str))
        ),
        false => format!("{period} is in this file and was never received. It is kept aside until it is confirmed."),
    }
}

/// What the manager reads beside the held submission.
fn held(period: Period, stands: bool, moved: &[String], parent: i64) -> String {
    let what = if stands { format!("changes {}", listed(moved.iter().map(String::as_str))) } else { "is new".into() };
    format!("{} {what} in the file of submission {parent}; releasing one of its periods releases all", period.human())
}

fn finding(severity: Severity, rule: &str, says: String) -> FindingRow {
    FindingRow {
        severity,
        table: String::new(),
        sheet: None,
        heading: None,
        letter: None,
        row: None,
        rule: rule.to_owned(),
        says,
    }
}

/// The rows of one earlier period, by table; or the first that breaks the contract, and how.
async fn rows_of(
    app: &App,
    submission: &Submission,
    contract: &Contract,
    opened: &Unwrapped,
    key: &ObligationKey,
    past: &Past,
) -> anyhow::Result<Result<Kept, String>> {
    let decoded = super::opened::read(app, contract, opened.clone()).await?;
    let claim = Claim { obligation: key.clone(), submission: submission.id };
    let mut kept = Kept::default();
    // Its own rules alone: it is compared with what stands, and judged against its past when it is released.
    let known = Past {
        lists: past.lists.clone(),
        agency_names: past.agency_names.clone(),
        pseudonym_key: past.pseudonym_key.clone(),
        ..Past::default()
    };
    let checked = check(contract, claim, decoded, &known, &mut kept).await?;
    let first = checked.findings().first().map(|first| format!("{}{}", first.place(), first.says)).unwrap_or_default();
    Ok(if checked.released().verdict().is_accepted() { Ok(kept) } else { Err(first) })
}

/// Rows in memory: those of one period of one return.
#[derive(Default)]
struct Kept(Vec<(String, RecordBatch)>);

impl Sink for Kept {
    async fn write(&mut self, table: &str, batch: RecordBatch) -> Result<(), SinkError> {
        self.0.push((table.to_owned(), batch));
        Ok(())
    }
}

/// The headings of the columns whose figures differ from what stands; "its rows" where some came or went.
async fn moved(app: &App, contract: &Contract, key: &ObligationKey, read: &Kept) -> anyhow::Result<Vec<String>> {
    let statements: Vec<Statement> = contract
        .tables
        .iter()
        .map(|table| {
            let sql = format!(
                "SELECT {} FROM {} WHERE return_id = '{}' AND agency = '{}' AND period = '{}'",
                columns(table).map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", "),
                contract.qualified(table),
                key.return_id,
                key.agency,
                key.period
            );
            Statement { name: table.name.clone(), sql }
        })
        .collect();
    let vector = app.ledger.read(|txn| txn.vector()).await?;
    let mut answers: BTreeMap<String, Vec<RecordBatch>> = BTreeMap::new();
    for (name, answer) in query::put(app, &statements, &vector).await? {
        answers.insert(name, answer?);
    }
    let mut moved = Vec::new();
    for table in &contract.tables {
        let qualified = contract.qualified(table);
        let here: Vec<&RecordBatch> =
            read.0.iter().filter(|(name, _)| *name == qualified).map(|(_, batch)| batch).collect();
        let there: Vec<&RecordBatch> = answers.get(&table.name).into_iter().flatten().collect();
        let (here, there) = (rows(table, &here)?, rows(table, &there)?);
        let number = |rows: &BTreeMap<String, Vec<Vec<String>>>, key| rows.get(key).map_or(0, Vec::len);
        if here.keys().chain(there.keys()).any(|key| number(&here, key) != number(&there, key)) {
            moved.push("its rows".to_owned());
        }
        let paired = here.iter().filter_map(|(key, rows)| Some(rows).zip(there.get(key)));
        let paired: Vec<_> = paired.filter(|(now, before)| now.len() == before.len()).collect();
        for (at, column) in table.columns.iter().enumerate() {
            let is_other = |(now, before): (&Vec<String>, &Vec<String>)| now.get(at) != before.get(at);
            let differs = paired.iter().any(|(now, before)| now.iter().zip(*before).any(is_other));
            let heading = column.heading().to_owned();
            if differs && !moved.contains(&heading) {
                moved.push(heading);
            }
        }
    }
    Ok(moved)
}

/// A table's own columns in SQL, each measure with its status.
fn columns(table: &TableContract) -> impl Iterator<Item = String> {
    table.schema().fields().iter().skip(5).map(|field| field.name().clone()).collect::<Vec<_>>().into_iter()
}

/// Rows as texts, by their key: a text for each column of the contract. Where the table names no key, rows are told apart
/// by what is no figure in them, and those alike by their order among themselves: never by their place in a file.
fn rows(table: &TableContract, batches: &[&RecordBatch]) -> anyhow::Result<BTreeMap<String, Vec<Vec<String>>>> {
    let mut alike: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for batch in batches {
        let cell = |name: &str, at: usize| -> anyhow::Result<String> {
            let array = batch.column_by_name(name).with_context(|| format!("the column {name}"))?;
            Ok(array_value_to_string(array, at)?)
        };
        for at in 0..batch.num_rows() {
            let values = table.columns.iter().map(|column| {
                let status = format!("{}_status", column.name);
                let status = if column.kind.is_measure() { cell(&status, at)? } else { String::new() };
                Ok(format!("{}\u{1f}{status}", cell(&column.name, at)?))
            });
            let values = values.collect::<anyhow::Result<Vec<_>>>()?;
            let is_key = |column: &Column| match table.unique.is_empty() {
                true => !column.kind.is_measure(),
                false => table.unique.contains(&column.name),
            };
            let of_key = table.columns.iter().zip(&values).filter(|(column, _)| is_key(column));
            let key: Vec<&str> = of_key.map(|(_, value)| value.as_str()).collect();
            alike.entry(key.join("\u{1e}")).or_default().push(values);
        }
    }
    alike.values_mut().for_each(|rows| rows.sort_unstable());
    Ok(alike)
}

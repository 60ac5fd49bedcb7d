//! What a check needs beside the file and the period before: code lists, the agency's history and names, the columns of
//! the last file, the key for pseudonyms. And the same as it was, for a replay.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use arrow::array::{Array, AsArray, RecordBatch};

use super::{App, note_failure, pseudonyms, query};
use crate::{
    check::{CodeList, CodeTable, Contract, HISTORY, Past},
    domain::{Period, sha256},
    ledger::{JudgedWith, ObligationKey, Submission, Txn, Vector},
    warehouse::Statement,
};

/// Adds to `past` what else a check of a file for `key` needs; answers with the versions that readers see.
pub(super) async fn fill(
    app: &App,
    contract: &Contract,
    key: &ObligationKey,
    past: &mut Past,
) -> anyhow::Result<Vector> {
    let (wanted, watches) = (key.clone(), contract.tables.iter().any(|table| !table.outliers.is_empty()));
    let (vector, seen, periods) = app
        .ledger
        .read(move |txn| {
            let earlier = if watches { earlier_periods(txn, &wanted)? } else { Vec::new() };
            Ok((txn.vector()?, txn.last_seen(&wanted)?, earlier))
        })
        .await?;
    past.seen = seen.and_then(|seen| serde_json::from_value(seen).ok()).unwrap_or_default();
    past.agency_names = app.board.agencies.get(&key.agency).map(|agency| agency.names()).unwrap_or_default();
    if contract.needs_key() {
        past.pseudonym_key = Some(pseudonyms::key(app).await?);
    }
    for table in contract.code_tables() {
        if !past.lists.contains_key(table) {
            past.lists.insert(table.clone(), list(app, table, &vector).await?);
        }
    }
    let periods: Vec<String> = periods.iter().map(|period| format!("'{period}'")).collect();
    if !periods.is_empty() {
        past.history = history(app, contract, key, &periods.join(", "), &vector).await?;
    }
    Ok(vector)
}

/// The last periods before that of `key` of which something is accepted, newest first.
fn earlier_periods(txn: &Txn<'_>, key: &ObligationKey) -> crate::ledger::Result<Vec<Period>> {
    let standing = txn.standing_periods(&key.return_id, &key.agency)?;
    Ok(standing.into_iter().rev().filter(|period| period.end() < key.period.end()).take(HISTORY).collect())
}

/// What a list in the warehouse holds.
async fn list(app: &App, table: &CodeTable, vector: &Vector) -> anyhow::Result<CodeList> {
    let CodeTable { table, column, label } = table;
    let label = label.as_ref().map_or_else(|| "NULL".to_owned(), |label| format!("\"{label}\""));
    let sql = format!(
        "SELECT DISTINCT CAST(\"{column}\" AS VARCHAR), CAST({label} AS VARCHAR) FROM {table}
         WHERE \"{column}\" IS NOT NULL ORDER BY 1, 2"
    );
    let statement = Statement { name: table.clone(), sql };
    let (_, answer) = query::put(app, &[statement], vector).await?.pop().context("the worker gave no answer")?;
    let mut codes = Vec::new();
    for batch in answer.with_context(|| format!("the codes of {table}"))? {
        let (code, label) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
        for row in 0..batch.num_rows() {
            codes.push((code.value(row).to_owned(), label.is_valid(row).then(|| label.value(row).to_owned())));
        }
    }
    Ok(CodeList::of(codes))
}

/// The rows of these periods, of those tables that are held against their history. A history that cannot be read holds
/// nothing up.
async fn history(
    app: &App,
    contract: &Contract,
    key: &ObligationKey,
    periods: &str,
    vector: &Vector,
) -> anyhow::Result<BTreeMap<String, Vec<RecordBatch>>> {
    let mut history = BTreeMap::new();
    for table in contract.tables.iter().filter(|table| !table.outliers.is_empty()) {
        let columns: String = table.watched_columns().iter().map(|column| format!(", \"{column}\"")).collect();
        let sql = format!(
            "SELECT period{columns} FROM {} WHERE return_id = '{}' AND agency = '{}' AND period IN ({periods})",
            contract.qualified(table),
            key.return_id,
            key.agency
        );
        let statement = Statement { name: table.name.clone(), sql };
        let (name, answer) = query::put(app, &[statement], vector).await?.pop().context("the worker gave no answer")?;
        match answer {
            Ok(rows) => drop(history.insert(name, rows)),
            Err(error) => note_failure(app, &format!("reading the history of {name}"), &error.into()).await,
        }
    }
    Ok(history)
}

/// What is to be kept of what a file was judged with, and the lists by their texts.
pub(super) fn judged_with(contract: &Contract, past: &Past, vector: &Vector) -> (JudgedWith, Vec<String>) {
    let texts: Vec<(String, String)> =
        past.lists.iter().map(|(table, list)| (name_of(table), list.to_text())).collect();
    let asks = !contract.rules.is_empty() || !past.lists.is_empty() || !past.history.is_empty();
    let with = JudgedWith {
        versions: if asks { vector.clone() } else { Vector::new() },
        lists: texts.iter().map(|(name, text)| (name.clone(), sha256(text))).collect(),
        pseudonym_key: past.pseudonym_key.as_ref().map(|key| key.fingerprint()),
    };
    (with, texts.into_iter().map(|(_, text)| text).collect())
}

/// What a submission was judged with, as it was.
pub(super) async fn replayed(app: &App, contract: &Contract, submission: &Submission) -> anyhow::Result<Past> {
    let id = submission.id;
    let (with, refused) = app.ledger.read(move |txn| Ok((txn.judged_with(id)?, txn.refused(id)?))).await?;
    let mut past = Past { refused, ..Past::default() };
    for table in contract.code_tables() {
        let Some(digest) = with.lists.get(&name_of(table)).cloned() else { continue };
        let text = app.ledger.read(move |txn| txn.kept_text(&digest)).await?;
        let text = text.with_context(|| format!("the ledger no longer holds the codes of {}", table.table))?;
        past.lists.insert(table.clone(), CodeList::from_text(&text)?);
    }
    if contract.needs_key() {
        let key = pseudonyms::key(app).await?;
        let is_same = with.pseudonym_key.is_none_or(|known| known == key.fingerprint());
        ensure!(is_same, "submission {id} has pseudonyms of another key; restore pseudonym.key as it was then");
        past.pseudonym_key = Some(key);
    }
    Ok(past)
}

fn name_of(CodeTable { table, column, label }: &CodeTable) -> String {
    format!("{table}/{column}/{}", label.as_deref().unwrap_or_default())
}

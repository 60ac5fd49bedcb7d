//! Questions in SQL: the warehouse as readers see it, with the ledger's facts beside it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::{App, Board, facts};
use crate::{
    analysis,
    check::{Contract, Past},
    domain::Verdict,
    ledger::{ObligationKey, Vector},
    warehouse::{Answer, Question, SqlError, Statement, ask},
    worker::{Limits, WorkerError},
};

/// The most rows one answer may have.
pub const MOST_ROWS: usize = 1_000_000;

/// What one job of statements may use.
pub fn limits() -> Limits {
    Limits { memory_bytes: 2 << 30, wall: Duration::from_secs(120), decoded_bytes: 256 << 20 }
}

/// How rows are written for people and programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// A table for the eye.
    Table,
    /// CSV; texts that a spreadsheet would take for a formula are made harmless.
    Csv,
    /// An array of JSON objects.
    Json,
}

/// Puts statements to the warehouse as `vector` sees it.
pub async fn put(app: &App, statements: &[Statement], vector: &Vector) -> anyhow::Result<Vec<Answer>> {
    let mut facts = ledger_facts(app).await?;
    // A table nobody has delivered yet has no rows; it is not an unknown table.
    let empty = empty_tables(&app.board)?;
    facts.extend(empty.into_iter().filter(|(name, _)| !name.starts_with("ledger.") && !vector.contains_key(name)));
    let question =
        Question { statements, vector, facts: &facts, plan_only: false, limits: limits(), most_rows: MOST_ROWS };
    Ok(ask(&app.launcher, &app.warehouse_folder(), question).await?)
}

/// Puts one statement to the warehouse as readers see it now, or as they saw it at the end of a day.
pub async fn sql(app: &App, text: &str, as_of: Option<jiff::civil::Date>) -> anyhow::Result<Vec<RecordBatch>> {
    let vector = match as_of {
        Some(day) => app.ledger.read(move |txn| txn.vector_as_of(day)).await?,
        None => app.ledger.read(|txn| txn.vector()).await?,
    };
    let statement = Statement { name: "statement".into(), sql: text.to_owned() };
    let answers = put(app, &[statement], &vector).await;
    let mut answers = answers.map_err(|error| match error.downcast::<WorkerError>() {
        Ok(error) => SqlError::of_worker(&error).into(),
        Err(error) => error,
    })?;
    let (_, answer) = answers.pop().context("the worker gave no answer")?;
    Ok(answer?)
}

/// The fact tables under their qualified names.
pub async fn ledger_facts(app: &App) -> anyhow::Result<Vec<(String, RecordBatch)>> {
    let now = app.clock.now();
    let (obligations, submissions, messages) =
        app.ledger.read(|txn| Ok((txn.obligations()?, txn.submissions()?, txn.messages()?))).await?;
    let tables = [
        facts::obligations(&app.board, &obligations, now)?,
        facts::submissions(&submissions)?,
        facts::messages(&messages)?,
    ];
    Ok(tables.into_iter().map(|(name, batch)| (format!("ledger.{name}"), batch)).collect())
}

/// Every table the board's SQL may name, without rows.
pub fn empty_tables(board: &Board) -> anyhow::Result<Vec<(String, RecordBatch)>> {
    let mut tables: Vec<(String, RecordBatch)> = facts::empty(board)?.into_iter().collect();
    for contract in board.returns.values() {
        for table in &contract.tables {
            let name = contract.qualified(table);
            if !tables.iter().any(|(known, _)| *known == name) {
                tables.push((name, RecordBatch::new_empty(table.schema())));
            }
        }
    }
    for name in ["analysis.figures", "disclosed.figures"] {
        tables.push((name.to_owned(), RecordBatch::new_empty(analysis::figures_schema())));
    }
    Ok(tables)
}

/// What is known of earlier files of a return: what `check` compares a new one with.
pub async fn past(app: &App, contract: &Contract, key: &ObligationKey) -> anyhow::Result<Past> {
    let wanted = key.clone();
    let earlier = app
        .ledger
        .read(move |txn| {
            Ok(txn.submissions()?.into_iter().rev().find(|submission| {
                submission.verdict.is_some_and(Verdict::is_accepted)
                    && submission.obligation.return_id == wanted.return_id
                    && submission.obligation.agency == wanted.agency
                    && submission.obligation.period.end() <= wanted.period.end()
            }))
        })
        .await?;
    Ok(Past {
        usual_rows: earlier.as_ref().map(|submission| submission.rows_accepted),
        previous: previous(app, contract, key).await?,
    })
}

/// The rows of the period before, of those tables whose figures are compared with it.
async fn previous(
    app: &App,
    contract: &Contract,
    key: &ObligationKey,
) -> anyhow::Result<BTreeMap<String, Vec<RecordBatch>>> {
    let compared: Vec<_> = contract.tables.iter().filter(|table| !table.compares.is_empty()).collect();
    if compared.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted = key.clone();
    let (before, vector) = app
        .ledger
        .read(move |txn| {
            let of_return = txn.obligations()?.into_iter().filter(|o| {
                o.effective.is_some() && o.key.return_id == wanted.return_id && o.key.agency == wanted.agency
            });
            let before = of_return.map(|o| o.key.period).filter(|p| p.end() < wanted.period.end());
            Ok((before.max_by_key(|period| period.end()), txn.vector()?))
        })
        .await?;
    let Some(before) = before else { return Ok(BTreeMap::new()) };
    let statements: Vec<Statement> = compared
        .iter()
        .map(|table| {
            let columns: Vec<String> = table.compared_columns().iter().map(|c| format!("\"{c}\"")).collect();
            let sql = format!(
                "SELECT {} FROM {} WHERE return_id = '{}' AND agency = '{}' AND period = '{before}'",
                columns.join(", "),
                contract.qualified(table),
                key.return_id,
                key.agency
            );
            Statement { name: table.name.clone(), sql }
        })
        .collect();
    let mut previous = BTreeMap::new();
    for (name, answer) in put(app, &statements, &vector).await? {
        previous.insert(name, answer?);
    }
    Ok(previous)
}

/// Writes rows.
///
/// # Errors
/// When a value cannot be written in that format.
pub fn written(rows: &[RecordBatch], format: Written) -> anyhow::Result<String> {
    match format {
        Written::Table => Ok(arrow::util::pretty::pretty_format_batches(rows)?.to_string()),
        Written::Csv => csv(rows),
        Written::Json => {
            let mut writer = arrow::json::ArrayWriter::new(Vec::new());
            writer.write_batches(&rows.iter().collect::<Vec<_>>())?;
            writer.finish()?;
            Ok(String::from_utf8(writer.into_inner())?)
        }
    }
}

fn csv(rows: &[RecordBatch]) -> anyhow::Result<String> {
    use arrow::{array::Array, datatypes::DataType, util::display::ArrayFormatter};
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    };
    let Some(first) = rows.first() else { return Ok(text) };
    line(&mut first.schema().fields().iter().map(|field| quoted(field.name())));
    for batch in rows {
        let options = arrow::util::display::FormatOptions::default();
        let columns: Vec<_> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            line(&mut columns.iter().zip(batch.columns()).map(|(column, array)| {
                let is_text = matches!(array.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
                let cell = if array.is_null(row) { String::new() } else { column.value(row).to_string() };
                if is_text { quoted(&cell) } else { cell }
            }));
        }
    }
    Ok(text)
}

/// A text cell: quoted where CSV needs it, and never a formula.
fn quoted(text: &str) -> String {
    let dangerous = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let text = if dangerous { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

//! Asks the rules of a contract that reach across its tables, the period before and other returns: over the staged rows
//! of a file and the versions that readers see, in a worker.

use anyhow::anyhow;
use arrow::array::RecordBatch;

use super::{App, note_failure, query};
use crate::{
    check::{Checked, Contract, CrossAnswer, CrossRule},
    ledger::{ObligationKey, Vector},
    warehouse::{SqlError, Staged, Statement, View},
    worker::WorkerError,
};

/// The schema of the rows of the period before.
const PREVIOUS: &str = "previous";

/// The file after its rules were asked.
///
/// # Errors
/// When no worker could be started; a rule that cannot be worked out is told and is no error.
pub(super) async fn ask(
    app: &App,
    contract: &Contract,
    staged: &Staged,
    vector: &Vector,
    checked: Checked,
) -> anyhow::Result<Checked> {
    if contract.rules.is_empty() {
        return Ok(checked);
    }
    let (views, facts) = tables(app, contract, staged, vector).await?;
    let mut answers: Vec<CrossAnswer<'_>> = Vec::new();
    for rule in &contract.rules {
        // Each alone: one that ends its worker takes no other with it.
        let statements = [Statement { name: rule.id.clone(), sql: rule.sql.clone() }];
        let answer = match query::put_beside(app, &statements, vector, &views, facts.clone()).await {
            Ok(mut answers) => answers.pop().map(|(_, answer)| answer),
            Err(error) => match error.downcast::<WorkerError>() {
                Ok(error) if is_of_statement(&error) => Some(Err(SqlError::of_worker(&error))),
                Ok(error) => return Err(error.into()),
                Err(error) => return Err(error),
            },
        };
        let answer = answer.unwrap_or_else(|| Err(SqlError("the worker gave no answer".into())));
        answers.push((rule, told(app, contract, rule, answer).await));
    }
    Ok(checked.across(contract, &answers))
}

async fn told(
    app: &App,
    contract: &Contract,
    rule: &CrossRule,
    answer: Result<Vec<RecordBatch>, SqlError>,
) -> Option<Vec<RecordBatch>> {
    match answer {
        Ok(rows) => Some(rows),
        Err(error) => {
            note_failure(app, &format!("working out rule {} of {}", rule.id, contract.id), &anyhow!("{error}")).await;
            None
        }
    }
}

fn is_of_statement(error: &WorkerError) -> bool {
    use WorkerError::{Died, OutOfMemory, Timeout, TooLarge};
    matches!(error, OutOfMemory { .. } | Timeout { .. } | TooLarge { .. } | Died { .. })
}

/// The tables of the file under their own names, and those of the period before.
async fn tables(
    app: &App,
    contract: &Contract,
    staged: &Staged,
    vector: &Vector,
) -> anyhow::Result<(Vec<View>, Vec<(String, RecordBatch)>)> {
    let key = staged.key.clone();
    let before = app
        .ledger
        .read(move |txn| {
            let standing = txn.standing_periods(&key.return_id, &key.agency)?;
            let before = standing.into_iter().rfind(|period| period.end() < key.period.end());
            Ok(before.map(|period| ObligationKey { period, ..key }))
        })
        .await?;
    let mut views = Vec::new();
    for table in &contract.tables {
        let qualified = contract.qualified(table);
        views.extend(staged.view(&qualified, format!("public.{}", table.name)));
        if let Some(key) = before.clone().filter(|_| vector.contains_key(&qualified)) {
            views.push(View { name: format!("{PREVIOUS}.{}", table.name), table: qualified, key, staged: None });
        }
    }
    Ok((views, empty(contract)))
}

/// The tables a contract's rules may name besides those of the warehouse, without rows.
pub(super) fn empty(contract: &Contract) -> Vec<(String, RecordBatch)> {
    let names = contract.tables.iter().flat_map(|table| {
        ["public", PREVIOUS].map(|schema| (format!("{schema}.{}", table.name), RecordBatch::new_empty(table.schema())))
    });
    names.collect()
}

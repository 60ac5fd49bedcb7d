//! What is known of earlier files of a return: what `check` compares a new one with.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use super::{App, query};
use crate::{
    check::{Contract, Past},
    domain::Verdict,
    ledger::ObligationKey,
    warehouse::Statement,
};

/// What is known of the files of a return before that of `key`.
pub async fn past(app: &App, contract: &Contract, key: &ObligationKey) -> anyhow::Result<Past> {
    let wanted = key.clone();
    // The last period's, not the last that came: a past period may be loaded at any time. A nil return has no usual size.
    let (earlier, usual_sizes) = app
        .ledger
        .read(move |txn| {
            let of_return = txn.submissions_from(&wanted.return_id, &wanted.agency)?;
            let comparable = of_return.into_iter().filter(|submission| {
                submission.verdict.is_some_and(Verdict::is_accepted)
                    && !submission.sha256.is_empty()
                    && submission.obligation.period.end() <= wanted.period.end()
            });
            let last = comparable.max_by_key(|submission| (submission.obligation.period.end(), submission.id));
            let tables = last.as_ref().map(|last| txn.sizes(last.id)).transpose()?;
            Ok((last, tables.unwrap_or_default()))
        })
        .await?;
    let members = app.board.agencies.get(&key.agency).map(|agency| agency.members.clone()).unwrap_or_default();
    Ok(Past {
        members,
        usual_rows: earlier.as_ref().map(|submission| submission.rows_accepted),
        usual_sizes,
        previous: previous(app, contract, key).await?,
        ..Past::default()
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
            let standing = txn.standing_periods(&wanted.return_id, &wanted.agency)?;
            Ok((standing.into_iter().rfind(|period| period.end() < wanted.period.end()), txn.vector()?))
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
    for (name, answer) in query::put(app, &statements, &vector).await? {
        previous.insert(name, answer?);
    }
    Ok(previous)
}

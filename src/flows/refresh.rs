//! Figures follow the returns: whenever an accepted submission moved a table, the indicators are worked out anew.

use anyhow::Context;
use arrow::array::RecordBatch;

use super::{App, query};
use crate::{
    analysis::{self, Analysed, Answer, Class, Disclosed, Names},
    domain::{Period, civil_day},
    ledger::{Event, Txn, Vector},
    warehouse::Statement,
};

/// The fact that keeps what the figures were last made from.
const MADE_FROM: &str = "figures_made_from";

/// Works the figures out anew if what they are made from has changed; says whether it had.
pub async fn refresh(app: &App) -> anyhow::Result<bool> {
    let (vector, made_from) = app.ledger.read(|txn| Ok((txn.vector()?, txn.fact(MADE_FROM)?))).await?;
    let now = app.clock.now();
    let period = Period::quarter_ended_by(civil_day(now));
    let mark = serde_json::json!({ "inputs": inputs(&vector), "period": period }).to_string();
    if inputs(&vector).is_empty() || made_from.as_deref() == Some(mark.as_str()) {
        return Ok(false);
    }
    let analysed = analyse(app, &vector, period).await?;
    let figures = analysis::figures_table(&analysed)?;
    let disclosed = analysis::disclosed_table(&analysis::disclose(analysed, Class::Public))?;
    let turn = app.warehouse.turn().await;
    let mut versions = Vector::new();
    for (table, batch) in [("analysis.figures", figures), ("disclosed.figures", disclosed)] {
        let version = turn.write_derived(table, &batch.schema(), &[batch], now).await?;
        versions.insert(table.to_owned(), version);
    }
    app.ledger
        .write(move |txn| {
            txn.append(now, "warehouse", "daemon", &Event::Refreshed { versions })?;
            txn.set_fact(MADE_FROM, &mark)
        })
        .await?;
    tracing::info!(%period, "the figures were refreshed");
    Ok(true)
}

/// The figures of `period` as they may be shown.
pub async fn disclosed(app: &App, vector: &Vector, period: Period) -> anyhow::Result<Disclosed> {
    Ok(analysis::disclose(analyse(app, vector, period).await?, Class::Public))
}

async fn analyse(app: &App, vector: &Vector, period: Period) -> anyhow::Result<Analysed> {
    let mut statements = Vec::new();
    for indicator in &app.board.indicators {
        statements.push(Statement { name: format!("{}.sql", indicator.id), sql: indicator.sql.clone() });
        if let Some(benchmark) = &indicator.benchmark {
            statements.push(Statement { name: format!("{}.benchmark.sql", indicator.id), sql: benchmark.sql.clone() });
        }
    }
    let mut given = query::put(app, &statements, vector).await?.into_iter();
    let mut next = || -> anyhow::Result<Vec<RecordBatch>> {
        let (name, answer) = given.next().context("the worker left a statement unanswered")?;
        answer.with_context(|| format!("reports/indicators/{name}"))
    };
    let mut answers = Vec::new();
    for indicator in &app.board.indicators {
        let figures = next()?;
        let benchmark = indicator.benchmark.as_ref().map(|_| next()).transpose()?;
        answers.push(Answer { indicator: indicator.clone(), figures, benchmark });
    }
    let names = Names {
        area: app.board.area.clone(),
        agencies: app.board.agencies.iter().map(|(id, agency)| (id.clone(), agency.name.clone())).collect(),
        returns: app.board.returns.iter().map(|(id, contract)| (id.clone(), contract.title.clone())).collect(),
    };
    Ok(analysis::analyse(answers, period, names)?)
}

/// The part of the vector that figures are made from.
fn inputs(vector: &Vector) -> Vector {
    vector.iter().filter(|(table, _)| is_input(table)).map(|(table, version)| (table.clone(), *version)).collect()
}

/// Whether a table holds what was delivered; the others follow from those.
pub(super) fn is_input(table: &str) -> bool {
    table.starts_with("returns.") || table.starts_with("reference.")
}

/// Has the next refresh work the figures out, whatever they were made from.
pub(super) fn forget(txn: &Txn<'_>) -> crate::ledger::Result<()> {
    txn.set_fact(MADE_FROM, "")
}

//! Figures follow the returns and their definitions: whenever an accepted submission moved a table, an indicator was
//! changed, or the ledger moved and an indicator is made of it, the indicators are worked out anew. One that fails is told, and the others go on.

use anyhow::{Context, anyhow};
use arrow::array::RecordBatch;
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{App, note_failure, query};
use crate::{
    analysis::{self, Analysed, Answer, Class, Disclosed, Given, Indicator, Names},
    domain::{Period, civil_day},
    ledger::{Event, Txn, Vector},
    warehouse::Statement,
    worker::WorkerError,
};

/// The fact that keeps what the figures were last made from.
const MADE_FROM: &str = "figures_made_from";

/// What figures are made from: when any of it changes, they are worked out anew.
#[derive(Serialize)]
struct MadeFrom {
    inputs: Vector,
    period: Period,
    /// SHA-256 of the indicators' definitions and their SQL.
    definitions: String,
    program: &'static str,
    /// What the ledger says of what is owed, where an indicator is made of it: its last event, and how many are overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    deeds: Option<(i64, i64)>,
    /// The day on which some could not be worked out: they are tried again on the next.
    failed_on: Option<Date>,
}

/// Works the figures out anew if what they are made from has changed; says whether it had.
pub async fn refresh(app: &App) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let of_ledger = app.board.indicators.iter().any(|indicator| indicator.sql.contains("ledger."));
    let (vector, known, deeds) = app
        .ledger
        .read(move |txn| {
            let deeds = if of_ledger { Some(txn.deeds(now)?) } else { None };
            Ok((txn.vector()?, txn.fact(MADE_FROM)?, deeds))
        })
        .await?;
    let period = Period::quarter_ended_by(civil_day(now));
    let mark = |failed_on| {
        serde_json::to_string(&MadeFrom {
            inputs: inputs(&vector),
            period,
            definitions: digest(&app.board.indicators),
            program: env!("CARGO_PKG_VERSION"),
            deeds,
            failed_on,
        })
    };
    let (whole, failed) = (mark(None)?, mark(Some(civil_day(now)))?);
    if inputs(&vector).is_empty() || known.is_some_and(|known| known == whole || known == failed) {
        return Ok(false);
    }
    let analysed = analyse(app, &vector, period).await?;
    let mark = if analysed.troubles().is_empty() { whole } else { failed };
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

/// No figures of `period`: what a rehearsal has.
pub fn without_figures(period: Period) -> Disclosed {
    analysis::disclose(analysis::analyse(Vec::new(), period, Names::default()), Class::Public)
}

/// The figures of all indicators; what goes wrong with one is noted, and the others go on.
async fn analyse(app: &App, vector: &Vector, period: Period) -> anyhow::Result<Analysed> {
    let names = Names {
        area: app.board.area.clone(),
        agencies: app.board.agencies.iter().map(|(id, agency)| (id.clone(), agency.name.clone())).collect(),
        returns: app.board.returns.iter().map(|(id, contract)| (id.clone(), contract.title.clone())).collect(),
    };
    let analysed = analysis::analyse(answers(app, vector).await?, period, names);
    for trouble in analysed.troubles() {
        let what = format!("working out the figures of {}", trouble.indicator().unwrap_or("an indicator"));
        note_failure(app, &what, &anyhow!("{trouble}")).await;
    }
    Ok(analysed)
}

/// What the SQL of every indicator gives. A statement that ends the work on all of them is found by asking one by one.
async fn answers(app: &App, vector: &Vector) -> anyhow::Result<Vec<Answer>> {
    let indicators = &app.board.indicators;
    let error = match ask(app, vector, indicators).await {
        Ok(answers) => return Ok(answers),
        Err(error) if indicators.len() > 1 && error.is::<WorkerError>() => error,
        Err(error) => return Err(error),
    };
    let mut answers = Vec::new();
    for indicator in indicators {
        match ask(app, vector, std::slice::from_ref(indicator)).await {
            Ok(answer) => answers.extend(answer),
            Err(error) => answers.push(Answer { indicator: indicator.clone(), given: Err(format!("{error:#}")) }),
        }
    }
    // Where none can be asked, nothing is wrong with any of them.
    if answers.iter().all(|answer| answer.given.is_err()) { Err(error) } else { Ok(answers) }
}

async fn ask(app: &App, vector: &Vector, indicators: &[Indicator]) -> anyhow::Result<Vec<Answer>> {
    let mut statements = Vec::new();
    for indicator in indicators {
        statements.push(Statement { name: format!("{}.sql", indicator.id), sql: indicator.sql.clone() });
        if let Some(benchmark) = &indicator.benchmark {
            statements.push(Statement { name: format!("{}.benchmark.sql", indicator.id), sql: benchmark.sql.clone() });
        }
    }
    let mut given = query::put(app, &statements, vector).await?.into_iter();
    let mut next = || -> anyhow::Result<Result<Vec<RecordBatch>, String>> {
        let (name, answer) = given.next().context("the worker left a statement unanswered")?;
        Ok(answer.map_err(|error| format!("reports/indicators/{name}: {error}")))
    };
    let mut answers = Vec::new();
    for indicator in indicators {
        let figures = next()?;
        let benchmark = indicator.benchmark.as_ref().map(|_| next()).transpose()?;
        let given = figures.and_then(|figures| Ok(Given { figures, benchmark: benchmark.transpose()? }));
        answers.push(Answer { indicator: indicator.clone(), given });
    }
    Ok(answers)
}

/// Everything that says what an indicator is.
fn digest(indicators: &[Indicator]) -> String {
    let mut digest = Sha256::new();
    for one in indicators {
        let benchmark = one.benchmark.as_ref().map_or("", |benchmark| benchmark.sql.as_str());
        for text in [one.id.as_str(), &one.definition_text, &one.sql, benchmark] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The part of the vector that figures are made from.
pub(super) fn inputs(vector: &Vector) -> Vector {
    vector.iter().filter(|(table, _)| is_input(table)).map(|(table, version)| (table.clone(), *version)).collect()
}

/// Whether a table holds what was delivered; the others follow from those.
pub(super) fn is_input(table: &str) -> bool {
    ["returns.", "confidential.", "reference."].iter().any(|schema| table.starts_with(schema))
}

/// Has the next refresh work the figures out, whatever they were made from.
pub(super) fn forget(txn: &Txn<'_>) -> crate::ledger::Result<()> {
    txn.set_fact(MADE_FROM, "")
}

//! Works out what each restatement changed, records it, and tells the analyst.

use std::{collections::BTreeMap, panic::AssertUnwindSafe};

use anyhow::{Context, anyhow};
use arrow::{
    array::{Array, AsArray},
    datatypes::Float64Type,
};
use futures::FutureExt;

use super::{Difference, Figure, difference};
use crate::{
    flows::{App, letters, query, retry},
    ledger::Vector,
    warehouse::Statement,
};

/// The table of figures that packs print.
const FIGURES: &str = "disclosed.figures";

/// Figures that moved, at most, in one record.
const MOST_FIGURES: usize = 500;

/// Works out the differences that are owed; answers with how many.
pub async fn tell(app: &App) -> anyhow::Result<usize> {
    let mut told = 0;
    for (after, before) in app.ledger.read(|txn| txn.owed_differences()).await? {
        let key = format!("difference/{after}");
        if !retry::is_due(app, &key, app.clock.now()).await? {
            continue;
        }
        let what = format!("Comparing submission {after} with submission {before}");
        match AssertUnwindSafe(one(app, before, after)).catch_unwind().await {
            Ok(Ok(())) => {
                retry::succeeded(app, &key).await?;
                told += 1;
            }
            Ok(Err(error)) => retry::failed(app, &key, &what, &error).await,
            Err(_) => retry::failed(app, &key, &what, &anyhow!("it panicked")).await,
        }
    }
    Ok(told)
}

async fn one(app: &App, before: i64, after: i64) -> anyhow::Result<()> {
    let mut found = difference(app, before, after).await?;
    match figures(app, &found).await {
        Ok(figures) => found.figures = figures,
        // What was issued stays as it was; only the list of it is missing.
        Err(error) => tracing::warn!(after, "issued figures were not compared: {error:#}"),
    }
    let mail = letters::restated(app, &found).await?;
    let value = serde_json::to_value(&found)?;
    app.ledger
        .write(move |txn| {
            txn.keep_difference(after, &value)?;
            for row in &mail {
                txn.enqueue(row)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// The figures of issued editions that are others now, of the indicators that this return feeds.
async fn figures(app: &App, found: &Difference) -> anyhow::Result<Vec<Figure>> {
    let fed = app.board.indicators.iter().filter(|indicator| indicator.return_id == found.obligation.return_id);
    let fed: Vec<String> = fed.map(|indicator| format!("'{}'", indicator.id)).collect();
    if fed.is_empty() {
        return Ok(Vec::new());
    }
    let (editions, now) = app.ledger.read(|txn| Ok((txn.editions()?, txn.vector()?))).await?;
    let mut newest = BTreeMap::new();
    for edition in editions {
        newest.insert((edition.pack.clone(), edition.period.clone()), edition);
    }
    if newest.is_empty() || !now.contains_key(FIGURES) {
        return Ok(Vec::new());
    }
    let present = printed(app, &fed, &now).await?;
    let mut moved = Vec::new();
    for edition in newest.into_values() {
        for (key, before) in printed(app, &fed, &edition.vector).await? {
            let after = present.get(&key).cloned().unwrap_or_else(|| "no longer there".to_owned());
            if before != after && moved.len() < MOST_FIGURES {
                let (indicator, period, category) = key;
                let edition = format!("{} edition {}", edition.pack, edition.number);
                moved.push(Figure { edition, indicator, period, category, before, after });
            }
        }
    }
    Ok(moved)
}

type Key = (String, String, Option<String>);

/// The disclosed figures of some indicators as readers saw them at a vector.
async fn printed(app: &App, indicators: &[String], vector: &Vector) -> anyhow::Result<BTreeMap<Key, String>> {
    let vector: Vector = vector.iter().filter(|(table, _)| *table == FIGURES).map(|(t, v)| (t.clone(), *v)).collect();
    if vector.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!(
        "SELECT indicator, period, category, value, status FROM {FIGURES} WHERE indicator IN ({})",
        indicators.join(", ")
    );
    let statement = [Statement { name: "figures".into(), sql }];
    let (_, answer) = query::put(app, &statement, &vector).await?.pop().context("the worker gave no answer")?;
    let mut figures = BTreeMap::new();
    for batch in answer? {
        let text = |at: usize| batch.column(at).as_string::<i32>();
        let values = batch.column(3).as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let of = |at: usize| text(at).is_valid(row).then(|| text(at).value(row).to_owned());
            let value = match values.is_valid(row) {
                true => values.value(row).to_string(),
                false => of(4).unwrap_or_default(),
            };
            let key = (of(0).unwrap_or_default(), of(1).unwrap_or_default(), of(2));
            figures.insert(key, value);
        }
    }
    Ok(figures)
}

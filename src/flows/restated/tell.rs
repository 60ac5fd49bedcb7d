//! Works out what each restatement changed, records it, and tells the analyst.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
};

use anyhow::{Context, anyhow};
use arrow::{
    array::{Array, AsArray},
    datatypes::Float64Type,
};
use futures::FutureExt;

use super::{Figure, difference};
use crate::{
    domain::{Period, civil_day},
    flows::{App, exceptions, letters, query, reads, refresh::EXCEPTIONS, retry},
    ledger::{EditionRow, Vector},
    pack::{PackDefinition, Wanted},
    warehouse::Statement,
};

/// The table of figures that packs print.
const FIGURES: &str = "disclosed.figures";

/// Figures that moved, at most, in one record.
const MOST_FIGURES: usize = 500;

/// The differences that are owed: the submission and the one it replaced, oldest first.
pub async fn owed(app: &App) -> anyhow::Result<Vec<(i64, i64)>> {
    Ok(app.ledger.read(|txn| txn.owed_differences()).await?)
}

/// Works out the differences of `owed`; answers with how many. The figures are to be those of a refresh that came after
/// they were owed: what is owed since waits for the next.
pub async fn tell(app: &App, owed: Vec<(i64, i64)>) -> anyhow::Result<usize> {
    let mut told = 0;
    let mut issued = None;
    for (after, before) in owed {
        let key = format!("difference/{after}");
        if !retry::is_due(app, &key, app.clock.now()).await? {
            continue;
        }
        let issued = match &mut issued {
            Some(issued) => issued,
            // Once for all of them: two questions to the warehouse would cost more than the differences.
            none => none.insert(all_moved(app).await.unwrap_or_else(|error| {
                // What was issued stays as it was; only the list of it is missing.
                tracing::warn!("issued figures were not compared: {error:#}");
                Issued::default()
            })),
        };
        let what = format!("Comparing submission {after} with submission {before}");
        match AssertUnwindSafe(one(app, before, after, issued)).catch_unwind().await {
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

async fn one(app: &App, before: i64, after: i64, issued: &Issued) -> anyhow::Result<()> {
    let mut found = difference(app, before, after).await?;
    let contract = app.board.returns.get(&found.obligation.return_id);
    let tables: BTreeSet<String> =
        contract.into_iter().flat_map(|one| one.tables.iter().map(|table| one.qualified(table))).collect();
    // What rests on the return's tables, through models and in rates of other returns too.
    let fed = reads::reads(app).await?.resting_on(&tables);
    let is_fed = |id: &str| fed.contains(id);
    found.figures = issued.figures.iter().filter(|one| is_fed(&one.indicator)).take(MOST_FIGURES).cloned().collect();
    found.exceptions = issued.exceptions.iter().filter(|(id, _)| is_fed(id)).map(|(_, says)| says.clone()).collect();
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

/// What issued editions printed and is otherwise now.
#[derive(Default)]
struct Issued {
    figures: Vec<Figure>,
    /// Exceptions that came or went, each with its indicator.
    exceptions: Vec<(String, String)>,
}

/// The figures and exceptions of issued editions that are others now.
async fn all_moved(app: &App) -> anyhow::Result<Issued> {
    let (editions, now) = app.ledger.read(|txn| Ok((txn.editions()?, txn.vector()?))).await?;
    let mut newest = BTreeMap::new();
    for edition in editions {
        newest.insert((edition.pack.clone(), edition.period.clone()), edition);
    }
    let mut issued = Issued::default();
    let Some(current) = now.get(FIGURES) else { return Ok(issued) };
    let figures = printed(app, *current).await?;
    for edition in newest.values() {
        issued.exceptions.extend(exceptions_moved(app, edition, &now, &figures).await?);
    }
    let mut read: BTreeMap<i64, Figures> = BTreeMap::from([(*current, figures)]);
    for edition in newest.into_values() {
        let Some(version) = edition.vector.get(FIGURES).filter(|version| *version != current) else { continue };
        for version in [current, version] {
            if !read.contains_key(version) {
                read.insert(*version, printed(app, *version).await?);
            }
        }
        let (then, present) = (&read[version], &read[current]);
        for (key, before) in then.iter().filter(|(key, before)| present.get(*key) != Some(*before)) {
            let after = present.get(key).cloned().unwrap_or_else(|| "no longer there".to_owned());
            let (indicator, period, category) = key.clone();
            let edition = format!("{} edition {}", edition.pack, edition.number);
            issued.figures.push(Figure { edition, indicator, period, category, before: before.clone(), after });
        }
    }
    Ok(issued)
}

/// The exceptions that came or went since an edition was made, where the list speaks of its period still.
async fn exceptions_moved(
    app: &App,
    edition: &EditionRow,
    now: &Vector,
    figures: &Figures,
) -> anyhow::Result<Vec<(String, String)>> {
    let (Some(then), Some(present)) = (edition.vector.get(EXCEPTIONS), now.get(EXCEPTIONS)) else {
        return Ok(Vec::new());
    };
    let speaks_of = Period::quarter_ended_by(civil_day(app.clock.now())).to_string();
    if then == present || speaks_of != edition.period || !exceptions::has_list(edition) {
        return Ok(Vec::new());
    }
    let (before, after) =
        (exceptions::printed(app, edition).await?, exceptions::at(app, *present, &edition.period).await?);
    let name = format!("{} edition {}", edition.pack, edition.number);
    // One without a figure now is not known to be over.
    let has_figure = |id: &String| {
        let value = figures.get(&(id.clone(), edition.period.clone(), None));
        value.is_some_and(|value| value.parse::<f64>().is_ok())
    };
    let gone = before.iter().filter(|(id, _)| !after.contains_key(*id) && has_figure(id));
    let gone = gone.map(|(id, (_, title, _))| (id.clone(), format!("{name}: {title} no longer stands out")));
    let shown = app.board.packs.get(&edition.pack).map(PackDefinition::indicators);
    let is_shown = |id: &String| !matches!(shown, Some(Wanted::These(ids)) if !ids.contains(id));
    let new = after.iter().filter(|(id, _)| !before.contains_key(*id) && is_shown(id));
    let new = new.map(|(id, (_, title, says))| (id.clone(), format!("{name}: {title} stands out now: {says}")));
    Ok(gone.chain(new).collect())
}

/// Figures by indicator, period and category.
type Figures = BTreeMap<(String, String, Option<String>), String>;

/// The disclosed figures as readers saw them at a version of their table.
async fn printed(app: &App, version: i64) -> anyhow::Result<Figures> {
    let vector = Vector::from([(FIGURES.to_owned(), version)]);
    let sql = format!("SELECT indicator, period, category, value, status FROM {FIGURES}");
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

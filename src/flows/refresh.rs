//! Figures follow the returns and their definitions. Whenever an accepted submission moved a table, a definition was
//! changed, or the ledger moved, the models and indicators that rest on it are worked out anew, and no others. One that
//! fails is told, and the others go on.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, anyhow};
use arrow::{array::RecordBatch, compute::concat_batches};
use jiff::{Timestamp, civil::Date};
use serde_json::json;

use super::{
    App, Board, note_failure, query,
    reads::{Reads, asks_the_ledger, is_model, of_indicator, reads},
};
use crate::{
    analysis::{self, Analysed, Answer, Class, Disclosed, Given, Indicator, Model, Names, Stands},
    domain::{Period, ReturnId, civil_day, sha256},
    ledger::{Event, Txn, Vector},
    warehouse::Statement,
    worker::WorkerError,
};

/// The fact that keeps what each model and indicator was last made from, by its name.
const MADE_FROM: &str = "figures_made_from";
/// The tables that are made of the indicators: everything, what may be shown, and what stands out of it.
const FIGURES: [&str; 3] = ["analysis.figures", "disclosed.figures", EXCEPTIONS];

/// Stands between a digest and the day on which it failed.
const FAILED: &str = " failed on ";

/// What stands out, in SQL.
pub(in crate::flows) const EXCEPTIONS: &str = "disclosed.exceptions";

/// What everything is made from at an instant, and what it was last made from.
struct Making<'a> {
    app: &'a App,
    reads: &'a Reads,
    /// The versions of the tables, those of models as they are worked out.
    vector: Vector,
    period: Period,
    /// What the ledger says of what is owed: its last event, and how many are overdue.
    deeds: (i64, i64),
    today: Date,
    /// A digest of the working days, which SQL may count.
    days: String,
    /// What was made, by name: a digest of what it was made from.
    made: BTreeMap<String, String>,
}

/// Works out anew what rests on something that has changed; says whether anything did.
pub async fn refresh(app: &App) -> anyhow::Result<bool> {
    refresh_all(app, false).await
}

/// The same; `whole` works everything out, whatever it was made from.
///
/// # Errors
/// When the ledger, the warehouse or the worker fails; what is wrong with a definition is noted.
pub async fn refresh_all(app: &App, whole: bool) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let (vector, known, deeds) =
        app.ledger.read(move |txn| Ok((txn.vector()?, txn.fact(MADE_FROM)?, txn.deeds(now)?))).await?;
    if !vector.keys().any(|table| is_input(table)) {
        return Ok(false);
    }
    let known: BTreeMap<String, String> = known.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let made = if whole { BTreeMap::new() } else { known.clone() };
    let period = Period::quarter_ended_by(civil_day(now));
    let days = sha256(serde_json::to_vec(&*app.board.timetable.calendar())?);
    let reads = reads(app).await?;
    let mut making = Making { app, reads, vector, period, deeds, today: civil_day(now), days, made };
    let mut versions = making.models(now).await?;
    // What the models came to is recorded whatever becomes of the figures.
    let figures = making.figures(now).await;
    versions.extend(figures.iter().flatten().map(|(table, version)| (table.clone(), *version)));
    if versions.is_empty() && making.made == known {
        return figures.map(|_| false);
    }
    let mark = serde_json::to_string(&making.made)?;
    app.ledger
        .write(move |txn| {
            if !versions.is_empty() {
                txn.append(now, "warehouse", "daemon", &Event::Refreshed { versions })?;
            }
            txn.set_fact(MADE_FROM, &mark)
        })
        .await?;
    tracing::info!(%period, "the figures were refreshed");
    figures.map(|_| true)
}

impl Making<'_> {
    /// A digest of all that `named` stands for now, for a definition of that text.
    fn digest(&self, definition: &[&str], named: &BTreeSet<String>, period: Option<Period>) -> String {
        let versions = self.reads.versions(named, &self.vector);
        let deeds = asks_the_ledger(self.reads, named).then_some(self.deeds);
        let program = env!("CARGO_PKG_VERSION");
        sha256(
            json!([definition, versions, deeds, period.map(|period| period.to_string()), self.days, program])
                .to_string(),
        )
    }

    /// Whether something of that name was made from this, or failed with it today.
    fn is_made(&self, name: &str, digest: &str) -> bool {
        self.made.get(name).is_some_and(|made| *made == digest || *made == self.failed(digest))
    }

    fn failed(&self, digest: &str) -> String {
        format!("{digest}{FAILED}{}", self.today)
    }

    /// Works out the models, each after those it reads; answers with their new versions.
    async fn models(&mut self, now: Timestamp) -> anyhow::Result<Vector> {
        let mut versions = Vector::new();
        let ordered = match analysis::in_order(&self.app.board.models, &self.reads.models) {
            Ok(ordered) => ordered,
            Err(why) => {
                note_failure(self.app, "ordering the models", &anyhow!("{why}")).await;
                return Ok(versions);
            }
        };
        let tables: BTreeSet<String> = ordered.iter().map(|model| model.table()).collect();
        self.made.retain(|name, _| !is_model(name) || tables.contains(name));
        // What nobody defines any more is read by nobody.
        self.vector.retain(|table, _| !is_model(table) || tables.contains(table));
        for model in ordered {
            let (table, none) = (model.table(), BTreeSet::new());
            let digest = self.digest(&[&model.sql], self.reads.models.get(&table).unwrap_or(&none), None);
            // One that failed is tried again the next day, whether it ever had rows or not.
            let is_there = self.vector.contains_key(&table) || self.made.get(&table) == Some(&self.failed(&digest));
            if self.is_made(&table, &digest) && is_there {
                if self.made.get(&table) != Some(&digest) {
                    self.vector.remove(&table);
                }
                continue;
            }
            let mark = match self.model(model, now).await {
                Ok(version) => {
                    if self.vector.insert(table.clone(), version) != Some(version) {
                        versions.insert(table.clone(), version);
                    }
                    digest
                }
                Err(error) => {
                    note_failure(self.app, &format!("working out the model {table}"), &error).await;
                    // Nothing is made of the rows that it had: they are not what they should be.
                    self.vector.remove(&table);
                    self.failed(&digest)
                }
            };
            self.made.insert(table, mark);
        }
        Ok(versions)
    }

    async fn model(&self, model: &Model, now: Timestamp) -> anyhow::Result<i64> {
        let statement = Statement { name: format!("reports/models/{}.sql", model.id), sql: model.sql.clone() };
        let (name, answer) =
            query::put(self.app, &[statement], &self.vector).await?.pop().context("the worker gave no answer")?;
        let rows = answer.with_context(|| name)?;
        let schema = rows.first().context("an answer without columns")?.schema();
        Ok(self.app.warehouse.turn().await.write_derived(&model.table(), &schema, &rows, now).await?)
    }

    /// Works out the indicators that rest on something that has changed; answers with the tables' new versions.
    async fn figures(&mut self, now: Timestamp) -> anyhow::Result<Vector> {
        let board = &self.app.board;
        let digests: BTreeMap<&str, String> =
            board.indicators.iter().map(|one| (one.id.as_str(), self.digest_of(one))).collect();
        let gone: Vec<String> =
            self.made.keys().filter(|name| !is_model(name) && !digests.contains_key(name.as_str())).cloned().collect();
        // Rows are kept only where all of the tables have them.
        let is_whole = self.is_whole().await?;
        let is_stale = |one: &&Indicator| !is_whole || !self.is_made(&one.id, &digests[one.id.as_str()]);
        // What one hides another of its return may tell, so those of a return are disclosed together.
        let returns: BTreeSet<&ReturnId> = board.indicators.iter().filter(is_stale).filter_map(of_return).collect();
        let is_stale = |one: &&Indicator| is_stale(one) || of_return(one).is_some_and(|id| returns.contains(id));
        let stale: Vec<Indicator> = board.indicators.iter().filter(is_stale).cloned().collect();
        if stale.is_empty() && gone.is_empty() {
            return Ok(Vector::new());
        }
        let kept: Vec<&str> = board.indicators.iter().map(|one| one.id.as_str()).collect();
        let kept: Vec<&str> = kept.into_iter().filter(|id| !stale.iter().any(|one| one.id == *id)).collect();
        let (answers, before) = answers(self.app, &self.vector, &stale, &kept).await?;
        let standing = analysis::standing(&answers, self.period, &names(&self.app.board), Class::Public);
        let exceptions = analysis::exceptions_table(self.period, &standing)?;
        let analysed = analysed(self.app, answers, self.period).await;
        let failed: BTreeSet<String> =
            analysed.troubles().iter().filter_map(|trouble| trouble.indicator().map(str::to_owned)).collect();
        let figures = analysis::figures_table(&analysed)?;
        let disclosed = analysis::disclosed_table(&analysis::disclose(analysed, Class::Public))?;
        let turn = self.app.warehouse.turn().await;
        let mut versions = Vector::new();
        for ((table, new), before) in FIGURES.into_iter().zip([figures, disclosed, exceptions]).zip(before) {
            let schema = new.schema();
            let rows = concat_batches(&schema, before.iter().chain([&new]))?;
            let rows = match table {
                EXCEPTIONS => analysis::ranked_exceptions(&rows)?,
                _ => analysis::sorted_figures(&rows)?,
            };
            let version = turn.write_derived(table, &schema, &[rows], now).await?;
            if self.vector.insert(table.to_owned(), version) != Some(version) {
                versions.insert(table.to_owned(), version);
            }
        }
        self.made.retain(|name, _| !gone.contains(name));
        for one in &stale {
            let digest = digests[one.id.as_str()].clone();
            let mark = if failed.contains(&one.id) { self.failed(&digest) } else { digest };
            self.made.insert(one.id.clone(), mark);
        }
        Ok(versions)
    }

    /// Whether the tables that are made of the indicators are there and undamaged, so that their rows can be kept.
    async fn is_whole(&self) -> anyhow::Result<bool> {
        let standing = FIGURES.iter().filter_map(|table| Some(((*table).to_owned(), *self.vector.get(*table)?)));
        let standing: Vector = standing.collect();
        if standing.len() < FIGURES.len() {
            return Ok(false);
        }
        let damage = self.app.warehouse.verify(&standing).await?.into_iter().next();
        if let Some(damage) = &damage {
            tracing::warn!(%damage, "the figures are worked out anew");
        }
        Ok(damage.is_none())
    }

    fn digest_of(&self, one: &Indicator) -> String {
        let benchmark = one.benchmark.as_ref().map_or("", |benchmark| benchmark.sql.as_str());
        let definition = [one.definition_text.as_str(), &one.sql, benchmark, &self.app.board.area];
        self.digest(&definition, of_indicator(self.reads, one), Some(self.period))
    }
}

/// The figures of `period` as they may be shown.
pub async fn disclosed(app: &App, vector: &Vector, period: Period) -> anyhow::Result<Disclosed> {
    let (answers, _) = answers(app, vector, &app.board.indicators, &[]).await?;
    Ok(analysis::disclose(analysed(app, answers, period).await, Class::Public))
}

/// No figures of `period`: what a rehearsal has.
pub fn without_figures(period: Period) -> Disclosed {
    analysis::disclose(analysis::analyse(Vec::new(), period, Names::default()), Class::Public)
}

/// The figures that answers give; what goes wrong with one is noted, and the others go on.
async fn analysed(app: &App, answers: Vec<Answer>, period: Period) -> Analysed {
    let analysed = analysis::analyse(answers, period, names(&app.board));
    for trouble in analysed.troubles() {
        let what = format!("working out the figures of {}", trouble.indicator().unwrap_or("an indicator"));
        note_failure(app, &what, &anyhow!("{trouble}")).await;
    }
    analysed
}

fn names(board: &Board) -> Names {
    Names {
        area: board.area.clone(),
        agencies: board.agencies.iter().map(|(id, agency)| (id.clone(), agency.name.clone())).collect(),
        returns: board.returns.iter().map(|(id, contract)| (id.clone(), contract.title.clone())).collect(),
    }
}

/// The exceptions of any period as they are now, and the figures that they are among.
///
/// # Errors
/// When the ledger or the worker fails.
pub async fn exceptions(app: &App, vector: &Vector, period: Period) -> anyhow::Result<(Vec<Stands>, Disclosed)> {
    let (answers, _) = answers(app, vector, &app.board.indicators, &[]).await?;
    let standing = analysis::standing(&answers, period, &names(&app.board), Class::Public);
    Ok((standing, analysis::disclose(analysed(app, answers, period).await, Class::Public)))
}

/// Rows of the tables that are made of the indicators.
type Before = [Vec<RecordBatch>; 3];

/// What the SQL of `indicators` gives, and the figures of those that are kept as they are. A statement that ends the work
/// on all of them is found by asking one by one.
async fn answers(
    app: &App,
    vector: &Vector,
    indicators: &[Indicator],
    kept: &[&str],
) -> anyhow::Result<(Vec<Answer>, Before)> {
    match ask(app, vector, indicators, kept).await {
        Err(error) if is_of_a_statement(&error) => {}
        answered => return answered,
    }
    let mut answers = Vec::new();
    for indicator in indicators {
        match ask(app, vector, std::slice::from_ref(indicator), &[]).await {
            Ok((answer, _)) => answers.extend(answer),
            Err(error) if !is_of_a_statement(&error) => return Err(error),
            Err(error) => answers.push(Answer { indicator: indicator.clone(), given: Err(format!("{error:#}")) }),
        }
    }
    let (_, before) = ask(app, vector, &[], kept).await?;
    Ok((answers, before))
}

/// Whether a statement ended its worker; otherwise nothing is wrong with any of them.
fn is_of_a_statement(error: &anyhow::Error) -> bool {
    error.downcast_ref::<WorkerError>().is_some_and(|error| !error.is_of_every_job())
}

fn of_return(indicator: &Indicator) -> Option<&ReturnId> {
    indicator.from.as_ref().map(|(_, return_id)| return_id)
}

async fn ask(
    app: &App,
    vector: &Vector,
    indicators: &[Indicator],
    kept: &[&str],
) -> anyhow::Result<(Vec<Answer>, Before)> {
    let mut statements = Vec::new();
    for indicator in indicators {
        statements.push(Statement { name: format!("{}.sql", indicator.id), sql: indicator.sql.clone() });
        if let Some(benchmark) = &indicator.benchmark {
            statements.push(Statement { name: format!("{}.benchmark.sql", indicator.id), sql: benchmark.sql.clone() });
        }
    }
    let mut before = Before::default();
    let standing: Vec<&str> =
        FIGURES.into_iter().filter(|table| !kept.is_empty() && vector.contains_key(*table)).collect();
    let list = kept.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    for table in &standing {
        let sql = format!("SELECT * FROM {table} WHERE indicator IN ({list})");
        statements.push(Statement { name: (*table).to_owned(), sql });
    }
    let mut given = query::put(app, &statements, vector).await?;
    for (rows, table) in given.split_off(given.len() - standing.len()).into_iter().zip(&standing) {
        let at = FIGURES.iter().position(|name| name == table).context("a table of figures")?;
        before[at] = rows.1.with_context(|| (*table).to_owned())?;
    }
    let mut given = given.into_iter();
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
    Ok((answers, before))
}

/// The part of the vector that figures are made from.
pub(super) fn inputs(vector: &Vector) -> Vector {
    vector.iter().filter(|(table, _)| is_input(table)).map(|(table, version)| (table.clone(), *version)).collect()
}

/// Whether a table holds what was delivered; the others follow from those.
pub(super) fn is_input(table: &str) -> bool {
    ["returns.", "confidential.", "reference."].iter().any(|schema| table.starts_with(schema))
}

/// The models whose last making failed: what they have is not what they should have.
pub(super) fn failed_models(txn: &Txn<'_>) -> crate::ledger::Result<BTreeSet<String>> {
    let made = txn.fact(MADE_FROM)?.and_then(|text| serde_json::from_str::<BTreeMap<String, String>>(&text).ok());
    let failed = made.into_iter().flatten().filter(|(name, mark)| is_model(name) && mark.contains(FAILED));
    Ok(failed.map(|(name, _)| name).collect())
}

/// Has the next refresh work the figures out, whatever they were made from.
pub(super) fn forget(txn: &Txn<'_>) -> crate::ledger::Result<()> {
    txn.set_fact(MADE_FROM, "")
}

//! `quarterday test`: puts the SQL of indicators to the small tables of their own tests, as the daemon would put it to the
//! warehouse, and tells where the answers differ. Nothing of the board's data is read.

mod compare;
mod given;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use arrow::{array::RecordBatch, compute::concat_batches, datatypes::SchemaRef};

use super::{
    Board, query,
    reads::{Reads, is_model, of_indicator},
};
use crate::{
    analysis::{self, Answer, Case, Given, Indicator, Names},
    domain::{Period, rounding::half_up},
    ledger::Vector,
    settings::{self, Problems},
    warehouse::{Earlier, Question, Statement, ask, earlier_in},
    worker::{Launcher, WorkerError},
};

/// What one case came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The indicator.
    pub indicator: String,
    /// What the case shows.
    pub says: String,
    /// Where the answer differs, in words; nothing where it is as expected.
    pub wrong: Vec<String>,
}

/// The test of an indicator: the file beside its SQL.
pub fn file(board: &Board, indicator: &str) -> PathBuf {
    board.home.join("reports/indicators").join(format!("{indicator}.test.toml"))
}

/// The cases of an indicator's test; none where it has none.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn cases(path: &Path) -> Result<Vec<Case>, Problems> {
    let mut problems = Problems::default();
    if !path.exists() {
        return Ok(Vec::new());
    }
    let Some(document) = settings::read_file(path, &mut problems) else { return Err(problems) };
    let cases = analysis::cases(&document);
    problems.merge(document.finish());
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

/// Tries one case of an indicator. A model that its SQL reads is worked out from what is given, unless it is given itself.
///
/// # Errors
/// When no worker can be started; what is wrong with the case or the SQL is in the answer.
pub async fn attempt(
    board: &Board,
    reads: &Reads,
    launcher: &Launcher,
    indicator: &Indicator,
    case: &Case,
) -> anyhow::Result<Tried> {
    let wrong = match found(board, reads, launcher, indicator, case).await {
        Ok(wrong) => wrong,
        Err(error) if error.downcast_ref::<WorkerError>().is_some_and(WorkerError::is_of_every_job) => {
            return Err(error);
        }
        Err(error) => vec![format!("{error:#}")],
    };
    Ok(Tried { indicator: indicator.id.clone(), says: case.says.clone(), wrong })
}

async fn found(
    board: &Board,
    reads: &Reads,
    launcher: &Launcher,
    indicator: &Indicator,
    case: &Case,
) -> anyhow::Result<Vec<String>> {
    let mut facts = query::empty_tables(board)?;
    let schemas: Vec<(String, SchemaRef)> = facts.iter().map(|(name, rows)| (name.clone(), rows.schema())).collect();
    let known: BTreeMap<&str, SchemaRef> =
        schemas.iter().map(|(name, schema)| (name.as_str(), schema.clone())).collect();
    let wanted = reads.all_below(of_indicator(reads, indicator));
    let models = analysis::in_order(&board.models, &reads.models).map_err(anyhow::Error::msg)?;
    if let Some((name, _)) = case.given.iter().find(|(name, _)| is_model(name) && !wanted.contains(name)) {
        anyhow::bail!("its SQL reads no {name}");
    }
    for (name, rows) in case.given.iter().filter(|(name, _)| !is_model(name)) {
        let table = given::table(&known, name, rows)?;
        facts.retain(|(known, _)| known != name);
        facts.push((name.clone(), table));
    }
    for model in models.into_iter().filter(|model| wanted.contains(&model.table())) {
        let statement = Statement { name: format!("reports/models/{}.sql", model.id), sql: model.sql.clone() };
        let rows = put(board, launcher, &[statement], &facts).await?.pop().context("the worker gave no answer")?;
        let schema = rows.first().context("an answer without columns")?.schema();
        let table = model.table();
        let given = case.given.iter().find(|(name, _)| *name == table);
        let rows = match given {
            Some((_, rows)) => given::table(&BTreeMap::from([(table.as_str(), schema)]), &table, rows)?,
            None => concat_batches(&schema, &rows)?,
        };
        facts.push((table, rows));
    }
    let mut statements = vec![Statement { name: format!("{}.sql", indicator.id), sql: indicator.sql.clone() }];
    if let Some(benchmark) = &indicator.benchmark {
        let name = format!("{}.benchmark.sql", indicator.id);
        statements.push(Statement { name, sql: benchmark.sql.clone() });
    }
    let mut answers = put(board, launcher, &statements, &facts).await?.into_iter();
    let (figures, benchmark) = (answers.next().context("the worker gave no answer")?, answers.next());
    let mut wrong = Vec::new();
    if let Some(expected) = &case.figures {
        wrong.extend(compare::differences("figures", expected, &compare::shown(&figures)?)?);
    }
    if let Some(expected) = &case.benchmark {
        let published = benchmark.as_ref().with_context(|| format!("there is no {}.benchmark.sql", indicator.id))?;
        wrong.extend(compare::differences("benchmark", expected, &compare::shown(published)?)?);
    }
    if let Some(expected) = &case.values {
        let values = values(indicator, figures)?;
        wrong.extend(compare::differences("values", expected, &values)?);
    }
    Ok(wrong)
}

/// The answers, in the order of the statements.
async fn put(
    board: &Board,
    launcher: &Launcher,
    statements: &[Statement],
    facts: &[(String, RecordBatch)],
) -> anyhow::Result<Vec<Vec<RecordBatch>>> {
    let calendar = board.timetable.calendar();
    let asked = statements.iter().flat_map(|statement| earlier_in(&statement.sql));
    let earlier: Vec<Earlier> = asked.map(|(table, day)| Earlier { table, day, version: None }).collect();
    let question = Question {
        statements,
        vector: &Vector::new(),
        facts,
        earlier: &earlier,
        calendar: Some(&calendar),
        plan_only: false,
        limits: query::limits(),
        most_rows: query::MOST_ROWS,
    };
    let answers = ask(launcher, Path::new("/nonexistent"), question).await?;
    answers.into_iter().map(|(name, answer)| answer.with_context(|| name)).collect()
}

/// The values as a pack shows them: period, category, value, status.
fn values(indicator: &Indicator, figures: Vec<RecordBatch>) -> anyhow::Result<given::Grid> {
    let last = last_period(&figures)?;
    let given = Given { figures, benchmark: None };
    let alone = Indicator { benchmark: None, ..indicator.clone() };
    let analysed = analysis::analyse(vec![Answer { indicator: alone, given: Ok(given) }], last, Names::default());
    if let Some(trouble) = analysed.troubles().first() {
        anyhow::bail!("{trouble}");
    }
    let mut grid = compare::shown(&[analysis::figures_table(&analysed)?])?;
    let at = grid.headings.iter().position(|heading| heading == "value").context("the column value")?;
    for row in &mut grid.rows {
        let number = row[at].as_deref().and_then(|text| text.parse::<f64>().ok());
        row[at] = number.map(|number| half_up(number, indicator.decimals).to_string());
    }
    Ok(grid)
}

/// The last period that the figures speak of.
fn last_period(figures: &[RecordBatch]) -> anyhow::Result<Period> {
    let grid = compare::shown(figures)?;
    let at =
        grid.headings.iter().position(|heading| heading == "period").context("the SQL answers no column period")?;
    let periods = grid.rows.iter().filter_map(|row| row[at].as_deref()?.parse::<Period>().ok());
    periods.max_by_key(|period| period.end()).context("the SQL answered no rows, so there are no values")
}

//! Plans every statement of the board against tables made from its contracts: nothing is run, no warehouse is needed.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use arrow::{array::RecordBatch, datatypes::Schema};

use super::{Board, across, query, reads};
use crate::{
    analysis::{check_columns, in_order},
    check::Contract,
    ledger::Vector,
    settings::Problems,
    warehouse::{Earlier, Question, SqlError, Statement, ask, earlier_in},
    worker::Launcher,
};

/// Everything that is wrong with the board's SQL.
///
/// # Errors
/// When the planning itself could not be done.
pub async fn plan(board: &Board, launcher: &Launcher) -> anyhow::Result<Problems> {
    let mut statements = Vec::new();
    for indicator in &board.indicators {
        let file = |ending: &str| format!("reports/indicators/{}{ending}", indicator.id);
        statements.push(Statement { name: file(".sql"), sql: indicator.sql.clone() });
        if let Some(benchmark) = &indicator.benchmark {
            statements.push(Statement { name: file(".benchmark.sql"), sql: benchmark.sql.clone() });
        }
    }
    for (id, pack) in &board.packs {
        for (name, sql) in pack.statements() {
            statements.push(Statement { name: format!("reports/packs/{id}/{name}.sql"), sql: sql.to_owned() });
        }
    }
    let mut problems = Problems::default();
    let mut tables = query::empty_tables(board)?;
    for (name, planned) in plan_models(board, launcher, &tables).await? {
        match planned {
            Ok(table) => tables.push((name, table)),
            Err((place, why)) => {
                let file = board.home.join(place).display().to_string();
                problems.about(&file, why, "SQL over the tables of the contracts and of other models", "");
            }
        }
    }
    let earlier = unknown(&statements);
    let question = Question {
        statements: &statements,
        vector: &Vector::new(),
        facts: &tables,
        earlier: &earlier,
        calendar: None,
        plan_only: true,
        limits: query::limits(),
        most_rows: query::MOST_ROWS,
    };
    let mut schemas = BTreeMap::new();
    for (name, answer) in ask(launcher, Path::new("/nonexistent"), question).await? {
        match answer {
            Ok(batches) => {
                schemas.extend(batches.first().map(|batch| (name, batch.schema())));
            }
            Err(error) => {
                let file = board.home.join(&name).display().to_string();
                problems.about(&file, error, "SQL over the tables of the contracts", "");
            }
        }
    }
    for indicator in &board.indicators {
        let file = |ending: &str| format!("reports/indicators/{}{ending}", indicator.id);
        let Some(figures) = schemas.get(&file(".sql")) else { continue };
        let benchmark = schemas.get(&file(".benchmark.sql")).map(AsRef::as_ref);
        if let Err(error) = check_columns(indicator, figures, benchmark) {
            let file = board.home.join(file(".sql")).display().to_string();
            problems.about(&file, error, "the columns of an indicator's answer", "");
        }
    }
    for contract in board.returns.values() {
        plan_rules(board, contract, &tables, launcher, &mut problems).await?;
    }
    Ok(problems)
}

/// The tables of the models, without rows; of one that cannot be planned there is none.
///
/// # Errors
/// When the planning itself could not be done.
pub async fn models(
    board: &Board,
    launcher: &Launcher,
    tables: &[(String, RecordBatch)],
) -> anyhow::Result<Vec<(String, RecordBatch)>> {
    let planned = plan_models(board, launcher, tables).await?;
    Ok(planned.into_iter().filter_map(|(name, table)| Some((name, table.ok()?))).collect())
}

/// A table without rows, or where what is wrong stands, and what.
type Planned = Result<RecordBatch, (String, String)>;

/// Plans the models, each after those it reads.
async fn plan_models(
    board: &Board,
    launcher: &Launcher,
    tables: &[(String, RecordBatch)],
) -> anyhow::Result<Vec<(String, Planned)>> {
    let reads = reads::of(board, launcher).await?;
    let ordered = match in_order(&board.models, &reads.models) {
        Ok(ordered) => ordered,
        Err(why) => return Ok(vec![("models".to_owned(), Err(("reports/models".to_owned(), why)))]),
    };
    let mut facts = tables.to_vec();
    let mut found = Vec::new();
    for model in ordered {
        let name = format!("reports/models/{}.sql", model.id);
        let statement = Statement { name: name.clone(), sql: model.sql.clone() };
        let answer = plan_alone(launcher, &statement, &facts).await?;
        let table = answer.map(|rows| {
            RecordBatch::new_empty(rows.first().map_or_else(|| Schema::empty().into(), RecordBatch::schema))
        });
        facts.extend(table.iter().map(|table| (model.table(), table.clone())));
        found.push((model.table(), table.map_err(|error| (name, error.to_string()))));
    }
    Ok(found)
}

/// Plans the rules of a contract that reach across tables, and its code lists.
async fn plan_rules(
    board: &Board,
    contract: &Contract,
    tables: &[(String, RecordBatch)],
    launcher: &Launcher,
    problems: &mut Problems,
) -> anyhow::Result<()> {
    let rules = contract.rules.iter().map(|rule| (format!("the rule {:?}", rule.id), rule.sql.clone()));
    let lists = contract.code_tables().map(|list| {
        let label = list.label.iter().map(|label| format!(", \"{label}\""));
        let sql = format!("SELECT \"{}\"{} FROM {}", list.column, label.collect::<String>(), list.table);
        (format!("the codes of {}", list.table), sql)
    });
    let statements: Vec<Statement> = rules.chain(lists).map(|(name, sql)| Statement { name, sql }).collect();
    let facts: Vec<_> = tables.iter().cloned().chain(across::empty(contract)).collect();
    let file = board.home.join("pipelines").join(contract.id.as_str()).join("return.toml").display().to_string();
    // Each alone: one that ends its worker hides no other.
    for (at, statement) in statements.into_iter().enumerate() {
        let answer = plan_alone(launcher, &statement, &facts).await?;
        match (answer, contract.rules.get(at)) {
            (Err(error), _) => {
                let expected = "SQL over this file's tables, previous.<table> and the tables of other returns";
                problems.about(&file, format!("{}: {error}", statement.name), expected, "");
            }
            (Ok(batches), Some(rule)) => {
                let schema = batches.first().map(RecordBatch::schema);
                if let Some(expected) = schema.and_then(|schema| rule.refusal(&schema, contract)) {
                    problems.about(&file, statement.name, &expected, "SELECT \"row\", … FROM …");
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Plans one statement over tables without rows; one that ends its worker is at fault itself.
async fn plan_alone(
    launcher: &Launcher,
    statement: &Statement,
    facts: &[(String, RecordBatch)],
) -> anyhow::Result<Result<Vec<RecordBatch>, SqlError>> {
    let statements = std::slice::from_ref(statement);
    let earlier = unknown(statements);
    let question = Question {
        statements,
        vector: &Vector::new(),
        facts,
        earlier: &earlier,
        calendar: None,
        plan_only: true,
        limits: query::limits(),
        most_rows: query::MOST_ROWS,
    };
    Ok(match ask(launcher, Path::new("/nonexistent"), question).await {
        Ok(mut answers) => answers.pop().context("the worker gave no answer")?.1,
        Err(error) => Err(SqlError::of_worker(&error)),
    })
}

/// The tables that statements ask for as they were: of no version, for there is no ledger yet.
fn unknown(statements: &[Statement]) -> Vec<Earlier> {
    let asked = statements.iter().flat_map(|statement| earlier_in(&statement.sql));
    asked.map(|(table, day)| Earlier { table, day, version: None }).collect()
}

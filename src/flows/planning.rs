//! Plans every statement of the board against tables made from its contracts: nothing is run, no warehouse is needed.

use std::{collections::BTreeMap, path::Path};

use arrow::array::RecordBatch;

use super::{Board, across, query};
use crate::{
    analysis::check_columns,
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
    let tables = query::empty_tables(board)?;
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
    let mut problems = Problems::default();
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
        let earlier = unknown(std::slice::from_ref(&statement));
        let question = Question {
            statements: std::slice::from_ref(&statement),
            vector: &Vector::new(),
            facts: &facts,
            earlier: &earlier,
            calendar: None,
            plan_only: true,
            limits: query::limits(),
            most_rows: query::MOST_ROWS,
        };
        let answer = match ask(launcher, Path::new("/nonexistent"), question).await {
            Ok(mut answers) => answers.pop().map(|(_, answer)| answer),
            Err(error) => Some(Err(SqlError::of_worker(&error))),
        };
        match (answer, contract.rules.get(at)) {
            (Some(Err(error)), _) => {
                let expected = "SQL over this file's tables, previous.<table> and the tables of other returns";
                problems.about(&file, format!("{}: {error}", statement.name), expected, "");
            }
            (Some(Ok(batches)), Some(rule)) => {
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

/// The tables that statements ask for as they were: of no version, for there is no ledger yet.
fn unknown(statements: &[Statement]) -> Vec<Earlier> {
    let asked = statements.iter().flat_map(|statement| earlier_in(&statement.sql));
    asked.map(|(table, day)| Earlier { table, day, version: None }).collect()
}

//! Plans every statement of the board against tables made from its contracts: nothing is run, no warehouse is needed.

use std::{collections::BTreeMap, path::Path};

use super::{Board, query};
use crate::{
    analysis::check_columns,
    ledger::Vector,
    settings::Problems,
    warehouse::{Question, Statement, ask},
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
    let question = Question {
        statements: &statements,
        vector: &Vector::new(),
        facts: &tables,
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
    Ok(problems)
}

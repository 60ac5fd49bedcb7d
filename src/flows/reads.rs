//! Which tables the board's own SQL reads: what follows from what.
//!
//! Asked of a worker once, for a definition is not changed while the daemon runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{App, Board, query};
use crate::{
    analysis::{Indicator, MODELS},
    ledger::Vector,
    warehouse::{SqlError, Statement, tables_named},
    worker::{Launcher, WorkerError},
};

/// In the place of names that are not known: it may be any table.
const ANYTHING: &str = "*";

/// What each piece of the board's SQL reads, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Of each model, by its table.
    pub models: BTreeMap<String, BTreeSet<String>>,
    /// Of each indicator, its benchmark's included.
    pub indicators: BTreeMap<String, BTreeSet<String>>,
    /// Of each pack.
    pub packs: BTreeMap<String, BTreeSet<String>>,
}

impl Reads {
    /// Everything that a table or a piece of SQL rests on: what is named, and what the models among it name.
    pub fn all_below(&self, named: &BTreeSet<String>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut left: Vec<&String> = named.iter().collect();
        while let Some(name) = left.pop() {
            if found.insert(name.clone()) {
                left.extend(self.models.get(name).into_iter().flatten());
            }
        }
        found
    }

    /// The versions of all that `named` rests on.
    pub fn versions<'a>(&self, named: &BTreeSet<String>, vector: &'a Vector) -> BTreeMap<&'a str, i64> {
        let all = self.all_below(named);
        let is_below = |table: &String| all.contains(table) || (all.contains(ANYTHING) && !is_derived(table));
        vector.iter().filter(|(table, _)| is_below(table)).map(|(table, version)| (table.as_str(), *version)).collect()
    }

    /// The indicators that rest on any of these tables.
    pub fn resting_on(&self, tables: &BTreeSet<String>) -> BTreeSet<&str> {
        let rests = |named: &BTreeSet<String>| {
            let all = self.all_below(named);
            all.contains(ANYTHING) || !all.is_disjoint(tables)
        };
        self.indicators.iter().filter(|(_, named)| rests(named)).map(|(id, _)| id.as_str()).collect()
    }
}

/// What the running board's SQL reads.
pub(in crate::flows) async fn reads(app: &App) -> anyhow::Result<&Reads> {
    app.reads.get_or_try_init(|| of(&app.board, &app.launcher)).await
}

/// The same of any board. Of SQL that cannot be read it is not known what it names; why is for whoever runs it.
///
/// # Errors
/// When no worker can be started.
pub async fn of(board: &Board, launcher: &Launcher) -> anyhow::Result<Reads> {
    let models = board.models.iter().map(|model| (model.table(), model.sql.as_str()));
    let indicators = board.indicators.iter().flat_map(|one| {
        let of = |sql| (format!("indicators.{}", one.id), sql);
        let benchmark = one.benchmark.as_ref().map(|benchmark| of(benchmark.sql.as_str()));
        std::iter::once(of(one.sql.as_str())).chain(benchmark)
    });
    let packs =
        board.packs.iter().flat_map(|(id, pack)| pack.statements().map(move |(_, sql)| (format!("packs.{id}"), sql)));
    let statements: Vec<Statement> =
        models.chain(indicators).chain(packs).map(|(name, sql)| Statement { name, sql: sql.to_owned() }).collect();
    let mut reads = Reads::default();
    for (statement, named) in statements.iter().zip(named(launcher, &statements).await?) {
        // What cannot be read may name anything.
        let named = named.unwrap_or_else(|_| BTreeSet::from([ANYTHING.to_owned()]));
        let (of, name) = match statement.name.split_once('.') {
            Some(("indicators", id)) => (&mut reads.indicators, id.to_owned()),
            Some(("packs", id)) => (&mut reads.packs, id.to_owned()),
            _ => (&mut reads.models, statement.name.clone()),
        };
        of.entry(name).or_default().extend(named);
    }
    Ok(reads)
}

/// The tables that each statement names. One that ends the work on all of them is found by asking one by one.
async fn named(
    launcher: &Launcher,
    statements: &[Statement],
) -> Result<Vec<Result<BTreeSet<String>, SqlError>>, WorkerError> {
    match tables_named(launcher, statements, query::limits()).await {
        Err(error) if statements.len() > 1 && !error.is_of_every_job() => {
            tracing::debug!(%error, "the statements are read one by one")
        }
        answered => return answered,
    }
    let mut all = Vec::new();
    for statement in statements {
        match tables_named(launcher, std::slice::from_ref(statement), query::limits()).await {
            Ok(one) => all.extend(one),
            Err(error) if error.is_of_every_job() => return Err(error),
            Err(error) => all.push(Err(SqlError::of_worker(&error))),
        }
    }
    Ok(all)
}

/// Whether a table is made of indicators.
fn is_derived(table: &str) -> bool {
    table.starts_with("analysis.") || table.starts_with("disclosed.")
}

/// Whether a table is a model.
pub(super) fn is_model(table: &str) -> bool {
    table.starts_with(MODELS)
}

/// Whether an indicator's SQL asks the ledger, through a model too.
pub(super) fn asks_the_ledger(reads: &Reads, named: &BTreeSet<String>) -> bool {
    reads.all_below(named).iter().any(|table| table.starts_with("ledger."))
}

/// What an indicator names.
pub(super) fn of_indicator<'a>(reads: &'a Reads, indicator: &Indicator) -> &'a BTreeSet<String> {
    static NOTHING: BTreeSet<String> = BTreeSet::new();
    reads.indicators.get(&indicator.id).unwrap_or(&NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_rests_on_a_table_rests_on_it_through_models_too() {
        let reads = Reads {
            models: [
                ("models.top".to_owned(), set(&["models.base"])),
                ("models.base".to_owned(), set(&["returns.plans"])),
            ]
            .into(),
            indicators: [
                ("plans".to_owned(), set(&["models.top"])),
                ("referrals".to_owned(), set(&["returns.referrals"])),
            ]
            .into(),
            packs: BTreeMap::new(),
        };
        assert_eq!(reads.all_below(&set(&["models.top"])), set(&["models.top", "models.base", "returns.plans"]));
        assert_eq!(reads.resting_on(&set(&["returns.plans"])), BTreeSet::from(["plans"]));
    }
}

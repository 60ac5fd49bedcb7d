//! Questions in SQL: the warehouse as readers see it, with the ledger's facts beside it.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use arrow::array::RecordBatch;
use jiff::{Timestamp, civil::Date};

use super::{
    App, Board, facts, lineage, reads,
    refresh::{self, EXCEPTIONS},
};
use crate::{
    analysis,
    ledger::{
        CoverageRow, DaysEnd, EventHead, MessageHead, Obligation, Query, RecordedEvent, SignOff, SignOffKey,
        Submission, Txn, Vector, deliberated,
    },
    warehouse::{Answer, Earlier, Question, SqlError, Statement, View, ask_over, earlier_in},
    worker::{Limits, WorkerError},
};

/// The most rows one answer may have.
pub const MOST_ROWS: usize = 1_000_000;

/// What one job of statements may use.
pub fn limits() -> Limits {
    Limits { memory_bytes: 2 << 30, wall: Duration::from_secs(120), decoded_bytes: 256 << 20 }
}

/// The table that is made only for who asks for it, since a worker is asked first what reads what.
const LINEAGE: &str = "ledger.lineage";

fn asks_lineage(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| statement.sql.to_lowercase().contains(LINEAGE))
}

/// What the ledger knows.
struct Known {
    obligations: Vec<Obligation>,
    submissions: Vec<Submission>,
    messages: Vec<MessageHead>,
    queries: Vec<Query>,
    coverage: Vec<CoverageRow>,
    sign_offs: Vec<(SignOffKey, SignOff)>,
    decisions: Vec<RecordedEvent>,
    heads: Vec<EventHead>,
    deliberations: Vec<RecordedEvent>,
}

/// What the ledger knows now, or what it knew at the end of a day.
fn known(txn: &Txn<'_>, then: Option<DaysEnd>) -> crate::ledger::Result<Known> {
    let until = then.map_or(i64::MAX, |then| then.seq);
    let (obligations, submissions, messages) = match then {
        Some(then) => (txn.obligations_at(then)?, txn.submissions_at(then)?, txn.message_heads_at(then)?),
        None => (txn.obligations()?, txn.submissions()?, txn.message_heads()?),
    };
    Ok(Known {
        queries: txn.queries(&obligations, then)?,
        coverage: txn.coverage(&obligations)?,
        sign_offs: txn.sign_offs(then)?,
        decisions: txn.decisions(until)?,
        heads: txn.event_heads(until)?,
        deliberations: txn.deliberations(until)?,
        obligations,
        submissions,
        messages,
    })
}

/// What a question is put to: the versions of the tables, and what the ledger says beside them.
struct Seen {
    vector: Vector,
    facts: Vec<(String, RecordBatch)>,
}

/// The versions that readers see now. A model that nobody defines any more, or that failed, has rows that are not what they
/// should be, and is not among them.
pub async fn readable(app: &App) -> anyhow::Result<Vector> {
    let (mut vector, failed) = app.ledger.read(|txn| Ok((txn.vector()?, refresh::failed_models(txn)?))).await?;
    let defined: BTreeSet<String> = app.board.models.iter().map(|model| model.table()).collect();
    vector.retain(|table, _| !reads::is_model(table) || (defined.contains(table) && !failed.contains(table)));
    Ok(vector)
}

/// Puts statements to the warehouse as `vector` sees it, with the ledger as it is now.
pub async fn put(app: &App, statements: &[Statement], vector: &Vector) -> anyhow::Result<Vec<Answer>> {
    let now = app.clock.now();
    let known = app.ledger.read(|txn| known(txn, None)).await?;
    let mut facts = ledger_facts(&app.board, &known, now)?;
    if asks_lineage(statements) {
        facts.push((LINEAGE.to_owned(), lineage::table(&lineage::all(app).await?)?));
    }
    put_to(app, statements, Seen { vector: vector.clone(), facts }).await
}

async fn put_to(app: &App, statements: &[Statement], seen: Seen) -> anyhow::Result<Vec<Answer>> {
    put_over(app, statements, seen, &[]).await
}

async fn put_over(app: &App, statements: &[Statement], seen: Seen, views: &[View]) -> anyhow::Result<Vec<Answer>> {
    let Seen { vector, mut facts } = seen;
    // A table nobody has delivered yet has no rows; it is not an unknown table.
    let empty = empty_tables(&app.board)?;
    facts.extend(empty.into_iter().filter(|(name, _)| !name.starts_with("ledger.") && !vector.contains_key(name)));
    let calendar = app.board.timetable.calendar();
    let earlier = earlier(app, statements).await?;
    let question = Question {
        statements,
        vector: &vector,
        facts: &facts,
        earlier: &earlier,
        calendar: Some(&calendar),
        plan_only: false,
        limits: limits(),
        most_rows: MOST_ROWS,
    };
    Ok(ask_over(&app.launcher, &app.warehouse_folder(), question, views).await?)
}

/// The tables that statements ask for as they were on a day.
async fn earlier(app: &App, statements: &[Statement]) -> anyhow::Result<Vec<Earlier>> {
    let asked: BTreeSet<_> = statements.iter().flat_map(|statement| earlier_in(&statement.sql)).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let known = app.ledger.read(move |txn| {
        let of_day = |(table, day): (String, Date)| {
            let version = txn.vector_as_of(day)?.get(&table).copied();
            Ok(Earlier { table, day, version })
        };
        asked.into_iter().map(of_day).collect::<crate::ledger::Result<Vec<_>>>()
    });
    Ok(known.await?)
}

/// Puts statements to the warehouse as `vector` sees it and to the rows of `views`. `facts` are tables without rows for
/// the names that have none.
pub async fn put_beside(
    app: &App,
    statements: &[Statement],
    vector: &Vector,
    views: &[View],
    facts: Vec<(String, RecordBatch)>,
) -> anyhow::Result<Vec<Answer>> {
    put_over(app, statements, Seen { vector: vector.clone(), facts }, views).await
}

/// Puts one statement to the warehouse as readers see it now, or to warehouse and ledger as they were at the end of a
/// day.
pub async fn sql(app: &App, text: &str, as_of: Option<Date>) -> anyhow::Result<Vec<RecordBatch>> {
    let statement = [Statement { name: "statement".into(), sql: text.to_owned() }];
    let answers = match as_of {
        Some(day) => put_to(app, &statement, seen_at(app, &statement, day).await?).await,
        None => put(app, &statement, &readable(app).await?).await,
    };
    let mut answers = answers.map_err(|error| match error.downcast::<WorkerError>() {
        Ok(error) => SqlError::of_worker(&error).into(),
        Err(error) => error,
    })?;
    let (_, answer) = answers.pop().context("the worker gave no answer")?;
    Ok(answer?)
}

/// What there was to see at the end of a day; what was owed then stands as it stood at its last second.
async fn seen_at(app: &App, statements: &[Statement], day: Date) -> anyhow::Result<Seen> {
    let (then, vector, known) = app
        .ledger
        .read(move |txn| {
            let then = txn.end_of(day)?;
            Ok((then, txn.vector_as_of(day)?, known(txn, Some(then))?))
        })
        .await?;
    let at = then.end.checked_sub(jiff::SignedDuration::from_secs(1))?.min(app.clock.now());
    let mut facts = ledger_facts(&app.board, &known, at)?;
    if asks_lineage(statements) {
        let effective: BTreeSet<i64> = known.obligations.iter().filter_map(|one| one.effective).collect();
        let standing: Vec<Submission> =
            known.submissions.into_iter().filter(|one| effective.contains(&one.id)).collect();
        let links = lineage::all_of(app, &lineage::Known { vector: &vector, standing: &standing }).await?;
        facts.push((LINEAGE.to_owned(), lineage::table(&links)?));
    }
    Ok(Seen { vector, facts })
}

/// The fact tables under their qualified names, as they stand at `at`.
fn ledger_facts(board: &Board, known: &Known, at: Timestamp) -> anyhow::Result<Vec<(String, RecordBatch)>> {
    let (judgements, matters) = deliberated(&known.deliberations);
    let tables = [
        facts::obligations(board, &known.obligations, &known.heads, at)?,
        facts::submissions(&known.submissions, &known.decisions)?,
        facts::messages(board, &known.messages)?,
        facts::punctuality(board, &known.obligations, &known.decisions, at)?,
        facts::events(&known.heads)?,
        facts::queries(board, &known.queries)?,
        facts::coverage(board, &known.coverage)?,
        facts::commentary(board, &known.obligations)?,
        facts::sign_offs(&known.sign_offs)?,
        facts::dispositions(&judgements)?,
        facts::decisions(board, &matters)?,
    ];
    Ok(tables.into_iter().map(|(name, batch)| (format!("ledger.{name}"), batch)).collect())
}

/// Every table the board's SQL may name, without rows.
pub fn empty_tables(board: &Board) -> anyhow::Result<Vec<(String, RecordBatch)>> {
    let mut tables: Vec<(String, RecordBatch)> = facts::empty(board)?.into_iter().collect();
    for contract in board.returns.values() {
        for table in &contract.tables {
            let name = contract.qualified(table);
            if !tables.iter().any(|(known, _)| *known == name) {
                tables.push((name, RecordBatch::new_empty(table.schema())));
            }
        }
    }
    tables.push((LINEAGE.to_owned(), lineage::table(&[])?));
    for name in ["analysis.figures", "disclosed.figures"] {
        tables.push((name.to_owned(), RecordBatch::new_empty(analysis::figures_schema())));
    }
    tables.push((EXCEPTIONS.to_owned(), RecordBatch::new_empty(analysis::exceptions_schema())));
    Ok(tables)
}

//! The SQL desk: questions go to a worker that may read these tables at these versions and nothing else.
//!
//! Knows no roles: whoever asks hands in the tables that may be seen, and no others exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use serde::{Deserialize, Serialize};

use super::earlier::{Earlier, earlier_in};
use super::session;
use super::table::Table;
use crate::domain::Calendar;
use crate::ledger::{ObligationKey, Vector};
use crate::worker::{self, Batches, Frame, Input, Job, Kind, Launcher, Limits, WorkerError};

/// A question in SQL, by a name that its answer carries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Statement {
    pub name: String,
    pub sql: String,
}

/// Statements and what they may be answered from.
pub struct Question<'a> {
    pub statements: &'a [Statement],
    /// The Delta tables that exist for these statements, and their versions.
    pub vector: &'a Vector,
    /// Tables that are no Delta tables, by their names in SQL; a name that is also in the vector means this one.
    pub facts: &'a [(String, RecordBatch)],
    /// Tables as they were on a day, for `as_of`.
    pub earlier: &'a [Earlier],
    /// Which days are working days; without one, those of England and Wales as shipped.
    pub calendar: Option<&'a Calendar>,
    /// Whether the statements are planned only; the answers have columns and no rows then.
    pub plan_only: bool,
    /// For all statements together.
    pub limits: Limits,
    /// Rows that one answer may have.
    pub most_rows: usize,
}

/// Why a statement has no answer, in words for the one who wrote it. Names tables and columns, and no file of this
/// machine but those of a damaged table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SqlError(pub String);

impl SqlError {
    /// What the one who wrote the statement is told when it ended its worker.
    pub fn of_worker(error: &WorkerError) -> Self {
        Self(match error {
            WorkerError::OutOfMemory { limit_bytes, .. } => out_of_memory(*limit_bytes),
            WorkerError::Timeout { wall, .. } => {
                format!("the statement was stopped after {} s; ask for less at once", wall.as_secs_f32())
            }
            WorkerError::TooLarge { limit_bytes, .. } => too_large(*limit_bytes),
            WorkerError::Died { .. } => TOO_DEEP.to_owned(),
            other => other.to_string(),
        })
    }
}

pub(super) const TOO_DEEP: &str =
    "the statement ended the work on it, and nothing else; it is nested too deeply or too large, write smaller parts";

pub(super) fn out_of_memory(limit_bytes: u64) -> String {
    format!("the statement needed more than its {} MiB of memory; ask for less at once", limit_bytes >> 20)
}

pub(super) fn too_large(limit_bytes: u64) -> String {
    format!("the answer is larger than {} MiB; ask for fewer rows or columns", limit_bytes >> 20)
}

/// One statement's name and answer: at least one batch, so that the columns are known.
pub type Answer = (String, Result<Vec<RecordBatch>, SqlError>);

/// A name of its own for some rows of a table, for these statements alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct View {
    /// Its name in SQL, with its schema; `public.episodes` is also `episodes`.
    pub name: String,
    /// The table.
    pub table: String,
    /// Whose rows, and of which period.
    pub key: ObligationKey,
    /// A staged file that no version names yet, from the table's folder down; without one, the rows are those of the
    /// key in the version of the vector.
    pub staged: Option<String>,
}

/// The question as it crosses to the worker.
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    pub warehouse: PathBuf,
    pub statements: Vec<Statement>,
    pub vector: Vector,
    pub views: Vec<View>,
    pub facts: Vec<Fact>,
    pub earlier: Vec<Earlier>,
    pub calendar: Option<Calendar>,
    pub plan_only: bool,
    /// Whether it is only asked which tables the statements name; no table needs to exist then.
    pub names_only: bool,
    pub memory_bytes: u64,
    pub answer_bytes: u64,
    pub most_rows: usize,
}

/// A fact table; the input holds their Arrow streams one after the other.
#[derive(Serialize, Deserialize)]
pub(super) struct Fact {
    pub name: String,
    pub bytes: usize,
}

/// What precedes the rows of an answer, or stands in their place.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub error: Option<String>,
    /// The tables that the statement names, where only that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<BTreeSet<String>>,
}

/// Which tables each statement names, those it asks for as they were on a day among them; or why it cannot be read. In the
/// order of the statements.
///
/// # Errors
/// When the worker gave no answers: a statement may end it by its size or depth (see [`SqlError::of_worker`]).
pub async fn tables_named(
    launcher: &Launcher,
    statements: &[Statement],
    limits: Limits,
) -> Result<Vec<Result<BTreeSet<String>, SqlError>>, WorkerError> {
    let protocol = |what: String| WorkerError::Protocol { kind: Kind::Sql, what };
    let request = Request {
        warehouse: PathBuf::from("/nonexistent"),
        statements: statements.to_vec(),
        vector: Vector::new(),
        views: Vec::new(),
        facts: Vec::new(),
        earlier: Vec::new(),
        calendar: None,
        plan_only: true,
        names_only: true,
        memory_bytes: limits.memory_bytes,
        answer_bytes: limits.decoded_bytes,
        most_rows: 0,
    };
    let request = serde_json::to_value(request).map_err(|error| protocol(error.to_string()))?;
    let job = Job { kind: Kind::Sql, request: &request, input: Input::Bytes(&[]), limits, readable: &[] };
    let mut frames = launcher.run(job).await?.into_iter();
    let mut answers = Vec::new();
    for statement in statements {
        let Some(Frame::Json(outcome)) = frames.next() else { return Err(protocol("an answer is missing".to_owned())) };
        let outcome: Outcome = serde_json::from_value(outcome).map_err(|error| protocol(error.to_string()))?;
        let earlier = earlier_in(&statement.sql).into_iter().map(|(table, _)| table);
        answers.push(match outcome.error {
            Some(error) => Err(SqlError(error)),
            None => Ok(outcome.names.unwrap_or_default().into_iter().chain(earlier).collect()),
        });
    }
    Ok(answers)
}

/// Puts the statements to a worker over the warehouse in a folder. One answer a statement, in their order.
///
/// # Errors
/// When the worker gave no answers: a statement may end it by its size or depth (see [`SqlError::of_worker`]).
pub async fn ask(launcher: &Launcher, warehouse: &Path, question: Question<'_>) -> Result<Vec<Answer>, WorkerError> {
    ask_over(launcher, warehouse, question, &[]).await
}

/// The same with names for some rows of the tables, which go before tables and facts of that name.
///
/// # Errors
/// See [`ask`].
pub async fn ask_over(
    launcher: &Launcher,
    warehouse: &Path,
    question: Question<'_>,
    views: &[View],
) -> Result<Vec<Answer>, WorkerError> {
    let kind = Kind::Sql;
    let protocol = |what: String| WorkerError::Protocol { kind, what };
    let mut input = Vec::new();
    let mut facts = Vec::new();
    for (name, batch) in question.facts {
        let bytes = write_stream(&batch.schema(), std::slice::from_ref(batch)).map_err(|e| protocol(e.to_string()))?;
        facts.push(Fact { name: name.clone(), bytes: bytes.len() });
        input.extend(bytes);
    }
    // The worker's folder is the root of the file system.
    let warehouse = std::fs::canonicalize(warehouse).unwrap_or_else(|_| warehouse.to_owned());
    let beside = views.iter().map(|view| &view.table).chain(question.earlier.iter().map(|earlier| &earlier.table));
    let named = question.vector.keys().chain(beside);
    let tables = named.filter_map(|name| Table::of(&warehouse, name).ok());
    let readable: Vec<PathBuf> = tables.map(|table| table.folder).filter(|folder| folder.is_dir()).collect();
    let request = Request {
        warehouse,
        statements: question.statements.to_vec(),
        vector: question.vector.clone(),
        views: views.to_vec(),
        facts,
        earlier: question.earlier.to_vec(),
        calendar: question.calendar.cloned(),
        plan_only: question.plan_only,
        names_only: false,
        memory_bytes: question.limits.memory_bytes,
        answer_bytes: question.limits.decoded_bytes,
        most_rows: question.most_rows,
    };
    let request = serde_json::to_value(request).map_err(|error| protocol(error.to_string()))?;
    let job =
        Job { kind, request: &request, input: Input::Bytes(&input), limits: question.limits, readable: &readable };
    let mut frames = launcher.run(job).await?.into_iter();
    let mut answers = Vec::new();
    for statement in question.statements {
        let answer = read_answer(&mut frames).map_err(protocol)?;
        answers.push((statement.name.clone(), answer));
    }
    Ok(answers)
}

fn read_answer(frames: &mut impl Iterator<Item = Frame>) -> Result<Result<Vec<RecordBatch>, SqlError>, String> {
    let Some(Frame::Json(outcome)) = frames.next() else { return Err("an answer is missing".to_owned()) };
    let outcome: Outcome = serde_json::from_value(outcome).map_err(|error| error.to_string())?;
    if let Some(error) = outcome.error {
        return Ok(Err(SqlError(error)));
    }
    let Some(Frame::Bytes(bytes)) = frames.next() else { return Err("an answer without rows".to_owned()) };
    read_stream(bytes).map(Ok).map_err(|error| error.to_string())
}

/// Batches as an Arrow IPC stream.
fn write_stream(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    let mut stream = StreamWriter::try_new(Vec::new(), schema)?;
    for batch in batches {
        stream.write(batch)?;
    }
    stream.into_inner()
}

/// The batches of an Arrow IPC stream; one without rows if it has none.
pub(super) fn read_stream(bytes: Vec<u8>) -> Result<Vec<RecordBatch>, ArrowError> {
    let mut stream = Batches::of(bytes);
    let mut batches = stream.by_ref().collect::<Result<Vec<_>, _>>()?;
    if batches.is_empty() {
        let schema = stream.schema().ok_or_else(|| ArrowError::IpcError("it holds nothing".into()))?;
        batches.push(RecordBatch::new_empty(schema));
    }
    Ok(batches)
}

/// The worker's side of [`ask`]; the exit code of the process. Call it at the top of `main`.
pub fn serve_sql() -> ExitCode {
    worker::serve(Kind::Sql, session::handle)
}

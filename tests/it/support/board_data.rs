//! A small warehouse: submissions of two agencies, put in through the front door.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::array_value_to_string;
use jiff::Timestamp;
use quarterday::check::Sink;
use quarterday::ledger::{ObligationKey, Vector};
use quarterday::warehouse::{Question, SqlError, Staged, Statement, Warehouse, ask};
use quarterday::worker::{Launcher, Limits, WorkerError};
use tempfile::TempDir;

pub const EPISODES: &str = "returns.missing_episodes";
pub const CHILDREN: &str = "returns.missing_children";

/// A warehouse in a folder of its own.
pub struct Home {
    pub folder: TempDir,
    pub warehouse: Warehouse,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Warehouse::open(&folder.path().join("warehouse")).unwrap();
        Self { folder, warehouse }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("warehouse")
    }

    pub async fn stage(&self, agency: &str, submission: i64, counts: &[i128]) -> Staged {
        stage(&self.warehouse, agency, submission, counts).await
    }

    pub async fn store(&self, agency: &str, submission: i64, counts: &[i128]) -> Vector {
        let staged = self.stage(agency, submission, counts).await;
        self.warehouse.turn().await.commit(&staged, at()).await.unwrap()
    }

    pub async fn rows(&self, vector: &Vector, sql: &str) -> Vec<String> {
        rows(&self.path(), vector, sql).await.unwrap().unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub async fn refusal(&self, vector: &Vector, sql: &str) -> String {
        match rows(&self.path(), vector, sql).await.unwrap() {
            Ok(rows) => panic!("{sql}: {rows:?}"),
            Err(error) => error.to_string(),
        }
    }
}

pub fn at() -> Timestamp {
    "2025-07-14T09:00:00Z".parse().unwrap()
}

pub fn key(agency: &str) -> ObligationKey {
    format!("missing/{agency}/2025-26-Q1").parse().unwrap()
}

pub fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("return_id"),
        text("agency"),
        text("period"),
        Field::new("submission", DataType::Int64, true),
        text("area"),
        Field::new("from_home", DataType::Decimal128(18, 0), true),
        text("from_home_status"),
        Field::new("on_day", DataType::Date32, true),
    ]))
}

/// One row a count, of the area "Year 1", "Year 2" and so on; a negative count is "not available".
pub fn batch(agency: &str, submission: i64, counts: &[i128]) -> RecordBatch {
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; counts.len()])) };
    let areas: Vec<String> = (1..=counts.len()).map(|year| format!("Year {year} – né")).collect();
    let values = counts.iter().map(|count| (*count >= 0).then_some(*count));
    let values = Decimal128Array::from_iter(values).with_precision_and_scale(18, 0).unwrap();
    let statuses: Vec<Option<&str>> = counts.iter().map(|count| (*count < 0).then_some("x")).collect();
    let columns: Vec<ArrayRef> = vec![
        same("missing"),
        same(agency),
        same("2025-26-Q1"),
        Arc::new(Int64Array::from(vec![submission; counts.len()])),
        Arc::new(StringArray::from(areas)),
        Arc::new(values),
        Arc::new(StringArray::from(statuses)),
        Arc::new(Date32Array::from(vec![Some(20_269); counts.len()])),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// The counts go to one table, their first alone to another.
pub async fn stage(warehouse: &Warehouse, agency: &str, submission: i64, counts: &[i128]) -> Staged {
    let tables = [(EPISODES.to_owned(), schema()), (CHILDREN.to_owned(), schema())];
    let mut staging = warehouse.stage(&key(agency), submission, &tables).unwrap();
    for part in counts.chunks(2) {
        staging.write(EPISODES, batch(agency, submission, part)).await.unwrap();
    }
    staging.write(CHILDREN, batch(agency, submission, &counts[..counts.len().min(1)])).await.unwrap();
    staging.finish().await.unwrap()
}

pub fn launcher() -> Launcher {
    Launcher::of(Path::new(env!("CARGO_BIN_EXE_quarterday"))).unwrap()
}

pub fn limits(mib: u64, seconds: u64) -> Limits {
    Limits { memory_bytes: mib << 20, wall: Duration::from_secs(seconds), decoded_bytes: 16 << 20 }
}

pub fn statement(sql: &str) -> Statement {
    Statement { name: "it".to_owned(), sql: sql.to_owned() }
}

/// The rows of an answer, cells parted by a bar.
pub async fn rows(warehouse: &Path, vector: &Vector, sql: &str) -> Result<Result<Vec<String>, SqlError>, WorkerError> {
    let statements = [statement(sql)];
    let limits = limits(512, 30);
    let question = Question {
        statements: &statements,
        vector,
        facts: &[],
        earlier: &[],
        calendar: None,
        plan_only: false,
        limits,
        most_rows: 1000,
    };
    let (_, answer) = ask(&launcher(), warehouse, question).await?.remove(0);
    Ok(answer.map(|batches| written(&batches)))
}

pub fn written(batches: &[RecordBatch]) -> Vec<String> {
    let row = |batch: &RecordBatch, row| {
        let cells = batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap());
        cells.collect::<Vec<_>>().join("|")
    };
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |index| row(batch, index))).collect()
}

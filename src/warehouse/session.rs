//! The worker's side of the desk: tables at their versions, one session, no file but theirs, no disk to spill to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use datafusion::catalog::{CatalogProvider, MemTable, MemoryCatalogProvider, MemorySchemaProvider, TableProvider};
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{Expr, ParquetReadOptions, SessionConfig, SessionContext, col, lit};
use futures::StreamExt;
use serde_json::Value;

use super::desk::{Outcome, Request, Statement, TOO_DEEP, View, out_of_memory, read_stream, too_large};
use super::earlier::{AS_OF, AsOf, Earlier};
use super::table::{PARTITION, Table};
use super::{SqlError, statement};
use crate::settings::nearest;
use crate::worker::Output;

/// The stack of the thread that plans, in bytes. Deep statements overflow any stack; they take only this process.
const STACK: usize = 16 << 20;

/// The names of a table in full are `quarterday.returns.missing_children`; a name without a schema is in `public`.
const CATALOG: &str = "quarterday";
const SCHEMA: &str = "public";

/// Answers every statement of the request.
pub(super) fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let request: Request = serde_json::from_value(request).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(2)
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let session = Arc::new(Session::new(request, &input)?);
    let earlier = session.clone();
    runtime.block_on(async move { earlier.open_earlier().await });
    for index in 0..session.request.statements.len() {
        let session = session.clone();
        if session.request.names_only {
            let naming = runtime.spawn(async move { session.names(&session.request.statements[index].sql) });
            let outcome =
                runtime.block_on(naming).unwrap_or_else(|_| Outcome { error: Some(TOO_DEEP.to_owned()), names: None });
            let outcome = serde_json::to_value(outcome).map_err(|error| error.to_string())?;
            output.json(&outcome).map_err(|error| error.to_string())?;
            continue;
        }
        // Planned on the runtime's own thread, for its stack.
        let answering = runtime.spawn(async move { session.answer(&session.request.statements[index]).await });
        let (error, rows) = match runtime.block_on(answering) {
            Ok(Ok(rows)) => (None, Some(rows)),
            Ok(Err(error)) => (Some(error.0), None),
            // It panicked; a stack that cannot grow is the common cause.
            Err(_) => (Some(TOO_DEEP.to_owned()), None),
        };
        let outcome = serde_json::to_value(Outcome { error, names: None }).map_err(|error| error.to_string())?;
        output.json(&outcome).map_err(|error| error.to_string())?;
        if let Some(rows) = rows {
            output.bytes(&rows).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

struct Session {
    context: SessionContext,
    catalog: Arc<MemoryCatalogProvider>,
    facts: BTreeMap<String, Arc<MemTable>>,
    request: Request,
}

impl Session {
    fn new(request: Request, mut input: &[u8]) -> Result<Self, String> {
        let mut facts = BTreeMap::new();
        for fact in &request.facts {
            let (bytes, rest) = input.split_at_checked(fact.bytes).ok_or("a fact table is cut off")?;
            let batches = read_stream(bytes.to_vec()).map_err(|error| error.to_string())?;
            let table = MemTable::try_new(batches[0].schema(), vec![batches]).map_err(|error| error.to_string())?;
            facts.insert(fact.name.clone(), Arc::new(table));
            input = rest;
        }
        let context = confined(request.memory_bytes).map_err(|error| error.to_string())?;
        match request.calendar.clone() {
            Some(calendar) => crate::sqlfn::register_with(&context, calendar),
            None => crate::sqlfn::register(&context),
        }
        let catalog = Arc::new(MemoryCatalogProvider::new());
        context.register_catalog(CATALOG, catalog.clone());
        Ok(Self { context, catalog, facts, request })
    }

    /// The tables that a statement names, with their schemas.
    fn names(&self, sql: &str) -> Outcome {
        let state = self.context.state();
        let named = statement::read(&state, sql)
            .and_then(|parsed| state.resolve_table_references(&parsed).map_err(|error| self.in_words(error, None)));
        match named {
            Ok(tables) => {
                let tables = tables.into_iter().map(|table| table.resolve(CATALOG, SCHEMA));
                let names = tables.map(|table| format!("{}.{}", table.schema, table.table)).collect();
                Outcome { error: None, names: Some(names) }
            }
            Err(error) => Outcome { error: Some(error.0), names: None },
        }
    }

    /// The rows of the answer as an Arrow IPC stream.
    async fn answer(&self, statement: &Statement) -> Result<Vec<u8>, SqlError> {
        let state = self.context.state();
        let sql = &statement.sql;
        let parsed = statement::read(&state, sql)?;
        let mut unknown = None;
        for table in state.resolve_table_references(&parsed).map_err(|error| self.in_words(error, None))? {
            let table = table.resolve(CATALOG, SCHEMA);
            let name = format!("{}.{}", table.schema, table.table);
            if table.catalog.as_ref() != CATALOG || !self.provide(&table.schema, &table.table, &name).await? {
                unknown = Some(name);
            }
        }
        let plan = state.statement_to_plan(parsed).await.map_err(|error| self.in_words(error, unknown.as_deref()))?;
        statement::only_reads(&plan, sql)?;
        let physical = state.create_physical_plan(&plan).await.map_err(|error| self.in_words(error, None))?;
        let schema = plain_schema(&physical.schema());
        let mut stream = StreamWriter::try_new(Vec::new(), &schema).map_err(|error| self.arrow(error))?;
        if self.request.plan_only {
            return stream.into_inner().map_err(|error| self.arrow(error));
        }
        let mut batches =
            execute_stream(physical, self.context.task_ctx()).map_err(|error| self.in_words(error, None))?;
        let mut rows = 0;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| self.in_words(error, None))?;
            rows += batch.num_rows();
            if rows > self.request.most_rows {
                let most = self.request.most_rows;
                return Err(SqlError(format!("the answer has more than {most} rows; add a condition or LIMIT {most}")));
            }
            let batch = plain(&batch, &schema).map_err(|error| self.arrow(error))?;
            stream.write(&batch).map_err(|error| self.arrow(error))?;
            if stream.get_ref().len() as u64 > self.request.answer_bytes {
                return Err(SqlError(too_large(self.request.answer_bytes)));
            }
        }
        stream.into_inner().map_err(|error| self.arrow(error))
    }

    /// Makes a table known to the session; false if there is none of that name.
    async fn provide(&self, schema: &str, table: &str, name: &str) -> Result<bool, SqlError> {
        let shelf = match self.catalog.schema(schema) {
            Some(shelf) => shelf,
            None => Arc::new(MemorySchemaProvider::new()),
        };
        if shelf.table_exist(table) {
            return Ok(true);
        }
        let view = self.request.views.iter().find(|view| view.name == name);
        let provider: Arc<dyn TableProvider> = match (view, self.facts.get(name), self.request.vector.get(name)) {
            (Some(view), ..) => self.view(view).await?,
            (None, Some(fact), _) => fact.clone(),
            (None, None, Some(version)) => self.open(name, *version).await?,
            (None, None, None) => return Ok(false),
        };
        shelf.register_table(table.to_owned(), provider).map_err(|error| self.in_words(error, None))?;
        self.catalog.register_schema(schema, shelf).map_err(|error| self.in_words(error, None))?;
        Ok(true)
    }

    async fn open(&self, name: &str, version: i64) -> Result<Arc<dyn TableProvider>, SqlError> {
        let said = |error: super::WarehouseError| SqlError(error.to_string());
        let table = Table::of(&self.request.warehouse, name).map_err(said)?;
        let table = table.open_checked(version).await.map_err(said)?;
        let scan = table.table_provider().with_session(Arc::new(self.context.state()));
        scan.await.map_err(|error| self.in_words(error, None))
    }

    /// Makes the tables known that the statements ask for as they were.
    async fn open_earlier(&self) {
        let mut known = BTreeMap::new();
        for earlier in &self.request.earlier {
            let table = self.earlier(earlier).await.map_err(|error| error.0);
            known.insert((earlier.table.clone(), earlier.day), table);
        }
        self.context.register_udtf(AS_OF, Arc::new(AsOf(known)));
    }

    /// A table as it was; without rows where it is of today and was not there yet.
    async fn earlier(&self, earlier: &Earlier) -> Result<Arc<dyn TableProvider>, SqlError> {
        let name = &earlier.table;
        match (earlier.version, self.request.vector.get(name), self.facts.get(name)) {
            (Some(version), ..) => self.open(name, version).await,
            (None, Some(now), _) => {
                let wrong = |error: DataFusionError| self.in_words(error, None);
                let rows = self.context.read_table(self.open(name, *now).await?).map_err(wrong)?;
                Ok(rows.limit(0, Some(0)).map_err(wrong)?.into_view())
            }
            (None, None, Some(empty)) if !name.starts_with("ledger.") => Ok(empty.clone()),
            _ => Err(SqlError(format!("as_of knows the tables of the warehouse, and {name} is none"))),
        }
    }

    /// Some rows of a table, as a table.
    async fn view(&self, view: &View) -> Result<Arc<dyn TableProvider>, SqlError> {
        let said = |error: super::WarehouseError| SqlError(error.to_string());
        let wrong = |error: DataFusionError| self.in_words(error, None);
        let key = &view.key;
        let keys = [key.return_id.to_string(), key.agency.to_string(), key.period.to_string()];
        let rows = match (&view.staged, self.request.vector.get(&view.table)) {
            (Some(path), _) => {
                let file = Table::of(&self.request.warehouse, &view.table).map_err(said)?.folder.join(path);
                let file = file.to_string_lossy().into_owned();
                let rows = self.context.read_parquet(file, ParquetReadOptions::default()).await.map_err(wrong)?;
                // The folder says whose rows they are; the file does not.
                let own: Vec<Expr> = rows.schema().columns().into_iter().map(Expr::Column).collect();
                let named = PARTITION.into_iter().zip(keys).map(|(column, value)| lit(value).alias(column));
                rows.select(named.chain(own)).map_err(wrong)?
            }
            (None, Some(version)) => {
                let table = self.open(&view.table, *version).await?;
                let rows = self.context.read_table(table).map_err(wrong)?;
                let is_own = PARTITION.into_iter().zip(keys).map(|(column, value)| col(column).eq(lit(value)));
                rows.filter(is_own.reduce(Expr::and).unwrap_or_else(|| lit(true))).map_err(wrong)?
            }
            (None, None) => return Err(SqlError(format!("table {} has no version yet", view.table))),
        };
        Ok(rows.into_view())
    }

    fn arrow(&self, error: ArrowError) -> SqlError {
        self.in_words(error.into(), None)
    }

    /// What went wrong, for the one who wrote the statement: no path of the machine and no cell's value.
    fn in_words(&self, error: DataFusionError, unknown: Option<&str>) -> SqlError {
        let said = match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => out_of_memory(self.request.memory_bytes),
            DataFusionError::SchemaError(error, _) => match error.as_ref() {
                SchemaError::FieldNotFound { field, valid_fields } => {
                    none_called("column", &field.name, valid_fields.iter().map(|field| field.name.as_str()))
                }
                other => other.to_string(),
            },
            DataFusionError::ArrowError(error, _) => of_a_value(error).to_owned(),
            DataFusionError::Execution(said) => without_quotes(said),
            DataFusionError::ParquetError(_) | DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => {
                "a file of the warehouse cannot be read; `quarterday verify` names it".to_owned()
            }
            other => self.unknown_name(&other.message(), unknown).unwrap_or_else(|| other.message().into_owned()),
        };
        SqlError(without_path(&said.replace('\n', " "), &self.request.warehouse))
    }
}

/// Arrow's errors hold the value that did not fit.
fn of_a_value(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::DivideByZero => "a division by zero; write nullif(…, 0) for what divides",
        ArrowError::ArithmeticOverflow(_) => "a result is too large for its type; cast to DECIMAL(38,0) first",
        ArrowError::MemoryError(_) => TOO_DEEP,
        _ => "a value does not fit the type it is cast to; TRY_CAST gives an empty cell instead",
    }
}

/// The text with what stands in quotes left out.
fn without_quotes(text: &str) -> String {
    let parts = text.split(['\'', '"']).enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { part } else { "…" }).collect()
}

impl Session {
    /// DataFusion's words on a table or function that does not exist, with the nearest that does.
    fn unknown_name(&self, said: &str, table: Option<&str>) -> Option<String> {
        if let Some(rest) = said.strip_prefix("Invalid function '") {
            let state = self.context.state();
            let known = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
            return Some(none_called("function", rest.split('\'').next()?, known.map(String::as_str)));
        }
        let table = table.filter(|_| said.starts_with("table '"))?;
        let views = self.request.views.iter().map(|view| &view.name);
        let known = self.request.vector.keys().chain(self.facts.keys()).chain(views);
        Some(none_called("table", bare(table), known.map(String::as_str)))
    }
}

/// A table's name as it was typed, if it was typed without a schema.
fn bare(table: &str) -> &str {
    table.strip_prefix("public.").unwrap_or(table)
}

/// What a name that nothing has is answered with.
fn none_called<'a>(kind: &str, typed: &str, known: impl Iterator<Item = &'a str>) -> String {
    let suggestion = nearest(typed, known).map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    format!("there is no {kind} {typed}{suggestion}")
}

fn without_path(text: &str, warehouse: &Path) -> String {
    let path = warehouse.to_string_lossy();
    text.replace(path.as_ref(), "").replace(path.trim_start_matches('/'), "")
}

/// A session that reads what is registered and spills nowhere.
fn confined(memory_bytes: u64) -> Result<SessionContext, DataFusionError> {
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    // Plain text columns, as the functions take and the answers give them.
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    // Physical plans name files.
    options.explain.logical_plan_only = true;
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    // Half, for much of what a plan needs is outside of the pool.
    let pool = FairSpillPool::new(usize::try_from(memory_bytes / 2).unwrap_or(usize::MAX));
    let runtime =
        RuntimeEnvBuilder::new().with_disk_manager_builder(disk).with_memory_pool(Arc::new(pool)).build_arc()?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

/// The schema with text and bytes in their plain forms.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), plain_type(field.data_type()), field.is_nullable()))
        .collect();
    Arc::new(Schema::new(fields))
}

fn plain_type(kind: &DataType) -> DataType {
    match kind {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, value) => plain_type(value),
        other => other.clone(),
    }
}

fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema.clone(), columns)
}

//! Checked rows as Delta tables, one folder a table, read at exact versions.
//!
//! Promises: rows are on the disk before the log names them, and the log entry is on the disk before [`Turn::commit`]
//! answers; a commit that is repeated changes nothing; a submission replaces the rows of its own return, agency and
//! period and of no other; every file carries a checksum, so that damage is found before it is used. No cell's value
//! stands in the log. Log entries are written here and not by deltalake, which neither flushes them nor refuses a
//! repeat; deltalake reads them. Nothing is ever cleaned
//! up, so every version stays readable.
//!
//! Knows nothing of the ledger's events: which versions readers see is for the caller to record.

mod checkpoint;
mod column;
mod damage;
mod desk;
mod earlier;
mod log;
mod parquet_file;
mod session;
mod staging;
mod state;
mod statement;
mod sweep;
mod table;
mod turn;

use std::path::{Path, PathBuf};

use deltalake::DeltaTableError;
use parquet::errors::ParquetError;
use tokio::sync::Mutex;

pub use damage::Damage;
pub use desk::{Answer, Question, SqlError, Statement, View, ask, ask_over, serve_sql, tables_named};
pub use earlier::{Earlier, earlier_in};
pub use staging::{Staged, Staging};
pub use statement::statements_of;
pub use turn::Turn;

use table::Table;

use crate::durable::{self, DiskError};
use crate::ledger::Vector;

/// What the warehouse could not do.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("{0}")]
    Damaged(#[from] Damage),
    #[error("{0:?} names no table; write schema.table in small letters, digits and underscores")]
    Name(String),
    #[error("table {table}: {why}")]
    Column { table: String, why: String },
    #[error("table {table}: {source}")]
    Parquet { table: String, source: ParquetError },
    #[error("table {table}: {source}")]
    Delta { table: String, source: DeltaTableError },
    #[error(
        "another program wrote version {version} of table {table}; only one daemon may write to a warehouse, stop the \
         other"
    )]
    Taken { table: String, version: i64 },
    #[error("the work on the warehouse was cut short; the daemon is stopping")]
    Stopped,
}

type Result<T, E = WarehouseError> = std::result::Result<T, E>;

/// The warehouse of one board. Opening reads nothing; tables come into being with their first commit.
#[derive(Debug)]
pub struct Warehouse {
    folder: PathBuf,
    turn: Mutex<()>,
}

impl Warehouse {
    /// The warehouse in `folder`, which is made if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        durable::make_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), turn: Mutex::new(()) })
    }

    /// Waits for the right to commit. Hold it until the versions that the commits answered are in the ledger: another
    /// commit in between would carry these rows into versions that are recorded first.
    pub async fn turn(&self) -> Turn<'_> {
        Turn::new(&self.folder, self.turn.lock().await)
    }

    /// Reads every file that these versions are made of and compares it with its checksum; answers with what is
    /// damaged.
    ///
    /// # Errors
    /// Only when the check itself was cut short.
    pub async fn verify(&self, vector: &Vector) -> Result<Vec<Damage>> {
        let mut damaged = Vec::new();
        for (name, version) in vector {
            let (table, version) = (Table::of(&self.folder, name)?, *version);
            match tokio::task::spawn_blocking(move || table.verify(version))
                .await
                .map_err(|_| WarehouseError::Stopped)?
            {
                Ok(()) => {}
                Err(WarehouseError::Damaged(damage)) => damaged.push(damage),
                Err(other) => return Err(other),
            }
        }
        Ok(damaged)
    }
}

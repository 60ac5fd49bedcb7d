//! What happened, in order: append-only events in SQLite, and the tables that follow from them.
//!
//! One thread owns the connection, so every check-then-act is one closure in one transaction, durable
//! (`synchronous=FULL`) before its caller goes on. Knows nothing of mail, files or statistics: callers say what
//! happened, and ask.

mod agreement;
mod chain;
mod conditions;
mod contacts;
mod coverage;
mod deliberation;
mod differences;
mod editions;
mod events;
mod explanations;
mod findings;
mod glance;
mod history;
mod incidents;
mod incoming;
mod judged;
mod key;
mod lately;
mod links;
mod log;
mod moves;
mod obligations;
mod occurrences;
mod outbox;
mod phase;
mod projection;
mod pulls;
mod retries;
mod rolling;
mod sign_offs;
mod state;
mod submissions;
mod versions;

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use tokio::sync::oneshot;

pub use conditions::ConditionRow;
pub use contacts::ContactRole;
pub use coverage::CoverageRow;
pub use deliberation::{
    Deliberation, Disposition, Judgement, Matter, MatterKind, Saying, deliberated, exception_subject,
};
pub use editions::EditionRow;
pub use events::Event;
pub use explanations::{Explanation, Numbered, Query};
pub use findings::{FindingRow, Severity};
pub use glance::Counts;
pub use history::DaysEnd;
pub use incidents::{Incident, MASTER};
pub use incoming::{IncomingRow, IncomingState, NewIncoming, Plan};
pub use judged::JudgedWith;
pub use key::ObligationKey;
pub use links::{EventHead, Link};
pub use log::RecordedEvent;
pub use moves::Move;
pub use obligations::{Comment, NOT_FETCHED, Obligation, WHILE_HELD};
pub use outbox::{MessageHead, OutboxRow, OutboxState};
pub use phase::Phase;
pub use pulls::{Pull, TakenFile};
pub use retries::Retry;
pub use rolling::Restated;
pub use sign_offs::{Asking, Draft, Said, SignOff, SignOffEvent, SignOffKey, Signatory};
pub use state::State;
pub use submissions::{NewSubmission, RowCounts, Submission};
pub use versions::Vector;

/// What the ledger could not do.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite refused.
    #[error("the ledger {action}: {source}")]
    Sqlite {
        /// What was tried.
        action: String,
        /// SQLite's own words.
        source: rusqlite::Error,
    },
    /// The file is damaged.
    #[error("the ledger {} is damaged ({found}); restore it from a backup, nothing was changed", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the integrity check found.
        found: String,
    },
    /// The schema could not be brought up to date.
    #[error("the ledger's schema could not be brought up to date: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// A stored value does not read back.
    #[error("the ledger holds {what} that cannot be read back: {why}")]
    Unreadable {
        /// The kind of value.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The thread that owns the connection has ended.
    #[error("the ledger has been closed")]
    Closed,
    /// A rule of the ledger forbids the write.
    #[error("{0}")]
    Refused(String),
}

impl From<rusqlite::Error> for LedgerError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite { action: "could not be read or written".into(), source }
    }
}

impl From<serde_json::Error> for LedgerError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable { what: "a record", why: error.to_string() }
    }
}

/// The result of a question or an act.
pub type Result<T, E = LedgerError> = std::result::Result<T, E>;

type Act = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the ledger; clones speak to the same thread.
#[derive(Clone)]
pub struct Ledger {
    acts: mpsc::Sender<Act>,
}

impl Ledger {
    /// Opens or creates the ledger, checks it and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Self> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let found: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|e| LedgerError::Damaged { path: path.to_owned(), found: e.to_string() })?;
        if found != "ok" {
            return Err(LedgerError::Damaged { path: path.to_owned(), found });
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        // A key that is deleted is overwritten, not merely forgotten.
        connection.pragma_update(None, "secure_delete", "ON")?;
        migrations().to_latest(&mut connection)?;
        Self::serve(connection)
    }

    /// Opens the ledger for looking into it beside its daemon: nothing can be written.
    pub fn look(path: &Path) -> Result<Self> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if migrations().pending_migrations(&connection)? != 0 {
            let why = format!("{} was written by another version of the program; use that one", path.display());
            return Err(LedgerError::Refused(why));
        }
        Self::serve(connection)
    }

    fn serve(mut connection: Connection) -> Result<Self> {
        let (acts, queue) = mpsc::channel::<Act>();
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || {
                for act in queue {
                    act(&mut connection);
                }
            })
            .map_err(|e| LedgerError::Refused(format!("the ledger's thread could not be started: {e}")))?;
        Ok(Self { acts })
    }

    /// Runs `act` in one transaction, durable when this returns. An error rolls it back.
    pub async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Txn<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        crate::fault::point("ledger-before-write");
        self.ask(move |connection| {
            let transaction = Txn(connection.transaction_with_behavior(TransactionBehavior::Immediate)?);
            let answer = act(&transaction)?;
            transaction.0.commit()?;
            Ok(answer)
        })
        .await
    }

    /// Brings everything written so far out of the write-ahead log into the ledger's file and empties the log, so that
    /// what was deleted stands in neither.
    pub async fn settle(&self) -> Result<()> {
        self.ask(|connection| Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)).await
    }

    /// Answers a question from one consistent state.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Txn<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(move |connection| look(&Txn(connection.transaction()?))).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let act: Act = Box::new(move |connection| {
            // The asker may have gone away; what was done stays done.
            let _ = reply.send(act(connection));
        });
        self.acts.send(act).map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let opening = |source| LedgerError::Sqlite { action: format!("{} could not be opened", path.display()), source };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(opening)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("migrations/001-spine.sql")),
        M::up(include_str!("migrations/002-idle.sql")),
        M::up(include_str!("migrations/003-moves.sql")),
        M::up(include_str!("migrations/004-contract-checks.sql")),
        M::up(include_str!("migrations/005-differences.sql")),
        M::up(include_str!("migrations/006-incidents.sql")),
        M::up(include_str!("migrations/007-explanations.sql")),
        M::up(include_str!("migrations/008-rolling.sql")),
        M::up(include_str!("migrations/009-coverage.sql")),
        M::up(include_str!("migrations/010-mailbox.sql")),
        M::up(include_str!("migrations/011-sizes.sql")),
        M::up(include_str!("migrations/012-bundles.sql")),
        M::up(include_str!("migrations/014-conditions.sql")),
        M::up(include_str!("migrations/015-agencies.sql")),
        M::up(include_str!("migrations/016-unsettled.sql")),
    ])
}

/// One transaction; each noun's file adds its questions and acts to it.
pub struct Txn<'c>(Transaction<'c>);

impl Txn<'_> {
    /// A named value, such as the machine's identity.
    pub fn fact(&self, name: &str) -> Result<Option<String>> {
        use rusqlite::OptionalExtension;
        Ok(self.0.query_row("SELECT value FROM facts WHERE name = ?1", [name], |row| row.get(0)).optional()?)
    }

    /// Sets a named value.
    pub fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        self.0.execute(
            "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            [name, value],
        )?;
        Ok(())
    }

    /// Keeps the wrapped data key of an extract: the one that opens what the landing archive holds now.
    pub fn keep_data_key(&self, sha256: &str, wrapped: &[u8]) -> Result<()> {
        self.0.execute(
            "INSERT INTO data_keys (sha256, wrapped) VALUES (?1, ?2) ON CONFLICT (sha256) DO UPDATE SET wrapped = ?2",
            (sha256, wrapped),
        )?;
        Ok(())
    }

    /// The wrapped data key of an extract, unless it was destroyed.
    pub fn data_key(&self, sha256: &str) -> Result<Option<Vec<u8>>> {
        use rusqlite::OptionalExtension;
        Ok(self
            .0
            .query_row("SELECT wrapped FROM data_keys WHERE sha256 = ?1", [sha256], |row| row.get(0))
            .optional()?)
    }
}

/// A stored instant, read back.
fn period(text: &str) -> Result<crate::domain::Period> {
    text.parse().map_err(|_| LedgerError::Unreadable { what: "a period", why: text.to_owned() })
}

fn instant(text: &str) -> Result<jiff::Timestamp> {
    text.parse().map_err(|e: jiff::Error| LedgerError::Unreadable { what: "an instant", why: e.to_string() })
}

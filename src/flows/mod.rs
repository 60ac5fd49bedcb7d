//! The use cases: where the stages meet.
//!
//! A flow reads the clock, asks the pure parts what is owed, has the stages do it, and records in the ledger what
//! happened. Knows nothing of how it was called: the daemon, a command and a page all come through here.

mod across;
pub mod agency_report;
pub mod agreements;
pub mod approve;
pub mod backfill;
pub mod board;
pub mod chase;
pub mod commentary;
pub mod concession;
pub mod contacts;
pub mod dataflow;
pub mod dates;
pub mod deliberate;
pub mod digest;
pub mod doctor;
pub mod draft;
pub mod edition;
pub mod errands;
pub mod escalation;
mod evidence;
pub mod exceptions;
pub mod explain;
pub mod facts;
mod failures;
pub mod feeds;
mod finals;
pub mod first_cycle;
pub mod forms;
pub mod heartbeat;
pub mod hidden;
pub mod hold;
pub mod holidays;
pub mod incidents;
pub mod init_return;
pub mod intake;
mod known;
pub mod letterbox;
mod letters;
pub mod lineage;
mod links;
pub mod occurrences;
mod past;
pub mod plan;
pub mod planning;
pub mod proof;
mod pseudonyms;
pub mod publish;
pub mod pull;
pub mod punctuality;
pub mod query;
mod readiness;
pub mod reads;
mod reason;
pub mod rebuild;
pub mod refresh;
pub mod rehearse;
pub mod restated;
mod retry;
pub mod standing;
pub mod steps;
pub mod trial;
pub mod verify;
pub mod watch;
pub mod written;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use jiff::Timestamp;
use tokio::sync::{Mutex, OnceCell};

use crate::{
    clock::Clock,
    ledger::Ledger,
    mail::Mailroom,
    source::{https::Fetcher, landing::Landing, listing::Looks, mailbox::Mailbox},
    warehouse::Warehouse,
    worker::Launcher,
};

pub use board::Board;
pub use errands::Errands;
pub use failures::note_failure;

/// What the flows work with; the daemon builds one and nobody else.
pub struct App {
    /// The board's definitions.
    pub board: Board,
    /// The process's environment, in which secrets may stand.
    pub environment: BTreeMap<String, String>,
    /// What time it is.
    pub clock: Clock,
    /// What happened.
    pub ledger: Ledger,
    /// What was received.
    pub landing: Landing,
    /// What was accepted.
    pub warehouse: Warehouse,
    /// Starts workers.
    pub launcher: Arc<Launcher>,
    /// Asks hosts for files.
    pub fetcher: Fetcher,
    /// Sends messages.
    pub mailroom: Mailroom,
    /// What agencies write to, if they do.
    pub mailbox: Option<Mailbox>,
    /// One at a time looks into the mailbox.
    pub collecting: Mutex<()>,
    /// What earlier looks into folders saw.
    pub looks: Mutex<Looks>,
    /// What is being asked of hosts and folders.
    pub errands: Errands,
    /// Before which instant no obligation opens; none until it was looked for.
    pub opens_next: Mutex<Option<Timestamp>>,
    /// One ring at a time.
    pub ringing: Mutex<()>,
    /// One at a time judges, tells, refreshes or issues. Nobody who holds it speaks to a host or a relay.
    pub turn: Mutex<()>,
    /// One at a time sends mail.
    pub post: Mutex<()>,
    /// One at a time looks what is wrong.
    pub watching: Mutex<()>,
    /// What is being done just now.
    pub steps: steps::Steps,
    /// Whether an outer watcher hears us.
    pub pulse: heartbeat::Pulse,
    /// What the board's SQL reads; asked of a worker once.
    pub reads: OnceCell<reads::Reads>,
    /// Whether it was noted since the start that the daemon runs.
    pub seen_running: AtomicBool,
    /// Whether all this is only rehearsed: files are supposed, and no pages are set.
    pub is_rehearsal: bool,
}

impl App {
    /// Where the warehouse's tables lie.
    pub fn warehouse_folder(&self) -> PathBuf {
        warehouse_folder(&self.board)
    }
}

/// Where a board's warehouse lies.
pub fn warehouse_folder(board: &Board) -> PathBuf {
    board.data.join("warehouse")
}

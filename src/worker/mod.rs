//! Work on foreign bytes, done by a child process that may die without harm.
//!
//! A worker is this same binary started as `quarterday worker <kind>`: environment empty, memory, processor,
//! descriptors and file sizes limited, Landlock and seccomp in force before any thread exists, killed with its parent
//! and at its wall-clock limit. It reads one request and one input, and answers in frames.
//!
//! Knows nothing of what the work is: the handlers live with their nouns, and the command line decides which one runs.

mod batches;
mod confine;
mod frames;
mod launch;
mod probe;
mod serve;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use batches::Batches;
pub use frames::Frame;
pub use launch::{Input, Job, Launcher};
pub use probe::probe;
pub use serve::{Output, serve};

/// What a worker is for. The names are the arguments of the hidden command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Workbook,
    Parquet,
    Arrow,
    /// Takes an archive or a lock off.
    Unwrap,
    Typst,
    Sql,
    /// Marks a sender's file.
    Mark,
    /// Looks through a workbook for identities.
    Guard,
    Mail,
    /// Tries what a worker must not be able to do; for tests of the walls on a given machine.
    Probe,
}

impl Kind {
    /// The argument of `quarterday worker`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workbook => "workbook",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Unwrap => "unwrap",
            Self::Typst => "typst",
            Self::Sql => "sql",
            Self::Mark => "mark",
            Self::Guard => "guard",
            Self::Mail => "mail",
            Self::Probe => "probe",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no worker.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is not a kind of worker; the kinds are workbook, parquet, arrow, unwrap, typst, sql, mark, guard, mail and probe"
)]
pub struct NotAKind(String);

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(word: &str) -> Result<Self, NotAKind> {
        [
            Self::Workbook,
            Self::Parquet,
            Self::Arrow,
            Self::Unwrap,
            Self::Typst,
            Self::Sql,
            Self::Mark,
            Self::Guard,
            Self::Mail,
            Self::Probe,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .ok_or_else(|| NotAKind(word.to_owned()))
    }
}

/// What one job may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Private memory the worker may add to what its program image needs, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time from spawn to the last frame.
    pub wall: Duration,
    /// All frames of the answer together, in bytes.
    pub decoded_bytes: u64,
}

impl Default for Limits {
    /// 1 GiB of memory, one minute, 512 MiB of answer: generous for any return, small beside the machine.
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, wall: Duration::from_secs(60), decoded_bytes: 512 << 20 }
    }
}

/// Why a job gave no answer. The parent is unharmed by every one of these.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("the {kind} worker could not be started: {source}; check that the program file is still in place")]
    Spawn { kind: Kind, source: std::io::Error },
    #[error(
        "the {kind} worker is of another build than this process (the program was replaced while it runs); restart the \
         daemon"
    )]
    Build { kind: Kind },
    #[error(
        "the {kind} worker needed more than its {} MiB of memory; the file is damaged or hostile, or the limit is too \
         low for it",
        limit_bytes / (1 << 20)
    )]
    OutOfMemory { kind: Kind, limit_bytes: u64 },
    #[error(
        "the {kind} worker was stopped after {} s; the file is damaged or hostile, or the limit is too low for it",
        wall.as_secs_f32()
    )]
    Timeout { kind: Kind, wall: Duration },
    #[error(
        "the {kind} worker's answer is larger than the {} MiB allowed; send the data in smaller files",
        limit_bytes / (1 << 20)
    )]
    TooLarge { kind: Kind, limit_bytes: u64 },
    #[error("the {kind} worker died ({how}); the input is kept, report it with this text: {stderr}")]
    Died { kind: Kind, how: String, stderr: String },
    #[error(
        "the {kind} worker broke off its answer ({what}); the input is kept, try again and report it if it repeats"
    )]
    Protocol { kind: Kind, what: String },
    /// The handler ran and refused: its own words.
    #[error("{message}")]
    Failed { kind: Kind, message: String },
}

impl WorkerError {
    /// Whether no worker could work, whatever it was given.
    pub fn is_of_every_job(&self) -> bool {
        matches!(self, Self::Spawn { .. } | Self::Build { .. })
    }
}

//! Why a pack was not made.

use std::path::{Path, PathBuf};

use super::RowsError;
use crate::domain::Period;
use crate::worker::WorkerError;

/// Why a pack was not made, frozen or made again.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The pack names an indicator that the figures lack.
    #[error(
        "the pack {pack} asks for the indicator {indicator}, and there are no figures of it; write \
         reports/indicators/{indicator}.sql or take it off the list in pack.toml"
    )]
    NoSuchIndicator {
        /// The pack.
        pack: String,
        /// The indicator.
        indicator: String,
    },
    /// The figures were prepared for other readers.
    #[error(
        "the figures were prepared for another disclosure class than the pack {pack} has; disclose them for its own"
    )]
    OtherClass {
        /// The pack.
        pack: String,
    },
    /// The figures speak of another period than the imprint.
    #[error("the figures speak of {figures}, the pack of {imprint}; analyse and disclose the pack's own period")]
    OtherPeriod {
        /// The figures' period.
        figures: Period,
        /// The pack's.
        imprint: Period,
    },
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] crate::durable::DiskError),
    /// A statement's rows are not what the pack reads.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// A chart could not be drawn.
    #[error("the chart {chart} could not be drawn: {message}")]
    Chart {
        /// The chart.
        chart: String,
        /// Why.
        message: String,
    },
    /// The templates are wrong: one problem a line, each with its file and line.
    #[error("the pages could not be set:\n{message}")]
    Template {
        /// The problems.
        message: String,
    },
    /// The worker gave no answer.
    #[error("the pages could not be set: {0}")]
    Worker(#[source] WorkerError),
    /// What was to be written or read as JSON is not.
    #[error("the pack's data: {0}")]
    Data(#[source] serde_json::Error),
    /// A file of an edition could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another edition stands where this one was to be frozen.
    #[error("{} already holds another edition, and editions do not change; issue it under the next number", folder.display())]
    Issued {
        /// The folder.
        folder: PathBuf,
    },
    /// A frozen file is no longer what was issued.
    #[error("{} is not what was issued (its digest differs); restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl PackError {
    /// An error of the file at `path`.
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::File { path: path.to_owned(), source }
    }
}

//! `quarterday run`.

use std::{io::IsTerminal, path::Path, time::Duration};

use jiff::Timestamp;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::board;
use crate::{clock::Clock, daemon, fault, flows::Board, settings, source::Source};

/// Looked into no less often than this, in seconds, a dropped file can be answered within a minute.
const SELDOM: u64 = 20;

/// How the daemon runs.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// Seconds between two looks at what is owed.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    every: u64,
    /// Stand at this instant until `quarterday advance` moves the clock; for tests and rehearsals.
    #[arg(long, value_name = "INSTANT", hide = true)]
    simulated_from: Option<Timestamp>,
}

/// Serves the board until told to stop.
pub async fn run(home: &Path, options: Run) -> anyhow::Result<()> {
    let _armed = fault::arm();
    let board = board::settle(home)?;
    log();
    if let Some(note) = slow(&board, options.every) {
        tracing::warn!("{note}");
    }
    let clock = options.simulated_from.map_or(Clock::System, Clock::simulated);
    let opened = daemon::open(board, clock, &settings::environment()).await?;
    daemon::serve(opened, Duration::from_secs(options.every.max(1)), |_| {}).await
}

/// What is to be known where drop folders are looked into too seldom: a file is taken at the second look.
fn slow(board: &Board, every: u64) -> Option<String> {
    let has_folders = board.returns.values().any(|contract| matches!(contract.source, Source::Folder(_)));
    (every > SELDOM && has_folders).then(|| {
        format!(
            "drop folders are looked into every {every} seconds only, and a file is taken at the second look, so an answer \
             can come later than the minute that is promised; leave --every out, or write {SELDOM} or less"
        )
    })
}

/// Structured lines on standard error: JSON for a journal, plain for the eye.
fn log() {
    let wanted =
        settings::environment().get("QUARTERDAY_LOG").cloned().unwrap_or_else(|| "quarterday=info,warn".into());
    let mut filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    // What signs requests to object stores writes its secrets into its more detailed lines.
    for silenced in ["reqsign=warn", "opendal=warn"] {
        filter = filter.add_directive(silenced.parse().unwrap_or_else(|_| LevelFilter::WARN.into()));
    }
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() { lines.init() } else { lines.json().init() }
}

//! `quarterday run`.

use std::{io::IsTerminal, path::Path, time::Duration};

use jiff::Timestamp;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::board;
use crate::{clock::Clock, daemon, fault, settings};

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
    let clock = options.simulated_from.map_or(Clock::System, Clock::simulated);
    let opened = daemon::open(board, clock, &settings::environment()).await?;
    daemon::serve(opened, Duration::from_secs(options.every.max(1)), |_| {}).await
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

//! `quarterday validate`.

use std::path::Path;

use anyhow::bail;

use super::{board, say::say};
use crate::{flows::planning, worker::Launcher};

/// Checks every definition and plans all SQL; nothing is fetched, sent or written.
pub async fn validate(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let problems = planning::plan(&board, &Launcher::current()?).await?;
    if !problems.is_empty() {
        bail!("the SQL of {} is not right:\n\n{problems}", home.display());
    }
    say(format_args!(
        "{}: {} agencies, {} returns, {} indicators, {} packs, {} meetings; no problems",
        board.name,
        board.agencies.len(),
        board.returns.len(),
        board.indicators.len(),
        board.packs.len(),
        board.timetable.meetings.len()
    ));
    Ok(())
}

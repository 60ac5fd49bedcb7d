//! `quarterday validate`.

use std::path::Path;

use anyhow::bail;

use super::{board, say::say};
use crate::{flows::planning, settings, worker::Launcher};

/// Checks every definition and plans all SQL; nothing is fetched, sent or written.
pub async fn validate(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let problems = planning::plan(&board, &Launcher::current()?).await?;
    if !problems.is_empty() {
        bail!("the SQL of {} is not right:\n\n{problems}", home.display());
    }
    let unusable = board.mail.check_files(&settings::environment());
    if !unusable.is_empty() {
        let lines: Vec<String> = unusable.iter().map(ToString::to_string).collect();
        bail!("the mail relay cannot be used:\n\n{}", lines.join("\n"));
    }
    let some = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let agencies = if board.agencies.len() == 1 { "agency" } else { "agencies" };
    say(format_args!(
        "{}: {} {agencies}, {}, {}, {}, {}; no problems",
        board.name,
        board.agencies.len(),
        some(board.returns.len(), "return"),
        some(board.indicators.len(), "indicator"),
        some(board.packs.len(), "pack"),
        some(board.timetable.meetings.len(), "meeting")
    ));
    Ok(())
}

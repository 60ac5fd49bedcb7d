//! `quarterday verify`.

use std::path::Path;

use anyhow::bail;

use super::{board, say::say};
use crate::flows::verify;

/// Checks all that is kept and prints a line for each kind; fails when anything is wrong.
pub async fn verify(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let Some(ledger) = board::ledger(&board)? else {
        say(board::NOTHING_YET);
        return Ok(());
    };
    let verified = verify::verify(&board, &ledger).await?;
    for line in &verified.lines {
        say(line);
    }
    if !verified.wrong.is_empty() {
        bail!("{} things are wrong:\n  {}", verified.wrong.len(), verified.wrong.join("\n  "));
    }
    say("everything agrees");
    Ok(())
}

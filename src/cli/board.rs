//! How commands reach a board: through its running daemon, or with its data folder to themselves.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::anyhow;

use super::say::say;

use crate::{
    clock::Clock,
    daemon::{self, Command, ControlError, Reply},
    flows::{App, Board},
    ledger::Ledger,
    settings,
};

/// The folder holds no configuration.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} holds no configuration (config/quarterday.toml). `quarterday init {}` writes one to edit; `quarterday demo` shows \
     everything on a made-up board", .0.display(), .0.display()
)]
pub struct NoConfiguration(pub PathBuf);

/// Reads the board's definitions.
pub fn settle(home: &Path) -> anyhow::Result<Board> {
    if !home.join("config/quarterday.toml").exists() {
        return Err(NoConfiguration(home.to_owned()).into());
    }
    Board::settle(home, &settings::environment())
        .map_err(|problems| anyhow!("the definitions of {} are not right:\n\n{problems}", home.display()))
}

/// The board's ledger for looking into, if it has one yet.
pub fn ledger(board: &Board) -> anyhow::Result<Option<Ledger>> {
    let path = board.data.join("ledger.sqlite");
    Ok(if path.exists() { Some(Ledger::look(&path)?) } else { None })
}

/// What is said of a board of which nothing was recorded.
pub const NOTHING_YET: &str = "nothing was recorded yet; `quarterday run` serves the board and begins its ledger";

/// Has the running daemon do it or, if there is none, does it here; prints what is said.
pub async fn order(home: &Path, command: Command) -> anyhow::Result<()> {
    say(format_args!("{}", ask(home, command).await?));
    Ok(())
}

/// The same without printing.
pub async fn ask(home: &Path, command: Command) -> anyhow::Result<String> {
    reply(home, command).await?.said().map_err(|why| anyhow!("{why}"))
}

/// What the daemon, or this process in its place, replies.
pub async fn reply(home: &Path, command: Command) -> anyhow::Result<Reply> {
    let board = settle(home)?;
    match daemon::ask(&daemon::socket(&board.data), &command).await {
        Err(ControlError::NotRunning(_)) => {
            let opened = daemon::open(board, Clock::System, &settings::environment()).await?;
            let app: Arc<App> = Arc::new(opened.app);
            Ok(daemon::obey(&app, command).await)
        }
        answer => Ok(answer?),
    }
}

/// The person at the keyboard, for the ledger.
pub fn actor() -> String {
    let environment = settings::environment();
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| environment.get(*name).cloned());
    named.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

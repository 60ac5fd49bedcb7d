//! `quarterday backfill`.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::{board, say::say};
use crate::{
    daemon::{Command, Reply},
    domain::{AgencyId, ReturnId, Verdict},
};

/// Which files, and of what.
#[derive(Debug, clap::Args)]
pub struct Backfill {
    /// The return.
    #[arg(value_name = "RETURN")]
    return_id: ReturnId,
    /// Files of past periods, and folders of them; each says in its name or in its rows for when it is.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Whose they are, where their names and folders do not say.
    #[arg(long)]
    agency: Option<AgencyId>,
}

/// Loads past periods; fails when a file was not loaded.
pub async fn backfill(home: &Path, Backfill { return_id, files, agency }: Backfill) -> anyhow::Result<()> {
    let whole = |file: &PathBuf| file.canonicalize().with_context(|| file.display().to_string());
    let paths = files.iter().map(whole).collect::<anyhow::Result<Vec<_>>>()?;
    let reply = board::reply(home, Command::Backfill { return_id, paths, agency, actor: board::actor() }).await?;
    let all = !matches!(reply, Reply::Judged { verdict: Verdict::NotAccepted, .. });
    say(reply.said().map_err(|why| anyhow!("{why}"))?);
    if all {
        Ok(())
    } else {
        Err(anyhow!("not every file is loaded; correct those and load them again, the others are passed over"))
    }
}

//! `quarterday submit`.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::{Which, board, findings, say::say};
use crate::{
    daemon::{Command, Reply},
    domain::Verdict,
};

/// A file, or a nil return.
#[derive(Debug, clap::Args)]
pub struct Submit {
    /// The file.
    #[arg(required_unless_present = "nil", conflicts_with = "nil")]
    file: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// There is nothing to report; the reason stands here or behind --reason.
    #[arg(long, value_name = "REASON", num_args = 0..=1)]
    nil: Option<Option<String>>,
    /// Why there is nothing to report; the pack prints it.
    #[arg(long, requires = "nil")]
    reason: Option<String>,
    /// List every finding by itself, not by rule and column.
    #[arg(long, conflicts_with = "nil")]
    all: bool,
}

/// Offers the file, or records that there is nothing to report; fails when it is not accepted.
pub async fn submit(home: &Path, submit: Submit) -> anyhow::Result<()> {
    let Which { return_id, agency, period } = submit.which;
    let actor = board::actor();
    let command = match (submit.nil, submit.file) {
        (Some(reason), _) => {
            let reason = reason.or(submit.reason).unwrap_or_default();
            if reason.trim().is_empty() {
                bail!("a nil return needs one line of reason: --nil --reason \"No child was missing in the quarter\"");
            }
            Command::Nil { return_id, agency, period, reason, actor }
        }
        (None, Some(file)) => {
            let file = file.canonicalize().with_context(|| file.display().to_string())?;
            Command::Submit { file, return_id, agency, period, actor }
        }
        (None, None) => bail!("name a file, or give a reason with --nil"),
    };
    let reply = board::reply(home, command).await?;
    let is_refused = matches!(reply, Reply::Judged { verdict: Verdict::NotAccepted, .. });
    let number = if let Reply::Judged { submission, .. } = &reply { *submission } else { None };
    let mut says = reply.said().map_err(|why| anyhow!("{why}"))?;
    if let Some(number) = number.filter(|_| submit.all) {
        findings::list(home, number).await?;
        says = says.lines().next().unwrap_or_default().to_owned();
    }
    if is_refused {
        bail!("{says}");
    }
    say(says);
    Ok(())
}

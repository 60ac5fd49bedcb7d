//! `quarterday evidence`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::{board, say::say};
use crate::{
    domain::{AgencyId, Period, ReturnId},
    flows::proof,
    worker::Launcher,
};

/// Of whom, for when, and where to.
#[derive(Debug, clap::Args)]
pub struct Evidence {
    /// The agency.
    #[arg(long)]
    agency: AgencyId,
    /// The period, as 2025-26-Q1.
    #[arg(long)]
    period: Period,
    /// The return; all that the agency owed for the period when left out.
    #[arg(long = "return", value_name = "RETURN")]
    return_id: Option<ReturnId>,
    /// The folder that both files are written to; this one when left out.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
}

/// Writes both files from the ledger, beside a running daemon; fails when the ledger does not agree with itself, and
/// then the document says so too.
pub async fn evidence(home: &Path, evidence: Evidence) -> anyhow::Result<()> {
    let Evidence { agency, period, return_id, out } = evidence;
    let board = board::settle(home)?;
    let ledger = board::ledger(&board)?.context(board::NOTHING_YET)?;
    let name = match &return_id {
        Some(return_id) => format!("evidence-{agency}-{period}-{return_id}"),
        None => format!("evidence-{agency}-{period}"),
    };
    let proof = proof::gather(&board, &ledger, proof::Asked { agency, period, return_id }).await?;
    let pdf = proof::pdf(&Launcher::current()?, &board, &proof).await?;
    fs::create_dir_all(&out).with_context(|| format!("making {}", out.display()))?;
    for (ending, bytes) in [("csv", proof::csv(&proof).into_bytes()), ("pdf", pdf)] {
        let path = out.join(format!("{name}.{ending}"));
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        say(format_args!("{}", path.display()));
    }
    if !proof.wrong.is_empty() {
        bail!("the ledger does not agree with itself, and the document says so:\n  {}", proof.wrong.join("\n  "));
    }
    say(format_args!("{} events verified, chain head {}", proof.events, proof.head));
    Ok(())
}

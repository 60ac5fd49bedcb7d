//! `quarterday template`.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{board, say::say};
use crate::{
    clock::Clock,
    domain::{AgencyId, Period, ReturnId},
    flows::forms,
    form::CSV,
};

/// Which template, and where to.
#[derive(Debug, clap::Args)]
pub struct Template {
    /// The return.
    #[arg(value_name = "RETURN")]
    return_id: ReturnId,
    /// The agency; the one that owes it when left out.
    #[arg(long)]
    agency: Option<AgencyId>,
    /// The period, as 2025-26-Q1; the one that ended last when left out.
    #[arg(long)]
    period: Option<Period>,
    /// Where to write it; a file named for return, agency and period in this folder when left out.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the ready-made file of a return.
pub fn template(home: &Path, template: Template) -> anyhow::Result<()> {
    let Template { return_id, agency, period, out } = template;
    let board = board::settle(home)?;
    let contract = board
        .returns
        .get(&return_id)
        .with_context(|| format!("there is no return {return_id}; the returns are the folders of pipelines/"))?;
    let only = (contract.agencies.len() == 1).then(|| contract.agencies[0].clone());
    let now = Clock::System.now();
    let period = period.or_else(|| forms::usual_period(contract, now));
    let form = forms::form(&board, contract, agency.or(only).as_ref(), period, now)?;
    let out = out.unwrap_or_else(|| PathBuf::from(&form.name));
    std::fs::write(&out, &form.bytes).with_context(|| format!("writing {}", out.display()))?;
    say(format_args!("{}", out.display()));
    if form.media_type == CSV {
        say("It has the headings that are read; its rows are for whoever sends it, or for the system that writes it.");
    }
    Ok(())
}

//! `quarterday diff`.

use std::path::Path;

use anyhow::{Context, bail};

use super::{board, say::say};
use crate::{
    daemon::{Command, Compared},
    ledger::ObligationKey,
};

/// What is compared.
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// Two submissions, the earlier first; or RETURN AGENCY PERIOD (or RETURN/AGENCY/PERIOD) for the last two accepted.
    #[arg(required = true, num_args = 1..=3, value_name = "WHAT")]
    what: Vec<String>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// Prints what one file changed of another.
pub async fn diff(home: &Path, Diff { what, json }: Diff) -> anyhow::Result<()> {
    let number = |text: &String| text.parse::<i64>().with_context(|| format!("{text:?} is no submission's number"));
    let of = match what.as_slice() {
        [before, after] => Compared::Two(number(before)?, number(after)?),
        [one] => Compared::Last(one.parse::<ObligationKey>()?),
        [return_id, agency, period] => Compared::Last(ObligationKey {
            return_id: return_id.parse()?,
            agency: agency.parse()?,
            period: period.parse()?,
        }),
        _ => bail!("name two submissions, or a return, an agency and a period"),
    };
    say(board::ask(home, Command::Diff { of, json }).await?);
    Ok(())
}

//! `quarterday approve`: a sign-off that was given by telephone, on paper or in a meeting.

use std::path::Path;

use super::{board, say::say};
use crate::{
    daemon::Command,
    domain::Period,
    flows::approve::moment,
    ledger::{Ledger, Signatory},
};

/// What was signed off, and by whom.
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// The pack, a folder of reports/packs.
    pack: String,
    /// The period, as 2025-26-Q1.
    period: Period,
    /// Who signed it off: chair, vice-chair or manager.
    #[arg(long = "as", value_name = "WHO", default_value = "chair")]
    role: Signatory,
    /// How you know: it is kept with the sign-off.
    #[arg(long, value_name = "SENTENCE")]
    because: String,
}

/// Records it.
pub async fn approve(home: &Path, approve: Approve) -> anyhow::Result<()> {
    let Approve { pack, period, role, because } = approve;
    board::order(home, Command::Approve { pack, period, role, because, actor: board::actor() }).await
}

/// Prints how far the sign-offs have come whose packs have not gone out.
pub async fn tell_open(ledger: &Ledger) -> anyhow::Result<()> {
    for (key, sign_off) in ledger.read(|txn| txn.sign_offs(None)).await? {
        if sign_off.circulated.is_some() {
            continue;
        }
        let stands = match (&sign_off.approved, &sign_off.sent_back, sign_off.state()) {
            (Some((said, at)), ..) => format!("signed off by {} on {}", said.by, moment(*at)),
            (None, Some((said, at)), _) => format!("sent back by {} on {}", said.by, moment(*at)),
            (None, None, "with_vice_chair") => "the vice-chair is asked in the chair's stead".to_owned(),
            (None, None, "reminded") => "the chair was reminded".to_owned(),
            (None, None, _) => "the chair has the draft".to_owned(),
        };
        say(format_args!("\nSign-off of the {} pack, {}: {stands}", key.pack, key.period.human()));
    }
    Ok(())
}

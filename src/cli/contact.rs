//! `quarterday contact`: somebody else is written to.

use std::path::Path;

use anyhow::bail;

use super::board;
use crate::{daemon::Command, domain::AgencyId, flows::contacts::Change, ledger::ContactRole, mail::Person};

/// Put somebody in the place of an agency's lead, deputy or board member, or have a colleague cover for the lead.
#[derive(Debug, clap::Args)]
pub struct Contact {
    /// The agency.
    agency: AgencyId,
    /// lead, deputy, board-member, or cover: who gets, for a time, what the lead gets too.
    role: ContactRole,
    /// Their name.
    #[arg(long, required_unless_present = "as_defined")]
    name: Option<String>,
    /// Their address.
    #[arg(long, required_unless_present = "as_defined")]
    email: Option<String>,
    /// Until which day, as 2025-08-31; for good when left out.
    #[arg(long, value_name = "DATE")]
    until: Option<jiff::civil::Date>,
    /// It is again whom config/agencies.toml names.
    #[arg(long, conflicts_with_all = ["name", "email", "until"])]
    as_defined: bool,
    /// Why; it is recorded.
    #[arg(long)]
    reason: String,
}

/// Has the daemon record the change.
pub async fn contact(home: &Path, asked: Contact) -> anyhow::Result<()> {
    let person = match (asked.name, asked.email) {
        (Some(name), Some(email)) => Some(Person { name, email }),
        (None, None) => None,
        _ => bail!("name both: --name and --email"),
    };
    let change = Change { agency: asked.agency, role: asked.role, person, until: asked.until };
    board::order(home, Command::Contact { change, reason: asked.reason, actor: board::actor() }).await
}

//! `quarterday sql`.

use std::path::Path;

use super::{board, say::say};
use crate::{daemon::Command, flows::written::Written};

/// Asks the warehouse; the statement runs in a limited worker.
pub async fn sql(home: &Path, text: String, as_of: Option<jiff::civil::Date>, format: Written) -> anyhow::Result<()> {
    let said = board::ask(home, Command::Sql { text, as_of, format }).await?;
    say(format_args!("{}", said.trim_end()));
    Ok(())
}

//! `quarterday describe`.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{board, say::say};
use crate::flows::dataflow;

/// Where the sheet goes.
#[derive(Debug, clap::Args)]
pub struct Describe {
    /// Write it to this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints or writes the data-flow sheet for a data protection impact assessment.
pub fn describe(home: &Path, options: &Describe) -> anyhow::Result<()> {
    let sheet = dataflow::describe(&board::settle(home)?)?;
    match &options.out {
        Some(path) => {
            std::fs::write(path, &sheet).with_context(|| format!("writing {}", path.display()))?;
            say(format_args!("{}: written; what only people know is asked for at its end", path.display()));
        }
        None => say(sheet.trim_end()),
    }
    Ok(())
}

//! `quarterday init-return`.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{board::NoConfiguration, say::say};
use crate::{domain::ReturnId, flows::init_return as flow, worker::Launcher};

/// The file, and the name of the return.
#[derive(Debug, clap::Args)]
pub struct InitReturn {
    /// One real file of the return; it is read, never copied.
    file: PathBuf,
    /// The return's name; made from the file's when left out.
    #[arg(long)]
    id: Option<ReturnId>,
}

/// Guesses a contract and says what is to be done next.
pub async fn init_return(home: &Path, InitReturn { file, id }: InitReturn) -> anyhow::Result<()> {
    if !home.join("config/quarterday.toml").exists() {
        return Err(NoConfiguration(home.to_owned()).into());
    }
    let begun = flow::init_return(&home.join("pipelines"), &file, id, &Launcher::current()?).await?;
    let count = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    say(format_args!(
        "{}: {}, {}, and a made-up sample",
        begun.folder.join("return.toml").display(),
        count(begun.tables, "table"),
        count(begun.columns, "column")
    ));
    say("Fill in who owes it, what it is for and on what ground; `quarterday validate` names what is missing.");
    let errors: Vec<String> =
        begun.errors().take(5).map(|finding| format!("  {} ({})", finding.says, finding.rule)).collect();
    if !errors.is_empty() {
        bail!(
            "the guess does not take its own file yet; change the definition where it says so:\n{}",
            errors.join("\n")
        );
    }
    Ok(())
}

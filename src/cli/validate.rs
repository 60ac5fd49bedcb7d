//! `quarterday validate`.

use std::path::Path;

use anyhow::bail;

use super::{board, say::say};
use crate::{
    clock::Clock,
    flows::{
        forms, planning,
        watch::{self, Trouble},
    },
    settings,
    worker::Launcher,
};

/// Checks every definition and plans all SQL; nothing is fetched, sent or written.
pub async fn validate(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let problems = planning::plan(&board, &Launcher::current()?).await?;
    if !problems.is_empty() {
        bail!("the SQL of {} is not right:\n\n{problems}", home.display());
    }
    let forms = forms::check(&board, Clock::System.now());
    if !forms.is_empty() {
        bail!("the templates of {} cannot be written:\n\n{forms}", home.display());
    }
    let environment = settings::environment();
    let unusable = board.unusable_secrets(&environment);
    if !unusable.is_empty() {
        bail!("a source cannot be asked:\n\n{}", unusable.join("\n"));
    }
    for one in watch::conditions(&watch::of_ledger(&board, None, None, Clock::System.now()).await?) {
        if matches!(one.trouble, Trouble::Ending | Trouble::Agreement | Trouble::Holidays) {
            say(format_args!("{}; {}", one.what, one.next_step));
        }
    }
    if let Some(note) = board.mailbox.as_ref().and_then(|mailbox| mailbox.note()) {
        say(format_args!("Note: {note}."));
    }
    if let Some(line) = board.mail.unencrypted() {
        say(format_args!("Warning: {line}."));
    }
    let unusable = board.mail.check_files(&environment);
    if !unusable.is_empty() {
        let lines: Vec<String> = unusable.iter().map(ToString::to_string).collect();
        bail!("the mail relay cannot be used:\n\n{}", lines.join("\n"));
    }
    if let Some(error) = board.mailbox.as_ref().and_then(|mailbox| mailbox.check_files(&settings::environment())) {
        bail!("the mailbox cannot be used:\n\n{error}");
    }
    let unusable = board.unusable_keys(&settings::environment());
    if !unusable.is_empty() {
        let lines: Vec<String> = unusable.iter().map(|(agency, why)| format!("{agency}: {why}")).collect();
        bail!("the keys of agencies cannot be used:\n\n{}", lines.join("\n"));
    }
    let some = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let agencies = if board.agencies.len() == 1 { "agency" } else { "agencies" };
    say(format_args!(
        "{}: {} {agencies}, {}, {}, {}, {}; no problems",
        board.name,
        board.agencies.len(),
        some(board.returns.len(), "return"),
        some(board.indicators.len(), "indicator"),
        some(board.packs.len(), "pack"),
        some(board.timetable.meetings().len(), "meeting")
    ));
    Ok(())
}

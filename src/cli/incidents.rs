//! `quarterday incidents` and `quarterday incident`.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{
    board,
    say::{Tone, say, toned},
};
use crate::{
    daemon::Command,
    domain::to_london,
    flows::{Board, incidents},
    ledger::{Incident as Row, Ledger, MASTER, OutboxRow, OutboxState},
};

/// What to do with a sealed file.
#[derive(Debug, clap::Subcommand)]
pub enum Incident {
    /// Destroy it now.
    Destroy,
    /// Open it with the custodian's secret key and write it to a file; that it was opened is recorded.
    Open {
        /// The custodian's secret key: the file that `age-keygen` made.
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// Where to write it; it must not exist yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

/// Lists every incident.
pub async fn list(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let Some(ledger) = board::ledger(&board)? else {
        say(board::NOTHING_YET);
        return Ok(());
    };
    let incidents = ledger.read(|txn| txn.incidents()).await?;
    if incidents.is_empty() {
        say("No file was sealed.");
    }
    for incident in incidents {
        say(line(&board, &ledger, &incident).await?);
    }
    Ok(())
}

/// Destroys or opens a sealed file.
pub async fn act(home: &Path, number: i64, act: Incident) -> anyhow::Result<()> {
    let actor = board::actor();
    let Incident::Open { identity, to } = act else {
        return board::order(home, Command::Destroy { incident: number, actor }).await;
    };
    let secret = std::fs::read_to_string(&identity).with_context(|| identity.display().to_string())?;
    board::order(home, Command::ReadSealed { incident: number, actor }).await?;
    let board = board::settle(home)?;
    let ledger = board::ledger(&board)?.context(board::NOTHING_YET)?;
    let bytes = incidents::open_sealed(&board, &ledger, number, &secret).await?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to);
    file.as_mut().map_err(|error| anyhow::anyhow!("{}: {error}", to.display()))?.write_all(&bytes)?;
    say(format_args!("{} holds the file; delete it when it is no longer needed", to.display()));
    Ok(())
}

/// What status says of the incidents that are open.
pub async fn tell_open(board: &Board, ledger: &Ledger) -> anyhow::Result<()> {
    for incident in ledger.read(|txn| txn.incidents()).await? {
        if incident.closed_at.is_some() {
            continue;
        }
        say(format_args!("\n{}", line(board, ledger, &incident).await?));
        for letter in letters(ledger, &incident).await? {
            say(letter);
        }
        if incident.sealed_for == MASTER {
            say(toned(
                Tone::Alarm,
                "  Warning: no custodian is named in config/quarterday.toml; it is sealed with the board's own key.",
            ));
        }
    }
    Ok(())
}

async fn line(board: &Board, ledger: &Ledger, incident: &Row) -> anyhow::Result<String> {
    let submission = incident.submission;
    let submission = ledger.read(move |txn| txn.submission(submission)).await?;
    let of = submission.map_or_else(String::new, |submission| {
        let key = submission.obligation;
        let agency = board.agency_name(&key.agency);
        format!("{} of {agency}, {}: ", board.return_title(&key.return_id), key.period.human())
    });
    let end = match (&incident.closed_at, &incident.closed_by) {
        (Some(at), by) => {
            let by = by.as_deref().unwrap_or("daemon");
            format!("destroyed on {} by {by}", to_london(*at).strftime("%-d %B %Y"))
        }
        (None, _) => format!("sealed, destroyed on {}", incident.destroy_on.strftime("%-d %B %Y")),
    };
    let found = to_london(incident.opened_at).strftime("%-d %B %Y").to_string();
    Ok(format!(
        "Incident {}, {found}: submission {}, {of}{}; {end}",
        incident.id,
        incident.submission,
        incident.kinds.join(", ")
    ))
}

/// What became of the letters to whoever sent the file, their lead and deputy.
async fn letters(ledger: &Ledger, incident: &Row) -> anyhow::Result<Vec<String>> {
    let id = incident.submission;
    let messages = ledger
        .read(move |txn| match txn.submission(id)? {
            Some(submission) => txn.messages_of(&submission.obligation.to_string()),
            None => Ok(Vec::new()),
        })
        .await?;
    let own = format!("answer/{id}/");
    let line = |message: &OutboxRow| {
        let on = message.settled_at.map(|at| format!(" on {}", to_london(at).strftime("%-d %B %Y, %H:%M")));
        let (on, why) = (on.unwrap_or_default(), message.says.as_deref().unwrap_or("no reason was given"));
        let became = match message.state {
            OutboxState::Sent => format!("was sent{on}"),
            OutboxState::Written => format!("was written to the mail folder{on}, not sent"),
            OutboxState::Refused => format!("could not be delivered ({why}); please tell them yourself"),
            OutboxState::Superseded => "was no longer wanted".to_owned(),
            OutboxState::Queued | OutboxState::Sending => "waits to be sent".to_owned(),
        };
        format!("  The letter to {} {became}.", message.recipient)
    };
    Ok(messages.iter().filter(|message| message.key.starts_with(&own)).map(line).collect())
}

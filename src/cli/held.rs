//! `quarterday held` and `quarterday accept`: messages of the mailbox that wait for a person.

use std::path::Path;

use super::{
    board,
    say::{Tone, say, toned},
};
use crate::{
    daemon::Command,
    domain::{AgencyId, Period, ReturnId, to_london},
    flows::Board,
    ledger::Ledger,
};

/// What is decided on a message.
#[derive(Debug, clap::Args)]
pub struct Accept {
    /// The message's number.
    message: i64,
    /// Whose it is.
    #[arg(long = "as", value_name = "AGENCY", required_unless_present = "refuse", conflicts_with = "refuse")]
    agency: Option<AgencyId>,
    /// The return its files are for, where it does not say so itself.
    #[arg(long = "return", value_name = "RETURN", conflicts_with = "refuse")]
    return_id: Option<ReturnId>,
    /// The period they are for, as 2025-26-Q1.
    #[arg(long, conflicts_with = "refuse")]
    period: Option<Period>,
    /// What this address sends later is the agency's too.
    #[arg(long, conflicts_with = "refuse")]
    always: bool,
    /// Do not take it.
    #[arg(long, requires = "reason")]
    refuse: bool,
    /// Why it is not taken; its sender is told.
    #[arg(long, requires = "refuse")]
    reason: Option<String>,
}

/// Takes or refuses a message that is held.
pub async fn accept(home: &Path, accept: Accept) -> anyhow::Result<()> {
    let Accept { message, agency, return_id, period, always, reason, .. } = accept;
    let actor = board::actor();
    let command = match agency {
        Some(agency) => Command::AcceptMessage { message, agency, return_id, period, always, actor },
        None => Command::RefuseMessage { message, reason: reason.unwrap_or_default(), actor },
    };
    board::order(home, command).await
}

/// Lists what is held.
pub async fn held(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let Some(ledger) = board::ledger(&board)? else {
        say(board::NOTHING_YET);
        return Ok(());
    };
    if tell(&board, &ledger).await? == 0 {
        say("No message is held.");
    }
    Ok(())
}

/// Prints the messages that are held and how to decide on each; answers with their number.
pub async fn tell(board: &Board, ledger: &Ledger) -> anyhow::Result<usize> {
    let held = ledger.read(|txn| txn.held_incoming()).await?;
    for row in &held {
        let (id, known) = (row.id, &row.known);
        let who = match (known.name.as_str(), known.sender.as_str()) {
            (_, "") => "somebody unnamed".to_owned(),
            ("", sender) => sender.to_owned(),
            (name, sender) => format!("{name} <{sender}>"),
        };
        let when = to_london(row.arrived_at).strftime("%a %-d %b %Y, %H:%M");
        say(format_args!("\n{}", toned(Tone::Alarm, format_args!("Held: message {id} from {who}, {when}"))));
        say(format_args!("  subject: {}", known.subject));
        say(format_args!("  why: {}", known.why.as_deref().unwrap_or_default()));
        if let Some(mailbox) = &board.mailbox {
            say(format_args!("  it lies in the folder {} of {}", mailbox.held_folder, mailbox.user));
        }
        say(format_args!(
            "  `quarterday accept {id} --as AGENCY` takes it (--return, --period: what for; --always: its sender too); with \
             --refuse --reason … it is refused"
        ));
    }
    Ok(held.len())
}

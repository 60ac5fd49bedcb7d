//! `quarterday status`.

use std::path::Path;

use super::{board, owed};
use crate::{
    clock::Clock,
    daemon::{self, Command, ControlError, Reply},
    domain::{civil_day, to_london},
    flows::standing,
    ledger::{Event, OutboxState},
};

/// Prints what runs, what is owed, and what will be sent next to whom and why.
pub async fn status(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let running = daemon::ask(&daemon::socket(&board.data), &Command::Now).await;
    println!("{}{}", board.name, if board.example { " (an example)" } else { "" });
    let now = match &running {
        Ok(Reply::Done(now)) => {
            println!("A daemon serves {}.", board.data.display());
            now.parse().ok()
        }
        Err(ControlError::NotRunning(_)) => {
            println!("No daemon runs; `quarterday run` starts one.");
            None
        }
        _ => {
            println!("A daemon has {}, but does not answer; see its log.", board.data.display());
            None
        }
    };
    for line in board.mail.warnings() {
        println!("Warning: {line}");
    }
    let now = now.unwrap_or_else(|| Clock::System.now());
    println!("It is {} in London.\n", to_london(now).strftime("%A %-d %B %Y, %H:%M"));

    let ledger = board::ledger(&board)?;
    let owed = standing::owed_on(&board, ledger.as_ref(), civil_day(now)).await?;
    if owed.is_empty() {
        println!("Nothing is owed.");
    } else {
        println!("{}", owed::table(&owed));
    }
    let held: Vec<_> = owed.iter().filter_map(|one| Some((one, one.held?))).collect();
    for (one, submission) in held {
        let reason = one.reason.clone().unwrap_or_default();
        println!("\nHeld: submission {submission} of {} ({}): {reason}", one.agency, one.title);
        println!("  `quarterday release {submission} --reason …` takes it, with --refuse it is refused.");
    }
    let next: Vec<_> = owed.iter().filter_map(|one| Some((one, one.next.as_ref()?))).collect();
    if !next.is_empty() {
        println!("\nWill be sent next, if nothing arrives:");
    }
    for (one, next) in next {
        println!(
            "  {}  {} about {} to {} ({})",
            to_london(next.at).strftime("%a %-d %b %H:%M"),
            next.rung,
            one.title,
            next.to.join(", "),
            next.why
        );
    }
    let Some(ledger) = ledger else { return Ok(()) };
    let (messages, failures, failing) =
        ledger.read(|txn| Ok((txn.messages()?, txn.recent_failures(5)?, txn.failing_pulls()?))).await?;
    let waiting: Vec<_> = messages.iter().filter(|m| m.settled_at.is_none()).collect();
    let count = |state| messages.iter().filter(|m| m.state == state).count();
    println!(
        "\nMessages: {} sent, {} written and not sent, {} superseded, {} refused, {} waiting",
        count(OutboxState::Sent),
        count(OutboxState::Written),
        count(OutboxState::Superseded),
        count(OutboxState::Refused),
        waiting.len()
    );
    for message in waiting.iter().take(10) {
        let says = message.says.clone().map(|says| format!(" ({says})")).unwrap_or_default();
        println!("  {} to {}: not before {}{says}", message.kind, message.recipient, to_london(message.next_at));
    }
    for (place, pull) in failing {
        let says = pull.says.unwrap_or_default();
        println!("\nNot reached: {place}: {says}\n  asked again {}", to_london(pull.next_at));
    }
    for failure in failures {
        if let Event::Failed { what, why } = failure.event {
            println!("\nWent wrong on {}: {what}: {why}", civil_day(failure.at));
        }
    }
    Ok(())
}

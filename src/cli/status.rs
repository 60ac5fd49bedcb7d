//! `quarterday status`.

use std::path::Path;

use jiff::Timestamp;

use super::{
    board, held, owed,
    say::{Tone, say, toned},
};
use crate::{
    clock::Clock,
    daemon::{self, Command, ControlError, Reply},
    domain::{civil_day, to_london},
    flows::{
        Board, hold, plan,
        standing::{self, Owed},
        watch::{self, Trouble},
    },
    ledger::{Event, Ledger, OutboxState},
};

/// About so many obligations are listed; of the others, all of them older, the number is told.
const MOST_ROWS: usize = 20;
/// So many of the next messages are listed.
const MOST_NEXT: usize = 8;
/// So many of the messages that wait are listed.
const MOST_WAITING: i64 = 10;

/// Prints what runs, what is owed, and what will be sent next to whom and why.
pub async fn status(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let running = daemon::ask(&daemon::socket(&board.data), &Command::Now).await;
    let example = if board.example { " (an example)" } else { "" };
    say(format_args!("{}{example}", toned(Tone::Strong, &board.name)));
    let ledger = board::ledger(&board)?;
    let (now, held) = match &running {
        Ok(Reply::Now { now, held }) => {
            say(format_args!("A daemon serves {}.", board.data.display()));
            (Some(*now), held.clone())
        }
        Err(ControlError::NotRunning(_)) => {
            say("No daemon runs; `quarterday run` starts one.");
            let held = match &ledger {
                Some(ledger) => {
                    let held = hold::reason(&board.data, ledger, &Clock::System).await?;
                    held.or(plan::pending(ledger).await?)
                }
                None => None,
            };
            (None, held)
        }
        _ => {
            say(format_args!("A daemon has {}, but does not answer; see its log.", board.data.display()));
            (None, None)
        }
    };
    if let Some(why) = held {
        say(toned(Tone::Alarm, format_args!("On hold: {why}.")));
    }
    for line in board.mail.warnings() {
        say(toned(Tone::Alarm, format_args!("Warning: {line}.")));
    }
    if let Some(note) = board.mailbox.as_ref().and_then(|mailbox| mailbox.note()) {
        say(format_args!("Note: {note}."));
    }
    let now = now.unwrap_or_else(|| Clock::System.now());
    say(format_args!("It is {} in London.", to_london(now).strftime("%A %-d %B %Y, %H:%M")));

    let outlook = standing::owed_at(&board, ledger.as_ref(), now).await?;
    for line in wrong(&board, ledger.as_ref(), now).await?.iter().chain(&outlook.untold) {
        say(toned(Tone::Alarm, format_args!("Warning: {line}.")));
    }
    what_is_owed(&outlook.owed, now);
    for line in &outlook.dropped {
        say(format_args!("\nNo longer asked for, and so no longer chased: {line}"));
    }
    let Some(ledger) = ledger else { return Ok(()) };
    for held in ledger.read(|txn| txn.held_submissions()).await? {
        let (id, key) = (held.id, &held.obligation);
        say(format_args!(
            "\nHeld: submission {id} of {} ({}, {}): {}",
            board.agency_name(&key.agency),
            board.return_title(&key.return_id),
            key.period.human(),
            held.reason.unwrap_or_default()
        ));
        say(format_args!("  `quarterday release {id} --reason …` takes it, with --refuse it is refused."));
    }
    super::incidents::tell_open(&board, &ledger).await?;
    held::tell(&board, &ledger).await?;
    super::approve::tell_open(&ledger).await?;
    let (counts, [sent, written, superseded, refused], waiting) = ledger
        .read(|txn| {
            let of = |state| txn.messages_in(state);
            let settled = [
                of(OutboxState::Sent)?,
                of(OutboxState::Written)?,
                of(OutboxState::Superseded)?,
                of(OutboxState::Refused)?,
            ];
            Ok((txn.counts()?, settled, txn.waiting_messages(MOST_WAITING)?))
        })
        .await?;
    let (failures, failing) = ledger.read(|txn| Ok((txn.recent_failures(5)?, txn.failing_pulls()?))).await?;
    say(format_args!(
        "\nMessages: {sent} sent, {written} written and not sent, {superseded} superseded, {refused} refused, {} waiting",
        counts.waiting
    ));
    for message in waiting {
        let says = message.says.clone().map(|says| format!(" ({says})")).unwrap_or_default();
        say(format_args!(
            "  {} to {}: not before {}{says}",
            message.kind,
            message.recipient,
            to_london(message.next_at)
        ));
    }
    for (place, pull) in failing {
        let says = pull.says.unwrap_or_default();
        say(format_args!("\nNot reached: {place}: {says}\n  asked again {}", to_london(pull.next_at)));
    }
    for failure in failures {
        if let Event::Failed { what, why } = failure.event {
            say(format_args!("\nWent wrong on {}: {what}: {why}", civil_day(failure.at)));
        }
    }
    Ok(())
}

/// What is wrong, but for what other lines tell with more words. Of what only the daemon knows, the ledger says what it
/// told.
async fn wrong(board: &Board, ledger: Option<&Ledger>, now: Timestamp) -> anyhow::Result<Vec<String>> {
    let seen = watch::conditions(&watch::of_ledger(board, ledger, None, now).await?);
    let seen = seen.into_iter().filter(|one| !matches!(one.trouble, Trouble::Pull | Trouble::Mailbox));
    let mut lines: Vec<String> = seen.map(|one| format!("{}; {}", one.what, one.next_step)).collect();
    if let Some(ledger) = ledger {
        let told = ledger.read(|txn| txn.open_conditions()).await?;
        let of_daemon =
            |name: &str| matches!(watch::trouble_of(name), Some(Trouble::Stuck | Trouble::Step | Trouble::Heartbeat));
        let told = told.into_iter().filter(|row| row.told_at.is_some() && of_daemon(&row.name));
        lines.extend(told.map(|row| format!("{}, since {}", row.says, to_london(row.begins_at))));
    }
    Ok(lines)
}

/// What is owed now and what will be sent next; of what is long overdue only the number.
fn what_is_owed(owed: &[Owed], now: Timestamp) {
    if owed.is_empty() {
        say("\nNothing is owed.");
        return;
    }
    let (groups, left_out) = standing::newest(owed, MOST_ROWS);
    owed::tell(&groups, now, "now");
    if !left_out.is_empty() {
        let periods: Vec<String> =
            left_out.iter().map(|(period, count)| format!("{count} of {}", period.human())).collect();
        say(format_args!("\nOverdue from before: {}; `quarterday owed` lists them.", periods.join(", ")));
    }
    for one in owed {
        let Some(reason) = &one.escalation_held else { continue };
        say(format_args!("\nNot escalated: {} of {}, {}: {reason}", one.title, one.agency, one.key.period.human()));
    }
    let mut next: Vec<_> =
        groups.iter().flat_map(|group| &group.owed).filter_map(|o| Some((*o, o.next.as_ref()?))).collect();
    if next.is_empty() {
        return;
    }
    next.sort_by_key(|(_, next)| next.at);
    say("\nWill be sent next, if nothing arrives:");
    for (one, next) in next.iter().take(MOST_NEXT) {
        let when = next
            .at
            .filter(|at| *at > now)
            .map_or_else(|| "at the next look".to_owned(), |at| to_london(at).strftime("%a %-d %b, %H:%M").to_string());
        let (what, to) = (owed::message(next.kind), next.to.join(" and "));
        say(format_args!("  {when:<16}  {what}, {} ({})", one.title, next.why));
        say(toned(Tone::Quiet, format_args!("  {:<16}  to {to}", "")));
    }
    if next.len() > MOST_NEXT {
        say(format_args!("  and {} more", next.len() - MOST_NEXT));
    }
}

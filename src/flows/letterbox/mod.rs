//! A message comes into the mailbox: read, sorted, answered, and moved away once all of that is recorded.
//!
//! The order is the intake's: what is to be done with a message is written down before it is begun, each file is offered
//! once, and the message is moved only when its bytes are safe and its outcome is in the ledger. Whatever interrupts it,
//! the message still lies in the folder and is gone on with; one that is delivered twice does nothing twice.

mod answers;
mod bounce;
mod comment;
mod cover;
mod held;
mod plan;
mod sort;
mod words;

use std::panic::AssertUnwindSafe;

use anyhow::{Context, anyhow};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::{App, intake, note_failure, retry};
use crate::{
    domain::sha256,
    fault,
    flows::intake::{Acknowledge, Offer},
    ledger::{Event, IncomingRow, IncomingState, NewIncoming, ObligationKey, OutboxRow, Pull},
    source::{
        Extract,
        mailbox::{Fetched, File, Incoming, Listed, Mailbox, MailboxError, Session, Unreadable, read},
    },
};

pub use bounce::refused;
pub use held::{accept, refuse};

/// What is remembered of the mailbox stands beside the places that are asked for files, under this key.
pub(super) const KEY: &str = "the mailbox";

/// A sign-in that failed is left alone for at least this long, so that no account is locked.
const SIGN_IN_PAUSES: [SignedDuration; 4] = [
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(4),
];

/// What is to be recorded of a message: the row, and what goes with it in one transaction.
struct Record {
    /// The number it gets. Nobody else gives numbers while the mailbox is looked into.
    id: i64,
    new: NewIncoming,
    letters: Vec<OutboxRow>,
    /// Events of obligations.
    events: Vec<(String, Event)>,
    /// Whether the message itself is kept in the archive, for a person's decision.
    keep: bool,
}

/// Why a message was not done with.
enum Failure {
    /// The server; the others wait too.
    Mailbox(MailboxError),
    /// This message; the others have their turn.
    Message(anyhow::Error),
}

impl From<MailboxError> for Failure {
    fn from(error: MailboxError) -> Self {
        Self::Mailbox(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Message(error)
    }
}

/// Looks into the mailbox if it is time to; answers with the number of messages done with.
///
/// # Errors
/// When the ledger does not answer; what goes wrong with the mailbox or a message is noted and tried again.
pub async fn collect(app: &App) -> anyhow::Result<usize> {
    let Some(mailbox) = &app.mailbox else { return Ok(0) };
    // Somebody is looking already.
    let Ok(_alone) = app.collecting.try_lock() else { return Ok(0) };
    let now = app.clock.now();
    let known = app.ledger.read(|txn| txn.pull(KEY)).await?;
    if known.as_ref().is_some_and(|known| known.next_at > now) {
        return Ok(0);
    }
    let looked = look(app, mailbox).await;
    let poll = SignedDuration::try_from(mailbox.settings().poll).unwrap_or(SignedDuration::from_secs(30));
    let usual = if matches!(looked, Ok((_, true))) { now } else { now.checked_add(poll).unwrap_or(Timestamp::MAX) };
    let rested = Pull { next_at: usual, ok_at: Some(now), ..Pull::never() };
    match looked {
        Ok((done, _)) => {
            app.ledger.write(move |txn| txn.keep_pull(KEY, &rested)).await?;
            Ok(done)
        }
        Err(error) => {
            failed(app, &error, known.unwrap_or_else(Pull::never), usual, now).await?;
            Ok(0)
        }
    }
}

/// Remembers that the mailbox could not be read, and when it is looked into again.
async fn failed(app: &App, error: &MailboxError, known: Pull, usual: Timestamp, now: Timestamp) -> anyhow::Result<()> {
    let before = known.attempts;
    let mut pause = retry::pause(before);
    if error.is_sign_in() {
        let step = usize::try_from(before).unwrap_or(usize::MAX).min(SIGN_IN_PAUSES.len() - 1);
        pause = pause.max(SIGN_IN_PAUSES[step]);
    }
    if let Some(asked) = error.retry_after().and_then(|wait| SignedDuration::try_from(wait).ok()) {
        pause = pause.max(asked);
    }
    let next_at = now.checked_add(pause).unwrap_or(usual);
    let pull = Pull { next_at, attempts: before.saturating_add(1), says: Some(error.to_string()), ..known };
    app.ledger.write(move |txn| txn.keep_pull(KEY, &pull)).await?;
    note_failure(app, "reading the mailbox", &anyhow!("{error}")).await;
    Ok(())
}

/// One look: every message that lies there, in turn. Says how many were done with, and whether there are more.
async fn look(app: &App, mailbox: &Mailbox) -> Result<(usize, bool), MailboxError> {
    let mut session = mailbox.session().await?;
    let (listed, more) = session.list().await?;
    let (mut done, mut passed_over) = (0, 0);
    for message in &listed {
        let key = format!("message/{}", sha256(&message.id));
        if !retry::is_due(app, &key, app.clock.now()).await.unwrap_or(true) {
            passed_over += 1;
            continue;
        }
        let taken = AssertUnwindSafe(take(app, mailbox, &mut session, message)).catch_unwind().await;
        let error = match taken {
            Ok(Ok(())) => {
                done += 1;
                if let Err(error) = retry::succeeded(app, &key).await {
                    note_failure(app, "forgetting a failure", &error).await;
                }
                continue;
            }
            Ok(Err(Failure::Mailbox(error))) => return Err(error),
            Ok(Err(Failure::Message(error))) => error,
            Err(_) => anyhow!("it panicked"),
        };
        passed_over += 1;
        retry::failed(app, &key, "Reading a message of the mailbox", &error).await;
    }
    session.end().await;
    Ok((done, more && passed_over < listed.len()))
}

/// Takes one message: reads, records, carries out, moves.
async fn take(app: &App, mailbox: &Mailbox, session: &mut Session<'_>, message: &Listed) -> Result<(), Failure> {
    let (raw, too_large) = match session.fetch(message).await? {
        Fetched::Gone => return Ok(()),
        Fetched::Whole(raw) => (raw, false),
        Fetched::TooLarge(beginning) => (beginning, true),
    };
    let read = match read(&app.launcher, &raw, too_large).await {
        Ok(incoming) => Some(incoming),
        Err(Unreadable::Message) => None,
        Err(error @ Unreadable::Worker) => return Err(Failure::Message(error.into())),
    };
    let identity = read.as_ref().map_or_else(|| sha256(&raw), Incoming::identity);
    // What lay there while nobody looked came when the server says, not when it is read.
    let now = app.clock.now();
    let arrived_at = message.arrived.map_or(now, |at| at.min(now));
    let row = match known(app, identity.clone()).await? {
        Some(row) => row,
        None => {
            let mut record = match &read {
                Some(incoming) => plan::plan(app, mailbox, incoming, arrived_at, too_large).await?,
                None => plan::unreadable(app, mailbox, identity).await?,
            };
            if record.keep {
                let landed = intake::keep(app, raw.into()).await.context("the message could not be kept")?;
                record.new.sha256 = Some(landed.sha256.clone());
                write(app, record, arrived_at, Some((landed.sha256, landed.wrapped_key))).await?
            } else {
                write(app, record, arrived_at, None).await?
            }
        }
    };
    fault::point("mailbox-after-recorded");
    let state = match (&read, row.state) {
        (Some(incoming), IncomingState::Planned) => carry_out(app, &row, incoming).await?,
        (None, IncomingState::Planned) => settle(app, &row).await?,
        (_, state) => state,
    };
    fault::point("mailbox-before-move");
    let settings = mailbox.settings();
    let folder = if state.is_for_a_person() { &settings.held_folder } else { &settings.done_folder };
    session.move_to(message, folder).await?;
    Ok(())
}

async fn known(app: &App, identity: String) -> anyhow::Result<Option<IncomingRow>> {
    Ok(app.ledger.read(move |txn| txn.incoming_like(&identity)).await?)
}

/// Records a message, its letters and what follows from it, in one transaction.
async fn write(
    app: &App,
    record: Record,
    arrived_at: Timestamp,
    kept: Option<(String, Vec<u8>)>,
) -> anyhow::Result<IncomingRow> {
    let now = app.clock.now();
    let identity = record.new.identity.clone();
    let changes: Vec<(String, Event)> =
        record.events.iter().filter(|(_, event)| matches!(event, Event::ContactChanged { .. })).cloned().collect();
    app.ledger
        .write(move |txn| {
            let id = record.id;
            txn.add_incoming(arrived_at, id, &record.new)?;
            if let Some((sha256, wrapped)) = &kept {
                txn.keep_data_key(sha256, wrapped)?;
            }
            let outcome = record.new.plan.then.as_str().to_owned();
            txn.append(now, &format!("message/{id}"), "mailbox", &Event::MessageArrived { message: id, outcome })?;
            for (subject, event) in record.events {
                txn.append(now, &subject, "mailbox", &event)?;
            }
            record.letters.iter().try_for_each(|letter| txn.enqueue(letter).map(|_| ()))
        })
        .await?;
    changes.iter().for_each(|(_, change)| app.board.contacts.take(change));
    let row = known(app, identity).await?.context("the message was recorded and is not in the ledger")?;
    tracing::info!(message = row.id, outcome = row.known.plan.then.as_str(), "a message arrived");
    Ok(row)
}

/// Offers what the plan says, each file once however often this is begun, and records what the message is then.
async fn carry_out(app: &App, row: &IncomingRow, incoming: &Incoming) -> anyhow::Result<IncomingState> {
    for (part, key) in &row.known.plan.offers {
        let Some(file) = incoming.files.get(*part) else { continue };
        offer(app, row, *part, file, key.clone()).await?;
    }
    if let Some((key, reason)) = &row.known.plan.nil {
        let id = row.id;
        if app.ledger.read(move |txn| txn.part_taken(id, 0)).await?.is_none() {
            let _turn = app.turn.lock().await;
            let said = intake::nil(app, key.clone(), reason.clone(), "mailbox", Some(row)).await;
            if let Err(error) = said {
                kept_or(app, id, 0, error).await?;
            }
        }
    }
    settle(app, row).await
}

async fn settle(app: &App, row: &IncomingRow) -> anyhow::Result<IncomingState> {
    let (id, then) = (row.id, row.known.plan.then);
    app.ledger.write(move |txn| txn.settle_incoming(id, then)).await?;
    Ok(then)
}

/// Offers one file of a message, unless it was offered before; answers with the submission's verdict if it was new.
async fn offer(
    app: &App,
    row: &IncomingRow,
    part: usize,
    file: &File,
    key: ObligationKey,
) -> anyhow::Result<Option<intake::Received>> {
    let id = row.id;
    if app.ledger.read(move |txn| txn.part_taken(id, part)).await?.is_some() {
        return Ok(None);
    }
    let source = format!("by mail from {}", row.known.sender);
    let extract = Extract::of_bytes(file.bytes.clone(), &file.name, &source);
    let acknowledge = Acknowledge::Message { message: id, part };
    let received = {
        let _turn = app.turn.lock().await;
        intake::receive(
            app,
            Offer { key, extract, arrived_at: Some(row.arrived_at), actor: "mailbox".into(), acknowledge },
        )
        .await
    };
    fault::point("mailbox-after-offer");
    match received {
        Ok(received) => Ok(Some(received)),
        Err(error) => kept_or(app, id, part, error).await.map(|()| None),
    }
}

/// A file whose arrival was recorded is judged at the next ring; the message has nothing more to do with it.
async fn kept_or(app: &App, id: i64, part: usize, error: anyhow::Error) -> anyhow::Result<()> {
    if app.ledger.read(move |txn| txn.part_taken(id, part)).await?.is_none() {
        return Err(error);
    }
    note_failure(app, &format!("judging a file of message {id}"), &error).await;
    Ok(())
}

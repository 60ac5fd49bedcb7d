//! A person decides on a message that was held.

use anyhow::{Context, bail};

use super::{
    answers, plan,
    sort::{self, Around},
};
use crate::{
    domain::{AgencyId, Period, ReturnId, Verdict, civil_day},
    flows::{App, intake},
    ledger::{Event, IncomingRow, IncomingState, ObligationKey},
    mail::key_of,
    source::mailbox::{Incoming, read},
};

/// Takes a held message as an agency's; `return_id` and `period` say what its files are for where it does not say so
/// itself. With `always` what its sender writes later is that agency's too.
///
/// # Errors
/// When the message is not held, what its files are for is still not clear, or the disk or the ledger failed.
pub async fn accept(
    app: &App,
    id: i64,
    agency: AgencyId,
    return_id: Option<ReturnId>,
    period: Option<Period>,
    always: bool,
    actor: &str,
) -> anyhow::Result<String> {
    let row = the_held(app, id).await?;
    if !app.board.agencies.contains_key(&agency) {
        bail!("there is no agency {agency}; the agencies are those of config/agencies.toml");
    }
    if always && row.known.sender.is_empty() {
        bail!("message {id} names no address that could be remembered; leave --always out");
    }
    let incoming = message_of(app, &row).await?;
    let agencies = [agency.clone()];
    let states = plan::states(app, &agencies).await?;
    let keys = app.ledger.read(|txn| txn.message_keys()).await?;
    let about = incoming.references.iter().find_map(|word| key_of(word, keys.iter().map(|(key, _)| key.as_str())));
    let about = keys.iter().find(|(key, _)| Some(key.as_str()) == about);
    let about: Option<ObligationKey> = about.and_then(|(_, obligation)| obligation.as_ref()?.parse().ok());
    let about = about.filter(|about| about.agency == agency);
    let arrived = civil_day(row.arrived_at);
    let around =
        Around { agencies: &agencies, about: about.as_ref(), subject: &incoming.subject, states: &states, arrived };
    let mut offers = Vec::new();
    for (part, file) in incoming.files.iter().enumerate() {
        let taken = app.ledger.read(move |txn| txn.part_taken(id, part)).await?;
        if file.data().is_none() || taken.is_some() {
            continue;
        }
        let key = match (&return_id, period) {
            (Some(return_id), Some(period)) => named(app, &agency, return_id.clone(), period)?,
            (Some(return_id), None) => {
                let contract = app.board.returns.get(return_id).context("there is no such return")?;
                let candidate = sort::Candidate { agency: &agency, contract };
                let found = sort::period(candidate, &around, &file.name);
                let period =
                    found.map_err(|_| anyhow::anyhow!("say for which period {} is, with --period", file.name))?;
                named(app, &agency, return_id.clone(), period)?
            }
            (None, _) => {
                let key = plan::place(app, &around, file).await;
                let mut key = key.map_err(|why| anyhow::anyhow!("{why} Say so with --return and --period"))?;
                key.period = period.unwrap_or(key.period);
                named(app, &agency, key.return_id, key.period)?
            }
        };
        offers.push((part, key));
    }
    if let Some((_, key)) = offers.iter().enumerate().find_map(|(at, (_, key))| {
        let twice = offers[..at].iter().any(|(_, earlier)| earlier == key);
        twice.then_some((at, key))
    }) {
        bail!("message {id} holds several files for {key}; bring the right one with `quarterday submit`");
    }
    let mut said = vec![format!("message {id} is taken as from {agency}")];
    for (part, key) in offers {
        let Some(file) = incoming.files.get(part) else { continue };
        let received = super::offer(app, &row, part, file, key.clone()).await?;
        let verdict = received.map_or("arrived; it is judged at the next ring".to_owned(), |received| {
            let words = match received.verdict {
                Verdict::Accepted => "accepted",
                Verdict::AcceptedWithQueries => "accepted, with questions",
                Verdict::NotAccepted => "not accepted",
                Verdict::Held => "held for a person",
                Verdict::Duplicate => "the same file as before",
            };
            format!("submission {}, {words}", received.submission)
        });
        said.push(format!("  {key}: {verdict}"));
    }
    if said.len() == 1 {
        said.push("  it holds no file that could be taken".into());
    }
    let event = Event::MessageDecided { message: id, agency: Some(agency.clone()), always, reason: None };
    let (now, actor, sender) = (app.clock.now(), actor.to_owned(), row.known.sender.clone());
    app.ledger
        .write(move |txn| {
            txn.settle_incoming(id, IncomingState::Accepted)?;
            if always {
                txn.remember_sender(now, &sender, &agency, &actor)?;
            }
            txn.append(now, &format!("message/{id}"), &actor, &event)?;
            Ok(())
        })
        .await?;
    if always {
        said.push(format!("  what {} sends from now on is theirs", row.known.sender));
    }
    Ok(said.join("\n"))
}

/// Does not take a held message; its sender is told why, where that can do no harm.
///
/// # Errors
/// When the message is not held, or the ledger failed.
pub async fn refuse(app: &App, id: i64, reason: &str, actor: &str) -> anyhow::Result<String> {
    let row = the_held(app, id).await?;
    let now = app.clock.now();
    let letters = answers::refused(app, &row, reason, now)?;
    let told = if letters.is_empty() { "its sender is not told" } else { "its sender is told" };
    let (actor, reason) = (actor.to_owned(), reason.to_owned());
    app.ledger
        .write(move |txn| {
            txn.settle_incoming(id, IncomingState::Refused)?;
            letters.iter().try_for_each(|letter| txn.enqueue(letter).map(|_| ()))?;
            let event = Event::MessageDecided { message: id, agency: None, always: false, reason: Some(reason) };
            txn.append(now, &format!("message/{id}"), &actor, &event)?;
            Ok(())
        })
        .await?;
    Ok(format!("message {id} is refused; {told}"))
}

async fn the_held(app: &App, id: i64) -> anyhow::Result<IncomingRow> {
    let row = app.ledger.read(move |txn| txn.incoming(id)).await?;
    let row = row.with_context(|| format!("there is no message {id}; `quarterday held` lists those that wait"))?;
    if row.state != IncomingState::Held {
        bail!("message {id} is not held; `quarterday held` lists those that are");
    }
    Ok(row)
}

/// The message itself, from the archive.
async fn message_of(app: &App, row: &IncomingRow) -> anyhow::Result<Incoming> {
    let id = row.id;
    let sha256 = row.known.sha256.clone().with_context(|| format!("message {id} was not kept"))?;
    let digest = sha256.clone();
    let key = app.ledger.read(move |txn| txn.data_key(&digest)).await?;
    let key = key.with_context(|| format!("message {id} was destroyed"))?;
    let landing = app.landing.clone();
    let raw = tokio::task::spawn_blocking(move || anyhow::Ok(landing.extract(&sha256, &key)?.bytes()?)).await??;
    read(&app.launcher, &raw, false).await.with_context(|| format!("message {id}"))
}

fn named(app: &App, agency: &AgencyId, return_id: ReturnId, period: Period) -> anyhow::Result<ObligationKey> {
    let key = ObligationKey { return_id, agency: agency.clone(), period };
    match intake::refusal(app, &key) {
        Some(why) => bail!("{why}"),
        None => Ok(key),
    }
}

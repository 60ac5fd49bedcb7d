//! Asks for what is to be fetched and takes what was dropped.
//!
//! When a place is asked next is in the ledger, so that a restart neither forgets nor hurries it; a place that was
//! missed during an outage is asked once.

use std::path::PathBuf;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::{
    App,
    intake::{self, Acknowledge, Offer},
    note_failure,
    retry::pause,
};
use crate::{
    check::Contract,
    domain::{AgencyId, Period, civil_day},
    ledger::{Obligation, ObligationKey, Pull},
    source::{
        Source, fill,
        folder::{self, Seen},
        https::{Fetched, Validators},
        period_in_name,
    },
    timetable::{Every, Schedule},
};

/// Asks every place that is due and looks into every drop folder; answers with the number of files taken.
pub async fn pull(app: &App) -> anyhow::Result<usize> {
    let owed = app.ledger.read(|txn| txn.obligations()).await?;
    let mut taken = 0;
    for contract in app.board.returns.values() {
        match &contract.source {
            Source::Https { url, pull, timeout } => {
                for agency in &contract.agencies {
                    for place in places(app, contract, agency, url, &owed) {
                        let what = format!("asking for {}", place.key);
                        match ask(app, contract, &place, pull, *timeout).await {
                            Ok(new) => taken += usize::from(new),
                            Err(error) => note_failure(app, &what, &error).await,
                        }
                    }
                }
            }
            Source::Folder { path, pattern } => {
                for agency in &contract.agencies {
                    let folder = app.board.home.join(fill(path, "agency", agency.as_str()));
                    match look(app, contract, agency, folder, pattern).await {
                        Ok(new) => taken += new,
                        Err(error) => {
                            note_failure(app, &format!("looking for {} of {agency}", contract.id), &error).await
                        }
                    }
                }
            }
            Source::ByHand => {}
        }
    }
    Ok(taken)
}

/// When the next place is asked.
pub async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let owed = app.ledger.read(|txn| txn.obligations()).await?;
    let mut next: Option<Timestamp> = None;
    for contract in app.board.returns.values() {
        let Source::Https { url, .. } = &contract.source else { continue };
        for agency in &contract.agencies {
            for place in places(app, contract, agency, url, &owed) {
                let key = place.key.clone();
                let at = app.ledger.read(move |txn| txn.pull(&key)).await?.map_or(Timestamp::UNIX_EPOCH, |p| p.next_at);
                next = Some(next.map_or(at, |sooner| sooner.min(at)));
            }
        }
    }
    Ok(next)
}

/// One address that may have a file.
struct Place {
    key: String,
    url: String,
    agency: AgencyId,
    period: Option<Period>,
}

/// Where an agency's files of a return may be: one place for releases, else one per period that is not settled, and
/// the newest settled one, for it may be restated.
fn places(app: &App, contract: &Contract, agency: &AgencyId, url: &str, owed: &[Obligation]) -> Vec<Place> {
    let url = fill(&app.board.address(url), "agency", agency.as_str());
    let key = format!("{}/{agency}", contract.id);
    if contract.every == Every::Release {
        return vec![Place { key, url, agency: agency.clone(), period: None }];
    }
    let is_theirs = |o: &&Obligation| o.duty && o.key.return_id == contract.id && o.key.agency == *agency;
    let owed: Vec<_> = owed.iter().filter(is_theirs).collect();
    let newest = owed.iter().map(|o| o.key.period).max();
    owed.iter()
        .filter(|o| !o.state.is_settled() || Some(o.key.period) == newest)
        .map(|o| Place {
            key: format!("{key}/{}", o.key.period),
            url: fill(&url, "period", &o.key.period.to_string()),
            agency: agency.clone(),
            period: Some(o.key.period),
        })
        .collect()
}

async fn ask(
    app: &App,
    contract: &Contract,
    place: &Place,
    schedule: &Schedule,
    timeout: std::time::Duration,
) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let key = place.key.clone();
    let known = app.ledger.read(move |txn| txn.pull(&key)).await?;
    if known.as_ref().is_some_and(|pull| pull.next_at > now) {
        return Ok(false);
    }
    let known = known.unwrap_or(Pull { next_at: now, attempts: 0, etag: None, last_modified: None, says: None });
    let validators = Validators { etag: known.etag.clone(), last_modified: known.last_modified.clone() };
    let usual = schedule.next_after(now).unwrap_or(Timestamp::MAX);
    let rested = |known: Pull| Pull { next_at: usual, attempts: 0, says: None, ..known };
    let failed = match app.fetcher.fetch(&place.url, &validators, timeout).await {
        Ok(Fetched::New(extract, validators)) => {
            let period = match place.period.or_else(|| period_in_name(&extract.name)) {
                Some(period) => period,
                None => Period::Release { date: civil_day(now) },
            };
            let pull = Pull { etag: validators.etag, last_modified: validators.last_modified, ..rested(known.clone()) };
            let offer = Offer {
                key: ObligationKey { return_id: contract.id.clone(), agency: place.agency.clone(), period },
                extract,
                actor: "daemon".into(),
                acknowledge: Acknowledge::Pull { key: place.key.clone(), pull },
            };
            match intake::receive(app, offer).await {
                Ok(_) => return Ok(true),
                Err(error) => Failed { says: format!("{error:#}"), wait: None, error },
            }
        }
        Ok(Fetched::NotModified | Fetched::NotThere) => {
            remember(app, place, rested(known)).await?;
            return Ok(false);
        }
        Err(error) => Failed { says: error.to_string(), wait: error.retry_after(), error: error.into() },
    };
    let step = pause(known.attempts);
    let asked = failed.wait.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or(step);
    let next_at = now.checked_add(step.max(asked)).unwrap_or(usual);
    let attempts = known.attempts.saturating_add(1);
    remember_failure(app, place, Pull { next_at, attempts, says: Some(failed.says), ..known }).await?;
    Err(failed.error).with_context(|| format!("{} of {}", contract.title, app.board.agency_name(&place.agency)))
}

/// An attempt that brought nothing.
struct Failed {
    says: String,
    /// How long the host asked to be left alone.
    wait: Option<std::time::Duration>,
    error: anyhow::Error,
}

/// Remembers a failure, unless the bytes arrived all the same: then the arrival was recorded with what to ask next.
async fn remember_failure(app: &App, place: &Place, pull: Pull) -> anyhow::Result<()> {
    let key = place.key.clone();
    Ok(app
        .ledger
        .write(move |txn| {
            let arrived = txn.pull(&key)?.is_some_and(|known| known.etag != pull.etag);
            if arrived { Ok(()) } else { txn.keep_pull(&key, &pull) }
        })
        .await?)
}

async fn remember(app: &App, place: &Place, pull: Pull) -> anyhow::Result<()> {
    let key = place.key.clone();
    Ok(app.ledger.write(move |txn| txn.keep_pull(&key, &pull)).await?)
}

/// Takes the files of a drop folder that have stood still over two looks.
async fn look(
    app: &App,
    contract: &Contract,
    agency: &AgencyId,
    folder: PathBuf,
    pattern: &str,
) -> anyhow::Result<usize> {
    let stable = app.looks.lock().await.stable_files(&folder, pattern)?;
    let mut taken = 0;
    for seen in stable {
        match take(app, contract, agency, &seen).await {
            Ok(new) => taken += usize::from(new),
            // One file that cannot be taken does not stand in the way of the next.
            Err(error) => note_failure(app, &format!("taking {}", seen.path.display()), &error).await,
        }
    }
    Ok(taken)
}

async fn take(app: &App, contract: &Contract, agency: &AgencyId, seen: &Seen) -> anyhow::Result<bool> {
    let (path, size, modified) = (seen.path.display().to_string(), seen.size, seen.modified.clone());
    let known = {
        let (path, modified) = (path.clone(), modified.clone());
        app.ledger.read(move |txn| txn.is_taken(&path, size, &modified)).await?
    };
    if known {
        return Ok(false);
    }
    let extract = folder::read(seen)?;
    let period = period_in_name(&extract.name).or_else(|| current(contract, app.clock.now()));
    let Some(period) = period else {
        anyhow::bail!("{} names no period; put one into its name, as in 2025-26-Q1", extract.name);
    };
    let offer = Offer {
        key: ObligationKey { return_id: contract.id.clone(), agency: agency.clone(), period },
        extract,
        actor: "daemon".into(),
        acknowledge: Acknowledge::File { path, size, modified },
    };
    intake::receive(app, offer).await?;
    Ok(true)
}

/// The period that is owed now when a file's name does not say which: the one that ended last.
fn current(contract: &Contract, now: Timestamp) -> Option<Period> {
    contract.every.period_of(civil_day(now))?.previous()
}

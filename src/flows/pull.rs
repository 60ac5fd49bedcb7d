//! Asks for what is to be fetched and takes what was dropped.
//!
//! When a place is asked next is in the ledger, so that a restart neither forgets nor hurries it; a place that was
//! missed during an outage is asked once.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

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
    decode::{DecodeError, refuse_what_is_no_data},
    domain::{AgencyId, Period, ReturnId, Verdict, civil_day, sha256},
    ledger::{LedgerError, ObligationKey, Pull, State, Submission},
    source::{
        Extract, Source, fill,
        folder::{self, Seen},
        https::{FetchError, Fetched, Validators},
        period_in_name,
    },
    timetable::{Every, Schedule},
};

/// So many places are asked at the same time.
const AT_ONCE: usize = 4;

/// Asks every place that is due and looks into every drop folder; answers with the number of files taken.
///
/// Nobody waits for a slow host: the turn is taken only for what has come.
pub async fn pull(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let due: Vec<Place> = places(app).await?.into_iter().filter(|place| place.known.next_at <= now).collect();
    let mut taken = 0;
    for places in due.chunks(AT_ONCE) {
        let asked = places.iter().map(|place| {
            let known = Validators { etag: place.known.etag.clone(), last_modified: place.known.last_modified.clone() };
            async move { app.fetcher.fetch(&place.url, &known, place.timeout).await }
        });
        for (place, answer) in places.iter().zip(futures::future::join_all(asked).await) {
            match settle(app, place, answer).await {
                Ok(new) => taken += usize::from(new),
                Err(error) => note_failure(app, &format!("asking for {}", place.key), &error).await,
            }
        }
    }
    for contract in app.board.returns.values() {
        let Source::Folder { path, pattern } = &contract.source else { continue };
        for agency in &contract.agencies {
            let folder = app.board.home.join(fill(path, "agency", agency.as_str()));
            match look(app, contract, agency, folder, pattern).await {
                Ok(new) => taken += new,
                Err(error) => note_failure(app, &format!("looking for {} of {agency}", contract.id), &error).await,
            }
        }
    }
    Ok(taken)
}

/// When the next place is asked.
pub async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    Ok(places(app).await?.into_iter().map(|place| place.known.next_at).min())
}

/// One address that may have a file.
struct Place<'a> {
    contract: &'a Contract,
    key: String,
    url: String,
    agency: &'a AgencyId,
    period: Option<Period>,
    schedule: &'a Schedule,
    timeout: Duration,
    /// What is remembered of it.
    known: Pull,
}

/// Where files may be: one place for the releases of an agency's return, else one per period that is not settled, and
/// the newest settled one, for it may be restated.
async fn places(app: &App) -> anyhow::Result<Vec<Place<'_>>> {
    let mut places = Vec::new();
    let mut states: BTreeMap<(ReturnId, AgencyId), Vec<(Period, State)>> = BTreeMap::new();
    for (key, state) in app.ledger.read(|txn| txn.obligation_states()).await? {
        if key.period.end() >= app.board.timetable.starts_on {
            states.entry((key.return_id, key.agency)).or_default().push((key.period, state));
        }
    }
    for contract in app.board.returns.values() {
        let Source::Https { url, pull, timeout, .. } = &contract.source else { continue };
        for agency in &contract.agencies {
            let url = fill(&app.board.address(url), "agency", agency.as_str());
            let key = format!("{}/{agency}", contract.id);
            let place = |key: String, url: String, period: Option<Period>| Place {
                contract,
                key,
                url,
                agency,
                period,
                schedule: pull,
                timeout: *timeout,
                known: Pull {
                    next_at: Timestamp::UNIX_EPOCH,
                    attempts: 0,
                    etag: None,
                    last_modified: None,
                    says: None,
                },
            };
            if contract.every == Every::Release {
                places.push(place(key, url, None));
                continue;
            }
            let owed = states.get(&(contract.id.clone(), agency.clone())).map_or([].as_slice(), Vec::as_slice);
            places.extend(wanted(owed).into_iter().map(|period| {
                let named = period.to_string();
                place(format!("{key}/{named}"), fill(&url, "period", &named), Some(period))
            }));
        }
    }
    let keys: Vec<String> = places.iter().map(|place| place.key.clone()).collect();
    let known = app.ledger.read(move |txn| keys.iter().map(|key| txn.pull(key)).collect::<Result<Vec<_>, _>>()).await?;
    for (place, known) in places.iter_mut().zip(known) {
        place.known = known.unwrap_or_else(|| place.known.clone());
    }
    Ok(places)
}

/// The periods for which a file is wanted: those not settled, and the newest settled one.
fn wanted(owed: &[(Period, State)]) -> Vec<Period> {
    let newest = owed.iter().filter(|(_, state)| state.is_settled()).map(|(period, _)| *period).max();
    let is_wanted = |(period, state): &&(Period, State)| !state.is_settled() || Some(*period) == newest;
    owed.iter().filter(is_wanted).map(|(period, _)| *period).collect()
}

/// Takes what a place answered.
async fn settle(app: &App, place: &Place<'_>, answer: Result<Fetched, FetchError>) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let usual = place.schedule.next_after(now).unwrap_or(Timestamp::MAX);
    let rested = Pull { next_at: usual, attempts: 0, says: None, ..place.known.clone() };
    let (error, wait) = match answer {
        Ok(Fetched::NotModified | Fetched::NotThere) => {
            remember(app, place, rested).await?;
            return Ok(false);
        }
        Ok(Fetched::New(extract, validators)) => {
            let pull = Pull { etag: validators.etag, last_modified: validators.last_modified, ..rested };
            match refuse_what_is_no_data(&place.contract.format, &extract.bytes) {
                // A sign-in page in the place of the file is the host's answer to us, not the sender's file.
                Err(error @ DecodeError::WebPage(_)) => (error.into(), None),
                _ => match offer(app, place, extract, pull).await {
                    Ok(new) => return Ok(new),
                    Err(Offered::Kept(error)) => return Err(error).with_context(|| words(app, place)),
                    Err(Offered::Lost(error)) => (error, None),
                },
            }
        }
        Err(error) => {
            let wait = error.retry_after();
            (error.into(), wait)
        }
    };
    let step = pause(place.known.attempts);
    let asked = wait.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or(step);
    let next_at = now.checked_add(step.max(asked)).unwrap_or(usual);
    let attempts = place.known.attempts.saturating_add(1);
    remember(app, place, Pull { next_at, attempts, says: Some(format!("{error:#}")), ..place.known.clone() }).await?;
    Err(error).with_context(|| words(app, place))
}

/// Why a file that was fetched was not judged.
enum Offered {
    /// Its arrival was recorded, with when to ask next; it is judged at the next ring.
    Kept(anyhow::Error),
    /// It did not arrive.
    Lost(anyhow::Error),
}

impl From<anyhow::Error> for Offered {
    fn from(error: anyhow::Error) -> Self {
        Self::Lost(error)
    }
}

impl From<LedgerError> for Offered {
    fn from(error: LedgerError) -> Self {
        Self::Lost(error.into())
    }
}

/// Offers a fetched file; says whether it was taken. What was not accepted last time and comes again unchanged is
/// passed over: its sender was told.
async fn offer(app: &App, place: &Place<'_>, extract: Extract, pull: Pull) -> Result<bool, Offered> {
    let contract = place.contract;
    let period = match place.period.or_else(|| period_in_name(&extract.name)) {
        Some(period) => period,
        None => Period::Release { date: civil_day(app.clock.now()) },
    };
    let key = ObligationKey { return_id: contract.id.clone(), agency: place.agency.clone(), period };
    let (wanted, digest, hash) = (key.clone(), sha256(&extract.bytes), contract.hash.clone());
    let last = app.ledger.read(move |txn| Ok(txn.submissions_of(&wanted)?.pop())).await?;
    let is_repeat = |last: Submission| {
        last.verdict == Some(Verdict::NotAccepted) && last.sha256 == digest && last.contract_hash == hash
    };
    if last.is_some_and(is_repeat) {
        remember(app, place, pull).await?;
        return Ok(false);
    }
    let acknowledge = Acknowledge::Pull { key: place.key.clone(), pull: pull.clone() };
    let offer = Offer { key, extract, actor: "daemon".into(), acknowledge };
    let received = {
        let _turn = app.turn.lock().await;
        intake::receive(app, offer).await
    };
    let Err(error) = received else { return Ok(true) };
    // The acknowledgement stands in the ledger if and only if the bytes are safe.
    let key = place.key.clone();
    match app.ledger.read(move |txn| txn.pull(&key)).await? {
        Some(known) if known == pull => Err(Offered::Kept(error)),
        _ => Err(Offered::Lost(error)),
    }
}

fn words(app: &App, place: &Place<'_>) -> String {
    format!("{} of {}", place.contract.title, app.board.agency_name(place.agency))
}

async fn remember(app: &App, place: &Place<'_>, pull: Pull) -> anyhow::Result<()> {
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
    let _turn = app.turn.lock().await;
    intake::receive(app, offer).await?;
    Ok(true)
}

/// The period that is owed now when a file's name does not say which: the one that ended last.
fn current(contract: &Contract, now: Timestamp) -> Option<Period> {
    contract.every.period_of(civil_day(now))?.previous()
}

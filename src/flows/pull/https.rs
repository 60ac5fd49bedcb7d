//! Files at addresses: which may have one, and what becomes of it.
//!
//! When a place is asked next is in the ledger, so that a restart neither forgets nor hurries it; a place that was
//! missed during an outage is asked once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use crate::{
    check::Contract,
    decode::{DecodeError, HEAD, refuse_what_is_no_data},
    domain::{AgencyId, Period, ReturnId, civil_day},
    flows::{
        App, agreements,
        intake::{self, Acknowledge, Offer},
        retry::pause,
    },
    ledger::{LedgerError, ObligationKey, Pull},
    source::{
        Extract, Https, Source, fill, host_of,
        https::{FetchError, Fetched, Validators},
        of_period, period_in_name,
    },
    timetable::Every,
};

/// Asks one place and takes what it has; answers with the number of files taken.
pub(super) async fn ask(app: Arc<App>, place: Place) -> anyhow::Result<usize> {
    let (_, https) = defined(&app, &place)?;
    let known = Validators { etag: place.known.etag.clone(), last_modified: place.known.last_modified.clone() };
    let answer = app.fetcher.fetch(https, &place.url, &known).await;
    settle(&app, &place, answer).await.map(usize::from)
}

/// One address that may have a file.
pub(super) struct Place {
    return_id: ReturnId,
    /// What it is remembered under.
    pub key: String,
    /// The address.
    pub url: String,
    agency: AgencyId,
    period: Option<Period>,
    /// What is remembered of it.
    pub known: Pull,
}

impl Place {
    /// The host that is asked.
    pub(super) fn host(&self) -> String {
        host_of(&self.url).unwrap_or_default()
    }
}

/// The definitions that a place comes from.
fn defined<'a>(app: &'a App, place: &Place) -> anyhow::Result<(&'a Contract, &'a Https)> {
    let contract = app.board.returns.get(&place.return_id).context("a return that is no longer defined")?;
    match &contract.source {
        Source::Https(https) => Ok((contract, https)),
        _ => anyhow::bail!("{} is no longer pulled over HTTPS", contract.id),
    }
}

/// Where files may be: one place for the releases of an agency's return, else one per period that is not settled, and
/// the newest settled one, for it may be restated.
pub(super) async fn places(app: &App) -> anyhow::Result<Vec<Place>> {
    let today = civil_day(app.clock.now());
    let mut places = Vec::new();
    let fetched = app.board.returns.values().filter_map(|contract| match &contract.source {
        Source::Https(https) if !agreements::stops_pulls(contract, today) => Some((contract, https)),
        _ => None,
    });
    let fetched: Vec<(&Contract, &Https)> = fetched.collect();
    let mut wanted = wanted(app, fetched.iter().map(|(contract, _)| *contract)).await?;
    for (contract, Https { url, .. }) in fetched {
        for agency in &contract.agencies {
            let url = fill(&app.board.address(url), "agency", agency.as_str());
            let key = format!("{}/{agency}", contract.id);
            let place = |key: String, url: String, period: Option<Period>| Place {
                return_id: contract.id.clone(),
                key,
                url,
                agency: agency.clone(),
                period,
                known: Pull::never(),
            };
            if contract.every == Every::Release {
                places.push(place(key, url, None));
                continue;
            }
            let periods = wanted.remove(&(contract.id.clone(), agency.clone())).unwrap_or_default();
            // Whether anything happened is no file.
            let periods = periods.into_iter().filter(|period| !contract.asks(*period));
            let of = |period| place(format!("{key}/{period}"), of_period(&url, period), Some(period));
            places.extend(periods.map(of));
        }
    }
    let keys: Vec<String> = places.iter().map(|place| place.key.clone()).collect();
    let known = app.ledger.read(move |txn| keys.iter().map(|key| txn.pull(key)).collect::<Result<Vec<_>, _>>()).await?;
    for (place, known) in places.iter_mut().zip(known) {
        place.known = known.unwrap_or_else(|| place.known.clone());
    }
    Ok(places)
}

/// The periods for which a file of each return and agency is wanted: those not settled, and the newest settled one.
async fn wanted(
    app: &App,
    fetched: impl Iterator<Item = &Contract>,
) -> anyhow::Result<BTreeMap<(ReturnId, AgencyId), BTreeSet<Period>>> {
    let of_return = |contract: &Contract| {
        let id = contract.id.clone();
        contract.agencies.clone().into_iter().map(move |agency| (id.clone(), agency))
    };
    let fetched: Vec<&Contract> = fetched.collect();
    let asking = fetched.iter().filter_map(|contract| Some((contract.id.clone(), contract.since.as_ref()?.every)));
    let asking: BTreeMap<ReturnId, Every> = asking.collect();
    let asked: BTreeSet<(ReturnId, AgencyId)> = fetched.into_iter().flat_map(of_return).collect();
    if asked.is_empty() {
        return Ok(BTreeMap::new());
    }
    let starts_on = app.board.timetable.starts_on;
    let wanted = app.ledger.read(move |txn| {
        let mut wanted: BTreeMap<_, BTreeSet<Period>> = BTreeMap::new();
        for (return_id, agency) in &asked {
            let newest = match asking.get(return_id) {
                // Days and the periods of a question are no one order of texts.
                Some(question) => {
                    let settled = txn.states_of(agency)?.into_iter().filter(|(_, state)| state.is_settled());
                    let its = settled.map(|(key, _)| key).filter(|key| key.return_id == *return_id);
                    its.map(|key| key.period).filter(|period| !question.has(*period)).max()
                }
                None => txn.newest_settled(return_id, agency)?,
            };
            wanted.insert((return_id.clone(), agency.clone()), newest.into_iter().collect());
        }
        for key in txn.unsettled()?.into_keys() {
            wanted.entry((key.return_id, key.agency)).or_default().insert(key.period);
        }
        wanted.values_mut().for_each(|periods| periods.retain(|period| period.end() >= starts_on));
        Ok(wanted)
    });
    Ok(wanted.await?)
}

/// Takes what a place answered.
async fn settle(app: &App, place: &Place, answer: Result<Fetched, FetchError>) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let (contract, https) = defined(app, place)?;
    let usual = https.pull.next_after(now).unwrap_or(Timestamp::MAX);
    let rested = Pull { next_at: usual, attempts: 0, says: None, ok_at: Some(now), ..place.known.clone() };
    let (error, wait) = match answer {
        Ok(Fetched::NotModified | Fetched::NotThere) => {
            remember(app, place, rested).await?;
            return Ok(false);
        }
        Ok(Fetched::New(extract, validators)) => {
            let pull = Pull { etag: validators.etag, last_modified: validators.last_modified, ..rested };
            match no_data(contract, &extract)? {
                // A sign-in page in the place of the file is the host's answer to us, not the sender's file.
                Some(error @ DecodeError::WebPage(_)) => (error.into(), None),
                _ => match offer(app, contract, place, extract, pull).await {
                    Ok(new) => return Ok(new),
                    Err(Offered::Kept(error)) => return Err(error).with_context(|| words(app, contract, place)),
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
    Err(error).with_context(|| words(app, contract, place))
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

/// What a file is instead of data, if that can be told from its beginning.
fn no_data(contract: &Contract, extract: &Extract) -> anyhow::Result<Option<DecodeError>> {
    let head = extract.content.head(HEAD).context("what was fetched cannot be read back")?;
    Ok(refuse_what_is_no_data(&contract.format, &head).err())
}

/// Offers a fetched file; says whether it was taken. What comes again unchanged is passed over, whatever became of it: its
/// sender was told, and a host that cannot say that its copy is the same would be heard of at every pull.
async fn offer(app: &App, contract: &Contract, place: &Place, extract: Extract, pull: Pull) -> Result<bool, Offered> {
    let period = match place.period.or_else(|| period_in_name(&extract.name)) {
        Some(period) => period,
        None => Period::Release { date: civil_day(app.clock.now()) },
    };
    let key = ObligationKey { return_id: contract.id.clone(), agency: place.agency.clone(), period };
    if intake::known_verdict(app, &key, extract.content.sha256(), contract).await?.is_some() {
        remember(app, place, pull).await?;
        return Ok(false);
    }
    let acknowledge = Acknowledge::Pull { key: place.key.clone(), pull: pull.clone() };
    let offer = Offer { key, extract, arrived_at: None, actor: "daemon".into(), acknowledge };
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

fn words(app: &App, contract: &Contract, place: &Place) -> String {
    format!("{} of {}", contract.title, app.board.agency_name(&place.agency))
}

async fn remember(app: &App, place: &Place, pull: Pull) -> anyhow::Result<()> {
    let key = place.key.clone();
    Ok(app.ledger.write(move |txn| txn.keep_pull(&key, &pull)).await?)
}

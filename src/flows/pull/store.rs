//! Folders at a partner's: listed, and their files taken, each once.
//!
//! A file is moved away only after the transaction that recorded its arrival, which also notes the move; a move that was
//! interrupted is made at the next look.

use std::sync::Arc;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::period_of;
use crate::{
    check::Contract,
    domain::{AgencyId, ReturnId, Verdict, civil_day},
    fault,
    flows::{
        App, agreements,
        intake::{self, Acknowledge, Offer},
        note_failure,
        retry::pause,
    },
    ledger::{Move, ObligationKey, Pull, TakenFile},
    source::{
        Source, Store,
        listing::{Candidate, Entry},
        store::{Session, StoreError},
    },
};

/// A file that has not settled is looked at again so soon.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// The folder of an agency.
pub(super) struct Place {
    return_id: ReturnId,
    agency: AgencyId,
    /// What it is remembered under.
    pub key: String,
    /// The host that is asked.
    pub host: String,
    /// What is remembered of it.
    pub known: Pull,
}

/// The folders that files are fetched from.
pub(super) async fn places(app: &App) -> anyhow::Result<Vec<Place>> {
    let today = civil_day(app.clock.now());
    let mut places = Vec::new();
    for contract in app.board.returns.values() {
        let Source::Store(store) = &contract.source else { continue };
        if agreements::stops_pulls(contract, today) {
            continue;
        }
        places.extend(contract.agencies.iter().map(|agency| Place {
            return_id: contract.id.clone(),
            agency: agency.clone(),
            key: format!("{}/{agency}", contract.id),
            host: store.host().to_owned(),
            known: Pull::never(),
        }));
    }
    let keys: Vec<String> = places.iter().map(|place| place.key.clone()).collect();
    let known = app.ledger.read(move |txn| keys.iter().map(|key| txn.pull(key)).collect::<Result<Vec<_>, _>>()).await?;
    for (place, known) in places.iter_mut().zip(known) {
        place.known = known.unwrap_or_else(Pull::never);
    }
    Ok(places)
}

/// What a look came to, also where it was cut short.
#[derive(Default)]
struct Seen {
    taken: usize,
    unsettled: bool,
}

/// Looks into one folder and takes what is new; answers with the number of files taken.
pub(super) async fn look(app: Arc<App>, place: Place) -> anyhow::Result<usize> {
    let contract = app.board.returns.get(&place.return_id).context("a return that is no longer defined")?;
    let Source::Store(store) = &contract.source else { return Ok(0) };
    let mut seen = Seen::default();
    let outcome = visit(&app, contract, store, &place.agency, &mut seen).await;
    let now = app.clock.now();
    let usual = store.pull.next_after(now).unwrap_or(Timestamp::MAX);
    let after = |wait| now.checked_add(wait).unwrap_or(usual);
    let pull = match &outcome {
        Ok(()) if seen.unsettled => Pull { next_at: usual.min(after(LOOK_AGAIN)), ok_at: Some(now), ..Pull::never() },
        Ok(()) => Pull { next_at: usual, ok_at: Some(now), ..Pull::never() },
        Err(error) => Pull {
            next_at: after(pause(place.known.attempts)),
            attempts: place.known.attempts.saturating_add(1),
            says: Some(format!("{error:#}")),
            ok_at: place.known.ok_at,
            ..Pull::never()
        },
    };
    let key = place.key.clone();
    app.ledger.write(move |txn| txn.keep_pull(&key, &pull)).await?;
    if let Err(error) = outcome {
        let whose = format!("{} of {}", contract.title, app.board.agency_name(&place.agency));
        note_failure(&app, &format!("asking for {}", place.key), &error.context(whose)).await;
    }
    Ok(seen.taken)
}

async fn visit(
    app: &App,
    contract: &Contract,
    store: &Store,
    agency: &AgencyId,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    let at = store.place_of(agency);
    let session = store.open(agency, &app.board.home, &app.environment).await?;
    finish_moves(app, &session, &at).await?;
    let listing = session.list().await?;
    let chosen = store.selection.choose(agency, &listing);
    let settled = if store.shows_only_complete_files() {
        vec![true; chosen.len()]
    } else {
        let entries: Vec<Entry> = chosen.iter().map(|one| one.entry.clone()).collect();
        app.looks.lock().await.settled(&format!("{at} for {}", contract.id), &entries)
    };
    for (one, settled) in chosen.into_iter().zip(settled) {
        let file = taken(&at, &one.entry);
        let asked = file.clone();
        let known = app.ledger.read(move |txn| txn.is_taken(&asked)).await?;
        if known || is_of_the_past(app, contract, &one) {
            continue;
        }
        if !settled {
            seen.unsettled = true;
            continue;
        }
        let missed = missed(app, &session, &at, &one).await?;
        let name = one.entry.name.clone();
        for (one, file) in missed.into_iter().chain([(one, file)]) {
            match take(app, contract, store, agency, &session, one, file).await {
                Ok(new) => {
                    seen.taken += usize::from(new);
                    finish_moves(app, &session, &at).await?;
                }
                Err(Untaken::File(error)) => {
                    seen.unsettled |= error.downcast_ref().is_some_and(StoreError::changed_meanwhile);
                    // One file that cannot be taken does not stand in the way of the next.
                    note_failure(app, &format!("taking {name} for {} of {agency}", contract.id), &error).await;
                }
                Err(Untaken::Place(error)) => return Err(error),
            }
        }
    }
    Ok(())
}

/// The versions of a file that were replaced between the last one that was taken and the one that is there, in their
/// order. Of a file of which none was taken yet the one that is there is enough.
async fn missed(
    app: &App,
    session: &Session,
    at: &str,
    one: &Candidate,
) -> anyhow::Result<Vec<(Candidate, TakenFile)>> {
    let mut missed = Vec::new();
    for entry in session.replaced(&one.entry).await? {
        let file = taken(at, &entry);
        let asked = file.clone();
        if app.ledger.read(move |txn| txn.is_taken(&asked)).await? {
            missed.reverse();
            return Ok(missed);
        }
        missed.push((Candidate { entry, marker: None, instead_of: Vec::new(), ..one.clone() }, file));
    }
    Ok(Vec::new())
}

/// What a file is remembered as.
fn taken(at: &str, entry: &Entry) -> TakenFile {
    let Entry { name, size, version, .. } = entry;
    TakenFile { path: format!("{at}/{name}"), size: *size, version: version.clone() }
}

/// Whether a file is for a period before the return was owed: such files are history, and loaded as such.
fn is_of_the_past(app: &App, contract: &Contract, one: &Candidate) -> bool {
    contract.due.is_some() && one.period.is_some_and(|period| period.end() < app.board.owed_from(contract))
}

/// Why a file was not taken.
enum Untaken {
    /// For a reason of its own.
    File(anyhow::Error),
    /// For one that concerns every file of the place.
    Place(anyhow::Error),
}

impl From<StoreError> for Untaken {
    fn from(error: StoreError) -> Self {
        if error.is_about_one_file() { Self::File(error.into()) } else { Self::Place(error.into()) }
    }
}

/// Fetches and offers a file; says whether it was new.
async fn take(
    app: &App,
    contract: &Contract,
    store: &Store,
    agency: &AgencyId,
    session: &Session,
    one: Candidate,
    file: TakenFile,
) -> Result<bool, Untaken> {
    let now = app.clock.now();
    let name = &one.entry.name;
    let period = period_of(contract, name, now)
        .with_context(|| format!("{name} names no period; have one put into its name, as in 2025-26-Q1"))
        .map_err(Untaken::File)?;
    let key = ObligationKey { return_id: contract.id.clone(), agency: agency.clone(), period };
    intake::owed_contract(app, &key).map_err(Untaken::File)?;
    let extract = session.fetch(&one.entry, &app.board.incoming()).await?;
    let at = store.place_of(agency);
    let moves: Vec<Move> = match &store.move_to {
        // There is nothing to move of what was replaced.
        _ if one.entry.replaced.is_some() => Vec::new(),
        // What it was taken instead of goes with it: left alone, it would be the newest.
        Some(_) => {
            let with_it = one.marker.iter().chain(&one.instead_of);
            [&one.entry].into_iter().chain(with_it).map(|entry| planned(&at, entry, now)).collect()
        }
        None => Vec::new(),
    };
    // The same bytes that were not accepted last time: their sender was told, and hears nothing again.
    let known = intake::known_verdict(app, &key, extract.content.sha256(), contract).await;
    if known.map_err(|error| Untaken::Place(error.into()))? == Some(Verdict::NotAccepted) {
        let digest = extract.content.sha256().to_owned();
        let noted = app.ledger.write(move |txn| txn.take_file(&file, &moves, &digest)).await;
        return noted.map(|()| false).map_err(|error| Untaken::Place(error.into()));
    }
    let acknowledge = Acknowledge::File { file, moves, unasked: true };
    let offer = Offer { key, extract, arrived_at: None, actor: "daemon".into(), acknowledge };
    let _turn = app.turn.lock().await;
    match intake::receive(app, offer).await {
        Ok(_) => Ok(true),
        Err(error) => Err(Untaken::Place(error)),
    }
}

/// The move of a file that was taken: its new name begins with when, so that it takes no other file's place.
fn planned(place: &str, entry: &Entry, now: Timestamp) -> Move {
    Move {
        place: place.to_owned(),
        name: entry.name.clone(),
        size: entry.size,
        version: entry.version.clone(),
        target: format!("{}-{}", now.strftime("%Y%m%dT%H%M%SZ"), entry.name),
    }
}

/// Makes the moves that a place owes. A file that is gone was moved before an interruption; one that is not what was taken
/// is a new file, and stays.
async fn finish_moves(app: &App, session: &Session, place: &str) -> anyhow::Result<()> {
    let wanted = place.to_owned();
    for planned in app.ledger.read(move |txn| txn.moves_of(&wanted)).await? {
        fault::point("pull-before-move");
        let here = session.stat(&planned.name).await?;
        if let Some(here) = here.filter(|here| here.size == planned.size && here.version == planned.version)
            && let Err(error) = session.rename(&here, &planned.target).await
        {
            if !error.is_about_one_file() {
                return Err(error.into());
            }
            note_failure(app, &format!("moving {} at {place}", planned.name), &error.into()).await;
            continue;
        }
        fault::point("pull-after-move");
        app.ledger.write(move |txn| txn.move_done(&planned)).await?;
    }
    Ok(())
}

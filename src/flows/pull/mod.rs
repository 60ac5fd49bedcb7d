//! Asks for what is to be fetched and takes what was dropped.
//!
//! Every place is an errand of its own (`src/flows/errands.rs`): nobody waits for a slow one, and the turn is taken only
//! for what has come.

mod folder;
mod https;
mod store;

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    App,
    errands::{Begun, Errands},
    holidays,
};
use crate::{
    check::Contract,
    domain::{Period, civil_day},
    source::period_in_name,
};

/// Asks every place that is due and looks into every drop folder; answers with the number of files taken since the last
/// ring.
///
/// # Errors
/// When the ledger cannot be read; what goes wrong at a place is noted, and the others are asked.
pub async fn pull(app: &Arc<App>) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let mut begun = Begun::default();
    let (addresses, list) = (https::places(app).await?, holidays::place(app).await?);
    let list_at = list.iter().map(|place| place.url.as_str());
    app.fetcher.clear_others(addresses.iter().map(|place| place.url.as_str()).chain(list_at));
    if let Some(place) = list.filter(|place| place.known.next_at <= now) {
        let (name, host) = ("asking for the list of bank holidays".to_owned(), place.host());
        Errands::begin(app, &mut begun, name, Some(host), holidays::ask(Arc::clone(app), place)).await;
    }
    for place in addresses.into_iter().filter(|place| place.known.next_at <= now) {
        let (name, host) = (format!("asking for {}", place.key), place.host());
        Errands::begin(app, &mut begun, name, Some(host), https::ask(Arc::clone(app), place)).await;
    }
    for place in store::places(app).await?.into_iter().filter(|place| place.known.next_at <= now) {
        let (name, host) = (format!("asking for {}", place.key), place.host.clone());
        Errands::begin(app, &mut begun, name, Some(host), store::look(Arc::clone(app), place)).await;
    }
    for contract in app.board.returns.values() {
        for place in folder::places(&app.board, contract) {
            let name = format!("looking for {} of {}", contract.id, place.agency);
            Errands::begin(app, &mut begun, name, None, folder::look(Arc::clone(app), place)).await;
        }
    }
    app.errands.wait(begun).await;
    Ok(app.errands.brought())
}

/// When the next place is asked.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let addresses = https::places(app).await?.into_iter().map(|place| place.known.next_at);
    let folders = store::places(app).await?.into_iter().map(|place| place.known.next_at);
    let list = holidays::place(app).await?.map(|place| place.known.next_at);
    Ok(addresses.chain(folders).chain(list).min())
}

/// The period that a file is for: the one its name speaks of, else the one that ended last; a release must name its day.
fn period_of(contract: &Contract, name: &str, now: Timestamp) -> Option<Period> {
    period_in_name(name).or_else(|| contract.every.period_of(civil_day(now))?.previous())
}

//! The list of bank holidays: fetched anew where the board says from where, for past its end no due day can be told.
//!
//! A newer list is written to the data folder before it counts. One that cannot be right is refused: the manager is told,
//! and the present one stands.

use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::{App, letters, retry::pause};
use crate::{
    domain::{BankHolidays, civil_day},
    durable::{self, Existing},
    fault,
    ledger::Pull,
    source::{
        Extract, Https, host_of,
        https::{Fetched, Validators},
    },
    timetable::fetched_list,
};

/// No list of bank holidays is longer, in bytes.
const LONGEST: u64 = 4 << 20;

/// Where the list is asked for, and what is remembered of that.
pub(super) struct Place {
    https: Https,
    /// What it is remembered under.
    key: String,
    /// The address.
    pub url: String,
    /// What is remembered.
    pub known: Pull,
}

impl Place {
    /// The host that is asked.
    pub(super) fn host(&self) -> String {
        host_of(&self.url).unwrap_or_default()
    }
}

/// Where the list is asked for, if it is.
pub(super) async fn place(app: &App) -> crate::ledger::Result<Option<Place>> {
    let Some(https) = app.board.holiday_list.clone() else { return Ok(None) };
    let (key, url) = (format!("holiday-list/{}", app.board.timetable.nation), app.board.address(&https.url));
    let wanted = key.clone();
    let known = app.ledger.read(move |txn| txn.pull(&wanted)).await?.unwrap_or_else(Pull::never);
    Ok(Some(Place { https, key, url, known }))
}

/// Asks for the list; answers with 1 if a newer one is in force.
pub(super) async fn ask(app: Arc<App>, place: Place) -> anyhow::Result<usize> {
    let now = app.clock.now();
    // A copy that is gone is fetched anew, whatever validates it.
    let has_copy = fetched_list(&app.board.data, app.board.timetable.nation).exists();
    let validators = match has_copy {
        true => Validators { etag: place.known.etag.clone(), last_modified: place.known.last_modified.clone() },
        false => Validators::default(),
    };
    let answer = app.fetcher.fetch(&place.https, &place.url, &validators).await;
    let usual = place.https.pull.next_after(now).unwrap_or(Timestamp::MAX);
    let rested = Pull { next_at: usual, attempts: 0, says: None, ..place.known.clone() };
    let error = match answer {
        Ok(Fetched::NotModified) => {
            remember(&app, &place, rested).await?;
            return Ok(0);
        }
        Ok(Fetched::New(extract, validators)) => {
            let pull = Pull { etag: validators.etag, last_modified: validators.last_modified, ..rested };
            return take(&app, &place, &extract, pull).await;
        }
        Ok(Fetched::NotThere) => anyhow::anyhow!("there is no file at {}", place.url),
        Err(error) => error.into(),
    };
    let next_at = now.checked_add(pause(place.known.attempts)).unwrap_or(usual);
    let attempts = place.known.attempts.saturating_add(1);
    remember(&app, &place, Pull { next_at, attempts, says: Some(format!("{error:#}")), ..place.known.clone() }).await?;
    Err(error)
}

/// Puts a fetched list in force, or refuses it and tells the manager.
async fn take(app: &App, place: &Place, extract: &Extract, pull: Pull) -> anyhow::Result<usize> {
    let (now, timetable) = (app.clock.now(), &app.board.timetable);
    let digest = extract.content.sha256().to_owned();
    match successor(app, extract) {
        Ok(list) if list == *timetable.calendar().list() => {
            keep(app, &list)?;
            remember(app, place, pull).await?;
            Ok(0)
        }
        Ok(list) => {
            keep(app, &list)?;
            fault::point("holidays-after-kept");
            let until = list.covered_until().map(|end| end.to_string()).unwrap_or_default();
            let further = timetable.put(list);
            let key = place.key.clone();
            app.ledger
                .write(move |txn| {
                    txn.settle_occurrence(now, &format!("{key}/{digest}"), &format!("in force until {until}"))?;
                    txn.keep_pull(&key, &pull)
                })
                .await?;
            tracing::info!(url = %place.url, meetings = further, "a newer list of bank holidays is in force");
            Ok(1)
        }
        Err(why) => {
            let what = "The list of bank holidays that was fetched is not used";
            let why = format!("{}: {why:#}; the present list stands", place.url);
            let next_step = "look at the address; a list that can be right is taken by itself when it is there";
            let (alarms, key) = (letters::alarm(app, what, &why, next_step, now)?, place.key.clone());
            app.ledger
                .write(move |txn| {
                    if txn.settle_occurrence(now, &format!("{key}/{digest}"), &why)? {
                        for alarm in &alarms {
                            txn.enqueue(alarm)?;
                        }
                    }
                    txn.keep_pull(&key, &pull)
                })
                .await?;
            Ok(0)
        }
    }
}

/// The list that is in force once this one has come, if it can be right.
fn successor(app: &App, extract: &Extract) -> anyhow::Result<BankHolidays> {
    if extract.content.length() > LONGEST {
        bail!("it has {} bytes, and no list of bank holidays is so long", extract.content.length());
    }
    let bytes = extract.content.bytes().context("what was fetched cannot be read back")?;
    let text = std::str::from_utf8(&bytes).context("it is no text in UTF-8")?;
    let timetable = &app.board.timetable;
    let newer = BankHolidays::from_gov_uk(text, timetable.nation)
        .map_err(|error| anyhow::anyhow!("what is there is not {error}"))?;
    Ok(timetable.calendar().list().succeeded_by(&newer, civil_day(app.clock.now()))?)
}

/// Writes the list to the data folder, from where it counts after the next start too.
fn keep(app: &App, list: &BankHolidays) -> anyhow::Result<()> {
    let (data, nation) = (&app.board.data, app.board.timetable.nation);
    durable::write(data, &fetched_list(data, nation), list.to_gov_uk(nation).as_bytes(), Existing::Replaced)?;
    Ok(())
}

async fn remember(app: &App, place: &Place, pull: Pull) -> anyhow::Result<()> {
    let key = place.key.clone();
    Ok(app.ledger.write(move |txn| txn.keep_pull(&key, &pull)).await?)
}

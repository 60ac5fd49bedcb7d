//! Past periods, loaded from files that were kept: nobody's duty, chased by nobody, punctual for nobody.
//!
//! Every file is looked at before one is loaded: whose it is and for when stands in its name, its folder or its rows, and
//! what can be read in two ways is refused. A file that is here already is passed over, so that an interrupted load is
//! simply begun again.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;

use super::{
    App,
    intake::{self, Acknowledge, Offer, Received},
};
use crate::{
    check::{Contract, periods_named},
    domain::{AgencyId, Period, ReturnId, Verdict, sha256},
    ledger::{ObligationKey, Submission},
    source::{Extract, periods_in_name},
    timetable::Every,
};

/// How the source of a loaded file is written down; whoever loads it is told at once, and needs no message.
const LOADED_BY: &str = "backfill by";

/// Whether a submission was loaded so.
pub(super) fn is_one(submission: &Submission) -> bool {
    submission.source.starts_with(LOADED_BY)
}

/// What became of one file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The file.
    pub file: PathBuf,
    /// Whose it is and for when, as far as that could be told.
    pub key: Option<ObligationKey>,
    /// What came of it.
    pub came: Came,
}

/// What came of a file.
#[derive(Debug, Clone)]
pub enum Came {
    /// It was judged.
    Judged(Received),
    /// It was judged before, as this submission and with this verdict.
    Before(i64, Verdict),
    /// It was not offered, and why.
    Refused(String),
}

impl Came {
    /// Whether its rows are here.
    pub fn is_here(&self) -> bool {
        match self {
            Self::Judged(received) => received.verdict.is_accepted() || received.verdict == Verdict::Duplicate,
            Self::Before(_, verdict) => verdict.is_accepted(),
            Self::Refused(_) => false,
        }
    }
}

/// Loads files of past periods, the oldest period first; folders are searched for files.
///
/// # Errors
/// When there is no such return, or a folder cannot be read. What is wrong with a file is said of it.
pub async fn backfill(
    app: &App,
    return_id: &ReturnId,
    paths: &[PathBuf],
    agency: Option<&AgencyId>,
    actor: &str,
) -> anyhow::Result<Vec<Loaded>> {
    let contract = app
        .board
        .returns
        .get(return_id)
        .with_context(|| format!("there is no return {return_id}; the returns are the folders of pipelines/"))?;
    if let Some(agency) = agency.filter(|agency| !contract.agencies.contains(agency)) {
        let owers: Vec<&str> = contract.agencies.iter().map(AgencyId::as_str).collect();
        bail!("{return_id} is owed by {}, not by {agency}", owers.join(", "));
    }
    let mut plans = Vec::new();
    for file in files(paths)? {
        let planned = plan(app, contract, &file, agency).await;
        plans.push((file, planned));
    }
    // Two files for one period: which is right is for a person to say.
    let keys: Vec<ObligationKey> =
        plans.iter().filter_map(|(_, plan)| plan.as_ref().ok()).map(|(k, _)| k.clone()).collect();
    plans.sort_by_key(|(file, plan)| (plan.as_ref().ok().map(|(key, _)| key.period.end()), file.clone()));
    let mut loaded = Vec::new();
    for (file, plan) in plans {
        let (key, came) = match plan {
            Ok((key, _)) if keys.iter().filter(|other| **other == key).count() > 1 => {
                let why = format!("more than one file is for {}; leave one", key.period.human());
                (Some(key), Came::Refused(why))
            }
            Ok((key, bytes)) => {
                let came = load(app, contract, &file, key.clone(), bytes, actor).await;
                (Some(key), came.unwrap_or_else(|error| Came::Refused(format!("{error:#}"))))
            }
            Err(error) => (None, Came::Refused(format!("{error:#}"))),
        };
        loaded.push(Loaded { file, key, came });
    }
    Ok(loaded)
}

/// The files of a list of files and folders; what is hidden or still being written is passed over.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let mut left = vec![path.clone()];
        while let Some(path) = left.pop() {
            let about = fs::metadata(&path).with_context(|| path.display().to_string())?;
            if !about.is_dir() {
                found.push(path);
                continue;
            }
            for entry in fs::read_dir(&path).with_context(|| path.display().to_string())? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if !name.starts_with('.') && !name.ends_with(".part") && !entry.file_type()?.is_symlink() {
                    left.push(entry.path());
                }
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whose a file is and for when, and its bytes.
async fn plan(
    app: &App,
    contract: &Contract,
    file: &Path,
    agency: Option<&AgencyId>,
) -> anyhow::Result<(ObligationKey, Bytes)> {
    let agency = match agency {
        Some(agency) => agency.clone(),
        None => whose(contract, file)?,
    };
    let bytes = Bytes::from(tokio::fs::read(file).await.context("it cannot be read")?);
    let period = period(app, contract, &agency, file, bytes.clone()).await?;
    let is_release = contract.every == Every::Release;
    if !is_release && period.end() >= app.board.owed_from(contract) {
        bail!("{} is no past period: it is owed. Bring it with `quarterday submit`", period.human());
    }
    let key = ObligationKey { return_id: contract.id.clone(), agency, period };
    let wanted = key.clone();
    if app.ledger.read(move |txn| txn.obligation(&wanted)).await?.is_some_and(|obligation| obligation.duty) {
        bail!("{key} is owed. Bring it with `quarterday submit`");
    }
    Ok((key, bytes))
}

/// The agency: the only one, or the one that the file's folder or name speaks of.
fn whose(contract: &Contract, file: &Path) -> anyhow::Result<AgencyId> {
    if let [only] = contract.agencies.as_slice() {
        return Ok(only.clone());
    }
    let folder = file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    if let Some(agency) = contract.agencies.iter().find(|agency| agency.as_str() == folder) {
        return Ok(agency.clone());
    }
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    let spoken_of: Vec<&AgencyId> = contract.agencies.iter().filter(|agency| name.contains(agency.as_str())).collect();
    match spoken_of.as_slice() {
        [agency] => Ok((*agency).clone()),
        _ => {
            let owers: Vec<&str> = contract.agencies.iter().map(AgencyId::as_str).collect();
            bail!("it does not say whose it is; say --agency, or put it into a folder named {}", owers.join(" or "))
        }
    }
}

/// The period: in the name, in the rows, or in both alike.
async fn period(
    app: &App,
    contract: &Contract,
    agency: &AgencyId,
    file: &Path,
    bytes: Bytes,
) -> anyhow::Result<Period> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let named: BTreeSet<Period> = periods_in_name(name).collect();
    let inside = match contract.tables.iter().any(|table| table.period_column.is_some()) {
        true => {
            let around = named.first().copied().or_else(|| super::forms::usual_period(contract, app.clock.now()));
            let opened = intake::open(app, agency, contract, bytes.into()).await?;
            let decoded = intake::read(app, contract, opened).await?;
            periods_named(contract, decoded, around)?
        }
        false => BTreeSet::new(),
    };
    let words = |periods: &BTreeSet<Period>| periods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if contract.covers.is_some() && inside.len() > 1 {
        // Which of its periods it was sent for, only its name can tell: later ones may stand there blank.
        return match (named.len(), named.intersection(&inside).next()) {
            (1, Some(period)) => Ok(*period),
            _ => Err(anyhow!(
                "it holds several periods ({}); put the one it was sent for into its name, as in 2023-24-Q1",
                words(&inside)
            )),
        };
    }
    match (named.len(), inside.len()) {
        (_, 2..) => Err(anyhow!("its rows speak of several periods ({}); load one file for each", words(&inside))),
        (0, 1) => inside.first().copied().context("a period"),
        (1, 0) => named.first().copied().context("a period"),
        (1.., 1) if named.is_superset(&inside) => inside.first().copied().context("a period"),
        (0, 0) => Err(anyhow!(
            "neither its name nor its rows say for when it is; put the period into its name, as in 2023-24-Q1"
        )),
        (_, 0) => Err(anyhow!("its name speaks of several periods ({}); leave one in it", words(&named))),
        _ => Err(anyhow!("its name says {}, its rows say {}; correct one of them", words(&named), words(&inside))),
    }
}

async fn load(
    app: &App,
    contract: &Contract,
    file: &Path,
    key: ObligationKey,
    bytes: Bytes,
    actor: &str,
) -> anyhow::Result<Came> {
    let (wanted, digest, hash) = (key.clone(), sha256(&bytes), contract.hash.clone());
    let known = app.ledger.read(move |txn| txn.submissions_of(&wanted)).await?;
    let same = |s: &&Submission| s.sha256 == digest && s.contract_hash == hash;
    if let Some((id, verdict)) = known.iter().rev().find(same).and_then(|s| Some((s.id, s.verdict?))) {
        return Ok(Came::Before(id, verdict));
    }
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("unnamed").to_owned();
    let extract = Extract::of_bytes(bytes, name, format!("{LOADED_BY} {actor}"));
    let offer = Offer { key, extract, arrived_at: None, actor: actor.to_owned(), acknowledge: Acknowledge::Nothing };
    let _turn = app.turn.lock().await;
    Ok(Came::Judged(intake::receive(app, offer).await?))
}

//! Drop folders: the files that stood still over two looks.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;

use super::period_of;
use crate::{
    check::Contract,
    domain::{AgencyId, ReturnId},
    flows::{
        App, Board,
        intake::{self, Acknowledge, Offer},
        note_failure,
    },
    ledger::{ObligationKey, TakenFile},
    source::{
        Source, fill,
        folder::{self, FolderError},
        listing::{Candidate, Entry},
    },
};

/// A drop folder of an agency.
pub(super) struct Place {
    return_id: ReturnId,
    /// Whose it is.
    pub agency: AgencyId,
    folder: PathBuf,
}

/// The drop folders of a return, one for each agency; none where its files come another way.
pub(super) fn places(board: &Board, contract: &Contract) -> Vec<Place> {
    let Source::Folder(folder) = &contract.source else { return Vec::new() };
    let place = |agency: &AgencyId| Place {
        return_id: contract.id.clone(),
        agency: agency.clone(),
        folder: board.home.join(fill(&folder.path, "agency", agency.as_str())),
    };
    contract.agencies.iter().map(place).collect()
}

/// Takes the files that have stood still over two looks.
pub(super) async fn look(app: Arc<App>, place: Place) -> anyhow::Result<usize> {
    let contract = app.board.returns.get(&place.return_id).context("a return that is no longer defined")?;
    let Source::Folder(settings) = &contract.source else { return Ok(0) };
    let listing = off_the_runtime(place.folder.clone(), |folder| folder::list(&folder)).await?;
    let chosen = settings.selection.choose(&place.agency, &listing);
    let entries: Vec<Entry> = chosen.iter().map(|one| one.entry.clone()).collect();
    let name = format!("{} for {}", place.folder.display(), contract.id);
    let settled = app.looks.lock().await.settled(&name, &entries);
    let mut taken = 0;
    for (one, _) in chosen.into_iter().zip(settled).filter(|(_, settled)| *settled) {
        let path = place.folder.join(&one.entry.name);
        match take(&app, contract, &place, one).await {
            Ok(new) => taken += usize::from(new),
            // One file that cannot be taken does not stand in the way of the next.
            Err(error) => note_failure(&app, &format!("taking {}", path.display()), &error).await,
        }
    }
    Ok(taken)
}

async fn take(app: &App, contract: &Contract, place: &Place, one: Candidate) -> anyhow::Result<bool> {
    let path = place.folder.join(&one.entry.name).display().to_string();
    let file = TakenFile { path, size: one.entry.size, version: one.entry.version.clone() };
    let asked = file.clone();
    if app.ledger.read(move |txn| txn.is_taken(&asked)).await? {
        return Ok(false);
    }
    let Some(period) = period_of(contract, &one.entry.name, app.clock.now()) else {
        anyhow::bail!("{} names no period; put one into its name, as in 2025-26-Q1", one.entry.name);
    };
    let incoming = app.board.incoming();
    let extract =
        off_the_runtime(place.folder.clone(), move |folder| folder::read(&folder, &one.entry, &incoming)).await?;
    let offer = Offer {
        key: ObligationKey { return_id: contract.id.clone(), agency: place.agency.clone(), period },
        extract,
        arrived_at: None,
        actor: "daemon".into(),
        acknowledge: Acknowledge::File { file, moves: Vec::new(), unasked: false },
    };
    let _turn = app.turn.lock().await;
    intake::receive(app, offer).await?;
    Ok(true)
}

/// A disk that does not answer, as a network share may, holds up a thread and not the daemon.
async fn off_the_runtime<T: Send + 'static>(
    folder: PathBuf,
    work: impl FnOnce(PathBuf) -> Result<T, FolderError> + Send + 'static,
) -> anyhow::Result<T> {
    Ok(tokio::task::spawn_blocking(move || work(folder)).await??)
}

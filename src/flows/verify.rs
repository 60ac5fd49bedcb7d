//! Whether everything that is kept is still what was kept: ledger, warehouse, editions, extracts.
//!
//! Reads beside a running daemon and changes nothing.

use std::{fs, path::Path};

use anyhow::Context;

use super::{Board, pseudonyms, warehouse_folder};
use crate::{
    domain::sha256,
    ledger::{EditionRow, Ledger},
    pack::PDF,
    source::landing::Landing,
    warehouse::Warehouse,
};

/// What was looked at, a line a kind, and what is wrong.
#[derive(Debug, Default)]
pub struct Verified {
    /// What agrees.
    pub lines: Vec<String>,
    /// What does not.
    pub wrong: Vec<String>,
}

/// Walks the ledger's chain, compares its projections with its events, and reads every file of the warehouse, every
/// edition's document and every extract of the landing archive against its digest.
///
/// # Errors
/// When the ledger or the warehouse cannot be read at all.
pub async fn verify(board: &Board, ledger: &Ledger) -> anyhow::Result<Verified> {
    let (wrong, (events, head), vector, editions, keys) = ledger
        .read(|txn| Ok((txn.verify()?, txn.chain_head()?, txn.vector()?, txn.editions()?, txn.data_keys()?)))
        .await?;
    let mut verified = Verified::default();
    verified.note(format!("ledger: {events} events, chain head {head}"), wrong);
    let warehouse = Warehouse::open(&warehouse_folder(board))?;
    let damage = warehouse.verify(&vector).await?;
    verified.note(format!("warehouse: {} tables", vector.len()), damage.iter().map(ToString::to_string).collect());
    let wrong = editions.iter().filter_map(|edition| wrong_edition(&board.data, edition)).collect();
    verified.note(format!("editions: {}", editions.len()), wrong);
    let (data, count) = (board.data.clone(), keys.len());
    let wrong = tokio::task::spawn_blocking(move || wrong_extracts(&data, &keys)).await.context("reading extracts")?;
    verified.note(format!("extracts: {count}"), wrong);
    match pseudonyms::standing(&board.data, ledger).await {
        Ok(None) => {}
        Ok(Some(_)) => verified.note("the key of the pseudonyms".to_owned(), Vec::new()),
        Err(error) => verified.note("the key of the pseudonyms".to_owned(), vec![error.to_string()]),
    }
    Ok(verified)
}

impl Verified {
    fn note(&mut self, what: String, wrong: Vec<String>) {
        self.lines.push(match wrong.len() {
            0 => what,
            1 => format!("{what}; 1 thing is wrong"),
            count => format!("{what}; {count} things are wrong"),
        });
        self.wrong.extend(wrong);
    }
}

/// What is wrong with an edition's document.
pub(super) fn wrong_edition(data: &Path, edition: &EditionRow) -> Option<String> {
    let path = data.join(&edition.folder).join(PDF);
    let name = format!("edition {} of {}", edition.number, edition.pack);
    match fs::read(&path) {
        Ok(bytes) if sha256(&bytes) == edition.pdf_sha256 => None,
        Ok(_) => Some(format!("{name}: {} is not what was issued; restore it from a backup", path.display())),
        Err(error) => Some(format!("{name}: {}: {error}; restore it from a backup", path.display())),
    }
}

fn wrong_extracts(data: &Path, keys: &[(String, Vec<u8>)]) -> Vec<String> {
    if keys.is_empty() {
        return Vec::new();
    }
    match Landing::open(&data.join("landing"), &data.join("master.key")) {
        Ok(landing) => keys
            .iter()
            .filter_map(|(digest, key)| landing.extract(digest, key).err())
            .map(|error| error.to_string())
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

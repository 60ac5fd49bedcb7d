//! The board's key for pseudonyms: made at its first use, readable by its owner alone, and never made again.
//!
//! The ledger knows the key's fingerprint from then on. With another key the same child would become another one, so a
//! key that is lost or changed stops the work.

use std::{fs, io, io::Read, path::Path};

use anyhow::{Context, bail};

use super::App;
use crate::{
    check::PseudonymKey,
    domain::hex,
    durable::{Existing, Readers, write_for},
    ledger::Ledger,
};

/// The key's file in the data folder.
pub const FILE: &str = "pseudonym.key";

/// The fact that keeps its fingerprint.
const FACT: &str = "pseudonym_key";

/// The key; made if no pseudonym was ever made.
///
/// # Errors
/// When the key is lost, unreadable or another than it was.
pub(super) async fn key(app: &App) -> anyhow::Result<PseudonymKey> {
    if let Some(key) = standing(&app.board.data, &app.ledger).await? {
        return Ok(key);
    }
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)).context("/dev/urandom")?;
    let text = format!("{}\n", hex(&bytes));
    // A key that stands there without being known was written before a crash.
    write_for(Readers::Owner, &app.board.data, &app.board.data.join(FILE), text.as_bytes(), Existing::Kept)?;
    let key = read(&app.board.data)?.context("the key that was written")?;
    let fingerprint = key.fingerprint();
    app.ledger.write(move |txn| txn.set_fact(FACT, &fingerprint)).await?;
    tracing::info!("the key for pseudonyms was made; keep a copy of {FILE} as of master.key");
    Ok(key)
}

/// The key that pseudonyms were made with; none if there are none yet.
///
/// # Errors
/// When the key is lost, unreadable or another than it was.
pub(super) async fn standing(data: &Path, ledger: &Ledger) -> anyhow::Result<Option<PseudonymKey>> {
    let Some(known) = ledger.read(|txn| txn.fact(FACT)).await? else { return Ok(None) };
    let place = data.join(FILE);
    let restore = "restore it from your safe copy; with another key every child would get another pseudonym";
    match read(data)? {
        Some(key) if key.fingerprint() == known => Ok(Some(key)),
        Some(_) => bail!("{} is not the key that pseudonyms were made with; {restore}", place.display()),
        None => bail!("{}, the key of the pseudonyms, is missing; {restore}", place.display()),
    }
}

fn read(data: &Path) -> anyhow::Result<Option<PseudonymKey>> {
    let path = data.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let text = text.trim();
    let byte = |at: usize| text.get(2 * at..2 * at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    let key = bytes.filter(|_| text.len() == 64).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let key = key.with_context(|| format!("{} holds no key; restore it from your safe copy", path.display()))?;
    Ok(Some(PseudonymKey::new(key)))
}

//! Whether this is the machine the ledger was written on.
//!
//! On a clone or a restored backup, mail and pulls hold until a person says `quarterday adopt`.

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::{flows::App, ledger::Event};

const FACT: &str = "machine";

/// Claims a new ledger for this machine; leaves a ledger of another machine unclaimed.
pub(super) async fn check(app: &App) -> anyhow::Result<()> {
    let here = here(app)?;
    app.ledger
        .write(move |txn| {
            if txn.fact(FACT)?.is_none() {
                txn.set_fact(FACT, &here)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Whether mail and pulls are to hold.
pub(super) async fn is_foreign(app: &App) -> anyhow::Result<bool> {
    let here = here(app)?;
    let claimed = app.ledger.read(|txn| txn.fact(FACT)).await?;
    Ok(claimed.is_some_and(|claimed| claimed != here))
}

/// Claims the ledger for this machine.
pub(super) async fn adopt(app: &App, actor: &str) -> anyhow::Result<()> {
    let (here, now, actor) = (here(app)?, app.clock.now(), actor.to_owned());
    app.ledger
        .write(move |txn| {
            txn.set_fact(FACT, &here)?;
            txn.append(now, "daemon", &actor, &Event::Adopted {})?;
            Ok(())
        })
        .await?;
    Ok(())
}

/// A digest of the machine's identity and of where the data lie.
fn here(app: &App) -> anyhow::Result<String> {
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let data = app.board.data.canonicalize().context("finding the data folder")?;
    let digest = Sha256::digest(format!("{}\0{}", machine.trim(), data.display()));
    Ok(crate::domain::hex(&digest))
}

//! `quarterday verify`.

use std::path::Path;

use anyhow::bail;

use super::{board, say::say};
use crate::{flows::warehouse_folder, ledger::Ledger, warehouse::Warehouse};

/// Walks the ledger's chain, compares its projections with its events, and reads every file of the warehouse.
pub async fn verify(home: &Path) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let ledger = Ledger::look(&board.data.join("ledger.sqlite"))?;
    let (mut wrong, (events, head), vector) =
        ledger.read(|txn| Ok((txn.verify()?, txn.chain_head()?, txn.vector()?))).await?;
    let warehouse = Warehouse::open(&warehouse_folder(&board))?;
    wrong.extend(warehouse.verify(&vector).await?.iter().map(ToString::to_string));
    if !wrong.is_empty() {
        bail!("{} things are wrong:\n  {}", wrong.len(), wrong.join("\n  "));
    }
    say(format_args!("{events} events, chain head {head}; {} tables; everything agrees", vector.len()));
    Ok(())
}

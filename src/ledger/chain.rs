//! The hash chain over the events: each link covers the one before and the digest of a payload, so that a payload can be
//! destroyed and the chain still verifies.

use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use super::{Result, Txn};
use crate::domain::hex;

impl Txn<'_> {
    /// The head of the hash chain, printed in each pack: the number of events and the last link.
    pub fn chain_head(&self) -> Result<(i64, String)> {
        Ok(self
            .0
            .query_row("SELECT seq, chain FROM events ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?
            .unwrap_or((0, String::new())))
    }
}

/// The link of an event: over the one before and everything that is recorded of it.
pub(super) fn link(before: &str, seq: i64, at: &str, kind: &str, subject: &str, actor: &str, digest: &str) -> String {
    let mut hash = Sha256::new();
    for part in [before, &seq.to_string(), at, kind, subject, actor, digest] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

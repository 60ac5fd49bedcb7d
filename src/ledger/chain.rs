//! The hash chain over the events: each link covers the one before and the digest of a payload, so that a payload can be
//! destroyed and the chain still verifies.

use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use super::{Result, Txn};
use crate::domain::{hex, sha256};

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

    /// Walks the whole chain and compares every projection with its events; answers with what does not agree.
    pub fn verify(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        let mut before = String::new();
        let mut statement =
            self.0.prepare("SELECT seq, at, kind, subject, actor, payload, digest, chain FROM events ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let (at, kind, subject, actor): (String, String, String, String) =
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let payload: Option<String> = row.get(5)?;
            let (digest, chain): (String, String) = (row.get(6)?, row.get(7)?);
            if payload.is_some_and(|payload| sha256(&payload) != digest) {
                wrong.push(format!("event {seq} ({kind} of {subject}): its payload is not what was recorded"));
            }
            if link(&before, seq, &at, &kind, &subject, &actor, &digest) != chain {
                wrong.push(format!("event {seq} ({kind} of {subject}): the chain is broken here"));
            }
            before = chain;
        }
        wrong.extend(self.verify_projections()?);
        wrong.extend(self.verify_tables()?);
        Ok(wrong)
    }
}

pub(super) fn link(before: &str, seq: i64, at: &str, kind: &str, subject: &str, actor: &str, digest: &str) -> String {
    let mut hash = Sha256::new();
    for part in [before, &seq.to_string(), at, kind, subject, actor, digest] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

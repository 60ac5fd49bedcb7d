//! The first cycle is a rehearsal: what asks, reminds or escalates is written to a folder and reaches nobody, until a person
//! has confirmed the timetable. Answers to what agencies send, and a pack that a person issues, leave as ever.

use std::path::Path;

use super::{Kind, MailError, Mailer, folder::Folder, parcel::Parcel, wanted};
use crate::ledger::{LedgerError, Txn};

/// Under this name the ledger keeps who confirmed the first cycle.
const CONFIRMED: &str = "first cycle confirmed";

/// Where messages of a rehearsal lie, below the data folder.
pub const FOLDER: &str = "rehearsal";

/// Keeps back what a rehearsal must not send.
#[derive(Debug, Clone)]
pub(super) struct FirstCycle {
    pub mailer: Mailer,
    /// The manager's address: whoever rehearses reads what there is to read.
    manager: String,
}

impl FirstCycle {
    pub fn open(data: &Path, manager: &str) -> Result<Self, MailError> {
        Ok(Self { mailer: Mailer::Folder(Folder::open(&data.join(FOLDER))?), manager: manager.to_owned() })
    }

    /// Whether it is written to the folder and not sent.
    pub fn keeps_back(&self, parcel: &Parcel) -> bool {
        parcel.rows.iter().any(|row| {
            let is_manager = row.recipient.eq_ignore_ascii_case(&self.manager);
            !is_manager && row.kind.parse().is_ok_and(is_rehearsed)
        })
    }
}

fn is_rehearsed(kind: Kind) -> bool {
    wanted::is_chase(kind) || kind == Kind::Members
}

/// Whether a person has confirmed the first cycle.
pub fn is_confirmed(txn: &Txn<'_>) -> Result<bool, LedgerError> {
    Ok(txn.fact(CONFIRMED)?.is_some())
}

/// Records who confirmed it; says whether nobody had before.
pub fn confirm(txn: &Txn<'_>, actor: &str) -> Result<bool, LedgerError> {
    let first = !is_confirmed(txn)?;
    if first {
        txn.set_fact(CONFIRMED, actor)?;
    }
    Ok(first)
}

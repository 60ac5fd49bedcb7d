//! What is offered, and how its source is told that it is safe.

use jiff::Timestamp;

use crate::{
    ledger::{Move, ObligationKey, Pull, TakenFile},
    source::Extract,
};

/// An extract offered for an obligation.
pub struct Offer {
    /// What it is offered for.
    pub key: ObligationKey,
    /// The bytes.
    pub extract: Extract,
    /// When it arrived, where that was before now.
    pub arrived_at: Option<Timestamp>,
    /// Who offers it.
    pub actor: String,
    /// What tells the source, once the bytes are safe, that it need not offer them again.
    pub acknowledge: Acknowledge,
}

/// How a source is acknowledged: in the transaction that records the arrival.
pub enum Acknowledge {
    /// Nothing is waiting.
    Nothing,
    /// A place is not asked for the same copy again.
    Pull {
        /// The place.
        key: String,
        /// What is remembered of it.
        pull: Pull,
    },
    /// A file of a message is not offered again.
    Message {
        /// The message.
        message: i64,
        /// Which of its files.
        part: usize,
    },
    /// A file of a folder is not taken again.
    File {
        /// Which.
        file: TakenFile,
        /// What its server is to move away because of it.
        moves: Vec<Move>,
        /// Whether the folder is a partner's, who may put the same file there each night and waits for no answer to that.
        unasked: bool,
    },
}

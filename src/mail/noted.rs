//! A return that a message without a file is noted with, and what becomes of our next message about it.

use serde::Serialize;

use super::Due;

/// A return that a message without a file is about, or could be.
#[derive(Debug, Clone, Serialize)]
pub struct Noted {
    /// The return.
    pub due: Due,
    /// What becomes of our next message about it, where something does.
    pub wait: Option<Wait>,
}

/// What becomes of the next message of the chase when its people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    /// It leaves one working day later.
    Later,
    /// It is left out: it would say that the day has come, and the day would be over.
    LeftOut,
}

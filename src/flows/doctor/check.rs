//! One thing that was looked at, and how it stands.

use serde::Serialize;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stand {
    /// As it should.
    Ok,
    /// It works, and somebody should see to it.
    Warning,
    /// It does not work.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: "data folder", "mail relay", "source data.police.example".
    pub what: String,
    /// How it stands.
    pub stand: Stand,
    /// What was found.
    pub says: String,
    /// What to do, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

impl Check {
    /// It is as it should be.
    pub fn ok(what: impl Into<String>, says: impl Into<String>) -> Self {
        Self { what: what.into(), stand: Stand::Ok, says: says.into(), next_step: None }
    }

    /// It works, and somebody should see to it.
    pub fn warning(what: impl Into<String>, says: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { what: what.into(), stand: Stand::Warning, says: says.into(), next_step: Some(next_step.into()) }
    }

    /// It does not work.
    pub fn wrong(what: impl Into<String>, says: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { what: what.into(), stand: Stand::Wrong, says: says.into(), next_step: Some(next_step.into()) }
    }
}

//! The name of an obligation.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{LedgerError, Result};
use crate::domain::{AgencyId, Period, ReturnId};

/// Names one obligation: `missing-children/police/2025-26-Q1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObligationKey {
    /// The return owed.
    pub return_id: ReturnId,
    /// Who owes it.
    pub agency: AgencyId,
    /// For which period.
    pub period: Period,
}

impl fmt::Display for ObligationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.return_id, self.agency, self.period)
    }
}

impl FromStr for ObligationKey {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || LedgerError::Refused(format!("{text:?} is not an obligation; write return/agency/period"));
        let mut parts = text.splitn(3, '/');
        let mut part = || parts.next().ok_or_else(unreadable);
        Ok(Self {
            return_id: part()?.parse().map_err(|_| unreadable())?,
            agency: part()?.parse().map_err(|_| unreadable())?,
            period: part()?.parse().map_err(|_| unreadable())?,
        })
    }
}

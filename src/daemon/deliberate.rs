//! Commands about what stands out, and what people make of it.

use serde::{Deserialize, Serialize};

use crate::{
    domain::Period,
    flows::{App, deliberate, exceptions, hidden},
    ledger::{Disposition, Saying},
};

/// What can be asked of a running daemon about what stands out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Deliberate {
    /// What stands out in a period.
    Exceptions {
        /// The period; the quarter that ended last when left out.
        period: Option<Period>,
    },
    /// What the disclosure stage hides in a period.
    Hidden {
        /// The period; the quarter that ended last when left out.
        period: Option<Period>,
    },
    /// Record a sub-group's verdict on what stands out.
    Judge {
        /// The indicator.
        indicator: String,
        /// The period.
        period: Period,
        /// The verdict.
        verdict: Disposition,
        /// Why.
        says: String,
        /// Whose it is.
        by: String,
    },
    /// Record what the board said at a meeting.
    Say(Saying),
    /// Record what came of it.
    Settle {
        /// Its number.
        number: i64,
        /// What came of it.
        says: String,
        /// Who says so.
        by: String,
    },
}

/// Does what is asked; answers in words.
pub(super) async fn obey(app: &App, asked: Deliberate, actor: &str) -> anyhow::Result<String> {
    match asked {
        Deliberate::Exceptions { period } => Ok(exceptions::told(&exceptions::exceptions(app, period).await?)),
        Deliberate::Hidden { period } => hidden::told(app, period).await,
        Deliberate::Judge { indicator, period, verdict, says, by } => {
            deliberate::judge(app, &indicator, period, verdict, (&says, &by), actor).await
        }
        Deliberate::Say(saying) => deliberate::say(app, saying, actor).await,
        Deliberate::Settle { number, says, by } => deliberate::settle(app, number, (&says, &by), actor).await,
    }
}

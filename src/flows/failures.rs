//! Failures a person should know of: in the log and in the ledger once a day, however often they repeat.

use super::App;
use crate::{domain::civil_day, ledger::Event};

/// Notes that `what` failed because of `why`; the daemon goes on.
pub async fn note_failure(app: &App, what: &str, why: &anyhow::Error) {
    let why = format!("{why:#}");
    let now = app.clock.now();
    let key = format!("failed/{what}/{}", civil_day(now));
    let event = Event::Failed { what: what.to_owned(), why: why.clone() };
    let noted = app.ledger.write(move |txn| {
        let first = txn.settle_occurrence(now, &key, "noted")?;
        if first {
            txn.append(now, "daemon", "daemon", &event)?;
        }
        Ok(first)
    });
    match noted.await {
        Ok(true) => tracing::warn!(what, why, "failed; the daemon goes on"),
        Ok(false) => tracing::debug!(what, why, "failed again"),
        Err(error) => tracing::error!(what, why, %error, "failed, and the ledger could not be told"),
    }
}

//! Failures a person should know of: written to the log once and to the ledger once a day.

use super::App;
use crate::{domain::civil_day, ledger::Event};

/// Notes that `what` failed because of `why`; the daemon goes on.
pub async fn note_failure(app: &App, what: &str, why: &anyhow::Error) {
    let why = format!("{why:#}");
    tracing::warn!(what, why, "failed; the daemon goes on");
    let now = app.clock.now();
    let key = format!("failed/{what}/{}", civil_day(now));
    let event = Event::Failed { what: what.to_owned(), why };
    let noted = app.ledger.write(move |txn| {
        if txn.settle_occurrence(now, &key, "noted")? {
            txn.append(now, "daemon", "daemon", &event)?;
        }
        Ok(())
    });
    if let Err(error) = noted.await {
        tracing::error!(%error, "the failure could not be noted in the ledger");
    }
}

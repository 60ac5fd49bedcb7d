//! Work of the daemon's own that failed: tried again after a while, and told to the manager when it goes on failing.

use jiff::{SignedDuration, Timestamp};

use super::{App, letters, note_failure};
use crate::ledger::Retry;

/// How long work that failed is left alone: after the first failure, the second, …
pub(super) const BACK_OFF: [SignedDuration; 5] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(4),
];

/// Failures in a row after which the manager is told.
const TELL_AFTER: u32 = 2;

/// How long to wait after so many failures before this one.
pub(super) fn pause(failures: u32) -> SignedDuration {
    BACK_OFF[usize::try_from(failures).unwrap_or(usize::MAX).min(BACK_OFF.len() - 1)]
}

/// Whether work that may have failed before is to be tried by now.
pub(super) async fn is_due(app: &App, key: &str, now: Timestamp) -> anyhow::Result<bool> {
    let key = key.to_owned();
    Ok(app.ledger.read(move |txn| txn.retry(&key)).await?.is_none_or(|retry| retry.next_at <= now))
}

/// Remembers that work failed, notes it and, when it goes on failing, tells the manager.
pub(super) async fn failed(app: &App, key: &str, what: &str, error: &anyhow::Error) {
    note_failure(app, what, error).await;
    if let Err(error) = remember(app, key, what, error).await {
        note_failure(app, "remembering a failure", &error).await;
    }
}

async fn remember(app: &App, key: &str, what: &str, error: &anyhow::Error) -> anyhow::Result<()> {
    let (now, says, key) = (app.clock.now(), format!("{error:#}"), key.to_owned());
    let next_step = "see `quarterday status`; the daemon goes on trying";
    let alarms = letters::alarm(app, &format!("{what} goes on failing"), &says, next_step, now)?;
    app.ledger
        .write(move |txn| {
            let failures = txn.retry(&key)?.map_or(0, |retry| retry.attempts);
            let next_at = now.checked_add(pause(failures)).unwrap_or(Timestamp::MAX);
            txn.keep_retry(&key, &Retry { next_at, attempts: failures + 1, says })?;
            if failures + 1 == TELL_AFTER {
                for alarm in &alarms {
                    txn.enqueue(alarm)?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Forgets the failures of work that succeeded.
pub(super) async fn succeeded(app: &App, key: &str) -> anyhow::Result<()> {
    let key = key.to_owned();
    Ok(app.ledger.write(move |txn| txn.clear_retry(&key)).await?)
}

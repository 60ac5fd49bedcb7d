//! Work of the daemon's own that failed: tried again after a while.

use jiff::{SignedDuration, Timestamp};

use super::{App, note_failure};
use crate::ledger::Retry;

/// How long work that failed is left alone: after the first failure, the second, …
pub(super) const BACK_OFF: [SignedDuration; 5] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(4),
];

/// How long to wait after so many failures before this one.
pub(super) fn pause(failures: u32) -> SignedDuration {
    BACK_OFF[usize::try_from(failures).unwrap_or(usize::MAX).min(BACK_OFF.len() - 1)]
}

/// Whether work that may have failed before is to be tried by now.
pub(super) async fn is_due(app: &App, key: &str, now: Timestamp) -> anyhow::Result<bool> {
    let key = key.to_owned();
    Ok(app.ledger.read(move |txn| txn.retry(&key)).await?.is_none_or(|retry| retry.next_at <= now))
}

/// Remembers that work failed and notes it; whether people are told is for the watch.
pub(super) async fn failed(app: &App, key: &str, what: &str, error: &anyhow::Error) {
    note_failure(app, what, error).await;
    let (now, says, key) = (app.clock.now(), format!("{what}: {error:#}"), key.to_owned());
    let remembered = app.ledger.write(move |txn| {
        let failures = txn.retry(&key)?.map_or(0, |retry| retry.attempts);
        let next_at = now.checked_add(pause(failures)).unwrap_or(Timestamp::MAX);
        txn.keep_retry(&key, &Retry { next_at, attempts: failures + 1, says })
    });
    if let Err(error) = remembered.await {
        note_failure(app, "remembering a failure", &error.into()).await;
    }
}

/// Forgets the failures of work that succeeded.
pub(super) async fn succeeded(app: &App, key: &str) -> anyhow::Result<()> {
    let key = key.to_owned();
    Ok(app.ledger.write(move |txn| txn.clear_retry(&key)).await?)
}

//! One ring of the doorbell: every flow is asked once what is owed now.
//!
//! Ringing twice does nothing twice. A flow that fails or panics is noted and the next one has its turn.

use std::{panic::AssertUnwindSafe, sync::Arc};

use anyhow::anyhow;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::identity;
use crate::flows::{App, chase, intake, note_failure, publish, pull, refresh};

/// What one ring did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rung {
    /// Submissions that an interruption had left undecided.
    pub resumed: usize,
    /// Files taken.
    pub taken: usize,
    /// Rungs of the ladder told.
    pub told: usize,
    /// Whether figures were worked out anew.
    pub refreshed: bool,
    /// Packs issued.
    pub issued: usize,
    /// Messages that left.
    pub sent: usize,
}

impl Rung {
    /// Whether anything happened.
    pub fn did_something(&self) -> bool {
        *self != Self::default()
    }
}

/// Asks every flow once.
pub async fn ring(app: &App) -> Rung {
    let _turn = app.turn.lock().await;
    let hold = identity::is_foreign(app).await.unwrap_or(true);
    let mut rung = Rung { resumed: guarded(app, "resuming", intake::resume(app)).await, ..Rung::default() };
    if hold {
        tracing::warn!("this ledger was written on another machine; mail and pulls hold until `quarterday adopt`");
    } else {
        rung.taken = guarded(app, "taking files", pull::pull(app)).await;
    }
    rung.told = guarded(app, "chasing", chase::chase(app)).await;
    rung.refreshed = guarded(app, "refreshing the figures", refresh::refresh(app)).await;
    rung.issued = guarded(app, "issuing packs", publish::publish(app)).await;
    rung.sent = guarded(app, "sending mail", send(app, hold)).await;
    metrics::counter!("quarterday_rings_total").increment(1);
    rung
}

/// Sends all that is due; the mailroom sends so many at a time.
async fn send(app: &App, foreign: bool) -> anyhow::Result<usize> {
    let hold = foreign.then_some("this ledger was written on another machine; `quarterday adopt` lets mail go on");
    let mut left = 0;
    loop {
        let pumped = app.mailroom.pump(&app.ledger, app.clock.now(), hold).await?;
        left += pumped.sent + pumped.written + pumped.refused + pumped.superseded;
        if !pumped.more {
            return Ok(left);
        }
    }
}

/// Runs a flow; an error or a panic is noted, and what it would have answered is nothing.
async fn guarded<T: Default>(app: &App, what: &str, flow: impl Future<Output = anyhow::Result<T>>) -> T {
    match AssertUnwindSafe(flow).catch_unwind().await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            note_failure(app, what, &error).await;
            T::default()
        }
        Err(panic) => {
            metrics::counter!("quarterday_panics_total").increment(1);
            let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            note_failure(app, what, &anyhow!("it panicked: {words}")).await;
            T::default()
        }
    }
}

/// Moves a simulated clock to `to`, ringing at every instant on the way at which something is to be done.
///
/// # Errors
/// When the clock is not simulated, or the ledger cannot say what comes next.
pub async fn advance(app: &Arc<App>, to: Timestamp) -> anyhow::Result<usize> {
    if !app.clock.is_simulated() {
        return Err(anyhow!("only a simulated clock can be moved"));
    }
    let mut rings = 0;
    loop {
        // Twice, so that a drop folder's files are seen to stand still and an answer's own consequences follow it.
        while ring(app).await.did_something() {
            rings += 1;
        }
        let now = app.clock.now();
        if now >= to {
            return Ok(rings);
        }
        let next = next_at(app).await?.filter(|next| *next > now);
        let soon = now.checked_add(SignedDuration::from_secs(1))?;
        app.clock.advance_to(next.unwrap_or(to).max(soon).min(to));
    }
}

/// The next instant at which something is to be done.
async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    let (look, message, again) =
        app.ledger.read(|txn| Ok((txn.next_look()?, txn.next_message_at()?, txn.next_retry_at()?))).await?;
    let found =
        [look, message, again, pull::next_at(app).await?, publish::next_at(app).await?, chase::next_opening(app)?];
    Ok(found.into_iter().flatten().filter(|at| *at > now).min())
}

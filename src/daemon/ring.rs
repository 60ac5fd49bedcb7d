//! One ring of the doorbell: every flow is asked once what is owed now.
//!
//! Ringing twice does nothing twice. A flow that fails or panics is noted and the next one has its turn.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use anyhow::{Context, anyhow};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::{post, supervise::words_of};
use crate::flows::{
    App, agency_report, chase, commentary, digest, hold, incidents, intake, letterbox, note_failure, plan, publish,
    pull, refresh, restated, watch,
};

/// What one ring did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rang {
    /// Why nothing was asked, told and issued.
    pub held: Option<String>,
    /// Submissions that an interruption had left undecided.
    pub resumed: usize,
    /// Files taken.
    pub taken: usize,
    /// Messages of the mailbox done with.
    pub read: usize,
    /// Steps of the chase told.
    pub told: usize,
    /// Whether figures were worked out anew.
    pub refreshed: bool,
    /// Restatements compared with what they replaced.
    pub compared: usize,
    /// Comments on exceptions asked for.
    pub asked: usize,
    /// Packs issued.
    pub issued: usize,
    /// Agencies told how punctual they were.
    pub reported: usize,
    /// Sealed extracts destroyed.
    pub destroyed: usize,
    /// Conditions that people are told of, and digests.
    pub noticed: usize,
}

impl Rang {
    /// Whether anything happened.
    pub fn did_something(&self) -> bool {
        *self != Self { held: self.held.clone(), ..Self::default() }
    }
}

impl fmt::Display for Rang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = [
            (self.resumed, "interrupted submissions judged"),
            (self.taken, "files taken"),
            (self.read, "messages of the mailbox read"),
            (self.told, "messages of the chase written"),
            (usize::from(self.refreshed), "set of figures worked out anew"),
            (self.compared, "restatements compared"),
            (self.asked, "comments on exceptions asked for"),
            (self.issued, "packs issued"),
            (self.reported, "agencies told how punctual they were"),
            (self.destroyed, "sealed extracts destroyed"),
            (self.noticed, "things told to operator or manager"),
        ];
        let done: Vec<String> =
            counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        match done.as_slice() {
            [] => write!(f, "nothing was to be done")?,
            done => write!(f, "{}", done.join(", "))?,
        }
        self.held.as_ref().map_or(Ok(()), |why| write!(f, "; {why}"))
    }
}

/// Asks every flow once. Hosts are asked and restatements compared outside the turn, so that a file brought meanwhile
/// does not wait for them, and whoever does not answer soon is not waited for.
///
/// # Errors
/// When the ledger does not answer; what goes wrong in a flow is noted, and the others have their turn.
pub async fn ring(app: &Arc<App>) -> anyhow::Result<Rang> {
    let _alone = app.ringing.lock().await;
    let held = hold::look(app).await.context("asking the ledger whether to go on")?;
    let free = held.is_none();
    // Files are taken and answered under definitions that nobody has confirmed; nobody is chased by them.
    let unconfirmed = match free {
        true => plan::hold(app).await.context("asking the ledger whether the timetable is in force")?,
        false => None,
    };
    let in_force = free && unconfirmed.is_none();
    let mut rang = Rang { held: held.or(unconfirmed), ..Rang::default() };
    metrics::gauge!("quarterday_held").set(if rang.held.is_some() { 1.0 } else { 0.0 });
    rang.resumed = in_turn(app, "resuming", intake::resume(app)).await;
    if free {
        rang.taken = guarded(app, "taking files", pull::pull(app)).await;
        // On the machine's own clock the mailbox has a task of its own, so that neither waits for the other's hosts.
        if app.clock.is_simulated() {
            rang.read = guarded(app, "reading the mailbox", letterbox::collect(app)).await;
        }
    }
    if in_force {
        rang.told = in_turn(app, "chasing", chase::chase(app)).await;
    }
    let restated = guarded(app, "asking what was restated", restated::owed(app)).await;
    rang.refreshed = in_turn(app, "refreshing the figures", refresh::refresh(app)).await;
    rang.compared = guarded(app, "comparing restatements", restated::tell(app, restated)).await;
    if in_force {
        rang.asked = in_turn(app, "asking for commentary", commentary::ask(app)).await;
        rang.issued = in_turn(app, "issuing packs", publish::publish(app)).await;
        rang.reported = in_turn(app, "telling agencies how punctual they were", agency_report::send(app)).await;
    }
    rang.destroyed = in_turn(app, "destroying sealed extracts", incidents::keep_house(app)).await;
    guarded(app, "noting that the daemon runs", digest::note_running(app)).await;
    rang.noticed = guarded(app, "looking what is wrong", watch::look(app)).await;
    rang.noticed += usize::from(guarded(app, "writing the digest", digest::digest(app)).await);
    metrics::counter!("quarterday_rings_total").increment(1);
    Ok(rang)
}

async fn in_turn<T: Default>(app: &App, what: &'static str, flow: impl Future<Output = anyhow::Result<T>>) -> T {
    let alone = async {
        let _turn = app.turn.lock().await;
        flow.await
    };
    guarded(app, what, alone).await
}

/// Runs a flow; an error or a panic is noted, and what it would have answered is nothing.
async fn guarded<T: Default>(app: &App, what: &'static str, flow: impl Future<Output = anyhow::Result<T>>) -> T {
    let _under_way = app.steps.begin(what, app.clock.now());
    let error = match AssertUnwindSafe(flow).catch_unwind().await {
        Ok(Ok(answer)) => {
            app.steps.ended(what, app.clock.now(), None);
            return answer;
        }
        Ok(Err(error)) => error,
        Err(panic) => {
            metrics::counter!("quarterday_panics_total").increment(1);
            anyhow!("it panicked: {}", words_of(panic.as_ref()))
        }
    };
    app.steps.ended(what, app.clock.now(), Some(&format!("{error:#}")));
    note_failure(app, what, &error).await;
    T::default()
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
        while ring_and_deliver(app).await? {
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

/// Rings, then sends what is due; says whether anything happened.
async fn ring_and_deliver(app: &Arc<App>) -> anyhow::Result<bool> {
    let rang = ring(app).await?;
    Ok(post::deliver_all(app).await > 0 || rang.did_something())
}

/// The next instant at which something is to be done.
async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    let (look, message, again) =
        app.ledger.read(|txn| Ok((txn.next_look()?, txn.next_message_at()?, txn.next_retry_at()?))).await?;
    let found = [
        look,
        message,
        again,
        pull::next_at(app).await?,
        publish::next_at(app).await?,
        chase::next_opening(app)?,
        commentary::next_at(app, now)?,
        watch::next_at(app).await?,
        digest::next_at(app).await?,
    ];
    // Where the list of bank holidays ends, the other flows say so.
    let found = found.into_iter().chain([agency_report::next_at(app).unwrap_or_default()]);
    Ok(found.flatten().filter(|at| *at > now).min())
}

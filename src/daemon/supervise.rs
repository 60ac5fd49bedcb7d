//! Tasks that must not end while the daemon runs.
//!
//! One that ends or panics is counted and started again; one that does so again and again ends the process, so that
//! systemd starts everything anew and a person sees it.

use std::{
    any::Any,
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::bail;
use tokio::{sync::watch, time::Instant};

/// A task that ends more often than this …
const MOST_ENDS: usize = 5;
/// … within this time is not started again.
const WITHIN: Duration = Duration::from_secs(60);
/// A task is started again after this.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs `work` anew whenever it ends, until the daemon stops; then waits for its end.
///
/// # Errors
/// When it ends again and again.
pub(super) async fn keep<W>(
    task: &'static str,
    stopping: watch::Receiver<bool>,
    mut work: impl FnMut() -> W,
) -> anyhow::Result<()>
where
    W: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut ends = VecDeque::new();
    loop {
        let why = match tokio::spawn(work()).await {
            Ok(Ok(())) if *stopping.borrow() => return Ok(()),
            Ok(Ok(())) => "it ended unasked".to_owned(),
            Ok(Err(error)) => format!("{error:#}"),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => format!("it panicked: {}", words_of(panic.as_ref())),
                Err(error) => error.to_string(),
            },
        };
        metrics::counter!("quarterday_task_restarts_total", "task" => task).increment(1);
        tracing::error!(task, why, "a task of the daemon ended; it is started again");
        let now = Instant::now();
        ends.push_back(now);
        ends.retain(|end| now.duration_since(*end) < WITHIN);
        if ends.len() > MOST_ENDS {
            bail!("{task} ended {} times within {} s, the last time because {why}", ends.len(), WITHIN.as_secs());
        }
        if *stopping.borrow() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a panic said.
pub(super) fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Feeds systemd's watchdog once a ring and a delivery have both gone well since it was last fed.
#[derive(Debug, Default)]
pub(super) struct Beat {
    rang: AtomicBool,
    delivered: AtomicBool,
    post_held: AtomicBool,
}

impl Beat {
    /// A ring was answered by the ledger; says whether both have gone well now.
    pub(super) fn rang(&self) -> bool {
        self.rang.store(true, Ordering::SeqCst);
        self.feed()
    }

    /// The outbox was looked through; says whether both have gone well now.
    pub(super) fn delivered(&self, is_held: bool) -> bool {
        self.post_held.store(is_held, Ordering::SeqCst);
        self.delivered.store(true, Ordering::SeqCst);
        self.feed()
    }

    /// Whether nothing could leave when the outbox was last looked through.
    pub(super) fn is_post_held(&self) -> bool {
        self.post_held.load(Ordering::SeqCst)
    }

    fn feed(&self) -> bool {
        let both = self.rang.load(Ordering::SeqCst) && self.delivered.load(Ordering::SeqCst);
        if both {
            self.rang.store(false, Ordering::SeqCst);
            self.delivered.store(false, Ordering::SeqCst);
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_and_ends_when_the_daemon_stops() {
        let (stop, stopping) = watch::channel(false);
        let runs = Arc::new(AtomicUsize::new(0));
        let work = {
            let (runs, stopping) = (Arc::clone(&runs), stopping.clone());
            move || {
                let (run, mut stopping) = (runs.fetch_add(1, Ordering::SeqCst), stopping.clone());
                async move {
                    assert!(run > 0, "the first run breaks");
                    let _ = stopping.wait_for(|stop| *stop).await;
                    Ok(())
                }
            }
        };
        let kept = tokio::spawn(keep("a task", stopping, work));
        while runs.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.send(true).unwrap();
        kept.await.unwrap().unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_task_that_ends_again_and_again_ends_the_process_with_its_reason() {
        let (_stop, stopping) = watch::channel(false);
        let error = keep("ringing", stopping, || async { bail!("the disk is gone") }).await.unwrap_err().to_string();
        assert!(error.contains("ringing ended 6 times") && error.contains("the disk is gone"), "{error}");
    }

    #[test]
    fn the_watchdog_is_fed_only_when_ringing_and_post_are_both_well() {
        let beat = Beat::default();
        beat.rang();
        assert!(!beat.feed(), "nothing was delivered");
        beat.delivered.store(true, Ordering::SeqCst);
        assert!(beat.feed());
        assert!(!beat.feed(), "each has its round again");
    }
}

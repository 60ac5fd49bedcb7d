//! Errands: what hosts and folders are asked while the rings go on.
//!
//! Each place is asked on its own, so that a partner who does not answer delays nobody else: so many at once, fewer at
//! one host, and none twice at the same time. Knows nothing of what is asked.

use std::{
    collections::{BTreeSet, HashMap},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::anyhow;
use futures::FutureExt;
use tokio::{sync::Semaphore, task::JoinHandle, time::timeout};

use super::{App, note_failure};

/// So many errands go on at the same time.
const AT_ONCE: usize = 8;

/// So many of them at the same host.
const AT_ONE_HOST: usize = 2;

/// A ring waits so long for the errands it began; what comes later is taken without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The errands that are under way.
pub struct Errands {
    slots: Semaphore,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    under_way: Arc<Mutex<BTreeSet<String>>>,
    brought: AtomicUsize,
}

impl Default for Errands {
    fn default() -> Self {
        Self {
            slots: Semaphore::new(AT_ONCE),
            hosts: Mutex::default(),
            under_way: Arc::default(),
            brought: AtomicUsize::new(0),
        }
    }
}

/// The errands that one ring began.
#[derive(Default)]
pub struct Begun(Vec<JoinHandle<()>>);

impl Errands {
    /// Begins an errand unless the one of that name is still under way. `host` is who is asked, none for this machine.
    ///
    /// A simulated clock stands still until its errands are done, one after the other, so that what happens is always
    /// told in the same order.
    pub async fn begin<W>(app: &Arc<App>, begun: &mut Begun, name: String, host: Option<String>, work: W)
    where
        W: Future<Output = anyhow::Result<usize>> + Send + 'static,
    {
        if !locked(&app.errands.under_way).insert(name.clone()) {
            return;
        }
        let guard = UnderWay { all: Arc::clone(&app.errands.under_way), name };
        let app_of_task = Arc::clone(app);
        let handle = tokio::spawn(async move { run(&app_of_task, guard, host, work).await });
        if app.clock.is_simulated() {
            let _ = handle.await;
        } else {
            begun.0.push(handle);
        }
    }

    /// Waits a while for what a ring began.
    pub async fn wait(&self, begun: Begun) {
        let _ = timeout(PATIENCE, futures::future::join_all(begun.0)).await;
    }

    /// The files brought since this was asked last.
    pub fn brought(&self) -> usize {
        self.brought.swap(0, Ordering::SeqCst)
    }

    /// Lets no errand begin any more.
    pub fn close(&self) {
        self.slots.close();
    }

    fn host(&self, host: String) -> Arc<Semaphore> {
        Arc::clone(locked(&self.hosts).entry(host).or_insert_with(|| Arc::new(Semaphore::new(AT_ONE_HOST))))
    }
}

/// Does the work when its host and a slot are free; what goes wrong is noted under the errand's name.
async fn run<W>(app: &App, guard: UnderWay, host: Option<String>, work: W)
where
    W: Future<Output = anyhow::Result<usize>>,
{
    // First the host: whoever waits for a stalled one keeps no slot from the others.
    let host = host.map(|host| app.errands.host(host));
    let _at_host = match &host {
        Some(host) => host.acquire().await.ok(),
        None => None,
    };
    let _slot = match &host {
        Some(_) => match app.errands.slots.acquire().await {
            Ok(slot) => Some(slot),
            Err(_) => return,
        },
        None => None,
    };
    let error = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(files)) => {
            app.errands.brought.fetch_add(files, Ordering::SeqCst);
            return;
        }
        Ok(Err(error)) => error,
        Err(_) => {
            metrics::counter!("quarterday_panics_total").increment(1);
            anyhow!("it panicked")
        }
    };
    note_failure(app, &guard.name, &error).await;
}

/// An errand is under way as long as this lives.
struct UnderWay {
    all: Arc<Mutex<BTreeSet<String>>>,
    name: String,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        locked(&self.all).remove(&self.name);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

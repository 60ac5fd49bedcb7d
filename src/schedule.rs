//! The doorbell: one job every few seconds that asks "what is owed now?".
//!
//! A missed ring, a doubled ring and a restart are harmless; nothing is scheduled here but the ringing itself.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// A running doorbell; rings stop when it is dropped or [`Doorbell::silence`]d.
pub struct Doorbell {
    scheduler: JobScheduler,
}

impl Doorbell {
    /// Rings `bell` at once and then every `every`.
    pub async fn hang(every: Duration, bell: Arc<Notify>) -> Result<Self, JobSchedulerError> {
        bell.notify_one();
        let scheduler = JobScheduler::new().await?;
        scheduler
            .add(Job::new_repeated_async(every, move |_, _| {
                let bell = Arc::clone(&bell);
                Box::pin(async move { bell.notify_one() })
            })?)
            .await?;
        scheduler.start().await?;
        Ok(Self { scheduler })
    }

    /// Takes the doorbell down.
    pub async fn silence(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "the doorbell did not come down cleanly");
        }
    }
}

//! The daemon at work: the doorbell, the control socket and the pages, until it is told to stop.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    net::{TcpListener, UnixListener},
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};

use super::{Opened, control, obey, ring, socket};
use crate::{flows::App, schedule::Doorbell, web};

/// How long work that is under way may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(30);

/// Told when the daemon is ready.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// Where the pages are.
    pub pages: std::net::SocketAddr,
}

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// When the control socket or the pages' address cannot be had.
pub async fn serve(opened: Opened, every: Duration, ready: impl FnOnce(&Readiness)) -> anyhow::Result<()> {
    let Opened { app, lock } = opened;
    let app = Arc::new(app);
    let (stop, stopping) = watch::channel(false);
    let control = control::listen(&socket(&app.board.data)).context("the control socket")?;
    let pages = TcpListener::bind(app.board.listen).await.with_context(|| {
        format!("the pages cannot listen at {}; change listen under [web] in config/quarterday.toml", app.board.listen)
    })?;
    let readiness = Readiness { pages: pages.local_addr()? };
    let bell = Arc::new(Notify::new());
    // A simulated clock is moved by hand, and rung when it is.
    let doorbell = match app.clock.is_simulated() {
        true => None,
        false => Some(Doorbell::hang(every, Arc::clone(&bell)).await?),
    };
    let tasks = [
        tokio::spawn(rings(Arc::clone(&app), bell, stopping.clone())),
        tokio::spawn(commands(Arc::clone(&app), control, stopping.clone())),
        tokio::spawn(web::serve(Arc::clone(&app), pages, stopped(stopping))),
    ];
    ready(&readiness);
    tracing::info!(pages = %readiness.pages, version = env!("CARGO_PKG_VERSION"), "ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    signal().await?;
    tracing::info!("stopping; work under way is finished first");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let _ = stop.send(true);
    if let Some(doorbell) = doorbell {
        doorbell.silence().await;
    }
    drain(tasks).await;
    let _ = std::fs::remove_file(socket(&app.board.data));
    drop(lock);
    Ok(())
}

async fn drain(tasks: [JoinHandle<()>; 3]) {
    let all = futures::future::join_all(tasks);
    match timeout(DRAIN, all).await {
        Ok(ended) => {
            for error in ended.into_iter().filter_map(Result::err) {
                tracing::error!(%error, "a task did not end well");
            }
        }
        Err(_) => tracing::warn!("work is still under way after 30 s; it is resumed at the next start"),
    }
}

/// Rings whenever the bell does; the watchdog is fed only here, so that it stops when ringing does.
async fn rings(app: Arc<App>, bell: Arc<Notify>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = bell.notified() => {}
            _ = stopping.changed() => return,
        }
        let rung = ring(&app).await;
        if rung.did_something() {
            tracing::info!(?rung, "rang");
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
    }
}

async fn commands(app: Arc<App>, listener: UnixListener, mut stopping: watch::Receiver<bool>) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => return,
        };
        match stream {
            Ok((stream, _)) => {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    if let Some((command, mut writer)) = control::read(stream).await {
                        let reply = obey(&app, command).await;
                        control::answer(&mut writer, &reply).await;
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket could not be answered");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

//! The daemon at work: the doorbell, the post, the control socket and the pages, until it is told to stop.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use tokio::{
    net::{TcpListener, UnixListener, UnixStream},
    sync::{Notify, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Opened, control, obey, post, ring, socket,
    supervise::{Beat, keep},
};
use crate::{
    flows::{App, heartbeat, hold, letterbox, note_failure, watch as watcher},
    ledger::Event,
    schedule::Doorbell,
    web,
};

/// How long work that is under way may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(30);

/// Told when the daemon is ready.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// Where the pages are.
    pub pages: std::net::SocketAddr,
}

/// How often it is asked whether it is time to look into the mailbox.
const LETTERBOX_EVERY: Duration = Duration::from_secs(2);

/// The longest that nobody looks whether a step is stuck.
const WATCH_EVERY: Duration = Duration::from_secs(30);

/// The longest that messages which wait are not looked at.
const POST_EVERY: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT, then drains. A task that ends is started again.
///
/// # Errors
/// When the control socket or the pages' address cannot be had, or a task ends again and again.
pub async fn serve(opened: Opened, every: Duration, ready: impl FnOnce(&Readiness)) -> anyhow::Result<()> {
    let Opened { app, lock } = opened;
    let app = Arc::new(app);
    let (stop, stopping) = watch::channel(false);
    let control = control::listen(&socket(&app.board.data)).context("the control socket")?;
    let pages = TcpListener::bind(app.board.listen).await.with_context(|| {
        format!("the pages cannot listen at {}; change listen under [web] in config/quarterday.toml", app.board.listen)
    })?;
    let readiness = Readiness { pages: pages.local_addr()? };
    let metrics = web::Metrics::install();
    record_start(&app).await?;
    let (bell, letters, beat) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Beat::default()));
    let mut tasks = JoinSet::new();
    // A simulated clock is moved by hand, and rung when it is.
    let doorbell = match app.clock.is_simulated() {
        true => None,
        false => {
            {
                let (app, letters, stopping) = (Arc::clone(&app), Arc::clone(&letters), stopping.clone());
                tasks.spawn(keep("the watcher", stopping.clone(), move || {
                    looks(Arc::clone(&app), Arc::clone(&letters), stopping.clone())
                }));
            }
            if app.mailbox.is_some() {
                let (app, letters, stopping) = (Arc::clone(&app), Arc::clone(&letters), stopping.clone());
                tasks.spawn(keep("the letterbox", stopping.clone(), move || {
                    collections(Arc::clone(&app), Arc::clone(&letters), stopping.clone())
                }));
            }
            let (app, letters, beat, stopping) =
                (Arc::clone(&app), Arc::clone(&letters), Arc::clone(&beat), stopping.clone());
            tasks.spawn(keep("the post", stopping.clone(), move || {
                deliveries(Arc::clone(&app), Arc::clone(&letters), Arc::clone(&beat), stopping.clone())
            }));
            Some(Doorbell::hang(every, Arc::clone(&bell)).await?)
        }
    };
    tasks.spawn(keep("ringing", stopping.clone(), {
        let (app, letters, stopping) = (Arc::clone(&app), Arc::clone(&letters), stopping.clone());
        move || rings(Arc::clone(&app), Arc::clone(&bell), Arc::clone(&letters), Arc::clone(&beat), stopping.clone())
    }));
    tasks.spawn(keep("the control socket", stopping.clone(), {
        let (app, stopping, mut first) = (Arc::clone(&app), stopping.clone(), Some(control));
        move || commands(Arc::clone(&app), first.take(), Arc::clone(&letters), stopping.clone())
    }));
    tasks.spawn(keep("the pages", stopping.clone(), {
        let (app, mut first, metrics, at) = (Arc::clone(&app), Some(pages), metrics, readiness.pages);
        move || {
            let (app, first, metrics, stopped) =
                (Arc::clone(&app), first.take(), metrics.clone(), stopped(stopping.clone()));
            async move {
                let listener = match first {
                    Some(listener) => listener,
                    None => TcpListener::bind(at).await?,
                };
                Ok(web::serve(app, listener, metrics, stopped).await?)
            }
        }
    }));
    ready(&readiness);
    tracing::info!(pages = %readiness.pages, version = env!("CARGO_PKG_VERSION"), "ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let ended = tokio::select! {
        signal = signal() => signal,
        Some(ended) = tasks.join_next() => match ended {
            Ok(Err(error)) => Err(error.context("the daemon gives up, so that it is started anew")),
            Ok(Ok(())) => Err(anyhow!("a task of the daemon ended without being asked")),
            Err(error) => Err(error.into()),
        },
    };
    tracing::info!("stopping; work under way is finished first");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let _ = stop.send(true);
    if let Some(doorbell) = doorbell {
        doorbell.silence().await;
    }
    app.errands.close();
    drain(&app, tasks).await;
    let _ = std::fs::remove_file(socket(&app.board.data));
    drop(lock);
    ended
}

async fn record_start(app: &App) -> anyhow::Result<()> {
    let (now, version) = (app.clock.now(), env!("CARGO_PKG_VERSION").to_owned());
    app.ledger
        .write(move |txn| {
            txn.append(now, "daemon", "daemon", &Event::Started { version })?;
            Ok(())
        })
        .await?;
    Ok(())
}

async fn drain(app: &App, mut tasks: JoinSet<anyhow::Result<()>>) {
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(error = format!("{error:#}"), "a task did not end well"),
                Err(error) => tracing::error!(%error, "a task did not end well"),
            }
        }
        // What an errand brought is recorded to its end; what is still under way at a host is asked for again.
        drop(app.turn.lock().await);
    };
    if timeout(DRAIN, all).await.is_err() {
        tracing::warn!("work is still under way after 30 s; it is resumed at the next start");
    }
}

/// Rings whenever the bell does.
async fn rings(
    app: Arc<App>,
    bell: Arc<Notify>,
    letters: Arc<Notify>,
    beat: Arc<Beat>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut held = None;
    loop {
        tokio::select! {
            () = bell.notified() => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        match ring(&app).await {
            Ok(rang) => {
                if rang.did_something() {
                    tracing::info!(rang = %rang, "rang");
                }
                if rang.held != held {
                    tracing::warn!(why = rang.held.as_deref().unwrap_or("nothing any more"), "on hold");
                    held = rang.held;
                }
                if beat.rang() && held.is_none() && !beat.is_post_held() {
                    heartbeat::beat(&app);
                }
            }
            Err(error) => note_failure(&app, "ringing", &error).await,
        }
        letters.notify_one();
    }
}

/// Looks what is wrong without waiting for a ring, so that a step that is stuck is told too.
async fn looks(app: Arc<App>, letters: Arc<Notify>, stopping: watch::Receiver<bool>) -> anyhow::Result<()> {
    let every = (app.board.watching.stuck_after / 4).clamp(Duration::from_millis(250), WATCH_EVERY);
    loop {
        tokio::select! {
            () = sleep(every) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        match watcher::look(&app).await {
            Ok(0) => {}
            Ok(_) => letters.notify_one(),
            Err(error) => note_failure(&app, "looking what is wrong", &error).await,
        }
    }
}

/// Looks into the mailbox whenever it is time to, and has what comes of it sent.
async fn collections(app: Arc<App>, letters: Arc<Notify>, stopping: watch::Receiver<bool>) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = sleep(LETTERBOX_EVERY) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        if hold::reason(&app.board.data, &app.ledger, &app.clock).await?.is_some() {
            continue;
        }
        let under_way = app.steps.begin("reading the mailbox", app.clock.now());
        let collected = letterbox::collect(&app).await;
        drop(under_way);
        match collected {
            Ok(0) => {}
            Ok(_) => letters.notify_one(),
            Err(error) => note_failure(&app, "reading the mailbox", &error).await,
        }
    }
}

/// Sends what is due: after each ring and command, and every few seconds for what was to be tried again.
async fn deliveries(
    app: Arc<App>,
    letters: Arc<Notify>,
    beat: Arc<Beat>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut more = false;
    loop {
        if !more {
            tokio::select! {
                () = letters.notified() => {}
                () = sleep(POST_EVERY) => {}
                () = stopped(stopping.clone()) => {}
            }
        }
        if *stopping.borrow() {
            return Ok(());
        }
        let under_way = app.steps.begin("sending mail", app.clock.now());
        let delivered = post::deliver(&app).await;
        drop(under_way);
        match delivered {
            Ok(pumped) => {
                if beat.delivered(pumped.held.is_some()) && pumped.held.is_none() {
                    heartbeat::beat(&app);
                }
                more = pumped.more;
            }
            Err(error) => {
                note_failure(&app, "sending mail", &error).await;
                more = false;
            }
        }
    }
}

/// Lets commands in until the daemon stops, then waits for those under way.
async fn commands(
    app: Arc<App>,
    listener: Option<UnixListener>,
    letters: Arc<Notify>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let listener = match listener {
        Some(listener) => listener,
        None => control::listen(&socket(&app.board.data))?,
    };
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    under_way.spawn(command(Arc::clone(&app), stream, Arc::clone(&letters), stopping.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket could not be answered");
                    sleep(Duration::from_millis(200)).await;
                }
            },
            Some(ended) = under_way.join_next() => told(ended),
            () = stopped(stopping.clone()) => break,
        }
    }
    drop(listener);
    while let Some(ended) = under_way.join_next().await {
        told(ended);
    }
    Ok(())
}

async fn command(app: Arc<App>, stream: UnixStream, letters: Arc<Notify>, stopping: watch::Receiver<bool>) {
    // Whoever has not asked by the time the daemon stops is not waited for.
    let asked = tokio::select! {
        asked = control::read(stream) => asked,
        () = stopped(stopping) => return,
    };
    if let Some((command, mut writer)) = asked {
        let reply = obey(&app, command).await;
        letters.notify_one();
        control::answer(&mut writer, &reply).await;
    }
}

fn told(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        metrics::counter!("quarterday_panics_total").increment(1);
        tracing::error!(%error, "a command did not end well");
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

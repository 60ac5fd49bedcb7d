//! The daemon: builds what the flows work with, rings, sends, listens and supervises.
//!
//! The only place that opens the ledger, the landing archive and the warehouse, and that makes clients and mailers.

mod control;
mod deliberate;
mod lock;
mod obey;
mod post;
mod ring;
mod serve;
mod supervise;
mod told;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::Context;
use tokio::sync::Mutex;

use crate::{
    clock::Clock,
    flows::{App, Board, Errands, contacts, hold, intake, note_failure, plan, warehouse_folder},
    ledger::Ledger,
    mail::{Deadlines, Mailer, Mailroom, Memory},
    source::{self, Source, https::Fetcher, landing::Landing, mailbox::Mailbox},
    warehouse::Warehouse,
    worker::Launcher,
};

pub use control::{Command, Compared, ControlError, Reply, ask};
pub use deliberate::Deliberate;
pub use lock::{Lock, LockError};
pub use obey::obey;
pub use ring::{Rang, advance, ring};
pub use serve::{Readiness, serve};

/// An application that has its data folder to itself.
pub struct Opened {
    /// What the flows work with.
    pub app: App,
    /// Held as long as this lives.
    pub lock: Lock,
}

/// Takes the board's data folder and opens everything in it.
///
/// # Errors
/// When another process has the folder, or something in it is damaged; nothing is changed then.
pub async fn open(board: Board, clock: Clock, environment: &BTreeMap<String, String>) -> anyhow::Result<Opened> {
    let lock = Lock::take(&board.data)?;
    let mailroom = Mailroom::open(board.mail.clone(), environment, &board.data, Deadlines::default())?;
    let mailroom = mailroom.of_board(board.templates.clone(), board.of_mail(), board.timetable.calendar());
    let mailroom = if board.timetable.rehearsal { mailroom.rehearsing(&board.manager.email)? } else { mailroom };
    let mailbox =
        board.mailbox.clone().map(|settings| Mailbox::open(settings, environment, &board.data)).transpose()?;
    let app = assemble(board, clock, environment, mailroom, mailbox)?;
    contacts::load(&app.board, &app.ledger).await?;
    // Before anything is recorded under a clock that may be wrong.
    hold::claim(&app).await?;
    plan::start(&app).await.context("comparing the timetable with the one in force")?;
    make_drop_folders(&app).await;
    if let Err(error) = intake::recover(&app).await {
        note_failure(&app, "recovering after a start", &error).await;
    }
    Ok(Opened { app, lock })
}

/// An application to rehearse on: the board's definitions over an empty `folder`, and a mailer that keeps everything in
/// memory. It has nobody's environment, no mailbox, and takes no lock.
///
/// # Errors
/// When the folder cannot be used.
pub fn rehearsal(mut board: Board, folder: &Path, clock: Clock, memory: Memory) -> anyhow::Result<App> {
    folder.clone_into(&mut board.data);
    // Nothing of it leaves anyway, and what is rehearsed is what comes after the first cycle too.
    board.timetable.rehearsal = false;
    let mailroom = Mailroom::with(board.mail.clone(), Mailer::Memory(memory), folder);
    let mailroom = mailroom.of_board(board.templates.clone(), board.of_mail(), board.timetable.calendar());
    let app = assemble(board, clock, &BTreeMap::new(), mailroom, None)?;
    Ok(App { is_rehearsal: true, ..app })
}

/// Opens everything in the board's data folder.
fn assemble(
    board: Board,
    clock: Clock,
    environment: &BTreeMap<String, String>,
    mailroom: Mailroom,
    mailbox: Option<Mailbox>,
) -> anyhow::Result<App> {
    Ok(App {
        environment: environment.clone(),
        clock,
        ledger: Ledger::open(&board.data.join("ledger.sqlite"))?,
        landing: Landing::open(&board.data.join("landing"), &board.data.join("master.key"))?,
        warehouse: Warehouse::open(&warehouse_folder(&board))?,
        launcher: Arc::new(Launcher::current().context("finding the program's own file")?),
        fetcher: Fetcher::new(board.hosts(), environment.clone(), board.incoming())?,
        mailroom,
        mailbox,
        collecting: Mutex::default(),
        looks: Mutex::default(),
        errands: Errands::default(),
        opens_next: Mutex::default(),
        ringing: Mutex::default(),
        turn: Mutex::default(),
        post: Mutex::default(),
        watching: Mutex::default(),
        steps: Default::default(),
        pulse: Default::default(),
        reads: Default::default(),
        seen_running: Default::default(),
        is_rehearsal: false,
        board,
    })
}

/// Makes the drop folders that lie in the board's folder, so that there is a place to put the first file. One that cannot
/// be made is told, and the others are.
async fn make_drop_folders(app: &App) {
    for contract in app.board.returns.values() {
        let Source::Folder(folder) = &contract.source else { continue };
        for agency in &contract.agencies {
            let folder = source::fill(&folder.path, "agency", agency.as_str());
            if Path::new(&folder).is_relative() {
                let folder = app.board.home.join(folder);
                if let Err(error) = std::fs::create_dir_all(&folder) {
                    let what = format!("making the drop folder {}", folder.display());
                    note_failure(app, &what, &error.into()).await;
                }
            }
        }
    }
}

/// Where the daemon of a data folder listens for commands.
pub fn socket(data: &Path) -> std::path::PathBuf {
    data.join("control.sock")
}

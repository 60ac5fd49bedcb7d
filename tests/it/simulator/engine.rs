//! The engine as shipped, without warehouse and workers, and a way to kill it between any two transactions.

use std::{
    cell::Cell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    pin::pin,
    sync::Once,
    task::Poll,
};

use jiff::Timestamp;
use quarterday::{
    clock::Clock,
    daemon,
    domain::{Calendar, ReturnId},
    flows::{App, Board, chase, hold},
    ledger::Ledger,
    mail::{Mailer, Mailroom, Memory},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::days::Days;
use crate::support::TestBoard;

thread_local! {
    /// Writes that still go through before the power is cut; none while it holds.
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The power was cut: what unwinds the engine in the place of `kill -9`.
pub struct PowerCut;

/// Cuts the power here and now.
pub fn cut() -> ! {
    FUSE.set(None);
    resume_unwind(Box::new(PowerCut))
}

/// Has each write of a ledger on a simulator's thread burn its fuse.
fn wire() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        fail::cfg_callback("ledger-before-write", || match FUSE.get() {
            Some(0) => cut(),
            Some(left) => FUSE.set(Some(left - 1)),
            None => {}
        })
        .unwrap();
    });
}

/// The returns of the simulated board: how often each is owed and by whom.
pub const RETURNS: &[(&str, &str, &str)] = &[
    ("care-applications", "cafcass", "quarter"),
    ("child-protection", "children-services", "half"),
    ("immunisations", "health-trust", "year"),
    ("persistent-absence", "cafcass", "year"),
];

pub struct Engine {
    pub app: App,
    pub path: PathBuf,
    runtime: Runtime,
    _board: TestBoard,
    _home: TempDir,
}

impl Engine {
    /// An engine for one thread; each seed begins with [`Engine::begin`].
    pub fn new() -> Self {
        wire();
        let names: Vec<&str> = RETURNS.iter().map(|(id, ..)| *id).collect();
        let definitions = TestBoard::with_returns(&names);
        for (id, agency, every) in RETURNS {
            let file = format!("pipelines/{id}/return.toml");
            let text = definitions.read(&file);
            let lines = text.lines().map(|line| match line {
                line if line.starts_with("agencies = ") => format!("agencies = [\"{agency}\"]"),
                line if line.starts_with("every = ") => format!("every = \"{every}\""),
                line => line.to_owned(),
            });
            definitions.write(&file, lines.collect::<Vec<_>>().join("\n"));
        }
        // A plain frame: what is promised is not how messages look, and most of a story's time would go into that.
        definitions.write(
            "reports/mail/layout.mjml",
            "<mjml><mj-body><mj-raw>{{ example }} {{ body }} {{ board }}</mj-raw></mj-body></mjml>",
        );
        definitions.edit(
            "config/quarterday.toml",
            "[mail]\n",
            "[mail]\nquiet = { from = \"20:00\", until = \"08:00\", weekends = true }\n",
        );
        let environment = BTreeMap::from([("QUARTERDAY__PULLS__BASE".to_owned(), "http://127.0.0.1:9".to_owned())]);
        let mut board = Board::settle(&definitions.path(""), &environment).map_err(|e| e.to_string()).unwrap();
        let in_memory = Path::new("/dev/shm");
        let home = if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() }.unwrap();
        board.data = home.path().join("data");
        std::fs::create_dir_all(&board.data).unwrap();
        let (data, clock) = (board.data.clone(), Clock::machine(Timestamp::UNIX_EPOCH));
        let app = daemon::rehearsal(board, &data, clock, Memory::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { app, path: data, runtime, _board: definitions, _home: home }
    }

    /// An empty ledger, a calendar and a relay for a new story.
    pub fn begin(&mut self, at: Timestamp, days: &Days, relay: Memory) {
        let data = self.path.join(format!("{}", at.as_second()));
        let _ = std::fs::remove_dir_all(&data);
        std::fs::create_dir_all(&data).unwrap();
        self.app.board.data = data.clone();
        let calendar = Calendar::new(days.holidays.iter().copied(), days.closures.iter().copied());
        self.app.board.timetable.days = quarterday::timetable::InForce::new(calendar);
        for (id, ..) in RETURNS {
            self.agree(id, jiff::civil::date(2099, 12, 31));
        }
        let mailroom = Mailroom::with(self.app.board.mail.clone(), Mailer::Memory(relay), &data);
        let board = &self.app.board;
        self.app.mailroom = mailroom.of_board(board.templates.clone(), board.of_mail(), board.timetable.calendar());
        self.app.clock.set(at);
        self.restart();
    }

    /// The agreement of a return holds until the end of a day.
    pub fn agree(&mut self, return_id: &str, until: jiff::civil::Date) {
        let contract = self.app.board.returns.get_mut(&return_id.parse::<ReturnId>().unwrap()).unwrap();
        contract.governance.agreement_review = until;
    }

    /// A new process on the same folder.
    pub fn restart(&mut self) {
        FUSE.set(None);
        self.app.ledger = Ledger::open(&self.app.board.data.join("ledger.sqlite")).unwrap();
        self.app.opens_next = Default::default();
        self.app.ringing = Default::default();
        self.app.turn = Default::default();
        self.app.post = Default::default();
        self.runtime.block_on(hold::claim(&self.app)).unwrap();
    }

    /// Runs `work` on the engine; none where the power was cut after so many writes of it.
    pub fn run<'a, T, F: Future<Output = T>>(
        &'a self,
        writes: Option<u32>,
        work: impl FnOnce(&'a App) -> F,
    ) -> Option<T> {
        FUSE.set(writes);
        let done = self.runtime.block_on(async {
            let mut work = pin!(work(&self.app));
            std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(done)) => Poll::Ready(Some(done)),
                Err(why) if why.is::<PowerCut>() => Poll::Ready(None),
                Err(why) => resume_unwind(why),
            })
            .await
        });
        FUSE.set(None);
        done
    }

    /// Why the daemon holds its hand, if it does: the first thing a ring asks.
    pub fn held(&self) -> Option<String> {
        self.run(None, hold::look).unwrap().unwrap()
    }

    /// What a ring that is not held and the post after it do for the timetable; says whether anything happened. None
    /// where the power was cut.
    pub fn tick(&self, is_held: bool, writes: Option<u32>) -> Option<bool> {
        self.run(writes, |app| tick(app, is_held)).map(Result::unwrap)
    }

    /// Asks the ledger.
    pub fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&quarterday::ledger::Txn<'_>) -> quarterday::ledger::Result<T> + Send + 'static,
    ) -> T {
        self.runtime.block_on(self.app.ledger.read(look)).unwrap()
    }

    /// When the engine has something to do after `now`, by its own clock; with `mail` also when it next tries the relay.
    pub fn next_at(&self, now: Timestamp, mail: bool) -> Option<Timestamp> {
        let (look, message) = self.ask(|txn| Ok((txn.next_look()?, txn.next_message_at()?)));
        let opening = chase::next_opening(&self.app).unwrap();
        [look, message.filter(|_| mail), opening].into_iter().flatten().filter(|at| *at > now).min()
    }
}

async fn tick(app: &App, is_held: bool) -> anyhow::Result<bool> {
    let mut done = if is_held { 0 } else { chase::chase(app).await? };
    loop {
        let held = hold::reason(&app.board.data, &app.ledger, &app.clock).await?;
        let pumped = app.mailroom.pump(&app.ledger, app.clock.now(), held.as_deref()).await?;
        done += pumped.sent + pumped.written + pumped.refused + pumped.superseded;
        if !pumped.more {
            return Ok(done > 0);
        }
    }
}

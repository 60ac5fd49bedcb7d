//! A board in a temporary folder, and the daemon that serves it.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use quarterday::{
    daemon::{self, Command as Order},
    ledger::Ledger,
};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A board's folder with the example's definitions, to be changed at will before its daemon starts.
pub struct TestBoard {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl TestBoard {
    /// The example board, its pulls pointed nowhere.
    pub fn exampleshire() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&Path::new(ROOT).join("src/cli/demo/board"), &folder.path().join("config"));
        copy(&Path::new(ROOT).join("pipelines"), &folder.path().join("pipelines"));
        copy(&Path::new(ROOT).join("reports"), &folder.path().join("reports"));
        // What the watch tells is asked for by its own tests; the disk is whatever this machine has.
        Self { folder, environment: BTreeMap::new() }
            .with("QUARTERDAY__PULLS__BASE", "http://127.0.0.1:9")
            .with("QUARTERDAY__DIGEST__CRON", "never")
            .with("QUARTERDAY__WATCH__FREE_MB", "0")
    }

    /// The same board with only these returns, and without indicators and meetings that need the others.
    pub fn with_returns(returns: &[&str]) -> Self {
        let board = Self::exampleshire();
        for entry in fs::read_dir(board.path("pipelines")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !returns.contains(&path.file_name().unwrap().to_str().unwrap()) {
                fs::remove_dir_all(path).unwrap();
            }
        }
        fs::remove_dir_all(board.path("reports/indicators")).unwrap();
        fs::create_dir_all(board.path("reports/indicators")).unwrap();
        fs::remove_dir_all(board.path("reports/models")).unwrap();
        fs::remove_dir_all(board.path("reports/packs")).unwrap();
        fs::create_dir_all(board.path("reports/packs")).unwrap();
        let timetable = board.read("config/timetable.toml");
        let without = timetable.split("[[meeting]]").next().unwrap().to_owned();
        board.write("config/timetable.toml", &without);
        board
    }

    /// Sets a variable of the daemon's environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Changes a variable before the next start; `None` takes it away.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.environment.insert(name.to_owned(), value.to_owned()),
            None => self.environment.remove(name),
        };
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    pub fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn edit(&self, below: &str, from: &str, to: &str) {
        let text = self.read(below);
        assert!(text.contains(from), "{below} does not hold {from:?}");
        self.write(below, text.replacen(from, to, 1));
    }

    /// Gives a return another `[source]`; `keys` are its lines.
    pub fn set_source(&self, return_id: &str, keys: &str) {
        let file = format!("pipelines/{return_id}/return.toml");
        let definition = self.read(&file);
        let (before, rest) = definition.split_once("[source]").unwrap();
        let (_, after) = rest.split_once("[format]").unwrap();
        self.write(&file, format!("{before}[source]\n{keys}\n\n[format]{after}"));
    }

    /// Puts a secret into a file that its owner alone may read; answers with how a definition refers to it.
    pub fn secret(&self, name: &str, text: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(&format!("secrets/{name}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        format!("{{ file = {path:?} }}")
    }

    /// Puts a file into an agency's drop folder.
    pub fn drop_file(&self, agency: &str, name: &str, bytes: impl AsRef<[u8]>) {
        self.write(&format!("drop/{agency}/{name}"), bytes);
    }

    /// Runs a command on the board to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed and returns what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command at a terminal, where a person types a line once it is asked; answers with what the terminal showed.
    pub fn at_a_terminal(&self, arguments: &[&str], types: &str) -> String {
        let mut child = self.terminal(arguments);
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{types}\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same of a person who types several lines, each once the terminal shows `prompt` anew.
    pub fn talk_at_a_terminal(&self, arguments: &[&str], prompt: &str, lines: &str) -> String {
        let mut child = self.terminal(arguments);
        let (mut screen, mut keyboard) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let (mut shown, mut lines, mut bytes) = (String::new(), lines.lines(), [0; 4096]);
        let mut seen = 0;
        loop {
            let read = std::io::Read::read(&mut screen, &mut bytes).unwrap_or(0);
            if read == 0 {
                break;
            }
            shown.push_str(&String::from_utf8_lossy(&bytes[..read]));
            if shown[seen..].contains(prompt) {
                seen = shown.len();
                let Some(line) = lines.next() else { continue };
                // The prompt stands before the terminal listens.
                std::thread::sleep(Duration::from_millis(80));
                std::io::Write::write_all(&mut keyboard, format!("{line}\r").as_bytes()).unwrap();
            }
        }
        child.wait().unwrap();
        shown
    }

    fn terminal(&self, arguments: &[&str]) -> Child {
        let words: Vec<String> = [env!("CARGO_BIN_EXE_quarterday"), "-C", &self.folder.path().display().to_string()]
            .iter()
            .chain(arguments)
            .map(|word| format!("'{word}'"))
            .collect();
        let mut script = Command::new("/usr/bin/script");
        script.args(["--quiet", "--echo", "never", "--command", &words.join(" "), "/dev/null"]);
        script.env_clear().envs(&self.environment).env("PATH", "/usr/bin:/bin").env("USER", "tester");
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        script.spawn().unwrap()
    }

    /// Starts the daemon at an instant of the simulated clock.
    pub fn start(self, at: &str) -> TestDaemon {
        TestDaemon::start(self, at)
    }

    /// Starts the daemon on the machine's own clock, ringing every second.
    pub fn start_on_the_clock(self) -> TestDaemon {
        TestDaemon::run(self.renewed(), &["run", "--every", "1"])
    }

    /// Starts the daemon on the machine's own clock, ringing so seldom.
    pub fn start_ringing_every(self, seconds: u32) -> TestDaemon {
        TestDaemon::run(self.renewed(), &["run", "--every", &seconds.to_string()])
    }

    /// Starts the daemon as people do, on the machine's own clock.
    pub fn start_as_shipped(self) -> TestDaemon {
        TestDaemon::run(self.renewed(), &["run"])
    }

    pub fn ledger(&self) -> Ledger {
        Ledger::open(&self.path("data/ledger.sqlite")).unwrap()
    }

    /// Renews every agreement for good: on the machine's own clock they lapse some day.
    fn renewed(self) -> Self {
        for entry in fs::read_dir(self.path("pipelines")).unwrap() {
            let path = entry.unwrap().path().join("return.toml");
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let renew = |line: &str| match line.starts_with("agreement_review") {
                true => "agreement_review = 2099-12-31\n".to_owned(),
                false => format!("{line}\n"),
            };
            fs::write(&path, text.lines().map(renew).collect::<String>()).unwrap();
        }
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarterday"));
        command.arg("-C").arg(self.folder.path()).args(arguments).env_clear().envs(&self.environment);
        command.env("PATH", "/usr/bin:/bin").env("USER", "tester");
        command
    }
}

/// A running daemon; killed when dropped.
pub struct TestDaemon {
    pub board: TestBoard,
    child: Child,
    pages: String,
    log: PathBuf,
}

impl TestDaemon {
    fn start(board: TestBoard, at: &str) -> Self {
        Self::run(board, &["run", "--simulated-from", at])
    }

    fn run(board: TestBoard, arguments: &[&str]) -> Self {
        let log = board.path("daemon.log");
        let mut child = board.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut pages = None;
        let mut seen = String::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            seen.push_str(&line);
            seen.push('\n');
            if let Ok(said) = serde_json::from_str::<serde_json::Value>(&line)
                && said["fields"]["message"] == "ready"
            {
                pages = said["fields"]["pages"].as_str().map(str::to_owned);
                break;
            }
        }
        let Some(pages) = pages else {
            let status = child.wait();
            panic!("the daemon did not start ({status:?}):\n{seen}");
        };
        fs::write(&log, &seen).unwrap();
        let rest = fs::OpenOptions::new().append(true).open(&log).unwrap();
        std::thread::spawn(move || {
            use std::io::Write;
            let mut rest = rest;
            for line in lines.map_while(Result::ok) {
                let _ = writeln!(rest, "{line}");
            }
        });
        Self { board, child, pages, log }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address of one of its pages.
    pub fn page(&self, path: &str) -> String {
        format!("http://{}{path}", self.pages)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub async fn order(&self, order: Order) -> Result<String, String> {
        match daemon::ask(&daemon::socket(&self.board.path("data")), &order).await {
            Ok(reply) => reply.said(),
            Err(error) => {
                let log = self.log();
                let last: Vec<&str> = log.lines().rev().take(5).collect();
                Err(format!("{error}\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n")))
            }
        }
    }

    pub async fn ring(&self) {
        self.order(Order::Ring).await.unwrap();
    }

    pub async fn advance(&self, to: &str) {
        self.order(Order::Advance { to: to.parse().unwrap() }).await.unwrap();
    }

    pub async fn submit(&self, file: &str, return_id: &str, agency: &str, period: &str) -> Result<String, String> {
        self.order(Order::Submit {
            file: self.board.path(file),
            return_id: return_id.parse().unwrap(),
            agency: agency.parse().unwrap(),
            period: period.parse().unwrap(),
            actor: "tester".into(),
        })
        .await
    }

    /// The answer to a question in SQL, as CSV without its heading.
    pub async fn sql(&self, text: &str) -> Vec<String> {
        let order = Order::Sql { text: text.into(), as_of: None, format: quarterday::flows::written::Written::Csv };
        let said = self.order(order).await.unwrap_or_else(|why| panic!("{text}: {why}"));
        said.lines().skip(1).map(str::to_owned).collect()
    }

    pub fn ledger(&self) -> Ledger {
        self.board.ledger()
    }

    /// The subjects of the messages of an obligation, in the order they were enqueued: kind and recipient.
    pub async fn messages(&self) -> Vec<String> {
        let rows = self.ledger().read(|txn| txn.messages()).await.unwrap();
        rows.iter()
            .map(|row| {
                let subject = row.message["subject"].as_str().unwrap_or_default();
                format!("{} {} [{}] {subject}", row.kind, row.recipient, row.state.as_str())
            })
            .collect()
    }

    /// `kill -9`, then a new daemon on the same folder.
    pub fn restart(mut self, at: &str) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let board = std::mem::replace(&mut self.board, TestBoard::nothing());
        TestDaemon::start(board, at)
    }

    /// Waits until the process has died of itself; the board is left for another daemon.
    pub fn wait_for_death(mut self) -> TestBoard {
        let until = Instant::now() + Duration::from_secs(60);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "the daemon should have died:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        std::mem::replace(&mut self.board, TestBoard::nothing())
    }

    /// SIGTERM, without waiting for what comes of it.
    pub fn ask_to_stop(&self) {
        let status = Command::new("kill").arg(self.pid().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// SIGTERM; answers with the exit status once it has drained.
    pub fn terminate(mut self) -> (std::process::ExitStatus, TestBoard) {
        self.ask_to_stop();
        let ended = self.child.wait().unwrap();
        (ended, std::mem::replace(&mut self.board, TestBoard::nothing()))
    }
}

impl TestBoard {
    fn nothing() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: BTreeMap::new() }
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything a command printed.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

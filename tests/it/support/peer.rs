//! What the real servers of the tests have in common: a free port, a wait until they answer, an end with the test.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

/// A server's process; killed when dropped.
pub struct Peer(Child);

impl Peer {
    /// Starts a server and waits until it answers at its port.
    pub fn start(command: &mut Command, port: u16) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "{command:?} ended at once");
            assert!(Instant::now() < until, "{command:?} does not answer at port {port}");
            std::thread::sleep(Duration::from_millis(30));
        }
        Self(child)
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A program of the tests' own Python environment or of Node's folder beside it; `None` where it is not installed, which
/// CI does not allow.
pub fn installed(below: &str) -> Option<PathBuf> {
    let venv = std::env::var_os("QUARTERDAY_TEST_VENV").map(PathBuf::from);
    let program = venv.map(|venv| venv.join(below)).filter(|program| program.exists());
    if program.is_none() {
        assert!(!super::in_ci(), "{below} is required in CI; .ci/run installs it");
        println!("skipped: {below} is not installed");
    }
    program
}

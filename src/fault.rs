//! Places where a test may kill the process, or hold work up.
//!
//! Compiled to nothing unless the `fail` crate's `failpoints` feature is on, which only the tests switch on;
//! `FAILPOINTS="store-after-landing=return"` then makes the process kill itself there, as `kill -9` would.

/// A place between two steps; the process dies here if the failpoint of that name is set to `return`.
pub fn point(name: &str) {
    let _ = &name;
    fail::fail_point!(name, |_| {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
}

/// Reads `FAILPOINTS` once, at start; what it returns keeps the failpoints set.
pub fn arm() -> Option<fail::FailScenario<'static>> {
    fail::has_failpoints().then(fail::FailScenario::setup)
}

/// A place where work waits for as long as the failpoint of that name is set to `return`.
pub async fn hold_up(name: &str) {
    while is_set(name) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

fn is_set(name: &str) -> bool {
    let _ = &name;
    fail::fail_point!(name, |_| true);
    false
}

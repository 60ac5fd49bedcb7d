//! Places where a test may kill the process.
//!
//! Compiled to nothing unless the `fail` crate's `failpoints` feature is on, which only the tests switch on;
//! `FAILPOINTS="store-after-landing=return"` then makes the process kill itself there, as `kill -9` would.

/// A place between two steps; the process dies here if the failpoint of that name is set to `return`.
pub fn point(name: &str) {
    let _ = &name;
    fail::fail_point!(name, |_| kill_self());
}

/// Reads `FAILPOINTS` once, at start.
pub fn arm() {
    if fail::has_failpoints() {
        fail::FailScenario::setup();
    }
}

#[expect(dead_code, reason = "used only where failpoints are compiled in")]
fn kill_self() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}

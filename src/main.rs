//! The `quarterday` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Both of rustls' providers are in the tree; one must be named before anybody speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        // A worker is shut in before any thread exists, so it comes before everything else.
        Some("worker") => quarterday::cli::worker(arguments.next().as_deref()),
        _ => quarterday::cli::run(),
    }
}

//! The integration tests: each starts the real thing through its front door.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may say what it saw; CI is known from the environment"
)]

mod foreign_readers;
mod sql_desk;
mod support;
mod warehouse;
mod warehouse_kill;
mod worker;

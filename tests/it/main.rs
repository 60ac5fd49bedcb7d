//! The integration tests: each starts the real thing through its front door.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test panics, prints and asks where it runs"
)]

mod chase;
mod daemon;
mod definitions;
mod demo;
mod demo_world;
mod disclosure;
mod disk;
mod editions;
mod example_figures;
mod figures;
mod foreign_readers;
mod intake;
mod mail;
mod mail_at_least_once;
mod pack;
mod pipelines;
mod real_contracts;
mod real_data;
mod refresh;
mod sql_desk;
mod statistics;
mod store_protocol;
mod support;
mod tidy;
mod warehouse;
mod warehouse_kill;
mod worker;

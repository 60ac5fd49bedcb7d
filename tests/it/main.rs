//! The integration tests: each starts the real thing through its front door.

mod foreign_readers;
mod sql_desk;
mod support;
mod warehouse;
mod warehouse_kill;
mod worker;

//! The integration tests: each starts the real thing through its front door.

mod indicators;
mod returns;
mod worker;

//! The integration tests: each starts the real thing through its front door.

mod disclosure;
mod indicators;
mod statistics;
mod worker;

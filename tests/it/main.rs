//! The integration tests: each starts the real thing through its front door.

mod statistics;
mod worker;

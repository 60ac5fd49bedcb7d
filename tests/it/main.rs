//! The integration tests: each starts the real thing through its front door.

mod returns;
mod worker;

//! The integration tests: each starts the real thing through its front door.

mod pack;
mod statistics;
mod worker;

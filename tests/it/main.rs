//! The integration tests: each starts the real thing through its front door.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

mod disclosure;
mod figures;
mod statistics;
mod worker;

//! The integration tests: each starts the real thing through its front door.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

mod demo_world;
mod indicators;
mod pipelines;
mod real_contracts;
mod support;
mod worker;

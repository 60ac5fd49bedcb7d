//! The integration tests: each starts the real thing through its front door.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod mail;
mod mail_at_least_once;
mod support;
mod worker;

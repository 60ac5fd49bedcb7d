//! Where extracts come from, and where their bytes are kept.
//!
//! A source hands over bytes and a name; it does not know what they mean. An extract is acknowledged only after its
//! bytes are durable in the [`landing`] archive.

pub mod folder;
pub mod https;
pub mod landing;
mod period;

use bytes::Bytes;

pub use period::period_in_name;

/// Bytes as fetched or received.
#[derive(Debug, Clone)]
pub struct Extract {
    /// The bytes, verbatim.
    pub bytes: Bytes,
    /// The file's own name; metadata only, never used as a path.
    pub name: String,
    /// Where it came from, in words.
    pub source: String,
}

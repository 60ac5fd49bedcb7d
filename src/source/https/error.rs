//! Why nothing was fetched.

use std::time::Duration;

use super::{MOST_BYTES, pages::PageError};

/// Why nothing was fetched. No message holds more of an address than scheme, host and path.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is not one that may be asked.
    #[error("{url} is refused: {why}")]
    Refused {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// The host could not be reached or broke off.
    #[error("{url} could not be fetched: {why}; it is tried again")]
    Unreachable {
        /// The address.
        url: String,
        /// Why, from the outermost cause to the innermost.
        why: String,
    },
    /// The host answered, but not with a file.
    #[error("{url} answered {status}; {hint}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// What to do.
        hint: &'static str,
        /// When the host asked to be left alone until.
        retry_after: Option<Duration>,
    },
    /// The body is larger than is ever taken.
    #[error("{url} sends more than {} GiB; split the file", MOST_BYTES >> 30)]
    TooLarge {
        /// The address.
        url: String,
    },
    /// The host hands out its records page by page, and a page cannot be followed.
    #[error("{url}: {why}")]
    Pages {
        /// The address of the first page.
        url: String,
        /// Why.
        why: PageError,
    },
    /// The host that gives tokens gave none.
    #[error("no access token from {url}: {why}")]
    NoToken {
        /// The token endpoint.
        url: String,
        /// Why.
        why: String,
        /// When it asked to be left alone until.
        retry_after: Option<Duration>,
    },
    /// What tells the host who asks cannot be used.
    #[error("[source.auth]: {0}")]
    Secret(String),
    /// The certificates of `[source.tls]` cannot be used.
    #[error("[source.tls]: {0}")]
    Certificate(String),
    /// What came could not be kept until it was whole.
    #[error("what was fetched could not be kept: {0}; see to the disk")]
    NotKept(String),
    /// The client could not be built.
    #[error("the HTTP client could not be made: {0}")]
    Client(String),
}

impl FetchError {
    /// How long the host asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } | Self::NoToken { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

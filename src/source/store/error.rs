//! What a partner's folder could not do, in words that hold no secret.

use super::{MOST_BYTES, MOST_FILES};
use crate::settings::SecretError;

/// Why nothing was listed, fetched or moved.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server could not be reached, broke off, or answered what was not understood.
    #[error("{place} could not be read: {why}; it is tried again")]
    Unreachable {
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// The server does not know us.
    #[error("{place} refuses the sign-in: {why}")]
    SignIn {
        /// Where.
        place: String,
        /// What to look at.
        why: String,
    },
    /// The server shows another key than the one that was agreed.
    #[error(
        "{host} shows the host key {shown}, but {known} is what was agreed; nothing was sent to it. Ask the partner by \
         telephone whether they changed their server: if so, put the new key into return.toml or known_hosts, if not, \
         somebody may stand between you"
    )]
    HostKey {
        /// The host and its port.
        host: String,
        /// The fingerprints it showed.
        shown: String,
        /// The fingerprints that were agreed.
        known: String,
    },
    /// Nobody wrote down the host's key.
    #[error(
        "the host key of {host} is not known: {why}. Ask the partner for its fingerprint and write it as host_key = \
         [\"SHA256:…\"]; `ssh-keyscan -p {port} {name} | ssh-keygen -lf -` shows what the server says of itself",
        name = host.split(':').next().unwrap_or_default()
    )]
    HostKeyUnknown {
        /// The host and its port.
        host: String,
        /// Its port.
        port: u16,
        /// Where it was looked for.
        why: String,
    },
    /// A secret is not there.
    #[error("{place} cannot be asked: {why}")]
    Secret {
        /// Where.
        place: String,
        /// What is wrong with it.
        why: SecretError,
    },
    /// The private key cannot be used.
    #[error("{place} cannot be asked: the private key {why}")]
    Key {
        /// Where.
        place: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The certificates of `[source.tls]` cannot be used.
    #[error("{place} cannot be asked: {why}")]
    Certificate {
        /// Where.
        place: String,
        /// What is wrong with them.
        why: String,
    },
    /// The address may not be asked.
    #[error("{place} is refused: {why}")]
    Refused {
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// There is no such folder.
    #[error("{place}: there is no such folder; ask the partner to make it, or change path in return.toml")]
    NoFolder {
        /// Where.
        place: String,
    },
    /// The folder holds more than is ever looked through.
    #[error("{place} holds more than {MOST_FILES} files; have it cleared, or move files away with after = \"move\"")]
    TooMany {
        /// Where.
        place: String,
    },
    /// The file is larger than is ever taken.
    #[error("{name} at {place} is larger than {} GiB; split the file", MOST_BYTES >> 30)]
    TooLarge {
        /// Where.
        place: String,
        /// The file.
        name: String,
    },
    /// The file changed while it was read.
    #[error("{name} at {place} changed while it was read; it is looked at again")]
    Changed {
        /// Where.
        place: String,
        /// The file.
        name: String,
    },
    /// What came could not be kept until it was whole.
    #[error("{place}: what was fetched could not be kept: {why}; see to the disk")]
    NotKept {
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// The server does not let us do it.
    #[error("{place} does not allow it: {why}")]
    Denied {
        /// Where.
        place: String,
        /// What was not allowed, and what to do.
        why: String,
    },
}

impl StoreError {
    /// The server could not be reached, for a reason; where is said by [`StoreError::at`].
    pub(super) fn unreachable(why: impl Into<String>) -> Self {
        Self::Unreachable { place: String::new(), why: why.into() }
    }

    /// The disk could not take what was fetched.
    pub(super) fn not_kept(error: &std::io::Error) -> Self {
        Self::NotKept { place: String::new(), why: error.to_string() }
    }

    /// The same error, which names the place where it has not yet.
    pub(super) fn at(mut self, at: &str) -> Self {
        match &mut self {
            Self::Unreachable { place, .. }
            | Self::SignIn { place, .. }
            | Self::Secret { place, .. }
            | Self::Key { place, .. }
            | Self::Certificate { place, .. }
            | Self::Refused { place, .. }
            | Self::NoFolder { place }
            | Self::TooMany { place }
            | Self::TooLarge { place, .. }
            | Self::Changed { place, .. }
            | Self::NotKept { place, .. }
            | Self::Denied { place, .. }
                if place.is_empty() =>
            {
                at.clone_into(place);
            }
            _ => {}
        }
        self
    }

    /// Whether it is the matter of one file, so that the others may still be had.
    pub fn is_about_one_file(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Changed { .. } | Self::Denied { .. })
    }

    /// Whether the same may go well in a minute.
    pub fn changed_meanwhile(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }
}

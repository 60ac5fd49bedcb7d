//! Where extracts come from, and where their bytes are kept.
//!
//! A source hands over bytes and a name; it does not know what they mean. An extract is acknowledged only after its
//! bytes are durable in the [`landing`] archive.

pub mod folder;
pub mod heartbeat;
pub mod https;
pub mod landing;
pub mod listing;
pub mod mailbox;
pub mod pattern;
mod period;
pub mod reach;
pub mod store;

use std::collections::BTreeMap;

use crate::{
    content::Content,
    domain::{AgencyId, Period},
    settings::Section,
};

pub use folder::Folder;
pub use https::{Https, host_of};
pub use period::{period_in_name, periods_in_name};
pub use store::Store;

/// Bytes as fetched or received.
#[derive(Debug, Clone)]
pub struct Extract {
    /// The bytes, verbatim.
    pub content: Content,
    /// The file's own name; metadata only, never used as a path.
    pub name: String,
    /// Where it came from, in words.
    pub source: String,
}

impl Extract {
    /// An extract of these bytes, which are few.
    pub fn of_bytes(bytes: impl Into<Content>, name: impl Into<String>, source: impl Into<String>) -> Self {
        Self { content: bytes.into(), name: name.into(), source: source.into() }
    }
}

/// Where a return's extracts come from. Each kind's settings are a struct of its own, settled in its own file.
#[derive(Debug, Clone)]
pub enum Source {
    /// Pulled over HTTPS.
    Https(Https),
    /// Fetched from a folder at a partner's: SFTP, S3, Azure Blob or WebDAV.
    Store(Store),
    /// Taken from a drop folder.
    Folder(Folder),
    /// Sent to the board's mailbox.
    Mailbox {
        /// The names of its files: literal text and `*`.
        pattern: String,
    },
    /// Brought by a person with `quarterday submit`.
    ByHand,
}

impl Source {
    /// Reads `[source]`.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        match table.one_of("kind", &["https", "sftp", "s3", "azure-blob", "webdav", "folder", "mailbox", "by-hand"])? {
            "https" => Https::settle(table).map(Self::Https),
            "folder" => Folder::settle(table).map(Self::Folder),
            "mailbox" => Some(Self::Mailbox { pattern: table.text_or("pattern", "*") }),
            "by-hand" => Some(Self::ByHand),
            kind => Store::settle(kind, table).map(Self::Store),
        }
    }

    /// What of the files it names cannot be used: secrets, keys and certificates.
    pub fn check_files(&self, environment: &BTreeMap<String, String>) -> Vec<String> {
        match self {
            Self::Https(https) => https.check_files(environment).iter().map(ToString::to_string).collect(),
            Self::Store(store) => {
                let secrets = store.secrets().into_iter().map(|secret| secret.resolve(environment));
                let secrets = secrets.filter_map(|secret| Some(secret.err()?.to_string()));
                let certificates = store.tls().and_then(|tls| tls.check(environment));
                secrets.chain(certificates.map(|error| error.to_string())).collect()
            }
            Self::Folder(_) | Self::Mailbox { .. } | Self::ByHand => Vec::new(),
        }
    }

    /// Certificates beside the machine's own, where it speaks TLS.
    pub fn tls(&self) -> Option<&https::Tls> {
        match self {
            Self::Https(https) => Some(&https.tls),
            Self::Store(store) => store.tls(),
            Self::Folder(_) | Self::Mailbox { .. } | Self::ByHand => None,
        }
    }

    /// The folder of an agency, and the names of its files there, where it has one.
    pub fn folder_of(&self, agency: &AgencyId) -> Option<(String, String)> {
        match self {
            Self::Folder(folder) => {
                Some((fill(&folder.path, "agency", agency.as_str()), folder.selection.names_of(agency)))
            }
            Self::Store(store) => Some((store.place_of(agency), store.selection.names_of(agency))),
            Self::Https(_) | Self::Mailbox { .. } | Self::ByHand => None,
        }
    }
}

/// A text in which only the `known` names stand in curly brackets.
fn template(table: &mut Section<'_>, key: &str, known: &[&str]) -> Option<String> {
    let text = table.text(key)?;
    let filled = known.iter().fold(text.clone(), |text, name| fill(&text, name, ""));
    if filled.contains(['{', '}']) {
        let names: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
        table.refuse(key, &format!("no other name in curly brackets than {}", names.join(", ")), "");
        return None;
    }
    Some(text)
}

/// A template of `[source]` with what says `period` filled in: its identifier, its first and its last day.
pub fn of_period(template: &str, period: Period) -> String {
    let days = [("from", period.start().to_string()), ("to", period.end().to_string())];
    let named = fill(template, "period", &period.to_string());
    days.iter().fold(named, |text, (name, day)| fill(&text, name, day))
}

/// A template of `[source]` with `value` in the place of `{name}`.
pub fn fill(template: &str, name: &str, value: &str) -> String {
    template.replace(&format!("{{{name}}}"), value)
}

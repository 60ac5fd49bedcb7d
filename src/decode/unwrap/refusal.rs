//! Why something wrapped stays wrapped, in words for its sender.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What keeps a file shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// A workbook's password.
    Workbook,
    /// A zip archive's password.
    Zip,
    /// A password, by age.
    AgePassword,
    /// A key, by age.
    AgeKey,
    /// A password, by OpenPGP.
    OpenPgpPassword,
    /// A key, by OpenPGP.
    OpenPgpKey,
}

impl Lock {
    /// Whether a password opens it; else a key does.
    pub fn is_password(self) -> bool {
        !matches!(self, Self::AgeKey | Self::OpenPgpKey)
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Workbook => "a workbook with a password",
            Self::Zip => "a zip archive with a password",
            Self::AgePassword => "encrypted by age with a password",
            Self::AgeKey => "encrypted by age with a key",
            Self::OpenPgpPassword => "encrypted by OpenPGP with a password",
            Self::OpenPgpKey => "encrypted by OpenPGP with a key",
        })
    }
}

/// Why the wrappings of a file could not be taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Nothing is kept here that could open it.
    #[error("{}", unopened(*.0, "; ", NO_PASSWORD, NO_KEY))]
    Protected(Lock),
    /// What is kept here does not open it.
    #[error("{}", unopened(*.0, ", and ", OTHER_PASSWORD, OTHER_KEY))]
    WrongKey(Lock),
    /// A key kept here cannot be used: our trouble, not the sender's.
    #[error("the {0} of this agency cannot be used; correct it where [agency.keys] in config/agencies.toml points")]
    UnusableKey(String),
    /// Locked in a way that is not known here.
    #[error(
        "the file is protected in a way that cannot be opened here ({0}); save it without a password and send it again"
    )]
    UnknownLock(String),
    /// Cut off, or otherwise not what it begins as.
    #[error("the {what} is cut off or damaged ({how}); make it again and send it again")]
    Damaged {
        /// What it begins as.
        what: String,
        /// What is wrong.
        how: String,
    },
    /// Packed by a method that nothing here unpacks.
    #[error(
        "the zip archive is packed by a method that is not unpacked here ({0}); pack it with the ordinary method of Windows \
         or macOS (Deflate) and send it again"
    )]
    Method(String),
    /// Made to grow.
    #[error("the {what} is far larger inside than it looks, or its files overlap; send the file itself")]
    Bomb {
        /// What it is.
        what: String,
    },
    /// More than may be.
    #[error("it holds more than the {} MiB allowed; send the data in smaller files", .0 / (1 << 20))]
    TooLarge(u64),
    /// Too many files in an archive.
    #[error("the archive holds {0} files; send the few that were agreed")]
    TooMany(usize),
    /// Wrapped too often.
    #[error("the file is wrapped more than {0} times (an archive in an archive); send it in one archive or in none")]
    TooDeep(usize),
    /// None, or more than one, of an archive's files is the one that is wanted.
    #[error("the archive should hold one file{wanted}, and holds {}; send that one alone", names(.found))]
    Members {
        /// Which one, if a name was agreed: ` called "*.csv"`.
        wanted: String,
        /// Their names.
        found: Vec<String>,
    },
    /// A link instead of a file.
    #[error("{0:?} in the archive is a link, not a file; put the file itself into the archive")]
    Link(String),
}

impl From<Refusal> for std::io::Error {
    /// So that it comes through readers unchanged; `downcast` finds it again.
    fn from(refusal: Refusal) -> Self {
        Self::other(refusal)
    }
}

const NO_PASSWORD: &str =
    "open it and save it without a password, or tell us the password by phone, never in the same e-mail";
const NO_KEY: &str = "there is no key for it here; send it unencrypted by the agreed way, or ask us for our public key";
const OTHER_PASSWORD: &str = "the password we have for you does not open it; protect it with the agreed one, save it \
                              without a password, or tell us the new one by phone";
const OTHER_KEY: &str = "our key does not open it; encrypt it to the public key we gave you, or ask us for it again";

fn unopened(lock: Lock, then: &str, password: &str, key: &str) -> String {
    format!("the file is protected ({lock}){then}{}", if lock.is_password() { password } else { key })
}

fn names(found: &[String]) -> String {
    let shown: Vec<String> = found.iter().take(20).map(|name| format!("{name:?}")).collect();
    match (shown.len(), found.len()) {
        (0, _) => "none".to_owned(),
        (shown_here, all) if shown_here < all => format!("{} and {} more", shown.join(", "), all - shown_here),
        _ => shown.join(", "),
    }
}

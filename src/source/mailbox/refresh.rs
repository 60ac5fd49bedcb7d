//! The refresh token of a mailbox, as its provider gave it last.
//!
//! A provider may give a new one at each use and refuse the one before. So the newest is kept in the data folder, durably,
//! before anything is done with what came with it. A secret that a person changed in the configuration since is newer still.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::MailboxError;
use crate::{
    domain::sha256,
    durable::{self, Existing, Readers},
    settings::Secret,
};

/// Where the newest refresh token of one sign-in is found.
#[derive(Clone)]
pub(super) struct Refresh {
    configured: Secret,
    /// Whose token it is: one of another mailbox, or of another application, is none of ours.
    whose: String,
    /// Its file in the data folder.
    path: PathBuf,
}

/// A refresh token, and which configured secret it descends from.
#[derive(Clone)]
pub(super) struct Token {
    pub text: SecretString,
    descent: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    descent: String,
    token: String,
}

impl Refresh {
    pub(super) fn new(configured: Secret, whose: String, path: PathBuf) -> Self {
        Self { configured, whose, path }
    }

    /// The newest token that is known.
    ///
    /// # Errors
    /// When the configured secret, or what was kept, cannot be read.
    pub(super) fn newest(&self, environment: &BTreeMap<String, String>) -> Result<Token, MailboxError> {
        let secret = |source| MailboxError::Secret { key: "refresh_token", source };
        let configured = self.configured.resolve(environment).map_err(secret)?;
        let descent = sha256(format!("{}\0{}", self.whose, configured.expose_secret()));
        let path = &self.path;
        let unusable = |why: String| MailboxError::Token { path: path.clone(), why };
        let kept = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice::<Kept>(&bytes).map_err(|_| unusable("is damaged".into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Token { text: configured, descent }),
            Err(error) => return Err(unusable(format!("cannot be read ({error})"))),
        };
        let text = if kept.descent == descent { SecretString::from(kept.token) } else { configured };
        Ok(Token { text, descent })
    }

    /// Keeps a token in the place of the one before it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn keep(&self, token: &Token) -> Result<(), MailboxError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let kept = Kept { descent: token.descent.clone(), token: token.text.expose_secret().to_owned() };
        let unkept = |why: String| MailboxError::NotKept(why);
        let bytes = serde_json::to_vec(&kept).map_err(|error| unkept(error.to_string()))?;
        durable::write_for(Readers::Owner, folder, &self.path, &bytes, Existing::Replaced)
            .map(drop)
            .map_err(|error| unkept(error.to_string()))
    }
}

impl Token {
    /// The token that came in the place of this one, if it is another.
    pub(super) fn followed_by(&self, text: Option<String>) -> Option<Self> {
        let text = text.filter(|text| !text.is_empty() && text != self.text.expose_secret())?;
        Some(Self { text: SecretString::from(text), descent: self.descent.clone() })
    }
}

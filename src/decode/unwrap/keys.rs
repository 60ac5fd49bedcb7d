//! What opens an agency's files.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

/// Passwords and keys, as they are kept. Each may hold several, the newest first, so that what was sent under an
/// earlier one can still be read.
#[derive(Clone, Default)]
pub struct Keys {
    /// One password a line: for workbooks and archives, and for age and OpenPGP where they go by a password.
    pub password: Option<SecretString>,
    /// age identities, as `age-keygen` writes them.
    pub age: Option<SecretString>,
    /// OpenPGP secret keys, in ASCII armor.
    pub openpgp: Option<SecretString>,
    /// What unlocks those keys.
    pub openpgp_passphrase: Option<SecretString>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// The keys as the worker is told them. To be handed over in a sealed request, and never logged.
    pub(super) fn exposed(&self) -> Value {
        let text = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        json!({
            "password": text(&self.password),
            "age": text(&self.age),
            "openpgp": text(&self.openpgp),
            "openpgp_passphrase": text(&self.openpgp_passphrase),
        })
    }
}

/// The keys inside the worker.
#[derive(Default, Deserialize)]
pub(super) struct Told {
    password: Option<String>,
    pub age: Option<String>,
    pub openpgp: Option<String>,
    pub openpgp_passphrase: Option<String>,
}

impl Told {
    /// The passwords, the newest first.
    pub fn passwords(&self) -> Vec<&str> {
        self.password.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty()).collect()
    }
}

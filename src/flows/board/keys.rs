//! What opens the files of an agency: by reference, and read only when a locked file comes.

use std::collections::BTreeMap;

use crate::{
    decode::Keys,
    settings::{Secret, SecretError, Section},
};

/// Where an agency's passwords and keys stand.
#[derive(Debug, Clone, Default)]
pub struct AgencyKeys {
    password: Option<Secret>,
    age: Option<Secret>,
    openpgp: Option<Secret>,
    openpgp_passphrase: Option<Secret>,
}

impl AgencyKeys {
    /// Reads `[agency.keys]`.
    pub(super) fn settle(table: &mut Section<'_>) -> Self {
        let keys = Self {
            password: table.secret_opt("password"),
            age: table.secret_opt("age"),
            openpgp: table.secret_opt("openpgp"),
            openpgp_passphrase: table.secret_opt("openpgp_passphrase"),
        };
        if keys.openpgp_passphrase.is_some() && keys.openpgp.is_none() {
            table.refuse(
                "openpgp_passphrase",
                "a passphrase only for the key in openpgp",
                "openpgp = { file = \"…\" }",
            );
        }
        keys
    }

    /// The passwords and keys themselves.
    ///
    /// # Errors
    /// When one of them cannot be read, is readable by others or is a placeholder.
    pub fn resolve(&self, environment: &BTreeMap<String, String>) -> Result<Keys, SecretError> {
        let read = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.resolve(environment)).transpose();
        Ok(Keys {
            password: read(&self.password)?,
            age: read(&self.age)?,
            openpgp: read(&self.openpgp)?,
            openpgp_passphrase: read(&self.openpgp_passphrase)?,
        })
    }
}

//! Secrets by reference: a file or an environment variable, never the value itself.

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In a file that only its owner may read.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the secret in {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Everybody may read the file.
    #[error("the secret in {0} can be read by others; run chmod 600 on it")]
    Exposed(String),
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// It is empty or a placeholder.
    #[error("the secret in {0} is empty or a placeholder; put the real one there")]
    Placeholder(String),
}

impl Secret {
    /// The secret itself.
    pub fn resolve(&self, environment: &BTreeMap<String, String>) -> Result<SecretString, SecretError> {
        let (text, place) = match self {
            Self::File(path) => {
                let unreadable = |source| SecretError::Unreadable { path: path.clone(), source };
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
                // systemd shows its grant to the service's own user as a right of the group, in a folder that no other
                // user can enter (https://github.com/systemd/systemd/issues/29435).
                let credential = environment.get("CREDENTIALS_DIRECTORY").is_some_and(|at| path.starts_with(at));
                if mode & if credential { 0o037 } else { 0o077 } != 0 {
                    return Err(SecretError::Exposed(path.display().to_string()));
                }
                (std::fs::read_to_string(path).map_err(unreadable)?, path.display().to_string())
            }
            Self::Env(name) => {
                (environment.get(name).cloned().ok_or_else(|| SecretError::Unset(name.clone()))?, name.clone())
            }
        };
        let secret = SecretString::from(text.trim().to_owned());
        if is_placeholder(secret.expose_secret()) {
            return Err(SecretError::Placeholder(place));
        }
        Ok(secret)
    }
}

fn is_placeholder(text: &str) -> bool {
    text.is_empty()
        || ["changeme", "change-me", "password", "secret", "todo"].contains(&text.to_lowercase().as_str())
        || (text.starts_with('<') && text.ends_with('>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_others_can_read_or_nobody_set_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("relay");
        let with = |text: &str, mode| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            Secret::File(path.clone()).resolve(&BTreeMap::new()).map(|s| s.expose_secret().to_owned())
        };
        assert_eq!(with("s3cret-phrase\n", 0o600).unwrap(), "s3cret-phrase");
        assert!(matches!(with("s3cret-phrase", 0o644), Err(SecretError::Exposed(_))));
        let systemd = BTreeMap::from([("CREDENTIALS_DIRECTORY".to_owned(), home.path().display().to_string())]);
        for (mode, usable) in [(0o400, true), (0o440, true), (0o444, false), (0o460, false)] {
            with("s3cret-phrase", mode).ok();
            assert_eq!(Secret::File(path.clone()).resolve(&systemd).is_ok(), usable, "{mode:o}");
            std::fs::remove_file(&path).unwrap();
        }
        assert!(matches!(with("changeme", 0o600), Err(SecretError::Placeholder(_))));
        assert!(matches!(Secret::Env("NONE".into()).resolve(&BTreeMap::new()), Err(SecretError::Unset(_))));
    }
}

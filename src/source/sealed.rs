//! Extracts that nobody but the custodian may open.
//!
//! A sealed extract is a copy under another name, whose data key is wrapped for the custodian's public key; the ordinary
//! wrapped key is the ledger's to take away, in the transaction that records the sealing. Destroying is deleting the
//! sealed key; the files are cleared away afterwards, and it does no harm if that is interrupted.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use age::{secrecy::ExposeSecret, x25519};

use super::{Landing, LandingError};
use crate::{
    domain,
    durable::{self, Existing, Readers, disk},
};

/// A public key that extracts are sealed for.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(x25519::Recipient);

/// A text that is no public key of age.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a public key of age: it begins with age1; `age-keygen -o custodian.key` makes one and prints it")]
pub struct NotARecipient;

impl FromStr for Recipient {
    type Err = NotARecipient;

    fn from_str(text: &str) -> Result<Self, NotARecipient> {
        text.trim().parse().map(Self).map_err(|_| NotARecipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Landing {
    /// Copies the encrypted extract to the sealed ones, under the number of its submission, and wraps its data key for
    /// `recipient`, or for the master key where there is none. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the extract's key does not open or the disk refuses; the extract is as it was.
    pub fn seal_for(
        &self,
        sha256: &str,
        wrapped_key: &[u8],
        submission: i64,
        recipient: Option<&Recipient>,
    ) -> Result<Vec<u8>, LandingError> {
        let key = self.unwrap(sha256, wrapped_key)?;
        let (from, to) = (self.path(sha256), sealed_path(&self.folder, submission));
        let mut source = fs::File::open(&from).map_err(disk("read", &from))?;
        let mut draft = durable::draft(&self.folder.join(SEALED), Readers::Owner)?;
        io::copy(&mut source, draft.as_file_mut()).map_err(disk("written", &to))?;
        durable::name(draft, &to, Existing::Replaced)?;
        self.wrap(key.to_string().expose_secret(), recipient)
    }

    /// Wraps a key that was sealed for the master key for somebody else.
    ///
    /// # Errors
    /// When the master key does not open it.
    pub fn reseal(&self, sealed_key: &[u8], recipient: &Recipient) -> Result<Vec<u8>, LandingError> {
        let key = self.unwrap("of an incident", sealed_key)?;
        self.wrap(key.to_string().expose_secret(), Some(recipient))
    }

    fn wrap(&self, key: &str, recipient: Option<&Recipient>) -> Result<Vec<u8>, LandingError> {
        let recipient = recipient.map_or_else(|| self.master.to_public(), |recipient| recipient.0.clone());
        Ok(age::encrypt(&recipient, key.as_bytes())?)
    }

    /// Clears away an extract whose key is gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn clear(&self, sha256: &str) -> Result<(), LandingError> {
        remove(&self.path(sha256))
    }

    /// Clears away a sealed extract whose key is gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn clear_sealed(&self, submission: i64) -> Result<(), LandingError> {
        remove(&sealed_path(&self.folder, submission))
    }
}

/// Opens a sealed extract with the custodian's own secret key, the text of a file that `age-keygen` made.
///
/// # Errors
/// When the key is another's, or the extract is damaged.
pub fn open_sealed(
    folder: &Path,
    submission: i64,
    sha256: &str,
    sealed_key: &[u8],
    secret: &str,
) -> Result<Vec<u8>, LandingError> {
    let damaged = |why: String| LandingError::Damaged { sha256: sha256.to_owned(), why };
    let line = secret.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-"));
    let custodian = line
        .and_then(|line| x25519::Identity::from_str(line).ok())
        .ok_or_else(|| damaged("the file holds no secret key of age".into()))?;
    let key = age::decrypt(&custodian, sealed_key).map_err(|_| damaged("it is sealed for another key".into()))?;
    let key = String::from_utf8(key).ok().and_then(|key| x25519::Identity::from_str(&key).ok());
    let key = key.ok_or_else(|| damaged("its key is not a key".into()))?;
    let path = sealed_path(folder, submission);
    let sealed = fs::read(&path).map_err(disk("read", &path))?;
    let bytes = age::decrypt(&key, &sealed).map_err(|e| damaged(format!("it does not decrypt ({e})")))?;
    if domain::sha256(&bytes) == sha256 { Ok(bytes) } else { Err(damaged("its digest is another".into())) }
}

/// The folder of the sealed extracts, in that of the archive.
const SEALED: &str = "sealed";

fn sealed_path(folder: &Path, submission: i64) -> PathBuf {
    folder.join(SEALED).join(format!("{submission}.age"))
}

fn remove(path: &Path) -> Result<(), LandingError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(durable::sync_folder(path.parent().unwrap_or(Path::new(".")))?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(disk("cleared away", path)(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_the_custodian_alone_and_is_gone_when_it_is_cleared() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("landing");
        let landing = Landing::open(&folder, &home.path().join("master.key")).unwrap();
        let landed = landing.keep(&b"CANARY".to_vec().into(), None).unwrap();
        let custodian = x25519::Identity::generate();
        let secret = custodian.to_string().expose_secret().to_owned();
        let recipient: Recipient = custodian.to_public().to_string().parse().unwrap();
        let sealed = landing.seal_for(&landed.sha256, &landed.wrapped_key, 7, Some(&recipient)).unwrap();
        landing.clear(&landed.sha256).unwrap();
        landing.clear(&landed.sha256).unwrap();
        assert_eq!(
            open_sealed(&folder, 7, &landed.sha256, &sealed, &format!("# mine\n{secret}\n")).unwrap(),
            b"CANARY"
        );
        let other = x25519::Identity::generate().to_string().expose_secret().to_owned();
        let error = open_sealed(&folder, 7, &landed.sha256, &sealed, &other).unwrap_err().to_string();
        assert!(error.contains("another key"), "{error}");
        assert!(landing.reseal(&sealed, &recipient).is_err(), "the master key does not open it");
        landing.clear_sealed(7).unwrap();
        assert!(open_sealed(&folder, 7, &landed.sha256, &sealed, &secret).is_err());
        assert!("age1nonsense".parse::<Recipient>().is_err());
    }
}

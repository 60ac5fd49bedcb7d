//! The landing archive: every extract verbatim, encrypted, named by the SHA-256 of its plain bytes.
//!
//! Each extract is encrypted to a key of its own (`age`, X25519); that key, wrapped for the master key, is handed to
//! the caller to keep in the ledger. Deleting the wrapped key destroys the extract. Knows nothing of obligations.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use age::{secrecy::ExposeSecret, x25519};

use crate::{
    domain,
    durable::{self, DiskError, Existing, Readers, disk},
};

/// What the archive could not do.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// The disk refused.
    #[error("the landing archive: {0}")]
    Disk(#[from] DiskError),
    /// The master key is missing or unusable.
    #[error("the master key {} {why}; restore it from your safe copy, no extract can be read without it", path.display())]
    MasterKey {
        /// The key's file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// An extract cannot be read back.
    #[error("the extract {sha256} in the landing archive cannot be read back: {why}")]
    Damaged {
        /// Its digest.
        sha256: String,
        /// What is wrong.
        why: String,
    },
    /// Encryption failed.
    #[error("the extract could not be encrypted: {0}")]
    Encrypt(#[from] age::EncryptError),
}

/// An extract that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The digest of the plain bytes.
    pub sha256: String,
    /// Its data key, wrapped for the master key; to be kept in the ledger.
    pub wrapped_key: Vec<u8>,
}

/// The archive in one folder.
#[derive(Clone)]
pub struct Landing {
    folder: PathBuf,
    master: x25519::Identity,
}

impl Landing {
    /// Opens the archive; a new one gets a new master key, readable by its owner alone.
    pub fn open(folder: &Path, master_key: &Path) -> Result<Self, LandingError> {
        durable::make_folder(folder)?;
        let key_error = |why: String| LandingError::MasterKey { path: master_key.to_owned(), why };
        let master = match fs::read_to_string(master_key) {
            Ok(text) => {
                x25519::Identity::from_str(text.trim()).map_err(|e| key_error(format!("is not a key ({e})")))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_empty(folder) => {
                let master = x25519::Identity::generate();
                write(Readers::Owner, master_key, master.to_string().expose_secret().as_bytes())?;
                master
            }
            Err(error) => return Err(key_error(format!("cannot be read ({error})"))),
        };
        Ok(Self { folder: folder.to_owned(), master })
    }

    /// Keeps the bytes; when this returns they survive a power cut. The same bytes are kept once, and a damaged copy of
    /// them is mended.
    ///
    /// `known_key` is the wrapped key the ledger already holds for these bytes, if any; it stays the one that opens them
    /// as long as it can be opened itself.
    pub fn keep(&self, bytes: &[u8], known_key: impl FnOnce(&str) -> Option<Vec<u8>>) -> Result<Landed, LandingError> {
        let sha256 = domain::sha256(bytes);
        let known = known_key(&sha256).and_then(|wrapped| Some((self.unwrap(&sha256, &wrapped).ok()?, wrapped)));
        if let Some((_, wrapped_key)) = &known
            && self.read(&sha256, wrapped_key).is_ok()
        {
            return Ok(Landed { sha256, wrapped_key: wrapped_key.clone() });
        }
        let (data_key, wrapped_key) = match known {
            Some(known) => known,
            None => {
                let key = x25519::Identity::generate();
                let wrapped = age::encrypt(&self.master.to_public(), key.to_string().expose_secret().as_bytes())?;
                (key, wrapped)
            }
        };
        write(Readers::Group, &self.path(&sha256), &age::encrypt(&data_key.to_public(), bytes)?)?;
        Ok(Landed { sha256, wrapped_key })
    }

    /// The data key of an extract, out of its wrapping.
    fn unwrap(&self, sha256: &str, wrapped_key: &[u8]) -> Result<x25519::Identity, LandingError> {
        let damaged = |why: String| LandingError::Damaged { sha256: sha256.to_owned(), why };
        let key =
            age::decrypt(&self.master, wrapped_key).map_err(|e| damaged(format!("its key does not open ({e})")))?;
        let key = String::from_utf8(key).map_err(|_| damaged("its key is not text".into()))?;
        x25519::Identity::from_str(&key).map_err(|e| damaged(format!("its key is not a key ({e})")))
    }

    /// The plain bytes of an extract, checked against its digest.
    pub fn read(&self, sha256: &str, wrapped_key: &[u8]) -> Result<Vec<u8>, LandingError> {
        let damaged = |why: String| LandingError::Damaged { sha256: sha256.to_owned(), why };
        let key = self.unwrap(sha256, wrapped_key)?;
        let path = self.path(sha256);
        let sealed = fs::read(&path).map_err(disk("read", &path))?;
        let bytes = age::decrypt(&key, &sealed).map_err(|e| damaged(format!("it does not decrypt ({e})")))?;
        if domain::sha256(&bytes) != sha256 {
            return Err(damaged("its digest is another".into()));
        }
        Ok(bytes)
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(&sha256[..2]).join(format!("{sha256}.age"))
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn write(readers: Readers, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    durable::write_for(readers, folder, path, bytes, Existing::Replaced).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_is_not_on_disk_in_clear() {
        let home = tempfile::tempdir().unwrap();
        let landing = Landing::open(&home.path().join("landing"), &home.path().join("master.key")).unwrap();
        let landed = landing.keep(b"CANARY,1", |_| None).unwrap();
        assert_eq!(landing.read(&landed.sha256, &landed.wrapped_key).unwrap(), b"CANARY,1");
        let stored = fs::read(landing.path(&landed.sha256)).unwrap();
        assert!(!stored.windows(6).any(|w| w == b"CANARY"));
        let again = landing.keep(b"CANARY,1", |_| Some(landed.wrapped_key.clone())).unwrap();
        assert_eq!(again, landed);
    }

    #[test]
    fn a_damaged_extract_that_is_sent_again_is_mended_under_its_own_key() {
        let home = tempfile::tempdir().unwrap();
        let landing = Landing::open(&home.path().join("landing"), &home.path().join("master.key")).unwrap();
        let landed = landing.keep(b"41", |_| None).unwrap();
        fs::write(landing.path(&landed.sha256), "garbage").unwrap();
        let again = landing.keep(b"41", |_| Some(landed.wrapped_key.clone())).unwrap();
        assert_eq!(again, landed);
        assert_eq!(landing.read(&landed.sha256, &landed.wrapped_key).unwrap(), b"41");
        fs::remove_file(landing.path(&landed.sha256)).unwrap();
        landing.keep(b"41", |_| Some(landed.wrapped_key.clone())).unwrap();
        assert_eq!(landing.read(&landed.sha256, &landed.wrapped_key).unwrap(), b"41");
    }

    #[test]
    fn a_flipped_bit_is_damage_not_data() {
        let home = tempfile::tempdir().unwrap();
        let landing = Landing::open(&home.path().join("landing"), &home.path().join("master.key")).unwrap();
        let landed = landing.keep(b"41", |_| None).unwrap();
        let path = landing.path(&landed.sha256);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = landing.read(&landed.sha256, &landed.wrapped_key).unwrap_err().to_string();
        assert!(error.contains(&landed.sha256), "{error}");
    }

    #[test]
    fn a_lost_master_key_is_named_and_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        let (folder, key) = (home.path().join("landing"), home.path().join("master.key"));
        Landing::open(&folder, &key).unwrap().keep(b"41", |_| None).unwrap();
        fs::remove_file(&key).unwrap();
        let error = Landing::open(&folder, &key).err().unwrap().to_string();
        assert!(error.contains("master.key") && error.contains("safe copy"), "{error}");
        assert!(!key.exists());
    }
}

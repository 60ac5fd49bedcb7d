//! The landing archive: every extract verbatim, encrypted, named by the SHA-256 of its plain bytes.
//!
//! Each extract is encrypted to a key of its own (`age`, X25519); that key, wrapped for the master key, is handed to
//! the caller to keep in the ledger. Deleting the wrapped key destroys the extract. Knows nothing of obligations.

#[path = "sealed.rs"]
mod sealed;

use std::{
    fs,
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use age::{secrecy::ExposeSecret, x25519};
use sha2::{Digest, Sha256};

use crate::{
    content::Content,
    domain::hex,
    durable::{self, DiskError, Existing, Readers, disk},
};

pub use sealed::{NotARecipient, Recipient, open_sealed};

/// How much is copied at a time.
const CHUNK: usize = 1 << 16;

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

    /// Keeps the extract; when this returns it survives a power cut. The same bytes are kept once, and a damaged copy of
    /// them is mended. It is encrypted as it is copied, so that any length of it takes little memory.
    ///
    /// `known_key` is the wrapped key the ledger already holds for these bytes, if any; it stays the one that opens them
    /// as long as it can be opened itself.
    pub fn keep(&self, content: &Content, known_key: Option<Vec<u8>>) -> Result<Landed, LandingError> {
        let sha256 = content.sha256().to_owned();
        let known = known_key.and_then(|wrapped| Some((self.unwrap(&sha256, &wrapped).ok()?, wrapped)));
        if let Some((_, wrapped_key)) = &known
            && self.extract(&sha256, wrapped_key).is_ok()
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
        self.seal(&self.path(&sha256), &data_key, content)?;
        Ok(Landed { sha256, wrapped_key })
    }

    /// Encrypts the extract to a file of this name.
    fn seal(&self, path: &Path, key: &x25519::Identity, content: &Content) -> Result<(), LandingError> {
        let mut draft = durable::draft(path.parent().unwrap_or(&self.folder), Readers::Group)?;
        let recipient = key.to_public();
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _))?;
        let copy = || -> io::Result<()> {
            let mut sealed = encryptor.wrap_output(draft.as_file_mut())?;
            copy(&mut content.reader()?, &mut sealed)?;
            sealed.finish().map(drop)
        };
        copy().map_err(disk("written", path))?;
        Ok(durable::name(draft, path, Existing::Replaced).map(drop)?)
    }

    /// The data key of an extract, out of its wrapping.
    fn unwrap(&self, sha256: &str, wrapped_key: &[u8]) -> Result<x25519::Identity, LandingError> {
        let damaged = |why: String| LandingError::Damaged { sha256: sha256.to_owned(), why };
        let key =
            age::decrypt(&self.master, wrapped_key).map_err(|e| damaged(format!("its key does not open ({e})")))?;
        let key = String::from_utf8(key).map_err(|_| damaged("its key is not text".into()))?;
        x25519::Identity::from_str(&key).map_err(|e| damaged(format!("its key is not a key ({e})")))
    }

    /// An extract, checked against its digest; each reading of it decrypts it anew, and little of it is in memory.
    pub fn extract(&self, sha256: &str, wrapped_key: &[u8]) -> Result<Content, LandingError> {
        let damaged = |why: String| LandingError::Damaged { sha256: sha256.to_owned(), why };
        let key = self.unwrap(sha256, wrapped_key)?;
        let path = self.path(sha256);
        fs::metadata(&path).map_err(disk("read", &path))?;
        let open = move || opened(&path, &key);
        let mut sum = Sum::default();
        open()
            .and_then(|mut plain| copy(&mut plain, &mut sum))
            .map_err(|e| damaged(format!("it does not decrypt ({e})")))?;
        if hex(&sum.digest.finalize()) != sha256 {
            return Err(damaged("its digest is another".into()));
        }
        Ok(Content::behind(sum.length, sha256.to_owned(), open))
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(&sha256[..2]).join(format!("{sha256}.age"))
    }
}

/// The plain bytes of an encrypted file.
fn opened(path: &Path, key: &x25519::Identity) -> io::Result<Box<dyn Read + Send>> {
    let decryptor = age::Decryptor::new(BufReader::new(fs::File::open(path)?)).map_err(io::Error::other)?;
    let plain = decryptor.decrypt(std::iter::once(key as _)).map_err(io::Error::other)?;
    Ok(Box::new(plain))
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok(()),
            read => to.write_all(&chunk[..read])?,
        }
    }
}

/// Sums what is written to it, and forgets it.
#[derive(Default)]
struct Sum {
    digest: Sha256,
    length: u64,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.digest.update(bytes);
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

    fn few(text: &str) -> Content {
        text.as_bytes().to_vec().into()
    }

    fn read(landing: &Landing, landed: &Landed) -> Vec<u8> {
        landing.extract(&landed.sha256, &landed.wrapped_key).unwrap().bytes().unwrap().to_vec()
    }

    #[test]
    fn what_is_kept_reads_back_and_is_not_on_disk_in_clear() {
        let home = tempfile::tempdir().unwrap();
        let landing = Landing::open(&home.path().join("landing"), &home.path().join("master.key")).unwrap();
        let landed = landing.keep(&few("CANARY,1"), None).unwrap();
        assert_eq!(read(&landing, &landed), b"CANARY,1");
        let stored = fs::read(landing.path(&landed.sha256)).unwrap();
        assert!(!stored.windows(6).any(|w| w == b"CANARY"));
        let again = landing.keep(&few("CANARY,1"), Some(landed.wrapped_key.clone())).unwrap();
        assert_eq!(again, landed);
    }

    #[test]
    fn a_damaged_extract_that_is_sent_again_is_mended_under_its_own_key() {
        let home = tempfile::tempdir().unwrap();
        let landing = Landing::open(&home.path().join("landing"), &home.path().join("master.key")).unwrap();
        let landed = landing.keep(&few("41"), None).unwrap();
        fs::write(landing.path(&landed.sha256), "garbage").unwrap();
        let again = landing.keep(&few("41"), Some(landed.wrapped_key.clone())).unwrap();
        assert_eq!(again, landed);
        assert_eq!(read(&landing, &landed), b"41");
        fs::remove_file(landing.path(&landed.sha256)).unwrap();
        landing.keep(&few("41"), Some(landed.wrapped_key.clone())).unwrap();
        assert_eq!(read(&landing, &landed), b"41");
    }

    #[test]
    fn a_flipped_bit_is_damage_not_data() {
        let home = tempfile::tempdir().unwrap();
        let landing = Landing::open(&home.path().join("landing"), &home.path().join("master.key")).unwrap();
        let landed = landing.keep(&few("41"), None).unwrap();
        let path = landing.path(&landed.sha256);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = landing.extract(&landed.sha256, &landed.wrapped_key).unwrap_err().to_string();
        assert!(error.contains(&landed.sha256), "{error}");
    }

    #[test]
    fn a_long_extract_reads_back_as_often_as_it_is_asked_for() {
        let home = tempfile::tempdir().unwrap();
        let landing = Landing::open(&home.path().join("landing"), &home.path().join("master.key")).unwrap();
        let much: Vec<u8> = (0..5 << 20).map(|at: u32| (at % 253) as u8).collect();
        let content = Content::copied(much.as_slice(), &home.path().join("incoming")).unwrap();
        let landed = landing.keep(&content, None).unwrap();
        let kept = landing.extract(&landed.sha256, &landed.wrapped_key).unwrap();
        assert_eq!((kept.length(), kept.sha256()), (much.len() as u64, content.sha256()));
        for _ in 0..2 {
            assert!(kept.bytes().unwrap() == much);
        }
        let path = landing.path(&landed.sha256);
        let cut = fs::File::options().write(true).open(&path).unwrap();
        cut.set_len(3 << 20).unwrap();
        let error = landing.extract(&landed.sha256, &landed.wrapped_key).unwrap_err().to_string();
        assert!(error.contains("does not decrypt"), "{error}");
    }

    #[test]
    fn a_lost_master_key_is_named_and_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        let (folder, key) = (home.path().join("landing"), home.path().join("master.key"));
        Landing::open(&folder, &key).unwrap().keep(&few("41"), None).unwrap();
        fs::remove_file(&key).unwrap();
        let error = Landing::open(&folder, &key).err().unwrap().to_string();
        assert!(error.contains("master.key") && error.contains("safe copy"), "{error}");
        assert!(!key.exists());
    }
}

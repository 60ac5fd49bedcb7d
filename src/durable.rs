//! Files that survive a power cut: temporary name, flush, name, flush of the folder.
//!
//! Knows nothing of what the files hold.

use std::{
    fs::{self, File, Permissions},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::domain::hex;

/// What a disk refused.
#[derive(Debug, thiserror::Error)]
#[error("{} could not be {action} ({source}); check that the disk is there, writable and not full", path.display())]
pub struct DiskError {
    /// What was tried, as a participle: `written`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The system's words.
    pub source: io::Error,
}

type Result<T> = std::result::Result<T, DiskError>;

/// Names the file and what failed.
pub fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    move |source| DiskError { action, path: path.to_owned(), source }
}

/// Makes the folder and those above it, each durable in the one above.
pub fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(disk("made", folder)(error)),
        _ => {}
    }
    sync_folder(above)
}

/// Makes names in the folder durable.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk("flushed", folder))
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Its owner and the group.
    Group,
}

/// A file without a lasting name yet; it vanishes with the value.
pub fn draft(folder: &Path, readers: Readers) -> Result<NamedTempFile> {
    make_folder(folder)?;
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Group => 0o640,
    };
    tempfile::Builder::new()
        .prefix(".draft-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(disk("written", folder))
}

/// What happens to a file that already has the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It gives way.
    Replaced,
    /// It stays.
    Kept,
}

/// Flushes the draft and names it; false if the name is taken and kept.
pub fn name(draft: NamedTempFile, path: &Path, existing: Existing) -> Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    draft.as_file().sync_all().map_err(disk("flushed", path))?;
    let named = match existing {
        Existing::Replaced => draft.persist(path),
        Existing::Kept => draft.persist_noclobber(path),
    };
    match named {
        Ok(_) => sync_folder(folder).map(|()| true),
        Err(error) if existing == Existing::Kept && error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(disk("named", path)(error.error)),
    }
}

/// Writes these bytes under the name; false if the name is taken and kept.
pub fn write(drafts: &Path, path: &Path, bytes: &[u8], existing: Existing) -> Result<bool> {
    write_for(Readers::Group, drafts, path, bytes, existing)
}

/// The same for a file of which it matters who may read it.
pub fn write_for(readers: Readers, drafts: &Path, path: &Path, bytes: &[u8], existing: Existing) -> Result<bool> {
    let mut file = draft(drafts, readers)?;
    file.write_all(bytes).map_err(disk("written", path))?;
    name(file, path, existing)
}

/// The SHA-256 of a file's bytes in lower-case hexadecimal.
pub fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&chunk[..read]),
        }
    }
}
/// The kind of network file system a folder lies on, if it does: locks and flushes are not to be trusted there.
pub fn network_kind(folder: &Path) -> Option<&'static str> {
    let magic = rustix::fs::statfs(folder).ok()?.f_type as u64 & 0xffff_ffff;
    match magic {
        0x6969 => Some("NFS"),
        0x517b => Some("SMB"),
        0xff53_4d42 => Some("CIFS"),
        0xfe53_4d42 => Some("SMB"),
        _ => None,
    }
}

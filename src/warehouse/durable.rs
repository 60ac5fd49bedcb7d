//! Files that survive a power cut: temporary name, flush, name, flush of the folder.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{Result, WarehouseError};
use crate::ledger::hex;

/// Names the file and what failed.
pub(super) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WarehouseError {
    move |source| WarehouseError::Disk { action, path: path.to_owned(), source }
}

/// Makes the folder and those above it, each durable in the one above.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
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
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk("flushed", folder))
}

/// A file without a lasting name yet; it vanishes with the value.
pub(super) fn draft(folder: &Path) -> Result<NamedTempFile> {
    make_folder(folder)?;
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o640))
        .tempfile_in(folder)
        .map_err(disk("written", folder))
}

/// What happens to a file that already has the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Replaced,
    Kept,
}

/// Flushes the draft and names it; false if the name is taken and kept.
pub(super) fn name(draft: NamedTempFile, path: &Path, existing: Existing) -> Result<bool> {
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
pub(super) fn write(drafts: &Path, path: &Path, bytes: &[u8], existing: Existing) -> Result<bool> {
    let mut file = draft(drafts)?;
    file.write_all(bytes).map_err(disk("written", path))?;
    name(file, path, existing)
}

/// The SHA-256 of the bytes in lower-case hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file's bytes in lower-case hexadecimal.
pub(super) fn digest_of(path: &Path) -> io::Result<String> {
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

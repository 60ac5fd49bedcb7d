//! A drop folder: files that have stood still over two looks.
//!
//! Links, hidden files and names that say "still uploading" are passed over; names are metadata, never paths.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;
use rustix::fs::OFlags;

use super::{
    Extract,
    listing::{Entry, Selection, Take},
    template,
};
use crate::{content::Content, settings::Section};

/// The settings of a drop folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The folder, relative to the board's; `{agency}` is filled in.
    pub path: String,
    /// Which of its files are taken.
    pub selection: Selection,
}

impl Folder {
    /// Reads the keys of `kind = "folder"`.
    pub(super) fn settle(table: &mut Section<'_>) -> Option<Self> {
        let path = template(table, "path", &["agency"]);
        let selection = Selection::settle(table, Take::All);
        let path = path?;
        if Path::new(&path).components().any(|part| part == Component::ParentDir) {
            table.refuse("path", "a folder without .. in its path", "path = \"drop/{agency}\"");
            return None;
        }
        Some(Self { path, selection: selection? })
    }
}

/// What the folder could not do.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder or a file in it cannot be read.
    #[error("the drop folder cannot read {}: {source}; check that it exists and that the daemon may read it", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file grew while it was read.
    #[error("{} changed while it was read; it is looked at again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than is ever taken.
    #[error("{} is larger than {} MiB; split it or send it another way", path.display(), MOST_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds more than is ever looked through.
    #[error("{} holds more than {MOST_FILES} files; clear it, or give the return a folder of its own", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

/// The largest file taken from a folder.
pub const MOST_BYTES: u64 = 16 << 30;

/// The most files that a folder may hold.
pub const MOST_FILES: usize = 10_000;

/// The plain files of a folder; links, folders and names that are not text are left out.
pub fn list(folder: &Path) -> Result<Vec<Entry>, FolderError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Unreadable { path, source }
    };
    let mut listing = Vec::new();
    for (count, entry) in fs::read_dir(folder).map_err(unreadable(folder))?.enumerate() {
        if count >= MOST_FILES {
            return Err(FolderError::TooMany { path: folder.to_owned() });
        }
        let entry = entry.map_err(unreadable(folder))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        match entry.metadata() {
            Ok(meta) if meta.is_file() => listing.push(described(name, &meta)),
            Ok(_) => {}
            // Taken away between two looks.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&entry.path())(error)),
        }
    }
    Ok(listing)
}

/// Copies a file that stood still, a large one to a private file in `spool`; an error if it did not stand still after
/// all.
pub fn read(folder: &Path, seen: &Entry, spool: &Path) -> Result<Extract, FolderError> {
    let path = folder.join(&seen.name);
    if seen.size > MOST_BYTES {
        return Err(FolderError::TooLarge { path });
    }
    let unreadable = |source| FolderError::Unreadable { path: path.clone(), source };
    // A link that took the file's place is not followed.
    let mut options = fs::OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.read(true).custom_flags(flags.bits().cast_signed()).open(&path);
    let mut file = opened.map_err(unreadable)?;
    let changed = || FolderError::Changed { path: path.clone() };
    if described(seen.name.clone(), &file.metadata().map_err(unreadable)?) != *seen {
        return Err(changed());
    }
    let content = Content::copied(file.by_ref().take(seen.size + 1), spool).map_err(unreadable)?;
    let after = fs::symlink_metadata(&path).map_err(unreadable)?;
    if !after.is_file() || described(seen.name.clone(), &after) != *seen || content.length() != seen.size {
        return Err(changed());
    }
    Ok(Extract { content, name: seen.name.clone(), source: "the drop folder".into() })
}

fn described(name: String, meta: &fs::Metadata) -> Entry {
    let modified = meta.modified().ok();
    let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let version = since.map_or_else(|| "unknown".into(), |since| since.as_nanos().to_string());
    let modified = modified.and_then(|at| Timestamp::try_from(at).ok());
    Entry { name, size: meta.len(), modified, version, replaced: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_or_became_a_link_is_not_read() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("missing-children 2025-26-Q1.xlsx");
        fs::write(&file, "half and half").unwrap();
        let listing = list(home.path()).unwrap();
        assert_eq!(read(home.path(), &listing[0], home.path()).unwrap().content.bytes().unwrap(), "half and half");
        fs::write(&file, "changed meanwhile").unwrap();
        assert!(matches!(read(home.path(), &listing[0], home.path()), Err(FolderError::Changed { .. })));
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
        assert!(matches!(read(home.path(), &listing[0], home.path()), Err(FolderError::Unreadable { .. })));
    }

    #[test]
    fn links_and_folders_are_not_listed() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("folder.xlsx")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", home.path().join("link.xlsx")).unwrap();
        assert!(list(home.path()).unwrap().is_empty());
    }
}

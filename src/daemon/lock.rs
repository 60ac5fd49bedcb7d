//! One daemon per data folder.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use fs4::FileExt;

use crate::durable::network_kind;

/// Why the data folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{} is in use by another quarterday (process {pid}); one daemon serves one folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other process.
        pid: String,
    },
    /// The disk refused.
    #[error("the data folder {} cannot be used: {source}", path.display())]
    Disk {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The folder lies on a network file system.
    #[error("the data folder {} lies on a {kind} file system, where locks and flushes are not to be trusted; choose a local disk", path.display())]
    Network {
        /// The folder.
        path: PathBuf,
        /// Its kind.
        kind: &'static str,
    },
}

/// Holds the folder until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder, making it if need be.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let disk = |source| LockError::Disk { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(disk)?;
        if let Some(kind) = network_kind(folder) {
            return Err(LockError::Network { path: folder.to_owned(), kind });
        }
        let path = folder.join("lock");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(disk)?;
        if FileExt::try_lock(&file).is_err() {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(LockError::InUse { path: folder.to_owned(), pid: pid.trim().to_owned() });
        }
        let write = |file: &mut File| -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(disk)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_refused_and_told_who_has_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let held = Lock::take(home.path()).unwrap();
        let error = Lock::take(home.path()).unwrap_err().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(held);
        assert!(Lock::take(home.path()).is_ok());
    }
}

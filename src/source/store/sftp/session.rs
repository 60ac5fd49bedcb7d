//! The four things that an SFTP server is asked for.

use std::{io::Write, path::Path};

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use russh::client;
use russh_sftp::{
    client::{RawSftpSession, error::Error as SftpError},
    protocol::{FileAttributes, OpenFlags, StatusCode},
};

use super::Check;
use crate::{
    content::{Content, Spool},
    source::{
        listing::Entry,
        store::{MOST_FILES, StoreError, below},
    },
};

/// What is asked for at once; every server gives so much.
const PIECE: u32 = 32 << 10;

/// So many pieces are on their way at the same time.
const PIECES_AT_ONCE: usize = 16;

/// A session with a server.
pub struct Connection {
    sftp: RawSftpSession,
    _handle: client::Handle<Check>,
}

impl Connection {
    pub(super) fn new(sftp: RawSftpSession, handle: client::Handle<Check>) -> Self {
        Self { sftp, _handle: handle }
    }

    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>, StoreError> {
        let path = if folder.is_empty() { "." } else { folder };
        let handle = match self.sftp.opendir(path).await {
            Ok(handle) => handle.handle,
            Err(error) if is(&error, StatusCode::NoSuchFile) => {
                return Err(StoreError::NoFolder { place: String::new() });
            }
            Err(error) => return Err(failed("listing it", &error)),
        };
        let (mut files, mut seen) = (Vec::new(), 0);
        loop {
            match self.sftp.readdir(&handle).await {
                Ok(names) => {
                    seen += names.files.len();
                    if seen > MOST_FILES {
                        return Err(StoreError::TooMany { place: String::new() });
                    }
                    let plain = names.files.into_iter().filter(|file| is_plain(&file.attrs, &file.longname));
                    files.extend(plain.map(|file| described(&file.filename, &file.attrs)));
                }
                Err(error) if is(&error, StatusCode::Eof) => break,
                Err(error) => return Err(failed("listing it", &error)),
            }
        }
        let _ = self.sftp.close(handle).await;
        Ok(files)
    }

    pub async fn stat(&self, folder: &str, name: &str) -> Result<Option<Entry>, StoreError> {
        match self.sftp.lstat(below(folder, name)).await {
            Ok(found) => Ok(is_plain(&found.attrs, "").then(|| described(name, &found.attrs))),
            Err(error) if is(&error, StatusCode::NoSuchFile) => Ok(None),
            Err(error) => Err(failed("looking at a file", &error)),
        }
    }

    pub async fn fetch(&self, folder: &str, entry: &Entry, spool: &Path) -> Result<Content, StoreError> {
        let changed = || StoreError::Changed { place: String::new(), name: entry.name.clone() };
        // A link that took the file's place would be followed when it is opened.
        if self.stat(folder, &entry.name).await?.as_ref() != Some(entry) {
            return Err(changed());
        }
        let opened = self.sftp.open(below(folder, &entry.name), OpenFlags::READ, FileAttributes::empty()).await;
        let handle = match opened {
            Ok(handle) => handle.handle,
            Err(error) if is(&error, StatusCode::NoSuchFile) => return Err(changed()),
            Err(error) => return Err(denied(&format!("reading {}", entry.name), &error)),
        };
        let pieces = (0..entry.size).step_by(usize::try_from(PIECE).unwrap_or(usize::MAX));
        let wanted = pieces.map(|from| self.piece(&handle, from, (entry.size - from).min(PIECE.into())));
        let mut pieces = futures::stream::iter(wanted).buffered(PIECES_AT_ONCE);
        let mut read = Spool::new(spool);
        while let Some(piece) = pieces.try_next().await? {
            read.write_all(&piece).map_err(|error| StoreError::not_kept(&error))?;
        }
        drop(pieces);
        let after = self.sftp.fstat(&handle).await.map_err(|error| failed("looking at a file", &error))?;
        let _ = self.sftp.close(handle).await;
        if described(&entry.name, &after.attrs) != *entry {
            return Err(changed());
        }
        read.finish().map_err(|error| StoreError::not_kept(&error))
    }

    /// A part of a file; shorter if the file ends before.
    async fn piece(&self, handle: &str, from: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        let mut piece = Vec::new();
        while (piece.len() as u64) < length {
            let left = u32::try_from(length - piece.len() as u64).unwrap_or(PIECE);
            match self.sftp.read(handle, from + piece.len() as u64, left).await {
                Ok(data) if data.data.is_empty() => break,
                Ok(data) => piece.extend_from_slice(&data.data),
                Err(error) if is(&error, StatusCode::Eof) => break,
                Err(error) => return Err(failed("reading a file", &error)),
            }
        }
        Ok(piece)
    }

    pub async fn rename(&self, folder: &str, entry: &Entry, into: &str, to: &str) -> Result<(), StoreError> {
        let what = format!("moving {} to {into}", entry.name);
        if let Err(error) = self.sftp.lstat(into).await
            && is(&error, StatusCode::NoSuchFile)
        {
            self.sftp.mkdir(into, FileAttributes::empty()).await.map_err(|error| denied(&what, &error))?;
        }
        let moved = self.sftp.rename(below(folder, &entry.name), below(into, to)).await;
        moved.map(drop).map_err(|error| denied(&what, &error))
    }
}

fn described(name: &str, attrs: &FileAttributes) -> Entry {
    let modified = attrs.mtime.and_then(|seconds| Timestamp::from_second(seconds.into()).ok());
    let version = attrs.mtime.map_or_else(|| "unknown".to_owned(), |seconds| seconds.to_string());
    Entry { name: name.to_owned(), size: attrs.size.unwrap_or_default(), modified, version, replaced: None }
}

/// Whether it is a file and no link; a server that says nothing of permissions says it in the long name.
fn is_plain(attrs: &FileAttributes, long_name: &str) -> bool {
    match attrs.permissions {
        Some(_) => attrs.file_type().is_file(),
        None => !long_name.starts_with(['d', 'l', 'c', 'b', 'p', 's']),
    }
}

fn is(error: &SftpError, code: StatusCode) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == code)
}

pub(super) fn failed(doing: &str, error: &SftpError) -> StoreError {
    match error {
        SftpError::Status(status) if status.status_code == StatusCode::PermissionDenied => denied(doing, error),
        SftpError::Timeout => StoreError::unreachable(format!("{doing} took too long")),
        SftpError::Status(status) => StoreError::unreachable(format!("{doing} failed ({})", status.status_code)),
        _ => StoreError::unreachable(format!("the connection ended while {doing}")),
    }
}

fn denied(doing: &str, error: &SftpError) -> StoreError {
    match error {
        SftpError::Status(status) => {
            let why = format!("{doing} is refused ({}); ask the partner for the right to do it", status.status_code);
            StoreError::Denied { place: String::new(), why }
        }
        _ => failed(doing, error),
    }
}

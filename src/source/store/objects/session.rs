//! The four things that an object store or a WebDAV server is asked for.

use std::{error::Error as _, io::Write, path::Path, time::Duration};

use futures::TryStreamExt;
use opendal::{EntryMode, Error as DalError, ErrorKind, Metadata, Operator};

use super::transport::OURS;
use crate::{
    content::{Content, Spool},
    source::{
        listing::Entry,
        store::{MOST_FILES, StoreError, below},
    },
};

/// A store that can be asked.
pub struct Connection {
    operator: Operator,
    /// Whether the server itself moves a file; a copy is made and the original deleted elsewhere.
    moves_at_once: bool,
    /// Whether the versions are asked for that others have replaced.
    versions: bool,
    patience: Duration,
}

impl Connection {
    pub(super) fn new(operator: Operator, moves_at_once: bool, versions: bool, patience: Duration) -> Self {
        Self { operator, moves_at_once, versions, patience }
    }

    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>, StoreError> {
        let path = if folder.is_empty() { "/".to_owned() } else { format!("{folder}/") };
        let mut listing = self.within(self.operator.lister(&path)).await?;
        let (mut files, mut seen) = (Vec::new(), 0);
        while let Some(entry) = self.within(listing.try_next()).await? {
            seen += 1;
            if seen > MOST_FILES {
                return Err(StoreError::TooMany { place: String::new() });
            }
            if entry.metadata().mode() == EntryMode::FILE {
                files.push(described(entry.name(), entry.metadata()));
            }
        }
        // WebDAV lists the folder itself if it is there; an object store has no folders that could be missing.
        if seen == 0 && self.moves_at_once && self.look(&path).await?.is_none() {
            return Err(StoreError::NoFolder { place: String::new() });
        }
        Ok(files)
    }

    pub async fn stat(&self, folder: &str, name: &str) -> Result<Option<Entry>, StoreError> {
        let found = self.look(&below(folder, name)).await?;
        Ok(found.filter(Metadata::is_file).map(|metadata| described(name, &metadata)))
    }

    /// The versions of a file that others have replaced, the newest first; none where they are not asked for.
    pub async fn replaced(&self, folder: &str, entry: &Entry) -> Result<Vec<Entry>, StoreError> {
        if !self.versions {
            return Ok(Vec::new());
        }
        let path = below(folder, &entry.name);
        let path = path.trim_start_matches('/');
        let asked = async { self.operator.lister_with(path).versions(true).await };
        let mut listing = self.within(asked).await?;
        let (mut found, mut seen) = (Vec::new(), 0);
        while let Some(one) = self.within(listing.try_next()).await? {
            seen += 1;
            if seen > MOST_FILES {
                return Err(StoreError::TooMany { place: String::new() });
            }
            let metadata = one.metadata();
            if one.path() != path || metadata.is_current() == Some(true) || metadata.is_deleted() {
                continue;
            }
            if let Some(version) = metadata.version() {
                let replaced = Some(version.to_owned());
                let at = metadata.last_modified().map(|at| at.into_inner());
                found.push((at, Entry { replaced, ..described(&entry.name, metadata) }));
            }
        }
        // The store lists the newest first, and that is kept where two are of one second.
        found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(found.into_iter().map(|(_, entry)| entry).collect())
    }

    async fn look(&self, path: &str) -> Result<Option<Metadata>, StoreError> {
        let found = async {
            match self.operator.stat(path).await {
                Ok(metadata) => Ok(Some(metadata)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.within(found).await
    }

    pub async fn fetch(&self, folder: &str, entry: &Entry, spool: &Path) -> Result<Content, StoreError> {
        let changed = || StoreError::Changed { place: String::new(), name: entry.name.clone() };
        let path = below(folder, &entry.name);
        // No time limit over the whole: the transport gives up when nothing comes.
        let wrong = |error: DalError| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConditionNotMatch => changed(),
            _ => told(&error),
        };
        let mut read = Spool::new(spool);
        let reader = match &entry.replaced {
            Some(version) => self.operator.reader_with(&path).version(version).await,
            None => self.operator.reader(&path).await,
        };
        let reader = reader.map_err(wrong)?;
        let mut pieces = reader.into_stream(0..entry.size).await.map_err(wrong)?;
        while let Some(piece) = pieces.try_next().await.map_err(wrong)? {
            for bytes in piece {
                read.write_all(&bytes).map_err(|error| StoreError::not_kept(&error))?;
            }
        }
        let content = read.finish().map_err(|error| StoreError::not_kept(&error))?;
        // A version never changes.
        if entry.replaced.is_some() {
            return Ok(content);
        }
        match self.stat(folder, &entry.name).await? {
            Some(after) if after == *entry => Ok(content),
            _ => Err(changed()),
        }
    }

    pub async fn rename(&self, folder: &str, entry: &Entry, into: &str, to: &str) -> Result<(), StoreError> {
        let (from, to) = (below(folder, &entry.name), below(into, to));
        let what = format!("moving {} to {into}", entry.name);
        let denied = |error: StoreError| match error {
            StoreError::SignIn { place, .. } => {
                StoreError::Denied { place, why: format!("{what} is refused; ask the partner for the right to do it") }
            }
            error => error,
        };
        if self.moves_at_once {
            return self.within(self.operator.rename(&from, &to)).await.map_err(denied);
        }
        self.within(self.operator.copy(&from, &to)).await.map(drop).map_err(denied)?;
        // Only what was copied is deleted; a newer one stays and is taken at the next look.
        match self.stat(folder, &entry.name).await? {
            Some(still) if still == *entry => self.within(self.operator.delete(&from)).await.map_err(denied),
            _ => Ok(()),
        }
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, DalError>>) -> Result<T, StoreError> {
        match tokio::time::timeout(self.patience, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => Err(StoreError::unreachable(format!("no answer within {} s", self.patience.as_secs()))),
        }
    }
}

fn described(name: &str, metadata: &Metadata) -> Entry {
    // A listing may know fractions of a second that the file's own headers do not.
    let modified =
        metadata.last_modified().and_then(|at| jiff::Timestamp::from_second(at.into_inner().as_second()).ok());
    // Both: the same bytes put again are another version, or a reversion to an earlier file would be missed.
    let time = modified.as_ref().map(jiff::Timestamp::to_string).unwrap_or_default();
    let version = format!("{} {time}", metadata.etag().unwrap_or_default().trim_matches('"')).trim().to_owned();
    Entry { name: name.to_owned(), size: metadata.content_length(), modified, version, replaced: None }
}

/// An error in words of our own: those of the crate may hold an address with a token in it.
fn told(error: &DalError) -> StoreError {
    let words = error.message();
    match error.kind() {
        ErrorKind::PermissionDenied => StoreError::SignIn {
            place: String::new(),
            why: "the credentials are not accepted, or may not read here; look at them, and ask the partner whether they \
                  have expired"
                .into(),
        },
        ErrorKind::NotFound => StoreError::NoFolder { place: String::new() },
        ErrorKind::RateLimited => StoreError::unreachable("it asks to be left alone for a while"),
        _ => StoreError::unreachable(match (words.strip_prefix(OURS), error.source()) {
            (Some(words), _) => words.to_owned(),
            (None, Some(cause)) if words == "send http request" || words == "read data from http response" => {
                causes(cause)
            }
            _ => "it answered what was not understood; look at the address".to_owned(),
        }),
    }
}

/// What lies behind an error of the HTTP client, its address left out.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    if words.is_empty() { "the connection failed".into() } else { words.join(": ") }
}

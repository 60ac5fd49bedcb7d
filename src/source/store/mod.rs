//! Folders at a partner's: SFTP servers, object stores and WebDAV servers, listed and fetched from.
//!
//! A kind of server supplies four things, [`Session::list`], [`Session::fetch`], [`Session::rename`] and
//! [`Session::stat`]; which files are taken and when is decided elsewhere. Nothing here waits for another attempt, and no
//! error or log line holds a password, a key or a token.

mod error;
mod objects;
mod sftp;

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::civil::Date;

use super::{
    Extract, fill,
    https::{Tls, timeout},
    listing::{Entry, Selection, Take},
    template,
};
use crate::{
    domain::AgencyId,
    settings::{Secret, Section},
    timetable::Schedule,
};

pub use error::StoreError;
pub use objects::{Azure, Objects, S3, WebDav};
pub use sftp::Sftp;

/// The largest file taken.
pub const MOST_BYTES: u64 = 4 << 30;

/// The most entries that a folder may hold.
pub const MOST_FILES: usize = 10_000;

/// A folder at a partner's.
#[derive(Debug, Clone)]
pub struct Store {
    /// Who is asked.
    pub server: Server,
    /// The folder; `{agency}` is filled in. Empty for the place one arrives at.
    pub path: String,
    /// Which of its files are taken.
    pub selection: Selection,
    /// Where a file is moved once its bytes are safe; it stays where it is without.
    pub move_to: Option<String>,
    /// When it is looked into.
    pub pull: Schedule,
    /// How long the server may be silent.
    pub timeout: Duration,
}

/// The kinds of servers.
#[derive(Debug, Clone)]
pub enum Server {
    /// SSH file transfer.
    Sftp(Sftp),
    /// S3, Azure Blob or WebDAV.
    Objects(Objects),
}

impl Store {
    /// Reads the keys of `kind`: `sftp`, `s3`, `azure-blob` or `webdav`.
    pub(super) fn settle(kind: &str, table: &mut Section<'_>) -> Option<Self> {
        let server = match kind {
            "sftp" => Sftp::settle(table).map(Server::Sftp),
            "s3" => S3::settle(table).map(|s3| Server::Objects(Objects::S3(s3))),
            "azure-blob" => Azure::settle(table).map(|azure| Server::Objects(Objects::Azure(azure))),
            _ => WebDav::settle(table).map(|webdav| Server::Objects(Objects::WebDav(webdav))),
        };
        let path = folder(table, "path");
        let selection = Selection::settle(table, Take::Newest);
        let after = table.one_of_opt("after", &["leave", "move"]);
        let move_to = folder(table, "move_to");
        let pull = table.parsed("pull");
        let timeout = timeout(table);
        match (after, &move_to) {
            (Some("move"), None) => {
                table.refuse("move_to", "the folder that files are moved to", "move_to = \"taken\"");
                return None;
            }
            (None | Some("leave"), Some(_)) => {
                table.refuse("after", "\"move\", or no move_to", "after = \"move\"");
                return None;
            }
            _ => {}
        }
        if move_to.is_some() && move_to == path {
            table.refuse("move_to", "another folder than path", "move_to = \"taken\"");
            return None;
        }
        Some(Self {
            server: server?,
            path: path.unwrap_or_default(),
            selection: selection?,
            move_to,
            pull: pull?,
            timeout: timeout?,
        })
    }

    /// The secrets that the server asks for.
    pub fn secrets(&self) -> Vec<&Secret> {
        match &self.server {
            Server::Sftp(sftp) => sftp.secrets(),
            Server::Objects(objects) => objects.secrets(),
        }
    }

    /// Certificates beside the machine's own, where it speaks TLS.
    pub fn tls(&self) -> Option<&Tls> {
        match &self.server {
            Server::Sftp(_) => None,
            Server::Objects(objects) => Some(objects.tls()),
        }
    }

    /// The host that is asked.
    pub fn host(&self) -> &str {
        match &self.server {
            Server::Sftp(sftp) => &sftp.host,
            Server::Objects(objects) => objects.host(),
        }
    }

    /// Its port, where it speaks SFTP.
    pub fn sftp_port(&self) -> Option<u16> {
        match &self.server {
            Server::Sftp(sftp) => Some(sftp.port),
            Server::Objects(_) => None,
        }
    }

    /// The address of the host that gives it tokens, if one does.
    pub fn token_url(&self) -> Option<&str> {
        match &self.server {
            Server::Sftp(_) => None,
            Server::Objects(objects) => objects.token_url(),
        }
    }

    /// Until when the server's key was agreed, where that was said.
    pub fn agreed_until(&self) -> Option<Date> {
        match &self.server {
            Server::Sftp(sftp) => sftp.host_key_until,
            Server::Objects(_) => None,
        }
    }

    /// The folder of an agency.
    pub fn folder_of(&self, agency: &AgencyId) -> String {
        fill(&self.path, "agency", agency.as_str())
    }

    /// Where an agency's files lie, as people and the ledger name it; it holds no secret.
    pub fn place_of(&self, agency: &AgencyId) -> String {
        let server = match &self.server {
            Server::Sftp(sftp) => sftp.address(),
            Server::Objects(objects) => objects.address(),
        };
        format!("{server}/{}", self.folder_of(agency))
    }

    /// Whether a file that can be seen is complete: an object store shows none before. Others are looked at twice.
    pub fn shows_only_complete_files(&self) -> bool {
        matches!(&self.server, Server::Objects(Objects::S3(_) | Objects::Azure(_)))
    }

    /// What is wrong that the definition alone does not show, such as a host whose key nobody knows.
    pub fn check(&self, home: &Path) -> Result<(), StoreError> {
        match &self.server {
            Server::Sftp(sftp) => sftp.trusted(home).map(drop),
            Server::Objects(_) => Ok(()),
        }
    }

    /// Goes to an agency's folder.
    ///
    /// # Errors
    /// When a secret is not there, the server is not who it should be, does not answer in time, or refuses the sign-in.
    pub async fn open(
        &self,
        agency: &AgencyId,
        home: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Session, StoreError> {
        let (folder, place) = (self.folder_of(agency), self.place_of(agency));
        let move_to = self.move_to.as_deref().map(|to| fill(to, "agency", agency.as_str()));
        let server = match &self.server {
            Server::Sftp(sftp) => Connected::Sftp(sftp.connect(home, environment, self.timeout).await?),
            Server::Objects(objects) => Connected::Objects(objects.connect(environment, self.timeout).await?),
        };
        Ok(Session { server, folder, move_to, place, host: self.host().to_owned(), timeout: self.timeout })
    }
}

/// A folder's name below the server's own root, without a slash at either end.
fn folder(table: &mut Section<'_>, key: &str) -> Option<String> {
    if !table.has(key) {
        return None;
    }
    let text = template(table, key, &["agency"])?;
    let odd = text.split('/').any(|part| part == "." || part == "..") || text.contains('\\') || text.contains("//");
    if odd || text.chars().any(char::is_control) {
        table.refuse(key, "a folder without . and .. in its path", &format!("{key} = \"outgoing/{{agency}}\""));
        return None;
    }
    let absolute = text.starts_with('/');
    let text = text.trim_matches('/');
    Some(if absolute { format!("/{text}") } else { text.to_owned() })
}

/// A folder that was reached.
pub struct Session {
    server: Connected,
    folder: String,
    move_to: Option<String>,
    place: String,
    host: String,
    timeout: Duration,
}

enum Connected {
    Sftp(sftp::Connection),
    Objects(objects::Connection),
}

impl Session {
    /// The files of the folder; links, folders and whatever else it holds are left out.
    ///
    /// # Errors
    /// When there is no such folder, it holds more than is ever looked through, or the server does not answer.
    pub async fn list(&self) -> Result<Vec<Entry>, StoreError> {
        match &self.server {
            Connected::Sftp(server) => server.list(&self.folder).await,
            Connected::Objects(server) => server.list(&self.folder).await,
        }
        .map_err(|error| error.at(&self.place))
    }

    /// The file of that name, if there is one.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn stat(&self, name: &str) -> Result<Option<Entry>, StoreError> {
        match &self.server {
            Connected::Sftp(server) => server.stat(&self.folder, name).await,
            Connected::Objects(server) => server.stat(&self.folder, name).await,
        }
        .map_err(|error| error.at(&self.place))
    }

    /// The versions of a listed file that others have replaced, the newest first; none where the source does not ask for
    /// them.
    ///
    /// # Errors
    /// When the server does not answer, or does not let us.
    pub async fn replaced(&self, entry: &Entry) -> Result<Vec<Entry>, StoreError> {
        match &self.server {
            Connected::Sftp(_) => Ok(Vec::new()),
            Connected::Objects(server) => server.replaced(&self.folder, entry).await,
        }
        .map_err(|error| error.at(&self.place))
    }

    /// The bytes of a file that was listed; many of them lie in a private file in `spool`.
    ///
    /// # Errors
    /// When it is larger than is ever taken, changed since it was listed, or the server broke off.
    pub async fn fetch(&self, entry: &Entry, spool: &Path) -> Result<Extract, StoreError> {
        if entry.size > MOST_BYTES {
            return Err(StoreError::TooLarge { place: self.place.clone(), name: entry.name.clone() });
        }
        // However slowly it comes: a file at this pace would take a day.
        let longest = self.timeout + Duration::from_secs(60 + entry.size / (64 << 10));
        let fetched = async {
            match &self.server {
                Connected::Sftp(server) => server.fetch(&self.folder, entry, spool).await,
                Connected::Objects(server) => server.fetch(&self.folder, entry, spool).await,
            }
        };
        let content = tokio::time::timeout(longest, fetched)
            .await
            .unwrap_or_else(|_| Err(StoreError::unreachable("it came too slowly")))
            .map_err(|error| error.at(&self.place))?;
        if content.length() != entry.size {
            return Err(StoreError::Changed { place: self.place.clone(), name: entry.name.clone() });
        }
        Ok(Extract::of_bytes(content, entry.name.clone(), self.host.clone()))
    }

    /// Moves a file of the folder to `move_to`, under another name.
    ///
    /// # Errors
    /// When the server does not let us, or does not answer.
    pub async fn rename(&self, entry: &Entry, to: &str) -> Result<(), StoreError> {
        let Some(move_to) = &self.move_to else { return Ok(()) };
        match &self.server {
            Connected::Sftp(server) => server.rename(&self.folder, entry, move_to, to).await,
            Connected::Objects(server) => server.rename(&self.folder, entry, move_to, to).await,
        }
        .map_err(|error| error.at(&self.place))
    }
}

/// A name in a folder, as servers are asked for it.
fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        "/" => format!("/{name}"),
        folder => format!("{folder}/{name}"),
    }
}

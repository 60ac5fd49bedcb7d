//! Wrappings around an extract are taken off: age, OpenPGP, a workbook's password, zip, gzip, zstd, in any order.
//!
//! Which they are is seen from the bytes, never from a name. All of it is done in a worker, the opening of locks too: a
//! hostile archive, an overlong key derivation or a decoder written in C ends with its process. The keys reach it in the
//! sealed request and nowhere else. What comes out goes on piece by piece, a large file to a private one without a name:
//! names inside an archive are labels.

mod archive;
mod keys;
mod layers;
mod locks;
mod pattern;
mod refusal;
mod sniff;

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::DecodeError;
use crate::content::{Content, Spool};
use crate::worker::{Frame, Input, Job, Kind, Launcher, Limits, Output};

pub use keys::Keys;
pub use pattern::{NotAPattern, Pattern};
pub use refusal::{Lock, Refusal};

/// Which files of an archive are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Members {
    /// The only one there is.
    #[default]
    Only,
    /// The one whose name fits.
    One(Pattern),
    /// Every one whose name fits any of these: a table each.
    Each(Vec<Pattern>),
}

/// What came out of the wrappings.
#[derive(Debug, Clone, Default)]
pub struct Unwrapped {
    /// The files, with their names in their archive; none for a file that was in none.
    pub files: Vec<(Option<String>, Content)>,
    /// Names of files that were passed over.
    pub ignored: Vec<String>,
    /// What lies in those of them that could be unpacked, where that was asked for.
    pub beside: Vec<Content>,
    /// Why none of them is taken for what was wanted, where the rest was asked for too: then nothing of it is read.
    pub refused: Option<Refusal>,
}

impl Members {
    fn patterns(&self) -> Vec<&str> {
        match self {
            Self::Only => Vec::new(),
            Self::One(pattern) => vec![pattern.as_str()],
            Self::Each(patterns) => patterns.iter().map(Pattern::as_str).collect(),
        }
    }
}

/// Whether a whole file is wrapped in anything.
pub fn is_wrapped(file: &[u8]) -> bool {
    match sniff::wrapping(file) {
        Some(sniff::Wrapping::Container) => sniff::is_protected_workbook(file),
        other => other.is_some(),
    }
}

/// Whether a file may be wrapped in anything, by its [first bytes](super::HEAD).
pub fn may_be_wrapped(head: &[u8]) -> bool {
    sniff::wrapping(head).is_some()
}

/// Takes the wrappings off, within `limits`; what has none comes back as it is. Large files come to lie in `folder`.
///
/// # Errors
/// What keeps it shut, or what is wrong with it; in words for its sender.
pub async fn unwrap(
    extract: impl Into<Content>,
    members: &Members,
    keys: &Keys,
    worker: &Launcher,
    limits: Limits,
    folder: &Path,
) -> Result<Unwrapped, DecodeError> {
    taken_off(extract.into(), members, false, keys, worker, limits, folder).await
}

/// As [`unwrap`], and with what lies in the files of an archive that are not wanted.
///
/// # Errors
/// As [`unwrap`]; a file that is not wanted and cannot be unpacked is none, and an archive without what is wanted is told
/// in [`Unwrapped::refused`].
pub async fn unwrap_all(
    extract: impl Into<Content>,
    members: &Members,
    keys: &Keys,
    worker: &Launcher,
    limits: Limits,
    folder: &Path,
) -> Result<Unwrapped, DecodeError> {
    taken_off(extract.into(), members, true, keys, worker, limits, folder).await
}

async fn taken_off(
    extract: Content,
    members: &Members,
    all: bool,
    keys: &Keys,
    worker: &Launcher,
    limits: Limits,
    folder: &Path,
) -> Result<Unwrapped, DecodeError> {
    if !may_be_wrapped(&extract.head(super::HEAD)?) {
        return Ok(Unwrapped { files: vec![(None, extract)], ..Unwrapped::default() });
    }
    if extract.length() > layers::WHOLE {
        return Err(DecodeError::TooLarge(layers::WHOLE));
    }
    let request = json!({
        "members": members.patterns(),
        "single": !matches!(members, Members::Each(_)),
        "all": all,
        "keys": keys.exposed(),
        "allowed": limits.decoded_bytes,
        "deeper": layers::DEPTH,
    });
    let job = Job { kind: Kind::Unwrap, request: &request, input: Input::Content(&extract), limits, readable: &[] };
    let mut files = Files { folder, all, open: None, unwrapped: Unwrapped::default() };
    worker.run_each(job, |frame| files.take(frame)).await?;
    files.close()?;
    Ok(files.unwrapped)
}

/// The worker's side.
pub(super) fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let request: layers::Request = serde_json::from_value(request).map_err(|error| error.to_string())?;
    let answer = match layers::unwrap(&request, input, output) {
        Ok(ignored) => json!({ "ignored": ignored }),
        Err(error) => json!({ "refused": error.downcast::<Refusal>().map_err(|error| error.to_string())? }),
    };
    output.json(&answer).map_err(|error| error.to_string())
}

/// A file that is coming.
struct Open {
    name: Option<String>,
    is_wanted: bool,
    spool: Spool,
}

/// The files as they come.
struct Files<'a> {
    folder: &'a Path,
    /// Whether what is not wanted comes too.
    all: bool,
    open: Option<Open>,
    unwrapped: Unwrapped,
}

impl Files<'_> {
    fn take(&mut self, frame: Frame) -> Result<(), DecodeError> {
        let wire = |what| DecodeError::Wire(what);
        let mut said = match (frame, &mut self.open) {
            (Frame::Json(said), _) => said,
            (Frame::Bytes(bytes), Some(open)) => return Ok(open.spool.write_all(&bytes)?),
            (Frame::Bytes(_), None) => return Err(wire("bytes without a name")),
        };
        self.close()?;
        if let Some(refused) = said.get_mut("refused") {
            let refusal: Refusal = serde_json::from_value(refused.take()).map_err(|_| wire("refused"))?;
            if self.all && matches!(refusal, Refusal::Members { .. }) {
                self.unwrapped.refused = Some(refusal);
                return Ok(());
            }
            return Err(refusal.into());
        }
        if let Some(ignored) = said.get_mut("ignored") {
            self.unwrapped.ignored = serde_json::from_value(ignored.take()).map_err(|_| wire("ignored"))?;
            return Ok(());
        }
        let name = serde_json::from_value(said["file"].take()).map_err(|_| wire("no name"))?;
        let is_wanted = !said["beside"].as_bool().unwrap_or(false);
        self.open = Some(Open { name, is_wanted, spool: Spool::new(self.folder) });
        Ok(())
    }

    fn close(&mut self) -> Result<(), DecodeError> {
        if let Some(Open { name, is_wanted, spool }) = self.open.take() {
            let content = spool.finish()?;
            match is_wanted {
                true => self.unwrapped.files.push((name, content)),
                false => self.unwrapped.beside.push(content),
            }
        }
        Ok(())
    }
}

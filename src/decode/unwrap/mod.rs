//! Wrappings around an extract are taken off: age, OpenPGP, a workbook's password, zip, gzip, zstd, in any order.
//!
//! Which they are is seen from the bytes, never from a name. All of it is done in a worker, the opening of locks too: a
//! hostile archive, an overlong key derivation or a decoder written in C ends with its process. The keys reach it in the
//! sealed request and nowhere else. Nothing is written to a disk: names inside an archive are labels.

mod archive;
mod keys;
mod layers;
mod locks;
mod pattern;
mod refusal;
mod sniff;

use crate::content::Content;
use serde_json::{Value, json};

use super::DecodeError;
use crate::worker::{Frame, Job, Kind, Launcher, Limits, Output};

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
#[derive(Debug, Clone)]
pub struct Unwrapped {
    /// The files, with their names in their archive; none for a file that was in none.
    pub files: Vec<(Option<String>, Content)>,
    /// Names of files that were passed over.
    pub ignored: Vec<String>,
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

/// Whether an extract is wrapped in anything.
pub fn is_wrapped(extract: &[u8]) -> bool {
    sniff::wrapping(extract).is_some()
}

/// Takes the wrappings off, within `limits`; what has none comes back as it is.
///
/// # Errors
/// What keeps it shut, or what is wrong with it; in words for its sender.
pub async fn unwrap(
    extract: impl Into<Content>,
    members: &Members,
    keys: &Keys,
    worker: &Launcher,
    limits: Limits,
) -> Result<Unwrapped, DecodeError> {
    let extract = extract.into();
    if !is_wrapped(&extract.head(super::HEAD)?) {
        return Ok(Unwrapped { files: vec![(None, extract)], ignored: Vec::new() });
    }
    let extract = super::whole(&extract, limits.decoded_bytes)?;
    let request = json!({
        "members": members.patterns(),
        "single": !matches!(members, Members::Each(_)),
        "keys": keys.exposed(),
        "allowed": limits.decoded_bytes,
        "deeper": layers::DEPTH,
    });
    let job = Job { kind: Kind::Unwrap, request: &request, input: Some(&extract), limits, readable: &[] };
    read(worker.run(job).await?)
}

/// The worker's side.
pub(super) fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let request: layers::Request = serde_json::from_value(request).map_err(|error| error.to_string())?;
    let answer = match layers::unwrap(&request, input) {
        Ok((files, ignored)) => {
            for (name, bytes) in files {
                output.json(&json!({ "file": name })).map_err(|error| error.to_string())?;
                output.bytes(&bytes).map_err(|error| error.to_string())?;
            }
            json!({ "ignored": ignored })
        }
        Err(refusal) => json!({ "refused": refusal }),
    };
    output.json(&answer).map_err(|error| error.to_string())
}

fn read(frames: Vec<Frame>) -> Result<Unwrapped, DecodeError> {
    let wire = |what| DecodeError::Wire(what);
    let mut unwrapped = Unwrapped { files: Vec::new(), ignored: Vec::new() };
    let mut frames = frames.into_iter();
    while let Some(frame) = frames.next() {
        let Frame::Json(mut said) = frame else { return Err(wire("bytes without a name")) };
        if let Some(refused) = said.get_mut("refused") {
            let refusal: Refusal = serde_json::from_value(refused.take()).map_err(|_| wire("refused"))?;
            return Err(refusal.into());
        }
        if let Some(ignored) = said.get_mut("ignored") {
            unwrapped.ignored = serde_json::from_value(ignored.take()).map_err(|_| wire("ignored"))?;
            continue;
        }
        let name = serde_json::from_value(said["file"].take()).map_err(|_| wire("no name"))?;
        let Some(Frame::Bytes(bytes)) = frames.next() else { return Err(wire("a name without bytes")) };
        unwrapped.files.push((name, bytes.into()));
    }
    Ok(unwrapped)
}

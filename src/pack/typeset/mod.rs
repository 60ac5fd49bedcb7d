//! From a manuscript to a PDF, in a worker.
//!
//! A manuscript is a closed set of files: templates, data, charts, fonts. Nothing else reaches the page, neither the
//! clock nor a package, so the same manuscript and the same engine give the same bytes. Knows nothing of what the pages
//! say.

mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PackError;
pub(super) use world::slips;

use crate::worker::{self, Frame, Input, Job, Kind, Launcher, Limits, Output, WorkerError};

/// The template that a manuscript starts from.
pub const MAIN: &str = "pack.typ";

/// Files from which pages are set, by their path: `pack.typ`, `data.json`, `charts/…svg`, `fonts/…otf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manuscript {
    /// What the templates know as today.
    pub today: Date,
    /// Tells the document from every other for good; only its hash stands in the PDF.
    pub identity: String,
    /// The files.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What the typesetter made of a manuscript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typeset {
    /// The document: PDF 1.7, tagged, PDF/UA-1.
    pub pdf: Vec<u8>,
    /// Its pages.
    pub pages: usize,
    /// What the typesetter would have its author look at, each with file and line.
    pub warnings: Vec<String>,
}

/// What a worker is asked for; the files follow each other in its input.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    today: Date,
    identity: String,
    files: Vec<(String, usize)>,
}

/// The head of a worker's answer; the PDF follows.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    pages: usize,
    warnings: Vec<String>,
}

/// Which program set the pages. The same manuscript set by the same engine gives the same bytes.
pub fn engine() -> String {
    format!("quarterday {} with typst {}", env!("CARGO_PKG_VERSION"), world::version())
}

/// Sets a manuscript in a worker of its own.
///
/// # Errors
/// When a template is wrong (file, line and reason), or the worker gave no answer.
pub async fn typeset(launcher: &Launcher, manuscript: &Manuscript) -> Result<Typeset, PackError> {
    let order = Order {
        today: manuscript.today,
        identity: manuscript.identity.clone(),
        files: manuscript.files.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect(),
    };
    let request = serde_json::to_value(&order).map_err(PackError::Data)?;
    let input = manuscript.files.values().flatten().copied().collect::<Vec<u8>>();
    let limits = Limits { wall: Duration::from_secs(180), decoded_bytes: 64 << 20, ..Limits::default() };
    let job = Job { kind: Kind::Typst, request: &request, input: Input::Bytes(&input), limits, readable: &[] };
    let frames = launcher.run(job).await.map_err(|error| match error {
        WorkerError::Failed { message, .. } => PackError::Template { message },
        error => PackError::Worker(error),
    })?;
    let Ok([Frame::Json(receipt), Frame::Bytes(pdf)]) = <[Frame; 2]>::try_from(frames) else {
        let what = "not a receipt and a document".to_owned();
        return Err(PackError::Worker(WorkerError::Protocol { kind: Kind::Typst, what }));
    };
    let receipt: Receipt = serde_json::from_value(receipt).map_err(PackError::Data)?;
    Ok(Typeset { pdf, pages: receipt.pages, warnings: receipt.warnings })
}

/// The child's side of [`typeset`].
pub fn serve_typst() -> ExitCode {
    worker::serve(Kind::Typst, handle)
}

fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let order: Order = serde_json::from_value(request).map_err(|error| error.to_string())?;
    let typeset = set(unpack(order, &input)?)?;
    let receipt = Receipt { pages: typeset.pages, warnings: typeset.warnings };
    let receipt = serde_json::to_value(&receipt).map_err(|error| error.to_string())?;
    output.json(&receipt).map_err(|error| error.to_string())?;
    output.bytes(&typeset.pdf).map_err(|error| error.to_string())
}

fn unpack(order: Order, mut input: &[u8]) -> Result<Manuscript, String> {
    let mut files = BTreeMap::new();
    for (name, length) in order.files {
        let (file, rest) = input.split_at_checked(length).ok_or_else(|| format!("{name} is cut short"))?;
        files.insert(name, file.to_vec());
        input = rest;
    }
    Ok(Manuscript { today: order.today, identity: order.identity, files })
}

/// Sets a manuscript in this process, on a thread with room for deeply nested templates.
///
/// # Errors
/// What is wrong with the templates, one problem a line, each with its file and line.
pub(super) fn set(manuscript: Manuscript) -> Result<Typeset, String> {
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(move || world::set(&manuscript));
    let set = thread.map_err(|error| error.to_string())?.join();
    set.map_err(|_| "the typesetter panicked; report it with this pack's templates".to_owned())?
}

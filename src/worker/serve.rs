//! The child's side: shut in first, then read, work, answer.
//!
//! Knows nothing of what the handler does; a handler that panics, aborts or overflows its stack takes only this
//! process with it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Stdout, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::confine::confine;
use super::{Kind, Limits, frames};

/// What the parent says before anything foreign is read.
#[derive(Serialize, Deserialize)]
pub(super) struct Start {
    pub kind: Kind,
    pub build: String,
    pub parent: i32,
    pub limits: Limits,
    pub readable: Vec<PathBuf>,
}

/// What the child answers once it is shut in.
#[derive(Serialize, Deserialize)]
pub(super) struct Hello {
    pub build: String,
    pub landlocked: bool,
}

/// Tells one build of the program from another: version, and identity, size and time of the file.
pub(super) fn build_of(program: &Path) -> io::Result<String> {
    let file = std::fs::metadata(program)?;
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!("{version}-{:x}-{:x}-{:x}.{:x}", file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
}

/// Where a handler puts its answer, frame by frame.
pub struct Output {
    pipe: BufWriter<Stdout>,
}

impl Output {
    /// Appends a JSON frame.
    ///
    /// # Errors
    /// When the parent no longer listens.
    pub fn json(&mut self, value: &Value) -> io::Result<()> {
        frames::write(&mut self.pipe, frames::JSON, value.to_string().as_bytes())
    }

    /// Appends a frame of bytes.
    ///
    /// # Errors
    /// When the parent no longer listens.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        frames::write(&mut self.pipe, frames::BYTES, bytes)
    }
}

/// Serves one job of `kind` and returns the exit code of the process. Call it at the top of `main`, before a runtime or
/// any other thread exists. The handler gets the request, the input (empty if the job has none) and the answer to fill;
/// its error becomes [`WorkerError::Failed`](super::WorkerError::Failed) word for word.
pub fn serve<E: std::fmt::Display>(
    kind: Kind,
    handler: impl FnOnce(Value, Vec<u8>, &mut Output) -> Result<(), E>,
) -> ExitCode {
    match attempt(kind, handler) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is where the parent looks when the answer breaks off.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn attempt<E: std::fmt::Display>(
    kind: Kind,
    handler: impl FnOnce(Value, Vec<u8>, &mut Output) -> Result<(), E>,
) -> io::Result<()> {
    // The descriptor itself, not std's buffer: what follows the two frames is the input.
    let mut input = File::from(rustix::io::dup(io::stdin())?);
    let start: Start = serde_json::from_slice(&frames::read(&mut input, frames::START)?)?;
    if start.kind != kind {
        return Err(io::Error::other(format!("asked to be a {} worker, started as {kind}", start.kind)));
    }
    let build = build_of(Path::new("/proc/self/exe"))?;
    let same = build == start.build;
    let landlocked = confine(&start.limits, &start.readable, start.parent).map_err(io::Error::other)?;

    let mut output = Output { pipe: BufWriter::new(io::stdout()) };
    frames::write(&mut output.pipe, frames::HELLO, &serde_json::to_vec(&Hello { build, landlocked })?)?;
    if !same {
        return output.pipe.flush();
    }
    let request: Value = serde_json::from_slice(&frames::read(&mut input, frames::REQUEST)?)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    match handler(request, bytes, &mut output) {
        Ok(()) => frames::write(&mut output.pipe, frames::DONE, &[])?,
        Err(error) => frames::write(&mut output.pipe, frames::FAILED, error.to_string().as_bytes())?,
    }
    output.pipe.flush()
}

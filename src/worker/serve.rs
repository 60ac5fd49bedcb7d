//! The child's side: shut in first, then read, work, answer.
//!
//! Knows nothing of what the handler does; a handler that panics, aborts or overflows its stack takes only this
//! process with it. What a panic says may hold a cell's text: only its place in the program leaves here.

use std::fs::File;
use std::io::{self, BufWriter, Read, Stdout, Write};
use std::os::unix::fs::MetadataExt;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::confine::confine;
use super::{Kind, Limits, frames};

/// What Rust's allocation error handler says before it aborts, and the loader or a thread that gets no stack.
pub(super) const STARVED: [&str; 3] = ["memory allocation of", "Cannot allocate memory", "failed to allocate"];

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
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(io::stderr(), "{}", last_words(panic));
    }));
    match attempt(kind, handler) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is where the parent looks when the answer breaks off.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// What may be told of a panic: where, whether memory was short, and nothing else.
fn last_words(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", source(at.file()), at.line()));
    let said = panic.payload_as_str().unwrap_or_default();
    let starved = STARVED.iter().find(|words| said.contains(**words));
    format!("it panicked{place}{}", starved.map_or_else(String::new, |words| format!(" ({words})")))
}

/// A source file as its crate knows it, whatever machine the program was made on.
fn source(file: &str) -> &str {
    let Some(inside) = file.rfind("/src/") else { return file };
    file[..inside].rfind('/').map_or(file, |before| &file[before + 1..])
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

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn a_source_file_is_named_without_the_folders_of_the_machine() {
        let far = "/home/somebody/.cargo/registry/src/index.crates.io-1949/calamine-0.38.0/src/xlsb/mod.rs";
        assert_eq!(source(far), "calamine-0.38.0/src/xlsb/mod.rs");
        assert_eq!(source("src/worker/probe.rs"), "src/worker/probe.rs");
    }
}

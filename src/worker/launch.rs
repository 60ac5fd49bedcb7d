//! The parent's side: start a worker, hand it the job, collect the answer within the limits.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{MemfdFlags, SealFlags};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use super::serve::{Hello, STARVED, Start, build_of};
use super::{Frame, Kind, Limits, WorkerError, frames};
use crate::content::Content;

/// How much of a dead worker's standard error is kept, in bytes.
const STDERR_KEPT: usize = 4096;

/// Foreign bytes for a worker.
#[derive(Clone, Copy, Default)]
pub enum Input<'a> {
    #[default]
    Nothing,
    Bytes(&'a [u8]),
    /// Bytes that may lie in a file: they are copied piece by piece.
    Content(&'a Content),
}

/// One piece of work for a worker.
pub struct Job<'a> {
    pub kind: Kind,
    /// What to do, for the handler.
    pub request: &'a Value,
    /// What to do it to.
    pub input: Input<'a>,
    pub limits: Limits,
    /// Files and folders the worker may read; it can open nothing else.
    pub readable: &'a [PathBuf],
}

/// Starts workers from one program file.
#[derive(Debug)]
pub struct Launcher {
    exe: PathBuf,
    build: String,
    warned: AtomicBool,
}

impl Launcher {
    /// Workers of the running program itself, also when its file has been replaced since.
    ///
    /// # Errors
    /// When `/proc` is not mounted.
    pub fn current() -> io::Result<Self> {
        Self::of(Path::new("/proc/self/exe"))
    }

    /// Workers of the program at `exe`, as tests need.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn of(exe: &Path) -> io::Result<Self> {
        Ok(Self { exe: exe.to_owned(), build: build_of(exe)?, warned: AtomicBool::new(false) })
    }

    /// Runs one job in a worker of its own and returns the frames of its answer, in order. Dropping the future kills
    /// the worker.
    ///
    /// # Errors
    /// See [`WorkerError`]; whatever the worker did, this process goes on.
    pub async fn run(&self, job: Job<'_>) -> Result<Vec<Frame>, WorkerError> {
        let mut frames = Vec::new();
        let keep = |frame| -> Result<(), WorkerError> {
            frames.push(frame);
            Ok(())
        };
        self.run_each(job, keep).await?;
        Ok(frames)
    }

    /// Runs one job, and gives each frame of its answer to `each` as it comes; after an error of `each` no more. What
    /// was given is worth something only if all went well.
    ///
    /// # Errors
    /// That of `each`, or as [`run`](Self::run).
    pub async fn run_each<E: From<WorkerError> + Send>(
        &self,
        job: Job<'_>,
        mut each: impl FnMut(Frame) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut refused = None;
        let mut hear = |frame| each(frame).map_err(|error| refused = Some(error)).is_ok();
        let done = self.attend(job, &mut hear).await;
        match refused {
            Some(error) => Err(error),
            None => Ok(done?),
        }
    }

    /// Runs one job, and hears its answer until `hear` has heard enough.
    async fn attend(&self, job: Job<'_>, hear: &mut (dyn FnMut(Frame) -> bool + Send)) -> Result<(), WorkerError> {
        let kind = job.kind;
        let spawn = |source| WorkerError::Spawn { kind, source };
        let mut child = self.spawn(&job).map_err(spawn)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(spawn(io::Error::other("no pipes")));
        };
        let finished = tokio::time::timeout(job.limits.wall, async {
            let answer = async {
                let answer = self.answer(kind, job.limits, BufReader::new(stdout), hear).await;
                if matches!(answer, Ok(false) | Err(WorkerError::TooLarge { .. } | WorkerError::Build { .. })) {
                    // It may still be writing; nobody will read it.
                    let _ = child.start_kill();
                }
                answer
            };
            let (answer, stderr) = tokio::join!(answer, tail(stderr));
            (answer, stderr, child.wait().await)
        })
        .await;
        let Ok((answer, stderr, status)) = finished else {
            kill(&mut child).await;
            return Err(WorkerError::Timeout { kind, wall: job.limits.wall });
        };
        match answer {
            Ok(_) => Ok(()),
            // The stream broke off: the exit status says why, if the worker died.
            Err(WorkerError::Protocol { kind, what }) => match status {
                Ok(status) if !status.success() => Err(cause_of_death(kind, status, &stderr, job.limits)),
                _ => Err(WorkerError::Protocol { kind, what }),
            },
            Err(error) => Err(error),
        }
    }

    /// What would be made of a worker that says this.
    #[cfg(fuzzing)]
    pub async fn hear(&self, answer: &[u8]) -> Result<Vec<Frame>, WorkerError> {
        let mut frames = Vec::new();
        let mut hear = |frame| {
            frames.push(frame);
            true
        };
        self.answer(Kind::Workbook, Limits::default(), answer, &mut hear).await?;
        Ok(frames)
    }

    fn spawn(&self, job: &Job<'_>) -> io::Result<Child> {
        let start = Start {
            kind: job.kind,
            build: self.build.clone(),
            parent: rustix::process::getpid().as_raw_nonzero().get(),
            limits: job.limits,
            readable: job.readable.to_vec(),
        };
        Command::new(&self.exe)
            .arg0("quarterday")
            .args(["worker", job.kind.as_str()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(sealed(&start, job)?))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    /// Hears an answer to its end; false if `hear` had heard enough before.
    async fn answer(
        &self,
        kind: Kind,
        limits: Limits,
        mut pipe: impl AsyncRead + Unpin,
        hear: &mut (dyn FnMut(Frame) -> bool + Send),
    ) -> Result<bool, WorkerError> {
        let protocol = |what: String| WorkerError::Protocol { kind, what };
        let mut left = limits.decoded_bytes;
        loop {
            let mut header = [0; frames::HEADER];
            pipe.read_exact(&mut header).await.map_err(|error| protocol(error.to_string()))?;
            let (tag, length) = frames::parse_header(header);
            left = left.checked_sub(length).ok_or(WorkerError::TooLarge { kind, limit_bytes: limits.decoded_bytes })?;
            let mut payload = Vec::new();
            (&mut pipe).take(length).read_to_end(&mut payload).await.map_err(|error| protocol(error.to_string()))?;
            if payload.len() as u64 != length {
                return Err(protocol("a frame was cut short".to_owned()));
            }
            let frame = match tag {
                frames::HELLO => {
                    self.greet(kind, &payload)?;
                    continue;
                }
                frames::JSON => {
                    Frame::Json(serde_json::from_slice(&payload).map_err(|error| protocol(error.to_string()))?)
                }
                frames::BYTES => Frame::Bytes(payload),
                frames::FAILED => {
                    let message = String::from_utf8_lossy(&payload).into_owned();
                    return Err(WorkerError::Failed { kind, message });
                }
                frames::DONE => return Ok(true),
                other => return Err(protocol(format!("a frame of unknown kind {other}"))),
            };
            if !hear(frame) {
                return Ok(false);
            }
        }
    }

    fn greet(&self, kind: Kind, payload: &[u8]) -> Result<(), WorkerError> {
        let hello: Hello =
            serde_json::from_slice(payload).map_err(|error| WorkerError::Protocol { kind, what: error.to_string() })?;
        if hello.build != self.build {
            return Err(WorkerError::Build { kind });
        }
        if !hello.landlocked && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!("this kernel has no Landlock: workers are held by seccomp and limits alone");
        }
        Ok(())
    }
}

/// Start, request and input as one read-only memory file, the worker's standard input.
fn sealed(start: &Start, job: &Job<'_>) -> io::Result<File> {
    let mut file =
        File::from(rustix::fs::memfd_create("quarterday-input", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    frames::write(&mut file, frames::START, &serde_json::to_vec(start)?)?;
    frames::write(&mut file, frames::REQUEST, &serde_json::to_vec(job.request)?)?;
    match job.input {
        Input::Nothing => {}
        Input::Bytes(bytes) => file.write_all(bytes)?,
        Input::Content(content) => {
            io::copy(&mut content.reader()?, &mut file)?;
        }
    }
    file.seek(SeekFrom::Start(0))?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    Ok(file)
}

/// The last of what a worker said on standard error. Reads to the end, so that the worker never blocks on it.
async fn tail(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0; STDERR_KEPT];
    while let Ok(read) = pipe.read(&mut chunk).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..read]);
        if kept.len() > STDERR_KEPT {
            kept.drain(..kept.len() - STDERR_KEPT);
        }
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

async fn kill(child: &mut Child) {
    // Already dead is as good.
    let _ = child.kill().await;
}

fn cause_of_death(kind: Kind, status: ExitStatus, stderr: &str, limits: Limits) -> WorkerError {
    if STARVED.iter().any(|words| stderr.contains(words)) {
        return WorkerError::OutOfMemory { kind, limit_bytes: limits.memory_bytes };
    }
    let how = match status.signal() {
        Some(libc::SIGXCPU) => return WorkerError::Timeout { kind, wall: limits.wall },
        Some(libc::SIGSEGV) => "it overflowed its stack or touched foreign memory".to_owned(),
        Some(libc::SIGABRT) => "it aborted".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => format!("exit code {}", status.code().unwrap_or(-1)),
    };
    WorkerError::Died { kind, how, stderr: stderr.to_owned() }
}

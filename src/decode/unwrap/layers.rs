//! One wrapping after the other, until a file is itself; its bytes go on as they come.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::json;

use super::archive::{self, Found};
use super::keys::Told;
use super::locks;
use super::refusal::Refusal;
use super::sniff::{Wrapping, is_protected_workbook, wrapping};
use crate::worker::Output;

/// How often a file may be wrapped.
pub(super) const DEPTH: usize = 3;

/// Bytes that a wrapping may have which cannot be taken off as its bytes come: an archive, a locked file.
pub(super) const WHOLE: u64 = 512 << 20;

/// How many times larger than its archive a file may be, once it is larger than [`SMALL`]; deflate itself ends at 1032,
/// and the most repetitive table of figures stays well below a hundred.
const RATIO: u64 = 200;

/// Up to how many bytes nobody minds how well a file was packed.
const SMALL: u64 = 64 << 20;

/// The window that zstd may ask memory for, as a power of two: 128 MiB, what its own tool takes.
const ZSTD_WINDOW: u32 = 27;

/// How many bytes of a file go on together.
const PIECE: usize = 1 << 18;

/// What the worker is asked.
#[derive(Deserialize)]
pub(super) struct Request {
    /// Which files of an archive; empty for the only one.
    pub members: Vec<String>,
    /// Whether there must be one.
    pub single: bool,
    /// Whether what lies in the files that are not wanted is given too.
    #[serde(default)]
    pub all: bool,
    pub keys: Told,
    /// Bytes that all files together may have.
    pub allowed: u64,
    /// How many wrappings there may still be.
    pub deeper: usize,
}

/// What a wrapping holds: all of it, or its bytes as they come.
enum Inside<'a> {
    Whole(Vec<u8>),
    Stream(Box<dyn Read + 'a>),
}

/// Takes every wrapping off, and gives each file in turn; answers with the names of those passed over.
///
/// # Errors
/// A [`Refusal`], or what stands between us and who is told.
pub(super) fn unwrap(request: &Request, input: Vec<u8>, output: &mut Output) -> io::Result<Vec<String>> {
    let mut peeling = Peeling { request, left: request.allowed, ignored: Vec::new(), is_beside: false, output };
    peeling.peel(None, Inside::Whole(input), request.deeper)?;
    Ok(peeling.ignored)
}

struct Peeling<'a> {
    request: &'a Request,
    /// Bytes that may still be given.
    left: u64,
    ignored: Vec<String>,
    /// Whether what is taken off now was not wanted.
    is_beside: bool,
    output: &'a mut Output,
}

impl Peeling<'_> {
    fn peel(&mut self, name: Option<String>, inside: Inside<'_>, deeper: usize) -> io::Result<()> {
        let (kind, inside) = inside.seen()?;
        let Some(kind) = kind else { return self.give(name, inside) };
        if kind == Wrapping::Container {
            let bytes = inside.whole()?;
            if !is_protected_workbook(&bytes) {
                return self.give(name, Inside::Whole(bytes));
            }
            less(deeper)?;
            return self.give(name, Inside::Whole(locks::workbook(&self.request.keys, &bytes)?));
        }
        let deeper = less(deeper)?;
        let allowed = self.request.allowed;
        let layer =
            |from, packed| Inside::Stream(Box::new(Layer { from, what: kind.name(), packed, given: 0, allowed }));
        match kind {
            Wrapping::Zip => self.archive(name, inside.whole()?, deeper),
            Wrapping::Gzip => {
                let (packed, from) = inside.counted();
                self.peel(name, layer(Box::new(MultiGzDecoder::new(from)), packed), deeper)
            }
            Wrapping::Zstd => {
                let (packed, from) = inside.counted();
                let damaged = |error: io::Error| damaged(kind.name(), error);
                let mut decoder = zstd::stream::read::Decoder::new(from).map_err(damaged)?;
                decoder.window_log_max(ZSTD_WINDOW).map_err(damaged)?;
                self.peel(name, layer(Box::new(decoder), packed), deeper)
            }
            Wrapping::Age | Wrapping::AgeArmor => {
                let bytes = inside.whole()?;
                let plain = locks::age(&self.request.keys, &bytes)?;
                self.peel(name, layer(plain, any()), deeper)
            }
            Wrapping::OpenPgp | Wrapping::OpenPgpArmor => {
                let plain = locks::openpgp(&self.request.keys, inside.whole()?, kind)?;
                self.peel(name, layer(plain, any()), deeper)
            }
            Wrapping::Container => unreachable!("seen above"),
        }
    }

    /// The files of an archive; an archive that is a workbook is one file.
    fn archive(&mut self, name: Option<String>, bytes: Vec<u8>, deeper: usize) -> io::Result<()> {
        let mut zip = archive::open(&bytes)?;
        let (chosen, refusal) = match self.is_beside {
            true => (archive::all(&mut zip, &mut self.ignored)?, None),
            false => match archive::wanted(self.request, &mut zip, &mut self.ignored) {
                Err(refusal @ Refusal::Members { .. }) if self.request.all => {
                    (archive::all(&mut zip, &mut self.ignored)?, Some(refusal))
                }
                wanted => (wanted?, None),
            },
        };
        let Some((wanted, others)) = chosen else {
            drop(zip);
            return self.give(name, Inside::Whole(bytes));
        };
        for file in wanted {
            self.file(&mut zip, file, deeper)?;
        }
        if self.request.all {
            let was_beside = std::mem::replace(&mut self.is_beside, true);
            for file in others {
                match self.file(&mut zip, file, deeper) {
                    // One that cannot be unpacked stays a name among those passed over.
                    Err(error) if !error.get_ref().is_some_and(|inner| inner.is::<Refusal>()) => return Err(error),
                    _ => {}
                }
            }
            self.is_beside = was_beside;
        }
        refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    fn file(&mut self, zip: &mut archive::Zip<'_>, file: archive::Entry, deeper: usize) -> io::Result<()> {
        let (name, allowed) = (Some(file.label.clone()), self.request.allowed);
        match archive::file(&self.request.keys, zip, file)? {
            Found::Open(from, packed) => {
                let packed = Rc::new(Cell::new(packed));
                let layer = Layer { from, what: Wrapping::Zip.name(), packed, given: 0, allowed };
                self.peel(name, Inside::Stream(Box::new(layer)), deeper)
            }
            Found::Unlocked(bytes) => self.peel(name, Inside::Whole(bytes), deeper),
        }
    }

    fn give(&mut self, name: Option<String>, inside: Inside<'_>) -> io::Result<()> {
        self.output.json(&json!({ "file": name, "beside": self.is_beside }))?;
        match inside {
            Inside::Whole(bytes) => bytes.chunks(PIECE).try_for_each(|piece| self.piece(piece)),
            Inside::Stream(mut from) => {
                let mut piece = vec![0; PIECE];
                loop {
                    match from.read(&mut piece)? {
                        0 => return Ok(()),
                        read => self.piece(&piece[..read])?,
                    }
                }
            }
        }
    }

    fn piece(&mut self, piece: &[u8]) -> io::Result<()> {
        let left = self.left.checked_sub(piece.len() as u64);
        self.left = left.ok_or(Refusal::TooLarge(self.request.allowed))?;
        self.output.bytes(piece)
    }
}

impl<'a> Inside<'a> {
    /// What its first bytes say it is wrapped in, and all of it.
    fn seen(self) -> io::Result<(Option<Wrapping>, Self)> {
        match self {
            Self::Whole(bytes) => Ok((wrapping(&bytes), Self::Whole(bytes))),
            Self::Stream(mut from) => {
                let mut head = Vec::new();
                (&mut from).take(crate::decode::HEAD as u64).read_to_end(&mut head)?;
                Ok((wrapping(&head), Self::Stream(Box::new(Cursor::new(head).chain(from)))))
            }
        }
    }

    fn whole(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::Stream(from) => limited(from, WHOLE),
        }
    }

    /// A reader, and how many bytes it has given or, where that is known, will give.
    fn counted(self) -> (Rc<Cell<u64>>, Box<dyn Read + 'a>) {
        match self {
            Self::Whole(bytes) => (Rc::new(Cell::new(bytes.len() as u64)), Box::new(Cursor::new(bytes))),
            Self::Stream(from) => {
                let count = Rc::new(Cell::new(0));
                (Rc::clone(&count), Box::new(Counted { from, count }))
            }
        }
    }
}

/// One wrapping less, if it may be.
fn less(deeper: usize) -> Result<usize, Refusal> {
    deeper.checked_sub(1).ok_or(Refusal::TooDeep(DEPTH))
}

/// A length for what cannot grow.
fn any() -> Rc<Cell<u64>> {
    Rc::new(Cell::new(u64::MAX))
}

struct Counted<'a> {
    from: Box<dyn Read + 'a>,
    count: Rc<Cell<u64>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// What a wrapping gives: no more than may be, and under its name where it is damaged.
struct Layer<'a> {
    from: Box<dyn Read + 'a>,
    what: &'static str,
    /// Bytes it was packed into.
    packed: Rc<Cell<u64>>,
    given: u64,
    allowed: u64,
}

impl Read for Layer<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match self.from.read(into) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            // What is wrong further out keeps its own name.
            Err(error) => return Err(error.downcast().unwrap_or_else(|error| damaged(self.what, error)).into()),
        };
        self.given += read as u64;
        if self.given > most(self.packed.get()) {
            return Err(Refusal::Bomb { what: self.what.to_owned() }.into());
        }
        if self.given > self.allowed {
            return Err(Refusal::TooLarge(self.allowed).into());
        }
        Ok(read)
    }
}

/// Reads to the end, or until it is more than may be.
pub(super) fn limited(from: impl Read, allowed: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(allowed + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > allowed { Err(Refusal::TooLarge(allowed).into()) } else { Ok(bytes) }
}

/// How large a file may be that was packed into so many bytes.
pub(super) fn most(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).max(SMALL)
}

/// What a damaged wrapping is called.
pub(super) fn damaged(what: &str, error: impl std::fmt::Display) -> Refusal {
    Refusal::Damaged { what: what.to_owned(), how: error.to_string() }
}

//! Bytes from outside: few in memory, many in a private file, and read from their start as often as is needed.
//!
//! A private file has no name: it is gone with the last one who holds it, also after a crash. Knows nothing of what the
//! bytes mean.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::{
    domain::{hex, sha256},
    durable::{self, DiskError, disk},
};

/// The most bytes kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// How much is copied at a time.
const CHUNK: usize = 1 << 18;

/// Bytes that can be read from start to end more than once. Cheap to clone.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    place: Place,
    length: u64,
    sha256: OnceLock<String>,
}

enum Place {
    Memory(Bytes),
    File(File),
    Behind(Box<Open>),
}

type Open = dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync;

impl Content {
    /// Bytes that are read by opening something anew each time, of this length and digest.
    pub fn behind(
        length: u64,
        sha256: String,
        open: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Place::Behind(Box::new(open)), length, Some(sha256))
    }

    /// Copies what `from` holds; more than a little of it goes to a private file in `folder`.
    ///
    /// # Errors
    /// When `from` cannot be read or the folder cannot be written.
    pub fn copied(mut from: impl Read, folder: &Path) -> io::Result<Self> {
        let mut spool = Spool::new(folder);
        let mut chunk = vec![0; CHUNK];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => return spool.finish(),
                Ok(read) => spool.write_all(&chunk[..read])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn new(place: Place, length: u64, sha256: Option<String>) -> Self {
        Self(Arc::new(Inner { place, length, sha256: sha256.map(OnceLock::from).unwrap_or_default() }))
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.0.length
    }

    /// The SHA-256 of the bytes in lower-case hexadecimal.
    pub fn sha256(&self) -> &str {
        self.0.sha256.get_or_init(|| match &self.0.place {
            Place::Memory(bytes) => sha256(bytes),
            // Known from the start for whatever is not in memory.
            Place::File(_) | Place::Behind(_) => String::new(),
        })
    }

    /// Reads them from the start.
    ///
    /// # Errors
    /// When they cannot be opened.
    pub fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.0.place {
            Place::Memory(_) | Place::File(_) => Ok(Box::new(Reader { content: self.clone(), at: 0 })),
            Place::Behind(open) => open(),
        }
    }

    /// The first of them, at most `most`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn head(&self, most: usize) -> io::Result<Bytes> {
        if let Place::Memory(bytes) = &self.0.place {
            return Ok(bytes.slice(..most.min(bytes.len())));
        }
        let mut head = Vec::with_capacity(most);
        self.reader()?.take(most as u64).read_to_end(&mut head)?;
        Ok(head.into())
    }

    /// All of them, in memory. Look at their [`length`](Self::length) before.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn bytes(&self) -> io::Result<Bytes> {
        if let Place::Memory(bytes) = &self.0.place {
            return Ok(bytes.clone());
        }
        let mut all = Vec::with_capacity(usize::try_from(self.length()).unwrap_or_default());
        self.reader()?.read_to_end(&mut all)?;
        Ok(all.into())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the bytes themselves.
        write!(f, "Content({} bytes)", self.length())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        Self::new(Place::Memory(bytes), length, None)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

/// Reads what lies in memory or in a private file; each reader has a place of its own.
struct Reader {
    content: Content,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match &self.content.0.place {
            Place::Memory(bytes) => {
                let rest = usize::try_from(self.at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                let read = rest.len().min(into.len());
                into[..read].copy_from_slice(&rest[..read]);
                read
            }
            Place::File(file) => file.read_at(into, self.at)?,
            Place::Behind(_) => 0,
        };
        self.at += read as u64;
        Ok(read)
    }
}

/// Content in the making: written piece by piece, summed on the way.
pub struct Spool {
    folder: Option<PathBuf>,
    memory: Vec<u8>,
    /// The most bytes that wait there for the file.
    most: usize,
    file: Option<File>,
    sum: Sha256,
    length: u64,
}

impl Spool {
    /// One whose private file, should it need one, is in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..Self::in_memory() }
    }

    /// One that stays in memory; its writer bounds it.
    pub fn in_memory() -> Self {
        Self { folder: None, memory: Vec::new(), most: IN_MEMORY, file: None, sum: Sha256::new(), length: 0 }
    }

    /// One that goes on behind what `file` holds already, and keeps back nothing of what is written: it is there whenever
    /// the process ends.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn going_on(mut file: File) -> io::Result<Self> {
        let mut spool = Self { most: 0, ..Self::in_memory() };
        file.seek(SeekFrom::Start(0))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => {
                    spool.sum.update(&chunk[..read]);
                    spool.length += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        spool.file = Some(file);
        Ok(spool)
    }

    /// How many bytes were written.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What was written.
    ///
    /// # Errors
    /// When the last of it cannot be written.
    pub fn finish(mut self) -> io::Result<Content> {
        let sum = Some(hex(&self.sum.finalize()));
        let place = match self.file.take() {
            None => Place::Memory(self.memory.into()),
            Some(mut file) => {
                file.write_all(&self.memory)?;
                Place::File(file)
            }
        };
        Ok(Content::new(place, self.length, sum))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sum.update(bytes);
        self.length += bytes.len() as u64;
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > self.most {
            let file = match (&mut self.file, &self.folder) {
                (Some(file), _) => file,
                (None, Some(folder)) => self.file.insert(private(folder).map_err(io::Error::other)?),
                (None, None) => return Ok(bytes.len()),
            };
            file.write_all(&self.memory)?;
            self.memory.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file without a name in `folder`, which is made if it is missing.
///
/// # Errors
/// When the disk refuses.
pub fn private(folder: &Path) -> Result<File, DiskError> {
    durable::make_folder(folder)?;
    tempfile::tempfile_in(folder).map_err(disk("written", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &Content) -> Vec<u8> {
        let mut all = Vec::new();
        content.reader().unwrap().read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn few_bytes_stay_in_memory_and_many_lie_in_a_file_without_a_name() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("incoming");
        let few = Content::copied(b"a,b\n1,2\n".as_slice(), &folder).unwrap();
        assert!(!folder.exists());
        let much: Vec<u8> = (0..3 * IN_MEMORY + 7).map(|at| (at % 251) as u8).collect();
        let many = Content::copied(much.as_slice(), &folder).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        for (content, bytes) in [(&few, b"a,b\n1,2\n".as_slice()), (&many, &much)] {
            assert_eq!((content.length(), content.sha256()), (bytes.len() as u64, sha256(bytes).as_str()));
            for _ in 0..2 {
                assert!(read(content) == bytes && content.bytes().unwrap() == bytes);
            }
            assert_eq!(content.head(3).unwrap(), bytes[..3]);
        }
    }

    #[test]
    fn what_a_file_holds_already_is_gone_on_with_and_nothing_is_kept_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("part");
        std::fs::write(&path, "a,b\n").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let mut spool = Spool::going_on(file).unwrap();
        assert_eq!(spool.length(), 4);
        spool.write_all(b"1,2\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");
        let content = spool.finish().unwrap();
        assert_eq!((content.length(), content.sha256()), (8, sha256("a,b\n1,2\n").as_str()));
        assert_eq!(read(&content), b"a,b\n1,2\n");
    }

    #[test]
    fn two_readers_do_not_disturb_one_another() {
        let home = tempfile::tempdir().unwrap();
        let content = Content::copied(vec![7; 2 * IN_MEMORY].as_slice(), home.path()).unwrap();
        let (mut one, mut other) = (content.reader().unwrap(), content.reader().unwrap());
        let mut ten = [0; 10];
        one.read_exact(&mut ten).unwrap();
        let mut rest = Vec::new();
        other.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), 2 * IN_MEMORY);
        rest.clear();
        one.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), 2 * IN_MEMORY - 10);
    }

    #[test]
    fn what_lies_behind_something_is_opened_each_time() {
        let content = Content::behind(2, "known".into(), || Ok(Box::new(b"41".as_slice())));
        assert_eq!((read(&content), read(&content)), (b"41".to_vec(), b"41".to_vec()));
        assert_eq!((content.sha256(), content.head(1).unwrap()), ("known", Bytes::from_static(b"4")));
        assert_eq!(format!("{content:?}"), "Content(2 bytes)");
    }
}

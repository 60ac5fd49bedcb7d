//! Which keys were met before, for any number of rows.
//!
//! The first keys are remembered, and a repeat is known at once. From so many on, digests go to a private file in sorted
//! runs, and what repeats is known at the end: memory stays the same however long the table is.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Read, Write},
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::Arc,
    thread::JoinHandle,
};

/// Keys that are remembered, about 16 MiB of them.
const REMEMBERED: usize = 1 << 18;

/// Keys that are remembered where a repeat must be known at once, about 140 MiB of them.
const MOST_REMEMBERED: usize = 3_500_000;

/// Keys of one sorted run.
const RUN: usize = 1 << 19;

/// Parts of all digests by their first byte.
const PARTS: usize = 256;

/// Keys that are compared in memory at the end.
const AT_ONCE: usize = 1 << 20;

/// Repeats of which the rows are kept; of the others there is only the number.
pub(super) const MOST_REPEATS: usize = 1000;

/// Bytes of a digest and its row in the file.
const ENTRY: usize = 20;

/// The keys met so far, with the row each was first met in.
pub(super) struct Met {
    first: HashMap<u128, u32>,
    /// Whether a repeat must be known at once.
    at_once: bool,
    room: Option<PathBuf>,
    beyond: Option<Beyond>,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is new, or it is told at the end that it is not.
    New,
    /// It stood in this row before.
    Before(u32),
    /// It is not among the keys remembered, of which there are as many as can be.
    Full,
}

/// What is known at the end of keys that repeat and were not told at once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Repeats {
    /// The first rows of them, in order, each with the row of its first occurrence.
    pub rows: Vec<(u32, u32)>,
    /// How many there are.
    pub count: u64,
}

impl Met {
    /// Nothing yet. Digests that do not fit in memory go to a file in `room`, else to the system's temporary folder;
    /// none does where a repeat must be known `at_once`.
    pub(super) fn new(room: Option<PathBuf>, at_once: bool) -> Self {
        Self { first: HashMap::new(), at_once, room, beyond: None }
    }

    /// Looks a key up, and remembers it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn meet(&mut self, key: u128, row: u32) -> io::Result<Known> {
        if let Some(beyond) = &mut self.beyond {
            beyond.add(key, row)?;
            return Ok(Known::New);
        }
        if let Some(before) = self.first.get(&key) {
            return Ok(Known::Before(*before));
        }
        let most = if self.at_once { MOST_REMEMBERED } else { REMEMBERED };
        if self.first.len() < most {
            self.first.insert(key, row);
        } else if self.at_once {
            return Ok(Known::Full);
        } else {
            let mut beyond = Beyond::new(self.room.as_ref())?;
            for (key, row) in std::mem::take(&mut self.first) {
                beyond.add(key, row)?;
            }
            beyond.add(key, row)?;
            self.beyond = Some(beyond);
        }
        Ok(Known::New)
    }

    /// The repeats that were not told when they were met.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn finish(self) -> io::Result<Repeats> {
        self.beyond.map_or_else(|| Ok(Repeats::default()), Beyond::finish)
    }
}

/// A digest, in two halves so that it takes less room, and its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    high: u64,
    low: u64,
    row: u32,
}

impl Entry {
    fn part(self) -> usize {
        (self.high >> 56) as usize
    }

    fn is_of(self, other: Self) -> bool {
        (self.high, self.low) == (other.high, other.low)
    }

    fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[..8].copy_from_slice(&self.high.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.low.to_be_bytes());
        bytes[16..].copy_from_slice(&self.row.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; ENTRY]) -> Self {
        let number = |at: usize| bytes[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let row = bytes[16..].iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        Self { high: number(0), low: number(8), row }
    }
}

/// Keys beyond those remembered.
struct Beyond {
    file: Arc<File>,
    entries: Vec<Entry>,
    /// The run that is being written.
    writing: Option<JoinHandle<io::Result<Run>>>,
    runs: Vec<Run>,
    /// Entries written to the file, of the run that is being written too.
    written: u64,
}

/// A sorted run in the file, each key once.
struct Run {
    /// Where it begins, in entries.
    start: u64,
    /// Where each part of it begins after that, and the last one ends.
    parts: Vec<u32>,
    /// The first rows whose keys stand earlier in the run, and how many there are.
    repeats: Vec<Entry>,
    count: u64,
}

impl Beyond {
    fn new(room: Option<&PathBuf>) -> io::Result<Self> {
        let file = match room {
            Some(room) => crate::content::private(room).map_err(io::Error::other)?,
            None => tempfile::tempfile()?,
        };
        let (entries, runs) = (Vec::with_capacity(RUN), Vec::new());
        Ok(Self { file: Arc::new(file), entries, writing: None, runs, written: 0 })
    }

    fn add(&mut self, key: u128, row: u32) -> io::Result<()> {
        self.entries.push(Entry { high: (key >> 64) as u64, low: key as u64, row });
        if self.entries.len() == RUN { self.write() } else { Ok(()) }
    }

    /// Sorts and writes a run on a thread of its own.
    fn write(&mut self) -> io::Result<()> {
        self.wait()?;
        let (entries, file) = (std::mem::replace(&mut self.entries, Vec::with_capacity(RUN)), Arc::clone(&self.file));
        let start = self.written;
        // Keys that repeat leave gaps, so that the next run need not wait for this one.
        self.written += entries.len() as u64;
        self.writing = Some(std::thread::Builder::new().spawn(move || Run::write(entries, start, &file))?);
        Ok(())
    }

    fn wait(&mut self) -> io::Result<()> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let run = writing.join().map_err(|_| io::Error::other("sorting the keys was cut short"))?;
        self.runs.push(run?);
        Ok(())
    }

    fn finish(mut self) -> io::Result<Repeats> {
        self.write()?;
        self.wait()?;
        self.entries = Vec::new();
        let count = self.runs.iter().map(|run| run.count).sum();
        let mut told: Vec<Entry> = self.runs.iter_mut().flat_map(|run| std::mem::take(&mut run.repeats)).collect();
        told.sort_unstable();
        let mut repeats = Repeats { rows: Vec::new(), count };
        let (mut from, mut entries) = (0, Vec::new());
        while from < PARTS {
            let mut to = from + 1;
            let size = |to: usize| self.runs.iter().map(|run| run.range(from, to).1).sum::<usize>();
            while to < PARTS && size(to + 1) <= AT_ONCE {
                to += 1;
            }
            entries.clear();
            for run in &self.runs {
                run.read(&self.file, from, to, &mut entries)?;
            }
            entries.sort_unstable();
            repeats.compare(&entries, told.iter().filter(|entry| (from..to).contains(&entry.part())));
            from = to;
        }
        Ok(repeats)
    }
}

impl Repeats {
    /// Adds what repeats among sorted entries, and the first rows of repeats that are known.
    fn compare<'a>(&mut self, entries: &[Entry], told: impl Iterator<Item = &'a Entry>) {
        for entry in told {
            let at = entries.partition_point(|other| (other.high, other.low) < (entry.high, entry.low));
            if let Some(first) = entries.get(at).filter(|first| first.is_of(*entry)) {
                self.rows.push((entry.row, first.row));
            }
        }
        for same in entries.chunk_by(|one, other| one.is_of(*other)) {
            self.rows.extend(same[1..].iter().map(|entry| (entry.row, same[0].row)));
            self.count += same.len() as u64 - 1;
            if self.rows.len() > 2 * MOST_REPEATS {
                self.shorten();
            }
        }
        self.shorten();
    }

    fn shorten(&mut self) {
        self.rows.sort_unstable();
        self.rows.truncate(MOST_REPEATS);
    }
}

impl Run {
    fn write(mut entries: Vec<Entry>, start: u64, file: &File) -> io::Result<Self> {
        entries.sort_unstable();
        let mut run = Self { start, parts: vec![0; PARTS + 1], repeats: Vec::new(), count: 0 };
        let mut out = BufWriter::with_capacity(1 << 16, At { file, at: start * ENTRY as u64 });
        for same in entries.chunk_by(|one, other| one.is_of(*other)) {
            out.write_all(&same[0].to_bytes())?;
            run.parts[same[0].part() + 1] += 1;
            run.count += same.len() as u64 - 1;
            run.repeats.extend_from_slice(&same[1..]);
        }
        out.flush()?;
        (0..PARTS).for_each(|part| run.parts[part + 1] += run.parts[part]);
        run.repeats.sort_unstable_by_key(|entry| entry.row);
        run.repeats.truncate(MOST_REPEATS);
        run.repeats.shrink_to_fit();
        Ok(run)
    }

    /// Where the parts of it begin in the file, in entries, and how many entries they have.
    fn range(&self, from: usize, to: usize) -> (u64, usize) {
        let (from, to) = (self.parts[from], self.parts[to]);
        (self.start + u64::from(from), (to - from) as usize)
    }

    fn read(&self, file: &File, from: usize, to: usize, into: &mut Vec<Entry>) -> io::Result<()> {
        let (at, mut left) = self.range(from, to);
        let mut from = At { file, at: at * ENTRY as u64 };
        let mut chunk = vec![0; ENTRY * (1 << 12).min(left)];
        while left > 0 {
            let now = left.min(1 << 12);
            let bytes = &mut chunk[..ENTRY * now];
            from.read_exact(bytes)?;
            into.extend(bytes.as_chunks::<ENTRY>().0.iter().map(Entry::from_bytes));
            left -= now;
        }
        Ok(())
    }
}

/// A place in a file.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl Write for At<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for At<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scattered(number: u64) -> u128 {
        // Odd factors make each number another digest.
        u128::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64 | u128::from(number)
    }

    #[test]
    fn the_first_keys_are_known_at_once() {
        let mut met = Met::new(None, false);
        assert_eq!(met.meet(7, 2).unwrap(), Known::New);
        assert_eq!(met.meet(8, 3).unwrap(), Known::New);
        assert_eq!(met.meet(7, 4).unwrap(), Known::Before(2));
        assert_eq!(met.finish().unwrap(), Repeats::default());
    }

    #[test]
    fn keys_far_apart_are_told_with_the_row_each_was_first_met_in() {
        let home = tempfile::tempdir().unwrap();
        let mut met = Met::new(Some(home.path().to_owned()), false);
        let rows = 2 * RUN as u32 + 100_000;
        for row in 0..rows {
            // Row 5 comes again a little later, and at the very end; row 600,000 in the run after its own.
            let number = match row {
                300_000 => 5,
                _ if row == rows - 1 => 5,
                _ if row == rows - 2 => 600_000,
                row => row,
            };
            assert_eq!(met.meet(scattered(u64::from(number)), row).unwrap(), Known::New);
        }
        let repeats = met.finish().unwrap();
        assert_eq!(repeats.rows, [(300_000, 5), (rows - 2, 600_000), (rows - 1, 5)]);
        assert_eq!(repeats.count, 3);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_key_in_every_row_takes_no_more_room() {
        let mut met = Met::new(None, false);
        for row in 0..REMEMBERED as u32 {
            met.meet(scattered(u64::from(row) + 1), row).unwrap();
        }
        let more = 2 * RUN as u32;
        for row in 0..more {
            met.meet(scattered(0), REMEMBERED as u32 + row).unwrap();
        }
        let repeats = met.finish().unwrap();
        assert_eq!((repeats.count, repeats.rows.len()), (u64::from(more) - 1, MOST_REPEATS));
        let first = REMEMBERED as u32;
        assert!(repeats.rows.iter().enumerate().all(|(at, row)| *row == (first + 1 + at as u32, first)));
    }
}

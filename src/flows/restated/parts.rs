//! Records of digests, in parts by their key, for tables of any length.
//!
//! What does not fit in memory goes to a file without a name, which is gone with the process. Parts are read back one by one,
//! so that two tables can be compared in the memory that one part of each takes.

use std::{fs::File, io, os::unix::fs::FileExt, path::PathBuf};

/// How many parts there are: the first byte of a key says which.
pub(super) const PARTS: usize = 256;

/// Bytes of records that are kept in memory.
const HELD: usize = 16 << 20;

/// The records of one table.
pub(super) struct Parts {
    room: Option<PathBuf>,
    /// What is not written yet, part by part.
    held: Vec<Vec<u8>>,
    size: usize,
    file: Option<File>,
    length: u64,
    /// Where in the file each part stands.
    written: Vec<Vec<(u64, usize)>>,
}

impl Parts {
    /// Nothing yet; what is too much for memory goes to a file in `room`, else in the system's temporary folder.
    pub(super) fn new(room: Option<PathBuf>) -> Self {
        let (held, written) = (vec![Vec::new(); PARTS], vec![Vec::new(); PARTS]);
        Self { room, held, size: 0, file: None, length: 0, written }
    }

    /// Adds a record to its part.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn add(&mut self, key: u128, cells: &[u64]) -> io::Result<()> {
        let Some(part) = self.held.get_mut(usize::from(key.to_be_bytes()[0])) else { return Ok(()) };
        part.extend_from_slice(&key.to_be_bytes());
        cells.iter().for_each(|cell| part.extend_from_slice(&cell.to_be_bytes()));
        self.size += 16 + 8 * cells.len();
        if self.size >= HELD { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(match &self.room {
                Some(room) => tempfile::tempfile_in(room)?,
                None => tempfile::tempfile()?,
            }),
        };
        for (held, written) in self.held.iter_mut().zip(&mut self.written) {
            if !held.is_empty() {
                file.write_all_at(held, self.length)?;
                written.push((self.length, held.len()));
                self.length += held.len() as u64;
                held.clear();
            }
        }
        self.size = 0;
        Ok(())
    }

    /// The records of a part, in the order in which they came.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn read(&self, part: usize) -> io::Result<Vec<u8>> {
        let mut records = Vec::new();
        if let (Some(file), Some(written)) = (&self.file, self.written.get(part)) {
            for (at, length) in written {
                let start = records.len();
                records.resize(start + length, 0);
                file.read_exact_at(records.get_mut(start..).unwrap_or_default(), *at)?;
            }
        }
        records.extend_from_slice(self.held.get(part).map_or(&[], Vec::as_slice));
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_to_the_disk_comes_back_before_what_did_not() {
        let mut parts = Parts::new(None);
        let key = |number: u64| u128::from(number % 3) << 120 | u128::from(number);
        let many = (HELD / 24 + 50) as u64;
        for number in 0..many {
            parts.add(key(number), &[number]).unwrap();
        }
        assert!(parts.file.is_some() && parts.size > 0);
        for part in 0..3 {
            let records = parts.read(part).unwrap();
            let cells = records.chunks_exact(24).map(|record| u64::from_be_bytes(record[16..].try_into().unwrap()));
            let expected = (0..many).filter(|number| number % 3 == part as u64);
            assert!(cells.eq(expected), "part {part}");
        }
        assert!(parts.read(3).unwrap().is_empty());
    }
}

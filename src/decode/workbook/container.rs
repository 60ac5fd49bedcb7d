//! The container of old Office files ([MS-CFB]): which streams there are, and what one of them holds.
//!
//! Only looked at, in bounded steps: calamine reads the cells, and says what is wrong with the container.

/// Whether a file is such a container.
pub(super) fn is_container(file: &[u8]) -> bool {
    file.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])
}

/// Whether a stream of that name is there, however damaged the rest is.
pub(super) fn has_stream(file: &[u8], name: &str) -> bool {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    memchr::memmem::find(file, &name).is_some()
}

/// The bytes of a stream, by its name.
pub(super) fn stream(file: &[u8], name: &str) -> Option<Vec<u8>> {
    let container = Container::open(file)?;
    let directory = container.chain(long(file, 0x30)?)?;
    let entries = || directory.chunks_exact(ENTRY);
    let root = entries().find(|entry| entry[66] == 5)?;
    let entry = entries().find(|entry| entry[66] == 2 && is_named(entry, name))?;
    let (start, size) = (long(entry, 116)?, usize::try_from(long(entry, 120)?).ok()?);
    let mut bytes = if size < usize::try_from(long(file, 0x38)?).ok()? {
        container.mini_chain(&container.chain(long(root, 116)?)?, start)?
    } else {
        container.chain(start)?
    };
    bytes.truncate(size);
    Some(bytes)
}

/// Bytes of an entry in the directory.
const ENTRY: usize = 128;

/// What a table of sectors says of the last of a chain, and of sectors that belong to none.
const NO_SECTOR: u32 = 0xFFFF_FFFA;

struct Container<'a> {
    file: &'a [u8],
    sector: usize,
    /// The next sector of each.
    table: Vec<u32>,
}

impl<'a> Container<'a> {
    fn open(file: &'a [u8]) -> Option<Self> {
        let sector = match *file.get(0x1E)? {
            shift @ 9..=12 => 1_usize << shift,
            _ => return None,
        };
        let mut container = Self { file, sector, table: Vec::new() };
        let mut parts: Vec<u32> = (0..109).filter_map(|at| long(file, 0x4C + 4 * at)).collect();
        // Large files list the parts of the table in further sectors, the last number of each leading to the next.
        let mut more = long(file, 0x44)?;
        for _ in 0..file.len() / sector {
            let Some(numbers) = container.sector(more) else { break };
            let mut numbers: Vec<u32> = numbers.chunks_exact(4).filter_map(|number| long(number, 0)).collect();
            more = numbers.pop()?;
            parts.append(&mut numbers);
        }
        for part in parts {
            let Some(numbers) = container.sector(part) else { continue };
            container.table.extend(numbers.chunks_exact(4).filter_map(|number| long(number, 0)));
            // There are no more sectors than the file has room for, whatever it says.
            if container.table.len() > file.len() / sector + sector {
                break;
            }
        }
        Some(container)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        if number >= NO_SECTOR {
            return None;
        }
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        // The last sector of a file may be short.
        let rest = self.file.get(start..).filter(|rest| !rest.is_empty())?;
        Some(rest.get(..self.sector).unwrap_or(rest))
    }

    fn chain(&self, start: u32) -> Option<Vec<u8>> {
        let (mut bytes, mut at) = (Vec::new(), start);
        while let Some(sector) = self.sector(at) {
            bytes.extend_from_slice(sector);
            // A chain longer than the file goes in circles.
            if bytes.len() > self.file.len() {
                return None;
            }
            at = self.table.get(usize::try_from(at).ok()?).copied().unwrap_or(NO_SECTOR);
        }
        Some(bytes)
    }

    /// Small streams share sectors, which are cut into pieces of 64 bytes.
    fn mini_chain(&self, shared: &[u8], start: u32) -> Option<Vec<u8>> {
        let table = self.chain(long(self.file, 0x3C)?)?;
        let (mut bytes, mut at) = (Vec::new(), start);
        while at < NO_SECTOR && bytes.len() <= shared.len() {
            let from = usize::try_from(at).ok()?;
            bytes.extend_from_slice(shared.get(from.checked_mul(64)?..)?.get(..64)?);
            at = long(&table, from * 4)?;
        }
        Some(bytes)
    }
}

fn is_named(entry: &[u8], name: &str) -> bool {
    let length = usize::from(u16::from_le_bytes([entry[64], entry[65]])).saturating_sub(2).min(64);
    let units = entry[..length].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).filter_map(Result::ok).collect::<String>().eq_ignore_ascii_case(name)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/xlsx-calamine/tests");

    #[test]
    fn the_workbook_of_every_old_file_is_found() {
        let Ok(files) = std::fs::read_dir(CORPUS) else { return };
        let mut found = 0;
        for file in files.map(|file| file.unwrap().path()).filter(|file| file.extension().is_some_and(|e| e == "xls")) {
            let bytes = std::fs::read(&file).unwrap();
            let book = stream(&bytes, "Workbook").or_else(|| stream(&bytes, "Book"));
            // Every such stream begins with the same record.
            found += usize::from(book.is_some_and(|book| book.starts_with(&[0x09, 0x08])));
        }
        assert!(found > 25, "{found}");
    }

    #[test]
    fn a_protected_workbook_is_known_by_its_stream() {
        let Ok(bytes) = std::fs::read(format!("{CORPUS}/pass_protected.xlsx")) else { return };
        assert!(is_container(&bytes) && has_stream(&bytes, "EncryptedPackage") && !has_stream(&bytes, "Workbook"));
        assert!(stream(&bytes, "EncryptionInfo").is_some());
    }

    proptest! {
        #[test]
        fn a_damaged_container_ends_the_search_and_nothing_else(at in 0_usize..4096, byte in any::<u8>(), cut in 0_usize..6000) {
            let Ok(mut bytes) = std::fs::read(format!("{CORPUS}/date.xls")) else { return Ok(()) };
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut));
            let _ = stream(&bytes, "Workbook");
        }
    }
}

//! A zip archive: which of its files are wanted, and what they hold.

use std::io::{Cursor, Read};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::is_wrapped;
use super::keys::Told;
use super::layers::{Request, WHOLE, damaged, most};
use super::pattern::Pattern;
use super::refusal::{Lock, Refusal};

/// How many files an archive may hold.
const ENTRIES: usize = 1000;

/// How much of a name is kept, in characters.
const NAME: usize = 120;

const WHAT: &str = "zip archive";

/// A file in the archive.
pub(super) struct Entry {
    index: usize,
    pub label: String,
    is_link: bool,
}

/// What a file of the archive holds.
pub(super) enum Found<'a> {
    /// A reader, and how many bytes it was packed into.
    Open(Box<dyn Read + 'a>, u64),
    /// All of it: which password is right is known only at its end.
    Unlocked(Vec<u8>),
}

pub(super) type Zip<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Opens an archive.
pub(super) fn open(bytes: &[u8]) -> Result<Zip<'_>, Refusal> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(WHAT, error))?;
    if zip.len() > ENTRIES {
        return Err(Refusal::TooMany(zip.len()));
    }
    if zip.has_duplicate_names() {
        return Err(damaged(WHAT, "two of its files have one name"));
    }
    if zip.has_overlapping_files().map_err(|error| damaged(WHAT, error))? {
        return Err(Refusal::Bomb { what: WHAT.to_owned() });
    }
    Ok(zip)
}

/// The files that are wanted, and the others.
pub(super) type Chosen = (Vec<Entry>, Vec<Entry>);

/// The files that are wanted, and the others; none if the archive is a workbook. Names of others go to `ignored`.
pub(super) fn wanted(
    request: &Request,
    zip: &mut Zip<'_>,
    ignored: &mut Vec<String>,
) -> Result<Option<Chosen>, Refusal> {
    let (entries, workbook) = list(zip, ignored)?;
    if workbook {
        return Ok(None);
    }
    let (wanted, others) = choose(request, zip, entries, ignored)?;
    match wanted.iter().find(|entry| entry.is_link) {
        Some(link) => Err(Refusal::Link(link.label.clone())),
        None => Ok(Some((wanted, others))),
    }
}

/// The same of an archive that was not wanted itself: nothing of it is.
pub(super) fn all(zip: &mut Zip<'_>, ignored: &mut Vec<String>) -> Result<Option<Chosen>, Refusal> {
    let (entries, workbook) = list(zip, ignored)?;
    ignored.extend(entries.iter().map(|entry| entry.label.clone()).filter(|_| !workbook));
    Ok((!workbook).then_some((Vec::new(), entries)))
}

/// What a file holds.
pub(super) fn file<'a>(keys: &Told, zip: &'a mut Zip<'_>, entry: Entry) -> Result<Found<'a>, Refusal> {
    let file = zip.by_index_raw(entry.index).map_err(|error| damaged(WHAT, error))?;
    let (locked, packed, method) = (file.encrypted(), file.compressed_size(), file.compression());
    drop(file);
    if let Some(method) = strange(method) {
        return Err(Refusal::Method(method.to_owned()));
    }
    if locked {
        return unlock(keys, zip, entry.index, packed).map(Found::Unlocked);
    }
    let file = zip.by_index(entry.index).map_err(|error| damaged(WHAT, error))?;
    Ok(Found::Open(Box::new(file), packed))
}

/// The files that people put there, and whether the whole is a workbook.
fn list(zip: &mut Zip<'_>, ignored: &mut Vec<String>) -> Result<(Vec<Entry>, bool), Refusal> {
    let (mut entries, mut workbook) = (Vec::new(), false);
    for index in 0..zip.len() {
        let file = zip.by_index_raw(index).map_err(|error| damaged(WHAT, error))?;
        let raw = file.name_raw().to_vec();
        let name = file.name().map_or_else(|_| String::from_utf8_lossy(&raw).into_owned(), |name| name.into_owned());
        workbook |= name == "[Content_Types].xml" || (name == "mimetype" && index == 0);
        if file.is_dir() {
            continue;
        }
        let label = label(&name);
        if is_junk(&name) {
            ignored.push(label);
        } else {
            entries.push(Entry { index, label, is_link: file.is_symlink() });
        }
    }
    Ok((entries, workbook))
}

/// What file managers leave behind.
fn is_junk(name: &str) -> bool {
    let mut steps = name.split(['/', '\\']);
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
    steps.any(|step| step == "__MACOSX")
        || matches!(base.as_str(), ".ds_store" | "thumbs.db" | "desktop.ini")
        || base.starts_with("._")
        || base.starts_with("~$")
}

/// A name fit to be shown: it opens nothing.
fn label(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{200E}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .take(NAME)
        .collect()
}

fn choose(
    request: &Request,
    zip: &mut Zip<'_>,
    entries: Vec<Entry>,
    ignored: &mut Vec<String>,
) -> Result<Chosen, Refusal> {
    let patterns: Vec<Pattern> = request.members.iter().filter_map(|text| text.parse().ok()).collect();
    let fits = |entry: &Entry| patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits(&entry.label));
    let found: Vec<String> = entries.iter().map(|entry| entry.label.clone()).collect();
    let refuse = || {
        let wanted = match request.members.as_slice() {
            [] => String::new(),
            [one] => format!(" called {one:?}"),
            many => format!(" for each of {}", many.join(", ")),
        };
        Err(Refusal::Members { wanted, found: found.clone() })
    };
    let only = entries.len() == 1;
    let (mut wanted, others): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(fits);
    if wanted.is_empty() && only {
        // The one file may be an archive that holds what is wanted.
        let Some(other) = others.into_iter().next() else { return refuse() };
        let opening = zip.by_index_raw(other.index).ok().map(|file| file.encrypted());
        let is_wrapped = opening == Some(false) && is_wrapped(&start(zip, other.index));
        return if is_wrapped { Ok((vec![other], Vec::new())) } else { refuse() };
    }
    if wanted.is_empty() || (request.single && wanted.len() > 1) {
        return refuse();
    }
    ignored.extend(others.iter().map(|entry| entry.label.clone()));
    wanted.sort_by(|a, b| a.label.cmp(&b.label));
    Ok((wanted, others))
}

/// The first bytes of a file, to see what it is.
fn start(zip: &mut Zip<'_>, index: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = zip.by_index(index) {
        let _ = file.take(1 << 16).read_to_end(&mut bytes);
    }
    bytes
}

/// The name of a method that nothing here unpacks; none for those that are.
fn strange(method: CompressionMethod) -> Option<&'static str> {
    Some(match method {
        CompressionMethod::STORE | CompressionMethod::DEFLATE | CompressionMethod::ZSTD | CompressionMethod::AES => {
            return None;
        }
        CompressionMethod::SHRINK => "Shrink",
        CompressionMethod::REDUCE_1
        | CompressionMethod::REDUCE_2
        | CompressionMethod::REDUCE_3
        | CompressionMethod::REDUCE_4 => "Reduce",
        CompressionMethod::IMPLODE | CompressionMethod::PKWARE_IMPLODE => "Implode",
        CompressionMethod::DEFLATE64 => "Deflate64",
        CompressionMethod::BZIP2 => "bzip2",
        CompressionMethod::LZMA => "LZMA",
        CompressionMethod::XZ => "xz",
        CompressionMethod::PPMD => "PPMd",
        _ => "a rare one",
    })
}

fn unlock(keys: &Told, zip: &mut Zip<'_>, index: usize, packed: u64) -> Result<Vec<u8>, Refusal> {
    let passwords = keys.passwords();
    if passwords.is_empty() {
        return Err(Refusal::Protected(Lock::Zip));
    }
    let most = most(packed);
    for password in passwords {
        let file = match zip.by_index_decrypt(index, password.as_bytes()) {
            Ok(file) => file,
            Err(ZipError::InvalidPassword) => continue,
            Err(error) => return Err(damaged(WHAT, error)),
        };
        let mut bytes = Vec::new();
        // One wrong password in 256 passes the old cipher's only test, and gives rubbish.
        if file.take(most.min(WHOLE) + 1).read_to_end(&mut bytes).is_err() {
            continue;
        }
        return match bytes.len() as u64 {
            length if length > most => Err(Refusal::Bomb { what: WHAT.to_owned() }),
            length if length > WHOLE => Err(Refusal::TooLarge(WHOLE)),
            _ => Ok(bytes),
        };
    }
    Err(Refusal::WrongKey(Lock::Zip))
}

//! A zip archive: which of its files are wanted, and their bytes.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::layers::{Request, damaged, limited};
use super::pattern::Pattern;
use super::refusal::{Lock, Refusal};
use super::sniff::wrapping;

/// How many files an archive may hold.
const ENTRIES: usize = 1000;

/// How much of a name is kept, in characters.
const NAME: usize = 120;

const WHAT: &str = "zip archive";

/// A file in the archive.
struct Entry {
    index: usize,
    label: String,
    is_link: bool,
}

type Zip<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// A file's name and bytes.
type File = (String, Vec<u8>);

/// The files that are wanted; none if the archive is a workbook. Names of others go to `ignored`.
pub(super) fn open(request: &Request, bytes: &[u8], ignored: &mut Vec<String>) -> Result<Option<Vec<File>>, Refusal> {
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
    let (entries, workbook) = list(&mut zip, ignored)?;
    if workbook {
        return Ok(None);
    }
    let wanted = choose(request, &mut zip, entries, ignored)?;
    let mut left = request.allowed;
    let mut files = Vec::new();
    for entry in wanted {
        if entry.is_link {
            return Err(Refusal::Link(entry.label));
        }
        let file = read(request, &mut zip, entry.index, left)?;
        left = left.saturating_sub(file.len() as u64);
        files.push((entry.label, file));
    }
    Ok(Some(files))
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
) -> Result<Vec<Entry>, Refusal> {
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
        let is_wrapped = opening == Some(false) && wrapping(&start(zip, other.index)).is_some();
        return if is_wrapped { Ok(vec![other]) } else { refuse() };
    }
    if wanted.is_empty() || (request.single && wanted.len() > 1) {
        return refuse();
    }
    ignored.extend(others.into_iter().map(|entry| entry.label));
    wanted.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(wanted)
}

/// The first bytes of a file, to see what it is.
fn start(zip: &mut Zip<'_>, index: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = zip.by_index(index) {
        let _ = file.take(1 << 16).read_to_end(&mut bytes);
    }
    bytes
}

fn read(request: &Request, zip: &mut Zip<'_>, index: usize, allowed: u64) -> Result<Vec<u8>, Refusal> {
    let file = zip.by_index_raw(index).map_err(|error| damaged(WHAT, error))?;
    let (locked, packed) = (file.encrypted(), usize::try_from(file.compressed_size()).unwrap_or(usize::MAX));
    drop(file);
    if !locked {
        let file = zip.by_index(index).map_err(|error| damaged(WHAT, error))?;
        return limited(file, packed, WHAT, allowed).map_err(|refusal| whole(refusal, request));
    }
    let passwords = request.keys.passwords();
    if passwords.is_empty() {
        return Err(Refusal::Protected(Lock::Zip));
    }
    for password in passwords {
        let file = match zip.by_index_decrypt(index, password.as_bytes()) {
            Ok(file) => file,
            Err(ZipError::InvalidPassword) => continue,
            Err(error) => return Err(damaged(WHAT, error)),
        };
        match limited(file, packed, WHAT, allowed) {
            // One wrong password in 256 passes the old cipher's only test, and gives rubbish.
            Err(Refusal::Damaged { .. }) => {}
            read => return read.map_err(|refusal| whole(refusal, request)),
        }
    }
    Err(Refusal::WrongKey(Lock::Zip))
}

/// What is allowed in all, where a part of it was exceeded.
fn whole(refusal: Refusal, request: &Request) -> Refusal {
    match refusal {
        Refusal::TooLarge(_) => Refusal::TooLarge(request.allowed),
        other => other,
    }
}

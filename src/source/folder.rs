//! A drop folder: files that have stood still over two looks.
//!
//! Links, hidden files and names that say "still uploading" are passed over; names are metadata, never paths.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::Extract;

/// What the folder could not do.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder or a file in it cannot be read.
    #[error("the drop folder cannot read {}: {source}; check that it exists and that the daemon may read it", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file grew while it was read.
    #[error("{} changed while it was read; it is looked at again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than is ever taken.
    #[error("{} is larger than {} MiB; split it or send it another way", path.display(), MOST_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

/// The largest file taken from a folder.
pub const MOST_BYTES: u64 = 1 << 30;

/// A file as it looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub size: u64,
    /// When it was changed, in nanoseconds since 1970, as text.
    pub modified: String,
}

/// What earlier looks saw. Forgetting it costs one more look, nothing else.
#[derive(Debug, Default)]
pub struct Looks(HashMap<PathBuf, Seen>);

impl Looks {
    /// The files matching `pattern` that look as they did at the look before, by name.
    pub fn stable_files(&mut self, folder: &Path, pattern: &str) -> Result<Vec<Seen>, FolderError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Unreadable { path, source }
        };
        let mut stable = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let entry = entry.map_err(unreadable(folder))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if is_unfinished(name) || !matches(pattern, name) {
                continue;
            }
            let path = entry.path();
            let meta = fs::symlink_metadata(&path).map_err(unreadable(&path))?;
            if !meta.is_file() {
                continue;
            }
            let seen = Seen { size: meta.len(), modified: modified(&meta), path: path.clone() };
            if self.0.insert(path, seen.clone()).as_ref() == Some(&seen) {
                stable.push(seen);
            }
        }
        stable.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(stable)
    }
}

/// Reads a file that stood still; an error if it did not stand still after all.
pub fn read(seen: &Seen) -> Result<Extract, FolderError> {
    let path = &seen.path;
    if seen.size > MOST_BYTES {
        return Err(FolderError::TooLarge { path: path.clone() });
    }
    let unreadable = |source| FolderError::Unreadable { path: path.clone(), source };
    let bytes = fs::read(path).map_err(unreadable)?;
    let after = fs::symlink_metadata(path).map_err(unreadable)?;
    if after.len() != seen.size || modified(&after) != seen.modified || bytes.len() as u64 != seen.size {
        return Err(FolderError::Changed { path: path.clone() });
    }
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("unnamed").to_owned();
    Ok(Extract { bytes: Bytes::from(bytes), name, source: "the drop folder".into() })
}

fn modified(meta: &fs::Metadata) -> String {
    let since = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or_else(|| "unknown".into(), |since| since.as_nanos().to_string())
}

fn is_unfinished(name: &str) -> bool {
    name.starts_with('.')
        || name.starts_with("~$")
        || [".part", ".partial", ".tmp", ".crdownload", ".filepart"].iter().any(|end| name.ends_with(end))
}

/// Whether a name matches a pattern of literal text and `*`, case apart.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether some name matches both patterns.
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) =
        (one.to_lowercase().chars().collect(), other.to_lowercase().chars().collect());
    // `met[j]`: whether the rest of `one` and the rest of `other` from its `j`th character on have a name in common.
    let only_stars = |rest: &[char]| rest.iter().all(|c| *c == '*');
    let mut met: Vec<bool> = (0..=other.len()).map(|j| only_stars(&other[j..])).collect();
    for (i, a) in one.iter().enumerate().rev() {
        let below = met;
        met = vec![only_stars(&one[i..]); other.len() + 1];
        for (j, b) in other.iter().enumerate().rev() {
            met[j] = match (a, b) {
                ('*', _) => below[j] || met[j + 1],
                (_, '*') => below[j] || met[j + 1],
                (a, b) => a == b && below[j + 1],
            };
        }
    }
    met[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_at_the_second_look_and_not_while_it_grows() {
        let home = tempfile::tempdir().unwrap();
        let mut looks = Looks::default();
        let file = home.path().join("missing-children 2025-26-Q1.xlsx");
        fs::write(&file, "half").unwrap();
        assert!(looks.stable_files(home.path(), "*.xlsx").unwrap().is_empty());
        fs::write(&file, "half and half").unwrap();
        assert!(looks.stable_files(home.path(), "*.xlsx").unwrap().is_empty());
        let stable = looks.stable_files(home.path(), "*.xlsx").unwrap();
        assert_eq!(stable.len(), 1);
        assert_eq!(read(&stable[0]).unwrap().bytes, "half and half");
        fs::write(&file, "changed meanwhile").unwrap();
        assert!(matches!(read(&stable[0]), Err(FolderError::Changed { .. })));
    }

    #[test]
    fn two_patterns_overlap_when_a_name_matches_both() {
        for (one, other, expected) in [
            ("missing*.xlsx", "missing-children*.xlsx", true),
            ("*.xlsx", "MISSING*", true),
            ("*", "", true),
            ("a*b", "*ab", true),
            ("missing*.xlsx", "prevent*.xlsx", false),
            ("*.csv", "*.xlsx", false),
            ("a*", "b*", false),
            ("ab", "a", false),
        ] {
            assert_eq!((overlap(one, other), overlap(other, one)), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn links_hidden_and_unfinished_files_are_passed_over() {
        let home = tempfile::tempdir().unwrap();
        for name in [".hidden.xlsx", "upload.xlsx.part", "~$open.xlsx"] {
            fs::write(home.path().join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc/hostname", home.path().join("link.xlsx")).unwrap();
        let mut looks = Looks::default();
        looks.stable_files(home.path(), "*").unwrap();
        assert!(looks.stable_files(home.path(), "*").unwrap().is_empty());
    }

    #[test]
    fn patterns_are_literal_but_for_the_star() {
        assert!(matches("missing*.xlsx", "Missing children.XLSX"));
        assert!(matches("*q1*", "2025-26-Q1.csv"));
        assert!(!matches("missing*.xlsx", "missing.csv"));
        assert!(!matches("a.csv", "a.csv.exe"));
    }
}

//! Files that stand beside a definition and belong to it, such as a list of codes; and a definition kept with them as
//! one text, so that what an old submission was judged under can be read again.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
};

/// How the line begins that says which file follows in a kept text, and how long it is.
const MARK: &str = "#: beside ";

/// The largest file that is taken in.
const LARGEST: u64 = 4 << 20;

/// Whether a text could be taken for one with files beside it.
pub(super) fn is_marked(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(MARK))
}

/// The text with its files, as one.
pub(super) fn join(text: &str, files: &BTreeMap<String, String>) -> String {
    files.iter().fold(text.to_owned(), |kept, (name, file)| format!("{kept}\n{MARK}{} {name}\n{file}", file.len()))
}

/// The text of the definition, and the files that were kept with it.
pub(super) fn split(kept: &str) -> (&str, BTreeMap<String, String>) {
    let mut files = BTreeMap::new();
    let Some(at) = kept.find(&format!("\n{MARK}")) else { return (kept, files) };
    let (text, mut rest) = kept.split_at(at);
    while let Some((head, body)) = rest.strip_prefix('\n').and_then(|rest| rest.strip_prefix(MARK)?.split_once('\n')) {
        let Some((length, name)) = head.split_once(' ') else { break };
        let Some((file, after)) = length.parse().ok().and_then(|length| body.split_at_checked(length)) else { break };
        files.insert(name.to_owned(), file.to_owned());
        rest = after;
    }
    (text, files)
}

/// Reads a file below the definition's folder; what is wrong is told in words for the problem's "found".
pub(super) fn read(folder: &Path, name: &str) -> Result<String, String> {
    let below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !below || name.contains('\n') {
        return Err(format!("{name:?}, which does not lie below the definition's folder"));
    }
    let path = folder.join(name);
    let told = |why: &dyn std::fmt::Display| format!("{name:?}, which cannot be read ({why})");
    let size = std::fs::metadata(&path).map_err(|error| told(&error))?.len();
    if size > LARGEST {
        return Err(told(&format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    let text = std::fs::read(&path).map_err(|error| told(&error))?;
    String::from_utf8(text).map_err(|_| told(&"it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_definition_comes_apart_again() {
        let files: BTreeMap<String, String> =
            [("codes/a.csv", "code\n#: beside 3 no\nWBRI\n"), ("b.csv", "é"), ("c.csv", "")]
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into();
        let kept = join("title = \"T\"\n", &files);
        assert_eq!(split(&kept), ("title = \"T\"\n", files));
        assert_eq!(split("title = \"T\"\n"), ("title = \"T\"\n", BTreeMap::new()), "as it was before");
        assert!(is_marked(&kept) && !is_marked("title = \"T\" #: beside it\n"));
    }

    #[test]
    fn only_files_below_the_definition_are_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("codes.csv"), "code\n").unwrap();
        assert_eq!(read(folder.path(), "codes.csv").as_deref(), Ok("code\n"));
        for name in ["../codes.csv", "/etc/passwd", "./codes.csv", "none.csv", ""] {
            assert!(read(folder.path(), name).is_err(), "{name}");
        }
    }
}

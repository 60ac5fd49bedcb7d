//! The folder mailer: each message one `.eml` file, durable, numbered in the order it was written.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{MailError, eml::Eml};
use crate::durable::{self, Existing, disk};

/// A folder that messages are written to.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder, made if it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, MailError> {
        durable::make_folder(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Writes `<n>-<key>.eml`; the same key is written once, over its earlier copy.
    pub(super) fn write(&self, eml: &Eml) -> Result<PathBuf, MailError> {
        let suffix = format!("-{}.eml", file_name(&eml.key));
        let mut last = 0_u64;
        let mut name = None;
        for entry in fs::read_dir(&self.path).map_err(disk("listed", &self.path))? {
            let found = entry.map_err(disk("listed", &self.path))?.file_name().to_string_lossy().into_owned();
            let Some(number) = found.split('-').next().and_then(|number| number.parse().ok()) else { continue };
            last = last.max(number);
            if found == format!("{number:05}{suffix}") {
                name = Some(found);
            }
        }
        let path = self.path.join(name.unwrap_or_else(|| format!("{:05}{suffix}", last + 1)));
        durable::write(&self.path, &path, &eml.bytes, Existing::Replaced)?;
        Ok(path)
    }
}

/// A key as part of a file name: `notice/missing-children/police` reads `notice_missing-children_police`.
fn file_name(key: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || ".-@".contains(c) { c } else { '_' };
    key.chars().map(safe).take(180).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eml(key: &str, bytes: &str) -> Eml {
        let address = || "sam@police.example".parse().unwrap();
        Eml { key: key.into(), sender: address(), recipient: address(), bytes: bytes.into(), files: vec![] }
    }

    #[test]
    fn messages_are_numbered_and_a_second_copy_replaces_the_first() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(&home.path().join("mail")).unwrap();
        let name = |key: &str, bytes: &str| {
            let path = folder.write(&eml(key, bytes)).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name("notice/missing/../police", "a"), "00001-notice_missing_.._police.eml");
        assert_eq!(name("notice/b", "b"), "00002-notice_b.eml");
        assert_eq!(name("notice/missing/../police", "c"), "00001-notice_missing_.._police.eml");
        assert_eq!(fs::read_to_string(home.path().join("mail/00001-notice_missing_.._police.eml")).unwrap(), "c");
        assert_eq!(fs::read_dir(home.path().join("mail")).unwrap().count(), 2);
    }
}

//! What has come of a long file, kept until the rest has.
//!
//! A body that breaks off lies in a file that the daemon's user alone may read, beside what its host said of it, and the
//! next attempt goes on behind it, also after the process was killed. When the machine was started anew it counts for
//! nothing: only then may bytes that were written be missing. Knows nothing of how a host is asked.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::headers::Validators;
use crate::{
    domain::sha256,
    durable::{self, Existing, Readers},
};

/// Shorter files are asked for anew.
const LEAST: u64 = 1 << 20;

/// What the files are called that hold a beginning, and what was said of it.
const ENDINGS: [&str; 2] = ["part", "about"];

/// What a host said of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    /// What validates a copy.
    pub validators: Validators,
    /// What proves that the rest is the same file's; nothing is gone on with without.
    pub proof: Option<String>,
    /// How long the whole of it is.
    pub whole: Option<u64>,
    /// Its name.
    pub name: String,
    /// Who sent it.
    pub host: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    /// Which start of the machine it was written in.
    boot: String,
    about: About,
}

/// Where the beginning of the file at one address lies.
pub(super) struct Place {
    folder: PathBuf,
    name: String,
}

impl Place {
    pub(super) fn of(folder: &Path, address: &str) -> Self {
        Self { folder: folder.to_owned(), name: name_of(address) }
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    /// The beginning that lies there, if it can be gone on with. Whoever has it has it alone.
    pub(super) fn begun(&self) -> Option<(About, File)> {
        let file = OpenOptions::new().read(true).append(true).open(self.path(ENDINGS[0])).ok()?;
        file.try_lock().ok()?;
        let kept: Kept = serde_json::from_slice(&fs::read(self.path(ENDINGS[1])).ok()?).ok()?;
        let length = file.metadata().ok()?.len();
        let is_beginning = kept.about.whole.is_some_and(|whole| (1..whole).contains(&length));
        (is_beginning && kept.about.proof.is_some() && Some(kept.boot) == boot()).then_some((kept.about, file))
    }

    /// A file for a beginning; none where it could not be gone on with, or somebody else has it.
    pub(super) fn begin(&self, about: &About) -> Option<File> {
        about.whole.filter(|whole| *whole >= LEAST && about.proof.is_some())?;
        durable::make_folder(&self.folder).ok()?;
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).mode(0o600).open(self.path(ENDINGS[0])).ok()?;
        file.try_lock().ok()?;
        file.set_len(0).ok()?;
        let kept = serde_json::to_vec(&Kept { boot: boot()?, about: about.clone() }).ok()?;
        let path = self.path(ENDINGS[1]);
        durable::write_for(Readers::Owner, &self.folder, &path, &kept, Existing::Replaced).ok()?;
        Some(file)
    }

    /// Forgets what lies there; whoever has the file open keeps it.
    pub(super) fn clear(&self) {
        for ending in ENDINGS {
            let _ = fs::remove_file(self.path(ending));
        }
    }
}

/// Forgets the beginnings that lie in a folder but for those of these addresses.
pub(super) fn clear_others(folder: &Path, wanted: impl IntoIterator<Item = String>) {
    let is_beginning = |path: &PathBuf| path.extension().is_some_and(|ending| ENDINGS.iter().any(|one| ending == *one));
    let found = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut found = found.filter(is_beginning).peekable();
    if found.peek().is_none() {
        return;
    }
    let wanted: BTreeSet<String> = wanted.into_iter().map(|address| name_of(&address)).collect();
    for path in found.filter(|path| path.file_stem().is_none_or(|name| !wanted.iter().any(|one| name == one.as_str())))
    {
        let _ = fs::remove_file(path);
    }
}

/// An address may hold a token, so its digest stands for it.
fn name_of(address: &str) -> String {
    let mut digest = sha256(address);
    digest.truncate(32);
    digest
}

/// Which start of the machine this is; none where it cannot be told.
fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn about(whole: u64, proof: Option<&str>) -> About {
        About {
            validators: Validators::default(),
            proof: proof.map(str::to_owned),
            whole: Some(whole),
            name: "a.csv".into(),
            host: "data.example".into(),
        }
    }

    #[test]
    fn a_beginning_is_had_by_one_and_gone_when_it_is_wanted_no_more_or_the_machine_was_started_anew() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::of(home.path(), "https://data.example/?token=CANARY");
        assert!(place.begin(&about(LEAST - 1, Some("\"one\""))).is_none(), "a short one is asked for anew");
        assert!(place.begin(&about(LEAST, None)).is_none(), "nothing would prove it the same");
        let about = about(LEAST, Some("\"one\""));
        let mut file = place.begin(&about).unwrap();
        file.write_all(b"beginning").unwrap();
        assert!(place.begun().is_none(), "somebody has it");
        drop(file);
        let (known, file) = place.begun().unwrap();
        assert_eq!((known, file.metadata().unwrap().len()), (about, 9));
        drop(file);
        clear_others(home.path(), ["https://data.example/?token=CANARY".to_owned()]);
        assert!(place.begun().is_some());
        let kept = fs::read_to_string(place.path("about")).unwrap();
        fs::write(place.path("about"), kept.replace(boot().unwrap().trim(), "another")).unwrap();
        assert!(place.begun().is_none());
        clear_others(home.path(), ["https://data.example/other".to_owned()]);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}

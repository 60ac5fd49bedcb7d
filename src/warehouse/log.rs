//! A table's log: one file of JSON lines a version, each with its checksum beside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::durable::{self, Existing, digest, disk};
use super::table::Table;
use super::{Result, WarehouseError};

impl Table {
    fn log_folder(&self) -> PathBuf {
        self.folder.join("_delta_log")
    }

    fn entry(&self, version: i64) -> PathBuf {
        self.log_folder().join(format!("{version:020}.json"))
    }

    /// The checksum lies outside of the log, where no reader of Delta looks.
    fn sum(&self, version: i64) -> PathBuf {
        self.folder.join("_sums").join(format!("{version:020}.json.sha256"))
    }

    /// The newest version, if the table exists.
    pub fn newest(&self) -> Result<Option<i64>> {
        let folder = self.log_folder();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(disk("listed", &folder))?,
        };
        let mut newest = None;
        for entry in entries {
            let entry = entry.map_err(disk("listed", &folder))?;
            newest = newest.max(version_of(&entry.path()));
        }
        Ok(newest)
    }

    /// Makes `lines` the entry of `version`, durable before it has its name.
    pub fn append(&self, version: i64, lines: &[Value]) -> Result<()> {
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        let bytes = text.join("\n").into_bytes();
        // The checksum comes first: without its entry it is overwritten, an entry without it would be damage.
        durable::write(&self.drafts(), &self.sum(version), digest(&bytes).as_bytes(), Existing::Replaced)?;
        match durable::write(&self.drafts(), &self.entry(version), &bytes, Existing::Kept)? {
            true => Ok(()),
            false => Err(WarehouseError::Taken { table: self.name.clone(), version }),
        }
    }

    /// The lines of a version, if they are what was written.
    pub fn lines(&self, version: i64) -> Result<Vec<Value>> {
        let path = self.entry(version);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let damaged = |why: &str| WarehouseError::from(self.damaged(Some(&name), why));
        let bytes = fs::read(&path).map_err(|_| damaged("cannot be read"))?;
        let sum = fs::read(self.sum(version)).map_err(|_| damaged("has lost its checksum"))?;
        if digest(&bytes).as_bytes() != sum {
            return Err(damaged("is not what was written"));
        }
        let lines: Result<_, serde_json::Error> =
            bytes.split(|byte| *byte == b'\n').map(serde_json::from_slice).collect();
        lines.map_err(|_| damaged("cannot be read"))
    }

    /// The newest version that recorded `submission`, or a later one, under the application's key.
    pub fn carrier(&self, newest: i64, app_id: &str, submission: i64) -> Result<Option<i64>> {
        for version in (0..=newest).rev() {
            let carries = self.lines(version)?.iter().any(|line| {
                let txn = &line["txn"];
                txn["appId"] == app_id && txn["version"].as_i64().is_some_and(|recorded| recorded >= submission)
            });
            if carries {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}

fn version_of(entry: &Path) -> Option<i64> {
    let stem = entry.file_name()?.to_str()?.strip_suffix(".json")?;
    (stem.len() == 20).then(|| stem.parse().ok()).flatten()
}

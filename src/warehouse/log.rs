//! A table's log: one file of JSON lines a version, and the checkpoints, each with its checksum beside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::table::Table;
use super::{Result, WarehouseError};
use crate::domain::sha256;
use crate::durable::{self, Existing, disk};

impl Table {
    pub fn log_folder(&self) -> PathBuf {
        self.folder.join("_delta_log")
    }

    pub fn entry(&self, version: i64) -> PathBuf {
        self.log_folder().join(format!("{version:020}.json"))
    }

    pub fn checkpoint_of(&self, version: i64) -> PathBuf {
        self.log_folder().join(format!("{version:020}.checkpoint.parquet"))
    }

    /// The checksum of a file of the log is the name of an empty file, outside of the log, where no reader of Delta
    /// looks.
    fn sum_of(&self, file: &Path, bytes: &[u8]) -> PathBuf {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        self.folder.join("_sums").join(format!("{name}-{}", sha256(bytes)))
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
            let name = entry.map_err(disk("listed", &folder))?.file_name();
            newest = newest.max(name.to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok()));
        }
        Ok(newest)
    }

    /// Makes `lines` the entry of `version`, durable before it has its name.
    pub fn append(&self, version: i64, lines: &[Value]) -> Result<()> {
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        match self.write_summed(&self.entry(version), text.join("\n").as_bytes(), Existing::Kept)? {
            true => Ok(()),
            false => Err(WarehouseError::Taken { table: self.name.clone(), version }),
        }
    }

    /// Writes a file of the log after its checksum: a checksum without its file does no harm, a file without its
    /// checksum would be damage. False if the file is there and kept.
    pub fn write_summed(&self, file: &Path, bytes: &[u8], existing: Existing) -> Result<bool> {
        durable::write(&self.drafts(), &self.sum_of(file, bytes), &[], Existing::Replaced)?;
        Ok(durable::write(&self.drafts(), file, bytes, existing)?)
    }

    /// The bytes of a file of the log, if they are what was written.
    pub fn read_summed(&self, file: &Path) -> Result<Vec<u8>> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let damaged = |why: &str| self.damaged(Some(&name), why);
        let bytes = fs::read(file).map_err(|_| damaged("cannot be read"))?;
        match self.sum_of(file, &bytes).exists() {
            true => Ok(bytes),
            false => Err(damaged("is not what was written, or has lost its checksum").into()),
        }
    }

    /// The lines of a version.
    pub fn lines(&self, version: i64) -> Result<Vec<Value>> {
        let file = self.entry(version);
        let bytes = self.read_summed(&file)?;
        let lines: Result<_, serde_json::Error> =
            bytes.split(|byte| *byte == b'\n').map(serde_json::from_slice).collect();
        lines.map_err(|error| self.damaged(None, &error.to_string()).into())
    }
}

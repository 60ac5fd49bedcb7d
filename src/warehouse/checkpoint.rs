//! Checkpoints: a table's state in one file, so that a reader opens the last of them and a few entries, never a long
//! log. They spare no entry: every version can still be read from the beginning.

use std::fs;
use std::io;
use std::path::Path;

use deltalake::DeltaTableError;
use deltalake::checkpoints::create_checkpoint;

use super::table::Table;
use super::{Result, WarehouseError};
use crate::durable::{self, Existing, disk};

/// Entries from one checkpoint to the next.
const EVERY: i64 = 20;

impl Table {
    /// Makes a checkpoint of `version` if the last one is far enough behind. The version is whole without it, so what
    /// fails here is told and tried again with the next version.
    pub async fn checkpoint_if_due(&self, version: i64) {
        let made = match self.last_checkpoint(version) {
            Ok(last) if version - last.unwrap_or(0) >= EVERY => self.checkpoint(version, last).await,
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = made {
            tracing::warn!(table = self.name, version, %error, "no checkpoint could be made; reading is slower until one is");
        }
    }

    /// Lets deltalake make the checkpoint in a copy of the log made of links, so that it stands in the log itself only
    /// once it is whole and durable.
    async fn checkpoint(&self, version: i64, last: Option<i64>) -> Result<()> {
        let drafts = self.drafts();
        durable::make_folder(&drafts)?;
        let copy = tempfile::tempdir_in(&drafts).map_err(disk("made", &drafts))?;
        let log = copy.path().join("_delta_log");
        fs::create_dir(&log).map_err(disk("made", &log))?;
        let first = match last {
            Some(last) => {
                link(&self.checkpoint_of(last), &log)?;
                last + 1
            }
            None => 0,
        };
        for earlier in first..=version {
            link(&self.entry(earlier), &log)?;
        }
        let delta = |source: DeltaTableError| WarehouseError::Delta { table: self.name.clone(), source };
        let table = Table { name: self.name.clone(), folder: copy.path().to_owned() };
        let made = table.checkpoint_of(version);
        let table = table.loaded(version).await.map_err(delta)?;
        create_checkpoint(&table, None).await.map_err(delta)?;
        let bytes = fs::read(&made).map_err(disk("read", &made))?;
        self.write_summed(&self.checkpoint_of(version), &bytes, Existing::Replaced).map(|_| ())
    }

    /// The newest checkpoint up to `version`.
    pub fn last_checkpoint(&self, version: i64) -> Result<Option<i64>> {
        let folder = self.log_folder();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(disk("listed", &folder))?,
        };
        let mut last = None;
        for entry in entries {
            let name = entry.map_err(disk("listed", &folder))?.file_name();
            let of = name.to_str().and_then(|name| name.strip_suffix(".checkpoint.parquet")?.parse().ok());
            last = last.max(of.filter(|of| *of <= version));
        }
        Ok(last)
    }
}

fn link(file: &Path, folder: &Path) -> Result<()> {
    let to = folder.join(file.file_name().unwrap_or_default());
    Ok(fs::hard_link(file, &to).map_err(disk("linked", file))?)
}

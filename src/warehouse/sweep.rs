//! Files that no version names and no unfinished submission needs: what an interrupted submission left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::staging::Staged;
use super::table::Table;
use super::{Result, Warehouse};
use crate::durable::disk;

impl Warehouse {
    /// Deletes leftovers and answers with how many there were. Call it when nothing else writes; `unfinished` are the
    /// submissions that are still to be committed.
    ///
    /// # Errors
    /// When a log cannot be read, or the disk refuses.
    pub fn sweep(&self, unfinished: &[Staged]) -> Result<usize> {
        let mut swept = 0;
        for schema in folders(&self.folder)? {
            for folder in folders(&self.folder.join(&schema))? {
                if let Ok(table) = Table::of(&self.folder, &format!("{schema}.{folder}")) {
                    swept += table.sweep(unfinished)?;
                }
            }
        }
        Ok(swept)
    }
}

impl Table {
    fn sweep(&self, unfinished: &[Staged]) -> Result<usize> {
        let staged = unfinished.iter().flat_map(|staged| &staged.tables).filter(|staged| staged.table == self.name);
        let mut named: BTreeSet<String> =
            staged.filter_map(|staged| staged.file.as_ref()).map(|file| file.path.clone()).collect();
        if let Some(newest) = self.newest()? {
            for version in 0..=newest {
                let lines = self.lines(version)?;
                named.extend(lines.iter().filter_map(|line| line["add"]["path"].as_str()).map(str::to_owned));
            }
        }
        let mut swept = 0;
        for path in files(&self.folder)? {
            let relative = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy();
            let draft = relative.starts_with("_drafts/");
            let data = relative.ends_with(".parquet") && !relative.starts_with('_');
            if draft || (data && !named.contains(relative.as_ref())) {
                fs::remove_file(&path).map_err(disk("deleted", &path))?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

fn folders(of: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(of).map_err(disk("listed", of))? {
        let entry = entry.map_err(disk("listed", of))?;
        if entry.path().is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

/// Every file below the folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).map_err(disk("listed", &folder))? {
            let path = entry.map_err(disk("listed", &folder))?.path();
            if path.is_dir() { left.push(path) } else { found.push(path) }
        }
    }
    Ok(found)
}

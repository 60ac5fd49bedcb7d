//! The definitions that travel inside the program: what `init` and `demo` write out.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use include_dir::{Dir, DirEntry, include_dir};

/// The commented configuration of a board of one's own.
pub static CONFIG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/config");
/// The returns.
pub static PIPELINES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/pipelines");
/// Indicators, packs, messages and fonts.
pub static REPORTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reports");

/// Makes a folder for a new board; one that holds anything is left alone.
pub fn new_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    if fs::read_dir(folder)?.next().is_some() {
        bail!("{} is not empty; name an empty or a new folder", folder.display());
    }
    Ok(())
}

/// Writes a tree below `folder`.
pub fn write_out(tree: &Dir<'_>, folder: &Path) -> anyhow::Result<()> {
    for entry in tree.entries() {
        let path = folder.join(entry.path());
        match entry {
            DirEntry::Dir(below) => {
                fs::create_dir_all(&path)?;
                write_out(below, folder)?;
            }
            DirEntry::File(file) => {
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(&path, file.contents()).with_context(|| format!("writing {}", path.display()))?;
            }
        }
    }
    Ok(())
}

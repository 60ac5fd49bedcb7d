//! An edition as a folder that never changes: the document, and all it was made from.
//!
//! The folder is a manuscript laid out on disk beside its PDF, the pack's SQL and `manifest.json`, which names every
//! file with its SHA-256 and the engine that set the pages. Knows nothing of the ledger, which records the receipt.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::typeset::{Manuscript, Typeset, engine, typeset};
use super::{PackError, Rendered};
use crate::domain::sha256;
use crate::durable::sync_folder;
use crate::fault;
use crate::worker::Launcher;

/// The document's name in an edition's folder.
pub const PDF: &str = "pack.pdf";
const MANIFEST: &str = "manifest.json";

/// Digests of everything an edition holds, and what it calls itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The pack's identifier.
    pub pack: String,
    /// Its title.
    pub title: String,
    /// The period it speaks of.
    pub period: String,
    /// Its number.
    pub edition: i64,
    /// The day it was issued.
    pub issued_on: Date,
    /// The day at whose end its figures stood.
    pub data_as_at: Date,
    /// Its disclosure class.
    pub class: String,
    /// The engine that set its pages.
    pub engine: String,
    /// What tells the document from every other.
    pub identity: String,
    /// Its pages.
    pub pages: usize,
    /// SHA-256 of every file but the manifest, by path.
    pub files: BTreeMap<String, String>,
}

/// A frozen edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Its folder.
    pub folder: PathBuf,
    /// Its document.
    pub pdf: PathBuf,
    /// The document's SHA-256.
    pub pdf_sha256: String,
    /// What it holds.
    pub manifest: Manifest,
}

/// An edition made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The document as it came out now.
    pub pdf: Vec<u8>,
    /// Its SHA-256.
    pub pdf_sha256: String,
    /// Whether its bytes are those that were issued. If not, although the engine is the same, the program is at fault.
    pub same_bytes: bool,
    /// Whether this program sets pages with the engine that set the issued ones.
    pub same_engine: bool,
    /// The engine that set the issued pages.
    pub made_with: String,
}

/// Freezes a rendered pack as `folder`, which must not exist; done again with the same pack, it finds its own work and
/// agrees. When this returns, the edition survives a power cut.
///
/// # Errors
/// When another edition stands there, or the disk refuses.
pub fn freeze(rendered: &Rendered, folder: &Path) -> Result<Frozen, PackError> {
    let mut files: BTreeMap<&str, &[u8]> =
        rendered.manuscript.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let statements: Vec<(String, &[u8])> =
        rendered.statements.iter().map(|(name, sql)| (format!("sql/{name}.sql"), sql.as_bytes())).collect();
    files.extend(statements.iter().map(|(name, sql)| (name.as_str(), *sql)));
    files.insert(PDF, &rendered.typeset.pdf);
    let manifest = Manifest {
        pack: rendered.pack.clone(),
        title: rendered.title.clone(),
        period: rendered.period.clone(),
        edition: rendered.edition,
        issued_on: rendered.manuscript.today,
        data_as_at: rendered.data_as_at,
        class: rendered.class.clone(),
        engine: engine(),
        identity: rendered.manuscript.identity.clone(),
        pages: rendered.typeset.pages,
        files: files.iter().map(|(name, bytes)| ((*name).to_owned(), sha256(bytes))).collect(),
    };
    if folder.exists() {
        let standing = read_manifest(folder).map_err(|_| PackError::Issued { folder: folder.to_owned() })?;
        if standing != manifest {
            return Err(PackError::Issued { folder: folder.to_owned() });
        }
    } else {
        write(folder, &files, &manifest)?;
    }
    let pdf_sha256 = sha256(&rendered.typeset.pdf);
    Ok(Frozen { folder: folder.to_owned(), pdf: folder.join(PDF), pdf_sha256, manifest })
}

/// Everything under a temporary name, flushed; then the rename.
fn write(folder: &Path, files: &BTreeMap<&str, &[u8]>, manifest: &Manifest) -> Result<(), PackError> {
    let parent = folder.parent().unwrap_or(Path::new("."));
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unfinished = parent.join(format!(".{name}.unfinished"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(PackError::file(&unfinished))?;
    }
    let mut folders = vec![unfinished.clone()];
    for name in files.keys() {
        let path = unfinished.join(name);
        let inside = path.parent().unwrap_or(&unfinished).to_owned();
        if !folders.contains(&inside) {
            folders.push(inside);
        }
    }
    for inside in &folders {
        fs::create_dir_all(inside).map_err(PackError::file(inside))?;
    }
    for (name, bytes) in files {
        let path = unfinished.join(name);
        write_file(&path, bytes).map_err(PackError::file(&path))?;
    }
    let path = unfinished.join(MANIFEST);
    let text = serde_json::to_string_pretty(manifest).map_err(PackError::Data)? + "\n";
    write_file(&path, text.as_bytes()).map_err(PackError::file(&path))?;
    for inside in folders.iter().rev() {
        sync_folder(inside)?;
    }
    fault::point("pack-before-rename");
    fs::rename(&unfinished, folder).map_err(PackError::file(folder))?;
    sync_folder(parent)?;
    fault::point("pack-after-rename");
    Ok(())
}

/// Writes a file that nobody writes again, and flushes it.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(0o444))?;
    file.sync_all()
}

/// What the edition in `folder` says of itself.
///
/// # Errors
/// When there is no edition.
pub fn read_manifest(folder: &Path) -> Result<Manifest, PackError> {
    let path = folder.join(MANIFEST);
    let text = fs::read(&path).map_err(PackError::file(&path))?;
    serde_json::from_slice(&text).map_err(PackError::Data)
}

/// Makes the edition in `folder` again from what was frozen with it, and compares.
///
/// # Errors
/// When a frozen file is missing or changed, or the pages cannot be set.
pub async fn rebuild(launcher: &Launcher, folder: &Path) -> Result<Rebuilt, PackError> {
    let manifest = read_manifest(folder)?;
    let mut files = BTreeMap::new();
    for (name, issued) in &manifest.files {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(PackError::file(&path))?;
        if sha256(&bytes) != *issued {
            return Err(PackError::Damaged { path });
        }
        files.insert(name.clone(), bytes);
    }
    let issued = files.remove(PDF).unwrap_or_default();
    files.retain(|name, _| !name.ends_with(".sql"));
    let manuscript = Manuscript { today: manifest.issued_on, identity: manifest.identity, files };
    let Typeset { pdf, .. } = typeset(launcher, &manuscript).await?;
    Ok(Rebuilt {
        pdf_sha256: sha256(&pdf),
        same_bytes: pdf == issued,
        same_engine: manifest.engine == engine(),
        made_with: manifest.engine,
        pdf,
    })
}

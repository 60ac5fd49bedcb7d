//! Reads definition files and tells everything that is wrong with them in one pass.
//!
//! Only the loader: layers and their origins (the `config` crate), the line of each key (`toml` spans of that origin),
//! secrets by reference. What a key means is for the noun to say that it describes.

mod beside;
mod document;
mod problem;
mod secret;
mod section;
mod word;

use std::{collections::BTreeMap, path::Path};

pub use document::Document;
pub use problem::{Problem, Problems};
pub use secret::{Secret, SecretError};
pub use section::Section;
pub use word::nearest;

/// The environment variables that name settings: `QUARTERDAY__BOARD__NAME` is `name` in `[board]`.
pub const PREFIX: &str = "QUARTERDAY";

/// The process's environment, read here and nowhere else.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect()
}

/// Reads `config/<name>.toml`, over it `config/local.toml` and over that the environment.
///
/// `local.toml` and the environment hold settings of `quarterday.toml`; the other files stand alone.
pub fn read_layers(config: &Path, environment: &BTreeMap<String, String>, problems: &mut Problems) -> Option<Document> {
    let local = config.join("local.toml");
    let mut files = vec![config.join("quarterday.toml")];
    if local.exists() {
        files.push(local);
    }
    Document::read(&files, environment, problems)
}

/// Reads one definition file.
pub fn read_file(path: &Path, problems: &mut Problems) -> Option<Document> {
    Document::read(&[path.to_owned()], &BTreeMap::new(), problems)
}

/// Reads a definition that is kept as text, such as the contract an old submission was judged under, with the files
/// that were [kept](Document::to_keep) with it.
pub fn read_text(label: &str, text: &str, problems: &mut Problems) -> Option<Document> {
    Document::parse(label, text, problems)
}

#[cfg(test)]
mod tests;

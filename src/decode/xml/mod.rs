//! XML: the elements that a contract names become the rows of its tables.
//!
//! Read in one pass, in memory-safe code that copies texts and looks nothing up: a document type is refused, and so is
//! every entity but the five that XML itself has, so that nothing can grow or be fetched. Elements and attributes that no
//! table asks for come along as columns of the row they stand in, so that the check can name them; what stands outside
//! every row is named once.

mod gather;
mod outline;
mod path;
mod plan;
mod texts;
mod walk;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::text::settle;
use super::{DecodeError, Decoded, Encoding};

pub use outline::{Element, outline};
pub use path::{NotAPath, Place, rows_path};
pub use texts::each_text;

/// What a return's tables are in its XML files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct XmlOptions {
    pub tables: Vec<XmlTable>,
}

/// Which elements are the rows of a table, and what stands in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XmlTable {
    /// The path of its rows from the outermost element, as [`rows_path`] reads it.
    pub rows: String,
    /// For each column the paths it goes by, as [`Place`] reads them.
    pub columns: Vec<Vec<String>>,
}

/// One sheet for each table in its order, named by the path of its rows; a row's number is that of its element among
/// all of that path. A heading that is not in the file is no column, unless the file has no such row at all.
pub(super) fn read(options: &XmlOptions, extract: Bytes, allowed: u64) -> Result<Decoded, DecodeError> {
    let text = settle(extract.clone(), encoding(&extract)?, allowed)?;
    let text = std::str::from_utf8(&text).map_err(|_| malformed(1, "it is not UTF-8"))?;
    let plan = plan::Plan::of(options).map_err(|error| malformed(0, &error.to_string()))?;
    walk::walk(text, plan, allowed)
}

fn malformed(line: usize, what: &str) -> DecodeError {
    DecodeError::Xml { line, what: what.to_owned() }
}

/// The encoding that the declaration names; without one XML is UTF-8, or UTF-16 with its mark.
fn encoding(extract: &[u8]) -> Result<Option<Encoding>, DecodeError> {
    if extract.starts_with(b"<\0") || extract.starts_with(b"\0<") {
        return Ok(None);
    }
    let opening = extract.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(extract);
    let opening = opening.get(..256).unwrap_or(opening);
    let end = opening.windows(2).position(|pair| pair == b"?>").filter(|_| opening.starts_with(b"<?xml"));
    let declaration = String::from_utf8_lossy(&opening[..end.unwrap_or(0)]).into_owned();
    let Some((_, stated)) = declaration.split_once("encoding") else { return Ok(Some(Encoding::Utf8)) };
    let stated = stated.trim_start().trim_start_matches('=').trim().trim_start_matches(['"', '\'']);
    let name: String = stated.chars().take_while(|c| !matches!(c, '"' | '\'')).collect();
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Ok(Some(Encoding::Utf8)),
        "iso-8859-1" | "latin1" | "windows-1252" | "cp1252" => Ok(Some(Encoding::Windows1252)),
        "utf-16" | "utf-16le" => Ok(Some(Encoding::Utf16)),
        _ => Err(malformed(1, "it declares an encoding that is not read here; save it as UTF-8 and send it again")),
    }
}

#[cfg(test)]
#[path = "../xml_tests.rs"]
mod tests;

//! The pages of evidence: what an agency owed, what it was told and what came of it, set by a template of their own.
//!
//! Takes what the pages print, already in words. Knows nothing of the ledger.

use jiff::civil::Date;
use serde_json::Value;

use super::{MAIN, Manuscript, PackError, Typeset, fonts, pages, typeset};
use crate::worker::Launcher;

/// The template that comes with the program.
pub const TEMPLATE: &str = include_str!("../../reports/evidence/evidence.typ");

/// Sets evidence; `today` and `identity` tell it from every other, and the same of both with the same `data` give the
/// same bytes.
///
/// # Errors
/// When the template is wrong, or the worker gives no answer.
pub async fn evidence(
    launcher: &Launcher,
    template: String,
    mut data: Value,
    today: Date,
    identity: String,
) -> Result<Typeset, PackError> {
    pages::make_printable(&mut data);
    let files = fonts::FILES.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
    let files = files.into_iter().chain([
        (MAIN.to_owned(), b"#include \"evidence.typ\"\n".to_vec()),
        ("evidence.typ".to_owned(), template.into_bytes()),
        ("data.json".to_owned(), serde_json::to_vec_pretty(&data).map_err(PackError::Data)?),
    ]);
    typeset(launcher, &Manuscript { today, identity, files: files.collect() }).await
}

//! The hidden entry of the workers: decides which handler runs.

use std::process::ExitCode;

use crate::{check, decode, form, pack, source::mailbox, warehouse, worker::Kind};

/// Serves one job of the kind named; never called by people.
pub fn worker(kind: Option<&str>) -> ExitCode {
    let Some(Ok(kind)) = kind.map(str::parse::<Kind>) else { return ExitCode::from(2) };
    match kind {
        Kind::Sql => warehouse::serve_sql(),
        Kind::Guard => check::guard::serve_worker(),
        Kind::Mail => mailbox::serve_worker(),
        Kind::Typst => pack::serve_typst(),
        Kind::Workbook | Kind::Parquet | Kind::Arrow | Kind::Unwrap | Kind::Probe => {
            decode::serve_worker(kind).unwrap_or(ExitCode::FAILURE)
        }
        Kind::Mark => form::serve_mark(),
    }
}

//! The check itself: every table of the contract against its sheet, row by row, and the judgement at the end.

use std::error::Error;

use arrow::{array::RecordBatch, error::ArrowError};
use datafusion::error::DataFusionError;

use super::{
    Checked, Claim, Classification, Contract, Judgement, Past, Severity, TableContract, TableCount,
    findings::{Findings, rule},
    headings::plain,
    rows::Rows,
};
use crate::{
    decode::{DecodeError, Decoded, Sheet},
    settings::nearest,
};

/// Rows of the last file from which on a much shorter one is noticed.
const USUAL_ROWS: i64 = 50;

/// Where checked rows go.
pub trait Sink {
    /// Takes rows of a table, named with its schema (`returns.missing_children`), shaped as
    /// [`TableContract::schema`]. They are good only if the file turns out to be accepted.
    fn write(&mut self, table: &str, batch: RecordBatch) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// A sink could not take rows.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SinkError(Box<dyn Error + Send + Sync>);

impl SinkError {
    /// The sink's own error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// Why a file could not be checked to its end.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A row further down cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The rows could not be written.
    #[error("the checked rows cannot be written: {0}")]
    Sink(#[from] SinkError),
    /// The contract's rule no longer fits its columns.
    #[error(
        "rule {id:?} cannot be planned: {source}; correct it in return.toml, `quarterday validate` tells what it needs"
    )]
    Rule {
        /// The rule.
        id: String,
        /// Why.
        source: DataFusionError,
    },
    /// Rows of the contract's shape could not be put together.
    #[error("the rows cannot be put together: {0}; report this with the return's name")]
    Rows(#[from] ArrowError),
}

/// Checks a decoded file against its contract; accepted or not, the rows are written to `sink` as they are read.
///
/// # Errors
/// When the file cannot be read to its end or the sink fails. A file that breaks its contract is no error.
pub async fn check(
    contract: &Contract,
    claim: Claim,
    decoded: Decoded,
    past: &Past,
    sink: &mut impl Sink,
) -> Result<Checked, CheckError> {
    let Decoded { mut sheets, mut ignored } = decoded;
    let mut findings = Findings::default();
    let (mut tables, mut totals) = (Vec::new(), Vec::new());
    let mut empty = None;
    for table in &contract.tables {
        let Some(sheet) = take_sheet(table, &mut sheets) else {
            tell_missing_sheet(table, &sheets, &ignored, &mut findings);
            continue;
        };
        let name = sheet.name.as_deref().map(|name| name.trim().to_owned());
        let qualified = contract.qualified(table);
        let mut rows = Rows::of(table, &claim, past, &sheet, &mut findings)?;
        for batch in sheet.rows {
            let batch = rows.check(&batch?)?;
            // Rows of a file that cannot be accepted need not be kept.
            if !rows.findings.has_errors() {
                sink.write(&qualified, batch).await?;
            }
            tokio::task::yield_now().await;
        }
        if rows.read == 0 && !table.optional {
            empty = empty.or_else(|| Some(name.clone()));
        }
        if contract.governance.classification == Classification::Aggregate {
            totals.extend(rows.totals(&qualified));
        }
        tables.push(TableCount { table: qualified, sheet: name, rows: rows.read });
    }
    ignored.extend(sheets.into_iter().filter_map(|sheet| sheet.name));
    let rows: i64 = tables.iter().map(|table| table.rows).sum();
    let has_queries = findings.has_queries();
    let judgement = if findings.has_errors() {
        Judgement::NotAccepted
    } else if let Some(reason) = doubt(empty, rows, past.usual_rows) {
        Judgement::Held { reason }
    } else if has_queries {
        Judgement::AcceptedWithQueries
    } else {
        Judgement::Accepted
    };
    Ok(Checked { claim, judgement, has_queries, findings: findings.finish(), tables, totals, ignored })
}

/// Why a person should look at the file first, if one should. `empty` is a table without rows that should have some:
/// the name of its sheet.
fn doubt(empty: Option<Option<String>>, rows: i64, usual: Option<i64>) -> Option<String> {
    if let Some(sheet) = empty {
        let place = sheet.map_or_else(|| "the file".to_owned(), |sheet| format!("sheet {sheet:?}"));
        return Some(format!("{place} has headings and no rows; is there nothing to report?"));
    }
    let usual = usual.filter(|usual| *usual >= USUAL_ROWS)?;
    (rows * 100 <= usual * 40).then(|| format!("it has {rows} rows where the last one had {usual}; is it whole?"))
}

/// The sheet of a table: the one of its name, or the only one of a file without names.
fn take_sheet(table: &TableContract, sheets: &mut Vec<Sheet>) -> Option<Sheet> {
    let wanted = table.sheet.as_deref().map(plain);
    let at = sheets.iter().position(|sheet| match (&sheet.name, &wanted) {
        (Some(name), Some(wanted)) => plain(name) == *wanted,
        _ => true,
    })?;
    Some(sheets.remove(at))
}

fn tell_missing_sheet(table: &TableContract, sheets: &[Sheet], ignored: &[String], findings: &mut Findings) {
    if table.optional {
        return;
    }
    let wanted = table.sheet.as_deref().unwrap_or(&table.name);
    let there: Vec<&str> =
        sheets.iter().filter_map(|sheet| sheet.name.as_deref()).chain(ignored.iter().map(String::as_str)).collect();
    let spot = findings.spot(&table.name, Some(wanted), None);
    findings.add(Severity::Error, &spot, None, rule::SHEET, || match nearest(wanted, there) {
        Some(near) => format!("the workbook has no sheet {wanted:?}. If {near:?} is meant, please correct its name."),
        None => format!("the workbook has no sheet {wanted:?}. Please use the template, or give the sheet that name."),
    });
}

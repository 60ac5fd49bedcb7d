//! The check itself: every table of the contract against its sheet, row by row, and the judgement at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::PathBuf,
};

use arrow::{array::RecordBatch, error::ArrowError};
use datafusion::error::DataFusionError;
use futures::StreamExt;

use super::{
    Checked, Claim, Classification, Contract, Judgement, Past, RefusedRows, Severity, TableContract, TableCount,
    findings::{Findings, Spot, rule},
    headings::plain,
    rows::{Finished, Rows},
    window::Window,
};
use crate::{
    decode::{DecodeError, Decoded, Pattern, Sheet, is_unnamed},
    domain::words::whole,
    settings::nearest,
};

/// Rows of the last file from which on a much shorter one is noticed.
const USUAL_ROWS: i64 = 50;

/// Where checked rows go.
pub trait Sink {
    /// Takes rows of a table, named with its schema (`returns.missing_children`), shaped as
    /// [`TableContract::schema`]. They are good only if the file turns out to be accepted.
    fn write(&mut self, table: &str, batch: RecordBatch) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// A folder in which a long table's check may keep what does not fit in memory: digests, and no rows. None is the
    /// system's temporary folder.
    fn room(&self) -> Option<PathBuf> {
        None
    }
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
    /// Particulars of children would be kept as they are.
    #[error("the board's key for pseudonyms is not at hand, and no identifier is kept without it")]
    NoKey,
    /// What does not fit in memory could not be kept on the disk.
    #[error("the keys of the rows cannot be compared: {0}; check that the disk is there, writable and not full")]
    Room(#[source] std::io::Error),
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
    let (mut tables, mut totals, mut layouts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut seen, mut refused) = (BTreeMap::new(), RefusedRows::new());
    let (mut earlier, mut left_out, mut coverage) = (BTreeSet::new(), 0, None);
    let mut empty = None;
    for table in &contract.tables {
        let Some(sheet) = take_sheet(table, &mut sheets) else {
            tell_missing_sheet(table, &sheets, &ignored, &mut findings);
            continue;
        };
        if let Some(file) = &table.file
            && sheets.iter().filter_map(|sheet| sheet.name.as_deref()).any(|name| file.fits(name))
        {
            let spot = findings.spot(&table.name, Some(file.as_str()), None);
            findings.add(Severity::Error, &spot, None, rule::SHEET, || {
                format!("more than one file of the archive is called {:?}. Please leave the right one.", file.as_str())
            });
        }
        let name = sheet.name.as_deref().map(|name| name.trim().to_owned());
        if table.optional && sheet.columns.is_empty() {
            ignored.extend(name);
            continue;
        }
        let qualified = contract.qualified(table);
        let refuses = contract.refuse_rows.is_some();
        let mut rows = Rows::of(table, &claim, past, refuses, &sheet, sink.room(), &mut findings)?;
        rows.watch_periods(contract.covers.map(|covers| Window::new(covers, claim.obligation.period)));
        let below = sheet.below;
        let mut batches = Box::pin(sheet.rows.ahead());
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            rows.look(&batch);
            for turn in 0..rows.turns() {
                let Some(part) = rows.turn(turn, &batch)? else { continue };
                let checked = rows.check(&part)?;
                // Rows of a file that cannot be accepted need not be kept.
                if !rows.findings.has_errors() {
                    sink.write(&qualified, checked).await?;
                }
                tokio::task::yield_now().await;
            }
        }
        rows.tell_repeats()?;
        earlier.extend(rows.window.iter().flat_map(|window| &window.met));
        rows.tell_left_out();
        coverage = coverage.or(rows.coverage());
        let finished = rows.finish(&qualified, below.get().copied());
        left_out += finished.left_out;
        if finished.read == 0 && !table.optional {
            empty = empty.or_else(|| Some(name.clone()));
        }
        if contract.governance.classification == Classification::Aggregate {
            totals.extend(finished.totals);
        }
        let Finished { read, refused: rows, layout, seen: columns, filled, .. } = finished;
        tables.push(TableCount { table: qualified, sheet: name, rows: read, refused: count(rows.len()), filled });
        layouts.push((table.name.clone(), layout));
        seen.insert(table.name.clone(), columns);
        if !rows.is_empty() {
            refused.insert(table.name.clone(), rows);
        }
    }
    ignored.extend(sheets.into_iter().filter_map(|sheet| sheet.name));
    tell_if_too_many(contract, &tables, &mut findings);
    // A refused row is to be explained or sent again.
    let has_queries = findings.has_queries() || !refused.is_empty();
    let judgement = if findings.has_errors() {
        Judgement::NotAccepted
    } else if let Some(reason) = doubt(contract, empty, &tables, past) {
        Judgement::Held { reason }
    } else if has_queries {
        Judgement::AcceptedWithQueries
    } else {
        Judgement::Accepted
    };
    let ignored_columns = ignored_columns(contract, std::mem::take(&mut findings.ignored));
    let (findings, mut marks) = findings.finish();
    if contract.governance.classification == Classification::ChildLevel {
        for (finding, mark) in findings.iter().zip(&mut marks) {
            // The digest of one child's row could be guessed.
            mark.take_if(|_| finding.row.is_some());
        }
    }
    Ok(Checked {
        claim,
        judgement,
        has_queries,
        findings,
        marks,
        earlier,
        left_out,
        coverage,
        tables,
        totals,
        ignored,
        ignored_columns,
        layouts,
        seen,
        refused,
    })
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Tells of more refused rows than may be: then the file as a whole is not accepted.
fn tell_if_too_many(contract: &Contract, tables: &[TableCount], findings: &mut Findings) {
    let sum = |of: fn(&TableCount) -> i64| tables.iter().map(of).sum::<i64>().unsigned_abs();
    let (read, refused) = (sum(|table| table.rows), sum(|table| table.refused));
    let Some(share) = contract.refuse_rows.filter(|share| !share.allows(refused, read)) else { return };
    let spot = findings.spot("", None, None);
    findings.add(Severity::Error, &spot, None, rule::REFUSED, || {
        let (refused, read) = (whole(refused), whole(read));
        format!("{refused} of {read} rows break a rule; {share} of them may. Please correct them.")
    });
}

/// The columns that were left aside, as they may be named to their sender.
fn ignored_columns(contract: &Contract, spots: Vec<Spot>) -> Vec<String> {
    let repeats = contract.governance.classification != Classification::ChildLevel;
    let name = |spot: Spot| match (spot.heading.filter(|heading| repeats && !is_unnamed(heading)), spot.letter) {
        (Some(heading), Some(letter)) => format!("{heading} ({letter})"),
        (Some(heading), None) => heading,
        (None, Some(letter)) => letter,
        (None, None) => "one without a name".to_owned(),
    };
    spots.into_iter().map(name).collect()
}

/// Why a person should look at the file first, if one should. `empty` is a table without rows that should have some:
/// the name of its sheet.
///
/// Each table is held against its own last size, and each of its figures: one that falls is not hidden by others.
fn doubt(contract: &Contract, empty: Option<Option<String>>, tables: &[TableCount], past: &Past) -> Option<String> {
    if let Some(sheet) = empty {
        let place = sheet.map_or_else(|| "the file".to_owned(), |sheet| format!("sheet {sheet:?}"));
        return Some(format!("a file without rows is being checked: {place} has headings and no rows"));
    }
    let dropped = |now: i64, usual: i64| usual >= USUAL_ROWS && now * 100 <= usual * 40;
    let rows = tables.iter().map(|table| table.rows - table.refused).sum();
    if let Some(usual) = past.usual_rows.filter(|usual| dropped(rows, *usual)) {
        return Some(format!("a large drop is being checked: the file has {rows} rows, the last one had {usual}"));
    }
    // A table that the return no longer has is no drop.
    let is_known = |name: &str| {
        let mut rest = contract.tables.iter().filter_map(|table| name.strip_prefix(&contract.qualified(table)));
        rest.any(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    past.usual_sizes.iter().filter(|(name, _)| is_known(name)).find_map(|(name, usual)| {
        let size = |table: &TableCount| table.sizes().into_iter().find(|(known, _)| known == name);
        let (table, now) = tables
            .iter()
            .find_map(|table| Some((Some(table), size(table)?.1)))
            .unwrap_or((None, 0));
        // Neither is a column that it no longer has.
        let is_column = name.matches('.').count() > 1;
        if !dropped(now, *usual) || (is_column && table.is_none()) {
            return None;
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        let place = table.and_then(|table| table.sheet.as_ref()).map(|sheet| format!("sheet {sheet:?}"));
        Some(match (is_column, place) {
            (true, place) => {
                let place = place.map(|place| format!(" of {place}")).unwrap_or_default();
                format!("a large drop is being checked: {now} cells of {last:?}{place} are filled in, {usual} were last time")
            }
            (false, place) => {
                let place = place.unwrap_or_else(|| format!("the table {last:?}"));
                format!("a large drop is being checked: {place} has {now} rows, the last file had {usual} there")
            }
        })
    })
}

/// The sheet of a table: the one that was read for it, the one of its name, or the only one of a file without names.
fn take_sheet(table: &TableContract, sheets: &mut Vec<Sheet>) -> Option<Sheet> {
    let wanted = table.sheet.as_deref().or(table.rows.as_deref()).map(plain);
    let at = sheets.iter().position(|sheet| match (&table.file, &sheet.remarks.table, &sheet.name, &wanted) {
        (Some(file), _, name, _) => name.as_ref().is_some_and(|name| file.fits(name)),
        (None, Some(known), _, _) => *known == table.name,
        (None, None, Some(name), Some(wanted)) => plain(name) == *wanted,
        _ => true,
    })?;
    Some(sheets.remove(at))
}

fn tell_missing_sheet(table: &TableContract, sheets: &[Sheet], ignored: &[String], findings: &mut Findings) {
    if table.optional {
        return;
    }
    let (what, holder) = if table.file.is_some() { ("file", "archive") } else { ("sheet", "workbook") };
    let Some(wanted) = table.file.as_ref().map(Pattern::as_str).or(table.sheet.as_deref()) else {
        let spot = findings.spot(&table.name, None, None);
        findings.add(Severity::Error, &spot, None, rule::SHEET, || {
            let headings: Vec<String> = table.columns.iter().map(|column| format!("{:?}", column.heading())).collect();
            format!("no sheet of the workbook has the headings {}. Please use the template.", headings.join(", "))
        });
        return;
    };
    let there: Vec<&str> =
        sheets.iter().filter_map(|sheet| sheet.name.as_deref()).chain(ignored.iter().map(String::as_str)).collect();
    let spot = findings.spot(&table.name, Some(wanted), None);
    findings.add(Severity::Error, &spot, None, rule::SHEET, || match nearest(wanted, there) {
        Some(near) => format!("the {holder} has no {what} {wanted:?}. If {near:?} is meant, please correct its name."),
        None if table.file.is_some() => format!("the {holder} has no {what} {wanted:?}. Please add it."),
        None => format!("the workbook has no sheet {wanted:?}. Please use the template, or give the sheet that name."),
    });
}

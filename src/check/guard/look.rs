//! Looks through a whole file: every cell of it, whatever its contract asks for.

use std::process::ExitCode;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::UInt32Type,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Exempt, Found, Identity, Place, scan::Scan};
use crate::{
    check::Contract,
    content::Content,
    decode::{DecodeError, Decoded, Format, Limits, Part, Sheet, aside, decode, each_line, every_row, in_worker},
    worker::{self, Frame, Kind, Launcher, Output, WorkerError},
};

/// What is asked of the worker that looks through a workbook.
#[derive(Serialize, Deserialize)]
struct Asked {
    exempt: Vec<Exempt>,
}

/// A text may have more cells in a line than any sheet has columns; those beyond count as cells of this one.
const LAST_COLUMN: u32 = 16_384;

/// The identities in a file of a return about groups. A file that cannot be read as what it should be is looked through
/// as text.
///
/// # Errors
/// When a workbook cannot be looked through: what cannot be looked through is not taken.
pub async fn look(
    contract: &Contract,
    extract: impl Into<Content>,
    launcher: &Launcher,
) -> Result<Vec<Found>, DecodeError> {
    let extract = extract.into();
    if matches!(contract.format, Format::Workbook(_)) {
        return match look_into_workbook(&contract.exempt, &extract, launcher).await {
            // What is no workbook, or a locked one, is told in the words of whoever reads it.
            Err(error @ DecodeError::Worker(WorkerError::Failed { .. })) => {
                Err(decode(&contract.format, extract, launcher).await.err().unwrap_or(error))
            }
            looked => looked,
        };
    }
    let is_xml = matches!(contract.format, Format::Xml(_));
    let decoded = decode(&contract.format, extract.clone(), launcher).await;
    let exempt = contract.exempt.clone();
    aside(move || match decoded.and_then(|decoded| look_into_tables(&exempt, decoded)) {
        // What no path of the contract leads to is not among its cells.
        Ok(mut found) if is_xml => {
            found.extend(look_into_text(&exempt, &extract)?);
            Ok(found)
        }
        Ok(found) => Ok(found),
        Err(_) => look_into_text(&exempt, &extract),
    })
    .await
}

/// What the file's name tells of a child.
pub fn in_name(name: &str) -> Vec<Found> {
    let mut scan = Scan::new(&[], false);
    scan.begin(Place::FileName, None, false);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    scan.text(0, &stem.replace('_', " "));
    scan.finish()
}

/// What a sentence that somebody wrote tells of a child.
pub fn in_words(text: &str) -> Vec<Identity> {
    let mut scan = Scan::new(&[], false);
    scan.begin(Place::Text, None, false);
    for (line, row) in text.lines().zip(1..) {
        scan.row(row, &[(0, line)], false);
    }
    let mut kinds: Vec<Identity> = scan.finish().into_iter().map(|found| found.kind).collect();
    kinds.dedup();
    kinds
}

async fn look_into_workbook(
    exempt: &[Exempt],
    extract: &Content,
    launcher: &Launcher,
) -> Result<Vec<Found>, DecodeError> {
    let request = json!({ "exempt": exempt });
    let frames = in_worker(launcher, Kind::Guard, &request, extract, Limits::default()).await?;
    match frames.into_iter().next() {
        Some(Frame::Json(found)) => serde_json::from_value(found).map_err(|_| DecodeError::Wire("what was found")),
        _ => Err(DecodeError::Wire("nothing was said of what was found")),
    }
}

/// The worker's side: the input is a workbook, the answer one frame with what was found.
fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let asked: Asked = serde_json::from_value(request).map_err(|error| error.to_string())?;
    let found = look_into_rows(&asked.exempt, &input)?;
    let found = serde_json::to_value(found).map_err(|error| error.to_string())?;
    output.json(&found).map_err(|error| error.to_string())
}

fn look_into_rows(exempt: &[Exempt], input: &[u8]) -> Result<Vec<Found>, String> {
    let mut scan = Scan::new(exempt, true);
    every_row(input, &mut |part| match part {
        Part::Sheet { number, name, hidden } => scan.begin(Place::Sheet(number), Some(name), hidden),
        Part::Behind(what) => scan.begin(Place::Behind(what.to_owned()), None, false),
        Part::Row { row, cells } => {
            let cells: Vec<(u32, &str)> = cells.iter().map(|(column, text)| (*column, text.as_str())).collect();
            scan.row(row, &cells, false);
        }
    })?;
    Ok(scan.finish())
}

fn look_into_tables(exempt: &[Exempt], decoded: Decoded) -> Result<Vec<Found>, DecodeError> {
    let lettered = decoded.sheets.first().is_some_and(|sheet| sheet.letter(0).is_some());
    let mut scan = Scan::new(exempt, lettered);
    for (sheet, number) in decoded.sheets.into_iter().zip(1..) {
        scan.begin(Place::Sheet(number), sheet.name.as_deref(), false);
        let Sheet { header_row, first_column, columns, rows, .. } = sheet;
        let headings: Vec<(u32, &str)> = (first_column..).zip(columns.iter().map(String::as_str)).collect();
        scan.row(header_row, &headings, true);
        for batch in rows {
            look_into_batch(&mut scan, first_column, &batch?);
        }
    }
    Ok(scan.finish())
}

fn look_into_batch(scan: &mut Scan<'_>, first_column: u32, batch: &RecordBatch) {
    let rows = batch.column(0).as_primitive::<UInt32Type>();
    let columns: Vec<_> = batch.columns()[1..].iter().map(|column| column.as_string::<i32>()).collect();
    let mut cells: Vec<(u32, &str)> = Vec::with_capacity(columns.len());
    for (at, row) in rows.values().iter().enumerate() {
        cells.clear();
        let there = (first_column..).zip(&columns).filter(|(_, column)| column.is_valid(at));
        cells.extend(there.map(|(place, column)| (place, column.value(at))));
        scan.row(*row, &cells, false);
    }
}

/// A file that is no table: each line, and what commas, semicolons, bars and tabs part in it.
fn look_into_text(exempt: &[Exempt], extract: &Content) -> Result<Vec<Found>, DecodeError> {
    let mut scan = Scan::new(exempt, false);
    scan.begin(Place::Text, None, false);
    each_line(extract, &mut |row, line| {
        let cells = line.split([',', ';', '|', '\t']).map(|cell| cell.trim().trim_matches('"'));
        let places = (0..LAST_COLUMN).chain(std::iter::repeat(LAST_COLUMN));
        let cells: Vec<(u32, &str)> = places.zip(cells).filter(|(_, cell)| !cell.is_empty()).collect();
        scan.row(row, &cells, false);
    })?;
    Ok(scan.finish())
}

/// Runs the worker that looks through a workbook, the child's side of [`look`].
pub fn serve_worker() -> ExitCode {
    worker::serve(Kind::Guard, handle)
}

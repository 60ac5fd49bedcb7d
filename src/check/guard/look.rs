//! Looks through a whole file: every cell of it, whatever its contract asks for.

use std::{collections::BTreeMap, process::ExitCode};

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
    decode::{
        CsvOptions, DecodeError, Decoded, Format, HEAD, JsonOptions, Limits, Part, Sheet, WorkbookOptions, XmlOptions,
        aside, decode, each_line, each_text, each_value, every_row, in_worker, rows_outside,
    },
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
    look_as(&contract.format, &contract.exempt, extract.into(), launcher).await
}

/// The identities in a file of an archive that the return does not ask for; nothing where it is of no kind that is looked
/// through, such as a picture.
///
/// # Errors
/// When a disk or a worker of ours fails.
pub async fn look_beside(
    contract: &Contract,
    extract: Content,
    launcher: &Launcher,
) -> Result<Vec<Found>, DecodeError> {
    let Some(format) = format_of(&extract.head(HEAD)?) else { return Ok(Vec::new()) };
    let found = match look_as(&format, &contract.exempt, extract, launcher).await {
        Err(error) if !error.is_ours() => return Ok(Vec::new()),
        looked => looked?,
    };
    let place = || Place::Behind("files of the archive that are not asked for".to_owned());
    let mut kinds: BTreeMap<Identity, Found> = BTreeMap::new();
    for one in found {
        match kinds.get_mut(&one.kind) {
            Some(known) => known.cells += one.cells,
            None => drop(kinds.insert(one.kind, Found { place: place(), sheet: None, heading: None, ..one })),
        }
    }
    Ok(kinds.into_values().collect())
}

/// What a file is by its first bytes; none for what is neither table nor text.
fn format_of(head: &[u8]) -> Option<Format> {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    match head {
        [b'P', b'K', ..] | [0xD0, 0xCF, 0x11, 0xE0, ..] => Some(Format::Workbook(WorkbookOptions::default())),
        [b'P', b'A', b'R', b'1', ..] => Some(Format::Parquet),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Some(Format::Arrow),
        [b'%', b'P', b'D', b'F', ..] => None,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some(Format::Csv(CsvOptions::default())),
        _ => match text.first() {
            Some(b'<') => Some(Format::Xml(XmlOptions::default())),
            Some(b'{' | b'[') => Some(Format::Json(JsonOptions::default())),
            // UTF-16 without a mark has a zero in each pair; other text has none.
            _ if head.contains(&0) && !matches!(head, [_, 0, _, 0, ..] | [0, _, 0, _, ..]) => None,
            _ => Some(Format::Csv(CsvOptions::default())),
        },
    }
}

async fn look_as(
    format: &Format,
    exempt: &[Exempt],
    extract: Content,
    launcher: &Launcher,
) -> Result<Vec<Found>, DecodeError> {
    if matches!(format, Format::Workbook(_)) {
        return match look_into_workbook(exempt, &extract, launcher).await {
            // What is no workbook, or a locked one, is told in the words of whoever reads it.
            Err(error @ DecodeError::Worker(WorkerError::Failed { .. })) => {
                Err(decode(format, extract, launcher).await.err().unwrap_or(error))
            }
            looked => looked,
        };
    }
    let decoded = decode(format, extract.clone(), launcher).await;
    let (format, exempt) = (format.clone(), exempt.to_vec());
    aside(move || match decoded.and_then(|decoded| look_into_tables(&exempt, &format, &extract, decoded)) {
        Ok(found) => Ok(found),
        Err(_) => look_into_text(&exempt, &format, &extract),
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

fn look_into_tables(
    exempt: &[Exempt],
    format: &Format,
    extract: &Content,
    decoded: Decoded,
) -> Result<Vec<Found>, DecodeError> {
    let lettered = decoded.sheets.first().is_some_and(|sheet| sheet.letter(0).is_some());
    let mut scan = Scan::new(exempt, lettered);
    for (sheet, number) in decoded.sheets.into_iter().zip(1..) {
        scan.begin(Place::Sheet(number), sheet.name.as_deref(), false);
        let Sheet { header_row, first_column, columns, rows, below, .. } = sheet;
        if let (Format::Csv(options), 2..) = (format, header_row) {
            look_outside(&mut scan, options, extract, None)?;
        }
        let headings: Vec<(u32, &str)> = (first_column..).zip(columns.iter().map(String::as_str)).collect();
        scan.row(header_row, &headings, true);
        for batch in rows {
            look_into_batch(&mut scan, first_column, &batch?);
        }
        if let (Format::Csv(options), Some(below)) = (format, below.get()) {
            look_outside(&mut scan, options, extract, Some(below.end))?;
        }
    }
    look_into_values(&mut scan, format, extract, true)?;
    Ok(scan.finish())
}

/// The rows above the headings of a CSV file, or from the one that ends its table on.
fn look_outside(
    scan: &mut Scan<'_>,
    options: &CsvOptions,
    extract: &Content,
    end: Option<u32>,
) -> Result<(), DecodeError> {
    for (row, cells) in rows_outside(options, extract.clone(), end)? {
        let cells: Vec<(u32, &str)> =
            (0..).zip(cells.iter().map(|cell| cell.trim())).filter(|(_, cell)| !cell.is_empty()).collect();
        scan.row(row, &cells, false);
    }
    Ok(())
}

/// What a file of JSON or XML holds by names: all of it, or `beside` its records and rows.
fn look_into_values(scan: &mut Scan<'_>, format: &Format, extract: &Content, beside: bool) -> Result<(), DecodeError> {
    let most = Limits::default().decoded_bytes;
    let what = match (format, beside) {
        (Format::Json(_), true) => "the values beside the records",
        (Format::Xml(_), true) => "the elements beside the rows",
        (Format::Json(_) | Format::Xml(_), false) => "the values in the file",
        _ => return Ok(()),
    };
    if extract.length() > most {
        return Err(DecodeError::TooLarge(most));
    }
    scan.begin(Place::Behind(what.to_owned()), None, false);
    let mut row = 0_u32;
    let mut see = |above: &str, name: &str, text: &str| {
        row = row.saturating_add(1);
        scan.named(row, above, name, text);
    };
    match format {
        Format::Json(options) => each_value(beside.then_some(options), extract.bytes()?, most, &mut see),
        Format::Xml(options) => each_text(beside.then_some(options), &extract.bytes()?, most, &mut see),
        _ => Ok(()),
    }
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

/// A file that is no table: what it holds by names as far as it can be read, each line, and what commas, semicolons, bars and
/// tabs part in it.
fn look_into_text(exempt: &[Exempt], format: &Format, extract: &Content) -> Result<Vec<Found>, DecodeError> {
    let mut scan = Scan::new(exempt, false);
    // Where it breaks off the lines tell what is left.
    let _ = look_into_values(&mut scan, format, extract, false);
    let mut found = scan.finish();
    let mut scan = Scan::new(exempt, false);
    scan.begin(Place::Text, None, false);
    each_line(extract, &mut |row, line| {
        let cells = line.split([',', ';', '|', '\t']).map(|cell| cell.trim().trim_matches('"'));
        let places = (0..LAST_COLUMN).chain(std::iter::repeat(LAST_COLUMN));
        let cells: Vec<(u32, &str)> = places.zip(cells).filter(|(_, cell)| !cell.is_empty()).collect();
        scan.row(row, &cells, false);
    })?;
    let known: Vec<Identity> = found.iter().map(|found| found.kind).collect();
    found.extend(scan.finish().into_iter().filter(|found| !known.contains(&found.kind)));
    Ok(found)
}

/// Runs the worker that looks through a workbook, the child's side of [`look`].
pub fn serve_worker() -> ExitCode {
    worker::serve(Kind::Guard, handle)
}

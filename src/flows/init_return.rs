//! A new return from one real file of it: a definition to be completed, and a made-up sample with its findings.
//!
//! The file itself is read and left where it is: it may hold records of children, and nothing of it is copied but headings,
//! the names of sheets, and codes that stand in many rows.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use arrow::{
    array::{ArrayRef, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use bytes::Bytes;

use crate::{
    check::{
        Claim, Contract, Finding, Past, Sink, SinkError, check,
        infer::{self, Shape},
    },
    decode::{self, CsvOptions, Format, JsonOptions, Keys, Limits, Members, WorkbookOptions, XmlOptions, decode},
    domain::{Period, ReturnId},
    form::plain_book,
    ledger::{ObligationKey, Severity},
    settings::{self, Problems},
    source::period_in_name,
    worker::Launcher,
};

/// What was written.
#[derive(Debug)]
pub struct Begun {
    /// The return.
    pub id: ReturnId,
    /// Its folder.
    pub folder: PathBuf,
    /// Tables and columns guessed.
    pub tables: usize,
    /// See [`Begun::tables`].
    pub columns: usize,
    /// What the guessed contract finds in the file it was guessed from; nothing that stops it, as a rule.
    pub found: Vec<Finding>,
}

/// Guesses the contract of a file and writes its folder into `pipelines`.
///
/// # Errors
/// When the file cannot be read as any format, or there is such a return already.
pub async fn init_return(
    pipelines: &Path,
    file: &Path,
    id: Option<ReturnId>,
    launcher: &Launcher,
) -> anyhow::Result<Begun> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let id = match id {
        Some(id) => id,
        None => id_of(&name).with_context(|| format!("{name:?} gives no name for a return; give one with --id"))?,
    };
    let folder = pipelines.join(id.as_str());
    if folder.exists() {
        bail!("{} is there already; choose another name with --id", folder.display());
    }
    let bytes: Bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?.into();
    let bytes = unwrapped(bytes, launcher).await.with_context(|| format!("opening {}", file.display()))?;
    let guess = guess(&id, &name, bytes.clone(), launcher).await?;
    let found = try_on(&guess.contract, bytes, guess.period, launcher).await?;
    let samples = folder.join("samples");
    fs::create_dir_all(&samples).with_context(|| format!("making {}", samples.display()))?;
    let write = |path: PathBuf, bytes: &[u8]| fs::write(&path, bytes).with_context(|| path.display().to_string());
    write(folder.join("return.toml"), guess.definition.as_bytes())?;
    let (sample, ending) = sample(&guess.format, &guess.shapes, guess.period)?;
    let stem = format!("accepted-{}", guess.period);
    write(samples.join(format!("{stem}.{ending}")), &sample)?;
    let told = try_on(&guess.contract, sample.into(), guess.period, launcher).await?;
    let remark = "# Made up by `quarterday init-return`, in the shape of the real file and without a value of it.\n";
    write(samples.join(format!("{stem}.findings")), (remark.to_owned() + &lines(&told)).as_bytes())?;
    let columns = guess.shapes.iter().map(|shape| shape.columns.len()).sum();
    Ok(Begun { id, folder, tables: guess.shapes.len(), columns, found })
}

/// The one file in an archive; what is no archive is itself.
async fn unwrapped(bytes: Bytes, launcher: &Launcher) -> anyhow::Result<Bytes> {
    let home = tempfile::tempdir()?;
    let keys = Keys::default();
    let opened = decode::unwrap(bytes, &Members::Only, &keys, launcher, Limits::default(), home.path()).await?;
    let (_, content) = opened.files.into_iter().next().context("nothing is in it")?;
    Ok(content.bytes()?)
}

/// A guessed contract.
pub struct Guess {
    /// The definition, with what only people know left to be filled in.
    pub definition: String,
    /// The same with examples in its place, settled.
    pub contract: Contract,
    /// The format.
    pub format: Format,
    /// Its tables.
    pub shapes: Vec<Shape>,
    /// The period it is tried with.
    pub period: Period,
}

/// Guesses the contract of a file.
///
/// # Errors
/// When it cannot be read, or what was guessed is no contract; the latter is a fault of the program.
pub async fn guess(id: &ReturnId, name: &str, bytes: Bytes, launcher: &Launcher) -> anyhow::Result<Guess> {
    let (format, shapes) = match format_of(&bytes) {
        Format::Xml(_) => elements(name, bytes, launcher).await?,
        format => {
            let decoded = decode(&format, bytes, launcher).await.with_context(|| format!("reading {name}"))?;
            (format, infer::infer(decoded.sheets, false)?)
        }
    };
    if shapes.iter().all(|shape| shape.columns.is_empty()) {
        bail!("{name} has no row of headings; the first row with two or more texts is taken for it");
    }
    let named = period_in_name(name);
    let title = title_of(id);
    let definition = infer::definition(id, &title, &format, &shapes, named, false);
    let complete = infer::definition(id, &title, &format, &shapes, named, true);
    let mut problems = Problems::default();
    let document = settings::read_text("the guessed return.toml", &complete, &mut problems);
    let contract = document.and_then(|document| {
        let contract = Contract::settle(id.clone(), &document);
        problems.merge(document.finish());
        contract
    });
    let contract = contract.filter(|_| problems.is_empty());
    let contract = contract.with_context(|| format!("what was guessed is no contract; report this:\n{problems}"))?;
    let of_shape = shapes.iter().find_map(|shape| shape.period.as_ref()).map(|(_, period)| *period);
    let usual = contract.every.period_of(jiff::civil::date(2025, 4, 1));
    let period = of_shape.or(named).or(usual).unwrap_or(Period::Release { date: jiff::civil::date(2025, 4, 1) });
    Ok(Guess { definition, contract, format, shapes, period })
}

/// The elements of a file that could be rows, and what they hold: looked at once for their keys, and once more with the
/// columns by which inner tables lead back to outer ones.
async fn elements(name: &str, bytes: Bytes, launcher: &Launcher) -> anyhow::Result<(Format, Vec<Shape>)> {
    let reading = || format!("reading {name}");
    let outline = decode::outline(&bytes, Limits::default().decoded_bytes).with_context(reading)?;
    let tables = infer::elements::tables(&outline);
    let read = async |options| {
        let format = Format::Xml(options);
        let decoded = decode(&format, bytes.clone(), launcher).await.with_context(reading)?;
        anyhow::Ok((format, infer::infer(decoded.sheets, true)?))
    };
    let (_, shapes) = read(infer::elements::options(&tables, None)).await?;
    read(infer::elements::options(&tables, Some(&shapes))).await
}

/// What a contract finds in a file, by itself: without earlier files to compare with.
async fn try_on(
    contract: &Contract,
    bytes: Bytes,
    period: Period,
    launcher: &Launcher,
) -> anyhow::Result<Vec<Finding>> {
    struct Nowhere;
    impl Sink for Nowhere {
        async fn write(&mut self, _: &str, _: RecordBatch) -> Result<(), SinkError> {
            Ok(())
        }
    }
    let decoded = decode(&contract.format, bytes, launcher).await?;
    let obligation = ObligationKey { return_id: contract.id.clone(), agency: contract.agencies[0].clone(), period };
    let claim = Claim { obligation, submission: 1 };
    let checked = check(contract, claim, decoded, &Past::default(), &mut Nowhere).await?;
    Ok(checked.findings().to_vec())
}

/// Findings as the lines of a `.findings` file.
fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let sheet = finding.sheet.as_deref().unwrap_or("-");
        let letter = finding.letter.as_deref().unwrap_or_default();
        let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
        format!("{} {sheet}!{letter}{row} {}\n", finding.severity.as_str(), finding.rule)
    };
    findings.iter().map(line).collect()
}

fn format_of(bytes: &[u8]) -> Format {
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    match body {
        [b'P', b'K', ..] | [0xD0, 0xCF, ..] => Format::Workbook(WorkbookOptions::default()),
        [b'P', b'A', b'R', b'1', ..] => Format::Parquet,
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Format::Arrow,
        [b'{' | b'[', ..] => Format::Json(JsonOptions::default()),
        body if is_xml(body) => Format::Xml(XmlOptions::default()),
        _ => Format::Csv(CsvOptions::default()),
    }
}

/// Whether a text begins as XML does, and not as a web page; in UTF-16 too.
fn is_xml(body: &[u8]) -> bool {
    let plain: Vec<u8> = body.iter().take(64).copied().filter(|byte| !matches!(byte, 0 | 0xFE | 0xFF)).collect();
    let opening = String::from_utf8_lossy(&plain).to_ascii_lowercase();
    let opening = opening.trim_start();
    let is_tag =
        opening.strip_prefix('<').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '_'));
    opening.starts_with("<?xml") || (is_tag && !opening.starts_with("<html"))
}

/// A file's name as a return's: without its ending, its period, and what no identifier has.
fn id_of(name: &str) -> Option<ReturnId> {
    let stem = Path::new(name).file_stem()?.to_str()?;
    let period = period_in_name(stem).map(|period| period.to_string());
    let stem = period.map_or_else(|| stem.to_owned(), |period| stem.replace(&period, " ")).to_lowercase();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").chars().take(48).collect();
    slug.trim_matches('-').trim_start_matches(|c: char| !c.is_ascii_lowercase()).parse().ok()
}

fn title_of(id: &ReturnId) -> String {
    crate::domain::words::capital(&id.as_str().replace('-', " "))
}

/// A made-up file of the format, and the ending of its name.
fn sample(format: &Format, shapes: &[Shape], period: Period) -> anyhow::Result<(Vec<u8>, &'static str)> {
    let rows: Vec<(String, Vec<Vec<String>>)> = shapes
        .iter()
        .map(|shape| (shape.sheet.clone().unwrap_or_else(|| "Data".to_owned()), infer::sample(shape, period)))
        .collect();
    let first = rows.first().map(|(_, rows)| rows.as_slice()).unwrap_or_default();
    let (headings, records) = first.split_first().context("a sample without headings")?;
    Ok(match format {
        Format::Csv(_) => (csv(first).into_bytes(), "csv"),
        Format::Workbook(_) => (plain_book(&rows)?, "xlsx"),
        Format::Json(_) => {
            let record = |cells: &Vec<String>| -> serde_json::Value {
                let pairs = headings.iter().zip(cells).map(|(heading, cell)| (heading.clone(), cell.clone().into()));
                serde_json::Value::Object(pairs.collect())
            };
            let records: Vec<serde_json::Value> = records.iter().map(record).collect();
            (serde_json::to_vec_pretty(&records)?, "json")
        }
        Format::Parquet => {
            let batch = texts(headings, records)?;
            let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None)?;
            writer.write(&batch)?;
            (writer.into_inner()?, "parquet")
        }
        Format::Arrow => {
            let batch = texts(headings, records)?;
            let mut writer = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema())?;
            writer.write(&batch)?;
            (writer.into_inner()?, "arrow")
        }
        Format::Xml(_) => (infer::xml_sample(shapes, period).into_bytes(), "xml"),
        Format::Document => bail!("a document has no table to begin from; copy pipelines/child-death-overview"),
    })
}

/// Records as one batch of texts.
fn texts(headings: &[String], records: &[Vec<String>]) -> anyhow::Result<RecordBatch> {
    let fields: Vec<Field> = headings.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let column = |at: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(records.iter().map(|cells| cells[at].as_str())))
    };
    let columns = (0..headings.len()).map(column).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn csv(rows: &[Vec<String>]) -> String {
    let cell = |text: &String| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.clone(),
    };
    rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(",") + "\n").collect()
}

impl Begun {
    /// Findings that stop the file it was guessed from.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.found.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_gives_the_returns() {
        for (name, id) in [
            ("missing-children 2025-26-Q1 (final).xlsx", Some("missing-children-final")),
            ("Early_Help.csv", Some("early-help")),
            ("2024.csv", None),
            ("903 return.csv", Some("return")),
        ] {
            assert_eq!(id_of(name).map(|id| id.to_string()).as_deref(), id, "{name}");
        }
    }
}

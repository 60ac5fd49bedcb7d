//! A guessed contract as the text of a `return.toml`, and made-up rows that keep it.

use std::fmt::Write;

use super::{Guess, Shape, sql_name};
use crate::{
    check::ColumnType,
    decode::Format,
    domain::{Period, ReturnId},
};

/// Rows of a made-up sample.
const ROWS: usize = 3;

/// The text of a `return.toml`. With `complete`, what only people know is filled in with examples, so that the text can be
/// tried; without, it is left to be filled in, and `validate` names each line of it.
pub fn definition(
    id: &ReturnId,
    title: &str,
    format: &Format,
    shapes: &[Shape],
    named: Option<Period>,
    complete: bool,
) -> String {
    let mut text = String::new();
    let period = shapes.iter().find_map(|shape| shape.period.as_ref()).map(|(_, period)| *period).or(named);
    let every = every(period);
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    line(&format!(
        "# {title}: guessed from one file by `quarterday init-return`. Read every line; what no file can say is marked"
    ));
    line("# TO FILL IN, and `quarterday validate` names it until it is there. pipelines/README.md explains each key.");
    line(&format!("title = {}", quoted(title)));
    match complete {
        true => line("agencies = [\"example\"]"),
        false => line("agencies = []            # TO FILL IN: who owes it, by the identifiers of config/agencies.toml"),
    }
    line("priority = \"all\"         # the priority of the board it serves");
    line(&format!(
        "every = {}        # or half, year, term, month, week, …: pipelines/README.md; release if nobody owes it",
        quoted(every)
    ));
    if every != "release" {
        line("\n[due]\nworking_days = 10        # after the end of the period\ntime = \"17:00\"");
    }
    line("\n[governance]");
    let keys = [
        ("purpose", "\"to see whether …\"", "as a sentence goes on: \"We ask for these figures …\""),
        ("lawful_basis", "\"…\"", "the law under which it may be held"),
        ("agreement", "\"…\"", "the information sharing agreement"),
        ("agreement_review", "2027-03-31", "when that is to be reviewed"),
        ("retention_years", "6", "how long it is kept"),
        ("classification", "\"child-level\"", "or \"aggregate\", \"published\""),
    ];
    for (key, example, what) in keys {
        match complete {
            true => line(&format!("{key} = {example}")),
            false => line(&format!("# {key} = {example}    # TO FILL IN: {what}")),
        }
    }
    line("\n# How it comes: by hand with `quarterday submit` until this says otherwise.\n[source]\nkind = \"by-hand\"");
    line(&format!("\n[format]\nkind = {}", quoted(kind(format))));
    let is_xml = matches!(format, Format::Xml(_));
    let names = table_names(id, shapes, is_xml);
    for (shape, name) in shapes.iter().zip(&names) {
        table(&mut text, name, shape, is_xml);
    }
    text
}

fn table(text: &mut String, name: &str, shape: &Shape, is_xml: bool) {
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    line(&format!("\n# {} rows were read.\n[[table]]", shape.rows));
    line(&format!("name = {}", quoted(name)));
    if let Some(sheet) = &shape.sheet {
        line(&format!("{} = {}", if is_xml { "rows" } else { "sheet" }, quoted(sheet)));
    }
    if let Some((heading, _)) = &shape.period {
        line(&format!("period_column = {}", quoted(heading)));
    }
    if !shape.unique.is_empty() {
        line(&format!(
            "unique = {}             # no two rows of the file share these; is that so by right?",
            list(&shape.unique)
        ));
    } else if shape.rows == 1 && shape.period.is_some() {
        line("most_rows = 1");
    } else if shape.rows > 1 {
        line("# unique = []            # TO FILL IN if there is a key: none was found in this file");
    }
    if !shape.missing.is_empty() {
        line(&format!(
            "missing = {}         # stand where a number should; they count as not available",
            list(&shape.missing)
        ));
    }
    if shape.rows == 0 {
        line("optional = true          # it had no rows");
    }
    if is_xml && !shape.left_aside.is_empty() {
        line("# Text between its elements is not read.");
        line("extra_columns = \"ignore\"");
    } else if !shape.left_aside.is_empty() {
        line("# Columns without a heading, or with the heading of another, cannot be told apart and are not read.");
        line("extra_columns = \"ignore\"");
    }
    for column in &shape.columns {
        line("\n[[table.column]]");
        line(&format!("name = {}", quoted(&column.name)));
        if is_xml {
            line(&format!("path = {}", quoted(&column.heading)));
        } else if column.heading != column.name {
            line(&format!("headings = [{}]", quoted(&column.heading)));
        }
        match column.kind {
            ColumnType::Count => line("type = \"count\""),
            ColumnType::Decimal(places) => line(&format!("type = \"decimal\"\ndecimals = {places}")),
            ColumnType::Text => line("type = \"text\""),
            ColumnType::Date => line("type = \"date\""),
            ColumnType::Boolean => line("type = \"boolean\""),
            ColumnType::Period => line("type = \"period\""),
        }
        if column.required {
            line("required = true");
        } else if is_xml {
            line("present = \"sometimes\"    # not every row has it; a file may lack it altogether");
        }
        if column.no_less_than_zero {
            line("min = 0");
        }
        if !column.allowed.is_empty() {
            line(&format!("allowed = {}", list(&column.allowed)));
        }
        if !column.symbols.is_empty() {
            line(&format!("# symbols found: {}", column.symbols.join(" ")));
        }
    }
}

/// A name in SQL for each table: the return's, with that of its sheet or of its elements where there are several.
fn table_names(id: &ReturnId, shapes: &[Shape], is_xml: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for shape in shapes {
        let steps: Vec<&str> = match &shape.sheet {
            Some(sheet) if is_xml => sheet.split('/').filter(|name| !name.is_empty()).collect(),
            Some(sheet) => vec![sheet.as_str()],
            None => Vec::new(),
        };
        let last = |count: usize| steps.get(steps.len().saturating_sub(count)..).unwrap_or_default().join(" ");
        let name = |count: usize| match shapes.len() > 1 && !steps.is_empty() {
            true => format!("{}_{}", id.sql_name(), sql_name(&last(count))),
            false => id.sql_name(),
        };
        let free = (1..=steps.len().max(1)).map(name).find(|name| !names.contains(name));
        names.push(free.unwrap_or_else(|| name(steps.len())));
    }
    names
}

fn every(period: Option<Period>) -> &'static str {
    match period {
        Some(Period::Half { .. }) => "half",
        Some(Period::FinancialYear { .. }) => "year",
        Some(Period::AcademicYear { .. }) => "academic-year",
        Some(Period::Month { .. }) => "month",
        Some(Period::Release { .. }) => "release",
        _ => "quarter",
    }
}

fn kind(format: &Format) -> &'static str {
    match format {
        Format::Csv(_) => "csv",
        Format::Workbook(_) => "workbook",
        Format::Json(_) => "json",
        Format::Xml(_) => "xml",
        Format::Arrow => "arrow",
        Format::Parquet => "parquet",
        Format::Document => "document",
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// Made-up rows of a shape for a period, headings first. No cell of the real file is among them but codes of its lists.
pub fn sample(shape: &Shape, period: Period) -> Vec<Vec<String>> {
    let period_heading = shape.period.as_ref().map(|(heading, _)| heading.clone());
    let headings = period_heading.iter().cloned().chain(shape.columns.iter().map(|column| column.heading.clone()));
    let mut rows = vec![headings.collect()];
    let count = if shape.rows == 1 && shape.period.is_some() { 1 } else { ROWS };
    for number in 0..count {
        let cells = shape.columns.iter().map(|column| made_up(column, shape, number, period));
        rows.push(period_heading.iter().map(|_| period.to_string()).chain(cells).collect());
    }
    rows
}

fn made_up(column: &Guess, shape: &Shape, number: usize, period: Period) -> String {
    if !column.allowed.is_empty() {
        // The parts of a key count up like the places of a number, so that no two rows are the same.
        let before: usize = shape
            .columns
            .iter()
            .take_while(|other| other.name != column.name)
            .filter(|other| shape.unique.contains(&other.name) && !other.allowed.is_empty())
            .map(|other| other.allowed.len())
            .product();
        let at = if shape.unique.contains(&column.name) { number / before.max(1) } else { number };
        return column.allowed[at % column.allowed.len()].clone();
    }
    match column.kind {
        ColumnType::Count => (number + 1).to_string(),
        ColumnType::Decimal(places) => {
            format!("{}.{}", number + 1, "5".repeat(usize::from(places.unsigned_abs()).min(2)))
        }
        ColumnType::Text => format!("example {}", number + 1),
        ColumnType::Date => period.start().saturating_add(jiff::Span::new().days(number as i64)).to_string(),
        ColumnType::Boolean => "yes".to_owned(),
        ColumnType::Period => {
            std::iter::successors(Some(period), |period| period.previous()).nth(number).unwrap_or(period).to_string()
        }
    }
}

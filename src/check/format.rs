//! How a return's files are to be read: its `[format]`.

use std::collections::BTreeSet;

use super::TableContract;
use crate::{
    decode::{
        CsvOptions, Encoding, Format, JsonOptions, Members, Pattern, Place, Quote, WorkbookOptions, XmlOptions,
        XmlTable, plain, rows_path,
    },
    settings::Section,
};

/// Reads `[format]`.
pub(super) fn settle(section: &mut Section<'_>, tables: &[TableContract]) -> Option<(Format, Members)> {
    let members = members(section, tables);
    let format =
        match section.one_of("kind", &["csv", "workbook", "json", "xml", "parquet", "arrow", "document", "xlsx"])? {
            "csv" => Format::Csv(csv(section, tables)),
            // Definitions kept with what was received under them say xlsx.
            "workbook" | "xlsx" => {
                Format::Workbook(WorkbookOptions { tables: tables.iter().map(TableContract::wanted).collect() })
            }
            "json" => Format::Json(JsonOptions { records: section.text_opt("records") }),
            "xml" => Format::Xml(XmlOptions { tables: tables.iter().map(elements).collect() }),
            "arrow" => Format::Arrow,
            "document" => Format::Document,
            _ => Format::Parquet,
        };
    Some((format, members))
}

/// Which files of an archive are wanted.
fn members(section: &mut Section<'_>, tables: &[TableContract]) -> Members {
    let files: Vec<Pattern> = tables.iter().filter_map(|table| table.file.clone()).collect();
    match section.parsed_opt("member") {
        Some(_) if !files.is_empty() => {
            section.refuse("member", "member here or file in each [[table]], not both", "nothing; leave the line out");
            Members::Each(files)
        }
        Some(pattern) => Members::One(pattern),
        None if files.is_empty() => Members::Only,
        None => Members::Each(files),
    }
}

/// What `[format]` says of a CSV file.
fn csv(section: &mut Section<'_>, tables: &[TableContract]) -> CsvOptions {
    let delimiter = section.text_opt("delimiter").and_then(|text| match text.as_str() {
        "tab" => Some('\t'),
        "comma" => Some(','),
        "semicolon" => Some(';'),
        "pipe" => Some('|'),
        text if text.len() == 1 && !text.contains(['"', '\'', '\n', '\r', '\0']) => text.chars().next(),
        _ => {
            section.refuse("delimiter", "one character, or tab, comma, semicolon or pipe", "delimiter = \"tab\"");
            None
        }
    });
    let quote = section.one_of_opt("quote", &["double", "single", "none"]).map(|word| match word {
        "double" => Quote::Double,
        "single" => Quote::Single,
        _ => Quote::None,
    });
    let encoding = section.one_of_opt("encoding", &["utf-8", "utf-16", "windows-1252"]).map(|word| match word {
        "utf-8" => Encoding::Utf8,
        "utf-16" => Encoding::Utf16,
        _ => Encoding::Windows1252,
    });
    let header_row = count(section, "header_row", 1000);
    let header_rows = count(section, "header_rows", 10);
    let footer = section.list_or_empty("footer");
    if footer.iter().any(|pattern| pattern.chars().all(|c| c == '*' || c.is_whitespace())) {
        section.refuse("footer", "beginnings of the first row below the table", "footer = [\"Total*\", \"Source:*\"]");
    }
    let columns = tables.iter().flat_map(|table| table.columns.iter().flat_map(|column| &column.headings));
    let periods = tables.iter().filter_map(|table| table.period_column.as_ref());
    CsvOptions {
        delimiter,
        quote,
        encoding,
        header_row,
        header_rows,
        footer,
        ends_at_blank_row: section.boolean_or("ends_at_blank_row", false),
        short_rows: section.boolean_or("short_rows", false),
        headings: columns.chain(periods).map(|heading| plain(heading)).collect(),
    }
}

/// A whole number from one to `most`.
fn count(section: &mut Section<'_>, key: &str, most: u32) -> Option<u32> {
    let found = section.integer_opt(key)?;
    let count = u32::try_from(found).ok().filter(|count| (1..=most).contains(count));
    if count.is_none() {
        section.refuse(key, &format!("a whole number from 1 to {most}"), &format!("{key} = 2"));
    }
    count
}

/// What a table is in an XML file.
fn elements(table: &TableContract) -> XmlTable {
    let columns = table.columns.iter().map(|column| column.headings.clone());
    let named = table.period_column.iter().chain(&table.agency_column);
    let named = named.filter(|name| !columns.clone().flatten().any(|path| path == **name));
    let columns = columns.clone().chain(named.map(|name| vec![name.clone()])).collect();
    XmlTable { rows: table.rows.clone().unwrap_or_default(), columns }
}

/// Tables of one file must be told apart: in a workbook by sheet, range or headings, in XML by their elements; any other file
/// holds one table.
pub(super) fn refuse_what_cannot_be_told_apart(format: &Format, root: &mut Section<'_>, tables: &[TableContract]) {
    let names: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let apart: BTreeSet<_> = tables.iter().map(TableContract::told_apart_by).collect();
    let workbook = matches!(format, Format::Workbook(_));
    let xml = matches!(format, Format::Xml(_));
    let files: Vec<&str> = tables.iter().filter_map(|table| table.file.as_ref()).map(Pattern::as_str).collect();
    let different: BTreeSet<&&str> = files.iter().collect();
    if matches!(format, Format::Document) {
        if !tables.is_empty() {
            root.refuse("table", "no table of a document, which is kept as it came", "nothing; leave the tables out");
        }
    } else if tables.is_empty() {
        root.refuse("table", "at least one table", "[[table]]");
    } else if names.len() < tables.len() {
        root.refuse("table", "tables of different names", "");
    } else if !files.is_empty() && (workbook || xml) {
        root.refuse("table", "file only where a file is one table", "sheet or rows in each [[table]]");
    } else if !files.is_empty() && (files.len() < tables.len() || different.len() < files.len()) {
        root.refuse(
            "table",
            "a file for each table or for none, and none twice",
            "file = \"episodes.csv\" in each [[table]]",
        );
    } else if workbook && apart.len() < tables.len() {
        root.refuse("table", "tables that differ in sheet, range or headings", "sheet = \"Return\" in each [[table]]");
    } else if !workbook && !xml && files.is_empty() && tables.len() > 1 {
        root.refuse(
            "table",
            "one table, for the file has no sheets",
            "kind = \"workbook\" in [format], file = \"*.csv\" in each [[table]], or one [[table]]",
        );
    } else if !workbook && tables.iter().any(|table| table.whereabouts.is_of_workbooks()) {
        root.refuse(
            "table",
            "sheets, range, header_rows, footer, ends_at_blank_row, hidden, period_cell and agency_cell only of a workbook",
            "kind = \"workbook\" in [format], or none of them",
        );
    }
    for (section, table) in root.sections("table").iter_mut().zip(tables) {
        refuse_paths(section, table, xml);
    }
}

/// Paths are for XML alone, and must be some.
fn refuse_paths(section: &mut Section<'_>, table: &TableContract, xml: bool) {
    if !xml {
        if table.rows.is_some() {
            section.refuse("rows", "a path to elements only where kind = \"xml\"", "nothing; leave the line out");
        }
        return;
    }
    let depth = match rows_path(table.rows.as_deref().unwrap_or_default()) {
        Ok(rows) => rows.len(),
        Err(error) => return section.refuse("rows", &error.to_string(), "rows = \"/Message/Children/Child\""),
    };
    for (key, path) in [("period_column", &table.period_column), ("agency_column", &table.agency_column)] {
        if let Some(Err(error)) = path.as_deref().map(|path| Place::read(path, depth)) {
            section.refuse(key, &error.to_string(), &format!("{key} = \"../Year\""));
        }
    }
    for (section, column) in section.sections("column").iter_mut().zip(&table.columns) {
        if let Some(error) = column.headings.iter().find_map(|path| Place::read(path, depth).err()) {
            let key = if section.has("headings") { "headings" } else { "path" };
            section.refuse(key, &error.to_string(), "path = \"Name\"");
        }
    }
}

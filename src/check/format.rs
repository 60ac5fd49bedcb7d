//! How a return's files are to be read: its `[format]`.

use std::collections::BTreeSet;

use super::{TableContract, headings::plain};
use crate::{
    decode::{CsvOptions, Format, XlsxOptions},
    settings::Section,
};

/// Reads `[format]`.
pub(super) fn settle(section: &mut Section<'_>, tables: &[TableContract]) -> Option<Format> {
    Some(match section.one_of("kind", &["csv", "xlsx", "json", "parquet"])? {
        "csv" => Format::Csv(CsvOptions::default()),
        "xlsx" => Format::Xlsx(XlsxOptions { sheets: tables.iter().filter_map(|table| table.sheet.clone()).collect() }),
        "json" => Format::Json,
        _ => Format::Parquet,
    })
}

/// A workbook's tables need a sheet each; any other file holds one table.
pub(super) fn refuse_what_cannot_be_told_apart(format: &Format, root: &mut Section<'_>, tables: &[TableContract]) {
    let names: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let sheets: BTreeSet<String> = tables.iter().filter_map(|table| table.sheet.as_deref()).map(plain).collect();
    let workbook = matches!(format, Format::Xlsx(_));
    if tables.is_empty() {
        root.refuse("table", "at least one table", "[[table]]");
    } else if names.len() < tables.len() {
        root.refuse("table", "tables of different names", "");
    } else if workbook && sheets.len() < tables.len() {
        root.refuse("table", "a sheet for each table, and none twice", "sheet = \"Return\" in each [[table]]");
    } else if !workbook && tables.len() > 1 {
        root.refuse("table", "one table, for the file has no sheets", "kind = \"xlsx\" in [format], or one [[table]]");
    }
}

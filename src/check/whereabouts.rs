//! Where a table stands in a workbook: on which sheet, in which part of it, how many rows of headings it has and what ends
//! it.

use std::collections::BTreeSet;

use super::{Column, Contract, TableContract, headings::plain};
use crate::{
    decode::{Wanted, WantedHeading, is_cell, is_range},
    settings::Section,
};

/// Where a table stands in a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// The names its sheet may have, the present one first; none where its headings tell.
    pub sheets: Vec<String>,
    /// The part of the sheet: an address or a name that the workbook defines.
    pub range: Option<String>,
    /// How many rows of headings it has.
    pub header_rows: u32,
    /// How the row below the table may begin.
    pub footer: Vec<String>,
    /// Whether the first blank row ends it.
    pub ends_at_blank_row: bool,
    /// Whether what is hidden is left out.
    pub without_hidden: bool,
    /// The cell of its sheet that names the period.
    pub period_cell: Option<String>,
    /// The cell of its sheet that names the agency.
    pub agency_cell: Option<String>,
}

impl Whereabouts {
    /// Reads them from a `[[table]]`.
    pub(super) fn settle(section: &mut Section<'_>) -> Self {
        let sheet = section.text_opt("sheet");
        let mut sheets = section.list_or_empty("sheets");
        if sheet.is_some() && !sheets.is_empty() {
            section.refuse("sheets", "either sheet or sheets", "sheets = [\"Return\", \"Data\"]");
        }
        sheets.extend(sheet);
        let range = section.text_opt("range");
        if range.as_deref().is_some_and(|range| !is_range(range)) {
            section.refuse("range", "an address or a name that the workbook defines", "range = \"B4:H40\"");
        }
        let header_rows = section.integer_or("header_rows", 1);
        let header_rows = u32::try_from(header_rows).ok().filter(|rows| (1..=3).contains(rows));
        if header_rows.is_none() {
            section.refuse("header_rows", "1, 2 or 3 rows of headings", "header_rows = 2");
        }
        Self {
            sheets,
            range,
            header_rows: header_rows.unwrap_or(1),
            footer: section.list_or_empty("footer"),
            ends_at_blank_row: section.boolean_or("ends_at_blank_row", false),
            without_hidden: section.one_of_opt("hidden", &["read", "ignore"]) == Some("ignore"),
            period_cell: one_cell(section, "period_cell"),
            agency_cell: one_cell(section, "agency_cell"),
        }
    }

    /// The name its sheet has in a workbook made here: the first, without what stands for any text.
    pub(super) fn own_sheet(&self) -> Option<String> {
        let name = self.sheets.first()?.replace('*', " ");
        Some(name.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
    }

    /// Whether anything is said that only a workbook can have, besides a sheet.
    pub(super) fn is_of_workbooks(&self) -> bool {
        let plainly = Self { sheets: self.sheets.clone(), ..Self::usual() };
        *self != plainly || self.sheets.len() > 1
    }

    fn usual() -> Self {
        Self {
            sheets: Vec::new(),
            range: None,
            header_rows: 1,
            footer: Vec::new(),
            ends_at_blank_row: false,
            without_hidden: false,
            period_cell: None,
            agency_cell: None,
        }
    }
}

/// The address of one cell, as spreadsheets show it.
fn one_cell(section: &mut Section<'_>, key: &str) -> Option<String> {
    let address = section.text_opt(key)?.trim().replace('$', "").to_ascii_uppercase();
    if !is_cell(&address) {
        section.refuse(key, "the address of one cell on the table's sheet", &format!("{key} = \"B2\""));
    }
    Some(address)
}

impl Contract {
    /// Whether its workbook is otherwise than a sheet for each table, with one row of headings and the rows below: parts of
    /// a sheet, several rows of headings, a column for each period, cells that name period or agency.
    pub fn has_workbook_of_its_own(&self) -> bool {
        let names: BTreeSet<String> = self.tables.iter().map(|table| table.sheet_name().to_lowercase()).collect();
        let is_its_own = |table: &TableContract| {
            let place = &table.whereabouts;
            let has_cells = place.period_cell.is_some() || place.agency_cell.is_some();
            has_cells || place.range.is_some() || place.header_rows > 1 || table.unpivot.is_some()
        };
        names.len() < self.tables.len() || self.tables.iter().any(is_its_own)
    }
}

impl TableContract {
    /// The name of its sheet in a workbook made here.
    pub fn sheet_name(&self) -> &str {
        self.sheet.as_deref().unwrap_or(&self.name)
    }

    /// What is wanted of a workbook for this table.
    pub(super) fn wanted(&self) -> Wanted {
        let place = &self.whereabouts;
        Wanted {
            table: self.name.clone(),
            sheets: place.sheets.clone(),
            range: place.range.clone(),
            headings: self.wanted_headings(),
            header_rows: place.header_rows,
            footer: place.footer.clone(),
            ends_at_blank: place.ends_at_blank_row,
            without_hidden: place.without_hidden,
            cells: place.period_cell.iter().chain(&place.agency_cell).cloned().collect(),
        }
    }

    fn wanted_headings(&self) -> Vec<WantedHeading> {
        let period = self.period_column.iter().map(|name| WantedHeading { names: vec![name.clone()], is_needed: true });
        let is_made = |column: &&Column| self.unpivot.as_ref().is_some_and(|unpivot| unpivot.makes(column));
        let columns = self.columns.iter().filter(|column| !is_made(column));
        let headings =
            columns.map(|column| WantedHeading { names: column.headings.clone(), is_needed: !column.sometimes });
        period.chain(headings).collect()
    }

    /// What tells this table from others in one workbook.
    pub(super) fn told_apart_by(&self) -> (Vec<String>, Option<String>, Vec<Vec<String>>) {
        let plain = |names: &[String]| names.iter().map(|name| plain(name)).collect::<Vec<_>>();
        let mut sheets = plain(&self.whereabouts.sheets);
        sheets.sort();
        let mut headings: Vec<Vec<String>> =
            self.wanted_headings().iter().map(|heading| plain(&heading.names)).collect();
        headings.sort();
        (sheets, self.whereabouts.range.as_deref().map(plain_range), headings)
    }
}

fn plain_range(range: &str) -> String {
    range.replace('$', "").to_uppercase()
}

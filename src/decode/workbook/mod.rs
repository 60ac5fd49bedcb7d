//! Workbooks (.xlsx, .xls, .xlsb and .ods, told apart by what they hold), read in a worker by calamine.
//!
//! Rows are streamed past the tables that are wanted of a sheet, so that one stray cell at XFD1048576 costs one cell. A
//! table's headings are the first row that has all of them, else the one that has most; what stands above is a title and
//! left out. A sheet is read again only where no row had all headings.

mod area;
mod book;
mod container;
mod layout;
mod row;
mod search;
mod table;
mod value;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::area::Area;
use self::book::{Book, SheetInfo};
use self::table::{Found, Outcome, Settled, Table};
use super::wire;
use crate::worker::Output;

pub use area::{is_cell, is_range};

/// What is wanted of a workbook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkbookOptions {
    /// The tables; none means whatever each sheet has, the first row with two or more texts being its headings.
    pub tables: Vec<Wanted>,
}

/// A table that is wanted of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// What it goes by; told back in [`Remarks::table`](super::Remarks::table).
    pub table: String,
    /// Names of its sheet, the likeliest first, compared without case or surplus spaces; `*` stands for any text. None
    /// means the first sheet that has its headings.
    pub sheets: Vec<String>,
    /// The part of the sheet in which it stands: an address such as `B4:H40`, or a name that the workbook defines.
    pub range: Option<String>,
    /// Its headings; none means that any row with two texts is its row of headings.
    pub headings: Vec<WantedHeading>,
    /// How many rows of headings it has.
    pub header_rows: u32,
    /// What the first cell of the row below the table reads; `*` stands for any text.
    pub footer: Vec<String>,
    /// Whether the first blank row ends it.
    pub ends_at_blank: bool,
    /// Whether hidden rows, columns and sheets are left out rather than read.
    pub without_hidden: bool,
    /// Addresses of cells of its sheet that are told beside it, such as `B2`; see [`Remarks::cells`](super::Remarks::cells).
    pub cells: Vec<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            table: String::new(),
            sheets: Vec::new(),
            range: None,
            headings: Vec::new(),
            header_rows: 1,
            footer: Vec::new(),
            ends_at_blank: false,
            without_hidden: false,
            cells: Vec::new(),
        }
    }
}

/// A heading that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedHeading {
    /// The names it goes by.
    pub names: Vec<String>,
    /// Whether a row without it is no row of headings, as long as another has them all.
    pub is_needed: bool,
}

/// The worker's side: `request` is a [`WorkbookOptions`], `input` the workbook.
pub(super) fn handle(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let options: WorkbookOptions = serde_json::from_value(request).map_err(|error| error.to_string())?;
    // A reader that loses its way panics.
    let read = catch_unwind(AssertUnwindSafe(|| read(options, input)));
    let (tables, ignored) = read.unwrap_or_else(|_| {
        Err("the workbook cannot be read; open it, save it as .xlsx and send it again".to_owned())
    })?;
    for Found { heading, rows } in &tables {
        wire::send(output, heading, rows)?;
    }
    wire::send_ignored(output, &ignored)
}

/// The tables that are there, in the order in which they are wanted, and the sheets that none was read from.
fn read(options: WorkbookOptions, input: Vec<u8>) -> Result<(Vec<Found>, Vec<String>), String> {
    let mut book = Book::open(input)?;
    let sheets = book.sheets();
    let is_asked = !options.tables.is_empty();
    let wanted = if is_asked { options.tables } else { one_of_each(&sheets) };
    let mut searches = Vec::new();
    for wanted in &wanted {
        searches.push(Search::new(wanted, &book, &sheets)?);
    }
    // Each round asks of every table that is still missing the next sheet that may have it.
    loop {
        let mut asked: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, search) in searches.iter_mut().enumerate() {
            if let Some(sheet) = search.next_sheet() {
                asked.entry(sheet).or_default().push(at);
            }
        }
        if asked.is_empty() {
            break;
        }
        for (sheet, tables) in asked {
            read_sheet(&mut book, &sheets, sheet, &tables, &mut searches)?;
        }
    }
    // A sheet that is wanted is told of even if nothing is on it.
    searches.retain(|search| is_asked || search.found.as_ref().is_some_and(|found| !found.heading.columns.is_empty()));
    let used: Vec<usize> = searches.iter().filter_map(|search| search.found_on).collect();
    let unused = sheets.iter().enumerate().filter(|(at, _)| !used.contains(at));
    let ignored = unused.map(|(_, sheet)| sheet.name.clone()).collect();
    Ok((searches.into_iter().filter_map(|search| search.found).collect(), ignored))
}

/// Whatever each sheet has.
fn one_of_each(sheets: &[SheetInfo]) -> Vec<Wanted> {
    let with_cells = sheets.iter().filter(|sheet| sheet.has_cells);
    with_cells.map(|sheet| Wanted { sheets: vec![sheet.name.clone()], ..Wanted::default() }).collect()
}

/// A table on its way through the sheets that may have it.
struct Search<'a> {
    wanted: &'a Wanted,
    area: Area,
    /// The sheets still to be asked, the likeliest last.
    ahead: Vec<usize>,
    /// Of the sheets asked, the one that has most headings: how many, the sheet and the row.
    best: Option<(usize, usize, Settled)>,
    /// Set when every sheet was asked in vain: what is taken then.
    settled: Option<Settled>,
    found: Option<Found>,
    found_on: Option<usize>,
}

impl<'a> Search<'a> {
    fn new(wanted: &'a Wanted, book: &Book, sheets: &[SheetInfo]) -> Result<Self, String> {
        let range = wanted.range.as_deref().map(|range| (range, range.parse::<Area>()));
        let (named, area) = match range {
            None => (None, Area::default()),
            Some((_, Ok(area))) => (None, area),
            Some((name, Err(_))) => match book.named(name) {
                Some((sheet, area)) => (Some(sheet), area),
                None => {
                    return Err(format!(
                        "the workbook has no range named {name:?}; give the table's cells that name, or use the template"
                    ));
                }
            },
        };
        let is_asked = |sheet: &SheetInfo| sheet.has_cells && !(wanted.without_hidden && sheet.is_hidden);
        let all = || sheets.iter().enumerate().filter(|(_, sheet)| is_asked(sheet));
        let mut ahead: Vec<usize> = Vec::new();
        let patterns = match named {
            Some(sheet) => vec![sheet],
            None if wanted.sheets.is_empty() => vec!["*".to_owned()],
            None => wanted.sheets.clone(),
        };
        for pattern in &patterns {
            let fitting = all().filter(|(_, sheet)| fits(&sheet.name, pattern));
            // Of sheets that fit equally well, those that can be seen come first.
            let (seen, hidden): (Vec<_>, Vec<_>) = fitting.partition(|(_, sheet)| !sheet.is_hidden);
            for (at, _) in seen.into_iter().chain(hidden) {
                if !ahead.contains(&at) {
                    ahead.push(at);
                }
            }
        }
        ahead.reverse();
        Ok(Self { wanted, area, ahead, best: None, settled: None, found: None, found_on: None })
    }

    /// The sheet to be asked next, if the table is still missing.
    fn next_sheet(&mut self) -> Option<usize> {
        if self.found.is_some() || self.settled.is_some() {
            return None;
        }
        self.ahead.pop().or_else(|| {
            let (_, sheet, row) = self.best?;
            self.settled = Some(row);
            Some(sheet)
        })
    }
}

/// Reads a sheet once, past all the tables that are looked for on it.
fn read_sheet(
    book: &mut Book,
    sheets: &[SheetInfo],
    at: usize,
    asked: &[usize],
    searches: &mut [Search<'_>],
) -> Result<(), String> {
    let Some(info) = sheets.get(at) else { return Ok(()) };
    let layout = book.layout(at);
    let wanted_here = searches.iter().filter(|search| search.wanted.sheets.iter().any(|name| fits(&info.name, name)));
    let is_shared = asked.len() > 1 || wanted_here.count() > 1;
    let of = |at: &usize| {
        let search = &searches[*at];
        Table::new(search.wanted, search.area.clone(), is_shared, &layout, search.settled)
    };
    let mut tables: Vec<Table<'_>> = asked.iter().map(of).collect();
    let mut failed = None;
    book.each_row(&info.name, &layout, &mut |row| {
        for table in &mut tables {
            if let Err(error) = table.take(row) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        if tables.iter().all(Table::has_ended) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let in_sheet = |error: String| format!("sheet {:?}: {error}", info.name);
    if let Some(error) = failed {
        return Err(in_sheet(error));
    }
    let outcomes: Vec<Result<Outcome, String>> = tables.into_iter().map(Table::finish).collect();
    for (search, outcome) in asked.iter().zip(outcomes) {
        let search = &mut searches[*search];
        match outcome.map_err(in_sheet)? {
            Outcome::Found(found) => {
                let mut found = *found;
                found.heading.name = Some(info.name.clone());
                found.heading.remarks.hidden_sheet = info.is_hidden;
                (search.found, search.found_on) = (Some(found), Some(at));
            }
            Outcome::Best(Some((found, row))) => {
                if search.best.is_none_or(|(most, _, _)| found > most) {
                    search.best = Some((found, at, Settled::Row(row)));
                }
            }
            // The likeliest sheet, even without a heading, says more to the sender than none.
            Outcome::Best(None) if search.best.is_none() && !search.wanted.sheets.is_empty() => {
                search.best = Some((0, at, Settled::Any));
            }
            Outcome::Best(None) => {}
        }
    }
    Ok(())
}

/// A text without what people do not see: case and surplus spaces.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (plain(text), plain(pattern));
    let Some((start, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut left) = text.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (text, pattern) in
            [("Return", "return"), ("Return Q1", "Return*"), ("Q1 return ", "*RETURN"), ("a b c d", "a*c*"), ("", "*")]
        {
            assert!(fits(text, pattern), "{text:?} {pattern:?}");
        }
        for (text, pattern) in [("Return Q1", "Return"), ("Returns", "Return *"), ("aba", "ab*ba"), ("x", "")] {
            assert!(!fits(text, pattern), "{text:?} {pattern:?}");
        }
    }
}

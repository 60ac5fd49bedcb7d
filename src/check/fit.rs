//! Whether a file could be a return's at all, by its sheets and headings.

use super::{Column, Contract, headings::plain};
use crate::decode::{Decoded, Sheet};

/// Whether the file has a sheet for each table of the contract that must be there, with every column that must be there.
/// It tells returns apart that one agency owes; what is in the file is for [`check`](super::check()).
pub fn fits(contract: &Contract, decoded: &Decoded) -> bool {
    let mut tables = contract.tables.iter().filter(|table| !table.optional).peekable();
    tables.peek().is_some()
        && tables.all(|table| {
            let named = |sheet: &&Sheet| match (&table.sheet, &sheet.name) {
                (Some(wanted), Some(name)) => plain(wanted) == plain(name),
                _ => true,
            };
            decoded.sheets.iter().filter(named).any(|sheet| {
                let headings: Vec<String> = sheet.columns.iter().map(|heading| plain(heading)).collect();
                let has = |name: &String| headings.contains(&plain(name));
                let stands = |column: &Column| column.sometimes || column.headings.iter().any(has);
                table.columns.iter().all(stands) && table.period_column.as_ref().is_none_or(has)
            })
        })
}

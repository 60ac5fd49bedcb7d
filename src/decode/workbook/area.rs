//! A part of a sheet, as people write it: `B4:H40`, `B4:H`, `B:H`, `B4`, or a name the workbook defines.
//!
//! Rows and columns are counted from 0 in here.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// Rows and columns of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Area {
    pub rows: RangeInclusive<u32>,
    pub columns: RangeInclusive<u32>,
}

impl Default for Area {
    /// The whole sheet.
    fn default() -> Self {
        Self { rows: 0..=u32::MAX - 1, columns: 0..=u32::MAX - 1 }
    }
}

/// A text that is no address; it may be a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAnArea;

impl FromStr for Area {
    type Err = NotAnArea;

    fn from_str(text: &str) -> Result<Self, NotAnArea> {
        let (from, to) = match text.split_once(':') {
            Some((from, to)) => (corner(from)?, corner(to)?),
            // One cell: the table's upper left corner.
            None => (corner(text)?, (None, None)),
        };
        let whole = Self::default();
        let rows = from.1.unwrap_or(0)..=to.1.unwrap_or(*whole.rows.end());
        let columns = from.0.unwrap_or(0)..=to.0.unwrap_or(*whole.columns.end());
        // A row alone or a column alone is an address only beside another: `5` and `B` are names or slips.
        let alone = !text.contains(':') && (from.0.is_none() || from.1.is_none());
        if alone || rows.is_empty() || columns.is_empty() { Err(NotAnArea) } else { Ok(Self { rows, columns }) }
    }
}

/// A corner's column and row, either of which may be left out.
fn corner(text: &str) -> Result<(Option<u32>, Option<u32>), NotAnArea> {
    let text = text.trim().replace('$', "");
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, digits) = text.split_at(letters);
    if letters.len() > 3 || (letters.is_empty() && digits.is_empty()) {
        return Err(NotAnArea);
    }
    let column = letters.bytes().fold(0, |column, byte| column * 26 + u32::from(byte.to_ascii_uppercase() - b'A') + 1);
    let row = match digits {
        "" => None,
        digits => {
            let row: u32 = digits.parse().map_err(|_| NotAnArea)?;
            Some(row.checked_sub(1).filter(|row| *row < 1 << 24).ok_or(NotAnArea)?)
        }
    };
    Ok((column.checked_sub(1), row))
}

/// The row and the column of one cell, such as `B2`.
pub(super) fn cell(text: &str) -> Option<(u32, u32)> {
    let (column, row) = corner(text).ok()?;
    Some((row?, column?))
}

/// Whether a text is the address of one cell.
pub fn is_cell(text: &str) -> bool {
    cell(text).is_some()
}

/// Whether a text is the address of a part of a sheet or, failing that, could be a name that a workbook defines.
pub fn is_range(text: &str) -> bool {
    let name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.parse::<Area>().is_ok()
        || (text.chars().all(name) && text.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The sheet and the part of it that a defined name stands for: `'Data 1'!$B$4:$H$40`, or as OpenDocument writes it,
/// `$'Data 1'.$B$4:.$H$40`.
pub(super) fn defined(text: &str) -> Option<(String, Area)> {
    let text = text.trim_start_matches('=').trim();
    let (sheet, rest) = match text.strip_prefix('$').unwrap_or(text).strip_prefix('\'') {
        Some(quoted) => {
            let end = (0..quoted.len()).find(|at| {
                let here = &quoted.as_bytes()[*at..];
                here.starts_with(b"'!") || here.starts_with(b"'.")
            })?;
            (quoted[..end].replace("''", "'"), &quoted[end + 2..])
        }
        None => {
            let end = text.find('!').or_else(|| text.find('.'))?;
            (text[..end].trim_start_matches('$').to_owned(), &text[end + 1..])
        }
    };
    // OpenDocument repeats the sheet, or a point in its place, before the second corner.
    let corner = |part: &str| part.rsplit_once('.').map_or(part, |(_, corner)| corner).to_owned();
    let area = rest.split(':').map(corner).collect::<Vec<_>>().join(":");
    Some((sheet, area.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(text: &str) -> Option<(u32, u32, u32, u32)> {
        let area: Area = text.parse().ok()?;
        Some((*area.columns.start(), *area.rows.start(), *area.columns.end(), *area.rows.end()))
    }

    const END: u32 = u32::MAX - 1;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        assert_eq!(area("B4:H40"), Some((1, 3, 7, 39)));
        assert_eq!(area("$b$4:$AA$40"), Some((1, 3, 26, 39)));
        assert_eq!(area("B4:H"), Some((1, 3, 7, END)));
        assert_eq!(area("B:H"), Some((1, 0, 7, END)));
        assert_eq!(area("4:40"), Some((0, 3, END, 39)));
        assert_eq!(area("B4"), Some((1, 3, END, END)));
        for text in ["", ":", "H4:B40", "B0:H2", "B4:H40:I3", "Figures", "B", "5", "B99999999999"] {
            assert_eq!(area(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_is_a_word_and_not_a_sentence() {
        assert!(is_range("B4:H40") && is_range("Figures_2025"));
        assert!(!is_range("B4;H40") && !is_range("the figures") && !is_range("") && !is_range("H4:B2"));
    }

    #[test]
    fn a_defined_name_leads_to_its_sheet() {
        let found = |text: &str| defined(text).map(|(sheet, area)| (sheet, *area.columns.start(), *area.rows.end()));
        assert_eq!(found("Return!$B$4:$H$40"), Some(("Return".into(), 1, 39)));
        assert_eq!(found("'Data ''1'' A!b'!$B$4:$H$40"), Some(("Data '1' A!b".into(), 1, 39)));
        assert_eq!(found("$Return.$B$4:.$H$40"), Some(("Return".into(), 1, 39)));
        assert_eq!(found("$'Data 1'.$B$4:$'Data 1'.$H$40"), Some(("Data 1".into(), 1, 39)));
        assert_eq!(found("#REF!"), None);
        assert_eq!(found("OFFSET(A1,0,0)"), None);
    }
}

//! The template of a return that is sent as CSV: its headings, and the rows that are known in advance; and for returns that
//! programs write, the list of what their records hold.

use super::{
    FormError,
    template::{Placed, Template, known_keys, placed},
};
use crate::{
    check::TableContract,
    decode::{CsvOptions, Encoding, Quote},
};

impl Template<'_> {
    /// The CSV with its headings, and the period where the row is known.
    pub(super) fn csv(&self, options: &CsvOptions) -> Result<Vec<u8>, FormError> {
        let id = || self.contract.id.to_string();
        let [table] = self.contract.tables.as_slice() else {
            return Err(FormError::NotByHand {
                id: id(),
                kind: "an archive of several CSV files",
                columns: self.columns(),
            });
        };
        if options.header_rows.is_some_and(|rows| rows > 1) || table.unpivot.is_some() {
            return Err(FormError::OwnShape(id()));
        }
        let columns = placed(table);
        let delimiter = options.delimiter.unwrap_or(',');
        let mut lines: Vec<String> = Vec::new();
        // Above headings that stand further down, what the file is.
        for row in 1..options.header_row.unwrap_or(1) {
            let what = [self.contract.title.clone(), self.whose()].into_iter().nth(row as usize - 1);
            lines.push(cell(&what.unwrap_or_default(), delimiter, options.quote));
        }
        let headings = columns.iter().map(|placed| cell(placed.heading(), delimiter, options.quote));
        lines.push(headings.collect::<Vec<_>>().join(&delimiter.to_string()));
        for row in self.known_rows(table, &columns) {
            let cells = row.iter().map(|text| cell(text, delimiter, options.quote));
            lines.push(cells.collect::<Vec<_>>().join(&delimiter.to_string()));
        }
        Ok(encoded(&(lines.join("\r\n") + "\r\n"), options.encoding))
    }

    /// The rows that are sure to be there, with the period and the key filled in.
    fn known_rows(&self, table: &TableContract, columns: &[Placed<'_>]) -> Vec<Vec<String>> {
        let keys = known_keys(table);
        let period = self.period.map(|period| period.to_string());
        let rows =
            if keys.is_empty() { usize::from(table.most_rows == Some(1) && period.is_some()) } else { keys.len() };
        let text = |row: usize, placed: &Placed<'_>| {
            let of_key = |name: &str| keys.get(row)?.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
            match placed {
                _ if placed.is_period_of(table) => period.clone().unwrap_or_default(),
                Placed::Column(column) => of_key(&column.name).unwrap_or_default().to_owned(),
                Placed::Period(_) => String::new(),
            }
        };
        (0..rows).map(|row| columns.iter().map(|placed| text(row, placed)).collect()).collect()
    }

    /// What each column holds, a line each.
    pub(super) fn columns(&self) -> String {
        let mut lines = Vec::new();
        for table in &self.contract.tables {
            if self.contract.tables.len() > 1 {
                let where_it_is = table.rows.as_deref().or(table.file.as_ref().map(|file| file.as_str()));
                lines.push(format!("  {}:", where_it_is.unwrap_or(&table.name)));
            }
            let line = |placed: &Placed<'_>| {
                let note = placed.note(self).split('\n').collect::<Vec<_>>().join(" ");
                format!("  {}: {note}", placed.heading())
            };
            lines.extend(placed(table).iter().map(line));
        }
        lines.join("\n")
    }
}

/// A cell as the return's CSV holds it together.
fn cell(text: &str, delimiter: char, quote: Option<Quote>) -> String {
    let mark = match quote {
        Some(Quote::None) => return text.to_owned(),
        Some(Quote::Single) => '\'',
        Some(Quote::Double) | None => '"',
    };
    match text.contains([delimiter, mark, '\n', '\r']) {
        true => format!("{mark}{}{mark}", text.replace(mark, &format!("{mark}{mark}"))),
        false => text.to_owned(),
    }
}

/// The bytes of a text; with the mark by which spreadsheets know UTF-8 where it matters.
fn encoded(text: &str, encoding: Option<Encoding>) -> Vec<u8> {
    match encoding {
        Some(Encoding::Utf16) => "\u{FEFF}"
            .chars()
            .chain(text.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
        // What this encoding has beyond Latin-1 stands in no heading that people type.
        Some(Encoding::Windows1252) => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        Some(Encoding::Utf8) | None if text.is_ascii() => text.as_bytes().to_vec(),
        Some(Encoding::Utf8) | None => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
    }
}

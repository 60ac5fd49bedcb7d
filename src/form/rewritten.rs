//! A file's rows written as a new workbook, each cell where it stood, with marks, notes and the list.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt32Type;
use rust_xlsxwriter::{Color, Format, FormatAlign, Note, Url, Workbook, Worksheet, XlsxError};

use super::{
    OWN_SHEETS,
    list::{COLUMNS, Head},
    marked::{Mark, Rows, of_sheet},
    notes::AUTHOR,
};
use crate::check::Severity;

/// Spreadsheets hold so many characters in a cell.
const MOST_TEXT: usize = 32_000;

/// Writes the workbook.
pub(super) fn write(head: &Head, marks: &[Mark], tables: Vec<(Rows, Vec<RecordBatch>)>) -> Result<Vec<u8>, String> {
    book(head, marks, tables).map_err(|error| error.to_string())
}

fn book(head: &Head, marks: &[Mark], tables: Vec<(Rows, Vec<RecordBatch>)>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.set_properties(
        &rust_xlsxwriter::DocProperties::new()
            .set_creation_datetime(&rust_xlsxwriter::ExcelDateTime::from_timestamp(0)?),
    );
    let names: Vec<String> = tables.iter().enumerate().map(|(at, (rows, _))| sheet_name(rows, at)).collect();
    let placed: Vec<Mark> = marks
        .iter()
        .map(|mark| {
            let of_name = |(rows, _): &(Rows, _)| rows.name.as_deref().map(str::trim) == mark.sheet.as_deref();
            // A file without sheets has one here; its marks are of that one.
            let at = tables.iter().position(of_name).or((tables.len() == 1).then_some(0));
            match at {
                Some(at) => Mark { sheet: Some(names[at].clone()), ..in_columns(mark, &tables[at].0) },
                None => mark.clone(),
            }
        })
        .collect();
    write_list(book.add_worksheet(), head, marks, &placed)?;
    for ((rows, batches), name) in tables.iter().zip(&names) {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        write_sheet(sheet, rows, batches, &placed, name)?;
    }
    book.save_to_buffer()
}

/// A name for a sheet that a spreadsheet takes.
fn sheet_name(rows: &Rows, at: usize) -> String {
    let usable = |name: &&String| {
        !name.trim().is_empty()
            && name.chars().count() <= 31
            && !name.contains(['[', ']', ':', '*', '?', '/', '\\'])
            && !name.starts_with('\'')
            && !name.ends_with('\'')
            && *name != OWN_SHEETS[2]
    };
    match rows.name.as_ref().filter(usable) {
        Some(name) => name.clone(),
        None if at == 0 => "Data".to_owned(),
        None => format!("Data {}", at + 1),
    }
}

/// A mark with the letter and the row its cell has here, where its format has neither.
fn in_columns(mark: &Mark, rows: &Rows) -> Mark {
    if rows.header_row > 0 {
        return mark.clone();
    }
    let heading = mark.heading.as_deref();
    let at = rows.columns.iter().position(|column| heading.is_some_and(|heading| heading.eq_ignore_ascii_case(column)));
    Mark { letter: at.map(crate::decode::letter), row: mark.row.map(|row| row + 1), ..mark.clone() }
}

fn write_list(sheet: &mut Worksheet, head: &Head, said: &[Mark], placed: &[Mark]) -> Result<(), XlsxError> {
    sheet.set_name(OWN_SHEETS[2])?;
    let top = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.write_string_with_format(0, 0, &head.title, &Format::new().set_bold().set_font_size(14))?;
    let mut row = 1;
    for line in &head.lines {
        sheet.write_string(row, 0, line)?;
        row += 1;
    }
    for (at, (heading, width)) in (0..).zip(COLUMNS) {
        sheet.set_column_width(at, f64::from(width))?;
        sheet.write_string_with_format(row, at, heading, &Format::new().set_bold())?;
    }
    for (said, placed) in said.iter().zip(placed) {
        row += 1;
        match placed.location() {
            Some(location) => {
                let link = Url::new(format!("internal:{location}")).set_text(said.place());
                sheet.write_url(row, 0, link)?;
            }
            None => {
                sheet.write_string_with_format(row, 0, said.place(), &top)?;
            }
        }
        sheet.write_string_with_format(row, 1, super::choices::cut(&said.says, MOST_TEXT), &top)?;
        sheet.write_string_with_format(row, 2, said.matters(), &top)?;
        sheet.write_string_with_format(row, 3, &said.rule, &top)?;
    }
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(())
}

fn write_sheet(
    sheet: &mut Worksheet,
    rows: &Rows,
    batches: &[RecordBatch],
    marks: &[Mark],
    name: &str,
) -> Result<(), XlsxError> {
    let of_this = |mark: &&Mark| mark.sheet.as_deref().is_some_and(|sheet| sheet.trim() == name.trim());
    let (cells, notes) = of_sheet(marks.iter().filter(of_this));
    let fill = |severity: Severity| {
        Format::new().set_background_color(Color::RGB(if severity == Severity::Error {
            0xFC_D5_C4
        } else {
            0xFF_F2_CC
        }))
    };
    for (at, severity) in &cells {
        sheet.write_blank(at.0, u16::try_from(at.1).unwrap_or(u16::MAX), &fill(*severity))?;
    }
    let first = rows.first_column;
    let header = rows.header_row.saturating_sub(1);
    let below = u32::from(rows.header_row == 0);
    let bold = Format::new().set_bold();
    let mut put = |row: u32, column: u32, text: &str, heading: bool| {
        let format = match cells.get(&(row, column)) {
            Some(severity) => fill(*severity),
            None if heading => bold.clone(),
            None => Format::new(),
        };
        let column = u16::try_from(column).unwrap_or(u16::MAX);
        match number(text) {
            Some(number) => sheet.write_number_with_format(row, column, number, &format).map(drop),
            // Text, whatever it begins with: nothing here becomes a formula.
            None => {
                sheet.write_string_with_format(row, column, super::choices::cut(text, MOST_TEXT), &format).map(drop)
            }
        }
    };
    for (column, heading) in (first..).zip(&rows.columns) {
        let heading = if crate::decode::is_unnamed(heading) { "" } else { heading };
        put(header, column, heading, true)?;
    }
    for batch in batches {
        let numbers = batch.column(0).as_primitive::<UInt32Type>();
        for (column, place) in (first..).zip(1..batch.num_columns()) {
            let texts = batch.column(place).as_string::<i32>();
            for at in (0..batch.num_rows()).filter(|at| texts.is_valid(*at)) {
                put(numbers.value(at).saturating_sub(1) + below, column, texts.value(at), false)?;
            }
        }
    }
    for ((row, column), text) in &notes {
        let note = Note::new(text).set_author(AUTHOR).add_author_prefix(false).set_width(260).set_height(110);
        sheet.insert_note(*row, u16::try_from(*column).unwrap_or(u16::MAX), &note)?;
    }
    Ok(())
}

/// A text that a spreadsheet would show unchanged as a number.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.len() <= 15;
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let number: f64 = if plain && !padded { text.parse().ok()? } else { return None };
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn only_what_stays_as_it_is_becomes_a_number() {
        for text in ["0", "41", "-3", "12.5", "0.25"] {
            assert!(number(text).is_some(), "{text}");
        }
        for text in ["", "007", "1,234", "=1+1", "+4", "1e5", "12.50", "9434765919123456", "-", ".5", "c"] {
            assert!(number(text).is_none(), "{text}");
        }
    }
}

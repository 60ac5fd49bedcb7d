//! A workbook of plain rows: headings and cells, nothing else.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

/// Writes sheets of rows, the headings first. Numbers become numbers and everything else text; the same rows make the same
/// bytes.
///
/// # Errors
/// When a name is none that a sheet can have, or a sheet has more rows than a spreadsheet.
pub fn plain_book(sheets: &[(String, Vec<Vec<String>>)]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_timestamp(0)?));
    for (name, rows) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        for (row, cells) in (0..).zip(rows) {
            for (column, text) in (0..).zip(cells) {
                match text.parse::<f64>() {
                    Ok(number) if number.to_string() == *text => sheet.write_number(row, column, number)?,
                    _ => sheet.write_string(row, column, text)?,
                };
            }
        }
    }
    book.save_to_buffer()
}

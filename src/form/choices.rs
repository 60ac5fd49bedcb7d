//! What a cell of a template may hold: the validation that a spreadsheet makes of a column's contract.
//!
//! The check decides what is accepted; this only helps while typing, so that it must never refuse what the check takes.

use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, ExcelDateTime, Formula, XlsxError,
};

use crate::check::{Codes, Column, ColumnType, Severity};

/// Spreadsheets take a list of choices of so many characters in a cell's own rule; a longer one needs a sheet.
const INLINE: usize = 255;

/// The symbols that stand for a number that is not there.
const SYMBOLS: [&str; 5] = ["c", "z", "x", "k", "u"];

/// Whether the choices of a column are too many for the rule itself.
pub(super) fn need_a_sheet(choices: &[String]) -> bool {
    let all: usize = choices.iter().map(|choice| choice.encode_utf16().count() + 1).sum();
    all > INLINE || choices.iter().any(|choice| choice.contains([',', '"']) || choice.trim() != choice)
}

/// The texts a column may hold, where its contract itself says which.
pub(super) fn choices(column: &Column) -> Vec<String> {
    match &column.codes {
        Some(Codes::File(list)) => list.codes().map(|(code, _)| code.to_owned()).collect(),
        Some(Codes::Table(_)) | None => column.allowed.clone(),
    }
}

/// The rule for the cells of `column`; `first` is the address of the topmost, `list` the range of its choices where they
/// stand on a sheet of their own, `missing` the texts that mean "not available".
pub(super) fn validation(
    column: &Column,
    first: &str,
    list: Option<&str>,
    missing: &[String],
) -> Result<Option<DataValidation>, XlsxError> {
    let (rule, choices) = (DataValidation::new(), choices(column));
    let rule = match column.kind {
        ColumnType::Count | ColumnType::Decimal(_) => match number(column, first, missing) {
            Some(formula) => rule.allow_custom(Formula::new(formula)),
            None => return Ok(None),
        },
        ColumnType::Text if !missing.is_empty() || choices.is_empty() => return Ok(None),
        ColumnType::Text => match list {
            Some(range) => rule.allow_list_formula(Formula::new(range)),
            None => rule.allow_list_strings(&choices)?,
        },
        ColumnType::Boolean => rule.allow_list_strings(&["Yes", "No"])?,
        ColumnType::Date => {
            let from = ExcelDateTime::from_ymd(1900, 1, 1)?;
            rule.allow_date(DataValidationRule::GreaterThanOrEqualTo(from))
        }
        ColumnType::Period => return Ok(None),
    };
    let style = match column.severity {
        Severity::Error => DataValidationErrorStyle::Stop,
        Severity::Query | Severity::Note => DataValidationErrorStyle::Warning,
    };
    let rule = rule.set_error_style(style).set_error_title("Please check")?;
    // The same is said while the cell is chosen, before anything is wrong.
    let rule = rule.set_input_message(cut(&expected(column), INLINE))?;
    Ok(Some(rule.set_error_message(cut(&expected(column), INLINE))?))
}

/// Numbers within their bounds, or one of the symbols.
fn number(column: &Column, first: &str, missing: &[String]) -> Option<String> {
    let mut conditions = vec![format!("ISNUMBER({first})")];
    if column.kind == ColumnType::Count {
        conditions.push(format!("INT({first})={first}"));
    }
    conditions.extend(column.min.map(|min| format!("{first}>={min}")));
    conditions.extend(column.max.map(|max| format!("{first}<={max}")));
    // What only a check can tell is no reason to stop anybody while typing.
    let plain = |text: &&str| !text.is_empty() && !text.contains('"');
    let words = SYMBOLS.into_iter().chain(missing.iter().map(|word| word.trim()).filter(plain));
    let words: Vec<String> = words.map(|word| format!("{first}=\"{word}\"")).collect();
    let formula = format!("=OR(IFERROR(AND({}),FALSE),{})", conditions.join(","), words.join(","));
    (formula.len() <= INLINE).then_some(formula)
}

/// What a cell of the column should hold, in a sentence.
pub(super) fn expected(column: &Column) -> String {
    let bounds = match (column.min, column.max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(", {min} or more"),
        (None, Some(max)) => format!(", {max} or less"),
        (None, None) => String::new(),
    };
    match column.kind {
        ColumnType::Count => format!("A whole number{bounds}; or x (not available), z (not applicable), c (hidden)."),
        ColumnType::Decimal(_) => format!("A number{bounds}; or x (not available), z (not applicable), c (hidden)."),
        ColumnType::Text => match choices(column).as_slice() {
            [] => "Text.".to_owned(),
            few if few.len() <= 12 => format!("One of: {}.", few.join(", ")),
            many => format!("One of the {} texts of the drop-down list.", many.len()),
        },
        ColumnType::Date => "A date, as 30/06/2025.".to_owned(),
        ColumnType::Boolean => "Yes or No.".to_owned(),
        ColumnType::Period => "A period, a quarter as 2025-26-Q1.".to_owned(),
    }
}

/// A text of at most so many UTF-16 units, as spreadsheets count.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut room = most - 1;
    let fits = |c: &char| {
        let taken = room >= c.len_utf16();
        room = room.saturating_sub(c.len_utf16());
        taken
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_a_spreadsheet_would_refuse_it() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("a𝄞𝄞", 3), "a…");
    }

    #[test]
    fn choices_that_a_rule_cannot_hold_get_a_sheet() {
        assert!(!need_a_sheet(&["on time".into(), "late".into()]));
        assert!(need_a_sheet(&["City of York, North Yorkshire".into()]));
        assert!(need_a_sheet(&vec!["a long one".into(); 30]));
    }
}

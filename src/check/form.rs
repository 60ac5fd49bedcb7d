//! How the texts of a column are written, and what its numbers count: pattern, check digits, unit.
//!
//! Patterns are matched in time that grows with the text alone (`regex`), so no cell can hold the check up.

use arrow::array::{AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::Decimal128Type;
use regex::{Regex, RegexBuilder};

use super::{
    Column, ColumnType, Severity,
    findings::{Findings, Spot, rule},
};
use crate::{
    domain::{is_nhs_number, is_upn, is_uprn},
    settings::Section,
};

/// The most memory a compiled pattern may take.
const LARGEST: usize = 1 << 20;

/// How a column's texts are written.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// What a whole cell must match.
    pattern: Option<Regex>,
    /// A text that is written rightly, made up.
    pub example: Option<String>,
    /// Which identifier it is.
    pub identifier: Option<Identifier>,
}

/// An identifier whose digits can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifier {
    /// Ten digits, the last one a check digit.
    NhsNumber,
    /// A check letter and twelve characters.
    Upn,
    /// Up to twelve digits.
    Uprn,
}

impl Form {
    /// Reads `pattern`, `example` and `check` of a `[[table.column]]`.
    pub(super) fn settle(section: &mut Section<'_>, kind: ColumnType) -> Self {
        let written = section.text_opt("pattern");
        let example = section.text_opt("example");
        let identifier = section.one_of_opt("check", &["nhs-number", "upn", "uprn"]).map(|word| match word {
            "nhs-number" => Identifier::NhsNumber,
            "upn" => Identifier::Upn,
            _ => Identifier::Uprn,
        });
        if kind != ColumnType::Text {
            for (key, is_there) in [("pattern", written.is_some()), ("check", identifier.is_some())] {
                if is_there {
                    section.refuse(key, "this only where type = \"text\"", "type = \"text\", or leave the line out");
                }
            }
        }
        let pattern = written.and_then(|written| {
            // The whole cell, whether or not its author wrote so.
            match RegexBuilder::new(&format!("^(?:{written})$")).size_limit(LARGEST).build() {
                Ok(pattern) => Some(pattern),
                Err(error) => {
                    let why = error.to_string();
                    let why = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
                    section.refuse("pattern", &format!("a regular expression ({why})"), "pattern = '[A-Z]{2}[0-9]{4}'");
                    None
                }
            }
        });
        let form = Self { pattern, example, identifier };
        if let Some(example) = &form.example
            && kind == ColumnType::Text
            && form.breach(example).is_some()
        {
            section.refuse("example", "a text that keeps this column's own pattern and check", "");
        }
        form
    }

    fn is_free(&self) -> bool {
        self.pattern.is_none() && self.identifier.is_none()
    }

    /// What is wrong with a text, if anything is.
    fn breach(&self, text: &str) -> Option<Breach> {
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            return Some(Breach::Pattern);
        }
        self.identifier.filter(|identifier| !identifier.is_valid(text)).map(Breach::Digits)
    }

    /// What the pattern asks for, to be shown to a sender.
    fn shown(&self) -> String {
        match (&self.example, &self.pattern) {
            (Some(example), _) => format!("written as {example:?} is"),
            (None, Some(pattern)) => {
                let bare = pattern.as_str().strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$"));
                format!("written as this return says: {}", bare.unwrap_or_default())
            }
            (None, None) => String::new(),
        }
    }
}

enum Breach {
    Pattern,
    Digits(Identifier),
}

impl Identifier {
    /// Whether a text is such an identifier, as far as its digits tell.
    pub fn is_valid(self, text: &str) -> bool {
        match self {
            // People write it as 943 476 5919.
            Self::NhsNumber => is_nhs_number(&text.replace(|c: char| c.is_whitespace() || c == '-', "")),
            Self::Upn => is_upn(text),
            Self::Uprn => is_uprn(text),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NhsNumber => "an NHS number: its last digit does not follow from the others",
            Self::Upn => "a UPN: its first letter does not follow from the rest",
            Self::Uprn => "a UPRN, which has up to twelve digits",
        }
    }
}

/// Tells of the texts of `column` that are not written as they should be.
pub(super) fn check_texts(
    column: &Column,
    batch: &RecordBatch,
    rows: &UInt32Array,
    spot: &Spot,
    findings: &mut Findings,
) {
    if column.form.is_free() {
        return;
    }
    let Some(texts) = batch.column_by_name(&column.name).and_then(|texts| texts.as_string_opt::<i32>()) else { return };
    for (text, row) in texts.iter().zip(rows.values()) {
        match text.and_then(|text| column.form.breach(text)) {
            None => {}
            Some(Breach::Pattern) => findings.add(column.severity, spot, Some(*row), rule::PATTERN, || {
                format!("{} is not {}. Please correct it.", spot.quoted(), column.form.shown())
            }),
            Some(Breach::Digits(identifier)) => {
                findings.add(column.severity, spot, Some(*row), rule::CHECK_DIGIT, || {
                    format!("{} is not {}. Please look it up and correct it.", spot.quoted(), identifier.words())
                });
            }
        }
    }
}

/// Tells of per cent signs where something else is counted.
pub(super) fn check_signs(
    column: &Column,
    cells: &StringArray,
    rows: &UInt32Array,
    spot: &Spot,
    findings: &mut Findings,
) {
    let unit = match (column.unit.as_deref(), column.kind) {
        (Some(PER_CENT), _) | (None, ColumnType::Decimal(_)) => return,
        (unit, _) => unit,
    };
    for (cell, row) in cells.iter().zip(rows.values()) {
        if cell.is_some_and(|text| text.trim_end().ends_with('%')) {
            findings.add(column.severity, spot, Some(*row), rule::UNIT, || {
                let belongs = unit.map_or_else(|| "a count belongs".to_owned(), |unit| format!("{unit} belong"));
                format!("{} has a per cent sign where {belongs}. Please write the number of them.", spot.quoted())
            });
        }
    }
}

pub(super) const PER_CENT: &str = "%";

/// Whether percentages look like shares of one: 0.45 for 45 %.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Shares {
    /// Numbers above 0 and below 1.
    between: u64,
    /// Numbers outside of 0 to 1.
    beyond: u64,
    /// Numbers with a per cent sign, of which it is known what they are.
    signed: u64,
}

impl Shares {
    pub(super) fn look(&mut self, column: &Column, batch: &RecordBatch, cells: &StringArray) {
        let is_sure = column.unit.as_deref() != Some(PER_CENT) || column.max.is_some_and(|max| max <= 1.0);
        if is_sure {
            return;
        }
        let numbers = batch.column_by_name(&column.name).and_then(|array| array.as_primitive_opt::<Decimal128Type>());
        let one = 10_i128.pow(column.kind.scale().unsigned_abs().into());
        for (units, cell) in numbers.into_iter().flatten().zip(cells) {
            let Some(units) = units else { continue };
            if cell.is_some_and(|cell| cell.trim_end().ends_with('%')) {
                self.signed += 1;
                continue;
            }
            self.between += u64::from(0 < units && units < one);
            self.beyond += u64::from(units < 0 || units > one);
        }
    }

    pub(super) fn tell(self, spot: &Spot, findings: &mut Findings) {
        if self.between > 0 && self.signed > 0 {
            findings.add(Severity::Query, spot, None, rule::SHARES, || {
                format!(
                    "some cells of {} have a per cent sign, and others are numbers between 0 and 1. Are those shares? Then \
                     please write 45 % for 0.45; if they are small percentages, please say so.",
                    spot.quoted()
                )
            });
        } else if self.between > 0 && self.beyond == 0 {
            findings.add(Severity::Query, spot, None, rule::SHARES, || {
                format!(
                    "every number of {} lies between 0 and 1. If they are shares, please write 45 for 45 %; if they \
                     are small percentages, please say so.",
                    spot.quoted()
                )
            });
        }
    }
}

//! What the cells of one column have in common.

use std::collections::HashMap;

use arrow::array::{AsArray, RecordBatch};

use super::super::{
    ColumnType,
    cell::{self, Number},
};
use crate::domain::{Period, Status};

/// Different texts that are told apart; a column with more has no code list.
const DIFFERENT: usize = 200;
/// Codes that a list may have.
const CODES: usize = 40;
/// A text that stands in fewer rows may be somebody's, and is not written down.
const OFTEN: u64 = 3;
/// Words in place of numbers, at most, and their length.
const WORDS: usize = 4;
const LENGTH: usize = 6;

/// What was seen of a column.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Cells that hold something.
    filled: u64,
    /// Each text and how often; as long as they are few.
    texts: HashMap<String, u64>,
    many: bool,
    /// Cells that are numbers, whole numbers, and how many places behind the point the longest has.
    numbers: u64,
    whole: u64,
    places: usize,
    negative: bool,
    too_long: bool,
    /// A number written with zeros before it is a code.
    padded: bool,
    symbols: u64,
    dates: u64,
    truths: u64,
    periods: u64,
}

impl Observed {
    /// Looks at the cells of a batch.
    pub(super) fn look(&mut self, batch: &RecordBatch, place: usize) {
        for text in batch.column(place).as_string::<i32>().iter().flatten() {
            let text = text.trim();
            if !text.is_empty() {
                self.cell(text);
            }
        }
    }

    fn cell(&mut self, text: &str) {
        self.filled += 1;
        if let Some(count) = self.texts.get_mut(text) {
            *count += 1;
        } else if self.texts.len() < DIFFERENT {
            self.texts.insert(text.to_owned(), 1);
        } else {
            self.many = true;
        }
        match cell::number(text, 12, 28, &[]) {
            Number::Value { .. } => {
                self.numbers += 1;
                self.whole += u64::from(matches!(cell::number(text, 0, 18, &[]), Number::Value { rounded: false, .. }));
                let plain = text.trim_end_matches('%').trim_end();
                let exponent = plain.contains(['e', 'E']);
                let behind = plain.split_once('.').map_or(0, |(_, behind)| behind.len());
                self.places = self.places.max(if exponent { 12 } else { behind });
                self.negative |= text.starts_with('-');
                let digits = plain.trim_start_matches(['-', '+']);
                self.padded |= digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
                self.padded |= text.starts_with('+');
            }
            Number::Symbol(_) => self.symbols += 1,
            Number::TooLarge => self.too_long = true,
            Number::Missing | Number::Unreadable => {}
        }
        self.dates += u64::from(cell::date(text).is_some());
        self.truths += u64::from(cell::boolean(text).is_some());
        self.periods += u64::from(text.parse::<Period>().is_ok());
    }

    /// The texts that stand where a number should, if the column is one of numbers.
    pub(super) fn missing(&self, rows: u64) -> Vec<String> {
        let words: Vec<&String> = self
            .texts
            .keys()
            .filter(|text| Status::from_symbol(text).is_none())
            .filter(|text| matches!(cell::number(text, 12, 28, &[]), Number::Unreadable))
            .collect();
        let short = words.iter().all(|word| word.chars().count() <= LENGTH);
        let few = !words.is_empty() && words.len() <= WORDS && short;
        let mostly = self.numbers * 2 >= self.filled && self.numbers > 0 && rows > 0;
        // With too many different texts, words beyond those that were kept would be met unawares.
        let all_are_known = !self.many || self.numbers + self.symbols + self.count(&words) == self.filled;
        if few && mostly && all_are_known && !self.padded { words.into_iter().cloned().collect() } else { Vec::new() }
    }

    fn count(&self, words: &[&String]) -> u64 {
        words.iter().filter_map(|word| self.texts.get(*word)).sum()
    }

    /// What the cells hold.
    pub(super) fn kind(&self, heading: &str, missing: &[String]) -> ColumnType {
        let present: Vec<&String> = missing.iter().collect();
        let words = self.count(&present);
        let is_number = self.numbers > 0 && self.numbers + self.symbols + words == self.filled && !self.too_long;
        if self.filled == 0 {
            return ColumnType::Text;
        }
        if is_number && !self.padded && !names_things(heading) {
            return match self.whole == self.numbers {
                true => ColumnType::Count,
                false => ColumnType::Decimal(i8::try_from(self.places.clamp(1, 12)).unwrap_or(12)),
            };
        }
        if self.dates == self.filled {
            return ColumnType::Date;
        }
        if self.periods == self.filled {
            return ColumnType::Period;
        }
        if self.truths == self.filled && self.texts.len() <= 2 && self.numbers == 0 {
            return ColumnType::Boolean;
        }
        ColumnType::Text
    }

    /// Whether every row has a cell that counts as one.
    pub(super) fn is_required(&self, rows: u64, kind: ColumnType, missing: &[String]) -> bool {
        let empty = if kind.is_measure() { 0 } else { self.count(&missing.iter().collect::<Vec<_>>()) };
        rows > 0 && self.filled - empty == rows
    }

    pub(super) fn no_less_than_zero(&self) -> bool {
        !self.negative
    }

    /// The texts, where they are few and each stands there often.
    pub(super) fn few(&self, missing: &[String]) -> Vec<String> {
        let mut texts: Vec<(&String, &u64)> = self.texts.iter().filter(|(text, _)| !missing.contains(text)).collect();
        let short = texts.iter().all(|(text, count)| text.chars().count() <= 80 && **count >= OFTEN);
        if self.many || texts.is_empty() || texts.len() > CODES || !short {
            return Vec::new();
        }
        texts.sort();
        texts.into_iter().map(|(text, _)| text.clone()).collect()
    }

    /// The usual symbols found.
    pub(super) fn symbols(&self) -> Vec<String> {
        let mut symbols: Vec<String> =
            self.texts.keys().filter(|text| Status::from_symbol(text).is_some()).cloned().collect();
        symbols.sort();
        symbols
    }

    /// The one period that every row names.
    pub(super) fn only_period(&self, rows: u64) -> Option<Period> {
        let mut texts = self.texts.keys();
        match (texts.next(), texts.next()) {
            // A date in every row says when something was, not for when the file is.
            (Some(text), None) if self.filled == rows => {
                text.parse().ok().filter(|period| !matches!(period, Period::Release { .. }))
            }
            _ => None,
        }
    }
}

/// Whether a column of digits names things rather than counting them.
fn names_things(heading: &str) -> bool {
    names_somebody(heading)
        || words(heading).any(|word| matches!(word.as_str(), "code" | "urn" | "uprn" | "ukprn" | "postcode"))
}

/// Whether a column tells single people or cases apart; its texts are nobody's to write down, however often they stand there.
pub(super) fn names_somebody(heading: &str) -> bool {
    let is_id =
        |word: &str| word.len() > 2 && word.ends_with("ID") && !matches!(word, "PAID" | "UNPAID" | "VALID" | "AID");
    heading.split(|c: char| !c.is_alphanumeric()).any(is_id)
        || words(heading)
            .any(|word| matches!(word.as_str(), "id" | "upn" | "nhs" | "reference" | "ref") || word.ends_with("upn"))
}

fn words(heading: &str) -> impl Iterator<Item = String> {
    let words = heading.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::names_somebody;

    #[test]
    fn what_names_a_person_is_known_by_its_heading() {
        for heading in ["CHILDID", "LAchildID", "UPN", "FormerUPN", "Child reference", "child id"] {
            assert!(names_somebody(heading), "{heading}");
        }
        for heading in ["PAID", "Ethnicity", "LA code", "Said", "Referral source"] {
            assert!(!names_somebody(heading), "{heading}");
        }
    }
}

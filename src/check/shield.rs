//! What is kept of a child's particulars: a pseudonym for an identifier, the month of a birth, the district of a
//! postcode. The raw value goes no further than this file.

use std::{collections::HashMap, fmt, sync::Arc};

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Date32Type};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{ToSpan, civil::date};
use sha2::Sha256;

use super::{
    Column, ColumnType,
    findings::{Findings, Spot, rule},
};
use crate::{
    domain::{Period, hex},
    settings::Section,
};

/// What is kept in place of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shield {
    /// A pseudonym: the same for the same identifier of one purpose in every return, and of no use without the board's
    /// key.
    Pseudonym {
        /// What the identifiers are of; pseudonyms of different purposes cannot be joined.
        purpose: String,
    },
    /// The year and month of a date, as in `2008-03`.
    MonthOfBirth,
    /// The outward half of a postcode, as in `YO1`.
    District,
}

/// The board's key for pseudonyms. It is never shown.
#[derive(Clone)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Tells this key from others without giving it away.
    pub fn fingerprint(&self) -> String {
        hex(&keyed(&self.0, b"quarterday pseudonyms, fingerprint")[..8])
    }

    /// The key for one purpose.
    fn of(&self, purpose: &str) -> [u8; 32] {
        keyed(&self.0, format!("quarterday pseudonyms, purpose {purpose}").as_bytes())
    }

    /// The pseudonym of an identifier: HMAC-SHA-256 under the key of its purpose, the first 16 bytes in hexadecimal.
    /// Capitals, spaces and hyphens make no difference.
    pub fn pseudonym(&self, purpose: &str, identifier: &str) -> String {
        pseudonym(&self.of(purpose), identifier)
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey")
    }
}

fn keyed(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // A shorter key is one with zeros behind it (RFC 2104).
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn pseudonym(key: &[u8; 32], identifier: &str) -> String {
    hex(&keyed(key, bare(identifier).as_bytes())[..16])
}

/// An identifier without what people write into it: capitals alone, no spaces and hyphens.
fn bare(identifier: &str) -> String {
    identifier.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_uppercase()
}

/// The identifiers of a column that is kept as pseudonyms, each without what people write into it.
pub(super) fn alike(column: &Column, batch: &RecordBatch) -> Option<ArrayRef> {
    if !matches!(column.shield, Some(Shield::Pseudonym { .. })) {
        return None;
    }
    let cells = batch.column_by_name(&column.name)?.as_string_opt::<i32>()?;
    Some(Arc::new(cells.iter().map(|cell| cell.map(bare)).collect::<StringArray>()))
}

/// Why a text tells nobody from others: a word such as "unknown", or a number that a spreadsheet cut short.
fn tells_nobody_apart(identifier: &str) -> Option<&'static str> {
    let bare = bare(identifier);
    let is_cut = bare.split_once("E+").is_some_and(|(whole, power)| {
        whole.starts_with(|c: char| c.is_ascii_digit()) && power.bytes().all(|byte| byte.is_ascii_digit())
    });
    match (is_cut, bare.bytes().any(|byte| byte.is_ascii_digit())) {
        (true, _) => Some("was cut short by a spreadsheet. Please format the column as text and fill it in again."),
        (false, false) => Some("is no identifier: it has no digit. Please look it up, or leave it empty."),
        (false, true) => None,
    }
}

impl Shield {
    /// Reads `pseudonym`, `month_of_birth` and `district` of a `[[table.column]]`.
    pub(super) fn settle(section: &mut Section<'_>, kind: ColumnType) -> Option<Self> {
        let purpose = section.text_opt("purpose");
        let mut declared = Vec::new();
        if section.boolean_or("pseudonym", false) {
            let purpose = purpose.clone().unwrap_or_else(|| "child".to_owned());
            declared.push(("pseudonym", ColumnType::Text, Self::Pseudonym { purpose }));
        } else if purpose.is_some() {
            section.refuse("purpose", "a purpose only beside pseudonym = true", "pseudonym = true");
        }
        for (key, of, shield) in
            [("month_of_birth", ColumnType::Date, Self::MonthOfBirth), ("district", ColumnType::Text, Self::District)]
        {
            if section.boolean_or(key, false) {
                declared.push((key, of, shield));
            }
        }
        for (at, (key, of, _)) in declared.iter().enumerate() {
            if at > 0 {
                section.refuse(
                    key,
                    "only one of pseudonym, month_of_birth and district",
                    "nothing; leave the line out",
                );
            } else if *of != kind {
                let word = if *of == ColumnType::Date { "date" } else { "text" };
                section.refuse(key, &format!("this only where type = \"{word}\""), &format!("type = \"{word}\""));
            }
        }
        declared.into_iter().next().map(|(_, _, shield)| shield)
    }

    /// The column's type in the warehouse.
    pub(super) fn data_type(&self) -> DataType {
        DataType::Utf8
    }
}

/// Keeps the shielded columns of a table.
pub(super) struct Shields {
    /// The key of each purpose.
    keys: HashMap<String, [u8; 32]>,
    /// The period that the rows are of: nobody in it was born after it.
    asked: Period,
}

impl Shields {
    /// What `columns` need, under the board's key; none if they need a key and there is none.
    pub(super) fn of(columns: &[Column], key: Option<&PseudonymKey>, asked: Period) -> Option<Self> {
        let mut shields = Self { keys: HashMap::new(), asked };
        for column in columns {
            if let Some(Shield::Pseudonym { purpose }) = &column.shield {
                shields.keys.insert(purpose.clone(), key?.of(purpose));
            }
        }
        Some(shields)
    }

    /// What is kept of `column`; a postcode that is none is told.
    pub(super) fn keep(
        &self,
        column: &Column,
        batch: &RecordBatch,
        rows: &UInt32Array,
        spot: &Spot,
        findings: &mut Findings,
    ) -> Option<ArrayRef> {
        let cells = batch.column_by_name(&column.name)?;
        let kept: StringArray = match column.shield.as_ref()? {
            Shield::Pseudonym { purpose } => {
                // `of` saw to it that there is one.
                let key = self.keys.get(purpose)?;
                let cells = cells.as_string::<i32>();
                for (cell, row) in cells.iter().zip(rows.values()) {
                    if let Some(why) = cell.and_then(tells_nobody_apart) {
                        let says = || format!("{} {why}", spot.quoted());
                        findings.add(column.severity, spot, Some(*row), rule::TYPE, says);
                    }
                }
                cells.iter().map(|cell| cell.map(|text| pseudonym(key, text))).collect()
            }
            Shield::MonthOfBirth => {
                let births = cells.as_primitive::<Date32Type>();
                let last = (self.asked.end() - date(1970, 1, 1)).get_days();
                for (_, row) in births.iter().zip(rows.values()).filter(|(day, _)| day.is_some_and(|day| day > last)) {
                    findings.add(column.severity, spot, Some(*row), rule::RANGE, || {
                        let period = self.asked.human();
                        format!(
                            "{} lies after {period}. Please check the year, and write all four digits of it.",
                            spot.quoted()
                        )
                    });
                }
                births.iter().map(|day| month(day?)).collect()
            }
            Shield::District => {
                let districts = cells.as_string::<i32>().iter().zip(rows.values()).map(|(cell, row)| {
                    let district = district(cell?);
                    if district.is_none() {
                        findings.add(column.severity, spot, Some(*row), rule::POSTCODE, || {
                            format!("{} is not a postcode. Please correct it, or leave it empty.", spot.quoted())
                        });
                    }
                    district
                });
                districts.collect()
            }
        };
        Some(Arc::new(kept))
    }
}

/// The year and month of a day counted from 1970.
fn month(day: i32) -> Option<String> {
    let day = date(1970, 1, 1).checked_add(day.days()).ok()?;
    Some(format!("{:04}-{:02}", day.year(), day.month()))
}

/// The outward half of a postcode, or of what is such a half already.
///
/// One or two letters, a digit, and a digit or letter or nothing; then, inward, a digit and two letters (Royal Mail,
/// *Programmer's guide to the Postcode Address File*).
fn district(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    if !plain.is_ascii() {
        return None;
    }
    let inward = |part: &str| {
        let part = part.as_bytes();
        part.len() == 3 && part[0].is_ascii_digit() && part[1..].iter().all(u8::is_ascii_uppercase)
    };
    let outward = |part: &str| {
        let letters = part.bytes().take_while(u8::is_ascii_uppercase).count();
        let rest = &part.as_bytes()[letters..];
        (1..=2).contains(&letters)
            && (1..=2).contains(&rest.len())
            && rest[0].is_ascii_digit()
            && rest[1..].iter().all(u8::is_ascii_alphanumeric)
    };
    let whole = plain.split_at_checked(plain.len().saturating_sub(3)).filter(|(out, inn)| outward(out) && inward(inn));
    match whole {
        Some((out, _)) => Some(out.to_owned()),
        None => outward(&plain).then_some(plain),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> PseudonymKey {
        PseudonymKey::new([byte; 32])
    }

    #[test]
    fn a_district_is_the_outward_half() {
        for (postcode, expected) in [
            ("YO1 7HH", Some("YO1")),
            ("yo17hh", Some("YO1")),
            ("EC1A 1BB", Some("EC1A")),
            ("W1A 0AX", Some("W1A")),
            ("EG19", Some("EG19")),
            ("York", None),
            ("", None),
            ("YO1 7H", None),
            ("ÿO1 7HH", None),
        ] {
            assert_eq!(district(postcode).as_deref(), expected, "{postcode}");
        }
    }

    #[test]
    fn a_birth_keeps_its_month() {
        let days = (date(2008, 3, 27) - date(1970, 1, 1)).get_days();
        assert_eq!(month(days).as_deref(), Some("2008-03"));
    }

    #[test]
    fn a_pseudonym_is_that_of_the_published_algorithm() {
        // Worked out with Python's hmac and hashlib: two rounds, the first 16 bytes of the second.
        assert_eq!(key(7).pseudonym("child", "d051910639385"), PSEUDONYM);
        assert!(!format!("{:?}", key(7)).contains('7'));
    }
    const PSEUDONYM: &str = "0ed8fa9374b468f51f564b2b0c4cf018";

    #[test]
    fn a_word_and_a_number_cut_short_tell_nobody_apart() {
        for text in ["unknown", "N/K", "9.43477E+09", "9.43477e+09", "--"] {
            assert!(tells_nobody_apart(text).is_some(), "{text}");
        }
        for text in ["943 476 5919", "A1", "D051910639385", "E07", "1E"] {
            assert!(tells_nobody_apart(text).is_none(), "{text}");
        }
    }

    proptest! {
        /// The same person is the same in every return, however the identifier is written; another key, purpose or person
        /// is another.
        #[test]
        fn a_pseudonym_follows_from_person_purpose_and_key_alone(a in "[A-Z0-9]{1,13}", b in "[A-Z0-9]{1,13}") {
            let one = key(1).pseudonym("child", &a);
            let spaced: String = a.to_lowercase().chars().flat_map(|c| [c, ' ']).collect();
            prop_assert_eq!(&one, &key(1).pseudonym("child", &spaced));
            prop_assert_eq!(a == b, one == key(1).pseudonym("child", &b));
            prop_assert_ne!(&one, &key(2).pseudonym("child", &a));
            prop_assert_ne!(&one, &key(1).pseudonym("family", &a));
            prop_assert_eq!(one.len(), 32);
        }
    }
}

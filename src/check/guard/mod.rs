//! The identity guard: what looks like a child's identity in a return of figures about groups.
//!
//! It looks at every cell of a file, whether the contract asks for it or not: headings, what stands above and below a table
//! or beside its records, other sheets, hidden rows and sheets, what a workbook keeps beside its sheets, other files of an
//! archive, and the file's name. It answers with places and kinds, never
//! with what it saw. It knows NHS numbers (with their check digit), unique pupil numbers, full postcodes, dates of birth
//! and names below headings that announce them. It does not know names in free text, addresses without a postcode, or
//! pictures.
//!
//! A return of records about children is not guarded: identities are what it is about.

mod exempt;
mod found;
mod labels;
mod look;
mod names;
mod parted;
mod patterns;
mod scan;

use serde::{Deserialize, Serialize};

pub use exempt::Exempt;
pub use found::{Found, Place};
pub use look::{in_name, in_words, look, look_beside, serve_worker};

/// What identifies a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Ten digits with a valid check digit.
    NhsNumber,
    /// A letter and twelve digits.
    Upn,
    /// A full postcode of the United Kingdom.
    Postcode,
    /// A date that is called somebody's birth.
    DateOfBirth,
    /// A text below a heading such as "Forename".
    Name,
}

impl Identity {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::NhsNumber, Self::Upn, Self::Postcode, Self::DateOfBirth, Self::Name];

    /// The word in `return.toml` and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NhsNumber => "nhs-number",
            Self::Upn => "upn",
            Self::Postcode => "postcode",
            Self::DateOfBirth => "date-of-birth",
            Self::Name => "name",
        }
    }

    /// The name of the rule that a finding names.
    pub fn rule(self) -> &'static str {
        match self {
            Self::NhsNumber => "identity-nhs-number",
            Self::Upn => "identity-upn",
            Self::Postcode => "identity-postcode",
            Self::DateOfBirth => "identity-date-of-birth",
            Self::Name => "identity-name",
        }
    }

    /// One of them, in words.
    pub fn one(self) -> &'static str {
        match self {
            Self::NhsNumber => "an NHS number",
            Self::Upn => "a unique pupil number",
            Self::Postcode => "a full postcode",
            Self::DateOfBirth => "a date of birth",
            Self::Name => "a person's name",
        }
    }

    /// Several of them, in words.
    pub fn several(self) -> &'static str {
        match self {
            Self::NhsNumber => "NHS numbers",
            Self::Upn => "unique pupil numbers",
            Self::Postcode => "full postcodes",
            Self::DateOfBirth => "dates of birth",
            Self::Name => "people's names",
        }
    }
}

#[cfg(test)]
mod tests;

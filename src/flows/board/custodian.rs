//! Who alone may open an extract in which identities were found.

use crate::{mail::Person, settings::Section, source::landing::Recipient};

/// The custodian.
#[derive(Debug, Clone)]
pub struct Custodian {
    /// Whom to tell.
    pub person: Person,
    /// The public key that extracts are sealed for.
    pub recipient: Recipient,
}

impl Custodian {
    /// Reads `[custodian]`.
    pub(super) fn settle(section: &mut Section<'_>) -> Option<Self> {
        let person = Person::settle(section);
        let recipient = section.parsed("recipient");
        Some(Self { person: person?, recipient: recipient? })
    }
}

//! Identifiers that are written otherwise than programs write them: parted in other places, or in signs of full width.
//!
//! Pure, one text at a time.

use std::borrow::Cow;

use super::patterns::{PUPIL, is_plain_number};
use crate::domain::is_nhs_number;

/// The text with digits and letters of full width in their ordinary form.
pub(super) fn narrow(text: &str) -> Cow<'_, str> {
    let is_wide = |c: char| matches!(c, '\u{FF01}'..='\u{FF5E}');
    // All of them begin with the same byte.
    if memchr::memchr(0xEF, text.as_bytes()).is_none() || !text.contains(is_wide) {
        return Cow::Borrowed(text);
    }
    let narrow = |c: char| if is_wide(c) { char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c) } else { c };
    Cow::Owned(text.chars().map(narrow).collect())
}

/// The digits of a text that is ten of them with signs between them that part numbers, however many.
pub(super) fn loose_digits(text: &str) -> Option<String> {
    let text = text.trim();
    let parts = |c: char| c.is_whitespace() || matches!(c, '.' | '-' | '/' | '\u{2010}'..='\u{2015}' | '\u{2007}');
    if text.bytes().filter(u8::is_ascii_digit).count() != 10 {
        return None;
    }
    let ends = text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with(|c: char| c.is_ascii_digit());
    let is_one = ends && text.chars().all(|c| c.is_ascii_digit() || parts(c));
    is_one.then(|| text.chars().filter(char::is_ascii_digit).collect())
}

/// A unique pupil number that is the whole text and has spaces or hyphens in it, without them.
pub(super) fn parted_upn(text: &str) -> Option<String> {
    let parts = |c: char| matches!(c, ' ' | '\u{a0}' | '-' | '.');
    let text = text.trim();
    if text.len() > 40 || !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.contains(parts) {
        return None;
    }
    let upn: String = text.chars().filter(|c| !parts(*c)).collect();
    (upn.len() == 13 && PUPIL.find(&upn).is_some_and(|found| found.len() == 13)).then_some(upn)
}

/// Whether a whole text is ten digits that are no NHS number, in whatever groups: beside it one that is means less.
pub(super) fn is_other_loose_number(text: &str) -> bool {
    text.len() >= 10 && !is_plain_number(text) && loose_digits(text).is_some_and(|digits| !is_nhs_number(&digits))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Identity,
            patterns::{Sighting, Sure, has_ten_digits, sightings},
        },
        *,
    };

    fn kinds(text: &str) -> Vec<Identity> {
        sightings(text).into_iter().filter(|one| one.sure == Sure::Written).map(|one| one.kind).collect()
    }

    #[test]
    fn digits_parted_otherwise_are_an_nhs_number_where_words_say_so_and_loose_elsewhere() {
        for text in
            ["943 4765919", "943  476  5919", "943/476/5919", "9 4 3 4 7 6 5 9 1 9", "94 3476 5919", "９４３ 4765919"]
        {
            assert_eq!(sightings(text), [Sighting { kind: Identity::NhsNumber, sure: Sure::Loose }], "{text}");
            assert!(has_ten_digits(text), "{text}");
            assert_eq!(kinds(&format!("seen, NHS no: {text}, twice")), [Identity::NhsNumber], "{text}");
        }
        assert_eq!(sightings("９４３４７６５９１９"), sightings("9434765919"));
        assert!(sightings("943 4765918").is_empty() && is_other_loose_number("943 4765918"));
        assert!(kinds("the NHS trust, 01904 551 234").is_empty());
    }
}

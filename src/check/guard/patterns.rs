//! What an identity looks like in a text: pure, one text at a time.
//!
//! Knows NHS numbers, unique pupil numbers, full postcodes and dates of birth that are called so. It does not know names
//! in free text, partial postcodes, addresses, pictures, or numbers written with commas between thousands.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::{Captures, Regex};

use super::{
    Identity,
    parted::{loose_digits, narrow, parted_upn},
};
use crate::domain::is_nhs_number;

/// Something in a text that looks like an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sighting {
    pub kind: Identity,
    /// How sure that is.
    pub sure: Sure,
}

/// How sure a sighting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sure {
    /// It is written as nothing else is.
    Written,
    /// The cell is a number that passes for one; among large numbers it is one of them.
    Number,
    /// It has the shape and no valid check digit: one alone means nothing.
    Shape,
    /// The cell is ten digits in groups that nobody would choose, with a valid check digit: one of a column of them.
    Loose,
    /// Letters below a heading for initials: somebody's, if a date of birth stands on the same sheet.
    Initials,
}

/// The letters of a unique pupil number, by their value (DfE, UPN guide).
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";

/// The postcode areas of the United Kingdom and the Crown dependencies.
const AREAS: &str = "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|\
EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|\
NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|\
WD|WF|WN|WR|WS|WV|YO|ZE";

const DATE: &str = r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.\- ]\d{1,2}[/.\- ](?:\d{4}|\d{2})|\d{1,2}(?:st|nd|rd|th)?[ \-](?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[ \-](?:\d{4}|\d{2}))";

#[expect(clippy::unwrap_used, reason = "the patterns are constants, and a test uses each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

static TEN_DIGITS: LazyLock<Regex> =
    LazyLock::new(|| pattern("[0-9]{3}([ .\u{a0}\u{2011}-]?)[0-9]{3}([ .\u{a0}\u{2011}-]?)[0-9]{4}"));
pub(super) static PUPIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b([A-Z])([0-9]{11})([0-9A-Z])\b"));
static POSTCODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        "(?i)\\b(?:(?:{AREAS})[0-9][0-9A-HJKMNPR-Y]?([ \u{a0}]{{0,2}}|[-.])([0-9][ABD-HJLNP-UW-Z]{{2}})|GIR ?0AA)\\b"
    ))
});
/// Ten digits however they are parted, where the words before them say what they are.
static CALLED_NHS: LazyLock<Regex> = LazyLock::new(|| {
    pattern("(?i)\\bnhs\\b[^0-9\n]{0,20}((?:[0-9][ ./\u{a0}\u{2011}-]{0,2}){9}[0-9])(?:[^0-9A-Za-z]|$)")
});
static BORN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)(?:\bd\.? ?o\.? ?b\b\.?|\bdates? of birth\b|\bbirth ?dates?\b|\b(born)(?: on)?\b)[^0-9\n]{{0,12}}?\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? (?:the )?)?{DATE}\b"
    ))
});
static WHOLE_DATE: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?i)^{DATE}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?$")));
static RANGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^ ?(?:to|and|until|through|up to|[-–—])"));

/// Everything in a text that looks like an identity.
pub(super) fn sightings(text: &str) -> Vec<Sighting> {
    let mut found = Vec::new();
    let text = &*narrow(text);
    // Most cells are words or short numbers, and none of the patterns is without a digit.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.len() < 5 || digits == 0 || is_other_number(text) {
        return found;
    }
    for at in TEN_DIGITS.captures_iter(text).take_while(|_| digits >= 10) {
        if let Some(sure) = nhs_number(text, &at) {
            found.push(Sighting { kind: Identity::NhsNumber, sure });
        }
    }
    if found.is_empty()
        && digits == 10
        && !is_plain_number(text)
        && loose_digits(text).is_some_and(|d| is_nhs_number(&d))
    {
        found.push(Sighting { kind: Identity::NhsNumber, sure: Sure::Loose });
    }
    if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return found;
    }
    let called = CALLED_NHS.captures_iter(text).take_while(|_| digits >= 10).any(|called| {
        let digits: String = called[1].chars().filter(char::is_ascii_digit).collect();
        is_nhs_number(&digits)
    });
    if called && !found.iter().any(|one| one.sure == Sure::Written) {
        found.retain(|one| one.sure != Sure::Loose);
        found.push(Sighting { kind: Identity::NhsNumber, sure: Sure::Written });
    }
    for pupil in PUPIL.captures_iter(text).take_while(|_| digits >= 11) {
        let sure = if is_pupil_number(&pupil[0]) { Sure::Written } else { Sure::Shape };
        found.push(Sighting { kind: Identity::Upn, sure });
    }
    if (11..=12).contains(&digits) && parted_upn(text).is_some_and(|upn| is_pupil_number(&upn)) {
        found.push(Sighting { kind: Identity::Upn, sure: Sure::Written });
    }
    if POSTCODE.captures_iter(text).any(|postcode| is_postcode(text, &postcode)) {
        found.push(Sighting { kind: Identity::Postcode, sure: Sure::Written });
    }
    if BORN.captures_iter(text).any(|born| is_birth(text, &born)) {
        found.push(Sighting { kind: Identity::DateOfBirth, sure: Sure::Written });
    }
    found
}

/// Whether the whole text is a number that can be none of the identifiers.
fn is_other_number(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'%' | b'+'));
    plain && text.bytes().filter(u8::is_ascii_digit).count() < 10
}

/// Whether the whole text is digits, as a program writes a whole number.
pub(super) fn is_plain_number(text: &str) -> bool {
    let text = text.trim();
    let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
    !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a whole number nearly as large as ten digits are: then ten digits beside it are a number too.
pub(super) fn is_large_number(text: &str) -> bool {
    (8..=12).contains(&text.len())
        && is_plain_number(text)
        && (8..=9).contains(&text.split('.').next().map_or(0, str::len))
}

/// Ten digits, alone or as 3-3-4, that are no part of a longer number: how sure it is that they are an NHS number.
fn nhs_number(text: &str, found: &Captures<'_>) -> Option<Sure> {
    let whole = found.get(0)?;
    if found[1] != found[2] {
        return None;
    }
    let mut before = text[..whole.start()].chars().rev();
    let mut after = text[whole.end()..].chars();
    let part_before = match before.next() {
        Some(c) if c.is_alphanumeric() => true,
        // Behind a point, a hyphen that joins digits, or a sign it is the end of another number.
        Some('.' | '-' | '+') => before.next().is_none_or(|c| c.is_ascii_digit()),
        _ => false,
    };
    let part_after = match after.next() {
        Some(c) if c.is_alphanumeric() => true,
        // A whole number that a program wrote with a point.
        Some('.') if after.as_str().starts_with('0') => {
            after.as_str().trim_start_matches('0').starts_with(char::is_numeric)
        }
        Some('.' | '-') => after.next().is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    };
    let digits: String = whole.as_str().chars().filter(char::is_ascii_digit).collect();
    let sure = match is_nhs_number(&digits) {
        false => Sure::Shape,
        true if is_plain_number(text) => Sure::Number,
        true => Sure::Written,
    };
    (!part_before && !part_after).then_some(sure)
}

/// Whether a letter, eleven digits and a digit or letter carry their right check letter.
fn is_pupil_number(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let value = |byte: u8| match byte {
        b'0'..=b'9' => Some(usize::from(byte - b'0')),
        letter => LETTERS.iter().position(|known| *known == letter),
    };
    let sum: Option<usize> = text.bytes().skip(1).zip(2..).map(|(byte, weight)| Some(value(byte)? * weight)).sum();
    sum.is_some_and(|sum| text.as_bytes().first() == LETTERS.get(sum % 23))
}

/// Whether what has the shape of a postcode is one: `1st`, `2yr` and the like behind a short code are not.
fn is_postcode(text: &str, found: &Captures<'_>) -> bool {
    let (Some(space), Some(inward), Some(whole)) = (found.get(1), found.get(2), found.get(0)) else { return true };
    let (inward, spaced) = (inward.as_str(), !space.as_str().is_empty());
    if matches!(space.as_str(), "-" | ".") {
        // With such a sign in it a part of a longer code, or anything in small letters, is none.
        let joins = |c: char| matches!(c, '-' | '.' | '/' | '_');
        let joined = text[..whole.start()].ends_with(joins) || text[whole.end()..].starts_with(['-', '/', '_']);
        return !joined && !whole.as_str().bytes().any(|byte| byte.is_ascii_lowercase());
    }
    let lower = inward.bytes().any(|byte| byte.is_ascii_lowercase());
    let word =
        matches!(&inward.to_ascii_lowercase()[1..], "st" | "nd" | "rd" | "th" | "yr" | "hr" | "wd" | "ds" | "ys");
    // Without a space, small letters are some other code.
    !(lower && (word || !spaced && found[0].bytes().any(|byte| byte.is_ascii_uppercase())))
}

/// Whether a date after such a word is somebody's; "born 1 April to 30 June" speaks of a period.
fn is_birth(text: &str, found: &Captures<'_>) -> bool {
    let end = found.get(0).map_or(0, |whole| whole.end());
    found.get(1).is_none() || !RANGE.is_match(&text[end..])
}

/// Whether the whole text is a date, as a cell below "Date of birth" holds one; a spreadsheet's day number counts.
pub(super) fn is_date(text: &str) -> bool {
    let text = &*narrow(text);
    let text = text.trim();
    if let Ok(serial) = text.parse::<u32>() {
        // 1980 to 2040.
        return (29_221..51_502).contains(&serial);
    }
    WHOLE_DATE.is_match(text) || text.get(..10).is_some_and(|day| day.parse::<Date>().is_ok())
}

/// Whether the whole text has the ten digits of an NHS number, however they are parted.
pub(super) fn has_ten_digits(text: &str) -> bool {
    loose_digits(&narrow(text)).is_some()
}

/// Whether the whole text has the shape of a unique pupil number.
pub(super) fn has_shape_of_upn(text: &str) -> bool {
    let text = narrow(text);
    PUPIL.find(text.trim()).is_some_and(|found| found.len() == text.trim().len()) || parted_upn(&text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Identity> {
        sightings(text)
            .into_iter()
            .filter(|sighting| !matches!(sighting.sure, Sure::Shape | Sure::Loose))
            .map(|sighting| sighting.kind)
            .collect()
    }

    #[test]
    fn nhs_numbers_are_found_however_they_are_written() {
        for text in [
            "9434765919",
            "943 476 5919",
            "943-476-5919",
            "943\u{a0}476\u{a0}5919",
            "9434765919.0",
            " 9434765919 ",
            "NHS no. 943 476 5919, seen twice",
            "(9434765919)",
            "id-9434765919",
            "seen (943 476 5919).",
            "9434765919,4010232137",
            "ref/9434765919/3",
        ] {
            assert!(kinds(text).contains(&Identity::NhsNumber), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_nhs_numbers() {
        for text in [
            "9434765918",
            "1111111111",
            "0.9434765919",
            "19434765919",
            "94347659190",
            "9434765919.25",
            "A9434765919",
            "9,434,765,919",
            "943 4765919",
            "01904 551 234",
            "2025-07-14T09:00:00",
            "-9434765919",
            "46,410",
            "E06000014",
        ] {
            assert!(!kinds(text).contains(&Identity::NhsNumber), "{text}");
        }
    }

    #[test]
    fn pupil_numbers_carry_their_check_letter_and_lacking_it_have_only_the_shape() {
        for text in ["P123456789123", "p123456789123", "UPN Y816200012345 was absent"] {
            assert!(kinds(text).contains(&Identity::Upn), "{text}");
        }
        assert_eq!(sightings("A123456789123"), [Sighting { kind: Identity::Upn, sure: Sure::Shape }]);
        // A temporary number ends in a letter: 8 × 2 + 1 × 3 + 6 × 4 + 2 × 5, and C is 2, × 13: 79 mod 23 is 10, L.
        assert!(kinds("L81620000000C").contains(&Identity::Upn));
        for text in ["P123 4567 89123", "P 123456789123", "P-1234567-89123"] {
            assert_eq!(kinds(text), [Identity::Upn], "{text}");
        }
        assert!(kinds("A 123456789123").is_empty() && has_shape_of_upn("A 123456789123"));
        assert!(kinds("AP123456789123").is_empty() && kinds("P1234567891234").is_empty());
    }

    #[test]
    fn full_postcodes_are_found_and_codes_that_look_like_them_are_not() {
        for text in [
            "YO1 7HG", "yo1 7hg", "EC1A 1BB", "W1A 0AX", "M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT", "YO17HG",
            "GIR 0AA",
        ] {
            assert_eq!(kinds(text), [Identity::Postcode], "{text}");
        }
        for text in ["YO1-7HG", "YO1.7HG", "at YO24-2QR."] {
            assert_eq!(kinds(text), [Identity::Postcode], "{text}");
        }
        for text in ["AB-M1-2AB-X", "e1-2ab", "L1.1AB/3", "2025-B1-1AA"] {
            assert!(kinds(text).is_empty(), "{text}");
        }
        assert_eq!(kinds("lives at 3 Hob Moor Road, York YO24 2QR now"), [Identity::Postcode]);
        for text in [
            "YO1",
            "E06000014",
            "Q1 2025",
            "KS2 1ST",
            "grade b1 1st class",
            "S47 within 15",
            "A1 1AA",
            "AB12",
            "level e1 2yr",
            "2025-26-Q1",
            "CIN 1AA",
            "S20 to S47",
            "W1234AB",
        ] {
            assert!(kinds(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_date_is_a_birth_only_where_it_is_called_so() {
        for text in [
            "DOB 12/03/2012",
            "d.o.b.: 12.3.12",
            "date of birth 2012-03-12",
            "born on 12th March 2012",
            "Amy, born 12 Mar 2012",
            "(DoB: Monday 12 March 2012)",
        ] {
            assert_eq!(kinds(text), [Identity::DateOfBirth], "{text}");
        }
        for text in [
            "born 01/04/2024 to 30/06/2024",
            "babies born 1 April 2024 - 30 June 2024",
            "as at 31/03/2025",
            "births 2024-25",
            "their 18th birthday: 31/03/2025",
            "born in 2012",
            "dob recorded for 41 of 44",
        ] {
            assert!(kinds(text).is_empty(), "{text}");
        }
        for text in ["2012-03-12", "12/03/2012", "12 March 2012", "2012-03-12T00:00:00", "40980", "12-Mar-12"] {
            assert!(is_date(text), "{text}");
        }
        for text in ["41", "2012", "Q1", "12/03", "112980"] {
            assert!(!is_date(text), "{text}");
        }
    }
}

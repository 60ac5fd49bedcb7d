//! Check digits of the identifiers that children's records carry.

/// Whether ten digits form a valid NHS number.
///
/// Weights 10 to 2, check digit 11 − (sum mod 11), with 11 read as 0 and 10 invalid
/// (NHS Data Dictionary). A number of ten equal digits is refused.
pub fn is_nhs_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != 10 || text.len() != 10 || digits.windows(2).all(|w| w[0] == w[1]) {
        return false;
    }
    let sum: u32 = digits.iter().take(9).zip((2..=10).rev()).map(|(d, w)| d * w).sum();
    match 11 - sum % 11 {
        10 => false,
        11 => digits[9] == 0,
        check => digits[9] == check,
    }
}

/// The letters of a unique pupil number, each at the number it stands for: I, O and S are not used.
const UPN_LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";

/// The check letter of the twelve characters that follow it in a unique pupil number, if they are such characters.
///
/// Characters 2 to 13 times 2 to 13, the sum mod 23 as a letter. Eleven digits and a letter are a temporary number; its
/// letter counts as the number it stands for (Government Data Standards Catalogue, *Unique Pupil Number* 2.0; DfE, *UPN
/// guide*).
pub fn upn_check_letter(digits: &str) -> Option<char> {
    if digits.len() != 12 {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in digits.bytes().zip(2..) {
        let value = match byte {
            b'0'..=b'9' => usize::from(byte - b'0'),
            _ if weight == 13 => UPN_LETTERS.iter().position(|letter| *letter == byte)?,
            _ => return None,
        };
        sum += value * weight;
    }
    UPN_LETTERS.get(sum % 23).map(|letter| char::from(*letter))
}

/// Whether a text is a unique pupil number, permanent or temporary, with the check letter it should have.
pub fn is_upn(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters.next();
    first.is_some() && first == upn_check_letter(letters.as_str())
}

/// Whether a text can be a unique property reference number: one to twelve digits that are not all zeros. Such a number
/// has no check digit (GeoPlace, *UPRN*).
pub fn is_uprn(text: &str) -> bool {
    (1..=12).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nhs_numbers_are_checked_by_their_last_digit() {
        assert!(is_nhs_number("9434765919"));
        assert!(!is_nhs_number("9434765918"));
        assert!(!is_nhs_number("1111111111"));
        assert!(!is_nhs_number("943476591"));
    }

    #[test]
    fn a_upn_starts_with_its_check_letter() {
        assert_eq!(upn_check_letter("123456789123"), Some('P'));
        assert_eq!(upn_check_letter("816200012345"), Some('Y'));
        assert_eq!(upn_check_letter("12345678912"), None);
        assert!(is_upn("P207000016049") && !is_upn("Q207000016049"));
        assert!(is_upn("B801200005001") && !is_upn("A801200005001") && !is_upn("X80120000A001"));
        assert!(!is_upn("") && !is_upn("É801200005001"));
    }

    #[test]
    fn a_temporary_upn_counts_its_last_letter() {
        let expected = |last| upn_check_letter(&format!("82012345678{last}")).unwrap();
        // 8×2 + 2×3 + 0×4 + 1×5 + … + 8×12 = 279; A adds 13×0, B 13×1, Z 13×22.
        let letters = ['A', 'B', 'Z'].map(expected);
        let sum: usize = "82012345678".bytes().zip(2..).map(|(b, w): (u8, usize)| usize::from(b - b'0') * w).sum();
        assert_eq!(letters, [0, 1, 22].map(|last| char::from(UPN_LETTERS[(sum + 13 * last) % 23])));
        assert_eq!(upn_check_letter("82012345678I"), None, "I, O and S are not used");
    }

    #[test]
    fn a_property_has_up_to_twelve_digits() {
        assert!(is_uprn("10033544614") && is_uprn("1"));
        assert!(!is_uprn("0") && !is_uprn("1234567890123") && !is_uprn("10033 544614") && !is_uprn(""));
    }

    proptest! {
        /// What check digits are for: a digit that is read wrongly never gives another valid number.
        #[test]
        fn one_wrong_digit_is_always_found(body in 0_u64..1_000_000_000, at in 0_usize..10, by in 1_u8..10) {
            let valid = (0..10).map(|last| format!("{body:09}{last}")).find(|text| is_nhs_number(text));
            if let Some(valid) = valid {
                let mut wrong = valid.into_bytes();
                wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
                prop_assert!(!is_nhs_number(&String::from_utf8(wrong).unwrap()));
            }
        }

        #[test]
        fn a_upn_with_one_wrong_digit_is_always_found(body in 0_u64..1_000_000_000_000, at in 1_usize..13, by in 1_u8..10) {
            let body = format!("{body:012}");
            let mut upn = format!("{}{body}", upn_check_letter(&body).unwrap()).into_bytes();
            prop_assert!(is_upn(std::str::from_utf8(&upn).unwrap()));
            upn[at] = b'0' + (upn[at] - b'0' + by) % 10;
            prop_assert!(!is_upn(std::str::from_utf8(&upn).unwrap()));
        }
    }
}

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

/// The check letter of a unique pupil number's twelve digits (DfE, UPN guide), if they are twelve digits.
pub fn upn_check_letter(digits: &str) -> Option<char> {
    const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let sum: usize = digits.bytes().zip(2..).map(|(b, w): (u8, usize)| usize::from(b - b'0') * w).sum();
    LETTERS.get(sum % 23).map(|b| char::from(*b))
}

#[cfg(test)]
mod tests {
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
    }
}

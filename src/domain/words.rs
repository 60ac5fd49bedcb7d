//! Plain English for numbers and lists, as every page, message and finding has them.

use super::rounding::half_up;

/// A number with so many places behind the point, halves rounded up, commas between thousands and a true minus:
/// `−1,234.5`.
pub fn decimal(value: f64, decimals: u8) -> String {
    let rounded = half_up(value, decimals);
    let digits = format!("{:.*}", usize::from(decimals), rounded.abs());
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let sign = if rounded < 0.0 { "−" } else { "" };
    format!("{sign}{}{rest}", thousands(whole))
}

/// A whole number with commas between its thousands: `1,204`.
pub fn whole(number: u64) -> String {
    thousands(&number.to_string())
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A small number in words, a larger one in digits: `seven`, `13`.
pub fn number(number: usize) -> String {
    const WORDS: [&str; 13] =
        ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// So many of something: `1 day`, `9 days`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// So many of something, small numbers in words: `no days`, `one day`, `nine days`.
pub fn several(many_of: usize, one: &str, many: &str) -> String {
    match many_of {
        0 => format!("no {many}"),
        1 => format!("one {one}"),
        _ => format!("{} {many}", number(many_of)),
    }
}

/// `1st`, `2nd`, `113th`.
pub fn ordinal(n: usize) -> String {
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// The text with a capital at its head.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A phrase as it goes on in a sentence; abbreviations keep their capitals.
pub fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), text.chars().nth(1)) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(items: impl IntoIterator<Item = impl Into<String>>) -> String {
    let mut items: Vec<String> = items.into_iter().map(Into::into).collect();
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!((decimal(1_234_567.0, 0), decimal(-1_234.55, 1)), ("1,234,567".into(), "−1,234.6".into()));
        assert_eq!((decimal(-0.04, 1), decimal(12.25, 1)), ("0.0".into(), "12.3".into()));
        assert_eq!((whole(0), whole(999), whole(12_345)), ("0".into(), "999".into(), "12,345".into()));
        assert_eq!((number(7), number(13)), ("seven".into(), "13".into()));
        assert_eq!([1, 2, 3, 4, 11, 112, 144].map(ordinal).join(" "), "1st 2nd 3rd 4th 11th 112th 144th");
    }

    #[test]
    fn so_many_of_something_agree_with_it() {
        assert_eq!((count(1, "day", "days"), count(0, "day", "days")), ("1 day".into(), "0 days".into()));
        let days = |n| several(n, "day", "days");
        assert_eq!([days(0), days(1), days(9), days(20)].join("; "), "no days; one day; nine days; 20 days");
    }

    #[test]
    fn only_the_first_letter_changes() {
        assert_eq!((capital("élan"), capital("")), ("Élan".into(), String::new()));
        assert_eq!((lower_first("To see"), lower_first("NHS numbers")), ("to see".into(), "NHS numbers".into()));
    }

    #[test]
    fn lists_end_with_and() {
        assert_eq!((listed(["a", "b", "c"]), listed(["a"])), ("a, b and c".into(), "a".into()));
        assert_eq!(listed(Vec::<String>::new()), "");
    }
}

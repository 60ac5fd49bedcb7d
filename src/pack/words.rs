//! Plain English for numbers, days and lists.

use jiff::civil::Date;

/// A day as a page prints it: `14 July 2025`.
pub(super) fn day(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// A day whose year is plain from the page: `14 July`.
pub(super) fn day_month(day: Date) -> String {
    day.strftime("%-d %B").to_string()
}

/// The same where there is little room: `14 Jul`.
pub(super) fn short_day(day: Date) -> String {
    day.strftime("%-d %b").to_string()
}

/// So many of something: `1 day`, `9 days`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// So many of something, small numbers in words: `one day`, `nine days`.
pub(super) fn several(number_of: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(number_of), if number_of == 1 { one } else { many })
}

/// A small number in words, a larger one in digits.
pub(super) fn number(number: usize) -> String {
    const WORDS: [&str; 13] =
        ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// The text with a capital at its head.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: impl IntoIterator<Item = impl Into<String>>) -> String {
    let mut items: Vec<String> = items.into_iter().map(Into::into).collect();
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn words_read_as_people_say_them() {
        assert_eq!(day(date(2025, 7, 4)), "4 July 2025");
        assert_eq!(count(1, "day", "days"), "1 day");
        assert_eq!((number(7), number(13)), ("seven".to_owned(), "13".to_owned()));
        assert_eq!(capital("élan"), "Élan");
        assert_eq!(listed(["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(["a"]), "a");
        assert_eq!(listed(Vec::<String>::new()), "");
    }
}

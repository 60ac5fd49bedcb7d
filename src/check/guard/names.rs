//! Whether a text below or beside such a heading is somebody's name.
//!
//! Pure. Knows no list of names: what is written as a name and is no mark, group or place is one.

use super::labels::{COUNTS, OTHERS, PEOPLE, label, words};

/// Whether a text below such a heading may be somebody's name, and is not a mark for "not given".
pub(super) fn may_be_a_name(text: &str) -> bool {
    let text = text.trim();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 2
        && text.chars().filter(char::is_ascii_digit).count() < 3
        && text.split_whitespace().count() <= 5
        && !is_a_mark(text)
        && label(text).is_none()
}

/// What is written where a name was taken out, or where a description of the data stands.
fn is_a_mark(text: &str) -> bool {
    const MARKS: &[&str] = &[
        "na",
        "n a",
        "none",
        "nil",
        "not available",
        "not applicable",
        "not given",
        "not known",
        "not recorded",
        "unknown",
        "redacted",
        "removed",
        "withheld",
        "anonymised",
        "anonymized",
        "anon",
        "suppressed",
        "confidential",
        "hidden",
        "deleted",
        "blank",
        "total",
        "totals",
        "all",
        "yes",
        "no",
        "true",
        "false",
        "text",
        "string",
        "varchar",
        "char",
        "alphanumeric",
        "free text",
        "mandatory",
        "optional",
        "required",
        "low",
        "tbc",
        "null",
        "xx",
        "xxx",
        "xxxx",
    ];
    MARKS.contains(&words(text).join(" ").as_str())
}

/// Whether a text may stand beside other headings: short, and no description of what a column holds.
pub(super) fn reads_like_a_heading(text: &str) -> bool {
    text.split_whitespace().count() <= 4 && !is_a_mark(text)
}

/// Whether a text beside such a word is written as names are: one to four words with capitals.
pub(super) fn is_written_as_a_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    may_be_a_name(text)
        && (1..=4).contains(&words.len())
        && words.iter().all(|word| word.starts_with(char::is_uppercase) && !word.contains(|c: char| c.is_ascii_digit()))
}

/// Whether a text is written as a first and a last name are, and none of its words is one that a group or a place goes by.
pub(super) fn is_written_as_a_full_name(text: &str) -> bool {
    let is_a_letter = |c: char| c.is_alphabetic() || matches!(c, '\'' | '’' | '-' | '.');
    let plain = words(text);
    is_written_as_a_name(text)
        && (2..=4).contains(&text.split_whitespace().count())
        && text.chars().all(|c| is_a_letter(c) || c == ' ' || c == ',')
        && plain.iter().filter(|word| word.chars().count() > 1).count() >= 2
        && !plain.iter().any(|word| {
            let word = word.as_str();
            GROUPS.contains(&word) || OTHERS.contains(&word) || PEOPLE.contains(&word) || COUNTS.contains(&word)
        })
}

/// Words in what groups, places and states are called, that are no part of a name.
const GROUPS: &[&str] = &[
    "all",
    "and",
    "any",
    "of",
    "in",
    "on",
    "the",
    "to",
    "not",
    "other",
    "others",
    "total",
    "totals",
    "known",
    "none",
    "need",
    "needs",
    "plan",
    "plans",
    "care",
    "leaver",
    "leavers",
    "looked",
    "after",
    "protection",
    "protected",
    "early",
    "help",
    "premium",
    "free",
    "meals",
    "support",
    "social",
    "missing",
    "education",
    "special",
    "send",
    "young",
    "boys",
    "girls",
    "male",
    "female",
    "white",
    "black",
    "asian",
    "british",
    "mixed",
    "irish",
    "african",
    "caribbean",
    "year",
    "years",
    "age",
    "aged",
    "key",
    "stage",
    "class",
    "form",
    "primary",
    "secondary",
    "nursery",
    "infants",
    "junior",
    "academy",
    "college",
    "community",
    "council",
    "city",
    "borough",
    "north",
    "south",
    "east",
    "west",
    "central",
    "upper",
    "lower",
    "great",
    "yorkshire",
    "humber",
    "england",
    "wales",
    "scotland",
    "kingdom",
    "midlands",
    "green",
    "park",
    "road",
    "street",
    "lane",
    "hill",
    "house",
    "unit",
    "placement",
    "foster",
    "adoption",
    "status",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "first",
    "second",
    "third",
    "quarter",
    "open",
    "closed",
    "case",
    "cases",
    "referral",
    "referrals",
    "assessment",
    "review",
    "data",
    "not",
    "no",
    "yes",
    "high",
    "medium",
    "low",
    "risk",
    "level",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_no_group_and_no_place() {
        for text in ["Amy Smith", "April Smith", "Smith, Amy", "Amy-Jo O'Neill", "Zebedee J. Canarybird"] {
            assert!(is_written_as_a_full_name(text), "{text}");
        }
        for text in [
            "Child A",
            "Amy",
            "Looked After",
            "North Yorkshire",
            "Hob Moor Primary",
            "Clifton Green",
            "White British",
            "A B",
            "Young Person One",
            "Pupil 12",
            "Not Known",
            "amy smith",
            "In Need",
        ] {
            assert!(!is_written_as_a_full_name(text), "{text}");
        }
    }

    #[test]
    fn marks_and_numbers_below_a_heading_are_no_names() {
        for text in ["41", "c", "-", "n/a", "REDACTED", "Not known", "..", "", "Surname", "12/03/2012"] {
            assert!(!may_be_a_name(text), "{text}");
        }
        for text in ["Amy", "O'Neill", "de la Cruz", "Smith, John", "Jo"] {
            assert!(may_be_a_name(text), "{text}");
        }
        assert!(is_written_as_a_name("Amy Smith") && !is_written_as_a_name("the child's given name"));
    }
}

//! Whether a text is the heading of something that identifies a child.
//!
//! Pure. Headings that count people, name places or name the adults who work with children are none.

/// What a heading announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Label {
    Forename,
    Surname,
    Name,
    Initials,
    DateOfBirth,
    NhsNumber,
    Upn,
}

/// Longer texts are no headings.
const LONGEST: usize = 60;

/// Words that turn a heading into a count or a description of one.
const COUNTS: &[&str] = &[
    "number of",
    "no of",
    "count",
    "counts",
    "total",
    "percent",
    "percentage",
    "rate",
    "missing",
    "recorded",
    "known to",
    "unknown",
    "with",
    "without",
    "by",
    "per",
    "average",
    "proportion",
    "valid",
    "invalid",
    "whether",
    "change",
    "changed",
];

/// Whose name is no child's, and what else has a name.
const OTHERS: &[&str] = &[
    "worker",
    "workers",
    "officer",
    "manager",
    "lead",
    "leads",
    "author",
    "prepared",
    "auditor",
    "contact",
    "staff",
    "practitioner",
    "chair",
    "reviewer",
    "completed",
    "submitted",
    "trainer",
    "teacher",
    "headteacher",
    "governor",
    "gp",
    "doctor",
    "consultant",
    "professional",
    "professionals",
    "school",
    "schools",
    "la",
    "lea",
    "authority",
    "area",
    "region",
    "ward",
    "trust",
    "agency",
    "measure",
    "indicator",
    "team",
    "teams",
    "category",
    "group",
    "groups",
    "type",
    "setting",
    "home",
    "homes",
    "service",
    "services",
    "centre",
    "centres",
    "hospital",
    "provider",
    "file",
    "sheet",
    "column",
    "field",
    "user",
    "country",
    "county",
    "district",
    "place",
    "programme",
    "course",
    "project",
    "policy",
    "ethnic",
    "union",
];

/// Whose name it is, where it is a child's or that of somebody who leads to one.
const PEOPLE: &[&str] = &[
    "child",
    "childs",
    "children",
    "childrens",
    "pupil",
    "pupils",
    "student",
    "students",
    "patient",
    "patients",
    "person",
    "persons",
    "yp",
    "baby",
    "babys",
    "infant",
    "client",
    "clients",
    "victim",
    "victims",
    "suspect",
    "offender",
    "perpetrator",
    "subject",
    "sibling",
    "siblings",
    "parent",
    "parents",
    "mother",
    "mothers",
    "father",
    "fathers",
    "carer",
    "carers",
    "learner",
    "learners",
];

/// What a heading announces, if it is such a heading.
pub(super) fn label(text: &str) -> Option<Label> {
    if text.len() > LONGEST || !may_be_a_label(text) {
        return None;
    }
    let words = words(text);
    let joined = words.join(" ");
    let has = |word: &str| words.iter().any(|known| known == word);
    let phrase = |phrase: &str| {
        let parts = phrase.split(' ').count();
        words.windows(parts).any(|words| words.iter().zip(phrase.split(' ')).all(|(word, part)| word == part))
    };
    let any = |known: &[&str]| known.iter().any(|known| phrase(known));
    if words.len() > 7 || any(COUNTS) {
        return None;
    }
    if has("dob") || phrase("d o b") || has("birthdate") || has("birth") && has("date") {
        return Some(Label::DateOfBirth);
    }
    if has("upn") || has("upns") || has("pupil") && has("unique") || phrase("pupil number") {
        return Some(Label::Upn);
    }
    if has("nhs") && any(&["no", "number", "num", "id", "nr"]) || joined == "nhs" || has("nhsno") || has("nhsnumber") {
        return Some(Label::NhsNumber);
    }
    if any(OTHERS) && !phrase("service user") {
        return None;
    }
    let given = any(&["forename", "forenames", "firstname", "first name", "first names", "given name", "given names"])
        || any(&["middle name", "middle names", "christian name", "preferred name", "known as"]);
    if given {
        return Some(Label::Forename);
    }
    if any(&["surname", "surnames", "lastname", "last name", "family name", "maiden name", "birth name"]) {
        return Some(Label::Surname);
    }
    if has("initials") || joined == "initial" {
        return Some(Label::Initials);
    }
    let named = any(&["name", "names", "fullname"]);
    if named && (any(PEOPLE) || phrase("service user") || phrase("full name") || has("fullname")) {
        return Some(Label::Name);
    }
    None
}

/// Whether any of the words that make a label may be in it; most cells have none.
fn may_be_a_label(text: &str) -> bool {
    const STEMS: [&[u8]; 10] =
        [b"name", b"birth", b"dob", b"d.o", b"d o b", b"nhs", b"upn", b"pupil", b"initial", b"known as"];
    let text = text.as_bytes();
    let has = |stem: &&[u8]| text.windows(stem.len()).any(|part| part.eq_ignore_ascii_case(stem));
    STEMS.iter().any(has)
}

/// A heading's words in small letters: `childFirst_name` is "child first name", and `child's` is `childs`.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for c in text.chars() {
        if matches!(c, '\'' | '’') {
            continue;
        }
        if !c.is_alphanumeric() || (c.is_uppercase() && before_lower) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_identities_are_known_however_they_are_written() {
        for (text, expected) in [
            ("Forename", Label::Forename),
            ("first_name", Label::Forename),
            ("childFirstName", Label::Forename),
            ("Child's first name(s)", Label::Forename),
            ("SURNAME", Label::Surname),
            ("Family name", Label::Surname),
            ("Child’s name", Label::Name),
            ("Name of child", Label::Name),
            ("Pupil name", Label::Name),
            ("Full name", Label::Name),
            ("Service user name", Label::Name),
            ("Initials", Label::Initials),
            ("DOB", Label::DateOfBirth),
            ("D.O.B.", Label::DateOfBirth),
            ("Date of birth (dd/mm/yyyy)", Label::DateOfBirth),
            ("birth_date", Label::DateOfBirth),
            ("Child's DOB", Label::DateOfBirth),
            ("NHS No.", Label::NhsNumber),
            ("NHSNumber", Label::NhsNumber),
            ("UPN", Label::Upn),
            ("Unique pupil number", Label::Upn),
        ] {
            assert_eq!(label(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn headings_of_counts_places_and_workers_are_none() {
        for text in [
            "Name",
            "la_name",
            "region_name",
            "School name",
            "Children's home name",
            "Lead officer name",
            "Prepared by",
            "Social worker surname",
            "Number of children with date of birth recorded",
            "Births",
            "Live births 2024",
            "Indicator Name",
            "Measure",
            "Pupils",
            "Missing children",
            "NHS trust",
            "NHS England region",
            "Unique",
            "Number of pupils by first name",
            "Area name",
            "Children in need",
            "% with NHS number",
            "Date",
            "Ethnic group name",
        ] {
            assert_eq!(label(text), None, "{text}");
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

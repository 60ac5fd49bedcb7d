//! Whether a text is the heading of something that identifies a child.
//!
//! Pure. Headings that count people, name places or name the adults who work with children are none.

/// What a heading announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Label {
    Forename,
    Surname,
    Name,
    /// Somebody, and perhaps by name: "Child", "Pupil".
    Person,
    Initials,
    DateOfBirth,
    NhsNumber,
    Upn,
}

/// Longer texts are no headings.
const LONGEST: usize = 60;

/// Words that turn a heading into a count or a description of one.
pub(super) const COUNTS: &[&str] = &[
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
pub(super) const OTHERS: &[&str] = &[
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
pub(super) const PEOPLE: &[&str] = &[
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
    // "DoB" is two words by its letters.
    let birth = has("dob") || phrase("d o b") || phrase("do b") || has("birthdate") || has("birth") && has("date");
    let born = has("birthday") || phrase("date born") || phrase("born on") || joined == "born";
    if birth || born {
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
    PERSONS.contains(&joined.as_str()).then_some(Label::Person)
}

/// Headings below which somebody's name may stand, as may a group or a number.
const PERSONS: &[&str] = &["child", "pupil", "student", "young person", "yp", "baby", "patient", "sibling", "learner"];

/// What a heading announces that stands in something with a name of its own, as an element of XML and a key of JSON do:
/// the name in a "Contact" is no child's.
pub(super) fn label_within(above: &str, text: &str) -> Option<Label> {
    let is_another = || words(above).iter().any(|word| OTHERS.contains(&word.as_str()));
    label(&format!("{above} {text}")).or_else(|| label(text).filter(|_| !is_another()))
}

/// Whether a heading is "Name" and nothing else: whose, tells what stands beside it.
pub(super) fn is_plain_name(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "name" | "names")
}

/// Whether a text is one of [`PERSONS`], however its words are joined; without room of its own, since every cell is asked.
fn is_a_person(text: &str) -> bool {
    const JOINED: [&str; 3] = ["young_person", "youngperson", "young-person"];
    let text = text.trim();
    text.len() <= 12 && PERSONS.iter().chain(&JOINED).any(|known| text.eq_ignore_ascii_case(known))
}

/// Whether any of the words that make a label may be in it; most cells have none.
fn may_be_a_label(text: &str) -> bool {
    const STEMS: [&[u8]; 11] =
        [b"name", b"birth", b"born", b"dob", b"d.o", b"d o b", b"nhs", b"upn", b"pupil", b"initial", b"known as"];
    let bytes = text.as_bytes();
    let has = |stem: &&[u8]| bytes.windows(stem.len()).any(|part| part.eq_ignore_ascii_case(stem));
    STEMS.iter().any(has) || is_a_person(text)
}

/// A heading's words in small letters: `childFirst_name` is "child first name", and `child's` is `childs`.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut before_lower, mut before_upper) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, '\'' | '’') {
            continue;
        }
        // In "NHSNumber" the last capital begins a word; in "UPNs" it does not.
        let is_next_lower = chars.peek().is_some_and(|next| next.is_lowercase() && *next != 's');
        let begins = c.is_uppercase() && (before_lower || before_upper && is_next_lower);
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        (before_lower, before_upper) = (c.is_lowercase(), c.is_uppercase());
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_stands_in_tells_whose_it_is() {
        assert_eq!(label_within("Child", "Name"), Some(Label::Name));
        assert_eq!(label_within("Missing", "Forename"), Some(Label::Forename));
        assert_eq!(label_within("Contact", "Forename"), None);
        assert_eq!(label_within("Area", "Name"), None);
    }

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
            ("DoB", Label::DateOfBirth),
            ("DOBChild", Label::DateOfBirth),
            ("PersonBirthDate", Label::DateOfBirth),
            ("Birthday", Label::DateOfBirth),
            ("Date born", Label::DateOfBirth),
            ("ChildFirstName", Label::Forename),
            ("PersonFamilyName", Label::Surname),
            ("ChildUPN", Label::Upn),
            ("UPNs", Label::Upn),
            ("PersonNHSNumber", Label::NhsNumber),
            ("Child", Label::Person),
            ("Young person", Label::Person),
            ("YoungPerson", Label::Person),
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
            "Babies born in the area",
            "Children",
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
}

//! Patterns of file names: literal text, `*`, and the gaps `{agency}` and `{period}`.

pub use crate::domain::matches;

/// Whether some name matches both patterns.
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) =
        (one.to_lowercase().chars().collect(), other.to_lowercase().chars().collect());
    // `met[j]`: whether the rest of `one` and the rest of `other` from its `j`th character on have a name in common.
    let only_stars = |rest: &[char]| rest.iter().all(|c| *c == '*');
    let mut met: Vec<bool> = (0..=other.len()).map(|j| only_stars(&other[j..])).collect();
    for (i, a) in one.iter().enumerate().rev() {
        let below = met;
        met = vec![only_stars(&one[i..]); other.len() + 1];
        for (j, b) in other.iter().enumerate().rev() {
            met[j] = match (a, b) {
                ('*', _) => below[j] || met[j + 1],
                (_, '*') => below[j] || met[j + 1],
                (a, b) => a == b && below[j + 1],
            };
        }
    }
    met[0]
}

/// Whether a name says that the file is still being written, or that it is nobody's.
pub fn is_unfinished(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with('.')
        || name.starts_with("~$")
        || [".part", ".partial", ".tmp", ".crdownload", ".filepart"].iter().any(|end| name.ends_with(end))
}

/// Whether a name could be meant as something else than a file of this folder: a path, a parent, or a trick.
pub fn is_unsafe(name: &str) -> bool {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    name.is_empty()
        || name.len() > 255
        || name == ".."
        || name == "."
        || name.contains(['/', '\\'])
        || name.chars().any(invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_patterns_overlap_when_a_name_matches_both() {
        for (one, other, expected) in [
            ("missing*.xlsx", "missing-children*.xlsx", true),
            ("*.xlsx", "MISSING*", true),
            ("*", "", true),
            ("a*b", "*ab", true),
            ("missing*.xlsx", "prevent*.xlsx", false),
            ("*.csv", "*.xlsx", false),
            ("a*", "b*", false),
            ("ab", "a", false),
        ] {
            assert_eq!((overlap(one, other), overlap(other, one)), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn patterns_are_literal_but_for_the_star() {
        assert!(matches("missing*.xlsx", "Missing children.XLSX"));
        assert!(matches("*q1*", "2025-26-Q1.csv"));
        assert!(!matches("missing*.xlsx", "missing.csv"));
        assert!(!matches("a.csv", "a.csv.exe"));
    }

    #[test]
    fn a_name_that_is_a_path_or_hides_something_is_unsafe() {
        for name in ["", ".", "..", "../a.csv", "a/b.csv", "a\\b.csv", "a\nb.csv", "a\0.csv", "fdp.\u{202e}vsc"] {
            assert!(is_unsafe(name), "{name:?}");
        }
        for name in ["a.csv", "Missing children 2025-26-Q1 (final).xlsx", "Größe..csv", "..csv"] {
            assert!(!is_unsafe(name), "{name:?}");
        }
    }
}

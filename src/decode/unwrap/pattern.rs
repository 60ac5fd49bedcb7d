//! Names of files with `*` and `?`.

use std::fmt;
use std::str::FromStr;

/// A name in which `*` stands for any text and `?` for one character; capitals make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// A text that is no pattern for a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name of a file, with * for any text, as in \"*.csv\"")]
pub struct NotAPattern;

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let text = text.trim();
        if text.is_empty() || text.len() > 200 || text.contains(['/', '\\']) || text.chars().any(char::is_control) {
            return Err(NotAPattern);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pattern {
    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a file's name fits; folders before it do not count.
    pub fn fits(&self, name: &str) -> bool {
        let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
        fits(&lower(&self.0), &lower(base))
    }
}

/// Matches greedily, and goes back to the last star only: never more than pattern times name.
fn fits(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_what_they_should() {
        let fits = |pattern: &str, name: &str| pattern.parse::<Pattern>().unwrap().fits(name);
        assert!(fits("*.csv", "Episodes.CSV") && fits("*.csv", "a/b/.csv") && fits("*", "x"));
        assert!(fits("q?_*_final.xlsx", "Q1_police_v2_final.xlsx") && fits("header.csv", "2025\\header.csv"));
        assert!(!fits("*.csv", "a.csv.exe") && !fits("header.csv", "my header.csv") && !fits("?", ""));
        assert!(!fits(&"*a".repeat(90), &"a".repeat(80)), "and quickly");
        assert!("".parse::<Pattern>().is_err() && "../x".parse::<Pattern>().is_err());
    }
}

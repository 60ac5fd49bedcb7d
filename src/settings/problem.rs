//! What is wrong with a definition, in the words its author needs.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, or "the environment".
    pub file: String,
    /// The line, where there is one.
    pub line: Option<usize>,
    /// The key, with dots.
    pub key: String,
    /// What stands there; never a secret.
    pub found: String,
    /// What should stand there.
    pub expected: String,
    /// What to write.
    pub write: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, "  {}", self.key)?;
        }
        for (label, text) in [("found", &self.found), ("expected", &self.expected), ("write", &self.write)] {
            if !text.is_empty() {
                write!(f, "\n  {label:<9} {text}")?;
            }
        }
        Ok(())
    }
}

/// Everything that is wrong, found in one pass.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds one about a file as a whole.
    pub fn about(&mut self, file: &str, found: impl fmt::Display, expected: &str, write: &str) {
        self.push(Problem {
            file: file.to_owned(),
            line: None,
            key: String::new(),
            found: found.to_string(),
            expected: expected.to_owned(),
            write: write.to_owned(),
        });
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things are wrong.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each thing that is wrong.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Takes over what another pass found.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}\n")?;
        }
        match self.0.len() {
            1 => write!(f, "1 problem"),
            n => write!(f, "{n} problems"),
        }
    }
}

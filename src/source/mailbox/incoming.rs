//! A message somebody sent, as far as anybody asks: who, about what, which words, which files.
//!
//! Parsed in a worker; nothing here is believed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{DataKind, Kind, Wrapping, kinds};
use crate::domain::sha256;

/// A message, taken apart. It has no `Debug`: what people write belongs in no log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// Its Message-ID, without brackets.
    pub message_id: Option<String>,
    /// The Message-IDs it answers, newest first, without brackets.
    pub references: Vec<String>,
    /// The one plain address it says it is from, in lower case; none if there is none, or several.
    pub from: Option<String>,
    /// The name beside it.
    pub name: String,
    /// The addresses it was sent to.
    pub to: Vec<String>,
    /// The subject, on one line.
    pub subject: String,
    /// The beginning of its text.
    pub text: String,
    /// The headers that say what kind of message it is, by lower-case name, in their order.
    pub headers: Vec<(String, String)>,
    /// What it reports of a message of ours that did not arrive.
    pub report: Option<Report>,
    /// The attached files, pictures in the text and signatures left out.
    pub files: Vec<File>,
    /// Whether it has more files or deeper letters within letters than are read.
    pub cut: bool,
    /// How all of it is wrapped, where it is.
    pub wrapping: Option<Wrapping>,
}

/// A report of the mail system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether delivery failed for good.
    pub failed: bool,
    /// The Message-ID of the message it is about, without brackets.
    pub about: Option<String>,
    /// The status code: `5.1.1`.
    pub status: Option<String>,
}

/// An attached file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name; metadata only, never a path.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its bytes, verbatim.
    #[serde(skip)]
    pub bytes: Bytes,
}

impl File {
    /// What kind of data it may hold, if any.
    pub fn data(&self) -> Option<DataKind> {
        match self.kind {
            Kind::Data(kind) => Some(kind),
            Kind::Wrapped(_) | Kind::Other => None,
        }
    }

    pub(super) fn new(name: &str, media_type: &str, bytes: Bytes) -> Self {
        let name = plain_name(name);
        let kind = kinds::of(&name, media_type, &bytes);
        Self { name, kind, bytes }
    }
}

impl Incoming {
    /// The first header of a name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What makes it the same message when it is delivered or fetched once more: who says it is, and what is in it. What
    /// servers write on its way counts for nothing.
    pub fn identity(&self) -> String {
        let mut parts = vec![
            self.message_id.clone().unwrap_or_default(),
            self.from.clone().unwrap_or_default(),
            self.subject.clone(),
            sha256(&self.text),
        ];
        for file in &self.files {
            parts.push(file.name.clone());
            parts.push(sha256(&file.bytes));
        }
        sha256(parts.join("\0"))
    }
}

/// A name that is one line and no path.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(150).collect();
    if name.trim().is_empty() { "unnamed".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_same_whatever_servers_wrote_on_it_and_another_with_another_file() {
        let file = |bytes: &'static str| File::new("q1.csv", "text/csv", Bytes::from(bytes));
        let message = Incoming { message_id: Some("a@b".into()), files: vec![file("1")], ..Incoming::default() };
        let received = ("received".to_owned(), "from elsewhere".to_owned());
        let again = Incoming { headers: vec![received], ..message.clone() };
        assert_eq!(message.identity(), again.identity());
        let other = Incoming { files: vec![file("2")], ..message.clone() };
        assert_ne!(message.identity(), other.identity());
    }

    #[test]
    fn a_files_name_is_one_line_and_no_path() {
        for (name, plain) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\sam\\q1.csv", "q1.csv"),
            ("a\r\nBcc: x.csv", "aBcc: x.csv"),
            (" ", "unnamed"),
        ] {
            assert_eq!(plain_name(name), plain);
        }
    }
}

//! Where extracts come from, and where their bytes are kept.
//!
//! A source hands over bytes and a name; it does not know what they mean. An extract is acknowledged only after its
//! bytes are durable in the [`landing`] archive.

pub mod folder;
pub mod https;
pub mod landing;
mod period;

use std::{
    path::{Component, Path},
    time::Duration,
};

use bytes::Bytes;

use crate::{settings::Section, timetable::Schedule};

pub use https::host_of;
pub use period::period_in_name;

/// Bytes as fetched or received.
#[derive(Debug, Clone)]
pub struct Extract {
    /// The bytes, verbatim.
    pub bytes: Bytes,
    /// The file's own name; metadata only, never used as a path.
    pub name: String,
    /// Where it came from, in words.
    pub source: String,
}

/// Where a return's extracts come from.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one per return, and nobody moves it about")]
pub enum Source {
    /// Pulled over HTTPS.
    Https {
        /// The address; `{agency}`, `{period}` and `{base}` are filled in.
        url: String,
        /// Its host; none where `{base}` says it.
        host: Option<String>,
        /// When it is asked for.
        pull: Schedule,
        /// How long one attempt may take.
        timeout: Duration,
    },
    /// Taken from a drop folder.
    Folder {
        /// The folder, relative to the board's; `{agency}` is filled in.
        path: String,
        /// The names taken: literal text and `*`.
        pattern: String,
    },
    /// Brought by a person with `quarterday submit`.
    ByHand,
}

impl Source {
    /// Reads `[source]`.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        match table.one_of("kind", &["https", "folder", "by-hand"])? {
            "https" => {
                let url = template(table, "url", &["agency", "period", "base"]);
                let pull = table.parsed("pull");
                let seconds = table.integer_or("timeout_seconds", 30);
                let Some(seconds) = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
                    table.refuse("timeout_seconds", "a number of seconds above zero", "timeout_seconds = 30");
                    return None;
                };
                let url = url?;
                let Some(host) = host_of_template(&url) else {
                    let write = "url = \"https://data.example/{agency}/{period}.csv\"";
                    table.refuse("url", "an address that names its host, or begins with {base}", write);
                    return None;
                };
                Some(Self::Https { url, host, pull: pull?, timeout: Duration::from_secs(seconds) })
            }
            "folder" => {
                let path = template(table, "path", &["agency"]);
                let pattern = table.text_or("pattern", "*");
                let path = path?;
                if Path::new(&path).components().any(|part| part == Component::ParentDir) {
                    table.refuse("path", "a folder without .. in its path", "path = \"drop/{agency}\"");
                    return None;
                }
                Some(Self::Folder { path, pattern })
            }
            _ => Some(Self::ByHand),
        }
    }
}

/// The host of an address with gaps: `Some(None)` where `{base}` is to say it, `None` where the address is none.
fn host_of_template(template: &str) -> Option<Option<String>> {
    let host = |word| {
        let address = ["agency", "period"].iter().fold(template.to_owned(), |text, name| fill(&text, name, word));
        host_of(&fill(&address, "base", "https://base.invalid"))
    };
    let (one, another) = (host("a")?, host("b")?);
    match template.find("{base}") {
        Some(0) => Some(None),
        None if one == another => Some(Some(one)),
        _ => None,
    }
}

/// A text in which only the `known` names stand in curly brackets.
fn template(table: &mut Section<'_>, key: &str, known: &[&str]) -> Option<String> {
    let text = table.text(key)?;
    let filled = known.iter().fold(text.clone(), |text, name| fill(&text, name, ""));
    if filled.contains(['{', '}']) {
        let names: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
        table.refuse(key, &format!("no other name in curly brackets than {}", names.join(", ")), "");
        return None;
    }
    Some(text)
}

/// A template of `[source]` with `value` in the place of `{name}`.
pub fn fill(template: &str, name: &str, value: &str) -> String {
    template.replace(&format!("{{{name}}}"), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_host_or_leaves_it_to_the_base() {
        for (template, host) in [
            ("https://data.example/{agency}/{period}.csv", Some(Some("data.example"))),
            ("{base}/{agency}.csv", Some(None)),
            ("https://{agency}.example/a.csv", None),
            ("https://data.example/{base}", None),
            ("data.example/a.csv", None),
            ("ftp://data.example/a.csv", None),
        ] {
            assert_eq!(host_of_template(template), host.map(|host| host.map(str::to_owned)), "{template}");
        }
    }
}

//! People and their addresses: who gets messages, and who is to be called.

use serde::{Deserialize, Serialize};

use crate::settings::Section;

/// Somebody who gets messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

impl Person {
    /// Reads a name and an address.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        let name = table.text("name");
        let email = table.text("email");
        let (name, email) = (name?, email?);
        if name.contains(char::is_control) {
            table.refuse("name", "a name on one line", "name = \"Priya Nair\"");
            return None;
        }
        if !is_address(&email) {
            table.refuse("email", "a plain address such as lead@police.example", "the person's work address");
            return None;
        }
        Some(Self { name, email })
    }
}

/// The person to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The telephone number.
    pub phone: String,
    /// The address that replies go to.
    pub email: String,
}

impl Contact {
    /// Reads a name, a telephone number and an address.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        let phone = table.text("phone");
        let Person { name, email } = Person::settle(table)?;
        Some(Self { name, phone: phone?, email })
    }
}

/// The stricter profile of an address: one `@`, no quotes, comments, IP literals or control characters.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    local_ok && domain.contains('.') && domain.len() <= 253 && domain.split('.').all(label_ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_hide_something_are_refused() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/email-isemail/tests.xml");
        let Ok(text) = std::fs::read_to_string(path) else {
            #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
            let in_ci = std::env::var_os("CI").is_some();
            assert!(!in_ci, "{path} is required in CI");
            return;
        };
        let mut seen = 0;
        for part in text.split("<address>").skip(1) {
            let address = part.split("</address>").next().unwrap_or("").replace("&#x", "\u{1}").replace("&quot;", "\"");
            seen += 1;
            let suspicious = address.contains(['(', ')', '"', '[', ']', ' ', ',', ';', ':', '<', '>', '\u{1}', '\\'])
                || address.chars().any(char::is_control);
            if suspicious {
                assert!(!is_address(&address), "{address:?}");
            }
        }
        assert!(seen > 100);
        assert!(is_address("lead@police.example"));
        assert!(is_address("o'neill+data@nhs.example"));
        assert!(!is_address("lead@localhost"));
    }
}

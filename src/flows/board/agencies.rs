//! The partner agencies and their people.

use std::collections::BTreeMap;

use crate::{domain::AgencyId, settings::Section, timetable::Role};

/// Somebody who gets messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// One partner agency.
#[derive(Debug, Clone)]
pub struct Agency {
    /// Its identifier.
    pub id: AgencyId,
    /// Its name.
    pub name: String,
    /// The named lead.
    pub lead: Person,
    /// The lead's deputy.
    pub deputy: Option<Person>,
    /// Its member of the board.
    pub board_member: Option<Person>,
}

impl Agency {
    /// The person in a role of this agency; the manager is not one of them.
    pub fn person(&self, role: Role) -> Option<&Person> {
        match role {
            Role::Lead => Some(&self.lead),
            Role::Deputy => self.deputy.as_ref(),
            Role::BoardMember => self.board_member.as_ref(),
            Role::Manager => None,
        }
    }
}

/// Reads a name and an address.
pub fn settle_person(table: &mut Section<'_>) -> Option<Person> {
    let name = table.text("name");
    let email = table.text("email");
    let (name, email) = (name?, email?);
    if !is_address(&email) {
        table.refuse("email", "a plain address such as lead@police.example", "the person's work address");
        return None;
    }
    Some(Person { name, email })
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

/// Reads `config/agencies.toml`.
pub fn settle(section: &mut Section<'_>) -> BTreeMap<AgencyId, Agency> {
    let mut agencies = BTreeMap::new();
    for mut table in section.sections("agency") {
        let id: Option<AgencyId> = table.parsed("id");
        let name = table.text("name");
        let lead = table.section("lead").and_then(|mut t| settle_person(&mut t));
        let deputy = table.section_opt("deputy").and_then(|mut t| settle_person(&mut t));
        let board_member = table.section_opt("board_member").and_then(|mut t| settle_person(&mut t));
        let (Some(id), Some(name), Some(lead)) = (id, name, lead) else { continue };
        if agencies.contains_key(&id) {
            table.refuse("id", "an identifier used once", "another identifier, or one entry fewer");
            continue;
        }
        agencies.insert(id.clone(), Agency { id, name, lead, deputy, board_member });
    }
    agencies
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

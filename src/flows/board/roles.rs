//! People above the agencies whom the ladder can name: the chair of a sub-group, an independent scrutineer.

use std::collections::BTreeMap;

use crate::{mail::Person, settings::Section};

/// One role and who has it.
#[derive(Debug, Clone)]
pub struct NamedRole {
    /// As a sentence goes on after "the": "chair of the Performance sub-group".
    pub title: String,
    /// Who has it.
    pub person: Person,
}

/// Reads the `[[role]]` tables of `config/quarterday.toml`.
pub(super) fn settle(root: &mut Section<'_>) -> BTreeMap<String, NamedRole> {
    let mut roles = BTreeMap::new();
    for mut table in root.sections("role") {
        let (id, title) = (table.text("id"), table.text("title"));
        let person = Person::settle(&mut table);
        let (Some(id), Some(title), Some(person)) = (id, title, person) else { continue };
        let title = title.strip_prefix("the ").map_or(title.clone(), str::to_owned);
        if roles.contains_key(&id) {
            table.refuse("id", "an identifier used once", "another identifier, or one entry fewer");
            continue;
        }
        roles.insert(id, NamedRole { title, person });
    }
    roles
}

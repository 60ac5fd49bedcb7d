//! The partner agencies and their people.

use std::collections::BTreeMap;

use crate::{domain::AgencyId, mail::Person, settings::Section, timetable::Role};

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
    /// Everybody of this agency who gets messages.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        [&self.lead].into_iter().chain(&self.deputy).chain(&self.board_member)
    }

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

/// Reads `config/agencies.toml`.
pub fn settle(section: &mut Section<'_>) -> BTreeMap<AgencyId, Agency> {
    let mut agencies = BTreeMap::new();
    for mut table in section.sections("agency") {
        let id: Option<AgencyId> = table.parsed("id");
        let name = table.text("name");
        let lead = table.section("lead").and_then(|mut t| Person::settle(&mut t));
        let deputy = table.section_opt("deputy").and_then(|mut t| Person::settle(&mut t));
        let board_member = table.section_opt("board_member").and_then(|mut t| Person::settle(&mut t));
        let (Some(id), Some(name), Some(lead)) = (id, name, lead) else { continue };
        if agencies.contains_key(&id) {
            table.refuse("id", "an identifier used once", "another identifier, or one entry fewer");
            continue;
        }
        agencies.insert(id.clone(), Agency { id, name, lead, deputy, board_member });
    }
    agencies
}

//! The partner agencies and their people.

use std::collections::BTreeMap;

use super::AgencyKeys;
use crate::{check::Member, domain::AgencyId, mail::Person, settings::Section};

/// One partner agency.
#[derive(Debug, Clone)]
pub struct Agency {
    /// Its identifier.
    pub id: AgencyId,
    /// Its name.
    pub name: String,
    /// Other names that files call it by.
    pub aliases: Vec<String>,
    /// The domains its people write from.
    pub domains: Vec<String>,
    /// The named lead.
    pub lead: Person,
    /// The lead's deputy.
    pub deputy: Option<Person>,
    /// Its member of the board.
    pub board_member: Option<Person>,
    /// Its members, where it is a group such as schools or trusts.
    pub members: Vec<Member>,
    /// What opens its files.
    pub keys: AgencyKeys,
}

impl Agency {
    /// The names that files may call it by, besides its identifier.
    pub fn names(&self) -> Vec<String> {
        [&self.name].into_iter().chain(&self.aliases).cloned().collect()
    }

    /// Everybody of this agency who gets messages.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        [&self.lead].into_iter().chain(&self.deputy).chain(&self.board_member)
    }
}

/// Reads `config/agencies.toml`.
pub fn settle(section: &mut Section<'_>) -> BTreeMap<AgencyId, Agency> {
    let mut agencies = BTreeMap::new();
    for mut table in section.sections("agency") {
        let id: Option<AgencyId> = table.parsed("id");
        let name = table.text("name");
        let aliases = table.list_or_empty("aliases");
        let domains = table.list_or_empty("domains");
        if domains.iter().any(|domain| domain.contains(['@', '*', ' ']) || !domain.contains('.')) {
            table.refuse("domains", "domains as they stand after the @", "domains = [\"police.example\"]");
        }
        let lead = table.section("lead").and_then(|mut t| Person::settle(&mut t));
        let deputy = table.section_opt("deputy").and_then(|mut t| Person::settle(&mut t));
        let board_member = table.section_opt("board_member").and_then(|mut t| Person::settle(&mut t));
        let members = settle_members(&mut table);
        let keys = table.section_opt("keys").map(|mut t| AgencyKeys::settle(&mut t)).unwrap_or_default();
        let (Some(id), Some(name), Some(lead)) = (id, name, lead) else { continue };
        if agencies.contains_key(&id) {
            table.refuse("id", "an identifier used once", "another identifier, or one entry fewer");
            continue;
        }
        let agency = Agency { id, name, aliases, domains, lead, deputy, board_member, members, keys };
        agencies.insert(agency.id.clone(), agency);
    }
    agencies
}

/// Reads `members`: each with an identifier and a name of its own.
fn settle_members(agency: &mut Section<'_>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for mut table in agency.sections("members") {
        let (Some(id), Some(name)) = (table.text("id"), table.text("name")) else { continue };
        let is_taken = |text: &str| {
            members.iter().any(|known| known.id.eq_ignore_ascii_case(text) || known.name.eq_ignore_ascii_case(text))
        };
        let taken = if is_taken(&id) { Some("id") } else { Some("name").filter(|_| is_taken(&name)) };
        if let Some(key) = taken {
            table.refuse(key, "a member that is listed once", "another name, or one entry fewer");
            continue;
        }
        members.push(Member { id, name });
    }
    members
}

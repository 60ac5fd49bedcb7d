//! Who is told what: the people of the definitions, and those whom somebody recorded in their place.

use std::path::Path;

use jiff::civil;

use super::{Board, Main};
use crate::{
    domain::AgencyId,
    ledger::{ContactRole, ObligationKey},
    mail::Person,
    settings::Problems,
    timetable::{FOR_WORDS, Ladder, Role, Timetable},
};

impl Board {
    /// Who is told on a day when `role` of `agency` is told.
    pub fn person(&self, agency: &AgencyId, role: &Role, today: civil::Date) -> Option<Person> {
        let changed = |role| self.contacts.person(agency, role, today);
        let known = self.agencies.get(agency);
        match role {
            Role::Lead => changed(ContactRole::Lead).or_else(|| Some(known?.lead.clone())),
            Role::Deputy => changed(ContactRole::Deputy).or_else(|| known?.deputy.clone()),
            Role::BoardMember => changed(ContactRole::BoardMember).or_else(|| known?.board_member.clone()),
            Role::Manager => Some(self.manager.clone()),
            Role::Chair => self.chair.clone(),
            Role::Named(id) => self.roles.get(id).map(|role| role.person.clone()),
        }
    }

    /// Who gets what lead and deputy get on a day: they, and whoever covers for the lead.
    pub fn leads(&self, agency: &AgencyId, today: civil::Date) -> Vec<Person> {
        let cover = self.contacts.person(agency, ContactRole::Cover, today);
        let theirs = [Role::Lead, Role::Deputy].into_iter().filter_map(|role| self.person(agency, &role, today));
        theirs.chain(cover).collect()
    }

    /// What the person at this address is to an agency on a day.
    pub fn role_of(&self, agency: &AgencyId, address: &str, on: civil::Date) -> Option<Role> {
        let usual = [Role::Lead, Role::Deputy, Role::BoardMember, Role::Manager, Role::Chair];
        let named = self.roles.keys().cloned().map(Role::Named);
        let is = |role: &Role| {
            self.person(agency, role, on).is_some_and(|person| person.email.eq_ignore_ascii_case(address))
        };
        usual.into_iter().chain(named).find(is)
    }

    /// A role as a sentence says it: "the Board member of Exampleshire Police".
    pub fn role_words(&self, agency: &AgencyId, role: &Role) -> String {
        let name = self.agency_name(agency);
        match role {
            Role::Lead => format!("the lead of {name}"),
            Role::Deputy => format!("the deputy of {name}"),
            Role::BoardMember => format!("the Board member of {name}"),
            Role::Manager => "the manager".to_owned(),
            Role::Chair => "the chair of the Board".to_owned(),
            Role::Named(id) => self.roles.get(id).map_or_else(|| id.clone(), |role| format!("the {}", role.title)),
        }
    }

    /// The ladder on which something owed is chased.
    pub fn ladder(&self, key: &ObligationKey) -> &Ladder {
        let named = match self.commentary(key) {
            Some(_) => Some(FOR_WORDS),
            None => self.returns.get(&key.return_id).and_then(|contract| contract.ladder(key.period)),
        };
        self.timetable.ladder_named(named)
    }
}

/// Tells of roles of the ladder that nobody has.
pub(super) fn check_roles(home: &Path, timetable: &Timetable, main: &Main, problems: &mut Problems) {
    let file = home.join("config/timetable.toml").display().to_string();
    for role in timetable.ladders().flat_map(|ladder| &ladder.rungs).flat_map(|rung| &rung.to) {
        let (found, write) = match role {
            Role::Chair if main.chair.is_none() => ("chair", "[chair] in config/quarterday.toml, or another role"),
            Role::Named(id) if !main.roles.contains_key(id) => {
                (id.as_str(), "a [[role]] with this id in config/quarterday.toml, or another role")
            }
            _ => continue,
        };
        problems.about(&file, found, "a role that somebody has", write);
    }
}

//! Who is written to in the place of whom `config/agencies.toml` names, or beside them: what a person recorded since.
//!
//! The ledger keeps each change with who, when and why; this is the newest of each, at hand for every letter.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use anyhow::Context;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{App, Board, letters, reason::identity_in};
use crate::{
    domain::{AgencyId, civil_day, is_address},
    ledger::{ContactRole, Event, Ledger, LedgerError},
    mail::Person,
};

/// The newest change of each role of each agency.
#[derive(Debug, Default)]
pub struct Contacts(RwLock<BTreeMap<(AgencyId, ContactRole), Changed>>);

#[derive(Debug, Clone)]
struct Changed {
    person: Option<Person>,
    until: Option<Date>,
}

impl Contacts {
    /// Who has the role on a day, where it is somebody else than the definitions say.
    pub fn person(&self, agency: &AgencyId, role: ContactRole, today: Date) -> Option<Person> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let changed = known.get(&(agency.clone(), role))?;
        changed.person.clone().filter(|_| changed.until.is_none_or(|until| today <= until))
    }

    /// Everybody who has a role on a day because a person recorded it.
    pub fn all(&self, today: Date) -> Vec<(AgencyId, ContactRole, Person)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let has =
            |changed: &Changed| changed.person.clone().filter(|_| changed.until.is_none_or(|until| today <= until));
        known.iter().filter_map(|((agency, role), changed)| Some((agency.clone(), *role, has(changed)?))).collect()
    }

    /// Has a change count that the ledger keeps.
    pub(super) fn take(&self, recorded: &Event) {
        let Event::ContactChanged { agency, role, name, email, until, .. } = recorded else { return };
        let person = name.clone().zip(email.clone()).map(|(name, email)| Person { name, email });
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert((agency.clone(), *role), Changed { person, until: *until });
    }
}

/// Puts what the ledger knows at hand.
pub async fn load(board: &Board, ledger: &Ledger) -> anyhow::Result<()> {
    let changes = ledger.read(|txn| txn.contact_changes()).await?;
    changes.iter().for_each(|change| board.contacts.take(&change.event));
    Ok(())
}

/// What a person asks: somebody takes a role, or, with nobody named, it is again whom the definitions name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Whose.
    pub agency: AgencyId,
    /// Which role.
    pub role: ContactRole,
    /// Who takes it.
    pub person: Option<Person>,
    /// Until which day, where it is for a time.
    pub until: Option<Date>,
}

/// Records a change, has it count at once, and tells whoever takes the role and the manager.
///
/// # Errors
/// When no reason is given, the agency is unknown, the address cannot be written to, or the day is over.
pub async fn change(app: &App, change: Change, reason: &str, actor: &str) -> anyhow::Result<String> {
    let refused = |why: String| anyhow::Error::from(LedgerError::Refused(why));
    let Change { agency, role, person, until } = change;
    let (now, today) = (app.clock.now(), civil_day(app.clock.now()));
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(refused("a change of contact needs one line of reason; it is recorded".into()));
    }
    if let Some(holds) = identity_in(&reason) {
        return Err(refused(format!("{holds}, and it is recorded: say it without")));
    }
    if !app.board.agencies.contains_key(&agency) {
        let known: Vec<&str> = app.board.agencies.keys().map(AgencyId::as_str).collect();
        return Err(refused(format!("there is no agency {agency}; the agencies are {}", known.join(", "))));
    }
    if let Some(person) = &person {
        if !is_address(&person.email) || person.name.trim().is_empty() || person.name.contains(char::is_control) {
            return Err(refused("write a name and a plain address such as lead@police.example".into()));
        }
        if !app.board.mail.writes_to(&person.email) {
            return Err(refused(
                "their domain is not in allowed_domains of [mail], so nothing would reach them".into(),
            ));
        }
    }
    if until.is_some_and(|until| until < today) {
        return Err(refused("that day is over; name a day that is still to come".into()));
    }
    if role == ContactRole::Cover && person.is_some() && until.is_none() {
        return Err(refused("cover is for a time: add --until DATE".into()));
    }
    let name = app.board.agency_name(&agency);
    let letters = match &person {
        Some(person) => letters::contact(app, &agency, role, person, until, now)?,
        None => Vec::new(),
    };
    let event = Event::ContactChanged {
        agency: agency.clone(),
        role,
        name: person.as_ref().map(|person| person.name.clone()),
        email: person.as_ref().map(|person| person.email.clone()),
        until,
        reason,
    };
    let (actor, recorded) = (actor.to_owned(), event.clone());
    let subject = format!("contact/{agency}");
    app.ledger
        .write(move |txn| {
            txn.append(now, &subject, &actor, &recorded)?;
            letters.iter().try_for_each(|letter| txn.enqueue(letter).map(|_| ()))
        })
        .await
        .context("recording the change")?;
    app.board.contacts.take(&event);
    Ok(match person {
        Some(person) => {
            let until = until.map_or_else(String::new, |until| format!(" until {until}"));
            format!("{} is {} of {name}{until}; they and the manager are told", person.name, role.words())
        }
        None => format!("the {} of {name} is again whom config/agencies.toml names", role.words()),
    })
}

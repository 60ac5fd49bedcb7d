//! A lead who is away names a colleague: "cover sam@police.example".

use jiff::{SignedDuration, civil::Date};

use super::{Record, plan::Desk};
use crate::{
    domain::{AgencyId, civil_day},
    flows::letters,
    ledger::{ContactRole, Event, IncomingState},
    mail::Person,
};

/// A colleague covers for so long, unless a person records another day.
const COVERS: SignedDuration = SignedDuration::from_hours(24 * 28);

impl Desk<'_> {
    /// Has a colleague get what the lead gets, for a time, where lead or deputy of one agency names an address of their own
    /// organisation. Anything else is for the manager.
    pub(super) fn cover(&self, address: &str) -> anyhow::Result<Option<Record>> {
        let [agency] = self.sender.agencies.as_slice() else { return Ok(None) };
        if !self.sender.is_lead || !self.is_theirs(agency, address) || !self.app.board.mail.writes_to(address) {
            return Ok(None);
        }
        let until: Date = civil_day(self.now.checked_add(COVERS)?);
        let person = Person { name: address.to_owned(), email: address.to_owned() };
        let mut record = self.left(IncomingState::Done);
        record.letters = letters::contact(self.app, agency, ContactRole::Cover, &person, Some(until), self.now)?;
        record.letters.extend(self.answer(&letters::contact_letter(
            self.app,
            agency,
            ContactRole::Cover,
            &person,
            Some(until),
        ))?);
        let event = Event::ContactChanged {
            agency: agency.clone(),
            role: ContactRole::Cover,
            name: Some(person.name),
            email: Some(person.email),
            until: Some(until),
            reason: format!("asked for by mail, message {}", self.id),
        };
        record.events.push((format!("contact/{agency}"), event));
        Ok(Some(record))
    }

    /// Whether an address is of the writer's own organisation.
    fn is_theirs(&self, agency: &AgencyId, address: &str) -> bool {
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        let Some(its) = domain(address) else { return false };
        let from = self.incoming.from.as_deref().and_then(domain);
        let known = self.app.board.agencies.get(agency).map(|agency| agency.domains.as_slice()).unwrap_or_default();
        from.as_ref() == Some(&its) || known.iter().any(|domain| domain.eq_ignore_ascii_case(&its))
    }
}

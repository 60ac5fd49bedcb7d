//! What is said of a message: one answer to whoever wrote, and what the manager has to know of it.

use anyhow::Context;
use jiff::Timestamp;

use super::{Record, plan::Desk};
use crate::{
    flows::{App, letters},
    ledger::{IncomingRow, IncomingState, OutboxRow},
    mail::{Letter, Person, Unused},
    source::mailbox::{TAKEN, Wrapping},
};

impl Desk<'_> {
    /// A message on which the manager decides.
    pub(super) fn held(&self, reason: &str, things: Vec<Unused>) -> anyhow::Result<Record> {
        let mut record = self.left(IncomingState::Held);
        record.keep = !self.too_large;
        record.new.why = Some(reason.to_owned());
        let letter = Letter::PostHeld { arrived_at: self.now, reason: reason.to_owned(), things };
        record.letters = self.answer(&letter)?;
        let id = self.id;
        let next_step = format!(
            "`quarterday held` shows it; `quarterday accept {id} --as AGENCY` takes it, with --always for all that this \
             address sends, and `quarterday accept {id} --refuse --reason …` does not"
        );
        let unanswered = (!self.answerable).then(|| "Its sender was not answered.".to_owned());
        let what = format!("A message from {} waits for you", self.whom());
        let why = [Some(reason.to_owned()), unanswered].into_iter().flatten();
        record.letters.extend(self.alarm(what, why.collect(), next_step)?);
        Ok(record)
    }

    /// A message of which nothing, or not all, could be used.
    pub(super) fn not_taken(&self, things: Vec<Unused>, kinds: bool) -> anyhow::Result<Record> {
        let mut record = self.left(IncomingState::Done);
        record.letters = self.answer(&self.not_taken_letter(things, kinds, false))?;
        Ok(record)
    }

    /// What its sender hears of that; `words` says that a person reads what was written with it.
    pub(super) fn not_taken_letter(&self, things: Vec<Unused>, kinds: bool, words: bool) -> Letter {
        let taken = kinds.then(|| TAKEN.to_owned());
        Letter::PostNotTaken { arrived_at: self.now, things, taken, words }
    }

    /// The one answer to whoever wrote; none where that could do harm.
    pub(super) fn answer(&self, letter: &Letter) -> anyhow::Result<Vec<OutboxRow>> {
        let Some(email) = self.incoming.from.clone().filter(|_| self.answerable) else { return Ok(Vec::new()) };
        let name = if self.incoming.name.is_empty() { email.clone() } else { self.incoming.name.clone() };
        let whom = vec![Person { name, email: email.clone() }];
        let rows = letters::post(self.app, &format!("post/{}", self.id), None, whom, letter, self.now)?;
        Ok(letters::in_reply(rows, &email, self.incoming.message_id.as_deref()))
    }

    /// What the manager is told of it: who, when, about what, and where it lies. None of its words.
    pub(super) fn alarm(
        &self,
        what: String,
        mut why: Vec<String>,
        next_step: String,
    ) -> anyhow::Result<Vec<OutboxRow>> {
        let settings = self.mailbox.settings();
        if !self.incoming.subject.is_empty() {
            why.push(format!("Subject: {}", self.incoming.subject));
        }
        why.push(format!("It lies in the folder {} of {}.", settings.held_folder, settings.user));
        let letter = Letter::Alarm { what, why, since: self.now, next_step };
        let manager = vec![letters::manager(self.app)];
        letters::post(self.app, &format!("post-alarm/{}", self.id), None, manager, &letter, self.now)
    }

    pub(super) fn whom(&self) -> String {
        self.incoming.from.clone().unwrap_or_else(|| "somebody unnamed".into())
    }
}

/// A wrapped file or message, with what to do.
pub(super) fn wrapped(name: &str, wrapping: Wrapping) -> Unused {
    Unused { name: name.to_owned(), why: format!("{}.", wrapping.says()) }
}

/// The answer to a message that a person refused.
pub(super) fn refused(app: &App, row: &IncomingRow, reason: &str, now: Timestamp) -> anyhow::Result<Vec<OutboxRow>> {
    if !row.known.answerable || row.known.sender.is_empty() {
        return Ok(Vec::new());
    }
    let things = vec![Unused { name: "Your message".into(), why: format!("It was not taken: {reason}") }];
    let letter = Letter::PostNotTaken { arrived_at: row.arrived_at, things, taken: None, words: false };
    let email = row.known.sender.clone();
    let name = if row.known.name.is_empty() { email.clone() } else { row.known.name.clone() };
    let whom = vec![Person { name, email: email.clone() }];
    let rows = letters::post(app, &format!("post-refused/{}", row.id), None, whom, &letter, now)
        .context("the answer to the sender")?;
    Ok(letters::in_reply(rows, &email, row.known.plan.message_id.as_deref()))
}

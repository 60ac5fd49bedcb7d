//! A reply with words on a figure that stands out: recorded as they are where they can be printed, else for the manager.

use super::{Record, plan::Desk, sort};
use crate::{
    flows::commentary,
    ledger::{Event, IncomingState},
    mail::Letter,
};

impl Desk<'_> {
    /// Takes the words of a reply to a message that asked for them. Words that could tell of a child, or are too few or too
    /// many to be printed, go the way of every other text.
    pub(super) fn comment(&self) -> anyhow::Result<Option<Record>> {
        let Some(key) = self.about.as_ref().filter(|key| self.sender.agencies.contains(&key.agency)) else {
            return Ok(None);
        };
        let Some(indicator) = self.app.board.commentary(key) else { return Ok(None) };
        let says = sort::own_words(&self.incoming.text);
        if commentary::refusal(&says).is_some() {
            return Ok(None);
        }
        let mut record = self.left(IncomingState::Done);
        record.letters = self.answer(&Letter::AnswerCommentary {
            figure: indicator.title.clone(),
            period: key.period,
            says: says.clone(),
        })?;
        let from = self.incoming.from.clone().unwrap_or_default();
        let by = if self.incoming.name.is_empty() { from } else { self.incoming.name.clone() };
        record.events.push((key.to_string(), Event::Commented { says, by }));
        Ok(Some(record))
    }
}

//! The words of a message that no file goes with, or none that could be used: the manager is told where they lie, never what
//! they say, and the next message about what they could mean waits.

use std::collections::BTreeMap;

use super::{
    Record,
    plan::Desk,
    sort::{self, Word},
};
use crate::{
    flows::{evidence, letters},
    ledger::{Event, IncomingState, Obligation, ObligationKey, State},
    mail::{Due, Letter, Noted, Unused, Wait},
    timetable::{Rung, RungKind, next_rung},
};

/// An obligation that the words are about, or could be.
struct Meant {
    key: ObligationKey,
    due: Due,
    /// The rung that waits because of them, if one does.
    rung: Option<Rung>,
}

impl Meant {
    fn wait(&self) -> Option<Wait> {
        let rung = self.rung.as_ref()?;
        Some(if rung.kind == RungKind::DueToday { Wait::LeftOut } else { Wait::Later })
    }
}

impl Desk<'_> {
    /// A message without a file.
    pub(super) async fn text(&self) -> anyhow::Result<Record> {
        let states = self.states().await?;
        let word = sort::word(&self.incoming.text);
        if let Some(Word::Nil(reason)) = word {
            return self.nil(sort::subject_of(&self.around(&states)), reason, &states);
        }
        if let Some(Word::Cover(Some(address))) = &word
            && let Some(record) = self.cover(address)?
        {
            return Ok(record);
        }
        if let Some(record) = self.comment()? {
            return Ok(record);
        }
        let meant = self.meant(&states).await?;
        let noted = meant.iter().map(|one| Noted { due: one.due.clone(), wait: one.wait() }).collect();
        let letter = Letter::PostPassedOn { arrived_at: self.now, noted };
        let mut record = self.left(IncomingState::PassedOn);
        record.letters = self.answer(&letter)?;
        self.pass_on(&mut record, "without a file", "It has no file.", word.as_ref(), meant)?;
        Ok(record)
    }

    /// A message of which no file could be used: its sender hears why, and if it has words of its own a person reads them.
    pub(super) async fn not_taken_but_read(&self, things: Vec<Unused>, kinds: bool) -> anyhow::Result<Record> {
        if !sort::has_words(&self.incoming.text) {
            return self.not_taken(things, kinds);
        }
        let meant = self.meant(&self.states().await?).await?;
        let mut record = self.left(IncomingState::PassedOn);
        record.letters = self.answer(&self.not_taken_letter(things, kinds, true))?;
        let word = sort::word(&self.incoming.text);
        self.pass_on(
            &mut record,
            "without a file that can be used",
            "No file of it could be used.",
            word.as_ref(),
            meant,
        )?;
        Ok(record)
    }

    /// Tells the manager at once, and has the next messages about it wait.
    fn pass_on(
        &self,
        record: &mut Record,
        how: &str,
        why: &str,
        word: Option<&Word>,
        meant: Vec<Meant>,
    ) -> anyhow::Result<()> {
        let mut why = vec![format!("{why} Its words may hold details of children, so they are not repeated here.")];
        let about = if meant.len() == 1 { "It is about" } else { "It could be about" };
        for one in &meant {
            let waits = one.rung.as_ref().zip(one.wait()).map(|(rung, wait)| match wait {
                Wait::Later => format!(" The next message to them ({}) waits one working day longer.", rung.name),
                Wait::LeftOut => format!(" The reminder on its day ({}) is left out.", rung.name),
            });
            why.push(format!("{about} {}.{}", one.key, waits.unwrap_or_default()));
        }
        let next_step = match word {
            Some(Word::Cover(_)) => {
                "they ask for somebody else to be written to: if you agree, `quarterday contact AGENCY cover` records it"
            }
            _ => "read it and answer it",
        };
        let what = format!("{} wrote {how}", self.whom());
        record.letters.extend(self.alarm(what, why, next_step.to_owned())?);
        self.defer(record, meant);
        Ok(())
    }

    /// Has the next messages about it wait, because a file lies here that a person has to place first.
    pub(super) async fn let_wait(
        &self,
        record: &mut Record,
        states: &BTreeMap<ObligationKey, State>,
    ) -> anyhow::Result<()> {
        let meant = self.meant(states).await?;
        self.defer(record, meant);
        Ok(())
    }

    fn defer(&self, record: &mut Record, meant: Vec<Meant>) {
        for Meant { key, rung, .. } in meant {
            let deferred = rung.map(|rung| Event::Deferred { rung: rung.name, message: self.id });
            record.events.extend(deferred.map(|event| (key.to_string(), event)));
        }
    }

    /// What the words could be about, as far as it is open.
    async fn meant(&self, states: &BTreeMap<ObligationKey, State>) -> anyhow::Result<Vec<Meant>> {
        let mut meant = Vec::new();
        for key in sort::could_be_about(&self.app.board.returns, &self.around(states)) {
            let wanted = key.clone();
            let obligation = self.app.ledger.read(move |txn| txn.obligation(&wanted)).await?;
            let Some(obligation) = obligation.filter(|_| self.app.board.returns.contains_key(&key.return_id)) else {
                continue;
            };
            let rung = self.deferred(&obligation).await?;
            meant.push(Meant { due: letters::due(self.app, &obligation), key, rung });
        }
        Ok(meant)
    }

    /// The rung that waits because of this message, if one does.
    async fn deferred(&self, obligation: &Obligation) -> anyhow::Result<Option<Rung>> {
        let subject = obligation.key.to_string();
        let events = self.app.ledger.read(move |txn| txn.events_of(&subject)).await?;
        let (ladder, calendar) = (self.app.board.ladder(&obligation.key), self.app.board.timetable.calendar());
        let lead_told = evidence::accepted_at(&evidence::of(&events, ladder));
        Ok(next_rung(obligation, ladder, &calendar, lead_told)?.cloned())
    }
}

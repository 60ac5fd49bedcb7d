//! Tells what the daemon did, each line with the time at which it happened.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::super::say::{Tone, say, toned};
use crate::{
    domain::{Verdict, to_london},
    flows::App,
    ledger::{Asking, Event, ObligationKey, RecordedEvent, SignOffEvent},
    timetable::RungKind,
};

/// Remembers what has been told.
pub struct Teller {
    seen: i64,
    /// What an accepted file has come for.
    accepted: BTreeSet<String>,
}

/// One thing that happened, or several of a kind at once.
enum Line {
    /// Messages of one rung, and the returns they are about.
    Messages { rung: RungKind, about: Vec<String> },
    /// Anything else.
    One { says: String, alarming: bool },
}

impl Teller {
    /// One who tells what comes after event `seen`.
    pub fn after(seen: i64) -> Self {
        Self { seen, accepted: BTreeSet::new() }
    }

    /// Prints what happened since it was last asked.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn tell(&mut self, app: &Arc<App>) -> anyhow::Result<()> {
        let events = app.ledger.read(|txn| txn.all_events()).await?;
        let mut lines: Vec<(Timestamp, Line)> = Vec::new();
        for recorded in events.iter().filter(|recorded| recorded.seq > self.seen) {
            let accepted = matches!(&recorded.event, Event::Decided { verdict, .. } if verdict.is_accepted());
            let replaces = accepted && !self.accepted.insert(recorded.subject.clone());
            match (line(app, recorded, replaces), lines.last_mut()) {
                (Some(Line::Messages { rung, about }), Some((at, Line::Messages { rung: before, about: known })))
                    if rung == *before && minute(*at) == minute(recorded.at) =>
                {
                    known.extend(about)
                }
                (Some(line), _) => lines.push((recorded.at, line)),
                (None, _) => {}
            }
        }
        self.seen = events.last().map_or(self.seen, |newest| newest.seq);
        for (at, line) in lines {
            let (says, alarming) = match line {
                Line::Messages { rung, about } => (messages(rung, &about), false),
                Line::One { says, alarming } => (says, alarming),
            };
            let says = if alarming { toned(Tone::Alarm, says) } else { says };
            say(format_args!("{}    {} {says}", toned(Tone::Quiet, minute(at)), toned(Tone::Quiet, "→")));
        }
        Ok(())
    }
}

fn minute(at: Timestamp) -> String {
    to_london(at).strftime("%a %e %b %H:%M").to_string()
}

fn line(app: &App, recorded: &RecordedEvent, replaces: bool) -> Option<Line> {
    let about = || {
        let key: ObligationKey = recorded.subject.parse().ok()?;
        Some((app.board.agency_name(&key.agency), app.board.return_title(&key.return_id)))
    };
    let (says, alarming) = match &recorded.event {
        Event::Told { rung, .. } => {
            let rung = app.board.timetable.ladder.kind_of(rung)?;
            return Some(Line::Messages { rung, about: vec![about()?.1] });
        }
        Event::Decided { verdict, .. } => {
            let (verdict, alarming) = match verdict {
                Verdict::Accepted if replaces => ("accepted, in place of the earlier file", false),
                Verdict::Accepted => ("accepted", false),
                Verdict::AcceptedWithQueries => ("accepted, with a question", false),
                Verdict::NotAccepted => ("not accepted; the answer names each cell and rule", true),
                Verdict::Held => ("held for the manager", true),
                Verdict::Duplicate => return None,
            };
            let (agency, title) = about()?;
            (format!("{title}, {agency}: {verdict}"), alarming)
        }
        Event::NilReturned { .. } => {
            let (agency, title) = about()?;
            (format!("{title}, {agency}: nothing to report, noted"), false)
        }
        Event::Issued { pack, number, .. } => {
            (format!("edition {number} of the {pack} pack is issued and sent"), false)
        }
        Event::SignOff(SignOffEvent::Asked { asking, .. }) => match asking {
            Asking::Draft => ("the draft goes to the chair, to be signed off".to_owned(), false),
            Asking::Reminder => ("the chair is reminded to sign it off".to_owned(), false),
            Asking::ViceChair => ("the vice-chair is asked in the chair's stead".to_owned(), false),
        },
        Event::SignOff(SignOffEvent::Approved(said)) => (format!("signed off by {}", said.by), false),
        Event::SignOff(SignOffEvent::NotSignedOff { .. }) => {
            ("nobody had signed it off, and it says so".to_owned(), true)
        }
        Event::Failed { what, why } => (format!("went wrong: {what}: {why}"), true),
        _ => return None,
    };
    Some(Line::One { says, alarming })
}

/// "reminders sent: Action log, Care applications".
fn messages(rung: RungKind, about: &[String]) -> String {
    let what = about.join(", ");
    match rung {
        RungKind::Notice => format!("{} notices sent, one for each return", about.len()),
        RungKind::Nudge if about.len() > 1 => {
            format!("{} reminders sent, to those whose returns are not here yet", about.len())
        }
        RungKind::Nudge => format!("reminder sent: {what}"),
        RungKind::DueToday => format!("reminder of the day sent: {what}"),
        RungKind::Overdue => format!("{what}: the lead and the deputy are told that it is overdue"),
        RungKind::Preview => format!("{what}: the manager is shown the escalation before it goes"),
        RungKind::Escalation => format!("{what}: escalated to the agency's Board member"),
    }
}

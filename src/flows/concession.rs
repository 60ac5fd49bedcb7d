//! A person gives more time, lets somebody off, or asks again: with a reason, recorded, and told to the agency.
//!
//! What was already on its way about the earlier day is superseded when it would leave (`mail::wanted`).

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{App, chase, letters, reason::identity_in};
use crate::{
    domain::{CalendarError, civil_day, to_london},
    ledger::{Event, LedgerError, Obligation, ObligationKey, State},
    mail::Arranged,
    timetable::{Opening, instant_on},
};

/// What a person decides about something owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concession {
    /// It is due on another day.
    More(Date),
    /// It is not asked for this time.
    LetOff,
    /// It is asked for again, by this day.
    Again(Date),
}

/// Records a concession and tells lead and deputy; answers with the sentence for whoever asked.
///
/// # Errors
/// When no reason is given, the day is none on which anybody works, or the obligation is not in a state that allows it;
/// nothing is recorded then.
pub async fn concede(
    app: &App,
    key: &ObligationKey,
    concession: Concession,
    reason: &str,
    actor: &str,
) -> anyhow::Result<String> {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(refused("it needs one line of reason; the agency and the pack are told it"));
    }
    if let Some(holds) = identity_in(&reason) {
        return Err(refused(format!("{holds}, and the agency is told it: say it without")));
    }
    let now = app.clock.now();
    let known = key.clone();
    let known = app.ledger.read(move |txn| txn.obligation(&known)).await?;
    let opening = match known {
        Some(_) => None,
        None => Some(chase::opening_of(app, key)?.ok_or_else(|| {
            refused(format!("nobody owes {key}; `quarterday owed --on DATE` lists what is owed on a day"))
        })?),
    };
    let (before, created) = match (known, opening) {
        (Some(obligation), _) => (obligation, Vec::new()),
        (None, Some((opening, comes_twice))) => {
            let obligation = Obligation::opened(key, opening.opens_at, opening.due_at, &opening.rule);
            let twice = comes_twice.then_some(Event::Provisional {});
            (obligation, [Event::from(opening)].into_iter().chain(twice).collect())
        }
        (None, None) => return Err(refused(format!("nobody owes {key}"))),
    };
    let (event, what, said) = decided(app, &before, concession, &reason, now)?;
    let mut after = before.clone();
    after.rounds += u32::from(!matches!(concession, Concession::LetOff));
    if let Event::Extended { due_at, .. } | Event::Reopened { due_at, .. } = &event {
        after.due_at = *due_at;
    }
    let letters = letters::arranged(app, &after, before.due_at, what, &reason, now)?;
    let (key, actor) = (key.clone(), actor.to_owned());
    app.ledger
        .write(move |txn| {
            let subject = key.to_string();
            match txn.obligation(&key)? {
                None if !created.is_empty() => {
                    for opened in &created {
                        txn.append(now, &subject, "daemon", opened)?;
                    }
                }
                // Whatever came in between the look and this is looked at first.
                found if found.as_ref() != Some(&before) => {
                    return Err(LedgerError::Refused(format!("{key} has just changed; look again and decide then")));
                }
                _ => {}
            }
            txn.append(now, &subject, &actor, &event)?;
            for letter in &letters {
                txn.enqueue(letter)?;
            }
            Ok(())
        })
        .await?;
    Ok(said)
}

/// The event, what the agency is told, and what the asker is told.
fn decided(
    app: &App,
    obligation: &Obligation,
    concession: Concession,
    reason: &str,
    now: Timestamp,
) -> anyhow::Result<(Event, Arranged, String)> {
    let key = &obligation.key;
    let reason = reason.to_owned();
    let waits = matches!(obligation.state, State::Held | State::Received);
    match concession {
        _ if waits => Err(refused(format!("a file for {key} waits to be decided on; decide on it first"))),
        _ if !obligation.duty => Err(refused(format!("nobody owes {key}"))),
        Concession::More(_) if obligation.state.is_settled() => {
            Err(refused(format!("{key} is settled; `quarterday reopen` asks for it again")))
        }
        Concession::More(day) => {
            let due_at = new_due(app, obligation, day, now)?;
            if due_at <= obligation.due_at {
                let due = civil_day(obligation.due_at);
                return Err(refused(format!("{key} is due on {due}; an extension ends on a later day")));
            }
            let said = format!("{key} is due on {day} now; lead and deputy are told");
            Ok((Event::Extended { due_at, reason }, Arranged::More, said))
        }
        Concession::LetOff if obligation.state.is_settled() => {
            Err(refused(format!("{key} is settled, so there is nothing to waive")))
        }
        Concession::LetOff => {
            let said =
                format!("{key} is not asked for; lead and deputy are told, and the pack prints that it was waived");
            Ok((Event::Waived { reason }, Arranged::LetOff, said))
        }
        Concession::Again(_) if !obligation.state.is_settled() => {
            Err(refused(format!("{key} is still open; `quarterday extend` gives more time")))
        }
        Concession::Again(day) => {
            let due_at = new_due(app, obligation, day, now)?;
            let said =
                format!("{key} is asked for again, by {day}; what stands goes on standing until a file replaces it");
            Ok((Event::Reopened { due_at, reason }, Arranged::Again, said))
        }
    }
}

/// The same time of another working day that is still to come.
fn new_due(app: &App, obligation: &Obligation, day: Date, now: Timestamp) -> anyhow::Result<Timestamp> {
    let calendar = app.board.timetable.calendar();
    if !calendar.is_working_day(day)? {
        let next: Result<Date, CalendarError> = calendar.add_working_days(day, 0);
        return Err(refused(format!("{day} is no working day; the next one is {}", next?)));
    }
    let due_at = instant_on(day, to_london(obligation.due_at).time());
    if due_at <= now {
        return Err(refused(format!("{day} is over; name a day that is still to come")));
    }
    Ok(due_at)
}

fn refused(why: impl Into<String>) -> anyhow::Error {
    LedgerError::Refused(why.into()).into()
}

impl From<Opening> for Event {
    fn from(opening: Opening) -> Self {
        Self::Opened {
            return_id: opening.key.return_id,
            agency: opening.key.agency,
            period: opening.key.period,
            opens_at: opening.opens_at,
            duty: true,
            due_at: opening.due_at,
            rule: opening.rule,
        }
    }
}

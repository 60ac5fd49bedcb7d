//! What is owed, by whom, since when, and what will be sent next to whom and why.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Board, chase, contacts, evidence, facts};
use crate::{
    domain::{CalendarError, Period, Standing, civil_day},
    ledger::{Ledger, Obligation, ObligationKey, RecordedEvent, Txn},
    timetable::{RungKind, escalates_at, owed},
};

/// One obligation as it stands at an instant.
#[derive(Debug, Clone)]
pub struct Owed {
    /// Which one.
    pub key: ObligationKey,
    /// The return's title.
    pub title: String,
    /// The agency's name.
    pub agency: String,
    /// When it is due.
    pub due_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// Civil days late.
    pub days_late: i32,
    /// Why it is held or was not accepted.
    pub reason: Option<String>,
    /// Why the manager keeps it from going above the lead.
    pub escalation_held: Option<String>,
    /// What will be sent next.
    pub next: Option<Next>,
}

/// The message that leaves next if nothing arrives.
#[derive(Debug, Clone)]
pub struct Next {
    /// When; none if it is due already and leaves at the next look.
    pub at: Option<Timestamp>,
    /// What it says.
    pub kind: RungKind,
    /// To whom, in words.
    pub to: Vec<String>,
    /// Why.
    pub why: String,
}

/// What falls due at one instant for one period.
#[derive(Debug)]
pub struct DueTogether<'a> {
    /// When.
    pub due_at: Timestamp,
    /// For which period.
    pub period: Period,
    /// In the order of their names.
    pub owed: Vec<&'a Owed>,
}

/// What falls due together, the oldest first: the newest groups that hold no more than about `most`, at least one, and
/// how much of each earlier period is left out.
pub fn newest(owed: &[Owed], most: usize) -> (Vec<DueTogether<'_>>, BTreeMap<Period, usize>) {
    let mut groups: BTreeMap<(Timestamp, Period), Vec<&Owed>> = BTreeMap::new();
    for one in owed {
        groups.entry((one.due_at, one.key.period)).or_default().push(one);
    }
    let (mut shown, mut left_out): (Vec<DueTogether<'_>>, BTreeMap<Period, usize>) = Default::default();
    let mut rows = 0;
    for ((due_at, period), mut owed) in groups.into_iter().rev() {
        rows += owed.len();
        if rows > most && !shown.is_empty() {
            *left_out.entry(period).or_default() += owed.len();
            continue;
        }
        owed.sort_by(|a, b| (&a.title, &a.agency).cmp(&(&b.title, &b.agency)));
        shown.push(DueTogether { due_at, period, owed });
    }
    shown.reverse();
    (shown, left_out)
}

/// What is owed, and what could not be told.
#[derive(Debug, Default)]
pub struct Outlook {
    /// What is not settled, by the instant it is due.
    pub owed: Vec<Owed>,
    /// What was asked for and is still open, but is no longer asked for, in words.
    pub dropped: Vec<String>,
    /// What could not be worked out, and why.
    pub untold: Vec<String>,
}

/// Every duty that exists at an instant and is not settled by now. A due day that the holiday list does not reach hides
/// no other.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn owed_at(board: &Board, ledger: Option<&Ledger>, at: Timestamp) -> anyhow::Result<Outlook> {
    let known = match ledger {
        Some(ledger) => {
            contacts::load(board, ledger).await?;
            ledger.read(known).await?
        }
        None => BTreeMap::new(),
    };
    let mut outlook = Outlook::default();
    for duty in chase::duties(board) {
        let name = format!("{} of {}", board.return_title(&duty.return_id), board.agency_name(&duty.agency));
        let (found, errors): (Vec<_>, Vec<_>) =
            board.timetable.openings(&duty, at).into_iter().partition(Result::is_ok);
        outlook
            .untold
            .extend(errors.into_iter().filter_map(Result::err).take(1).map(|error| format!("{name}: {error}")));
        for opening in found.into_iter().flatten() {
            let (obligation, events) = match known.get(&opening.key) {
                Some(Known::Settled) => continue,
                Some(Known::Open(obligation, events)) => (obligation.as_ref().clone(), events.as_slice()),
                None => {
                    let unopened = Obligation::opened(&opening.key, opening.opens_at, opening.due_at, &opening.rule);
                    (unopened, [].as_slice())
                }
            };
            let next = next(board, &obligation, events, at).unwrap_or_else(|error| {
                outlook.untold.push(format!("{name}: {error}"));
                None
            });
            outlook.owed.push(standing(board, &obligation, next, at));
        }
    }
    for (key, known) in &known {
        if matches!(known, Known::Open(obligation, _) if obligation.duty) && !board.is_owed(key) {
            let (title, agency) = (board.return_title(&key.return_id), board.agency_name(&key.agency));
            outlook.dropped.push(format!("{title} of {agency}, {}", key.period.human()));
        }
    }
    outlook.owed.sort_by(|a, b| (a.due_at, &a.key).cmp(&(b.due_at, &b.key)));
    Ok(outlook)
}

/// What the ledger knows of an obligation.
enum Known {
    /// Nothing more is owed.
    Settled,
    /// What has happened to it.
    Open(Box<Obligation>, Vec<RecordedEvent>),
}

/// Every obligation in one look; only those that are not settled are read whole.
fn known(txn: &Txn<'_>) -> crate::ledger::Result<BTreeMap<ObligationKey, Known>> {
    let mut all = BTreeMap::new();
    for (key, state) in txn.obligation_states()? {
        let open = if state.is_settled() { None } else { txn.obligation(&key)? };
        let known = match open {
            Some(obligation) => Known::Open(Box::new(obligation), txn.events_of(&key.to_string())?),
            None => Known::Settled,
        };
        all.insert(key, known);
    }
    Ok(all)
}

fn standing(board: &Board, obligation: &Obligation, next: Option<Next>, at: Timestamp) -> Owed {
    Owed {
        key: obligation.key.clone(),
        title: board.return_title(&obligation.key.return_id),
        agency: board.agency_name(&obligation.key.agency),
        due_at: obligation.due_at,
        standing: facts::standing(obligation, at),
        days_late: facts::days_late(obligation, at),
        reason: obligation.reason.clone(),
        escalation_held: obligation.escalation_held.clone(),
        next,
    }
}

/// What the ladder asks for at `at` or, if nothing, at the next instant it wants to look.
fn next(
    board: &Board,
    obligation: &Obligation,
    events: &[RecordedEvent],
    at: Timestamp,
) -> Result<Option<Next>, CalendarError> {
    let (ladder, calendar) = (board.ladder(&obligation.key), &board.timetable.calendar());
    let lead_told = evidence::accepted_at(&evidence::of(events, ladder));
    let ask = |at| owed(obligation, ladder, calendar, at, lead_told);
    let mut step = ask(at)?;
    let mut when = None;
    if step.tell.is_none()
        && let Some(later) = step.look_again
    {
        when = Some(later);
        step = ask(later)?;
    }
    let Some(rung) = step.tell else { return Ok(None) };
    let people = rung.to.iter().filter_map(|role| {
        let person = board.person(&obligation.key.agency, role, civil_day(at))?;
        Some(format!("{} <{}>", person.name, person.email))
    });
    let to: Vec<String> = people.collect();
    let why = match rung.kind {
        RungKind::Preview => match escalates_at(obligation, ladder, calendar, at, lead_told)? {
            Some(goes) => format!("the manager sees what would go above the lead on {}", civil_day(goes)),
            None => "the manager sees what would go above the lead".to_owned(),
        },
        RungKind::Escalation => {
            let told = lead_told.map_or_else(String::new, |told| {
                format!(", the lead was told on {}", civil_day(told).strftime("%-d %B"))
            });
            format!("not received{told}")
        }
        _ => format!("due {}", civil_day(obligation.due_at).strftime("%-d %B %Y")),
    };
    Ok(Some(Next { at: when, kind: rung.kind, to, why }))
}

//! The definitions are edited: what moves is told first, and what people were told otherwise waits for a person.
//!
//! What is in force stands in the ledger. Definitions that move nothing that is open take effect when the daemon starts.
//! Any others have the chase and packs hold until somebody has confirmed them; files are taken meanwhile.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{App, Board, chase, evidence, first_cycle, letters, publish::occurrence};
use crate::{
    domain::civil_day,
    fault,
    ledger::{Event, Ledger, Obligation, OutboxRow, RecordedEvent, State, Txn},
    mail::Arranged,
    timetable::{Duty, Moves, Outline, moves},
};

/// The outline that is in force.
const IN_FORCE: &str = "timetable in force";
/// What waits for a person; empty when nothing does.
const PENDING: &str = "timetable pending";
/// Definitions that were confirmed before a daemon read them.
const CONFIRMED: &str = "timetable confirmed";
/// What is said beside what waits.
const HOLDS: &str = "nobody has confirmed that; the chase and packs hold, files are taken: `quarterday plan` shows what \
                     moves, `quarterday plan --yes` makes it take effect";

/// What the definitions come to beside what is in force.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What will be in force.
    pub outline: Outline,
    /// Whether anything is in force yet.
    pub is_first: bool,
    /// Whether other definitions are in force, even if they come to the same dates.
    pub is_new: bool,
    /// What moves.
    pub moves: Moves,
}

/// Who confirmed what.
#[derive(Debug, Serialize, Deserialize)]
struct Confirmed {
    definitions: String,
    actor: String,
}

/// What waits for a person.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    definitions: String,
    says: String,
}

impl Pending {
    /// The occurrence under which the manager is told.
    fn key(&self) -> String {
        format!("plan/{}", self.definitions)
    }
}

/// What the ledger has beside the definitions.
struct Known {
    before: Option<Outline>,
    open: Vec<(Obligation, Vec<RecordedEvent>)>,
    done: BTreeSet<String>,
}

/// Compares a board's definitions with what is in force.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn look(board: &Board, ledger: &Ledger, now: Timestamp) -> anyhow::Result<Plan> {
    let timetable = &board.timetable;
    let duties: Vec<Duty> = chase::duties(board).collect();
    let packs: Vec<String> = timetable.meetings().iter().map(occurrence).collect();
    let (states, known) = ledger
        .read(move |txn| {
            let states = txn.obligation_states()?;
            let mut open = Vec::new();
            for (key, state) in &states {
                let obligation = if state.is_settled() { None } else { txn.obligation(key)? };
                if let Some(obligation) = obligation.filter(|obligation| obligation.duty) {
                    open.push((obligation, txn.events_of(&key.to_string())?));
                }
            }
            let mut done = BTreeSet::new();
            for key in packs {
                if txn.occurrence(&key)?.is_some() {
                    done.insert(key);
                }
            }
            Ok((states, Known { before: in_force(txn)?, open, done }))
        })
        .await?;
    let outline = Outline::of(&duties, timetable, &states, now);
    let Some(before) = &known.before else {
        return Ok(Plan { outline, is_first: true, is_new: true, moves: Moves::default() });
    };
    let told = |(obligation, events): (Obligation, Vec<_>)| {
        let told_at = evidence::accepted_at(&evidence::of(&events, board.ladder(&obligation.key)));
        (obligation, told_at)
    };
    let open: Vec<_> = known.open.into_iter().map(told).collect();
    let mut moves = moves(before, &outline, timetable, &open, now);
    for pack in &mut moves.packs {
        let is_it = |meeting: &&crate::timetable::Meeting| meeting.pack == pack.pack && meeting.period == pack.period;
        if let (Some(after), Some(meeting)) = (&pack.after, timetable.meetings().iter().find(is_it)) {
            let (circulated, today) = (civil_day(after.circulated_at), civil_day(now));
            let late = timetable.calendar().working_days_between(circulated, today);
            let is_late = late.is_ok_and(|late| late > timetable.packs_within) || today > after.on;
            let is_past = is_late && circulated >= timetable.starts_on;
            pack.is_held = is_past && !known.done.contains(&occurrence(meeting));
        }
    }
    let is_new = before.definitions != outline.definitions;
    Ok(Plan { outline, is_first: false, is_new, moves })
}

/// What is in force. What an older program wrote in another shape counts as nothing.
fn in_force(txn: &Txn<'_>) -> crate::ledger::Result<Option<Outline>> {
    Ok(txn.fact(IN_FORCE)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Why the chase and packs hold until a person has looked, if they do.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn pending(ledger: &Ledger) -> anyhow::Result<Option<String>> {
    let pending = ledger.read(waiting).await?;
    Ok(pending.map(|pending| format!("the edited definitions are not in force ({}), and {HOLDS}", pending.says)))
}

fn waiting(txn: &Txn<'_>) -> crate::ledger::Result<Option<Pending>> {
    Ok(txn.fact(PENDING)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// The same at a ring: the manager is told once of each set of definitions that waits.
///
/// # Errors
/// When the ledger cannot be read or written.
pub async fn hold(app: &App) -> anyhow::Result<Option<String>> {
    let (now, why) = (app.clock.now(), pending(&app.ledger).await?);
    let untold = app.ledger.read(|txn| {
        let Some(pending) = waiting(txn)? else { return Ok(None) };
        Ok(txn.occurrence(&pending.key())?.is_none().then_some(pending))
    });
    if let Some(pending) = untold.await? {
        let what = format!("The timetable was edited ({}) and is not in force", pending.says);
        let because = "nobody has confirmed it, so no reminder and no pack goes out; files are taken";
        let next_step = "`quarterday plan` shows what moves, `quarterday plan --yes` makes it take effect; or put the \
                         old definitions back and start the daemon anew";
        let alarms = letters::alarm(app, &what, because, next_step, now)?;
        let told = app.ledger.write(move |txn| {
            if txn.settle_occurrence(now, &pending.key(), "the manager was told")? {
                for alarm in &alarms {
                    txn.enqueue(alarm)?;
                }
            }
            Ok(())
        });
        told.await?;
    }
    Ok(why)
}

/// At a start: has the definitions take effect, or has them wait for a person, who is told.
///
/// # Errors
/// When the ledger cannot be read or written.
pub async fn start(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let plan = look(&app.board, &app.ledger, now).await?;
    let confirmed = app.ledger.read(|txn| txn.fact(CONFIRMED)).await?;
    let confirmed: Option<Confirmed> = confirmed.and_then(|text| serde_json::from_str(&text).ok());
    let confirmed = confirmed.filter(|confirmed| confirmed.definitions == plan.outline.definitions);
    match confirmed {
        Some(confirmed) => take_effect(app, plan, confirmed.actor, now).await,
        None if plan.moves.need_a_person() => {
            let pending = Pending { definitions: plan.outline.definitions, says: plan.moves.sentence() };
            tracing::warn!(says = pending.says, "the edited definitions wait for a person: `quarterday plan`");
            let pending = serde_json::to_string(&pending)?;
            app.ledger.write(move |txn| txn.set_fact(PENDING, &pending)).await?;
            Ok(())
        }
        None => take_effect(app, plan, "daemon".to_owned(), now).await,
    }
}

/// Confirms the definitions of a digest, as a person saw them; answers in words.
///
/// # Errors
/// When the ledger cannot be read or written; nothing has taken effect then.
pub async fn confirm(app: &App, definitions: &str, actor: &str) -> anyhow::Result<String> {
    let now = app.clock.now();
    let plan = look(&app.board, &app.ledger, now).await?;
    if plan.outline.definitions != definitions {
        let confirmed = Confirmed { definitions: definitions.to_owned(), actor: actor.to_owned() };
        let confirmed = serde_json::to_string(&confirmed)?;
        app.ledger.write(move |txn| txn.set_fact(CONFIRMED, &confirmed)).await?;
        return Ok(
            "it is confirmed, and takes effect when the daemon is started anew: it has read other definitions".into()
        );
    }
    let says = plan.moves.sentence();
    take_effect(app, plan, actor.to_owned(), now).await?;
    Ok(format!("it is in force: {says}"))
}

/// Tells whoever was told of a due day that it has moved; not those who have delivered.
async fn tell_of_moves(app: &App, moves: &Moves, now: Timestamp) -> anyhow::Result<Vec<OutboxRow>> {
    let mut letters = Vec::new();
    if first_cycle::is_rehearsing(&app.board, &app.ledger).await? {
        return Ok(letters);
    }
    for due in moves.dues.iter().filter(|due| due.is_open) {
        let key = due.key.clone();
        let Some(mut obligation) = app.ledger.read(move |txn| txn.obligation(&key)).await? else { continue };
        if matches!(obligation.state, State::Open | State::ToCorrect) && !obligation.told.is_empty() {
            obligation.move_due(due.after, now);
            let reason = "the timetable was changed";
            letters.extend(letters::arranged(app, &obligation, due.before, Arranged::Moved, reason, now)?);
        }
    }
    Ok(letters)
}

/// Has the definitions take effect: all of it, or nothing.
async fn take_effect(app: &App, plan: Plan, actor: String, now: Timestamp) -> anyhow::Result<()> {
    let Plan { outline, is_first, is_new, moves } = plan;
    let (says, definitions) = (moves.sentence(), outline.definitions.clone());
    let outline = serde_json::to_string(&outline)?;
    let why = format!("the timetable was edited, and {actor} confirmed it");
    let letters = tell_of_moves(app, &moves, now).await?;
    app.ledger
        .write(move |txn| {
            letters.iter().try_for_each(|letter| txn.enqueue(letter).map(drop))?;
            for due in moves.dues.into_iter().filter(|due| due.is_open) {
                let event = Event::DueMoved { due_at: due.after, rule: due.rule, why: why.clone() };
                txn.append(now, &due.key.to_string(), &actor, &event)?;
            }
            if is_new {
                let says = if is_first { "the first timetable".to_owned() } else { says };
                txn.append(now, "timetable", &actor, &Event::TimetableTookEffect { definitions, says })?;
            }
            fault::point("plan-before-in-force");
            txn.set_fact(IN_FORCE, &outline)?;
            txn.set_fact(PENDING, "")?;
            txn.set_fact(CONFIRMED, "")
        })
        .await?;
    Ok(())
}

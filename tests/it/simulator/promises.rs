//! What is promised of every story. Each promise is a function that can fail; `simulator.rs` shows that each does.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use quarterday::ledger::State;

use super::{
    days::{day, hour},
    engine::RETURNS,
    history::{Fate, History, Outage, Try, base, height},
};

pub type Promise = fn(&History) -> Result<(), String>;

/// Every promise under its name.
pub const PROMISES: &[(&str, Promise)] = &[
    ("each obligation is opened once, due on its day", opened_once),
    ("each rung that is due has exactly one outcome", one_outcome_a_rung),
    ("each message has exactly one outcome", one_outcome_a_message),
    ("one message per obligation, rung and person", one_message),
    ("a further copy leaves only after a lost receipt, under the same Message-ID", same_message_id),
    ("nobody who has delivered is chased", nobody_who_delivered),
    ("rungs are told in their order, at most one a day", in_order),
    ("nothing goes above a lead who was not demonstrably told", evidence_first),
    ("the manager sees an escalation a working day before", preview_first),
    ("who stays silent is escalated", silence_is_escalated),
    ("at most one reminder per obligation, person and day", one_reminder_a_day),
    ("after an outage the chase resumes at overdue and no higher", resumes_at_overdue),
    ("there is no stampede after an outage", no_stampede),
    ("the chase speaks on working days and by day", by_day),
    ("nobody is asked for what is no longer fetched", nobody_is_asked_while_lapsed),
    ("nothing leaves while the daemon holds its hand", nothing_while_held),
    ("nothing failed, and the ledger agrees with itself", nothing_failed),
];

/// The highest of the lead's rungs, and the first above them; there previews and escalations take turns.
const OVERDUE: usize = 3;
const ESCALATION: usize = 5;

/// How high the rung of a message is, where it goes above the lead.
fn escalation(one: &Try) -> Option<(&str, usize)> {
    let (obligation, rung) = one.about.as_ref()?;
    let high = height(rung).filter(|high| *high >= ESCALATION && (high - ESCALATION).is_multiple_of(2))?;
    Some((obligation, high))
}

fn opened_once(history: &History) -> Result<(), String> {
    let mut opened: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for (obligation, due_at) in &history.ledger.opened {
        opened.entry(obligation).or_default().push(*due_at);
    }
    for expected in &history.expected {
        match opened.remove(expected.obligation.as_str()).as_deref() {
            Some([due_at]) if *due_at == expected.due_at => {}
            found => return Err(format!("{} is due {}, and found {found:?}", expected.obligation, expected.due_at)),
        }
    }
    opened.retain(|obligation, _| RETURNS.iter().any(|(id, ..)| obligation.starts_with(&format!("{id}/"))));
    match opened.first_key_value() {
        Some((extra, _)) => Err(format!("{extra} was opened and nobody owes it")),
        None => Ok(()),
    }
}

fn one_outcome_a_rung(history: &History) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (at, obligation, rung) in history.ledger.told.iter().chain(&history.ledger.skipped) {
        if !seen.insert((obligation, rung)) {
            return Err(format!("{rung} of {obligation} has a second outcome at {at}"));
        }
    }
    history.left.first().map_or(Ok(()), |left| Err(left.clone()))
}

fn one_outcome_a_message(history: &History) -> Result<(), String> {
    if let Some(waiting) = history.ledger.waiting.first() {
        return Err(format!("{waiting} waits though the relay takes everything"));
    }
    let mut seen = BTreeSet::new();
    for (at, key, outcome) in &history.ledger.settled {
        if !seen.insert(key) {
            return Err(format!("{key} ended a second time at {at}, {outcome}"));
        }
    }
    match history.ledger.keys.iter().find(|key| !seen.contains(key)) {
        Some(key) => Err(format!("{key} has no outcome")),
        None => Ok(()),
    }
}

fn one_message(history: &History) -> Result<(), String> {
    let mut keys: BTreeMap<_, &str> = BTreeMap::new();
    let mut arrived: BTreeMap<&str, &Try> = BTreeMap::new();
    for one in &history.tries {
        if let Some((obligation, rung)) = &one.about {
            let key = *keys.entry((obligation, rung, &one.recipient)).or_insert(&one.key);
            if key != one.key {
                return Err(format!("{} and {key} say the same to the same person", one.key));
            }
        }
        if let Some(earlier) = arrived.get(one.key.as_str()).filter(|earlier| earlier.fate == Fate::Taken) {
            return Err(format!("{} left at {} and again at {}", one.key, earlier.at, one.at));
        }
        if one.fate.has_arrived() {
            arrived.insert(&one.key, one);
        }
    }
    Ok(())
}

fn same_message_id(history: &History) -> Result<(), String> {
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    for one in history.tries.iter().filter(|one| one.fate.has_arrived()) {
        let id = *ids.entry(&one.key).or_insert(&one.id);
        if id != one.id {
            return Err(format!("{} left as {id} and as {}", one.key, one.id));
        }
    }
    Ok(())
}

fn nobody_who_delivered(history: &History) -> Result<(), String> {
    match history.tries.iter().find(|one| one.about.is_some() && one.delivered) {
        Some(one) => Err(format!("{} left at {} though a file was there", one.key, one.at)),
        None => Ok(()),
    }
}

fn in_order(history: &History) -> Result<(), String> {
    let mut last: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
    for (at, obligation, rung) in &history.ledger.told {
        let Some(high) = height(rung) else { continue };
        if let Some((before, told_at)) = last.insert(obligation, (high, *at)) {
            if before >= high {
                return Err(format!("{rung} of {obligation} was told at {at}, after a higher one at {told_at}"));
            }
            if day(told_at) == day(*at) {
                return Err(format!("two rungs of {obligation} were told on {}", day(*at)));
            }
        }
    }
    Ok(())
}

/// When a rung of an obligation was told.
fn told_at(history: &History, obligation: &str, rung: usize) -> Option<Timestamp> {
    let told = &history.ledger.told;
    told.iter().find(|(_, o, r)| o == obligation && height(r) == Some(rung)).map(|(at, ..)| *at)
}

/// When the relay took messages to the lead of an obligation that had not come back by `known`.
fn evidence<'a>(history: &'a History, obligation: &'a str, known: Timestamp) -> impl Iterator<Item = Timestamp> + 'a {
    let bounced = move |key: &str| history.ledger.bounced.iter().any(|(at, back)| back == key && *at <= known);
    let tries = history.tries.iter().filter(|one| one.fate.has_arrived());
    tries.filter_map(move |one| {
        let (about, rung) = one.about.as_ref()?;
        let to_lead = base(about) == base(obligation) && height(rung)? <= OVERDUE;
        (to_lead && !bounced(&one.key)).then_some(one.at)
    })
}

fn evidence_first(history: &History) -> Result<(), String> {
    for one in &history.tries {
        let Some((obligation, high)) = escalation(one) else { continue };
        let decided = told_at(history, obligation, high).unwrap_or(one.at);
        let enough = |at: Timestamp| history.days.between(day(at), day(one.at)) >= 3;
        if !evidence(history, obligation, decided).any(enough) {
            return Err(format!("{} left at {} without evidence", one.key, one.at));
        }
    }
    Ok(())
}

fn preview_first(history: &History) -> Result<(), String> {
    for one in &history.tries {
        let Some((obligation, high)) = escalation(one) else { continue };
        let seen = told_at(history, obligation, high - 1);
        if seen.is_none_or(|at| history.days.between(day(at), day(one.at)) < 1) {
            return Err(format!("{} left at {} and was previewed {seen:?}", one.key, one.at));
        }
    }
    Ok(())
}

/// By the end of a story every silent agency had time for the whole ladder.
fn silence_is_escalated(history: &History) -> Result<(), String> {
    let end = history.expected.iter().map(|expected| expected.end).max().unwrap_or_default();
    for expected in history.expected.iter().filter(|expected| expected.end < end) {
        let name = &expected.obligation;
        let Some((State::Open, false)) = history.ledger.states.get(name) else { continue };
        let bounced = |key: &str| history.ledger.bounced.iter().any(|(_, back)| back == key);
        let told = history.ledger.settled.iter().any(|(_, key, outcome)| {
            let lead =
                |(about, rung): (String, String)| base(&about) == name && height(&rung).is_some_and(|h| h <= OVERDUE);
            outcome == "sent" && !bounced(key) && Try::about(key).is_some_and(lead)
        });
        let is_it =
            |(_, about, rung): &&(Timestamp, String, String)| base(about) == name && height(rung) == Some(ESCALATION);
        // What was passed over while it was not fetched leads no further.
        let lapsed = history.ledger.skipped.iter().any(|(at, about, rung)| {
            let is_late = base(about) == name && height(rung).is_some_and(|high| high >= OVERDUE);
            is_late && history.lapses.iter().any(|lapse| lapse.covers(name, *at))
        });
        if told && !lapsed && !history.ledger.told.iter().any(|told| is_it(&told)) {
            return Err(format!("{name} stayed out, its lead was told, and nobody above was"));
        }
    }
    Ok(())
}

fn one_reminder_a_day(history: &History) -> Result<(), String> {
    let mut seen: BTreeMap<_, &str> = BTreeMap::new();
    for one in history.tries.iter().filter(|one| one.fate.has_arrived()) {
        let Some((obligation, rung)) = &one.about else { continue };
        if height(rung) == Some(0) {
            continue;
        }
        let before = *seen.entry((obligation, &one.recipient, day(one.at))).or_insert(&one.key);
        if before != one.key {
            return Err(format!("{before} and {} reached one person on {}", one.key, day(one.at)));
        }
    }
    Ok(())
}

/// Outages of a day and more, each with what was told in the hour after.
fn told_after_outages(history: &History) -> impl Iterator<Item = (Timestamp, &(Timestamp, String, String))> {
    let long = history.outages.iter().filter(|out| out.to.duration_since(out.from) >= SignedDuration::from_hours(24));
    long.flat_map(|out| {
        let hour = out.to..=out.to + SignedDuration::from_hours(1);
        history.ledger.told.iter().filter(move |(at, ..)| hour.contains(at)).map(|told| (out.from, told))
    })
}

fn resumes_at_overdue(history: &History) -> Result<(), String> {
    for (from, (at, obligation, rung)) in told_after_outages(history) {
        let Some(high) = height(rung).filter(|high| *high > OVERDUE) else { continue };
        let below = told_at(history, obligation, high - 1);
        if below.is_none_or(|told| told >= from) {
            return Err(format!("{rung} of {obligation} was told at {at}, at once after an outage"));
        }
    }
    Ok(())
}

fn no_stampede(history: &History) -> Result<(), String> {
    let long = |out: &&Outage| out.to.duration_since(out.from) >= SignedDuration::from_hours(1);
    for out in history.outages.iter().filter(long) {
        let hour = out.to..=out.to + SignedDuration::from_hours(1);
        let mut keys: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for one in history.tries.iter().filter(|one| hour.contains(&one.at) && one.fate.has_arrived()) {
            // A notice that waited is no reminder: it says what is asked for and why.
            if let Some((obligation, _)) = one.about.as_ref().filter(|(_, rung)| height(rung) != Some(0)) {
                keys.entry((obligation, &one.recipient)).or_default().insert(&one.key);
            }
        }
        if let Some((_, many)) = keys.iter().find(|(_, keys)| keys.len() > 1) {
            return Err(format!("in the hour after the outage that ended at {}: {many:?}", out.to));
        }
    }
    Ok(())
}

fn by_day(history: &History) -> Result<(), String> {
    let wrong = |at: Timestamp| !history.days.is_working(day(at)) || !(8..=19).contains(&hour(at));
    let when = |at: Timestamp| format!("at {at}, a {:?} at {} h", day(at).weekday(), hour(at));
    if let Some((at, obligation, rung)) = history.ledger.told.iter().find(|(at, ..)| wrong(*at)) {
        return Err(format!("{rung} of {obligation} was told {}", when(*at)));
    }
    // The manager reads a preview when it pleases.
    let speaks =
        |one: &&Try| one.about.as_ref().is_some_and(|(_, rung)| !rung.starts_with("preview")) && one.fate.has_arrived();
    match history.tries.iter().filter(speaks).find(|one| wrong(one.at)) {
        Some(one) => Err(format!("{} left {}", one.key, when(one.at))),
        None => Ok(()),
    }
}

fn nobody_is_asked_while_lapsed(history: &History) -> Result<(), String> {
    for (at, obligation, rung) in history.ledger.told.iter().filter(|(.., rung)| height(rung).is_some()) {
        if history.lapses.iter().any(|lapse| lapse.covers(base(obligation), *at)) {
            return Err(format!("{rung} of {obligation} was told at {at}, while its agreement had lapsed"));
        }
    }
    Ok(())
}

fn nothing_while_held(history: &History) -> Result<(), String> {
    match history.tries.iter().find(|one| one.held) {
        Some(one) => Err(format!("{} was sent at {} though nothing was to leave", one.key, one.at)),
        None => Ok(()),
    }
}

fn nothing_failed(history: &History) -> Result<(), String> {
    match history.ledger.failed.iter().chain(&history.ledger.wrong).next() {
        Some(failed) => Err(failed.clone()),
        None => Ok(()),
    }
}

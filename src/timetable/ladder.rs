//! Which rung of the ladder an obligation has reached.
//!
//! Knows nothing of addresses or messages: an obligation, what its people were demonstrably told, and the present
//! instant in; at most one rung out. A rung is told at most once; of several that are overdue only the latest is
//! told, and after an outage nothing above "overdue" is caught up at once.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, civil};

use super::{Role, instant_on};
use crate::{
    domain::{Calendar, CalendarError, civil_day, to_london},
    ledger::{Obligation, State, WHILE_HELD},
};

/// What a rung says, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RungKind {
    /// The return is open.
    Notice,
    /// It will soon be due.
    Nudge,
    /// It is due today.
    DueToday,
    /// It is late.
    Overdue,
    /// The manager sees what will go above the lead.
    Preview,
    /// Somebody above the lead is told.
    Escalation,
}

impl RungKind {
    pub(super) fn is_above_the_lead(self) -> bool {
        matches!(self, Self::Preview | Self::Escalation)
    }
}

impl FromStr for RungKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "notice" => Self::Notice,
            "nudge" => Self::Nudge,
            "due-today" => Self::DueToday,
            "overdue" => Self::Overdue,
            "preview" => Self::Preview,
            "escalation" => Self::Escalation,
            _ => return Err("one of notice, nudge, due-today, overdue, preview, escalation"),
        })
    }
}

/// One step of the chase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Its name, unique in the ladder.
    pub name: String,
    /// What it says.
    pub kind: RungKind,
    /// Working days from the due day; the notice instead goes on the first working day after the period.
    pub working_days: i32,
    /// Who is told.
    pub to: Vec<Role>,
}

impl Rung {
    /// Whether the lead or the deputy is told.
    pub fn is_for_the_lead(&self) -> bool {
        self.to.iter().any(|role| matches!(role, Role::Lead | Role::Deputy))
    }
}

/// The whole chase, lowest rung first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// The rungs.
    pub rungs: Vec<Rung>,
    /// At which time of day messages leave.
    pub at: civil::Time,
    /// Working days a corrected file may take without escalation.
    pub correction: i32,
    /// Working days between a message the lead demonstrably got and anything above the lead.
    pub evidence: i32,
}

impl Default for Ladder {
    fn default() -> Self {
        let lead = || vec![Role::Lead, Role::Deputy];
        let rung = |name: &str, kind, working_days, to| Rung { name: name.into(), kind, working_days, to };
        Self {
            rungs: vec![
                rung("notice", RungKind::Notice, 0, lead()),
                rung("nudge", RungKind::Nudge, -5, lead()),
                rung("due-today", RungKind::DueToday, 0, lead()),
                rung("overdue", RungKind::Overdue, 2, lead()),
                rung("preview", RungKind::Preview, 4, vec![Role::Manager]),
                rung("escalation", RungKind::Escalation, 5, vec![Role::BoardMember]),
                rung("preview-sub-group", RungKind::Preview, 9, vec![Role::Manager]),
                rung("escalation-sub-group", RungKind::Escalation, 10, vec![Role::Named("sub-group-chair".into())]),
                rung("preview-chair", RungKind::Preview, 14, vec![Role::Manager]),
                rung("escalation-chair", RungKind::Escalation, 15, vec![Role::Chair]),
            ],
            at: civil::time(10, 0, 0, 0),
            correction: 3,
            evidence: 3,
        }
    }
}

/// The name of the ladder on which words are asked for: commentary, and whatever return names it.
pub const FOR_WORDS: &str = "words";

impl Ladder {
    /// How words are asked for: before their day, on it and after it; then the manager hears of the gap, and nobody above.
    pub fn for_words() -> Self {
        let rung = |name: &str, kind, working_days, to| Rung { name: name.into(), kind, working_days, to };
        let lead = || vec![Role::Lead, Role::Deputy];
        Self {
            rungs: vec![
                rung("notice", RungKind::Notice, 0, lead()),
                rung("nudge", RungKind::Nudge, -2, lead()),
                rung("due-today", RungKind::DueToday, 0, lead()),
                rung("overdue", RungKind::Overdue, 1, lead()),
                rung("gap", RungKind::Overdue, 2, vec![Role::Manager]),
            ],
            ..Self::default()
        }
    }
}

/// What the ladder asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// The rung to tell now.
    pub tell: Option<Rung>,
    /// Rungs that are passed over, each with its reason.
    pub skip: Vec<(String, &'static str)>,
    /// When to look again; `None` when nothing more will be asked.
    pub look_again: Option<Timestamp>,
}

/// What the ladder asks for of one obligation at `now`.
///
/// `lead_told` is the first instant at which a relay accepted a message about it to lead or deputy.
pub fn owed(
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    now: Timestamp,
    lead_told: Option<Timestamp>,
) -> Result<Step, CalendarError> {
    let mut step = Step::default();
    if !obligation.duty || !matches!(obligation.state, State::Open | State::ToCorrect) {
        return Ok(step);
    }
    let due_day = chase_from(obligation, ladder, calendar)?;
    let mut reached: Vec<(&Rung, Timestamp)> = Vec::new();
    for rung in ladder.rungs.iter().filter(|rung| !obligation.is_past(&rung.name)) {
        if rung.kind.is_above_the_lead() && obligation.escalation_held.is_some() {
            step.skip.push((rung.name.clone(), WHILE_HELD));
            continue;
        }
        if rung.kind == RungKind::DueToday && obligation.is_deferred(&rung.name) {
            step.skip.push((rung.name.clone(), "the agency wrote, and its day would be over"));
            continue;
        }
        if rung.kind == RungKind::Notice && !obligation.told.is_empty() {
            step.skip.push((rung.name.clone(), "the agency was told of it before"));
            continue;
        }
        let at = match instant(rung, obligation, ladder, calendar, due_day, lead_told)? {
            Some(at) => at,
            // What it waits for has not happened; whatever makes it happen wakes the obligation.
            None => continue,
        };
        if at <= now {
            reached.push((rung, at));
        } else {
            step.look_again = Some(step.look_again.map_or(at, |sooner| sooner.min(at)));
        }
    }
    // A late start (an outage, a new agency) resumes at "overdue": of the lead's rungs only the latest is told.
    let Some(latest) =
        reached.iter().rposition(|(rung, _)| !rung.kind.is_above_the_lead()).or(reached.len().checked_sub(1))
    else {
        return Ok(step);
    };
    let morning = speaks_from(now, ladder, calendar)?;
    if now < morning {
        // An outage ended at night or on a closed day.
        step.look_again = Some(step.look_again.map_or(morning, |sooner| sooner.min(morning)));
        return Ok(step);
    }
    let (tell, _) = reached[latest];
    step.skip.extend(reached[..latest].iter().map(|(rung, _)| (rung.name.clone(), "a later rung was already reached")));
    step.tell = Some(tell.clone());
    if reached.len() > latest + 1 {
        step.look_again = Some(now);
    }
    Ok(step)
}

/// From then on the chase is silent for the day, unless the ladder begins later.
const EVENING: civil::Time = civil::time(20, 0, 0, 0);

/// The last instant of a day at which the chase speaks.
pub(super) fn last_word(day: civil::Date, ladder: &Ladder) -> Timestamp {
    let evening = if ladder.at < EVENING { EVENING } else { civil::time(23, 59, 59, 0) };
    instant_on(day, evening).saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}

/// The first instant from `now` on at which the chase speaks: on a working day, between the ladder's time and the evening.
pub(super) fn speaks_from(now: Timestamp, ladder: &Ladder, calendar: &Calendar) -> Result<Timestamp, CalendarError> {
    let local = to_london(now);
    let (day, time) = (local.date(), local.time());
    let works = calendar.is_working_day(day)?;
    let evening = if ladder.at < EVENING { EVENING } else { civil::Time::MAX };
    Ok(match works {
        true if time < ladder.at => instant_on(day, ladder.at),
        true if time < evening => now,
        _ => instant_on(calendar.add_working_days(day, 1)?, ladder.at),
    })
}

/// The rung that comes next if nothing arrives: the one that waits a working day longer, or is skipped where it speaks of
/// its day, when the agency writes. None if there is none, or it waits already.
pub fn next_rung<'a>(
    obligation: &Obligation,
    ladder: &'a Ladder,
    calendar: &Calendar,
    lead_told: Option<Timestamp>,
) -> Result<Option<&'a Rung>, CalendarError> {
    if !obligation.duty || !matches!(obligation.state, State::Open | State::ToCorrect) {
        return Ok(None);
    }
    let due_day = chase_from(obligation, ladder, calendar)?;
    let mut next: Option<(&Rung, Timestamp)> = None;
    for rung in ladder.rungs.iter().filter(|rung| !obligation.is_past(&rung.name)) {
        if rung.kind.is_above_the_lead() && obligation.escalation_held.is_some() {
            continue;
        }
        if let Some(at) = instant(rung, obligation, ladder, calendar, due_day, lead_told)?
            && next.is_none_or(|(_, sooner)| at < sooner)
        {
            next = Some((rung, at));
        }
    }
    Ok(next.map(|(rung, _)| rung).filter(|rung| !obligation.is_deferred(&rung.name)))
}

impl Ladder {
    /// The next rung of a kind below `rung`.
    fn before(&self, rung: &Rung, kind: RungKind) -> Option<&Rung> {
        let below = self.rungs.iter().take_while(|below| below.name != rung.name);
        below.filter(|below| below.kind == kind).last()
    }

    /// When the manager saw what `rung`, an escalation, is to say.
    fn previewed(&self, rung: &Rung, obligation: &Obligation) -> Option<Timestamp> {
        obligation.told_at(&self.before(rung, RungKind::Preview)?.name)
    }

    /// The next escalation that was neither told nor passed over.
    pub fn next_escalation(&self, obligation: &Obligation) -> Option<&Rung> {
        self.rungs.iter().find(|rung| rung.kind == RungKind::Escalation && !obligation.is_past(&rung.name))
    }

    /// What the rung of this name says, if there is one.
    pub fn kind_of(&self, name: &str) -> Option<RungKind> {
        self.rungs.iter().find(|rung| rung.name == name).map(|rung| rung.kind)
    }

    /// The last day for a corrected file when one is not accepted at `refused_at`. A further broken file starts no
    /// further window.
    pub fn corrected_by(
        &self,
        obligation: &Obligation,
        calendar: &Calendar,
        refused_at: Timestamp,
    ) -> Result<civil::Date, CalendarError> {
        let first = obligation.first_refused_at.unwrap_or(refused_at);
        let window = calendar.add_working_days(civil_day(first), self.correction)?;
        Ok(window.max(civil_day(obligation.due_at)))
    }

    /// The last day for the corrected file that is awaited, if one is.
    pub fn correction_awaited(
        &self,
        obligation: &Obligation,
        calendar: &Calendar,
    ) -> Result<Option<civil::Date>, CalendarError> {
        match (obligation.state, obligation.first_refused_at) {
            (State::ToCorrect, Some(first)) => self.corrected_by(obligation, calendar, first).map(Some),
            _ => Ok(None),
        }
    }
}

/// The day the chase counts from: the due day, or the end of the window for a correction if that is later.
fn chase_from(obligation: &Obligation, ladder: &Ladder, calendar: &Calendar) -> Result<civil::Date, CalendarError> {
    Ok(ladder.correction_awaited(obligation, calendar)?.unwrap_or(civil_day(obligation.due_at)))
}

/// When a rung may be told; `None` while what it waits for has not happened.
fn instant(
    rung: &Rung,
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    due_day: civil::Date,
    lead_told: Option<Timestamp>,
) -> Result<Option<Timestamp>, CalendarError> {
    let on_day = |day| instant_on(day, ladder.at);
    let planned = match rung.kind {
        RungKind::Notice => calendar.add_working_days(civil_day(obligation.opened_at), 0)?,
        _ => calendar.add_working_days(due_day, rung.working_days)?,
    };
    let planned = on_day(planned);
    if obligation.state == State::ToCorrect && !rung.kind.is_above_the_lead() && rung.kind != RungKind::Overdue {
        // The answer to the file said what to do and by when.
        return Ok(None);
    }
    let overdue = ladder.rungs.iter().filter(|below| below.kind == RungKind::Overdue);
    let overdue = overdue.filter_map(|below| obligation.told_at(&below.name)).max();
    let at = match rung.kind {
        RungKind::Preview => match (overdue, lead_told) {
            (Some(overdue), Some(lead_told)) => {
                let after_overdue = calendar.add_working_days(civil_day(overdue), 2)?;
                let after_evidence = calendar.add_working_days(civil_day(lead_told), ladder.evidence - 1)?;
                let earliest = planned.max(on_day(after_overdue)).max(on_day(after_evidence));
                // A step that went late moves the steps above it by as much.
                match ladder.before(rung, RungKind::Escalation) {
                    None => Some(earliest),
                    Some(lower) => match obligation.told_at(&lower.name) {
                        None => None,
                        Some(at) => {
                            let apart = (rung.working_days - lower.working_days).max(1);
                            Some(earliest.max(on_day(calendar.add_working_days(civil_day(at), apart)?)))
                        }
                    },
                }
            }
            _ => None,
        },
        RungKind::Escalation => match (ladder.previewed(rung, obligation), lead_told) {
            (Some(previewed), Some(lead_told)) => {
                let after_preview = calendar.add_working_days(civil_day(previewed), 1)?;
                let after_evidence = calendar.add_working_days(civil_day(lead_told), ladder.evidence)?;
                Some(planned.max(on_day(after_preview)).max(on_day(after_evidence)))
            }
            _ => None,
        },
        // That nothing came is told of those alone who were asked, and had a working day.
        RungKind::Overdue if !rung.is_for_the_lead() => {
            let asked = ladder.rungs.iter().filter(|below| below.is_for_the_lead());
            match asked.filter_map(|below| obligation.told_at(&below.name)).max() {
                Some(asked) => Some(planned.max(on_day(calendar.add_working_days(civil_day(asked), 1)?))),
                None => None,
            }
        }
        _ => Some(planned),
    };
    match at {
        Some(at) if obligation.is_deferred(&rung.name) => {
            Ok(Some(on_day(calendar.add_working_days(civil_day(at), 1)?)))
        }
        at => Ok(at),
    }
}

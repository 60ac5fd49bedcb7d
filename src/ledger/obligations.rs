//! What somebody owes, folded from the events that happened to it.
//!
//! Knows nothing of rungs' meanings or calendars: whether an open obligation is overdue is for the timetable to say.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Event, LedgerError, RecordedEvent, Result, Txn};
use crate::domain::{AgencyId, Period, ReturnId, Verdict};

/// Names one obligation: `missing-children/police/2025-26-Q1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObligationKey {
    /// The return owed.
    pub return_id: ReturnId,
    /// Who owes it.
    pub agency: AgencyId,
    /// For which period.
    pub period: Period,
}

impl fmt::Display for ObligationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.return_id, self.agency, self.period)
    }
}

impl FromStr for ObligationKey {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || LedgerError::Refused(format!("{text:?} is not an obligation; write return/agency/period"));
        let mut parts = text.splitn(3, '/');
        let mut part = || parts.next().ok_or_else(unreadable);
        Ok(Self {
            return_id: part()?.parse().map_err(|_| unreadable())?,
            agency: part()?.parse().map_err(|_| unreadable())?,
            period: part()?.parse().map_err(|_| unreadable())?,
        })
    }
}

/// How far an obligation has come. Whether an open one is overdue depends on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing readable has arrived.
    Open,
    /// A file is in the landing archive and is being looked at.
    Received,
    /// A file was not accepted; a corrected one is awaited.
    ToCorrect,
    /// A file awaits a person's decision.
    Held,
    /// A file was accepted.
    Accepted,
    /// There was nothing to report.
    Nil,
}

impl State {
    /// The word as it is stored and queried.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Received => "received",
            Self::ToCorrect => "to_correct",
            Self::Held => "held",
            Self::Accepted => "accepted",
            Self::Nil => "nil",
        }
    }

    /// Whether nothing more is owed.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Accepted | Self::Nil)
    }
}

/// One obligation as its events left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Obligation {
    /// Which one.
    pub key: ObligationKey,
    /// When it came into being.
    pub opened_at: Timestamp,
    /// Whether somebody owes it.
    pub duty: bool,
    /// When it is due.
    pub due_at: Timestamp,
    /// The rule the due instant came from.
    pub rule: String,
    /// How far it has come.
    pub state: State,
    /// When the first readable file arrived.
    pub received_at: Option<Timestamp>,
    /// When it was last decided.
    pub decided_at: Option<Timestamp>,
    /// The submission that stands.
    pub effective: Option<i64>,
    /// Whether it says that there is nothing to report.
    pub nil: bool,
    /// Submissions that are being looked at, oldest first.
    pub undecided: Vec<i64>,
    /// Submissions that a person is to decide, oldest first.
    pub held: Vec<i64>,
    /// When a file was first not accepted since the last that was.
    pub first_refused_at: Option<Timestamp>,
    /// Whether a file had to be corrected.
    pub corrected: bool,
    /// How often an accepted file was replaced by another.
    pub restatements: u32,
    /// Rungs of the ladder told so far, with the instant each was put into the outbox.
    pub told: Vec<(String, Timestamp)>,
    /// Rungs passed over, each with its reason in the events.
    pub skipped: Vec<String>,
    /// Why the manager keeps it from going above the lead, where that is so.
    pub escalation_held: Option<String>,
    /// Rungs that wait a working day longer, because the agency wrote without a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<String>,
    /// Why it is held or was not accepted, or the reason given for a nil return.
    pub reason: Option<String>,
}

impl Obligation {
    /// A duty to which nothing has happened yet.
    pub fn opened(key: &ObligationKey, opened_at: Timestamp, due_at: Timestamp, rule: &str) -> Self {
        Self {
            key: key.clone(),
            opened_at,
            duty: true,
            due_at,
            rule: rule.to_owned(),
            state: State::Open,
            received_at: None,
            decided_at: None,
            effective: None,
            nil: false,
            undecided: Vec::new(),
            held: Vec::new(),
            first_refused_at: None,
            corrected: false,
            restatements: 0,
            told: Vec::new(),
            skipped: Vec::new(),
            escalation_held: None,
            deferred: Vec::new(),
            reason: None,
        }
    }

    /// Folds the events of one obligation, oldest first; `None` if it was never opened.
    pub fn fold(events: &[RecordedEvent]) -> Option<Self> {
        let mut folded: Option<Self> = None;
        let mut arrivals: Vec<(i64, Timestamp)> = Vec::new();
        for RecordedEvent { at, event, .. } in events {
            if let Event::Opened { return_id, agency, period, opens_at, duty, due_at, rule } = event {
                let key = ObligationKey { return_id: return_id.clone(), agency: agency.clone(), period: *period };
                folded.get_or_insert_with(|| Self { duty: *duty, ..Self::opened(&key, *opens_at, *due_at, rule) });
            }
            let Some(this) = folded.as_mut() else { continue };
            match event {
                Event::ExtractReceived { submission, arrived_at, .. } => {
                    arrivals.push((*submission, arrived_at.unwrap_or(*at)));
                    this.undecided.push(*submission);
                }
                Event::Released { submission, .. } => {
                    this.held.retain(|id| id != submission);
                    this.undecided.push(*submission);
                }
                Event::Decided { submission, verdict, readable, reason } => {
                    let arrived = arrivals.iter().find(|(id, _)| id == submission).map(|(_, at)| *at);
                    this.decide(*submission, *verdict, reason.clone(), *at);
                    if *readable && this.received_at.is_none() {
                        this.received_at = arrived;
                    }
                }
                Event::NilReturned { submission, reason, arrived_at } => {
                    this.decided_at = Some(*at);
                    this.received_at.get_or_insert(arrived_at.unwrap_or(*at));
                    if this.stands(*submission, true) {
                        this.reason = Some(reason.clone());
                    }
                }
                Event::Told { rung, .. } => this.told.push((rung.clone(), *at)),
                Event::EscalationHeld { reason } => this.escalation_held = Some(reason.clone()),
                Event::Skipped { rung, .. } => this.skipped.push(rung.clone()),
                Event::Deferred { rung, .. } => this.deferred.push(rung.clone()),
                _ => {}
            }
            this.state = this.state();
        }
        folded
    }

    fn decide(&mut self, submission: i64, verdict: Verdict, reason: Option<String>, at: Timestamp) {
        self.undecided.retain(|id| *id != submission);
        self.held.retain(|id| *id != submission);
        if verdict == Verdict::Duplicate {
            // The same bytes again: nothing has happened.
            return;
        }
        self.decided_at = Some(at);
        match verdict {
            Verdict::Accepted | Verdict::AcceptedWithQueries => {
                let corrected = self.first_refused_at.is_some() && self.effective.is_none();
                if self.stands(submission, false) {
                    self.corrected |= corrected;
                    self.reason = None;
                }
            }
            Verdict::NotAccepted => {
                self.first_refused_at.get_or_insert(at);
                self.reason = if self.effective.is_some() { self.reason.take() } else { reason };
            }
            Verdict::Held => {
                self.held.push(submission);
                self.reason = if self.effective.is_some() { self.reason.take() } else { reason };
            }
            Verdict::Duplicate => {}
        }
    }

    /// Makes a submission the one that stands, unless a later one does already.
    fn stands(&mut self, submission: i64, nil: bool) -> bool {
        if self.effective.is_some_and(|standing| standing > submission) {
            return false;
        }
        self.restatements += u32::from(self.effective.is_some());
        self.effective = Some(submission);
        self.nil = nil;
        self.first_refused_at = None;
        true
    }

    /// How far it has come: what stands, else what waits, else what was refused.
    fn state(&self) -> State {
        match (self.effective, self.nil) {
            (Some(_), true) => State::Nil,
            (Some(_), false) => State::Accepted,
            (None, _) if !self.held.is_empty() => State::Held,
            (None, _) if !self.undecided.is_empty() => State::Received,
            (None, _) if self.first_refused_at.is_some() => State::ToCorrect,
            (None, _) => State::Open,
        }
    }

    /// Whether a rung was told or passed over.
    pub fn is_past(&self, rung: &str) -> bool {
        self.told_at(rung).is_some() || self.skipped.iter().any(|skipped| skipped == rung)
    }

    /// Whether a rung waits a working day longer.
    pub fn is_deferred(&self, rung: &str) -> bool {
        self.deferred.iter().any(|deferred| deferred == rung)
    }

    /// When a rung was told.
    pub fn told_at(&self, rung: &str) -> Option<Timestamp> {
        self.told.iter().find(|(told, _)| told == rung).map(|(_, at)| *at)
    }
}

impl Txn<'_> {
    /// Brings the projection of one subject up to date; subjects that are not obligations have none.
    pub(super) fn project(&self, subject: &str) -> Result<()> {
        let Ok(key) = subject.parse::<ObligationKey>() else { return Ok(()) };
        let events = self.events_of(subject)?;
        let Some(folded) = Obligation::fold(&events) else { return Ok(()) };
        // Whatever happened, the timetable looks at it at its next ring.
        let look = events.last().map(|e| e.at.to_string());
        self.0.execute(
            "INSERT INTO obligations (key, return_id, agency, period, state, next_at, folded) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (key) DO UPDATE SET state = ?5, next_at = ?6, folded = ?7",
            params![
                subject,
                key.return_id.as_str(),
                key.agency.as_str(),
                key.period.to_string(),
                folded.state.as_str(),
                look,
                serde_json::to_string(&folded)?
            ],
        )?;
        Ok(())
    }

    /// Says when the timetable should look at the obligation again; `None` for never.
    pub fn look_again(&self, key: &ObligationKey, at: Option<Timestamp>) -> Result<()> {
        self.0.execute(
            "UPDATE obligations SET next_at = ?2 WHERE key = ?1",
            params![key.to_string(), at.map(|at| at.to_string())],
        )?;
        Ok(())
    }

    /// One obligation.
    pub fn obligation(&self, key: &ObligationKey) -> Result<Option<Obligation>> {
        let folded: Option<String> = self
            .0
            .query_row("SELECT folded FROM obligations WHERE key = ?1", [key.to_string()], |row| row.get(0))
            .optional()?;
        folded.map(|text| Ok(serde_json::from_str(&text)?)).transpose()
    }

    /// Every obligation, by return, agency and period.
    pub fn obligations(&self) -> Result<Vec<Obligation>> {
        self.folded("SELECT folded FROM obligations WHERE ?1 = ?1 ORDER BY return_id, agency, period", "")
    }

    /// The obligations the timetable is to look at by `now`.
    pub fn obligations_to_look_at(&self, now: Timestamp) -> Result<Vec<Obligation>> {
        self.folded("SELECT folded FROM obligations WHERE next_at <= ?1 ORDER BY key", &now.to_string())
    }

    /// The next instant at which some obligation is to be looked at.
    pub fn next_look(&self) -> Result<Option<Timestamp>> {
        let at: Option<String> = self.0.query_row("SELECT min(next_at) FROM obligations", [], |row| row.get(0))?;
        at.map(|at| super::instant(&at)).transpose()
    }

    fn folded(&self, sql: &str, parameter: &str) -> Result<Vec<Obligation>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map([parameter], |row| row.get::<_, String>(0))?;
        rows.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
    }

    pub(super) fn verify_projections(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        for stored in self.obligations()? {
            let key = stored.key.to_string();
            if Obligation::fold(&self.events_of(&key)?).as_ref() != Some(&stored) {
                wrong.push(format!("obligation {key}: its projection does not follow from its events"));
            }
        }
        Ok(wrong)
    }
}

#[cfg(test)]
#[path = "obligation_tests.rs"]
mod tests;

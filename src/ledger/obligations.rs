//! What somebody owes, folded from the events that happened to it.
//!
//! Knows nothing of rungs' meanings or calendars: whether an open obligation is overdue is for the timetable to say.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, ObligationKey, Phase, RecordedEvent, State};
use crate::domain::Verdict;

/// Why a rung is passed over while the manager keeps it from going above the lead; it counts again once that is lifted.
pub const WHILE_HELD: &str = "the manager holds it";

/// Why a rung is passed over while nothing is fetched; it counts again once the agreement is renewed.
pub const NOT_FETCHED: &str = "nothing is fetched since the agreement has lapsed, so nobody is asked for it";

/// What somebody wrote about a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The words.
    pub says: String,
    /// Who wrote them.
    pub by: String,
    /// When.
    pub at: Timestamp,
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
    /// Rungs passed over since the chase last began, each with its reason in the events.
    pub skipped: Vec<String>,
    /// How often a person moved its due instant or asked for it again. The chase begins anew each time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounds: u32,
    /// When the chase began anew: rungs told before speak of an earlier due instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chased_since: Option<Timestamp>,
    /// When a person last gave more time, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_to: Option<Timestamp>,
    /// Until when it is due since the timetable was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<Timestamp>,
    /// Whether it is asked for again though a file stands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked_again: bool,
    /// Whether a person let somebody off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waived: bool,
    /// What it asks about, where that is a figure and not a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What was written about the figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// Why the manager keeps it from going above the lead, where that is so.
    pub escalation_held: Option<String>,
    /// Rungs that wait a working day longer, because the agency wrote without a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<String>,
    /// Why it is held or was not accepted, or the reason given for a nil return.
    pub reason: Option<String>,
    /// Whether the only figures are asked for, provisional ones or final ones.
    #[serde(default, skip_serializing_if = "Phase::is_only")]
    pub phase: Phase,
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
            rounds: 0,
            chased_since: None,
            extended_to: None,
            moved_to: None,
            asked_again: false,
            waived: false,
            about: None,
            comment: None,
            escalation_held: None,
            deferred: Vec::new(),
            reason: None,
            phase: Phase::Only,
        }
    }

    /// Folds the events of one obligation, oldest first; `None` if it was never opened.
    pub fn fold(events: &[RecordedEvent]) -> Option<Self> {
        let mut folded: Option<Self> = None;
        let mut arrivals: Vec<(i64, Timestamp)> = Vec::new();
        let (mut while_held, mut not_fetched): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
        for RecordedEvent { at, event, .. } in events {
            if let Event::Opened { return_id, agency, period, opens_at, duty, due_at, rule } = event {
                let key = ObligationKey { return_id: return_id.clone(), agency: agency.clone(), period: *period };
                folded.get_or_insert_with(|| Self { duty: *duty, ..Self::opened(&key, *opens_at, *due_at, rule) });
            }
            let Some(this) = folded.as_mut() else { continue };
            match event {
                Event::DueMoved { due_at, rule, .. } => {
                    this.move_due(*due_at, *at);
                    this.moved_to = Some(*due_at);
                    this.rule.clone_from(rule);
                }
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
                    if *readable && this.received_at.is_none() && !this.phase.is_too_early(*submission) {
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
                Event::Provisional {} => this.phase = Phase::Provisional,
                Event::FinalAsked { due_at, rule } => {
                    let last = arrivals.iter().map(|(id, _)| *id).max();
                    this.ask_for_final(*at, *due_at, rule, last);
                }
                Event::Told { rung, .. } => this.told.push((rung.clone(), *at)),
                Event::EscalationHeld { reason } => this.escalation_held = Some(reason.clone()),
                Event::EscalationFreed { .. } => {
                    this.escalation_held = None;
                    this.skipped.retain(|rung| !while_held.contains(rung.as_str()));
                    while_held.clear();
                }
                Event::AgreementRenewed {} => {
                    this.skipped.retain(|rung| !not_fetched.contains(rung.as_str()));
                    not_fetched.clear();
                }
                Event::Extended { due_at, .. } => {
                    this.chase_anew(*due_at, *at);
                    this.extended_to = Some(*due_at);
                }
                Event::AskedWhy { says } => this.about = Some(says.clone()),
                Event::Commented { says, by } => {
                    this.comment = Some(Comment { says: says.clone(), by: by.clone(), at: *at });
                    this.received_at.get_or_insert(*at);
                    this.decided_at = Some(*at);
                }
                Event::Waived { reason } => (this.waived, this.reason) = (true, Some(reason.clone())),
                Event::Reopened { due_at, reason } => {
                    this.chase_anew(*due_at, *at);
                    this.asked_again = this.effective.is_some();
                    (this.waived, this.reason) = (false, Some(reason.clone()));
                    this.comment = None;
                }
                Event::Skipped { rung, why } => {
                    this.skipped.push(rung.clone());
                    match why.as_str() {
                        WHILE_HELD => drop(while_held.insert(rung)),
                        NOT_FETCHED => drop(not_fetched.insert(rung)),
                        _ => {}
                    }
                }
                Event::Deferred { rung, .. } => this.deferred.push(rung.clone()),
                _ => {}
            }
            this.state = this.state();
        }
        folded
    }

    /// Another due instant: the ladder begins anew before it, as far as anything is asked for still.
    pub fn move_due(&mut self, due_at: Timestamp, at: Timestamp) {
        match self.state {
            // A corrected file stays what is awaited.
            State::Open | State::ToCorrect => {
                let first_refused_at = self.first_refused_at;
                self.chase_anew(due_at, at);
                self.first_refused_at = first_refused_at;
            }
            _ => self.due_at = due_at,
        }
    }

    /// Lets the ladder begin anew before another due instant.
    fn chase_anew(&mut self, due_at: Timestamp, at: Timestamp) {
        self.due_at = due_at;
        self.rounds += 1;
        self.chased_since = Some(at);
        self.skipped.clear();
        self.deferred.clear();
        self.first_refused_at = None;
    }

    /// Begins the final phase: the chase starts anew, and what stands goes on standing.
    fn ask_for_final(&mut self, at: Timestamp, due_at: Timestamp, rule: &str, last: Option<i64>) {
        self.phase = Phase::FinalAwaited { after: last.max(self.effective).unwrap_or(0) };
        (self.opened_at, self.due_at, self.rule) = (at, due_at, rule.to_owned());
        (self.received_at, self.first_refused_at, self.escalation_held) = (None, None, None);
        // Who was let off the provisional figures was not let off the final ones.
        (self.waived, self.reason) = (false, self.reason.take().filter(|_| !self.waived));
        self.told.clear();
        self.skipped.clear();
        self.deferred.clear();
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
        let is_final = self.phase.is_awaited() && !self.phase.is_too_early(submission);
        if is_final {
            self.phase = Phase::Final;
        }
        self.restatements += u32::from(self.effective.is_some() && !is_final);
        self.effective = Some(submission);
        self.nil = nil;
        self.first_refused_at = None;
        self.asked_again = false;
        true
    }

    /// How far it has come: what stands, else what waits, else what was refused.
    fn state(&self) -> State {
        match (self.effective.filter(|_| !self.asked_again && !self.phase.is_awaited()), self.nil) {
            (Some(_), true) => State::Nil,
            (Some(_), false) => State::Accepted,
            (None, _) if !self.held.is_empty() => State::Held,
            (None, _) if !self.undecided.is_empty() => State::Received,
            (None, _) if self.comment.is_some() => State::Accepted,
            (None, _) if self.waived => State::Waived,
            (None, _) if self.first_refused_at.is_some() => State::ToCorrect,
            (None, _) => State::Open,
        }
    }

    /// Whether a rung was told or passed over since the chase last began.
    pub fn is_past(&self, rung: &str) -> bool {
        self.told_at(rung).is_some() || self.skipped.iter().any(|skipped| skipped == rung)
    }

    /// Whether a rung waits a working day longer.
    pub fn is_deferred(&self, rung: &str) -> bool {
        self.deferred.iter().any(|deferred| deferred == rung)
    }

    /// When a rung was told since the chase last began.
    pub fn told_at(&self, rung: &str) -> Option<Timestamp> {
        let now = |at: &Timestamp| self.chased_since.is_none_or(|since| *at >= since);
        self.told.iter().find(|(told, at)| told == rung && now(at)).map(|(_, at)| *at)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(rounds: &u32) -> bool {
    *rounds == 0
}

#[cfg(test)]
#[path = "obligation_tests.rs"]
mod tests;

//! What happened in one story: what the world saw, and what the ledger says of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use quarterday::ledger::{Event, NOT_FETCHED, OutboxState, State, Txn};

use super::days::Days;

/// The ladder as shipped, lowest rung first.
pub const LADDER: [&str; 10] = [
    "notice",
    "nudge",
    "due-today",
    "overdue",
    "preview",
    "escalation",
    "preview-sub-group",
    "escalation-sub-group",
    "preview-chair",
    "escalation-chair",
];

/// How high a rung is; none for what is not of the chase.
pub fn height(rung: &str) -> Option<usize> {
    LADDER.iter().position(|known| *known == rung)
}

/// What came of one try at the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Taken,
    /// Taken, and the relay's word of it was lost.
    ReceiptLost,
    /// Taken, and the power was cut before its word could be recorded.
    PowerCut,
    /// Not taken.
    NotTaken,
}

impl Fate {
    pub fn has_arrived(self) -> bool {
        self != Self::NotTaken
    }
}

/// One try to hand a message to the relay.
#[derive(Debug, Clone)]
pub struct Try {
    pub at: Timestamp,
    pub key: String,
    pub recipient: String,
    pub fate: Fate,
    /// The Message-ID it bore.
    pub id: String,
    /// The obligation and the rung, for a message of the chase.
    pub about: Option<(String, String)>,
    /// Whether the ledger knew that a file of that obligation was there.
    pub delivered: bool,
    /// Whether the daemon was to hold its hand.
    pub held: bool,
}

impl Try {
    /// The obligation with its round, and the rung, of a key of the ladder.
    pub fn about(key: &str) -> Option<(String, String)> {
        let parts: Vec<&str> = key.strip_prefix("chase/")?.split('/').collect();
        let [return_id, agency, period, rung, _] = parts.as_slice() else { return None };
        let numbered = rung.rsplit_once('-').and_then(|(name, round)| Some((name, round.parse::<usize>().ok()?)));
        let (rung, round) = numbered.unwrap_or((rung, 1));
        height(rung)?;
        Some((in_round(&format!("{return_id}/{agency}/{period}"), round), rung.to_owned()))
    }
}

/// An obligation as it is asked for the first time, or again once a person has moved its day.
fn in_round(obligation: &str, round: usize) -> String {
    if round == 1 { obligation.to_owned() } else { format!("{obligation} in round {round}") }
}

/// The obligation without its round.
pub fn base(obligation: &str) -> &str {
    obligation.split(' ').next().unwrap_or(obligation)
}

/// A stretch in which no daemon ran.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A stretch in which a return is not fetched, for its agreement has lapsed.
#[derive(Debug, Clone)]
pub struct Lapse {
    pub return_id: String,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Lapse {
    /// Whether an obligation was not fetched at an instant.
    pub fn covers(&self, obligation: &str, at: Timestamp) -> bool {
        obligation.starts_with(&format!("{}/", self.return_id)) && (self.from..self.to).contains(&at)
    }
}

/// What the simulator expects to be asked for.
#[derive(Debug, Clone)]
pub struct Expected {
    pub obligation: String,
    pub end: Date,
    pub due_at: Timestamp,
}

#[derive(Clone)]
pub struct History {
    pub seed: u64,
    pub days: Days,
    pub expected: Vec<Expected>,
    pub tries: Vec<Try>,
    pub outages: Vec<Outage>,
    pub lapses: Vec<Lapse>,
    /// Rungs that were due and had no outcome although the daemon looked.
    pub left: Vec<String>,
    pub ledger: Recorded,
    pub story: Vec<String>,
}

/// What the ledger says at the end.
#[derive(Clone, Default)]
pub struct Recorded {
    /// Obligation and due instant, once for each time it was opened.
    pub opened: Vec<(String, Timestamp)>,
    /// When, which obligation, which rung.
    pub told: Vec<(Timestamp, String, String)>,
    pub skipped: Vec<(Timestamp, String, String)>,
    /// When, which outbox key, how it ended.
    pub settled: Vec<(Timestamp, String, String)>,
    /// When a message was said not to have arrived, and its outbox key.
    pub bounced: Vec<(Timestamp, String)>,
    /// How far each obligation came, and whether the manager holds its escalation.
    pub states: BTreeMap<String, (State, bool)>,
    /// Outbox keys that wait still.
    pub waiting: Vec<String>,
    /// Every outbox key.
    pub keys: BTreeSet<String>,
    /// What failed, as the ledger noted it.
    pub failed: Vec<String>,
    /// What `verify` found.
    pub wrong: Vec<String>,
}

impl Recorded {
    pub fn of(txn: &Txn<'_>) -> quarterday::ledger::Result<Self> {
        let mut this = Self { wrong: txn.verify()?, ..Self::default() };
        let mut rounds: BTreeMap<String, usize> = BTreeMap::new();
        let mut not_fetched: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for recorded in txn.all_events()? {
            let (at, subject) = (recorded.at, recorded.subject);
            let round = rounds.entry(subject.clone()).or_insert(1);
            let asked = in_round(&subject, *round);
            match recorded.event {
                Event::Extended { .. } | Event::Reopened { .. } => *round += 1,
                Event::Opened { due_at, .. } => this.opened.push((subject, due_at)),
                Event::Told { rung, .. } => this.told.push((at, asked, rung)),
                Event::Skipped { rung, why } => {
                    if why == NOT_FETCHED {
                        not_fetched.entry(asked.clone()).or_default().insert(rung.clone());
                    }
                    this.skipped.push((at, asked, rung));
                }
                // They count again: what becomes of them from here on is their outcome.
                Event::AgreementRenewed {} => {
                    let again = not_fetched.remove(&asked).unwrap_or_default();
                    this.skipped.retain(|(_, about, rung)| *about != asked || !again.contains(rung));
                }
                Event::MessageSettled { key, outcome, .. } => this.settled.push((at, key, outcome)),
                Event::Bounced { key, .. } => this.bounced.push((at, key)),
                Event::Failed { what, why } if what != "sending mail" => this.failed.push(format!("{what}: {why}")),
                _ => {}
            }
        }
        for obligation in txn.obligations()? {
            let held = obligation.escalation_held.is_some();
            this.states.insert(obligation.key.to_string(), (obligation.state, held));
        }
        for row in txn.messages()? {
            if matches!(row.state, OutboxState::Queued | OutboxState::Sending) {
                this.waiting.push(row.key.clone());
            }
            this.keys.insert(row.key);
        }
        Ok(this)
    }
}

//! Proof of chase: what an agency owed for a period, what it was told, what came of it, and that the record is whole.
//!
//! Read from one state of the ledger, beside a running daemon. Nothing is told here that the hash chain does not cover,
//! and no value of a return. Today is the day of the ledger's last event: the same ledger gives the same document.

mod events;
mod outcome;
mod page;

use std::{collections::BTreeSet, fs};

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::{Board, written::quoted};
use crate::{
    domain::{AgencyId, Period, ReturnId, civil_day, to_london, words::listed},
    ledger::{
        Event, FindingRow, Ledger, Link, Obligation, ObligationKey, OutboxRow, RecordedEvent, Severity, Submission, Txn,
    },
    pack,
    timetable::Role,
    worker::Launcher,
};

pub use events::Entry;

/// What evidence is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Of whom.
    pub agency: AgencyId,
    /// For which period.
    pub period: Period,
    /// Of which return; of all when none is named.
    pub return_id: Option<ReturnId>,
}

/// What the ledger proves.
#[derive(Debug)]
pub struct Proof {
    asked: Asked,
    /// The instant of the ledger's last event.
    pub as_at: Timestamp,
    /// How many events the chain has.
    pub events: i64,
    /// Its last link.
    pub head: String,
    /// What of the whole ledger does not agree with itself.
    pub wrong: Vec<String>,
    owed: Vec<Owed>,
}

/// One obligation with all that is recorded of it.
#[derive(Debug)]
struct Owed {
    obligation: Obligation,
    recorded: Vec<RecordedEvent>,
    entries: Vec<Entry>,
    messages: Vec<Message>,
    files: Vec<File>,
}

/// One message to one recipient.
#[derive(Debug)]
struct Message {
    row: OutboxRow,
    role: String,
    /// The Message-ID it left under; that it will leave under while it waits.
    id: Option<String>,
    /// The status with which it came back, if it did.
    bounced: Option<String>,
}

/// One submission and what was found in it.
#[derive(Debug)]
struct File {
    submission: Submission,
    findings: Vec<FindingRow>,
}

/// The ledger's raw answer about one obligation.
struct Known {
    obligation: Obligation,
    recorded: Vec<RecordedEvent>,
    links: Vec<Link>,
    messages: Vec<OutboxRow>,
    files: Vec<File>,
}

/// Reads what there is to prove.
///
/// # Errors
/// When the agency, the period or the return is unknown; the error names those that are known. When the ledger cannot be
/// read.
pub async fn gather(board: &Board, ledger: &Ledger, asked: Asked) -> anyhow::Result<Proof> {
    let wanted = asked.clone();
    let (keys, known, wrong, (events, head), as_at) = ledger
        .read(move |txn| {
            let keys: Vec<ObligationKey> = txn.obligation_states()?.into_keys().collect();
            let mine = keys.iter().filter(|key| wanted.covers(key));
            let known = mine.map(|key| known(txn, key)).collect::<Result<Vec<_>, _>>()?;
            Ok((keys, known, txn.verify()?, txn.chain_head()?, txn.last_event_at()?))
        })
        .await?;
    asked.refuse_unknown(board, &keys)?;
    let as_at = as_at.context("the ledger has no event yet")?;
    let owed = known.into_iter().flatten().map(|known| Owed::of(board, known)).collect();
    Ok(Proof { asked, as_at, events, head, wrong, owed })
}

fn known(txn: &Txn<'_>, key: &ObligationKey) -> crate::ledger::Result<Option<Known>> {
    let subject = key.to_string();
    let Some(obligation) = txn.obligation(key)? else { return Ok(None) };
    let files = txn.submissions_of(key)?.into_iter();
    let files = files.map(|submission| Ok(File { findings: txn.findings(submission.id)?, submission }));
    Ok(Some(Known {
        obligation,
        recorded: txn.events_of(&subject)?,
        links: txn.links_of(&subject)?,
        messages: txn.messages_of(&subject)?,
        files: files.collect::<crate::ledger::Result<_>>()?,
    }))
}

impl Asked {
    fn covers(&self, key: &ObligationKey) -> bool {
        key.agency == self.agency
            && key.period == self.period
            && self.return_id.as_ref().is_none_or(|return_id| *return_id == key.return_id)
    }

    /// An error that names what is known, where nothing is known of what was asked for.
    fn refuse_unknown(&self, board: &Board, keys: &[ObligationKey]) -> anyhow::Result<()> {
        if keys.iter().any(|key| self.covers(key)) {
            return Ok(());
        }
        let agency = &self.agency;
        let of_agency: Vec<&ObligationKey> = keys.iter().filter(|key| key.agency == *agency).collect();
        if of_agency.is_empty() {
            let owing: BTreeSet<&AgencyId> = keys.iter().map(|key| &key.agency).collect();
            let owing = listed(owing.into_iter().map(ToString::to_string));
            if owing.is_empty() {
                bail!("nothing was asked of anybody yet");
            }
            if board.agencies.contains_key(agency) {
                bail!("nothing was asked of {agency} yet; something was of {owing}: write one of them after --agency");
            }
            bail!("there is no agency {agency}; write one of {owing} after --agency");
        }
        let in_period: Vec<_> = of_agency.iter().filter(|key| key.period == self.period).collect();
        if in_period.is_empty() {
            let periods: BTreeSet<Period> = of_agency.iter().map(|key| key.period).collect();
            let known = listed(periods.into_iter().map(|period| period.to_string()));
            bail!("nothing was asked of {agency} for {}; write one of {known} after --period", self.period);
        }
        let returns = listed(in_period.iter().map(|key| key.return_id.to_string()));
        bail!("{agency} owed no such return for {}; write one of {returns} after --return", self.period)
    }
}

impl Owed {
    fn of(board: &Board, known: Known) -> Self {
        let Known { obligation, recorded, links, messages, files } = known;
        let messages: Vec<Message> =
            messages.into_iter().map(|row| Message::of(board, &obligation, &recorded, row)).collect();
        let entries = links.into_iter().map(|link| Entry::of(&obligation, link, &messages, &files)).collect();
        Self { obligation, recorded, entries, messages, files }
    }
}

impl Message {
    fn of(board: &Board, obligation: &Obligation, recorded: &[RecordedEvent], row: OutboxRow) -> Self {
        let left = recorded.iter().rev().find_map(|one| match &one.event {
            Event::MessageSettled { key, message_id, outcome, .. } if *key == row.key => {
                Some(message_id.clone().filter(|_| outcome != "superseded"))
            }
            _ => None,
        });
        let bounced = recorded.iter().find_map(|one| match &one.event {
            Event::Bounced { key, status } if *key == row.key => Some(status.clone()),
            _ => None,
        });
        let was_superseded = row.state == crate::ledger::OutboxState::Superseded;
        let made = || (!was_superseded).then(|| board.mail.message_id(row.bundle.as_deref().unwrap_or(&row.key)));
        let to_lead = recorded.iter().any(|one| match &one.event {
            Event::Told { to_lead, .. } => to_lead.contains(&row.key),
            _ => false,
        });
        let role = role(board, &obligation.key.agency, &row, to_lead);
        // A ledger of an earlier version did not record it: it is made the same way.
        Self { id: left.flatten().or_else(made), role, bounced, row }
    }

    /// What it is, from its key, which the chain has: the rung of a chase, else the key's first word.
    fn kind(&self) -> &str {
        let about = self.row.obligation.as_deref().unwrap_or_default();
        let rest = self.row.key.strip_prefix("chase/").and_then(|rest| rest.strip_prefix(about));
        rest.map_or(self.row.key.as_str(), |rest| rest.trim_start_matches('/')).split('/').next().unwrap_or_default()
    }
}

/// What the recipient was on the day it was written: as the definitions and what was recorded beside them have it, else as
/// the ledger recorded it.
fn role(board: &Board, agency: &AgencyId, row: &OutboxRow, to_lead: bool) -> String {
    let word = match board.role_of(agency, &row.recipient, civil_day(row.enqueued_at)) {
        Some(Role::Lead) => "lead",
        Some(Role::Deputy) => "deputy",
        Some(Role::BoardMember) => "Board member",
        Some(Role::Manager) => "Board’s manager",
        Some(Role::Chair) => "chair of the Board",
        Some(Role::Named(id)) => return board.roles.get(&id).map_or(id, |role| role.title.clone()),
        None if to_lead => "lead or deputy then, or who covered",
        None => "sender of a file",
    };
    word.to_owned()
}

/// The proof as CSV: one row an event, texts that a spreadsheet would take for a formula made harmless.
pub fn csv(proof: &Proof) -> String {
    let heads = [
        "event",
        "at_london",
        "at_utc",
        "obligation",
        "kind",
        "what",
        "by",
        "message_id",
        "role",
        "recipient",
        "relay",
        "detail",
        "chain",
    ];
    let mut text = heads.join(",") + "\r\n";
    for entry in proof.owed.iter().flat_map(|owed| &owed.entries) {
        let cells = [
            entry.seq.to_string(),
            to_london(entry.at).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
            entry.at.to_string(),
            entry.obligation.clone(),
            entry.kind.clone(),
            entry.what.clone(),
            entry.by.clone(),
            entry.message_id.clone(),
            entry.role.clone(),
            entry.recipient.clone(),
            entry.relay.clone(),
            entry.detail.clone(),
            entry.chain.clone(),
        ];
        text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// The proof as a document, set by the board's template or, where it has none, by the program's.
///
/// # Errors
/// When the template is wrong, or the worker gives no answer.
pub async fn pdf(launcher: &Launcher, board: &Board, proof: &Proof) -> anyhow::Result<Vec<u8>> {
    let path = board.home.join("reports/evidence/evidence.typ");
    let template = match fs::read_to_string(&path) {
        Ok(template) => template,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => pack::EVIDENCE.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let Asked { agency, period, .. } = &proof.asked;
    let identity = format!("{}/evidence/{agency}/{period}/{}", board.name, proof.head);
    let data = page::data(board, proof);
    Ok(pack::evidence(launcher, template, data, civil_day(proof.as_at), identity).await?.pdf)
}

/// Where a finding is and which rule it broke: neither the value, nor a sheet's or a heading's own words.
fn finding(one: &FindingRow) -> String {
    let severity = match one.severity {
        Severity::Error => "error",
        Severity::Query => "question",
        Severity::Note => "note",
    };
    let mut place = format!("table {}", one.table);
    if let Some(letter) = &one.letter {
        place.push_str(&format!(", column {letter}"));
    }
    if let Some(row) = one.row {
        place.push_str(&format!(", row {row}"));
    }
    format!("{severity}: {place}: {}", one.rule)
}

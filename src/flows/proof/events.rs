//! Each event of an obligation in a sentence: what happened, and its particulars.
//!
//! A new kind of event needs one arm in [`line`]; nothing else here knows the kinds.

use jiff::Timestamp;

use super::{File, Message, finding};
use crate::{
    domain::{
        Verdict, to_london,
        words::{capital, count, listed},
    },
    ledger::{Event, Link, Obligation, OutboxState},
};

/// So many findings are named in one line.
const NAMED: usize = 20;

/// One event as evidence tells it.
#[derive(Debug)]
pub struct Entry {
    /// Its number.
    pub seq: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What it happened to.
    pub obligation: String,
    /// Its kind, in one word.
    pub kind: String,
    /// What happened.
    pub what: String,
    /// The particulars.
    pub detail: String,
    /// Who acted.
    pub by: String,
    /// Whether a person decided it.
    pub is_decision: bool,
    /// The Message-ID, where it is about one message.
    pub message_id: String,
    /// What the message's recipient was.
    pub role: String,
    /// The recipient's address.
    pub recipient: String,
    /// The relay's words.
    pub relay: String,
    /// The chain's link at it.
    pub chain: String,
}

/// What an event says.
struct Line<'a> {
    what: String,
    detail: String,
    is_decision: bool,
    /// The outbox key, where it is about one message.
    key: Option<&'a str>,
    relay: &'a str,
}

impl Entry {
    pub(super) fn of(obligation: &Obligation, link: Link, messages: &[Message], files: &[File]) -> Self {
        let Link { seq, at, kind, actor, event, chain } = link;
        let line =
            event.as_ref().map_or_else(|| happened("What it said was destroyed", ""), |event| line(event, files));
        let message = line.key.and_then(|key| messages.iter().find(|message| message.row.key == key));
        let of_message = |text: &dyn Fn(&Message) -> Option<String>| message.and_then(text).unwrap_or_default();
        Self {
            seq,
            at,
            obligation: obligation.key.to_string(),
            kind,
            message_id: of_message(&|m| m.id.clone()),
            role: of_message(&|m| Some(m.role.clone())),
            recipient: of_message(&|m| Some(m.row.recipient.clone())),
            relay: line.relay.to_owned(),
            what: line.what,
            detail: line.detail,
            is_decision: line.is_decision,
            by: actor,
            chain,
        }
    }
}

fn happened<'a>(what: impl Into<String>, detail: impl Into<String>) -> Line<'a> {
    Line { what: what.into(), detail: detail.into(), is_decision: false, key: None, relay: "" }
}

/// What a person decided, with the reason.
fn decided<'a>(what: impl Into<String>, detail: impl Into<String>) -> Line<'a> {
    Line { is_decision: true, ..happened(what, detail) }
}

/// What an event says.
fn line<'a>(event: &'a Event, files: &[File]) -> Line<'a> {
    let of = |submission: &i64| format!("submission {submission}");
    match event {
        Event::Opened { due_at, rule, .. } => happened("Asked for", format!("due {}: {rule}", moment(*due_at))),
        Event::ExtractReceived { submission, sha256, arrived_at } => {
            let arrived = arrived_at.map(|at| format!(", arrived {}", moment(at))).unwrap_or_default();
            happened("A file arrived", format!("{}{arrived}, SHA-256 {sha256}", of(submission)))
        }
        Event::Storing { submission, .. } => happened("Its rows are being stored", of(submission)),
        Event::Stored { submission, .. } => happened("Its rows are stored", of(submission)),
        Event::Found { submission, findings, .. } => {
            happened(format!("Checked: {}", count(*findings, "finding", "findings")), found(*submission, files))
        }
        Event::Decided { submission, verdict, readable, reason } => {
            let unreadable = if *readable { "" } else { "; it could not be read, so it does not count as arrived" };
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            happened(capital(verdict_words(*verdict)), format!("{}{unreadable}{reason}", of(submission)))
        }
        Event::Released { submission, reason } => {
            decided("A person let the held file pass", format!("{}: {reason}", of(submission)))
        }
        Event::NilReturned { submission, reason, .. } => {
            happened("Nothing to report was reported", format!("{}: {reason}", of(submission)))
        }
        Event::Told { rung, keys, .. } => {
            happened(format!("Told: {rung}"), format!("{} put out", count(keys.len(), "message", "messages")))
        }
        Event::Skipped { rung, why } => happened(format!("Passed over: {rung}"), why.clone()),
        Event::NoLongerOwed { why } => happened("No longer asked for", why.clone()),
        Event::EscalationHeld { reason } => decided("The escalation was held", reason.clone()),
        Event::DueMoved { due_at, rule, why } => {
            decided(format!("Its due day moved, to {}", moment(*due_at)), format!("{rule}; {why}"))
        }
        Event::AgreementRenewed {} => happened("The agreement was renewed", "it is fetched and asked for again"),
        Event::TimetableTookEffect { says, .. } => happened("The timetable took effect", says.clone()),
        Event::Provisional {} => happened("Its figures are provisional", "final ones follow"),
        Event::FinalAsked { due_at, rule } => {
            happened("Final figures asked for", format!("due {}: {rule}", moment(*due_at)))
        }
        Event::EscalationFreed { reason } => decided("The escalation was let go after all", reason.clone()),
        Event::Extended { due_at, reason } => {
            decided(format!("More time was given, until {}", moment(*due_at)), reason.clone())
        }
        Event::Waived { reason } => decided("It was not asked for this time", reason.clone()),
        Event::Reopened { due_at, reason } => {
            decided(format!("It was asked for again, by {}", moment(*due_at)), reason.clone())
        }
        Event::AskedWhy { says } => happened("Asked what is behind a figure", says.clone()),
        Event::Commented { by, .. } => happened("Words on the figure came", format!("from {by}")),
        Event::ContactChanged { role, name, reason, .. } => {
            let who = name.as_deref().unwrap_or("whom the definitions name");
            decided(format!("Another {}: {who}", role.words()), reason.clone())
        }
        Event::PackHeld { missing } => happened("A pack was held", listed(missing.clone())),
        Event::SignOff(event) => happened("A sign-off moved on", event.kind()),
        Event::Deferred { rung, message } => {
            happened("The agency wrote without a file", format!("message {message}; {rung} waits a working day longer"))
        }
        Event::Bounced { key, status } => {
            let status = if status.is_empty() { "no status code given" } else { status };
            Line { key: Some(key), ..happened("The message came back: it told nobody", status) }
        }
        Event::MessageArrived { message, outcome } => {
            happened("A message came in", format!("message {message}: {outcome}"))
        }
        Event::MessageDecided { message, reason, .. } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            decided("A person decided on a message", format!("message {message}{reason}"))
        }
        Event::MessageSettled { key, outcome, says, .. } => {
            let (what, relay, detail) = settled(outcome, says);
            Line { key: Some(key), relay, ..happened(what, detail) }
        }
        Event::Explained { submission, finding, says } => {
            decided("A figure was explained", format!("{}, finding {finding}: {says}", of(submission)))
        }
        Event::IncidentOpened { incident, submission, kinds, .. } => happened(
            "Sealed: it holds what looks like identities",
            format!("{}, incident {incident}: {}", of(submission), listed(kinds.clone())),
        ),
        Event::IncidentRead { incident } => happened("The custodian opened it", format!("incident {incident}")),
        Event::IncidentClosed { incident, why } => happened("It was destroyed", format!("incident {incident}: {why}")),
        Event::Refreshed { .. } => happened("Figures were worked out", ""),
        Event::Issued { pack, number, .. } => happened("A pack was issued", format!("{pack} edition {number}")),
        Event::Failed { what, why } => happened("Something failed", format!("{what}: {why}")),
        Event::ConditionBegan { says, .. } => happened("Something was wrong", says.clone()),
        Event::ConditionEnded { name, .. } => happened("Something was right again", name.clone()),
        Event::Deliberation(_) => decided("People spoke about the figures", ""),
        Event::Started { version } => happened("The program started", version.clone()),
        Event::Adopted {} => decided("A person confirmed the machine", ""),
    }
}

/// What became of a message, the relay's words, and why it did not leave; where a folder lies is nobody's matter.
fn settled<'a>(outcome: &str, says: &'a str) -> (&'static str, &'a str, &'a str) {
    let is = |state: OutboxState| outcome == state.as_str();
    if is(OutboxState::Sent) {
        ("A relay accepted the message", says, "")
    } else if is(OutboxState::Written) {
        ("The message was written to a folder and not sent: no evidence that anybody was told", "", "")
    } else if is(OutboxState::Refused) {
        ("The message was refused for good", says, "")
    } else {
        ("The message did not leave: it was no longer wanted", "", says)
    }
}

/// What a verdict is called.
pub(super) fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::AcceptedWithQueries => "accepted, with questions",
        Verdict::NotAccepted => "not accepted",
        Verdict::Held => "held until a person decides",
        Verdict::Duplicate => "the same file again",
    }
}

fn found(submission: i64, files: &[File]) -> String {
    let of = format!("submission {submission}");
    let Some(file) = files.iter().find(|file| file.submission.id == submission) else { return of };
    let named: Vec<String> = file.findings.iter().take(NAMED).map(finding).collect();
    let more = file.findings.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    if named.is_empty() { of } else { format!("{of}: {}{more}", named.join("; ")) }
}

/// An instant as a page prints it.
pub(super) fn moment(at: Timestamp) -> String {
    to_london(at).strftime("%-d %B %Y, %H:%M").to_string()
}

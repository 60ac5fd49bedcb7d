//! The events: what can happen, and how it is written down.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ContactRole, Deliberation, SignOffEvent, Vector};
use crate::domain::{AgencyId, Period, ReturnId, Verdict};

/// Something that happened. The subject it happened to is given beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An obligation came into being.
    Opened {
        /// The return owed.
        return_id: ReturnId,
        /// Who owes it.
        agency: AgencyId,
        /// For which period.
        period: Period,
        /// From when on it exists.
        opens_at: Timestamp,
        /// Whether somebody owes it; a release or a past period that was loaded later is nobody's duty.
        duty: bool,
        /// When it is due.
        due_at: Timestamp,
        /// The rule the due instant came from, in words.
        rule: String,
    },
    /// A person confirmed a timetable in which it is due at another instant.
    DueMoved {
        /// When it is due now.
        due_at: Timestamp,
        /// The rule the due instant came from, in words.
        rule: String,
        /// Why it moved.
        why: String,
    },
    /// The agreement was renewed: what was passed over while nothing was fetched is asked for again.
    AgreementRenewed {},
    /// Bytes arrived and are durable in the landing archive.
    ExtractReceived {
        /// The submission they were offered as.
        submission: i64,
        /// Their digest.
        sha256: String,
        /// When they arrived, where that was before this was recorded: a message that lay in the mailbox, a file that
        /// is judged again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arrived_at: Option<Timestamp>,
    },
    /// The rows are about to be committed to the warehouse.
    Storing {
        /// The submission.
        submission: i64,
        /// The staged files, as the warehouse wrote them down.
        staged: serde_json::Value,
    },
    /// The rows are in the warehouse at these versions.
    Stored {
        /// The submission.
        submission: i64,
        /// The tables' versions.
        versions: Vector,
    },
    /// The submission has its verdict.
    Decided {
        /// The submission.
        submission: i64,
        /// The verdict.
        verdict: Verdict,
        /// Whether the file could be read at all; only a readable file counts as arrived.
        readable: bool,
        /// Why, where a reason is owed (held, not accepted).
        reason: Option<String>,
    },
    /// A person let a held submission pass; it is judged again, and only errors can still stand in its way.
    Released {
        /// The submission.
        submission: i64,
        /// Why.
        reason: String,
    },
    /// Somebody reported that there is nothing to report.
    NilReturned {
        /// The submission number it was given.
        submission: i64,
        /// One line of reason.
        reason: String,
        /// When that was said, where it was before this was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arrived_at: Option<Timestamp>,
    },
    /// A message about the obligation was put into the outbox.
    Told {
        /// The rung of the ladder.
        rung: String,
        /// The outbox keys, one per recipient.
        keys: Vec<String>,
        /// Those of them that are addressed to lead or deputy.
        #[serde(default)]
        to_lead: Vec<String>,
    },
    /// A rung was passed over.
    Skipped {
        /// The rung of the ladder.
        rung: String,
        /// Why.
        why: String,
    },
    /// The definitions stopped asking for it before it was settled.
    NoLongerOwed {
        /// Why.
        why: String,
    },
    /// What it asks for first is provisional: the final figures are asked for later.
    Provisional {},
    /// The final figures are asked for: the obligation is open again, while the provisional ones stand.
    FinalAsked {
        /// When they are due.
        due_at: Timestamp,
        /// The rule the due instant came from, in words.
        rule: String,
    },
    /// The manager keeps it from going above the lead, for a reason that the pack prints.
    EscalationHeld {
        /// Why.
        reason: String,
    },
    /// The manager lets it go above the lead again.
    EscalationFreed {
        /// Why.
        reason: String,
    },
    /// What an obligation asks about, where that is a figure and not a file.
    AskedWhy {
        /// What stands out, in a sentence.
        says: String,
    },
    /// Somebody wrote about a figure; the pack prints it.
    Commented {
        /// The words.
        says: String,
        /// Who wrote them.
        by: String,
    },
    /// A person gave more time: the chase begins anew before the new due instant.
    Extended {
        /// When it is due now.
        due_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// A person lets somebody off: nothing is owed, and nothing is missing.
    Waived {
        /// Why.
        reason: String,
    },
    /// A person asks again for what was settled, waived or locked.
    Reopened {
        /// When it is due now.
        due_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Somebody else is written to: for good, for a time, or again whom the definitions name.
    ContactChanged {
        /// Whose.
        agency: AgencyId,
        /// In which role.
        role: ContactRole,
        /// The person's name; none where the definitions' own person is back.
        name: Option<String>,
        /// The person's address.
        email: Option<String>,
        /// Until which day, where it is for a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<jiff::civil::Date>,
        /// Why.
        reason: String,
    },
    /// The agency wrote about it without a file; the next rung waits a working day longer.
    Deferred {
        /// The rung.
        rung: String,
        /// The message.
        message: i64,
    },
    /// The mail system said that a message of ours did not arrive after all.
    Bounced {
        /// The outbox key.
        key: String,
        /// The status code it gave.
        status: String,
    },
    /// A message came into the mailbox.
    MessageArrived {
        /// Its number.
        message: i64,
        /// What is done with it.
        outcome: String,
    },
    /// A person decided on a message that was held.
    MessageDecided {
        /// Its number.
        message: i64,
        /// Whose it is, if it was accepted.
        agency: Option<AgencyId>,
        /// Whether later messages of its sender are theirs too.
        always: bool,
        /// Why it was refused.
        reason: Option<String>,
    },
    /// The relay took a message, or the folder was written to.
    MessageSettled {
        /// The outbox key.
        key: String,
        /// `sent`, `written`, `refused` or `superseded`.
        outcome: String,
        /// The relay's words.
        says: String,
        /// The Message-ID it left under, where it left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_id: Option<String>,
    },
    /// What was found in a submission stands in the ledger as this digest says.
    Found {
        /// The submission.
        submission: i64,
        /// How many findings are kept.
        findings: usize,
        /// The digest over all that is kept of them.
        sha256: String,
    },
    /// Tables derived from returns were written.
    Refreshed {
        /// The tables' versions.
        versions: Vector,
    },
    /// A pack was issued.
    Issued {
        /// The pack.
        pack: String,
        /// The edition's number.
        number: i64,
        /// The digest of the PDF.
        pdf_sha256: String,
        /// Why a person issued it though it was not ready.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// A pack was due and not ready; it waits until it is.
    PackHeld {
        /// What it lacked.
        missing: Vec<String>,
    },
    /// A step on the way to a pack's sign-off.
    SignOff(SignOffEvent),
    /// Somebody recorded why a figure that was queried is as it is.
    Explained {
        /// The submission.
        submission: i64,
        /// The number of the finding in it.
        finding: i64,
        /// The reason; the pack prints it.
        says: String,
    },
    /// Identities were found where there should be none: the extract is sealed, and its ordinary key gone.
    IncidentOpened {
        /// The incident's number.
        incident: i64,
        /// The submission.
        submission: i64,
        /// What was found: kinds, never values.
        kinds: Vec<String>,
        /// The day on which the extract is destroyed.
        destroy_on: jiff::civil::Date,
        /// Who can open it.
        sealed_for: String,
    },
    /// The custodian took a look at a sealed extract.
    IncidentRead {
        /// The incident's number.
        incident: i64,
    },
    /// A sealed extract was destroyed.
    IncidentClosed {
        /// The incident's number.
        incident: i64,
        /// Why.
        why: String,
    },
    /// Something a person should know of went wrong, and the daemon went on.
    Failed {
        /// What was being done.
        what: String,
        /// Why it failed.
        why: String,
    },
    /// Something is wrong that people are told of, or has grown worse.
    ConditionBegan {
        /// What it is, as `pull/missing-children/police`.
        name: String,
        /// The same for people.
        says: String,
        /// Since when.
        since: Timestamp,
        /// How bad it is.
        level: i64,
    },
    /// It is over.
    ConditionEnded {
        /// What it was.
        name: String,
        /// Since when it had been so.
        since: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// People said something about the figures.
    Deliberation(Deliberation),
    /// The daemon came up.
    Started {
        /// The program's version.
        version: String,
    },
    /// A person confirmed that this machine is the board's.
    Adopted {},
    /// A timetable other than the one before took effect.
    TimetableTookEffect {
        /// The digest of its definitions.
        definitions: String,
        /// What moved, in a sentence.
        says: String,
    },
}

impl Event {
    /// Whether it says that a submission waits for a person.
    pub fn holds(&self, id: i64) -> bool {
        matches!(self, Self::Decided { submission, verdict: Verdict::Held, .. } if *submission == id)
    }

    /// Its kind, in one word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::DueMoved { .. } => "due_moved",
            Self::AgreementRenewed {} => "agreement_renewed",
            Self::ExtractReceived { .. } => "extract_received",
            Self::Storing { .. } => "storing",
            Self::Stored { .. } => "stored",
            Self::Decided { .. } => "decided",
            Self::Released { .. } => "released",
            Self::NilReturned { .. } => "nil_returned",
            Self::Told { .. } => "told",
            Self::Skipped { .. } => "skipped",
            Self::NoLongerOwed { .. } => "no_longer_owed",
            Self::Provisional {} => "provisional",
            Self::FinalAsked { .. } => "final_asked",
            Self::EscalationHeld { .. } => "escalation_held",
            Self::EscalationFreed { .. } => "escalation_freed",
            Self::ContactChanged { .. } => "contact_changed",
            Self::AskedWhy { .. } => "asked_why",
            Self::Commented { .. } => "commented",
            Self::Extended { .. } => "extended",
            Self::Waived { .. } => "waived",
            Self::Reopened { .. } => "reopened",
            Self::Deferred { .. } => "deferred",
            Self::Bounced { .. } => "bounced",
            Self::MessageArrived { .. } => "message_arrived",
            Self::MessageDecided { .. } => "message_decided",
            Self::MessageSettled { .. } => "message_settled",
            Self::Found { .. } => "found",
            Self::Refreshed { .. } => "refreshed",
            Self::Issued { .. } => "issued",
            Self::PackHeld { .. } => "pack_held",
            Self::SignOff(event) => event.kind(),
            Self::Explained { .. } => "explained",
            Self::IncidentOpened { .. } => "incident_opened",
            Self::IncidentRead { .. } => "incident_read",
            Self::IncidentClosed { .. } => "incident_closed",
            Self::Failed { .. } => "failed",
            Self::ConditionBegan { .. } => "condition_began",
            Self::ConditionEnded { .. } => "condition_ended",
            Self::Deliberation(event) => event.kind(),
            Self::Started { .. } => "started",
            Self::Adopted {} => "adopted",
            Self::TimetableTookEffect { .. } => "timetable_took_effect",
        }
    }
}

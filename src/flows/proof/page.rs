//! What the document prints: every text of it, for the template to set.

use serde_json::{Value, json};

use super::{
    File, Message, Owed, Proof,
    events::{moment, verdict_words},
    finding, outcome,
};
use crate::{
    domain::{
        civil_day,
        words::{capital, lower_first},
    },
    flows::Board,
    ledger::OutboxState,
};

/// So many findings of a file are printed.
const PRINTED: usize = 40;

pub(super) fn data(board: &Board, proof: &Proof) -> Value {
    let agency = board.agency_name(&proof.asked.agency);
    let period = proof.asked.period;
    json!({
        "board": board.name,
        "example": board.example,
        "agency": agency,
        "period": period.human(),
        "as_at": moment(proof.as_at),
        "as_at_day": outcome::day(civil_day(proof.as_at)),
        "contact": format!("{}, {}, {}", board.contact.name, board.contact.phone, board.contact.email),
        "alarm": alarm(proof),
        "owed": proof.owed.iter().map(|owed| section(board, proof, owed)).collect::<Vec<_>>(),
        "verification": verification(proof),
    })
}

/// What is said first where the ledger does not agree with itself. Of what is wrong, only what is about these obligations
/// is printed: the rest is not its reader's.
fn alarm(proof: &Proof) -> Option<Value> {
    if proof.wrong.is_empty() {
        return None;
    }
    let is_ours = |wrong: &&String| proof.owed.iter().any(|owed| wrong.contains(&owed.obligation.key.to_string()));
    let ours: Vec<&String> = proof.wrong.iter().filter(is_ours).take(PRINTED).collect();
    let others = proof.wrong.len() - ours.len();
    let others = match others {
        0 => None,
        1 => Some("One more thing is wrong in the ledger; `quarterday verify` names it.".to_owned()),
        more => Some(format!("{more} more things are wrong in the ledger; `quarterday verify` names them.")),
    };
    Some(json!({ "wrong": ours, "others": others }))
}

fn section(board: &Board, proof: &Proof, owed: &Owed) -> Value {
    let obligation = &owed.obligation;
    let entries = owed.entries.iter().map(|entry| {
        let to = if entry.recipient.is_empty() {
            String::new()
        } else {
            format!("{}, {}", capital(&entry.role), entry.recipient)
        };
        let detail = [entry.relay.as_str(), &entry.detail, &to];
        let detail: Vec<&str> = detail.into_iter().filter(|part| !part.is_empty()).collect();
        json!({
            "when": moment(entry.at),
            "what": entry.what,
            "detail": detail.join("; "),
            "by": entry.by,
            "number": entry.seq,
        })
    });
    let decisions = owed.entries.iter().filter(|entry| entry.is_decision);
    let decisions = decisions
        .map(|entry| json!({ "when": moment(entry.at), "what": entry.what, "detail": entry.detail, "by": entry.by }));
    json!({
        "title": board.return_title(&obligation.key.return_id),
        "key": obligation.key.to_string(),
        "due": moment(obligation.due_at),
        "rule": obligation.rule,
        "ground": ground(board, owed),
        "outcome": outcome::of(owed, &board.timetable.ladder, proof.as_at),
        "entries": entries.collect::<Vec<_>>(),
        "messages": owed.messages.iter().map(message).collect::<Vec<_>>(),
        "files": owed.files.iter().map(file).collect::<Vec<_>>(),
        "decisions": decisions.collect::<Vec<_>>(),
    })
}

/// Under what it is asked for, as the definitions stand.
fn ground(board: &Board, owed: &Owed) -> String {
    let Some(contract) = board.returns.get(&owed.obligation.key.return_id) else {
        return "The return is no longer defined, so the agreement is not named here.".to_owned();
    };
    let governance = &contract.governance;
    format!(
        "{} (to be reviewed by {}), {}",
        governance.agreement,
        outcome::day(governance.agreement_review),
        lower_first(&governance.purpose)
    )
}

fn message(one: &Message) -> Value {
    let row = &one.row;
    let says = row.says.clone().unwrap_or_default();
    let at = row.settled_at.map(moment).unwrap_or_default();
    let outcome = match row.state {
        OutboxState::Sent => format!("Accepted by the relay on {at}: {says}"),
        OutboxState::Written => format!("Written to a folder on {at}, not sent: no evidence that anybody was told"),
        OutboxState::Refused => format!("Refused for good on {at}: {says}"),
        OutboxState::Superseded => format!("Did not leave, {at}: {says}"),
        OutboxState::Queued | OutboxState::Sending => "Has not left".to_owned(),
    };
    let bounced = one.bounced.as_ref().map(|status| format!("Came back {status}").trim_end().to_owned());
    json!({
        "kind": capital(&one.kind().replace('-', " ")),
        "role": capital(&one.role),
        "to": row.recipient,
        "outcome": outcome,
        "bounced": bounced,
        "id": one.id,
    })
}

fn file(one: &File) -> Value {
    let submission = &one.submission;
    let findings: Vec<String> = one.findings.iter().take(PRINTED).map(finding).collect();
    let verdict = submission.verdict.map_or("being checked", verdict_words);
    json!({
        "number": submission.id,
        "arrived": moment(submission.received_at),
        "sha256": if submission.sha256.is_empty() { None } else { Some(&submission.sha256) },
        "verdict": capital(verdict),
        "reason": submission.reason,
        "findings": findings,
        "more": one.findings.len().saturating_sub(PRINTED),
    })
}

fn verification(proof: &Proof) -> Value {
    let asked = &proof.asked;
    let of = asked.return_id.as_ref().map(|return_id| format!(" --return {return_id}")).unwrap_or_default();
    json!({
        "whole": proof.wrong.is_empty(),
        "wrong": proof.wrong.len(),
        "events": proof.events,
        "head": proof.head,
        "verify": "quarterday verify",
        "again": format!("quarterday evidence --agency {} --period {}{of}", asked.agency, asked.period),
    })
}

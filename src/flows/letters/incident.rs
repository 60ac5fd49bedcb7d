//! What is written of a file with identities in it: how to put it right, and never what stood there.

use super::{
    super::{
        App,
        intake::{is_withheld, words_of},
    },
    due, in_reply, manager, post, recipients, with_sender,
};
use crate::{
    check::Contract,
    domain::civil_day,
    ledger::{FindingRow, Incident, MASTER, Obligation, OutboxRow, Submission},
    mail::{Letter, Sealed, things},
    timetable::Role,
};

/// How the source of a file begins that came into the mailbox.
const BY_MAIL: &str = "by mail from ";

/// The letters to whoever sent it and their lead and deputy, to the manager and to the custodian; `again` when the same
/// file came once more.
pub(in super::super) async fn incident(
    app: &App,
    obligation: &Obligation,
    submission: &Submission,
    contract: &Contract,
    incident: &Incident,
    findings: &[FindingRow],
    again: bool,
) -> anyhow::Result<Vec<OutboxRow>> {
    let now = app.clock.now();
    let calendar = &app.board.timetable.calendar();
    let id = submission.id;
    let (sender, message_id) = app.ledger.read(move |txn| Ok((txn.sender_of(id)?, txn.message_id_of(id)?))).await?;
    let places = lies(app, contract, submission);
    let sealed = Sealed {
        due: due(app, obligation),
        arrived_at: submission.received_at,
        incident: incident.id,
        what: words_of(incident).into_iter().map(str::to_owned).collect(),
        findings: things(findings),
        lies: places.for_the_sender,
        destroyed_on: incident.destroy_on,
        destroyed: incident.closed_at.is_some(),
        again,
    };
    let mut rows = Vec::new();
    // What nobody owes and nobody sent by mail has nobody to be told but the manager.
    if obligation.duty || sender.is_some() {
        let fix_by = app.board.ladder(&obligation.key).corrected_by(obligation, calendar, now)?.max(civil_day(now));
        let letter = Letter::IncidentSender { sealed: sealed.clone(), fix_by };
        let wrote = sender.as_ref().map(|(_, email)| email.clone()).unwrap_or_default();
        let people = with_sender(recipients(app, &obligation.key.agency, &[Role::Lead, Role::Deputy], now), sender);
        let told = post(app, &format!("answer/{id}"), Some(obligation), people, &letter, now)?;
        rows.extend(in_reply(told, &wrote, message_id.as_deref()));
    }
    let custodian = app.board.custodian.as_ref().map(|custodian| custodian.person.clone());
    let letter = Letter::IncidentManager {
        sealed: Sealed { lies: places.for_the_manager, ..sealed },
        custodian: custodian.as_ref().filter(|_| incident.sealed_for != MASTER).map(|person| person.name.clone()),
        told: rows.iter().map(|row| row.recipient.clone()).collect(),
    };
    let mut people = vec![manager(app)];
    people.extend(custodian.filter(|person| person.email != people[0].email));
    rows.extend(post(app, &format!("incident/{}/{id}", incident.id), None, people, &letter, now)?);
    Ok(rows)
}

/// Where else the file lies, in words.
struct Places {
    for_the_sender: Vec<String>,
    for_the_manager: Vec<String>,
}

/// Where else the file lies; its name only where that tells of nobody.
fn lies(app: &App, contract: &Contract, submission: &Submission) -> Places {
    let named = if is_withheld(&submission.name) {
        ", under a name that is withheld because it tells of a child too".to_owned()
    } else {
        format!(", as {}", submission.name)
    };
    let source = submission.source.as_str();
    let made = "the copies where it was made: the case system's export, a download folder, a shared drive".to_owned();
    if source.starts_with(BY_MAIL) {
        let mailbox = app.mailbox.as_ref().map(|mailbox| mailbox.settings());
        let ours = mailbox.map_or_else(
            || "the mailbox it was sent to".to_owned(),
            |ours| format!("the mailbox {}, in its folder {} or {}", ours.user, ours.done_folder, ours.held_folder),
        );
        let theirs = "the sent items of whoever sent it, and the mailbox of everybody else it was sent to";
        let there = "the mailbox it was sent to; our board's manager is asked to delete it there";
        return Places {
            for_the_sender: vec![format!("{theirs}{named}"), there.to_owned(), made.clone()],
            for_the_manager: vec![
                format!("{ours}{named}; please delete the message there, it is not done for you"),
                theirs.to_owned(),
                made,
            ],
        };
    }
    let folder = contract.source.folder_of(&submission.obligation.agency);
    let came = match (source.strip_prefix("brought by "), folder) {
        (Some(who), _) => format!("the copy that {who} brought{named}"),
        (None, Some((place, _))) => format!("the shared folder {place}{named}; it is not deleted there for you"),
        (None, None) => format!("{source}, where it came from{named}"),
    };
    let places = vec![came, made];
    Places { for_the_sender: places.clone(), for_the_manager: places }
}

//! What is written of a file with identities in it: how to put it right, and never what stood there.

use super::{
    super::{
        App,
        intake::{is_withheld, words_of},
    },
    due, manager, post, recipients,
};
use crate::{
    check::Contract,
    domain::civil_day,
    ledger::{FindingRow, Incident, MASTER, Obligation, OutboxRow, Submission},
    mail::{Letter, Sealed, things},
    timetable::Role,
};

/// The letters to the sender, the manager and the custodian; `again` when the same file came once more.
pub(in super::super) fn incident(
    app: &App,
    obligation: &Obligation,
    submission: &Submission,
    contract: &Contract,
    incident: &Incident,
    findings: &[FindingRow],
    again: bool,
) -> anyhow::Result<Vec<OutboxRow>> {
    let now = app.clock.now();
    let calendar = &app.board.timetable.calendar;
    let sealed = Sealed {
        due: due(app, obligation, contract),
        arrived_at: submission.received_at,
        incident: incident.id,
        what: words_of(incident).into_iter().map(str::to_owned).collect(),
        findings: things(findings),
        lies: lies(contract, submission),
        destroyed_on: incident.destroy_on,
        destroyed: incident.closed_at.is_some(),
        again,
    };
    let mut rows = Vec::new();
    if obligation.duty {
        let fix_by = app.board.timetable.ladder.corrected_by(obligation, calendar, now)?.max(civil_day(now));
        let letter = Letter::IncidentSender { sealed: sealed.clone(), fix_by };
        let people = recipients(app, obligation, &[Role::Lead, Role::Deputy]);
        rows.extend(post(app, &format!("answer/{}", submission.id), Some(obligation), people, &letter, now)?);
    }
    let custodian = app.board.custodian.as_ref().map(|custodian| custodian.person.clone());
    let letter = Letter::IncidentManager {
        sealed,
        custodian: custodian.as_ref().filter(|_| incident.sealed_for != MASTER).map(|person| person.name.clone()),
    };
    let mut people = vec![manager(app)];
    people.extend(custodian.filter(|person| person.email != people[0].email));
    rows.extend(post(app, &format!("incident/{}/{}", incident.id, submission.id), None, people, &letter, now)?);
    Ok(rows)
}

/// Where else the file lies, in words; its name only where that tells of nobody.
fn lies(contract: &Contract, submission: &Submission) -> Vec<String> {
    let named = if is_withheld(&submission.name) {
        ", under a name that is withheld because it tells of a child too".to_owned()
    } else {
        format!(", as {}", submission.name)
    };
    let source = submission.source.as_str();
    let folder = contract.source.folder_of(&submission.obligation.agency);
    let came = match (source.strip_prefix("brought by "), folder) {
        (Some(who), _) => format!("the copy that {who} brought{named}"),
        (None, _) if source.contains('@') || source.contains("mail") => {
            format!("the mailbox it was sent to, and the sent items of whoever sent it{named}")
        }
        (None, Some((place, _))) => format!("the shared folder {place}{named}; it is not deleted there for you"),
        (None, None) => format!("{source}, where it came from{named}"),
    };
    vec![came, "the copies where it was made: the case system's export, a download folder, a shared drive".to_owned()]
}

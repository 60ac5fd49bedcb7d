//! The messages on the way to a pack's sign-off: the draft to the chair, the reminder, the vice-chair, and what is sent back.

use jiff::Timestamp;

use super::{
    super::{App, approve},
    manager, post, post_with,
};
use crate::{
    domain::civil_day,
    ledger::{Asking, Draft, OutboxRow, Said, SignOffKey, Signatory},
    mail::{Attachment, Content, Letter, Person, SentBack, ToSign},
    timetable::Meeting,
};

/// One person who is asked at one step.
pub(in super::super) struct Asked<'a> {
    pub meeting: &'a Meeting,
    pub draft: &'a Draft,
    /// Whether they see this draft for the first time.
    pub is_new: bool,
    pub asking: Asking,
    pub who: Signatory,
    pub person: Person,
}

/// The draft's pages as they go with a message.
pub(in super::super) fn draft_file(key: &SignOffKey, pdf: Vec<u8>) -> Attachment {
    let name = format!("DRAFT {} {}.pdf", key.pack, key.period);
    Attachment {
        otherwise: format!("The draft was too large to attach; ask us for {name}."),
        name,
        media_type: "application/pdf".into(),
        content: Content::Bytes(pdf),
    }
}

/// The message to one of those who are asked, with the draft's pages if there are any; the manager sees what the chair got.
pub(in super::super) fn sign_off(
    app: &App,
    asked: Asked<'_>,
    files: &[Attachment],
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let Asked { meeting, draft, is_new, asking, who, person } = asked;
    let times = app.board.timetable.sign_off_times(meeting)?;
    let chair = app.board.chair.as_ref().map(|chair| chair.name.clone()).unwrap_or_default();
    let page = approve::path(app, meeting, &draft.sha256, who, &person)?;
    let role = if who == Signatory::Manager { Signatory::Chair } else { who };
    let to_sign = ToSign {
        title: title(app, &meeting.pack),
        period: meeting.period,
        meeting: meeting.on,
        sign_by: civil_day(times.reminded),
        circulated_at: times.circulated,
        gaps: draft.gaps.clone(),
        chair,
        to_manager: who == Signatory::Manager,
        instead: who == Signatory::ViceChair,
        page,
        command: command(meeting, role),
    };
    let letter = match (is_new, who) {
        (_, Signatory::ViceChair) | (false, _) => Letter::SignOff(to_sign),
        (true, Signatory::Chair | Signatory::Manager) => Letter::Draft(to_sign),
    };
    let digest = draft.sha256.get(..16).unwrap_or_default();
    let key = format!("sign-off/{}/{}/{}/{}/{digest}", meeting.pack, meeting.period, meeting.on, asking.as_str());
    post_with(app, &key, None, vec![person], &letter, files, now)
}

/// What somebody said who would not sign yet, to the manager.
pub(in super::super) fn sent_back(
    app: &App,
    key: &SignOffKey,
    said: &Said,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let letter = Letter::SentBack(SentBack {
        title: title(app, &key.pack),
        period: key.period,
        meeting: key.meeting,
        by: format!("{} ({})", said.by, said.role.as_str()),
        says: said.because.clone().unwrap_or_default(),
        command: format!("quarterday pack draft {} {}", key.pack, key.period),
    });
    let digest = said.draft_sha256.get(..16).unwrap_or_default();
    post(app, &format!("sent-back/{key}/{digest}"), None, vec![manager(app)], &letter, now)
}

fn title(app: &App, pack: &str) -> String {
    app.board.packs.get(pack).map_or_else(|| pack.to_owned(), |pack| pack.title().to_owned())
}

/// The command that records a sign-off.
fn command(meeting: &Meeting, role: Signatory) -> String {
    let as_whom = if role == Signatory::Chair { String::new() } else { format!(" --as {}", role.as_str()) };
    format!("quarterday approve {} {}{as_whom} --because \"…\"", meeting.pack, meeting.period)
}

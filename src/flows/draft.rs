//! The chair's draft of a pack, and the steps of its sign-off: each asked once, after an outage only the last of them.
//!
//! A draft has no number and goes to nobody but those who sign. It is kept below `drafts/` until a newer one takes its place.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::{
    App,
    edition::{Pages, basis, definition, imprint, pages},
    first_cycle,
    letters::{self, Asked},
    publish::{is_settled, sign_off_key},
    readiness::{is_nothing_accepted, readiness},
};
use crate::{
    domain::{Period, civil_day, sha256},
    fault,
    ledger::{Asking, Draft, Event, SignOff, SignOffEvent, SignOffKey, Signatory},
    mail::Person,
    pack::{Imprint, PDF},
    timetable::{self, Meeting},
};

/// Where drafts lie in the data folder.
const DRAFTS: &str = "drafts";

/// Does the step of the meeting's sign-off that is due; says whether there was one.
pub(super) async fn look(app: &App, meeting: &Meeting) -> anyhow::Result<bool> {
    let Some(asking) = due(app, meeting).await? else { return Ok(false) };
    // Who signs is asked once; after the rehearsal, what is then due.
    if first_cycle::is_rehearsing(&app.board, &app.ledger).await? {
        return Ok(false);
    }
    let key = sign_off_key(meeting);
    let known = app.ledger.read(move |txn| txn.sign_off(&key)).await?;
    if is_nothing_accepted(app).await? {
        return Ok(false);
    }
    let (draft, pdf, is_new) = match known.draft.clone() {
        Some(draft) => {
            let pdf = read(app, &draft)?;
            (draft, pdf, false)
        }
        None => {
            let (draft, pdf) = make(app, meeting).await?;
            (draft, pdf, true)
        }
    };
    ask(app, meeting, asking, draft, pdf, is_new).await
}

/// A person has a new draft made, in place of one that was sent back or is out of date; the chair gets it.
///
/// # Errors
/// When no meeting waits for this pack, it is signed off, or the draft cannot be made.
pub async fn renew(app: &App, pack: &str, period: Period) -> anyhow::Result<String> {
    definition(app, pack)?;
    let meeting = &open(app, pack, period).await?;
    let Some(chair) = &app.board.chair else {
        bail!("nobody chairs: name one under [chair] in config/quarterday.toml")
    };
    let key = sign_off_key(meeting);
    let known = app.ledger.read(move |txn| txn.sign_off(&key)).await?;
    if let Some((said, at)) = &known.approved {
        bail!("{} signed it off on {}; the draft stays as it is", said.by, civil_day(*at).strftime("%-d %B %Y"));
    }
    let circulation = app.board.timetable.circulation(meeting)?;
    if app.clock.now() >= circulation {
        let on = civil_day(circulation).strftime("%-d %B %Y");
        bail!("its circulation was on {on}: a sign-off can still be recorded, with `quarterday approve`");
    }
    let (draft, pdf) = make(app, meeting).await?;
    // Whoever was asked about the draft before it sees this one.
    ask(app, meeting, known.asked.unwrap_or(Asking::Draft), draft, pdf, true).await?;
    Ok(format!("a new draft of {pack} for {} goes to {}", period.human(), chair.name))
}

/// The meeting whose pack has not gone out.
///
/// # Errors
/// When there is none.
pub(super) async fn open(app: &App, pack: &str, period: Period) -> anyhow::Result<Meeting> {
    for meeting in app.board.timetable.meetings().iter().filter(|one| one.pack == pack && one.period == period) {
        if !is_settled(app, meeting).await? {
            return Ok(meeting.clone());
        }
    }
    bail!("no pack {pack} for {} waits to go out: see [[meeting]] in config/timetable.toml", period.human())
}

/// The step that is due, if the timetable, the board and what was said so far ask for one.
async fn due(app: &App, meeting: &Meeting) -> anyhow::Result<Option<Asking>> {
    let times = app.board.timetable.sign_off_times(meeting)?;
    let is_ours = app.board.chair.is_some() && civil_day(times.circulated) >= app.board.timetable.starts_on;
    if !is_ours || is_settled(app, meeting).await? {
        return Ok(None);
    }
    let key = sign_off_key(meeting);
    let known = app.ledger.read(move |txn| txn.sign_off(&key)).await?;
    Ok(timetable::asked(&times, &known, app.board.vice_chair.is_some(), app.clock.now()))
}

/// Sets the pages of a draft and makes them durable.
async fn make(app: &App, meeting: &Meeting) -> anyhow::Result<(Draft, Option<Vec<u8>>)> {
    let (definition, now) = (definition(app, &meeting.pack)?, app.clock.now());
    let basis = basis(app, definition, meeting.period).await?;
    let missing = readiness(app, definition, meeting.period).await?.missing().to_vec();
    let imprint = Imprint { missing, ..imprint(app, definition, meeting.period, Some(meeting), &basis, now) };
    let folder = |sha256: &str| format!("{DRAFTS}/{}-{}", folder_of(meeting), &sha256[..16]);
    let Pages { sha256, folder, pdf, gaps } = pages(app, definition, &basis, &imprint, folder).await?;
    fault::point("draft-after-freeze");
    Ok((Draft { sha256, folder, vector: basis.vector, gaps, made_at: now }, pdf))
}

/// Records the step with its messages in one transaction; older drafts are cleared away after it.
async fn ask(
    app: &App,
    meeting: &Meeting,
    asking: Asking,
    draft: Draft,
    pdf: Option<Vec<u8>>,
    is_new: bool,
) -> anyhow::Result<bool> {
    let (key, now) = (sign_off_key(meeting), app.clock.now());
    let file = pdf.map(|pdf| letters::draft_file(&key, pdf));
    let mut messages = Vec::new();
    for (who, person) in recipients(app, asking, is_new) {
        let asked = Asked { meeting, draft: &draft, is_new, asking, who, person };
        messages.extend(letters::sign_off(app, asked, file.as_slice(), now)?);
    }
    let event = SignOffEvent::Asked { asking, keys: messages.iter().map(|message| message.key.clone()).collect() };
    let drafted = is_new.then(|| SignOffEvent::Drafted {
        draft_sha256: draft.sha256.clone(),
        folder: draft.folder.clone(),
        vector: draft.vector.clone(),
        gaps: draft.gaps.clone(),
    });
    let subject = key.to_string();
    let asked = app.ledger.write(move |txn| {
        let known = txn.sign_off(&key)?;
        // Somebody may have signed while the pages were set.
        if known.approved.is_some() || known.circulated.is_some() {
            return Ok(false);
        }
        if let Some(drafted) = drafted {
            txn.call_off(&known, now, "a newer draft takes its place")?;
            txn.append(now, &subject, "daemon", &Event::SignOff(drafted))?;
        }
        txn.append(now, &subject, "daemon", &Event::SignOff(event))?;
        for message in &messages {
            txn.enqueue(message)?;
        }
        Ok(true)
    });
    let asked = asked.await?;
    fault::point("draft-after-asked");
    clear_older(app, meeting, &draft)?;
    tracing::info!(pack = meeting.pack, meeting = %meeting.on, asking = asking.as_str(), "a sign-off was asked for");
    Ok(asked)
}

/// Who is asked at a step. Whoever was never shown a draft is shown it now.
fn recipients(app: &App, asking: Asking, is_new: bool) -> Vec<(Signatory, Person)> {
    let board = &app.board;
    let chair = board.chair.iter().map(|chair| (Signatory::Chair, chair.clone()));
    let mut people: Vec<(Signatory, Person)> = match asking {
        Asking::Draft | Asking::Reminder => chair.collect(),
        Asking::ViceChair => {
            let vice_chair = board.vice_chair.iter().map(|person| (Signatory::ViceChair, person.clone()));
            chair.filter(|_| is_new).chain(vice_chair).collect()
        }
    };
    if is_new {
        people.push((Signatory::Manager, board.manager.clone()));
    }
    let mut seen = std::collections::BTreeSet::new();
    people.retain(|(_, person)| seen.insert(person.email.clone()));
    people
}

/// The draft's pages as they were frozen; none in a rehearsal.
fn read(app: &App, draft: &Draft) -> anyhow::Result<Option<Vec<u8>>> {
    if app.is_rehearsal {
        return Ok(None);
    }
    let path = app.board.data.join(&draft.folder).join(PDF);
    let bytes = fs::read(&path).with_context(|| format!("{}, the draft that is to be signed", path.display()))?;
    if sha256(&bytes) != draft.sha256 {
        bail!("{} is not the draft that was made; `quarterday pack draft` makes another", path.display());
    }
    Ok(Some(bytes))
}

/// Removes the meeting's other drafts, also one that was cut short before its receipt.
fn clear_older(app: &App, meeting: &Meeting, draft: &Draft) -> anyhow::Result<()> {
    if app.is_rehearsal {
        return Ok(());
    }
    let (drafts, of_meeting) = (app.board.data.join(DRAFTS), folder_of(meeting));
    let kept = Path::new(&draft.folder).file_name();
    for entry in fs::read_dir(&drafts).with_context(|| drafts.display().to_string())? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        // One that was cut short begins with a dot.
        let is_of_meeting = name.to_string_lossy().trim_start_matches('.').starts_with(&format!("{of_meeting}-"));
        if is_of_meeting && Some(name.as_os_str()) != kept {
            fs::remove_dir_all(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

fn folder_of(meeting: &Meeting) -> String {
    format!("{}-{}-{}", meeting.pack, meeting.period, meeting.on)
}

/// How far the sign-off of a key has come.
pub(super) async fn known(app: &App, key: &SignOffKey) -> anyhow::Result<SignOff> {
    let key = key.clone();
    Ok(app.ledger.read(move |txn| txn.sign_off(&key)).await?)
}

/// When the link to a draft ends: at the circulation.
pub(super) fn link_ends(app: &App, meeting: &Meeting) -> anyhow::Result<Timestamp> {
    Ok(app.board.timetable.circulation(meeting)?)
}

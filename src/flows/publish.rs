//! Packs on their timetable: drafted, signed off and circulated on their days, or held with the manager told.

use jiff::{Timestamp, ToSpan, civil};

use super::{
    App, draft,
    edition::{self, By},
    first_cycle, letters,
    readiness::{NOTHING, Readiness, readiness},
    retry,
};
use crate::{
    domain::{Period, civil_day},
    ledger::{Event, LedgerError, OutboxRow, SignOffKey},
    timetable::{Meeting, instant_on, next_asking},
};

/// Does what is due for every meeting's pack; answers with how many were drafted, asked about or issued.
pub async fn publish(app: &App) -> anyhow::Result<usize> {
    let mut done = 0;
    for meeting in app.board.timetable.meetings().iter() {
        let what = format!("Drafting the pack {} for the meeting of {}", meeting.pack, meeting.on);
        done += attempt(app, &format!("draft/{}", occurrence(meeting)), &what, draft::look(app, meeting)).await?;
        let what = format!("Issuing the pack {} for the meeting of {}", meeting.pack, meeting.on);
        done += attempt(app, &occurrence(meeting), &what, circulate(app, meeting)).await?;
    }
    Ok(done)
}

/// One step, unless it failed a moment ago; a failure is remembered, and the others have their turn.
async fn attempt(
    app: &App,
    key: &str,
    what: &str,
    step: impl Future<Output = anyhow::Result<bool>>,
) -> anyhow::Result<usize> {
    if !retry::is_due(app, key, app.clock.now()).await? {
        return Ok(0);
    }
    match step.await {
        Ok(false) => Ok(0),
        Ok(true) => {
            retry::succeeded(app, key).await?;
            Ok(1)
        }
        Err(error) => {
            retry::failed(app, key, what, &error).await;
            Ok(0)
        }
    }
}

/// When something is next due for a pack that was not issued yet.
pub async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let (now, has_vice_chair) = (app.clock.now(), app.board.vice_chair.is_some());
    let mut next: Option<Timestamp> = None;
    for meeting in app.board.timetable.meetings().iter() {
        if is_settled(app, meeting).await? {
            continue;
        }
        let times = app.board.timetable.sign_off_times(meeting)?;
        let asking = next_asking(&times, has_vice_chair, now).filter(|_| app.board.chair.is_some());
        let over = instant_on(meeting.on.saturating_add(1.day()), civil::Time::midnight());
        let steps = [asking, Some(times.circulated), Some(over)];
        let at = steps.into_iter().flatten().filter(|at| *at > now).min();
        next = next.into_iter().chain(at).min();
    }
    Ok(next)
}

/// Issues the meeting's pack if its day has come and nothing stands in its way.
async fn circulate(app: &App, meeting: &Meeting) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let timetable = &app.board.timetable;
    let circulation = timetable.circulation(meeting)?;
    if circulation > now || civil_day(circulation) < timetable.starts_on || is_settled(app, meeting).await? {
        return Ok(false);
    }
    if first_cycle::is_rehearsing(&app.board, &app.ledger).await? {
        return rehearse(app, meeting, now).await;
    }
    let is_over = civil_day(now) > meeting.on;
    let held = format!("{}/held", occurrence(meeting));
    let was_held = app.ledger.read(move |txn| txn.occurrence(&held)).await?.is_some();
    let late = timetable.calendar().working_days_between(civil_day(circulation), civil_day(now))?;
    if is_over || (late > timetable.packs_within && !was_held) {
        let why = match was_held {
            true => "it was not ready before the meeting".to_owned(),
            false => format!("its circulation was {late} working days ago, so it waits for a person"),
        };
        return give_up(app, meeting, &why, now).await;
    }
    let definition = edition::definition(app, &meeting.pack)?;
    match readiness(app, definition, meeting.period).await? {
        Readiness::Hold(missing) => hold(app, meeting, missing, now).await,
        ready @ (Readiness::Ready | Readiness::Gaps(_)) => {
            let by = By::timetable();
            edition::issue(app, &meeting.pack, meeting.period, Some(meeting), ready.missing(), by).await?;
            Ok(true)
        }
    }
}

/// Issues nothing while the first cycle is rehearsed, and says so once: after it is confirmed, the pack is as late as it is.
async fn rehearse(app: &App, meeting: &Meeting, now: Timestamp) -> anyhow::Result<bool> {
    let what = format!("The {} pack for {} would go out now", meeting.pack, meeting.period.human());
    let why = "the first cycle is a rehearsal until a person has confirmed it, and a pack is issued once";
    let next_step = format!(
        "`quarterday confirm` ends the rehearsal; within {} working days of today and before the meeting the pack then goes out \
         by itself, if what it asks for is there. `quarterday pack issue {} {}` issues this one alone",
        app.board.timetable.packs_within, meeting.pack, meeting.period
    );
    let alarms = letters::alarm(app, &what, why, &next_step, now)?;
    tell_once(app, format!("{}/rehearsed", occurrence(meeting)), "told".to_owned(), alarms, None, now).await
}

/// Leaves the pack to a person, and says so once.
async fn give_up(app: &App, meeting: &Meeting, why: &str, now: Timestamp) -> anyhow::Result<bool> {
    let next_step = format!("`quarterday pack issue {} {}` issues it", meeting.pack, meeting.period);
    let what = format!("The {} pack for {} was not issued", meeting.pack, meeting.period.human());
    let alarms = letters::alarm(app, &what, why, &next_step, now)?;
    tell_once(app, occurrence(meeting), format!("held: {why}"), alarms, None, now).await?;
    Ok(false)
}

/// Has the pack wait for what is missing, and says so once.
async fn hold(app: &App, meeting: &Meeting, missing: Vec<String>, now: Timestamp) -> anyhow::Result<bool> {
    let what = format!("The {} pack for {} is not ready", meeting.pack, meeting.period.human());
    let mut next_step = format!(
        "see to what is missing, and it goes out by itself, at most until the meeting on {}",
        meeting.on.strftime("%-d %B")
    );
    if missing != [NOTHING] {
        let (pack, period) = (&meeting.pack, meeting.period);
        let now =
            format!("; `quarterday pack issue {pack} {period} --because \"…\"` issues it now and prints your reason");
        next_step.push_str(&now);
    }
    let alarms = letters::alarm_for(app, &what, &missing, &next_step, now)?;
    let event = (format!("pack/{}", meeting.pack), Event::PackHeld { missing });
    tell_once(app, format!("{}/held", occurrence(meeting)), "waits".to_owned(), alarms, Some(event), now).await
}

/// Settles an occurrence with its messages and what is recorded of it; says whether it was not settled before.
async fn tell_once(
    app: &App,
    key: String,
    outcome: String,
    messages: Vec<OutboxRow>,
    event: Option<(String, Event)>,
    now: Timestamp,
) -> anyhow::Result<bool> {
    let told = app.ledger.write(move |txn| {
        let first = txn.settle_occurrence(now, &key, &outcome)?;
        if first {
            for message in &messages {
                txn.enqueue(message)?;
            }
            if let Some((subject, event)) = event {
                txn.append(now, &subject, "daemon", &event)?;
            }
        }
        Ok::<_, LedgerError>(first)
    });
    Ok(told.await?)
}

/// The meeting for which a pack that a person issues is meant: one whose circulation has come, and which is not over.
pub(super) async fn waiting(app: &App, pack: &str, period: Period) -> anyhow::Result<Option<Meeting>> {
    let now = app.clock.now();
    for meeting in app.board.timetable.meetings().iter().filter(|one| one.pack == pack && one.period == period) {
        let key = occurrence(meeting);
        let outcome = app.ledger.read(move |txn| txn.occurrence(&key)).await?;
        let is_open = outcome.is_none_or(|outcome| outcome.starts_with("held: "));
        if is_open && app.board.timetable.circulation(meeting)? <= now && civil_day(now) <= meeting.on {
            return Ok(Some(meeting.clone()));
        }
    }
    Ok(None)
}

/// Whether the meeting's pack has gone out, or waits for a person. A meeting that moves once its pack is out has no other.
pub(super) async fn is_settled(app: &App, meeting: &Meeting) -> anyhow::Result<bool> {
    let (key, of_any_day) = (occurrence(meeting), format!("pack/{}/{}/", meeting.pack, meeting.period));
    Ok(app.ledger.read(move |txn| Ok(txn.occurrence(&key)?.is_some() || txn.is_issued(&of_any_day)?)).await?)
}

/// What the circulation is called in the ledger.
pub(super) fn occurrence(meeting: &Meeting) -> String {
    format!("pack/{}/{}/{}", meeting.pack, meeting.period, meeting.on)
}

/// What the sign-off is called in the ledger.
pub(super) fn sign_off_key(meeting: &Meeting) -> SignOffKey {
    SignOffKey { pack: meeting.pack.clone(), period: meeting.period, meeting: meeting.on }
}

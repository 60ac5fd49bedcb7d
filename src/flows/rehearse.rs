//! A rehearsal: the engine itself lives through a stretch of time on a simulated clock, and what it would send, to whom
//! and why is told.
//!
//! It runs on an application of its own, whose ledger began empty and whose mailer keeps everything in memory. Files are
//! supposed to come as a list says; where the list is silent, nobody sends anything.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use jiff::{Timestamp, civil};

use super::{
    App, Board, agency_report, chase,
    edition::definition,
    intake::supposed::{self, Supposed},
    readiness::{Readiness, readiness},
};
use crate::{
    domain::{Period, civil_day, words::several},
    ledger::{Event, Obligation, ObligationKey, OutboxState, RecordedEvent, State},
    mail::{Kind, Person},
    timetable::{Ladder, Meeting, Opening, Rung, RungKind, instant_on},
};

/// What is supposed to come, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// For what.
    pub key: ObligationKey,
    /// What it comes to.
    pub what: Supposed,
}

/// A message that would leave.
#[derive(Debug, Clone)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// Its kind, as the outbox has it.
    pub kind: String,
    /// What it is about.
    pub about: Option<ObligationKey>,
    /// To whom: name, what they are, and address.
    pub to: (String, String, String),
    /// Its subject.
    pub subject: String,
    /// The rule that asks for it.
    pub why: String,
    /// What came of it.
    pub outcome: OutboxState,
}

/// A pack whose day comes.
#[derive(Debug, Clone)]
pub struct Pack {
    /// When it would be circulated.
    pub at: Timestamp,
    /// Its name.
    pub pack: String,
    /// Of which period.
    pub period: Period,
    /// The day of the meeting.
    pub meeting: civil::Date,
    /// Whether it would be issued.
    pub is_issued: bool,
    /// On what footing, or why not.
    pub why: String,
}

/// What a rehearsal came to, in the order of time.
#[derive(Debug, Default)]
pub struct Rehearsed {
    /// Messages that left, and those that were overtaken before they did.
    pub messages: Vec<Message>,
    /// Packs.
    pub packs: Vec<Pack>,
    /// What could not be done, in words.
    pub failed: Vec<String>,
}

/// Reads a list of arrivals: CSV with the headings `when,return,agency,period,what`.
///
/// # Errors
/// Every line that cannot be used, by its number.
pub fn arrivals(text: &str, board: &Board, from: Timestamp, to: Timestamp) -> Result<Vec<Arrival>, Vec<String>> {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let headings = lines.next().map(|(_, line)| line.split(',').map(str::trim).collect::<Vec<_>>().join(","));
    if headings.as_deref() != Some(HEADINGS) {
        wrong.push(format!("line 1: the headings are {HEADINGS}"));
    }
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match arrival(line, board) {
            Ok(arrival) if arrival.at < from || arrival.at > to => {
                wrong.push(format!("line {}: {} is not within the rehearsal", number + 1, arrival.at));
            }
            Ok(arrival) => found.push(arrival),
            Err(why) => wrong.push(format!("line {}: {why}", number + 1)),
        }
    }
    found.sort_by_key(|arrival| arrival.at);
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

const HEADINGS: &str = "when,return,agency,period,what";

fn arrival(line: &str, board: &Board) -> Result<Arrival, String> {
    let cells: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
    let [when, return_id, agency, period, what] = cells.as_slice() else {
        return Err(format!("five cells are wanted ({HEADINGS}), and there are {}", cells.len()));
    };
    let at = instant(when).ok_or_else(|| format!("{when:?} is no time; write 2026-07-10 or 2026-07-10 09:30"))?;
    let key: ObligationKey = format!("{return_id}/{agency}/{period}").parse().map_err(|_| {
        format!("{return_id:?}, {agency:?} and {period:?} name nothing that is owed; write a period as 2026-27-Q1")
    })?;
    let contract = board.returns.get(&key.return_id).ok_or_else(|| format!("there is no return {return_id:?}"))?;
    if !contract.agencies.contains(&key.agency) {
        let owers: Vec<&str> = contract.agencies.iter().map(|agency| agency.as_str()).collect();
        return Err(format!("{agency:?} does not owe {return_id}; {} does", owers.join(", ")));
    }
    if !contract.has(key.period) {
        return Err(format!("{return_id} has no period {period}"));
    }
    if civil_day(at) <= key.period.end() {
        return Err(format!("{} has not ended by {when}", key.period.human()));
    }
    let what = what.parse::<Supposed>().map_err(|wanted| format!("{what:?} is not {wanted}"))?;
    Ok(Arrival { at, key, what })
}

/// A day (its noon), a time of a day in London, or an instant.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(day) = civil::Date::strptime("%Y-%m-%d", text) {
        return Some(instant_on(day, civil::time(12, 0, 0, 0)));
    }
    let at = civil::DateTime::strptime("%Y-%m-%d %H:%M", text).ok()?;
    Some(instant_on(at.date(), at.time()))
}

/// Lives through the time until `to`.
///
/// # Errors
/// When the ledger fails; what fails in the engine is in the answer.
pub async fn rehearse(app: &App, to: Timestamp, arrivals: &[Arrival]) -> anyhow::Result<Rehearsed> {
    let mut rehearsed = Rehearsed::default();
    let mut arrivals = arrivals.iter().peekable();
    let mut meetings: Vec<(Timestamp, &Meeting)> = Vec::new();
    let all = app.board.timetable.meetings();
    for meeting in all.iter() {
        let at = app.board.timetable.circulation(meeting)?;
        if at >= app.clock.now() {
            meetings.push((at, meeting));
        }
    }
    meetings.sort_by_key(|(at, _)| *at);
    let mut meetings = meetings.into_iter().peekable();
    leave_the_past(app).await?;
    loop {
        let now = app.clock.now();
        while let Some(arrival) = arrivals.next_if(|arrival| arrival.at <= now) {
            let id = supposed::arrives(app, &arrival.key, arrival.what, "rehearsal").await?;
            supposed::judged(app, id, arrival.what).await.with_context(|| arrival.key.to_string())?;
        }
        // Until nothing more follows from what was done.
        while tick(app).await? {}
        while let Some((at, meeting)) = meetings.next_if(|(at, _)| *at <= now) {
            rehearsed.packs.push(pack(app, at, meeting).await?);
        }
        let (look, message) = app.ledger.read(|txn| Ok((txn.next_look()?, txn.next_message_at()?))).await?;
        let of_the_world = [arrivals.peek().map(|arrival| arrival.at), meetings.peek().map(|(at, _)| *at)];
        let reports = agency_report::next_at(app).unwrap_or_default();
        let next = [look, message, chase::next_opening(app)?, reports].into_iter().chain(of_the_world);
        match next.flatten().filter(|at| *at > now).min() {
            Some(next) if next <= to => app.clock.advance_to(next),
            _ => break,
        };
    }
    tell(app, &mut rehearsed).await?;
    Ok(rehearsed)
}

/// What was due before the rehearsal begins is no part of it: nobody owes it.
async fn leave_the_past(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut past = Vec::new();
    for duty in chase::duties(&app.board) {
        for key in duty.over_by(now) {
            let opening = app.board.timetable.opening(&duty, key.period)?;
            if opening.due_at < now {
                past.push(opening);
            }
        }
    }
    app.ledger
        .write(move |txn| {
            for Opening { key, opens_at, due_at, rule } in past {
                let subject = key.to_string();
                let ObligationKey { return_id, agency, period } = key;
                let opened = Event::Opened { return_id, agency, period, opens_at, duty: false, due_at, rule };
                txn.append(now, &subject, "rehearsal", &opened)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// What a ring does for the timetable, and the post after it; says whether anything happened.
async fn tick(app: &App) -> anyhow::Result<bool> {
    let mut done = chase::chase(app).await? + agency_report::send(app).await?;
    loop {
        let pumped = app.mailroom.pump(&app.ledger, app.clock.now(), None).await?;
        done += pumped.sent + pumped.refused + pumped.superseded;
        if !pumped.more {
            return Ok(done > 0);
        }
    }
}

async fn pack(app: &App, at: Timestamp, meeting: &Meeting) -> anyhow::Result<Pack> {
    let obligations = app.ledger.read(|txn| txn.obligations()).await?;
    let found = readiness(app, definition(app, &meeting.pack)?, meeting.period).await?;
    let is_empty = !obligations.iter().any(|o| o.state == State::Accepted);
    let (is_issued, why) = match found {
        _ if is_empty => (false, "nothing has been accepted yet, so there is nothing to print".to_owned()),
        Readiness::Ready => (true, "nothing stands in its way".to_owned()),
        Readiness::Gaps(missing) => (true, format!("it prints what is missing: {}", missing.join("; "))),
        Readiness::Hold(missing) => (false, format!("it waits for what is missing: {}", missing.join("; "))),
    };
    let (pack, period, meeting) = (meeting.pack.clone(), meeting.period, meeting.on);
    Ok(Pack { at, pack, period, meeting, is_issued, why })
}

/// What the ledger says was sent, with its reasons.
async fn tell(app: &App, rehearsed: &mut Rehearsed) -> anyhow::Result<()> {
    let (events, rows) = app.ledger.read(|txn| Ok((txn.all_events()?, txn.messages()?))).await?;
    let mut of_subject: BTreeMap<String, Vec<RecordedEvent>> = BTreeMap::new();
    let mut reasons: BTreeMap<String, String> = BTreeMap::new();
    let ladder = &app.board.timetable.ladder;
    for recorded in events {
        let before = of_subject.entry(recorded.subject.clone()).or_default();
        match &recorded.event {
            Event::Told { rung, keys, .. } => {
                let obligation = Obligation::fold(before);
                let ladder = obligation.as_ref().map_or(ladder, |obligation| app.board.ladder(&obligation.key));
                let why = because(ladder, rung, obligation.as_ref());
                reasons.extend(keys.iter().map(|key| (key.clone(), why.clone())));
            }
            Event::Failed { what, why } => rehearsed.failed.push(format!("{what}: {why}")),
            _ => {}
        }
        before.push(recorded);
    }
    for row in rows {
        let about: Option<ObligationKey> = row.obligation.as_deref().and_then(|key| key.parse().ok());
        let name = row.message["to"]["name"].as_str().unwrap_or_default().to_owned();
        let role = role(&app.board, &row.recipient);
        rehearsed.messages.push(Message {
            at: row.settled_at.unwrap_or(row.enqueued_at),
            why: reasons.remove(&row.key).unwrap_or_else(|| by_kind(&row.kind).to_owned()),
            kind: row.kind,
            about,
            to: (name, role, row.recipient),
            subject: row.message["subject"].as_str().unwrap_or_default().to_owned(),
            outcome: row.state,
        });
    }
    rehearsed.messages.sort_by_key(|message| message.at);
    Ok(())
}

/// Why a rung is told, in the words of its rule.
fn because(ladder: &Ladder, name: &str, obligation: Option<&Obligation>) -> String {
    let Some(rung) = ladder.rungs.iter().find(|rung| rung.name == name) else {
        return "members of the group are not in the file that stands".to_owned();
    };
    let corrected = obligation.is_some_and(|obligation| obligation.state == State::ToCorrect);
    let missing = if corrected { "no corrected file has come" } else { "nothing has arrived" };
    match rung.kind {
        RungKind::Notice => "the period has ended".to_owned(),
        RungKind::Preview => format!("the manager sees what will go above the lead; {missing}"),
        RungKind::Escalation => format!("{}; the lead was told, and {missing}", counted(rung, corrected)),
        _ => format!("{}; {missing}", counted(rung, corrected)),
    }
}

/// Where a rung lies, in words.
fn counted(rung: &Rung, corrected: bool) -> String {
    let what = if corrected { "the corrected file" } else { "it" };
    let days = several(rung.working_days.unsigned_abs() as usize, "working day", "working days");
    match rung.working_days {
        0 => format!("{what} is due today"),
        ..0 => format!("{days} before {what} is due"),
        1.. => format!("{days} after {what} was due"),
    }
}

fn by_kind(kind: &str) -> &'static str {
    match kind.parse::<Kind>() {
        Ok(Kind::Alarm) => "it needs a person",
        Ok(Kind::Pack) => "a pack is issued",
        Ok(Kind::AgencyReport) => "a quarter is over, and the agency hears how punctual it was",
        _ if kind.starts_with("answer") => "it answers what has come",
        _ => "",
    }
}

/// What a person is to the board.
fn role(board: &Board, email: &str) -> String {
    let is = |person: Option<&Person>| person.is_some_and(|person| person.email == email);
    let of_the_board =
        [(Some(&board.manager), "manager"), (board.chair.as_ref(), "chair"), (board.analyst.as_ref(), "analyst")];
    if let Some((_, word)) = of_the_board.into_iter().find(|(person, _)| is(*person)) {
        return word.to_owned();
    }
    for agency in board.agencies.values() {
        let roles = [
            (Some(&agency.lead), "lead of"),
            (agency.deputy.as_ref(), "deputy at"),
            (agency.board_member.as_ref(), "board member for"),
        ];
        if let Some((_, word)) = roles.into_iter().find(|(person, _)| is(*person)) {
            return format!("{word} {}", agency.name);
        }
    }
    let named = board.roles.values().find(|role| is(Some(&role.person)));
    named.map(|role| role.title.clone()).unwrap_or_default()
}

/// Writes what a mailer in memory took, one file a message in the order they left.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_out(posted: &[crate::mail::Posted], folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for (number, one) in posted.iter().enumerate() {
        let safe = |c: char| if c.is_ascii_alphanumeric() || ".-@".contains(c) { c } else { '_' };
        let name: String = one.key.chars().map(safe).take(180).collect();
        let path = folder.join(format!("{:05}-{name}.eml", number + 1));
        std::fs::write(&path, &one.bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

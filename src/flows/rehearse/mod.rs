//! A rehearsal: the engine itself lives through a stretch of time on a simulated clock, and what it would send, to whom
//! and why is told.
//!
//! It runs on an application of its own, whose ledger began empty and whose mailer keeps everything in memory. Files are
//! supposed to come as a list says, and figures to stand out; where the list is silent, nobody sends anything and nothing
//! stands out. Packs are drafted, asked about and sent without their pages. Nobody signs.

mod arrivals;
mod told;

use std::path::Path;

use anyhow::Context;
use jiff::{Timestamp, civil};

use super::{
    App, agency_report, chase, commentary, digest,
    edition::definition,
    intake::supposed,
    publish,
    readiness::{Readiness, readiness},
    watch,
};
use crate::{
    domain::{Period, civil_day},
    ledger::{Event, ObligationKey, OutboxState},
    timetable::{Meeting, Opening},
};

pub use arrivals::{Arrival, What, arrivals};

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
    /// From when to when words on figures would be asked for, and for which meeting: which figures is not known.
    pub asking: Vec<(Timestamp, Timestamp, Meeting)>,
    /// What could not be done, in words.
    pub failed: Vec<String>,
}

/// Lives through the time until `to`.
///
/// # Errors
/// When the ledger fails; what fails in the engine is in the answer.
pub async fn rehearse(app: &App, to: Timestamp, arrivals: &[Arrival]) -> anyhow::Result<Rehearsed> {
    let (mut rehearsed, from) = (Rehearsed::default(), app.clock.now());
    let mut arrivals = arrivals.iter().peekable();
    let (mut meetings, all) = (Vec::new(), app.board.timetable.meetings());
    for meeting in all.iter() {
        let asking = app.board.timetable.commentary(meeting)?;
        if from <= asking.1 && asking.0 <= to && has_words(app, meeting) {
            rehearsed.asking.push((asking.0.max(from), asking.1, meeting.clone()));
        }
        meetings.push((app.board.timetable.circulation(meeting)?, meeting));
    }
    meetings.sort_by_key(|(at, _)| *at);
    leave_the_past(app, meetings.iter().take_while(|(at, _)| *at < from).map(|(_, meeting)| *meeting)).await?;
    let mut meetings = meetings.into_iter().filter(|(at, _)| *at >= from).peekable();
    loop {
        let now = app.clock.now();
        while let Some(arrival) = arrivals.next_if(|arrival| arrival.at <= now) {
            happens(app, arrival).await.with_context(|| arrival.key.to_string())?;
        }
        // Until nothing more follows from what was done.
        while tick(app).await? {}
        while let Some((at, meeting)) = meetings.next_if(|(at, _)| *at <= now) {
            rehearsed.packs.push(pack(app, at, meeting).await?);
        }
        let of_the_world = [arrivals.peek().map(|arrival| arrival.at), meetings.peek().map(|(at, _)| *at)];
        let next = of_the_world.into_iter().flatten().chain(next_at(app).await?);
        match next.filter(|at| *at > now).min() {
            Some(next) if next <= to => app.clock.advance_to(next),
            _ => break,
        };
    }
    told::tell(app, &mut rehearsed).await?;
    Ok(rehearsed)
}

/// Whether a pack's exceptions are asked about at all.
fn has_words(app: &App, meeting: &Meeting) -> bool {
    app.board.packs.contains_key(&meeting.pack) && app.board.indicators.iter().any(|indicator| indicator.from.is_some())
}

async fn happens(app: &App, arrival: &Arrival) -> anyhow::Result<()> {
    match arrival.what {
        What::File(supposed) => {
            let id = supposed::arrives(app, &arrival.key, supposed, "rehearsal").await?;
            supposed::judged(app, id, supposed).await?;
        }
        What::StandsOut(until) => commentary::suppose(app, &arrival.key, until).await?,
        What::Words => {
            let words = "These are words that the rehearsal supposes.";
            commentary::comment(app, &arrival.key, words, "rehearsal", "rehearsal").await?;
        }
    }
    Ok(())
}

/// When the engine has something to do next.
async fn next_at(app: &App) -> anyhow::Result<impl Iterator<Item = Timestamp>> {
    let (look, message, again) =
        app.ledger.read(|txn| Ok((txn.next_look()?, txn.next_message_at()?, txn.next_retry_at()?))).await?;
    let found = [
        look,
        message,
        again,
        chase::next_opening(app)?,
        publish::next_at(app).await?,
        agency_report::next_at(app).unwrap_or_default(),
        watch::next_at(app).await?,
        digest::next_at(app).await?,
    ];
    Ok(found.into_iter().flatten())
}

/// What was due before the rehearsal begins is no part of it: nobody owes it, and no pack waits for a person.
async fn leave_the_past(app: &App, over: impl Iterator<Item = &Meeting>) -> anyhow::Result<()> {
    let over: Vec<String> = over.map(publish::occurrence).collect();
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
            over.iter().try_for_each(|key| txn.settle_occurrence(now, key, "before the rehearsal").map(drop))
        })
        .await?;
    Ok(())
}

/// What a ring does for the timetable, and the post after it; says whether anything happened.
async fn tick(app: &App) -> anyhow::Result<bool> {
    let mut done = chase::chase(app).await? + publish::publish(app).await? + agency_report::send(app).await?;
    done += watch::look(app).await? + usize::from(digest::digest(app).await?);
    loop {
        let pumped = app.mailroom.pump(&app.ledger, app.clock.now(), None).await?;
        done += pumped.sent + pumped.refused + pumped.superseded;
        if !pumped.more {
            return Ok(done > 0);
        }
    }
}

async fn pack(app: &App, at: Timestamp, meeting: &Meeting) -> anyhow::Result<Pack> {
    let found = readiness(app, definition(app, &meeting.pack)?, meeting.period).await?;
    let (is_ready, why) = match found {
        Readiness::Ready => (true, "nothing stands in its way".to_owned()),
        Readiness::Gaps(missing) => (true, format!("it prints what is missing: {}", missing.join("; "))),
        Readiness::Hold(missing) => (false, format!("it waits for what is missing: {}", missing.join("; "))),
    };
    let is_ours = civil_day(at) >= app.board.timetable.starts_on;
    let why = if is_ours { why } else { "it is of before the day on which the timetable starts".to_owned() };
    let (pack, period, meeting) = (meeting.pack.clone(), meeting.period, meeting.on);
    Ok(Pack { at, pack, period, meeting, is_issued: is_ready && is_ours, why })
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

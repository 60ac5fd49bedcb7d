//! Commentary on exceptions: who sent a figure that stands out without a word on it is asked for one.
//!
//! Asked from when the returns are validated until the commentary is due, and again whenever the figures move. What was
//! asked for is owed and chased as a return is, on the ladder for words.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::{App, board::COMMENTARY, edition, query, reason::identity_in, refresh};
use crate::{
    analysis::Indicator,
    domain::{ReturnId, civil_day, sha256},
    ledger::{Event, LedgerError, ObligationKey, State, Txn},
    timetable::Meeting,
};

/// The longest comment, in characters.
pub const LONGEST: usize = 1500;

/// Asks for the words that the exceptions of each meeting's period lack; answers with how many were asked for.
pub async fn ask(app: &App) -> anyhow::Result<usize> {
    let mut asked = 0;
    for meeting in app.board.timetable.meetings().iter() {
        let (from, until) = app.board.timetable.commentary(meeting)?;
        let now = app.clock.now();
        if from <= now && now < until && civil_day(until) >= app.board.timetable.starts_on {
            asked += ask_for(app, meeting, until).await?;
        }
    }
    Ok(asked)
}

/// When the next exceptions are looked for.
pub fn next_at(app: &App, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    let meetings = app.board.timetable.meetings();
    let windows = meetings.iter().map(|meeting| app.board.timetable.commentary(meeting));
    let windows: Vec<_> = windows.collect::<Result<_, _>>()?;
    Ok(windows.into_iter().map(|(from, _)| from).filter(|from| *from > now).min())
}

async fn ask_for(app: &App, meeting: &Meeting, until: Timestamp) -> anyhow::Result<usize> {
    let Some(definition) = app.board.packs.get(&meeting.pack) else { return Ok(0) };
    let vector = query::readable(app).await?;
    if vector.is_empty() {
        return Ok(0);
    }
    // What is looked at again only when something moved.
    let fact = format!("commentary {}/{}", meeting.pack, meeting.period);
    let seen = sha256(json!([refresh::inputs(&vector), meeting.on.to_string()]).to_string());
    let known = fact.clone();
    if app.ledger.read(move |txn| txn.fact(&known)).await?.as_deref() == Some(seen.as_str()) {
        return Ok(0);
    }
    let disclosed = refresh::disclosed(app, &vector, meeting.period).await?;
    let told: BTreeSet<String> =
        edition::stories(app, definition, &vector, meeting.period).await?.into_iter().collect();
    let mut wanted = Vec::new();
    for one in disclosed.indicators() {
        let Some(exception) = one.exception.as_ref().filter(|_| !told.contains(&one.meta.id)) else { continue };
        let Some(indicator) = app.board.indicators.iter().find(|indicator| indicator.id == one.meta.id) else {
            continue;
        };
        let Some(key) = key_of(app, indicator, meeting) else { continue };
        wanted.push((key, exception.headline.clone()));
    }
    let now = app.clock.now();
    let period = meeting.period;
    let asked = app
        .ledger
        .write(move |txn| {
            let mut asked = 0;
            for (key, headline) in &wanted {
                asked += usize::from(open(txn, key, headline, until, now)?);
            }
            // What no longer stands out, or came with its return after all, is not asked for any more.
            for obligation in txn.commentary_owed(period)? {
                if !wanted.iter().any(|(key, _)| *key == obligation.key) {
                    let reason = "the figure has its words, or no longer stands out".to_owned();
                    txn.append(now, &obligation.key.to_string(), "daemon", &Event::Waived { reason })?;
                }
            }
            txn.set_fact(&fact, &seen)?;
            Ok(asked)
        })
        .await?;
    Ok(asked)
}

/// Words are owed from now on; says whether they were not before.
fn open(
    txn: &Txn<'_>,
    key: &ObligationKey,
    headline: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, LedgerError> {
    if txn.obligation(key)?.is_some() {
        return Ok(false);
    }
    let subject = key.to_string();
    let opened = Event::Opened {
        return_id: key.return_id.clone(),
        agency: key.agency.clone(),
        period: key.period,
        opens_at: now,
        duty: true,
        due_at: until,
        rule: "the day for commentary on exceptions".into(),
    };
    txn.append(now, &subject, "daemon", &opened)?;
    txn.append(now, &subject, "daemon", &Event::AskedWhy { says: headline.to_owned() })?;
    Ok(true)
}

/// A rehearsal supposes that a figure stands out.
pub(super) async fn suppose(app: &App, key: &ObligationKey, until: Timestamp) -> anyhow::Result<()> {
    let title = app.board.commentary(key).map(|indicator| indicator.title.clone()).unwrap_or_default();
    let (key, now, headline) = (key.clone(), app.clock.now(), format!("{title} would stand out (a rehearsal)"));
    app.ledger.write(move |txn| open(txn, &key, &headline, until, now).map(drop)).await?;
    Ok(())
}

/// What a comment on an indicator is owed as; none where no agency answers for it.
fn key_of(app: &App, indicator: &Indicator, meeting: &Meeting) -> Option<ObligationKey> {
    let return_id: ReturnId = format!("{COMMENTARY}{}", indicator.id).parse().ok()?;
    // Where several agencies send a figure, nobody answers for it alone.
    let (agency, return_of) = indicator.from.as_ref()?;
    let agency = agency.as_ref().filter(|agency| app.board.agencies.contains_key(*agency))?;
    // Who publishes for everybody owes us nothing.
    app.board.returns.get(return_of).filter(|contract| contract.due.is_some())?;
    Some(ObligationKey { return_id, agency: agency.clone(), period: meeting.period })
}

/// Records what somebody wrote about a figure; the pack prints it.
///
/// # Errors
/// When nobody was asked for it, or the words cannot be printed; nothing is recorded then.
pub async fn comment(app: &App, key: &ObligationKey, says: &str, by: &str, actor: &str) -> anyhow::Result<String> {
    let says = says.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(why) = refusal(&says) {
        return Err(LedgerError::Refused(why).into());
    }
    let (key, now, actor) = (key.clone(), app.clock.now(), actor.to_owned());
    let (event, is_commentary) = (Event::Commented { says, by: by.to_owned() }, app.board.commentary(&key).is_some());
    app.ledger
        .write(move |txn| {
            let known = txn.obligation(&key)?.filter(|_| is_commentary);
            let Some(obligation) = known else {
                let why = format!("nobody was asked for words as {key}; `quarterday owed` lists what is asked for");
                return Err(LedgerError::Refused(why));
            };
            txn.append(now, &key.to_string(), &actor, &event)?;
            let before =
                if obligation.state == State::Accepted { " in the place of what was written before" } else { "" };
            Ok(format!("the words for {key} are recorded{before}; the pack prints them"))
        })
        .await
        .map_err(Into::into)
}

/// Why these words cannot be printed, if they cannot. The words themselves are not repeated.
pub(super) fn refusal(says: &str) -> Option<String> {
    let length = says.chars().count();
    if length < 20 {
        return Some("a comment is a sentence at least: what is behind the figure, and what is done about it".into());
    }
    if length > LONGEST {
        return Some(format!("a comment has at most {LONGEST} characters, about half a page; say it shorter"));
    }
    identity_in(says).map(|holds| format!("{holds}, and the pack prints it: say it without"))
}

//! How the week went, told to operator and manager even when all is well; and after an outage, once, what was missed.
//!
//! What the last digest spoke of is in the ledger, so that there is one a week across restarts.

mod count;
mod due;
mod lines;

use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::{App, hold, letters, watch};
use crate::{
    ledger::{ConditionRow, Ledger},
    mail::{Away, Digest, Letter, Over, Wrong},
};

/// Until when the last digest spoke.
const THROUGH: &str = "digest through";
/// When the daemon was last seen running.
const RUNNING: &str = "running";
/// From when to when nothing ran, of which nobody was told yet.
const AWAY: &str = "away";
/// So often it is noted that the daemon runs.
const NOTED: SignedDuration = SignedDuration::from_mins(5);
/// Nothing running for so long is an outage.
const OUTAGE: SignedDuration = SignedDuration::from_hours(1);

/// Notes that the daemon runs, and since when it had not, if that was long.
///
/// # Errors
/// When the ledger does not answer.
pub async fn note_running(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let is_first = !app.seen_running.swap(true, Ordering::SeqCst);
    let seen = instant_of(&app.ledger, RUNNING).await?;
    if seen.is_some_and(|seen| now.duration_since(seen) < NOTED && seen <= now) {
        return Ok(());
    }
    // A simulated clock leaps from one thing to be done to the next; only a start shows that nothing ran meanwhile.
    let away = seen.filter(|seen| now.duration_since(*seen) >= OUTAGE && (is_first || !app.clock.is_simulated()));
    app.ledger
        .write(move |txn| {
            txn.set_fact(RUNNING, &now.to_string())?;
            let Some(from) = away else { return Ok(()) };
            let since = match txn.fact(AWAY)?.as_deref().and_then(parse_away) {
                Some((earlier, _)) => earlier,
                None => from,
            };
            txn.set_fact(AWAY, &format!("{since} {now}"))?;
            let says = "The daemon did not run";
            let id = txn.see_condition(from, "away", 1, says)?;
            let row = ConditionRow {
                id,
                name: "away".into(),
                level: 1,
                says: says.into(),
                begins_at: from,
                told_at: None,
                gone_at: Some(now),
                ends_at: None,
            };
            txn.tell_condition(now, &row, 1, says)?;
            txn.end_condition(now, &row)
        })
        .await?;
    Ok(())
}

/// Writes the digest that is due, if one is; says whether there was one.
///
/// # Errors
/// When the ledger does not answer, or the letter cannot be written.
pub async fn digest(app: &App) -> anyhow::Result<bool> {
    let Some(schedule) = &app.board.watching.digest else { return Ok(false) };
    let now = app.clock.now();
    let Some(through) = instant_of(&app.ledger, THROUGH).await?.filter(|through| *through <= now) else {
        // A board's first week begins with its first ring; so does the week in which a clock was set back.
        app.ledger.write(move |txn| txn.set_fact(THROUGH, &now.to_string())).await?;
        return Ok(false);
    };
    let away = away(&app.ledger).await?.filter(|(_, back)| *back <= now);
    let Some(due) = due::due(schedule, through, away, now) else { return Ok(false) };
    if hold::reason(&app.board.data, &app.ledger, &app.clock).await?.is_some() {
        return Ok(false);
    }
    let digest = write(app, through, away, due.missed, now).await?;
    let mut people = vec![app.board.operator().clone()];
    if app.board.manager.email != people[0].email {
        people.push(app.board.manager.clone());
    }
    let letters = letters::post(app, &due.key, None, people, &Letter::Digest(Box::new(digest)), now)?;
    let written = app.ledger.write(move |txn| {
        let is_new = txn.settle_occurrence(now, &due.key, "written")?;
        if is_new {
            letters.iter().try_for_each(|letter| txn.enqueue(letter).map(drop))?;
        }
        txn.set_fact(THROUGH, &now.to_string())?;
        txn.set_fact(AWAY, "")?;
        Ok(is_new)
    });
    Ok(written.await?)
}

/// When the next digest is written, for a clock that is moved by hand.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let Some(schedule) = &app.board.watching.digest else { return Ok(None) };
    let Some(through) = instant_of(&app.ledger, THROUGH).await? else { return Ok(None) };
    Ok(due::next(schedule, through, away(&app.ledger).await?))
}

async fn write(
    app: &App,
    from: Timestamp,
    away: Option<(Timestamp, Timestamp)>,
    missed: Vec<jiff::civil::Date>,
    now: Timestamp,
) -> anyhow::Result<Digest> {
    let present = watch::present(app).await?;
    let (events, known, (seq, chain)) = app
        .ledger
        .read(move |txn| Ok((txn.events_between(from, now)?, txn.conditions_since(from)?, txn.chain_head()?)))
        .await?;
    let ladder = &app.board.timetable.ladder;
    let begun =
        |name: &str| known.iter().find(|row| row.name == name && row.ends_at.is_none()).map(|row| row.begins_at);
    let wrong = present.into_iter().map(|one| Wrong {
        since: watch::since(&one, begun(&one.name()), now),
        what: one.what,
        why: one.why,
        next_step: one.next_step,
    });
    let over = known.iter().filter(|row| row.name != "away").filter_map(|row| {
        let until = row.ends_at.filter(|ends_at| *ends_at >= from)?;
        Some(Over { what: row.says.clone(), since: row.begins_at, until })
    });
    let away = away.map(|(gone, back)| {
        let since: Vec<_> = events.iter().filter(|recorded| recorded.at >= back).cloned().collect();
        Away { from: gone, until: back, caught_up: count::count(&since, ladder) }
    });
    Ok(Digest {
        from,
        until: now,
        away,
        missed,
        wrong: wrong.collect(),
        over: over.collect(),
        waiting: lines::waiting(app).await?,
        done: count::count(&events, ladder),
        next: lines::next(app, now).await?,
        sources: lines::sources(app).await?,
        room: lines::room(app).await?,
        events: seq,
        chain,
    })
}

async fn instant_of(ledger: &Ledger, fact: &'static str) -> anyhow::Result<Option<Timestamp>> {
    Ok(ledger.read(move |txn| txn.fact(fact)).await?.and_then(|text| text.parse().ok()))
}

async fn away(ledger: &Ledger) -> anyhow::Result<Option<(Timestamp, Timestamp)>> {
    Ok(ledger.read(|txn| txn.fact(AWAY)).await?.as_deref().and_then(parse_away))
}

fn parse_away(text: &str) -> Option<(Timestamp, Timestamp)> {
    let (from, until) = text.split_once(' ')?;
    Some((from.parse().ok()?, until.parse().ok()?))
}

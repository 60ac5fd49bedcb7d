//! Whether the daemon may act on what the ledger says is owed, or waits until a person has looked.
//!
//! A copy of a board, a backup put back, or a clock that has jumped would chase, ask and issue what was long done or is
//! not due: mail, pulls, the chase and packs hold until somebody says `quarterday adopt`.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::{
    clock::Clock,
    domain::sha256,
    ledger::{Event, Ledger, Txn},
};

/// Where the ledger was written: a digest.
const MACHINE: &str = "machine";
/// When the clock was last found right.
const SEEN: &str = "clock seen";
/// Why the clock is not believed.
const JUMPED: &str = "clock jumped";
/// The file beside the ledger that says how far it had come.
const MARK: &str = "ledger.mark";

/// A clock that is further back than this has jumped.
const BACK: SignedDuration = SignedDuration::from_hours(1);
/// A clock that is further on than this has jumped, or the board slept too long for its chase to go on unasked.
const ON: SignedDuration = SignedDuration::from_hours(60 * 24);
/// How often the clock is noted as right.
const NOTED: SignedDuration = SignedDuration::from_hours(1);

/// Claims a new ledger for this machine; leaves one of another machine unclaimed. Then looks, as a ring does.
pub async fn claim(app: &App) -> anyhow::Result<()> {
    let here = here(&app.board.data)?;
    app.ledger
        .write(move |txn| {
            if txn.fact(MACHINE)?.is_none() {
                txn.set_fact(MACHINE, &here)?;
            }
            Ok(())
        })
        .await?;
    look(app).await?;
    Ok(())
}

/// Why mail, pulls, the chase and packs hold, if they do. Changes nothing.
pub async fn reason(data: &Path, ledger: &Ledger, clock: &Clock) -> anyhow::Result<Option<String>> {
    let (here, mark) = (here(data)?, mark(data));
    let now = (!clock.is_simulated()).then(|| clock.now());
    let found = ledger.read(move |txn| {
        if txn.fact(MACHINE)?.is_some_and(|claimed| claimed != here) {
            return Ok(Some("this ledger was written on another machine, or put back from a copy".to_owned()));
        }
        if let Some((seq, chain)) = mark
            && txn.link(seq)?.as_deref() != Some(chain.as_str())
        {
            return Ok(Some("an older copy of the ledger was put in its place".to_owned()));
        }
        let Some(now) = now else { return Ok(None) };
        Ok(txn.fact(JUMPED)?.filter(|why| !why.is_empty()).or(jumped(txn, now)?))
    });
    let remedy = "make sure that it is alone and its clock is right, then `quarterday adopt`";
    Ok(found.await?.map(|why| format!("{why}; mail, pulls, the chase and packs hold: {remedy}")))
}

/// The same at a ring: remembers that the clock has jumped, or that it was right and how far the ledger has come.
pub async fn look(app: &App) -> anyhow::Result<Option<String>> {
    let held = reason(&app.board.data, &app.ledger, &app.clock).await?;
    let (is_held, now) = (held.is_some(), (!app.clock.is_simulated()).then(|| app.clock.now()));
    let (seen, jump, head) = app
        .ledger
        .read(move |txn| {
            let jump = match now {
                Some(now) if txn.fact(JUMPED)?.is_none_or(|why| why.is_empty()) => jumped(txn, now)?,
                _ => None,
            };
            Ok((txn.fact(SEEN)?, jump, txn.chain_head()?))
        })
        .await?;
    if let Some(why) = jump {
        app.ledger.write(move |txn| txn.set_fact(JUMPED, &why)).await?;
    }
    if is_held {
        return Ok(held);
    }
    if mark(&app.board.data).as_ref() != Some(&head) {
        keep_mark(&app.board.data, &head)?;
    }
    if let Some(now) = now {
        let noted = seen.and_then(|seen| seen.parse::<Timestamp>().ok());
        if noted.is_none_or(|noted| now.duration_since(noted) >= NOTED) {
            app.ledger.write(move |txn| txn.set_fact(SEEN, &now.to_string())).await?;
        }
    }
    Ok(None)
}

/// A person says that this ledger is the board's, here and now.
pub async fn adopt(app: &App, actor: &str) -> anyhow::Result<()> {
    let (here, now, actor) = (here(&app.board.data)?, app.clock.now(), actor.to_owned());
    let head = app
        .ledger
        .write(move |txn| {
            txn.set_fact(MACHINE, &here)?;
            txn.set_fact(SEEN, &now.to_string())?;
            txn.set_fact(JUMPED, "")?;
            txn.append(now, "daemon", &actor, &Event::Adopted {})?;
            txn.chain_head()
        })
        .await?;
    keep_mark(&app.board.data, &head)
}

/// What is odd about the clock beside what was last recorded.
fn jumped(txn: &Txn<'_>, now: Timestamp) -> crate::ledger::Result<Option<String>> {
    let noted = txn.fact(SEEN)?.and_then(|seen| seen.parse().ok());
    let Some(last) = noted.max(txn.last_event_at()?) else { return Ok(None) };
    Ok(is_jump(last, now).then(|| format!("the clock says {now}, and the last thing recorded was on {last}")))
}

fn is_jump(last: Timestamp, now: Timestamp) -> bool {
    let since = now.duration_since(last);
    since < -BACK || since > ON
}

/// How far the ledger had come when it was last looked at: the number of its last event and the chain's link there.
fn mark(data: &Path) -> Option<(i64, String)> {
    let text = fs::read_to_string(data.join(MARK)).ok()?;
    let (seq, chain) = text.trim().split_once(' ')?;
    Some((seq.parse().ok()?, chain.to_owned()))
}

fn keep_mark(data: &Path, (seq, chain): &(i64, String)) -> anyhow::Result<()> {
    let path = data.join(MARK);
    let unfinished = data.join(format!("{MARK}.part"));
    fs::write(&unfinished, format!("{seq} {chain}\n"))
        .and_then(|()| fs::rename(&unfinished, &path))
        .with_context(|| format!("writing {}", path.display()))
}

/// A digest of the machine's identity, of where the data lie and of which file the ledger is: a copy is another file.
fn here(data: &Path) -> anyhow::Result<String> {
    let data = data.canonicalize().context("finding the data folder")?;
    let file = fs::metadata(data.join("ledger.sqlite")).context("looking at the ledger's file")?;
    // Containers often have an empty one; place and file must tell then.
    let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    Ok(sha256(format!("{}\0{}\0{}", machine.trim(), data.display(), file.ino()).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_back_and_two_months_on_are_jumps_and_a_weekend_is_none() {
        let last: Timestamp = "2025-07-14T16:00:00Z".parse().unwrap();
        for (now, jump) in [
            ("2025-07-14T15:30:00Z", false),
            ("2025-07-14T14:59:00Z", true),
            ("1970-01-01T00:00:10Z", true),
            ("2025-07-17T09:00:00Z", false),
            ("2025-09-12T09:00:00Z", false),
            ("2025-09-13T09:00:00Z", true),
            ("2026-07-14T16:00:00Z", true),
        ] {
            assert_eq!(is_jump(last, now.parse().unwrap()), jump, "{now}");
        }
    }
}

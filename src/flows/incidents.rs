//! What becomes of sealed extracts: destroyed on their day or at somebody's word, and opened by the custodian alone.

use anyhow::Context;
use jiff::Timestamp;

use super::{App, Board};
use crate::{
    domain::civil_day,
    ledger::{Event, Incident, Ledger, LedgerError, MASTER},
    source::landing,
};

/// Destroys what is due, and seals for the custodian what had none when it was found; answers with how many were
/// destroyed.
///
/// # Errors
/// When the ledger or the disk refuses; the next ring tries again.
pub async fn keep_house(app: &App) -> anyhow::Result<usize> {
    let mut destroyed = 0;
    for incident in app.ledger.read(|txn| txn.incidents()).await? {
        if incident.closed_at.is_some() {
            continue;
        }
        if incident.destroy_on <= civil_day(app.clock.now()) {
            destroyed += usize::from(close(app, incident.id, "daemon", "its day has come").await?);
            continue;
        }
        if let (Some(custodian), Some(key), MASTER) =
            (&app.board.custodian, &incident.sealed_key, incident.sealed_for.as_str())
        {
            let key = app.landing.reseal(key, &custodian.recipient)?;
            let (id, recipient) = (incident.id, custodian.recipient.to_string());
            app.ledger.write(move |txn| txn.reseal_incident(id, &recipient, &key)).await?;
            app.ledger.settle().await?;
        }
    }
    Ok(destroyed)
}

/// Destroys the extract of an incident; false if it was destroyed before.
///
/// # Errors
/// When there is no such incident, or the ledger or the disk refuses.
pub async fn close(app: &App, id: i64, actor: &str, why: &str) -> anyhow::Result<bool> {
    let (now, actor, why) = (app.clock.now(), actor.to_owned(), why.to_owned());
    let closed = app.ledger.write(move |txn| txn.close_incident(now, id, &actor, &why)).await?;
    app.ledger.settle().await?;
    clear(app).await?;
    Ok(closed)
}

/// Clears away the files whose keys are gone, after an interruption too.
///
/// # Errors
/// When the ledger or the disk refuses.
pub async fn clear(app: &App) -> anyhow::Result<()> {
    let incidents = app
        .ledger
        .read(|txn| {
            let with_key = |incident: Incident| Ok((txn.data_key(&incident.sha256)?.is_some(), incident));
            txn.incidents()?.into_iter().map(with_key).collect::<Result<Vec<_>, LedgerError>>()
        })
        .await?;
    let landing = app.landing.clone();
    tokio::task::spawn_blocking(move || {
        for (has_key, incident) in incidents {
            if !has_key {
                landing.clear(&incident.sha256)?;
            }
            if incident.closed_at.is_some() {
                landing.clear_sealed(incident.submission)?;
            }
        }
        anyhow::Ok(())
    })
    .await?
}

/// Records that the custodian opens a sealed extract. The opening itself happens in the custodian's own process, with a key
/// that the daemon never sees.
///
/// # Errors
/// When there is no such incident, it is destroyed, or it is sealed for nobody.
pub async fn note_reading(app: &App, id: i64, actor: &str) -> Result<(), LedgerError> {
    let (now, actor): (Timestamp, String) = (app.clock.now(), actor.to_owned());
    app.ledger
        .write(move |txn| {
            let refused = |why: String| Err(LedgerError::Refused(why));
            let Some(incident) = txn.incident(id)? else {
                return refused(format!("there is no incident {id}; `quarterday incidents` lists them"));
            };
            if incident.sealed_key.is_none() {
                return refused(format!("the extract of incident {id} is destroyed"));
            }
            if incident.sealed_for == MASTER {
                return refused("no custodian is named: name one under [custodian] in config/quarterday.toml".into());
            }
            let subject =
                txn.submission(incident.submission)?.map_or_else(|| "daemon".into(), |s| s.obligation.to_string());
            txn.append(now, &subject, &actor, &Event::IncidentRead { incident: id })?;
            Ok(())
        })
        .await
}

/// The bytes of a sealed extract, opened with the custodian's own secret key.
///
/// # Errors
/// When there is no such incident, or the key is another's.
pub async fn open_sealed(board: &Board, ledger: &Ledger, id: i64, secret: &str) -> anyhow::Result<Vec<u8>> {
    let incident = ledger.read(move |txn| txn.incident(id)).await?;
    let incident = incident.with_context(|| format!("there is no incident {id}"))?;
    let key = incident.sealed_key.with_context(|| format!("the extract of incident {id} is destroyed"))?;
    let folder = board.data.join("landing");
    Ok(landing::open_sealed(&folder, incident.submission, &incident.sha256, &key, secret)?)
}

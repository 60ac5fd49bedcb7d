//! A pack is issued: on its day, from what readers see at that instant, frozen before anybody is sent it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::{App, letters, query, refresh, retry, verify};
use crate::{
    domain::{Period, civil_day},
    fault,
    ledger::{EditionRow, Ledger},
    pack::{self, Imprint, PackDefinition, Record},
    timetable::Meeting,
    warehouse::Statement,
    worker::Launcher,
};

/// Working days after its circulation within which a pack that an outage delayed is still issued unasked.
const STILL_ISSUED: i32 = 3;

/// Issues every pack whose day has come; answers with the number issued.
pub async fn publish(app: &App) -> anyhow::Result<usize> {
    let mut issued = 0;
    for meeting in &app.board.timetable.meetings {
        let key = occurrence(meeting);
        if !retry::is_due(app, &key, app.clock.now()).await? {
            continue;
        }
        match due(app, meeting).await {
            Ok(false) => {}
            Ok(true) => {
                retry::succeeded(app, &key).await?;
                issued += 1;
            }
            Err(error) => {
                let what = format!("Issuing the pack {} for the meeting of {}", meeting.pack, meeting.on);
                retry::failed(app, &key, &what, &error).await;
            }
        }
    }
    Ok(issued)
}

/// When the next pack that was not issued yet is due.
pub async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let mut next: Option<Timestamp> = None;
    for meeting in &app.board.timetable.meetings {
        let key = occurrence(meeting);
        if app.ledger.read(move |txn| txn.occurrence(&key)).await?.is_none() {
            let at = app.board.timetable.circulation(meeting)?;
            next = Some(next.map_or(at, |sooner| sooner.min(at)));
        }
    }
    Ok(next)
}

async fn due(app: &App, meeting: &Meeting) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let key = occurrence(meeting);
    let circulation = app.board.timetable.circulation(meeting)?;
    if circulation > now || civil_day(circulation) < app.board.timetable.starts_on {
        return Ok(false);
    }
    let known = key.clone();
    if app.ledger.read(move |txn| txn.occurrence(&known)).await?.is_some() {
        return Ok(false);
    }
    let late = app.board.timetable.calendar.working_days_between(civil_day(circulation), civil_day(now))?;
    if late > STILL_ISSUED || civil_day(now) > meeting.on {
        let reason = format!("its circulation was {late} working days ago, so it waits for a person");
        let next_step = format!("`quarterday pack issue {} {}` issues it", meeting.pack, meeting.period);
        let what = format!("The {} pack for {} was not issued", meeting.pack, meeting.period.human());
        let alarms = letters::alarm(app, &what, &reason, &next_step, now)?;
        app.ledger
            .write(move |txn| {
                if txn.settle_occurrence(now, &key, &format!("held: {reason}"))? {
                    for alarm in &alarms {
                        txn.enqueue(alarm)?;
                    }
                }
                Ok(())
            })
            .await?;
        return Ok(false);
    }
    issue(app, &meeting.pack, meeting.period, Some(meeting)).await?;
    Ok(true)
}

/// Issues a pack now and answers with its edition.
///
/// # Errors
/// When the pack is unknown, its SQL or its template fails, or the disk does; nothing is issued then.
pub async fn issue(app: &App, pack: &str, period: Period, meeting: Option<&Meeting>) -> anyhow::Result<EditionRow> {
    let definition = app.board.packs.get(pack).with_context(|| {
        let known: Vec<_> = app.board.packs.keys().map(String::as_str).collect();
        format!("there is no pack {pack:?}; the packs are {}", known.join(", "))
    })?;
    let now = app.clock.now();
    if period.end() >= civil_day(now) {
        bail!("{} has not ended yet; a pack speaks of a period that has", period.human());
    }
    refresh::refresh(app).await?;
    let name = pack.to_owned();
    let (vector, next, head) =
        app.ledger.read(move |txn| Ok((txn.vector()?, txn.next_edition(&name)?, txn.chain_head()?))).await?;
    let number = free_number(&app.board.data.join("editions"), pack, next)?;
    if vector.is_empty() {
        bail!("nothing has been accepted yet, so there is nothing to print");
    }
    if let Some(damage) = app.warehouse.verify(&vector).await?.into_iter().next() {
        return Err(damage).context("the pack is refused rather than wrong");
    }
    let disclosed = refresh::disclosed(app, &vector, period).await?;
    let record = record(app, definition, &vector, period).await?;
    let imprint = Imprint {
        board: app.board.name.clone(),
        area: app.board.area.clone(),
        example: app.board.example,
        pack: definition.title().to_owned(),
        period,
        edition: number,
        issued_on: civil_day(now),
        data_as_at: civil_day(now),
        meeting_on: meeting.map(|meeting| meeting.on),
        contact: format!("{}, {}, {}", app.board.contact.name, app.board.contact.phone, app.board.contact.email),
        chain_head: head,
        versions: vector.clone(),
    };
    let rendered = pack::render(&app.launcher, definition, &disclosed, &record, &imprint).await?;
    let folder = PathBuf::from("editions").join(format!("{pack}-{number:03}-{period}"));
    let frozen = pack::freeze(&rendered, &app.board.data.join(&folder))?;
    fault::point("issue-after-freeze");
    let edition = EditionRow {
        pack: pack.to_owned(),
        period: period.to_string(),
        number,
        folder: folder.display().to_string(),
        pdf_sha256: frozen.pdf_sha256.clone(),
        issued_at: now,
        vector,
    };
    let gaps = record.gaps();
    let mails = letters::issue(app, definition, &edition, pack::PDF, meeting.map(|m| m.on), gaps, now)?;
    let (row, key) = (edition.clone(), meeting.map(occurrence));
    app.ledger
        .write(move |txn| {
            txn.issue(&row)?;
            if let Some(key) = key {
                txn.settle_occurrence(now, &key, &format!("issued as edition {}", row.number))?;
            }
            for mail in &mails {
                txn.enqueue(mail)?;
            }
            Ok(())
        })
        .await?;
    tracing::info!(pack, %period, number, "a pack was issued");
    Ok(edition)
}

/// The first number from `next` on that no folder carries: one that was cut short before its receipt, or that an older
/// ledger does not know of, is left where it is, and its number is never given twice.
fn free_number(editions: &Path, pack: &str, next: i64) -> anyhow::Result<i64> {
    let names: Vec<String> = match std::fs::read_dir(editions) {
        Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", editions.display())),
    };
    let is_taken = |number: i64| names.iter().any(|name| name.starts_with(&format!("{pack}-{number:03}-")));
    (next..).find(|number| !is_taken(*number)).context("a number for the edition")
}

/// Renders an issued edition again from what it froze; says whether the bytes are the same.
///
/// # Errors
/// When the edition is unknown or its folder is damaged.
pub async fn rebuild(
    launcher: &Launcher,
    ledger: &Ledger,
    data: &Path,
    pack: &str,
    number: i64,
) -> anyhow::Result<String> {
    let name = pack.to_owned();
    let edition = ledger.read(move |txn| txn.edition(&name, number)).await?;
    let edition = edition.with_context(|| format!("there is no edition {number} of {pack}"))?;
    // The folder's own manifest could have been changed with it; the ledger's receipt cannot.
    if let Some(wrong) = verify::wrong_edition(data, &edition) {
        bail!("{wrong}");
    }
    let rebuilt = pack::rebuild(launcher, &data.join(&edition.folder)).await?;
    if rebuilt.same_bytes {
        return Ok(format!("edition {number} of {pack}: the same bytes, SHA-256 {}", rebuilt.pdf_sha256));
    }
    if rebuilt.same_engine {
        bail!("edition {number} of {pack} does not come out the same: SHA-256 {}", rebuilt.pdf_sha256);
    }
    Ok(format!("edition {number} of {pack}: the same figures, drawn by another version of the program"))
}

/// What people said and did, from the pack's own SQL.
async fn record(
    app: &App,
    definition: &PackDefinition,
    vector: &crate::ledger::Vector,
    period: Period,
) -> anyhow::Result<Record> {
    let statements: Vec<Statement> =
        definition.statements().map(|(name, sql)| Statement { name: name.to_owned(), sql: sql.to_owned() }).collect();
    let mut answers = Vec::new();
    for (name, answer) in query::put(app, &statements, vector).await? {
        let rows = answer.with_context(|| format!("reports/packs/{}/{name}", definition.id()))?;
        answers.push((name, rows));
    }
    Ok(Record::from_answers(period, &answers)?)
}

/// The indicators of which somebody wrote for a period, as the pack's own SQL has it.
pub(super) async fn stories(
    app: &App,
    definition: &PackDefinition,
    vector: &crate::ledger::Vector,
    period: Period,
) -> anyhow::Result<Vec<String>> {
    let record = record(app, definition, vector, period).await?;
    Ok(record.stories.into_iter().filter(|story| story.period == period).map(|story| story.indicator).collect())
}

fn occurrence(meeting: &Meeting) -> String {
    format!("pack/{}/{}/{}", meeting.pack, meeting.period, meeting.on)
}

//! Makes a pack from what readers see at an instant, as a draft or as an edition, and makes an edition again.

use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::{
    App, letters, publish, query,
    readiness::{NOTHING, Readiness, is_nothing_accepted, readiness},
    reason::identity_in,
    refresh, verify,
};
use crate::{
    analysis::Disclosed,
    check::Contract,
    domain::{Period, civil_day, sha256},
    fault,
    ledger::{EditionRow, Event, Ledger, LedgerError, Obligation, SignOff, SignOffEvent, SignOffKey, Txn, Vector},
    pack::{self, Approval, Imprint, PackDefinition, Record},
    timetable::Meeting,
    warehouse::Statement,
    worker::Launcher,
};

/// What a pack's pages are made from.
pub(super) struct Basis {
    pub vector: Vector,
    pub disclosed: Disclosed,
    pub record: Record,
    chain_head: (i64, String),
}

/// A pack's definition.
///
/// # Errors
/// When there is none of that name.
pub(super) fn definition<'a>(app: &'a App, pack: &str) -> anyhow::Result<&'a PackDefinition> {
    app.board.packs.get(pack).with_context(|| {
        let known: Vec<_> = app.board.packs.keys().map(String::as_str).collect();
        format!("there is no pack {pack:?}; the packs are {}", known.join(", "))
    })
}

/// Works out the figures and the record of `period` as they stand now.
///
/// # Errors
/// When the period has not ended, nothing was accepted yet, a file of the warehouse is damaged or the pack's SQL fails.
pub(super) async fn basis(app: &App, definition: &PackDefinition, period: Period) -> anyhow::Result<Basis> {
    if period.end() >= civil_day(app.clock.now()) {
        bail!("{} has not ended yet; a pack speaks of a period that has", period.human());
    }
    if is_nothing_accepted(app).await? {
        bail!(NOTHING);
    }
    refresh::refresh(app).await?;
    let (vector, chain_head) = (query::readable(app).await?, app.ledger.read(|txn| txn.chain_head()).await?);
    if app.is_rehearsal {
        let disclosed = refresh::without_figures(period);
        return Ok(Basis { vector, disclosed, record: Record::default(), chain_head });
    }
    if let Some(damage) = app.warehouse.verify(&vector).await?.into_iter().next() {
        return Err(damage).context("the pack is refused rather than wrong");
    }
    let disclosed = refresh::disclosed(app, &vector, period).await?;
    let record = record(app, definition, &vector, period).await?;
    Ok(Basis { vector, disclosed, record, chain_head })
}

/// What stands on the pages of a draft made from this; an edition adds its number and its approval.
pub(super) fn imprint(
    app: &App,
    definition: &PackDefinition,
    period: Period,
    meeting: Option<&Meeting>,
    basis: &Basis,
    now: Timestamp,
) -> Imprint {
    Imprint {
        board: app.board.name.clone(),
        area: app.board.area.clone(),
        example: app.board.example,
        pack: definition.title().to_owned(),
        period,
        edition: 0,
        approval: Approval::Draft,
        missing: Vec::new(),
        in_spite: None,
        issued_on: civil_day(now),
        data_as_at: civil_day(now),
        meeting_on: meeting.map(|meeting| meeting.on),
        contact: format!("{}, {}, {}", app.board.contact.name, app.board.contact.phone, app.board.contact.email),
        chain_head: basis.chain_head.clone(),
        versions: basis.vector.clone(),
    }
}

/// A person issues a pack, whatever the timetable says. One that waits for what is missing needs a reason, which it prints.
///
/// # Errors
/// When the pack is unknown or not ready and no reason is given, its SQL or its template fails, or the disk does; nothing
/// is issued then.
pub async fn issue_by_hand(
    app: &App,
    pack: &str,
    period: Period,
    because: Option<&str>,
    actor: &str,
) -> anyhow::Result<EditionRow> {
    let because =
        because.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|it| !it.is_empty());
    if let Some(holds) = because.as_deref().and_then(identity_in) {
        bail!("{holds}, and the pack prints it: say it without");
    }
    let definition = definition(app, pack)?;
    if is_nothing_accepted(app).await? {
        bail!(NOTHING);
    }
    let found = readiness(app, definition, period).await?;
    if let (Readiness::Hold(missing), None) = (&found, &because) {
        bail!("it is not ready: {}; --because \"…\" issues it all the same and is printed", missing.join("; "));
    }
    let by = By { actor: actor.to_owned(), because: because.filter(|_| !found.missing().is_empty()) };
    let meeting = publish::waiting(app, pack, period).await?;
    issue(app, pack, period, meeting.as_ref(), found.missing(), by).await
}

/// A pack's pages, frozen in their folder.
pub(super) struct Pages {
    pub sha256: String,
    /// Below the data folder.
    pub folder: String,
    /// None in a rehearsal, which sets no pages.
    pub pdf: Option<Vec<u8>>,
    /// What is missing from them, in words.
    pub gaps: Vec<String>,
}

/// Sets the pages and freezes them in the folder that `named` gives for their digest.
pub(super) async fn pages(
    app: &App,
    definition: &PackDefinition,
    basis: &Basis,
    imprint: &Imprint,
    named: impl FnOnce(&str) -> String,
) -> anyhow::Result<Pages> {
    let mut gaps = basis.record.gaps();
    gaps.extend(imprint.missing.iter().filter(|one| !gaps.contains(one)).cloned().collect::<Vec<_>>());
    if app.is_rehearsal {
        let sha256 = sha256(format!("no pages: {}, {}", imprint.pack, app.clock.now()).as_bytes());
        return Ok(Pages { folder: named(&sha256), sha256, pdf: None, gaps });
    }
    let rendered = pack::render(&app.launcher, definition, &basis.disclosed, &basis.record, imprint).await?;
    let sha256 = sha256(rendered.pdf());
    let folder = named(&sha256);
    pack::freeze(&rendered, &app.board.data.join(&folder))?;
    Ok(Pages { sha256, folder, pdf: Some(rendered.pdf().to_vec()), gaps })
}

/// Who has an edition issued.
pub(super) struct By {
    pub actor: String,
    /// Why, where it was not ready.
    pub because: Option<String>,
}

impl By {
    pub fn timetable() -> Self {
        Self { actor: "daemon".to_owned(), because: None }
    }
}

/// Issues a pack now and answers with its edition; `missing` is printed.
pub(super) async fn issue(
    app: &App,
    pack: &str,
    period: Period,
    meeting: Option<&Meeting>,
    missing: &[String],
    by: By,
) -> anyhow::Result<EditionRow> {
    let definition = definition(app, pack)?;
    let now = app.clock.now();
    let basis = basis(app, definition, period).await?;
    let (name, sign_off_key) = (pack.to_owned(), meeting.map(publish::sign_off_key));
    let (next, sign_off, obligations) = app
        .ledger
        .read(move |txn| {
            let sign_off = sign_off_key.map(|key| txn.sign_off(&key)).transpose()?;
            Ok((txn.next_edition(&name)?, sign_off.unwrap_or_default(), txn.obligations()?))
        })
        .await?;
    let number = free_number(&app.board.data.join("editions"), pack, next)?;
    let approval = approval(app, meeting, &sign_off, &obligations, &basis.vector);
    let imprint = Imprint {
        edition: number,
        approval: approval.clone(),
        missing: missing.to_vec(),
        in_spite: by.because.as_ref().map(|because| format!("“{because}” ({}).", by.actor)),
        ..imprint(app, definition, period, meeting, &basis, now)
    };
    let pages = pages(app, definition, &basis, &imprint, |_| format!("editions/{pack}-{number:03}-{period}")).await?;
    fault::point("issue-after-freeze");
    let edition = EditionRow {
        pack: pack.to_owned(),
        period: period.to_string(),
        number,
        folder: pages.folder,
        pdf_sha256: pages.sha256,
        issued_at: now,
        vector: basis.vector,
    };
    let gaps = pages.gaps;
    let mails = letters::issue(app, definition, &edition, meeting.map(|m| m.on), gaps, approval.says(), now)?;
    let (row, key) =
        (edition.clone(), meeting.map(|meeting| (publish::occurrence(meeting), publish::sign_off_key(meeting))));
    app.ledger
        .write(move |txn| {
            txn.issue_by(&row, &by.actor, by.because.as_deref())?;
            if let Some((occurrence, key)) = key {
                txn.settle_occurrence(now, &occurrence, &format!("issued as edition {}", row.number))?;
                conclude(txn, now, &key, &approval, row.number)?;
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

/// Ends the sign-off with the edition that went out.
fn conclude(
    txn: &Txn<'_>,
    now: Timestamp,
    key: &SignOffKey,
    approval: &Approval,
    edition: i64,
) -> Result<(), LedgerError> {
    let event = match approval {
        Approval::NotAsked | Approval::Draft => return Ok(()),
        Approval::Given { .. } => SignOffEvent::Circulated { edition },
        Approval::Missing => SignOffEvent::NotSignedOff { edition },
    };
    let sign_off = txn.sign_off(key)?;
    txn.call_off(&sign_off, now, "the pack has gone out")?;
    txn.append(now, &key.to_string(), "daemon", &Event::SignOff(event))?;
    Ok(())
}

/// What the pages say of who signed: of an edition for a meeting, where somebody chairs.
fn approval(
    app: &App,
    meeting: Option<&Meeting>,
    sign_off: &SignOff,
    obligations: &[Obligation],
    vector: &Vector,
) -> Approval {
    if meeting.is_none() || app.board.chair.is_none() {
        return Approval::NotAsked;
    }
    let Some((said, at)) = &sign_off.approved else { return Approval::Missing };
    // Returns share tables: a table that moved is told of those whose files were taken since the draft.
    let is_moved = |contract: &&Contract| {
        let Some(draft) = &sign_off.draft else { return false };
        let (now, then) = (|table: &str| vector.get(table).copied(), |table: &str| draft.vector.get(table).copied());
        let mut tables = contract.tables.iter().map(|table| contract.qualified(table));
        let mut of_return = obligations.iter().filter(|one| one.key.return_id == contract.id);
        tables.any(|table| now(&table) != then(&table)) && of_return.any(|one| one.decided_at > Some(draft.made_at))
    };
    let moved = app.board.returns.values().filter(is_moved);
    Approval::Given {
        by: format!("{} ({})", said.by, said.role.as_str()),
        on: civil_day(*at),
        moved: moved.map(|contract| contract.title.clone()).collect(),
    }
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
async fn record(app: &App, definition: &PackDefinition, vector: &Vector, period: Period) -> anyhow::Result<Record> {
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
    vector: &Vector,
    period: Period,
) -> anyhow::Result<Vec<String>> {
    let record = record(app, definition, vector, period).await?;
    Ok(record.stories.into_iter().filter(|story| story.period == period).map(|story| story.indicator).collect())
}

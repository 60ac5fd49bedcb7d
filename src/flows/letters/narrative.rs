//! What a sender wrote on the template's sheet for words, passed on to whoever reads the figures.
//!
//! Only of returns about groups: their guard has looked through every cell of every sheet before. What stands there is no
//! figure and is not stored; it is kept with the file.

use arrow::array::{Array, AsArray};

use super::{
    super::{App, intake},
    post,
};
use crate::{
    check::{Classification, Contract},
    decode::{Format, Wanted, WantedHeading, WorkbookOptions, decode, is_wrapped},
    form::{MOST_BYTES, NARRATIVE, NARRATIVE_COLUMNS, is_narrative},
    ledger::{Obligation, OutboxRow, Submission},
    mail::{Due, Letter, Written},
};

/// Rows that are passed on, at most, and characters of each.
const MOST_ROWS: usize = 20;
const MOST_CHARACTERS: usize = 4000;

/// What was written on the sheet; none where the file has no sheet of ours for it. The answer does not wait for one that
/// cannot be read: then the sheet is named as any other that was left aside.
pub(super) async fn narrative(
    app: &App,
    contract: &Contract,
    submission: &Submission,
    ignored: &[String],
) -> Option<Vec<Written>> {
    let is_asked = matches!(contract.format, Format::Workbook(_))
        && contract.governance.classification == Classification::Aggregate
        && ignored.iter().any(|name| is_narrative(name));
    if !is_asked {
        return None;
    }
    match read(app, submission).await {
        Ok(written) => written,
        Err(error) => {
            tracing::info!(submission = submission.id, "the sheet {NARRATIVE} is not passed on: {error:#}");
            None
        }
    }
}

async fn read(app: &App, submission: &Submission) -> anyhow::Result<Option<Vec<Written>>> {
    let content = intake::content_of(app, submission).await?;
    if content.length() > MOST_BYTES as u64 {
        return Ok(None);
    }
    let bytes = content.bytes()?;
    if is_wrapped(&bytes) {
        return Ok(None);
    }
    let heading = |name: &str| WantedHeading { names: vec![name.to_owned()], is_needed: true };
    let wanted = Wanted {
        table: NARRATIVE.to_owned(),
        sheets: vec![NARRATIVE.to_owned()],
        headings: NARRATIVE_COLUMNS.map(heading).into(),
        ..Wanted::default()
    };
    let format = Format::Workbook(WorkbookOptions { tables: vec![wanted] });
    let decoded = decode(&format, bytes, &app.launcher).await?;
    let Some(sheet) = decoded.sheets.into_iter().next() else { return Ok(None) };
    let place = |name: &str| sheet.columns.iter().position(|column| column == name);
    let [Some(about), Some(says)] = NARRATIVE_COLUMNS.map(place) else { return Ok(None) };
    let mut written = Vec::new();
    for batch in sheet.rows {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let cell = |place: usize| {
                let cells = batch.column(place + 1).as_string::<i32>();
                let text = if cells.is_valid(row) { cells.value(row).trim() } else { "" };
                text.chars().take(MOST_CHARACTERS).collect::<String>()
            };
            if written.len() < MOST_ROWS && !cell(says).is_empty() {
                written.push(Written { about: cell(about), says: cell(says) });
            }
        }
    }
    Ok(Some(written))
}

/// The letter with what was written, to the analyst, or to the manager where there is none.
pub(super) fn passed_on(
    app: &App,
    obligation: &Obligation,
    submission: &Submission,
    due: Due,
    words: Vec<Written>,
) -> anyhow::Result<Vec<OutboxRow>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let letter = Letter::Narrative { due, submission: submission.id, arrived_at: submission.received_at, words };
    let to = app.board.analyst.clone().unwrap_or_else(|| app.board.manager.clone());
    let key = format!("narrative/{}", submission.id);
    post(app, &key, Some(obligation), vec![to], &letter, app.clock.now())
}

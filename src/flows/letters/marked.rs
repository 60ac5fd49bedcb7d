//! The sender's own file with what was found marked in it, to go with the answer.
//!
//! It goes only with the answer to these very bytes, and only to the agency that sent them. A file about single children is
//! never sent back, nor one that is kept sealed, came packed or locked, nor one too large for a mail.

use std::path::Path;

use anyhow::bail;

use super::super::{App, intake};
use crate::{
    check::{Classification, Contract},
    decode::{Format, decode, is_wrapped},
    form::{self, Head, NotMarked, WORKBOOK, marked_anew, marked_in_place},
    ledger::{FindingRow, Severity, Submission},
    mail::{Attachment, Content, Due, Marked},
};

/// The marked copy, if there is one, and what is said of it. The answer does not wait for one that cannot be made.
pub(super) async fn marked(
    app: &App,
    contract: &Contract,
    due: &Due,
    submission: &Submission,
    findings: &[FindingRow],
) -> (Marked, Vec<Attachment>) {
    let pointed = findings.iter().any(|f| f.severity != Severity::Note && (f.row.is_some() || f.letter.is_some()));
    if contract.governance.classification != Classification::Aggregate || submission.sha256.is_empty() || !pointed {
        return (Marked::No, Vec::new());
    }
    match copy(app, due, submission, findings).await {
        Ok(Some(bytes)) => (Marked::Attached, vec![attachment(app, submission, bytes)]),
        Ok(None) => (Marked::TooLarge, Vec::new()),
        Err(error) => {
            tracing::info!(submission = submission.id, "no marked copy goes with the answer: {error:#}");
            (Marked::No, Vec::new())
        }
    }
}

/// The copy; none where the file or the copy is too large for a mail. What its sender packed or locked is not sent back
/// open.
async fn copy(
    app: &App,
    due: &Due,
    submission: &Submission,
    findings: &[FindingRow],
) -> anyhow::Result<Option<Vec<u8>>> {
    let content = intake::content_of(app, submission).await?;
    if content.length() > form::MOST_BYTES as u64 {
        return Ok(None);
    }
    let bytes = content.bytes()?;
    if is_wrapped(&bytes) {
        bail!("it came packed or locked");
    }
    // As it was judged, so that each cell is where its finding says.
    let contract = intake::contract_of(app, submission).await?;
    let contact = &app.board.contact;
    let head = Head {
        title: format!("What to fix: {}, {}", due.title, due.period.human()),
        lines: vec![
            "Each cell below is coloured in its sheet and has a note. Correct it there or in your own copy, and send the file again.".to_owned(),
            "This list may stay in the file; it is not read.".to_owned(),
            format!("Questions: {}, {}.", contact.name, contact.phone),
        ],
    };
    let in_place = match &contract.format {
        Format::Workbook(_) if bytes.starts_with(b"PK") => {
            Some(marked_in_place(&app.launcher, &bytes, &head, findings).await)
        }
        _ => None,
    };
    let made = match in_place {
        Some(Ok(book)) => Ok(book),
        Some(Err(NotMarked::TooLarge)) => Err(NotMarked::TooLarge),
        refused => {
            if let Some(Err(error)) = refused {
                tracing::info!(submission = submission.id, "the workbook is written anew to be marked: {error}");
            }
            let decoded = decode(&contract.format, bytes, &app.launcher).await?;
            marked_anew(&app.launcher, decoded, &head, findings).await
        }
    };
    match made {
        Ok(book) => Ok(Some(book)),
        Err(NotMarked::TooLarge) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn attachment(app: &App, submission: &Submission, bytes: Vec<u8>) -> Attachment {
    let stem = Path::new(&submission.name).file_stem().and_then(|stem| stem.to_str()).unwrap_or("your file");
    let stem: String = stem.chars().filter(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')).collect();
    let contact = &app.board.contact;
    Attachment {
        name: format!("What to fix in {}.xlsx", stem.strip_prefix("What to fix in ").unwrap_or(&stem)),
        media_type: WORKBOOK.to_owned(),
        content: Content::Bytes(bytes),
        otherwise: format!("Ask us for it: {}, {}.", contact.name, contact.phone),
    }
}

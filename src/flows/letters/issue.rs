//! The message that brings an issued pack.

use std::{collections::BTreeSet, path::Path};

use jiff::{Timestamp, civil::Date};

use super::{super::App, manager, written};
use crate::{
    domain::civil_day,
    ledger::{EditionRow, OutboxRow},
    mail::{Attachment, Content, Letter, Person},
    pack::{PDF, PackDefinition},
};

/// An issued pack to everybody it is for.
pub(in super::super) fn issue(
    app: &App,
    definition: &PackDefinition,
    edition: &EditionRow,
    meeting: Option<Date>,
    gaps: Vec<String>,
    approval: Option<String>,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let letter = Letter::Pack {
        title: definition.title().to_owned(),
        period: edition.period.parse()?,
        edition: edition.number,
        meeting,
        data_as_at: civil_day(now),
        gaps,
        approval,
    };
    let name = format!("{} {} edition {}.pdf", edition.pack, edition.period, edition.number);
    // A rehearsal sets no pages.
    let attachment = (!app.is_rehearsal).then(|| Attachment {
        otherwise: format!("The pack was too large to attach; ask us for {name}."),
        name,
        media_type: "application/pdf".into(),
        content: Content::File { path: Path::new(&edition.folder).join(PDF), sha256: edition.pdf_sha256.clone() },
    });
    let key = format!("pack/{}/{}", edition.pack, edition.number);
    let mut rows = Vec::new();
    for (mut row, mut message) in written(app, &key, None, readers(app, definition), &letter, now)? {
        message.attachments.extend(attachment.clone());
        row.message = serde_json::to_value(message)?;
        rows.push(row);
    }
    Ok(rows)
}

/// Whom a pack is sent to: the holders of its roles, and the addresses it names.
fn readers(app: &App, definition: &PackDefinition) -> Vec<Person> {
    let board = &app.board;
    let mut people: Vec<Person> = Vec::new();
    for role in definition.roles() {
        match role.as_str() {
            "chair" => people.extend(board.chair.clone()),
            "manager" => people.push(manager(app)),
            "board-members" => people.extend(board.agencies.values().filter_map(|a| a.board_member.clone())),
            _ => people.extend(board.agencies.values().map(|agency| agency.lead.clone())),
        }
    }
    people.extend(definition.addresses().iter().map(|email| Person { name: email.clone(), email: email.clone() }));
    let mut seen = BTreeSet::new();
    people.retain(|reader| seen.insert(reader.email.clone()));
    people
}

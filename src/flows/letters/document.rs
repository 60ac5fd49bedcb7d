//! What follows a document that came: its sender hears that it is here, and the manager gets it to read.

use jiff::Timestamp;

use super::{due, manager, post_with};
use crate::{
    flows::{App, intake},
    ledger::{Obligation, OutboxRow, Submission},
    mail::{Attachment, Content, Letter},
};

/// A longer file is not mailed on; it lies in the archive.
const MOST_BYTES: u64 = 8 << 20;

/// The file itself, for the manager.
pub(super) async fn passed_on(
    app: &App,
    obligation: &Obligation,
    submission: &Submission,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let content = intake::content_of(app, submission).await?;
    let mut files = Vec::new();
    if content.length() <= MOST_BYTES {
        files.push(Attachment {
            name: submission.name.clone(),
            media_type: "application/octet-stream".to_owned(),
            content: Content::Bytes(content.bytes()?.into()),
            otherwise: "The document was too large to attach; ask its sender for a copy.".to_owned(),
        });
    }
    let letter = Letter::Document {
        due: due(app, obligation),
        key: obligation.key.to_string(),
        arrived_at: submission.received_at,
        submission: submission.id,
        attached: !files.is_empty(),
    };
    let key = format!("document/{}", submission.id);
    post_with(app, &key, Some(obligation), vec![manager(app)], &letter, &files, now)
}

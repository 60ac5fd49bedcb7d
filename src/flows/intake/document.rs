//! A document (a self-assessment, an assurance report): kept as it came, passed on to the manager, and never decoded.

use super::{
    super::App,
    Received,
    store::{Outcome, decide},
};
use crate::{
    content::Content,
    domain::Verdict,
    ledger::{FindingRow, Severity, Submission},
};

/// What such a file can be.
const TAKEN: &str = "a PDF, a Word document or an OpenDocument text";

/// Takes a file that is a document by its first bytes and its name; any other is for the sender to mend.
pub(super) async fn take(app: &App, submission: &Submission, content: &Content) -> anyhow::Result<Received> {
    if is_document(&submission.name, &content.head(8)?) {
        return decide(app, submission, Outcome::of(Verdict::Accepted, true), &[]).await;
    }
    let says = match content.length() {
        0 => "the file is empty".to_owned(),
        _ => format!("the file is none that is asked for; please send {TAKEN}"),
    };
    let finding = FindingRow {
        severity: Severity::Error,
        table: String::new(),
        sheet: None,
        heading: None,
        letter: None,
        row: None,
        rule: "unreadable".into(),
        says: says.clone(),
    };
    let outcome = Outcome { reason: Some(says), ..Outcome::of(Verdict::NotAccepted, false) };
    decide(app, submission, outcome, &[finding]).await
}

fn is_document(name: &str, head: &[u8]) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match head {
        [b'%', b'P', b'D', b'F', ..] => true,
        [b'P', b'K', 3, 4, ..] => matches!(ending.as_str(), "docx" | "odt"),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => ending == "doc",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_known_by_its_bytes_and_where_they_say_too_little_by_its_name() {
        for (name, head, is) in [
            ("report.pdf", &b"%PDF-1.7"[..], true),
            ("report", b"%PDF-1.7", true),
            ("report.docx", b"PK\x03\x04\0\0\0\0", true),
            ("report.odt", b"PK\x03\x04\0\0\0\0", true),
            ("figures.xlsx", b"PK\x03\x04\0\0\0\0", false),
            ("old.doc", b"\xD0\xCF\x11\xE0\0\0\0\0", true),
            ("figures.xls", b"\xD0\xCF\x11\xE0\0\0\0\0", false),
            ("report.docx", b"<html>", false),
            ("report.pdf", b"", false),
        ] {
            assert_eq!(is_document(name, head), is, "{name}");
        }
    }
}

//! Takes a message apart in a worker: a hostile one may overflow a stack or a memory, and only the worker dies of it.
//!
//! The answer is one JSON frame, then the bytes of each file.

use std::{borrow::Cow, process::ExitCode, time::Duration};

use bytes::Bytes;
use mail_parser::{
    Address, Encoding, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};
use serde_json::{Value, json};

use super::{File, Incoming, Report, Wrapping};
use crate::{
    domain::is_address,
    worker::{self, Frame, Input, Job, Kind, Launcher, Limits, Output, WorkerError},
};

/// How many files of one message are looked at.
const MOST_FILES: usize = 20;
/// How many letters within letters are opened.
const MOST_NESTED: usize = 2;
/// How much of a text is read: more is never asked for.
const MOST_TEXT: usize = 64 << 10;
/// How much of a header is read.
const MOST_HEADER: usize = 4 << 10;

const LIMITS: Limits = Limits { memory_bytes: 512 << 20, wall: Duration::from_secs(30), decoded_bytes: 96 << 20 };

/// The headers that say what kind of message it is.
const TELLING: [&str; 11] = [
    "authentication-results",
    "auto-submitted",
    "list-id",
    "list-post",
    "list-unsubscribe",
    "precedence",
    "return-path",
    "x-auto-response-suppress",
    "x-autoreply",
    "x-failed-recipients",
    "x-ms-exchange-organization-authas",
];

/// Why a message could not be taken apart.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no message, or one made to do harm.
    #[error("it is no message that can be read")]
    Message,
    /// The worker could not do its work; the message may be fine.
    #[error("the worker that reads messages could not be used; the message is read at a later look")]
    Worker,
}

/// Takes a message apart; of one that was `cut` only what stands before its end is known.
///
/// # Errors
/// When it cannot be read. What the worker said on dying may hold words of the message and is told to nobody.
pub async fn read(launcher: &Launcher, raw: &Bytes, cut: bool) -> Result<Incoming, Unreadable> {
    let request = json!({ "cut": cut });
    let job = Job { kind: Kind::Mail, request: &request, input: Input::Bytes(raw), limits: LIMITS, readable: &[] };
    let frames = launcher.run(job).await.map_err(|error| match error {
        WorkerError::Spawn { .. } | WorkerError::Build { .. } | WorkerError::Protocol { .. } => Unreadable::Worker,
        _ => Unreadable::Message,
    })?;
    let mut frames = frames.into_iter();
    let Some(Frame::Json(found)) = frames.next() else { return Err(Unreadable::Worker) };
    let mut incoming: Incoming = serde_json::from_value(found).map_err(|_| Unreadable::Worker)?;
    for file in &mut incoming.files {
        let Some(Frame::Bytes(bytes)) = frames.next() else { return Err(Unreadable::Worker) };
        file.bytes = Bytes::from(bytes);
    }
    Ok(incoming)
}

/// Serves one job: the child's side of [`read`].
pub fn serve_worker() -> ExitCode {
    worker::serve(Kind::Mail, handle)
}

fn handle(request: Value, raw: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let cut = request["cut"].as_bool().unwrap_or(false);
    let incoming = take_apart(&raw, cut).ok_or("it is no message")?;
    let failed = |error: std::io::Error| error.kind().to_string();
    output.json(&serde_json::to_value(&incoming).map_err(|_| "it is no message")?).map_err(failed)?;
    for file in &incoming.files {
        output.bytes(&file.bytes).map_err(failed)?;
    }
    Ok(())
}

fn take_apart(raw: &[u8], cut: bool) -> Option<Incoming> {
    let parser = MessageParser::default();
    let message = if cut { parser.parse_headers(raw) } else { parser.parse(raw) }?;
    let mut incoming = Incoming {
        message_id: message.message_id().map(|id| line(id, 300)),
        references: [message.in_reply_to(), message.references()].into_iter().flat_map(identifiers).take(50).collect(),
        to: message.to().into_iter().chain(message.cc()).flat_map(addresses).take(50).collect(),
        subject: line(message.subject().unwrap_or_default(), 300),
        headers: telling(&message),
        cut,
        ..Incoming::default()
    };
    let senders: Vec<&mail_parser::Addr<'_>> = message.from().map(|from| from.iter().collect()).unwrap_or_default();
    if let [sender] = senders.as_slice() {
        incoming.name = line(sender.name().unwrap_or_default(), 100);
        incoming.from = sender.address().map(str::to_ascii_lowercase).filter(|address| is_address(address));
    }
    if !cut {
        incoming.wrapping = wrapping(&message);
        incoming.report = report(&message);
        incoming.text = message.body_text(0).unwrap_or_default().chars().take(MOST_TEXT).collect();
        if incoming.report.is_none() {
            gather(&message, 0, &mut incoming);
        }
    }
    Some(incoming)
}

/// One line without control characters.
fn line(text: &str, most: usize) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).take(most).collect::<String>().trim().to_owned()
}

fn identifiers(value: &HeaderValue<'_>) -> Vec<String> {
    let mut found: Vec<String> = match value {
        HeaderValue::Text(text) => vec![line(text, 300)],
        HeaderValue::TextList(texts) => texts.iter().map(|text| line(text, 300)).collect(),
        _ => Vec::new(),
    };
    // References are written oldest first.
    found.reverse();
    found
}

fn addresses(address: &Address<'_>) -> Vec<String> {
    address.iter().filter_map(|one| one.address()).map(str::to_ascii_lowercase).filter(|one| is_address(one)).collect()
}

fn telling(message: &Message<'_>) -> Vec<(String, String)> {
    let wanted = message.headers_raw().filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        TELLING.contains(&name.as_str()).then(|| (name, line(value, MOST_HEADER)))
    });
    wanted.take(100).collect()
}

/// How the whole message is wrapped.
fn wrapping(message: &Message<'_>) -> Option<Wrapping> {
    let found = message.content_type()?;
    let media_type = media_type(found.ctype(), found.subtype());
    match media_type.as_str() {
        "multipart/encrypted" => Some(Wrapping::OpenPgp),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(Wrapping::Smime),
        _ => None,
    }
}

/// What a delivery report says (RFC 3464); every message of that form is one.
fn report(message: &Message<'_>) -> Option<Report> {
    let found = message.content_type()?;
    if media_type(found.ctype(), found.subtype()) != "multipart/report" {
        return None;
    }
    let field = |text: &str, name: &str| {
        text.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
        })
    };
    let mut report = Report { failed: false, about: None, status: None };
    for part in &message.parts {
        let kind = part.content_type().map(|found| media_type(found.ctype(), found.subtype())).unwrap_or_default();
        match kind.as_str() {
            "message/delivery-status" | "message/global-delivery-status" => {
                let text = String::from_utf8_lossy(part.contents());
                report.failed = field(&text, "action").is_some_and(|action| action.starts_with("failed"));
                report.status = field(&text, "status").map(|status| line(&status, 20));
            }
            "text/rfc822-headers" => {
                let parsed = MessageParser::default().parse_headers(part.contents());
                report.about = parsed.and_then(|about| about.message_id().map(|id| line(id, 300)));
            }
            _ => {
                if let PartType::Message(about) = &part.body {
                    report.about = about.message_id().map(|id| line(id, 300));
                }
            }
        }
    }
    Some(report)
}

/// Collects the files of a message and of the letters attached to it.
fn gather(message: &Message<'_>, depth: usize, incoming: &mut Incoming) {
    for part in message.attachments() {
        if incoming.files.len() >= MOST_FILES {
            incoming.cut = true;
            return;
        }
        if let PartType::Message(nested) = &part.body {
            if depth < MOST_NESTED {
                gather(nested, depth + 1, incoming);
            } else {
                incoming.cut = true;
            }
            continue;
        }
        let media_type =
            part.content_type().map(|found| media_type(found.ctype(), found.subtype())).unwrap_or_default();
        let name = part.attachment_name().unwrap_or_default();
        if is_dressing(part, &media_type, name) {
            continue;
        }
        incoming.files.push(File::new(name, &media_type, bytes_of(message, part)));
    }
}

fn media_type(kind: &str, subtype: Option<&str>) -> String {
    format!("{kind}/{}", subtype.unwrap_or_default()).to_ascii_lowercase()
}

/// What belongs to the letter and not to what was sent with it: pictures in its text, signatures, visiting cards.
fn is_dressing(part: &MessagePart<'_>, media_type: &str, name: &str) -> bool {
    let dressing = [
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-encrypted",
        "text/calendar",
        "text/vcard",
        "text/x-vcard",
    ];
    let attached = part.content_disposition().is_some_and(|found| found.is_attachment());
    let in_the_text = !attached || part.content_id().is_some();
    // Outlook and Exchange name the pieces of a text so when something follows an attachment.
    let leftover = name.len() < 14 && name.starts_with("ATT") && (name.ends_with(".txt") || name.ends_with(".htm"));
    let nameless_text = name.is_empty() && !attached && matches!(media_type, "text/plain" | "text/html" | "/");
    dressing.contains(&media_type) || (media_type.starts_with("image/") && in_the_text) || leftover || nameless_text
}

/// The bytes as they were attached: of a text, before anybody guessed at its letters.
fn bytes_of(message: &Message<'_>, part: &MessagePart<'_>) -> Bytes {
    if !matches!(part.body, PartType::Text(_) | PartType::Html(_)) || part.is_encoding_problem {
        return Bytes::copy_from_slice(part.contents());
    }
    let (from, to) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
    let raw = message.raw_message.get(from..to).unwrap_or_default();
    let decoded = match part.encoding {
        Encoding::None => Some(Cow::Borrowed(raw)),
        Encoding::Base64 => base64_decode(raw).map(Cow::Owned),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).map(Cow::Owned),
    };
    decoded.map_or_else(|| Bytes::copy_from_slice(part.contents()), |bytes| Bytes::from(bytes.into_owned()))
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;

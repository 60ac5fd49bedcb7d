//! A message as it goes over the wire: headers, parts and an envelope for one recipient.
//!
//! The same outbox key, instant and copy always make the same bytes. Knows nothing of relays.

use jiff::Timestamp;
use lettre::{
    Address,
    message::{
        Attachment as Part, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use sha2::{Digest, Sha256};

use super::{MailError, Message, Person, Settings, prose};
use crate::domain::hex;
use crate::domain::is_address;

/// What a copy of a message adds to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Copy {
    /// Which attempt it is, where an earlier one may have arrived.
    pub again: Option<u32>,
    /// Whether the relay finds the attachments too large.
    pub without_attachments: bool,
    /// Whether its files travel beside it.
    pub apart: bool,
}

/// A message ready for a relay.
#[derive(Debug, Clone)]
pub(super) struct Eml {
    /// The outbox key.
    pub key: String,
    /// The envelope's return path.
    pub sender: Address,
    /// The envelope's one recipient.
    pub recipient: Address,
    /// Headers and body.
    pub bytes: Vec<u8>,
    /// Files that travel beside it.
    pub files: Vec<Apart>,
}

/// A file that travels beside its message.
#[derive(Debug, Clone)]
pub(super) struct Apart {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl Eml {
    /// How many bytes it has with its files.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.files.iter().map(|file| file.bytes.len()).sum::<usize>()
    }
}

/// The Message-ID of the message with this outbox key: the same for every copy of it.
pub fn message_id(key: &str, domain: &str) -> String {
    format!("<{}@{domain}>", digest(key))
}

/// Which of `keys` a Message-ID of ours (without brackets), or a return path of ours, was made from.
pub fn key_of<'a>(word: &str, keys: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let local = word.split('@').next()?;
    let mark = local.rsplit('+').next()?.to_ascii_lowercase();
    let is_ours = mark.len() == 32 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    if is_ours { keys.into_iter().find(|key| digest(key) == mark) } else { None }
}

/// Whether a Message-ID, as somebody else wrote it, can stand in a header: one that cannot is left out.
fn is_message_id(id: &str) -> bool {
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte));
    plain && id.len() <= 250 && id.split('@').filter(|part| !part.is_empty()).count() == 2
}

/// Puts a message together for one recipient.
///
/// `files` are the bytes of its attachments, in order.
pub(super) fn compose(
    settings: &Settings,
    key: &str,
    recipient: &str,
    message: &Message,
    files: Vec<Vec<u8>>,
    copy: Copy,
    now: Timestamp,
) -> Result<Eml, MailError> {
    let recipient = address(recipient)?;
    settings.may_write_to(recipient.domain())?;
    let from = mailbox("From", &settings.from)?;
    let to = Mailbox::new(Some(header("To", &message.to.name)?), recipient.clone());
    let reply_to = match &settings.reply_to {
        Some(reply_to) => Mailbox::new(None, address(reply_to)?),
        None => {
            mailbox("Reply-To", &Person { name: message.contact.name.clone(), email: message.contact.email.clone() })?
        }
    };
    let mut builder = lettre::Message::builder()
        .date(now.into())
        .message_id(Some(settings.message_id(key)))
        .from(from)
        .reply_to(reply_to)
        .to(to)
        .subject(header("Subject", &message.subject)?)
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
    if let Some(id) = message.answers.as_deref().filter(|id| is_message_id(id)) {
        builder = builder.in_reply_to(format!("<{id}>")).references(format!("<{id}>"));
    }
    if let Some(attempt) = copy.again {
        let name = HeaderName::new_from_ascii_str("X-Quarterday-Attempt");
        builder = builder.raw_header(HeaderValue::new(name, attempt.to_string()));
    }
    let (text, html) = with_remarks(message, copy);
    let words = MultiPart::alternative()
        .boundary(boundary(key, "words"))
        .singlepart(SinglePart::plain(text))
        .singlepart(SinglePart::html(html));
    let mut beside = Vec::new();
    let whole = if message.attachments.is_empty() || copy.without_attachments || copy.apart {
        for (attachment, bytes) in message.attachments.iter().zip(files) {
            let name = header("attachment name", &attachment.name)?;
            let media_type = header("Content-Type", &attachment.media_type)?;
            beside.push(Apart { name, media_type, bytes });
        }
        builder.multipart(words)
    } else {
        let mut mixed = MultiPart::mixed().boundary(boundary(key, "files")).multipart(words);
        for (attachment, bytes) in message.attachments.iter().zip(files) {
            let wrong = |e| MailError::Compose(format!("attachment {}: {e}", attachment.name));
            let media_type = ContentType::parse(&header("Content-Type", &attachment.media_type)?).map_err(wrong)?;
            mixed = mixed.singlepart(Part::new(header("attachment name", &attachment.name)?).body(bytes, media_type));
        }
        builder.multipart(mixed)
    };
    let whole = whole.map_err(|e| MailError::Compose(e.to_string()))?;
    let sender = address(&settings.return_path_of(&digest(key)))?;
    Ok(Eml { key: key.to_owned(), sender, recipient, bytes: whole.formatted(), files: beside })
}

/// Text and HTML with what is to be said about this copy.
fn with_remarks(message: &Message, copy: Copy) -> (String, String) {
    let mut remarks = Vec::new();
    if copy.without_attachments {
        for attachment in &message.attachments {
            remarks.push(format!(
                "The file {} was too large for the mail on its way to you and is not attached. {}",
                attachment.name, attachment.otherwise
            ));
        }
    }
    if copy.again.is_some() {
        remarks
            .push("You may have this message already: the first copy was sent, but its receipt was lost.".to_owned());
    }
    let (mut text, mut html) = (message.text.clone(), message.html.clone());
    if !remarks.is_empty() {
        // Before the signature, which begins with "-- ".
        let at = text.rfind("\n-- \n").unwrap_or(text.len());
        text.insert_str(at, &format!("\n{}\n", remarks.join("\n")));
        let at = html.rfind("</body>").unwrap_or(html.len());
        let style = "font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;max-width:592px;margin:16px auto;padding:0 24px";
        let paragraphs = remarks.iter().map(|remark| format!("<p style=\"{style}\">{}</p>", prose::escape(remark)));
        html.insert_str(at, &paragraphs.collect::<String>());
    }
    (text, html)
}

/// A value that goes into a header: one line, no control characters.
fn header(name: &'static str, value: &str) -> Result<String, MailError> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if value.contains(breaks) { Err(MailError::Header { header: name }) } else { Ok(value.to_owned()) }
}

fn mailbox(name: &'static str, person: &Person) -> Result<Mailbox, MailError> {
    Ok(Mailbox::new(Some(header(name, &person.name)?), address(&person.email)?))
}

pub(super) fn address(text: &str) -> Result<Address, MailError> {
    let wrong = || MailError::Address { address: text.chars().filter(|c| !c.is_control()).collect() };
    if !is_address(text) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

fn boundary(key: &str, part: &str) -> String {
    format!("=_{}", digest(&format!("{part}/{key}")))
}

/// 128 bits of the key's SHA-256: unguessable from outside, the same for every copy.
fn digest(key: &str) -> String {
    hex(&Sha256::digest(key)[..16])
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;
    use crate::mail::{Attachment, Content, Kind, Templates, Way, example};

    fn settings() -> Settings {
        Settings {
            from: Person { name: "Exampleshire Partnership".into(), email: "quarterday@board.example".into() },
            reply_to: None,
            return_path: Some("bounces+{key}@board.example".into()),
            allowed_domains: vec!["police.exampleshire.example".into()],
            example: false,
            pace: crate::mail::Pace::default(),
            largest: None,
            way: Way::Folder("mail".into()),
        }
    }

    fn notice() -> Message {
        let mut message = Templates::shipped().unwrap().render(&example(Kind::Notice)[0]).unwrap();
        message.attachments.push(Attachment {
            name: "Missing children – Q1.xlsx".into(),
            media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".into(),
            content: Content::Bytes(b"PK".to_vec()),
            otherwise: "Ask us for it.".into(),
        });
        message
    }

    fn composed(message: &Message, copy: Copy) -> Result<Eml, MailError> {
        let now = "2025-07-01T09:00:00Z".parse().unwrap();
        compose(&settings(), "notice/x/lead", &message.to.email, message, vec![b"PK".to_vec()], copy, now)
    }

    #[test]
    fn the_same_message_is_the_same_bytes_and_carries_what_a_relay_wants_to_see() {
        let message = notice();
        let eml = composed(&message, Copy::default()).unwrap();
        assert_eq!(eml.bytes, composed(&message, Copy::default()).unwrap().bytes);
        assert!(eml.bytes.is_ascii());
        let parsed = MessageParser::default().parse(&eml.bytes).unwrap();
        assert_eq!(parsed.subject(), Some(message.subject.as_str()));
        assert_eq!(parsed.date().unwrap().to_rfc3339(), "2025-07-01T09:00:00Z");
        assert_eq!(format!("<{}>", parsed.message_id().unwrap()), message_id("notice/x/lead", "board.example"));
        assert_eq!(parsed.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        assert_eq!(parsed.reply_to().unwrap().first().unwrap().address(), Some("business.unit@exampleshire.example"));
        assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), message.text);
        assert_eq!(parsed.attachment(0).unwrap().attachment_name(), Some("Missing children – Q1.xlsx"));
        assert_eq!(parsed.attachment(0).unwrap().contents(), b"PK");
        assert!(eml.sender.to_string().starts_with("bounces+") && eml.sender.domain() == "board.example");
    }

    #[test]
    fn a_message_id_and_a_return_path_lead_back_to_their_message() {
        let keys = ["notice/x/lead", "notice/x/deputy"];
        let id = message_id(keys[1], "board.example");
        assert_eq!(key_of(id.trim_matches(['<', '>']), keys), Some(keys[1]));
        assert_eq!(key_of(&settings().return_path_of(&digest(keys[0])), keys), Some(keys[0]));
        assert_eq!(key_of("0123456789abcdef0123456789abcdef@board.example", keys), None);
        assert_eq!(key_of("CAF+x@mail.example", keys), None);
    }

    #[test]
    fn a_second_copy_keeps_its_message_id_and_says_that_it_is_one() {
        let message = notice();
        let eml = composed(&message, Copy { again: Some(2), ..Copy::default() }).unwrap();
        let parsed = MessageParser::default().parse(&eml.bytes).unwrap();
        assert_eq!(format!("<{}>", parsed.message_id().unwrap()), message_id("notice/x/lead", "board.example"));
        assert_eq!(parsed.header_raw("X-Quarterday-Attempt").map(str::trim), Some("2"));
        for part in [parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap()] {
            assert!(part.contains("You may have this message already"), "{part}");
        }
    }

    #[test]
    fn an_answer_names_the_message_it_answers_unless_that_could_pass_for_something_else() {
        let answering = |id: &str| {
            let message = Message { answers: Some(id.into()), ..notice() };
            let eml = composed(&message, Copy::default()).unwrap();
            String::from_utf8(eml.bytes).unwrap()
        };
        let bytes = answering("CAF+x=1@mail.police.example");
        for name in ["In-Reply-To", "References"] {
            assert!(bytes.contains(&format!("\r\n{name}: <CAF+x=1@mail.police.example>\r\n")), "{bytes}");
        }
        for odd in ["a@b>\r\nBcc: <x@y.example", "a b@c", "ab", "é@b.example", &format!("{}@b", "a".repeat(300))] {
            let bytes = answering(odd);
            assert!(!bytes.contains("In-Reply-To") && !bytes.contains("Bcc"), "{bytes}");
        }
    }

    #[test]
    fn without_its_attachment_a_message_says_what_is_missing_and_where_it_is() {
        let message = notice();
        let eml = composed(&message, Copy { without_attachments: true, ..Copy::default() }).unwrap();
        let parsed = MessageParser::default().parse(&eml.bytes).unwrap();
        assert_eq!(parsed.attachment_count(), 0);
        assert!(parsed.body_text(0).unwrap().contains("too large for the mail on its way to you"));
        assert!(parsed.body_html(0).unwrap().contains("Ask us for it."));
    }

    #[test]
    fn nothing_that_could_pass_for_a_header_gets_into_one() {
        for bad in ["a\r\nBcc: x@y.example", "a\nb", "a\0b", "a\u{2028}b", "a\u{85}b"] {
            let message = Message { subject: bad.into(), ..notice() };
            assert!(matches!(composed(&message, Copy::default()), Err(MailError::Header { header: "Subject" })));
            let mut message = notice();
            message.to.name = bad.into();
            assert!(matches!(composed(&message, Copy::default()), Err(MailError::Header { header: "To" })));
            let mut message = notice();
            message.attachments[0].name = bad.into();
            assert!(matches!(composed(&message, Copy::default()), Err(MailError::Header { .. })));
        }
    }

    #[test]
    fn an_address_outside_the_allowed_domains_is_refused_with_the_reason() {
        let mut message = notice();
        for (email, told) in [
            ("sam@elsewhere.example", "elsewhere.example is not in allowed_domains"),
            ("sam@police.exampleshire.example.evil.example", "is not in allowed_domains"),
            ("sam@police.exampleshire.example>\r\nRCPT TO:<x@y.example", "not a plain address"),
            ("sämi@police.exampleshire.example", "not a plain address"),
        ] {
            message.to.email = email.into();
            let error = composed(&message, Copy::default()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        message.to.email = "sam@POLICE.exampleshire.example".into();
        assert!(composed(&message, Copy::default()).is_ok());
    }
}

//! One message as the outbox keeps it: words and attachments, not yet addressed to a relay.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{Contact, MailError, Owed, Person};

/// A message to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// To whom.
    pub to: Person,
    /// Who answers questions and gets the replies.
    pub contact: Contact,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The same words as HTML.
    pub html: String,
    /// Files that go with it.
    pub attachments: Vec<Attachment>,
    /// The Message-ID, without brackets, of the recipient's message that it answers, so that mail programs show it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// What it asks for, of a message that can leave together with others to the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Owed>,
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name as the recipient sees it.
    pub name: String,
    /// Its media type: `application/pdf`.
    pub media_type: String,
    /// Its bytes, or where they lie.
    pub content: Content,
    /// Said in the message when a relay finds the file too large: "Ask us for edition 3 of the pack."
    pub otherwise: String,
}

/// The bytes of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A file below the data folder, which must still be the one it was.
    File {
        /// The path below the data folder.
        path: PathBuf,
        /// The digest of its bytes.
        sha256: String,
    },
    /// The bytes themselves.
    Bytes(#[serde(with = "as_base64")] Vec<u8>),
    /// They went with the message and are kept no longer.
    Gone {
        /// The digest they had.
        sha256: String,
    },
}

/// A message of the outbox whose outcome is known, without the bytes of its attachments: what went to its sender is
/// nobody else's to keep. None if it has no such bytes.
pub(super) fn without_bytes(message: &serde_json::Value) -> Option<serde_json::Value> {
    let mut message: Message = serde_json::from_value(message.clone()).ok()?;
    let mut any = false;
    for attachment in &mut message.attachments {
        if let Content::Bytes(bytes) = &attachment.content {
            attachment.content = Content::Gone { sha256: crate::domain::sha256(bytes) };
            any = true;
        }
    }
    if any { serde_json::to_value(message).ok() } else { None }
}

impl Attachment {
    /// The bytes; a file that is gone or has changed is an error, never a different attachment.
    pub(super) fn bytes(&self, data: &Path) -> Result<Vec<u8>, MailError> {
        let (path, sha256) = match &self.content {
            Content::Bytes(bytes) => return Ok(bytes.clone()),
            Content::File { path, sha256 } => (path, sha256),
            Content::Gone { .. } => {
                let why = "went with an earlier copy and is kept no longer".to_owned();
                return Err(MailError::Attachment { path: PathBuf::from(&self.name), why });
            }
        };
        let wrong = |why: String| MailError::Attachment { path: path.clone(), why };
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(wrong("is not a path below the data folder".into()));
        }
        let bytes = fs::read(data.join(path)).map_err(|e| wrong(format!("cannot be read ({e})")))?;
        if crate::domain::sha256(&bytes) != *sha256 {
            return Err(wrong("is not the file it was when the message was written".into()));
        }
        Ok(bytes)
    }
}

mod as_base64 {
    use serde::{Deserializer, Serializer, de::Error};

    use super::*;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sha256;

    #[test]
    fn a_message_reads_back_from_the_outbox_as_it_was() {
        let message = Message {
            to: Person { name: "Sam".into(), email: "sam@police.example".into() },
            contact: Contact { name: "Unit".into(), phone: "01234".into(), email: "unit@board.example".into() },
            subject: "Due Monday".into(),
            text: "x\n".into(),
            html: "<p>x</p>".into(),
            attachments: vec![Attachment {
                name: "return.xlsx".into(),
                media_type: "application/octet-stream".into(),
                content: Content::Bytes(vec![0, 255, 7]),
                otherwise: String::new(),
            }],
            answers: Some("one@police.example".into()),
            owed: None,
        };
        let kept = serde_json::to_value(&message).unwrap();
        assert_eq!(serde_json::from_value::<Message>(kept).unwrap(), message);
    }

    #[test]
    fn a_message_that_has_left_keeps_no_bytes() {
        let mut message = Message {
            to: Person { name: "Sam".into(), email: "sam@police.example".into() },
            contact: Contact { name: "Unit".into(), phone: "01234".into(), email: "unit@board.example".into() },
            subject: "Not accepted yet".into(),
            text: "x\n".into(),
            html: "<p>x</p>".into(),
            attachments: vec![],
            answers: None,
            owed: None,
        };
        assert_eq!(without_bytes(&serde_json::to_value(&message).unwrap()), None);
        message.attachments.push(Attachment {
            name: "return.xlsx".into(),
            media_type: "application/octet-stream".into(),
            content: Content::Bytes(b"CANARY".to_vec()),
            otherwise: String::new(),
        });
        let spent = without_bytes(&serde_json::to_value(&message).unwrap()).unwrap();
        assert!(!spent.to_string().contains(&BASE64_STANDARD.encode("CANARY")), "{spent}");
        let spent: Message = serde_json::from_value(spent).unwrap();
        assert_eq!(spent.attachments[0].content, Content::Gone { sha256: sha256("CANARY") });
        assert!(spent.attachments[0].bytes(Path::new("/")).is_err());
    }

    #[test]
    fn a_file_that_changed_or_lies_elsewhere_is_not_attached() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("pack.pdf"), "one").unwrap();
        let of = |path: &str, bytes: &str| Attachment {
            name: "pack.pdf".into(),
            media_type: "application/pdf".into(),
            content: Content::File { path: path.into(), sha256: sha256(bytes) },
            otherwise: String::new(),
        };
        assert_eq!(of("pack.pdf", "one").bytes(data.path()).unwrap(), b"one");
        for wrong in [of("pack.pdf", "two"), of("../pack.pdf", "one"), of("/etc/hostname", "x"), of("gone.pdf", "one")]
        {
            assert!(matches!(wrong.bytes(data.path()), Err(MailError::Attachment { .. })));
        }
    }
}

//! Several messages of the chase to one person, made into one: a list of what is owed, then each in its own words.
//!
//! Pure. Which ones leave together is decided where they are taken (`parcel.rs`).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attachment, Board, Due, Facts, Kind, Letter, MailError, Message, Templates};

/// The kinds that leave together.
pub(super) const KINDS: [Kind; 6] =
    [Kind::Notice, Kind::Nudge, Kind::DueToday, Kind::Overdue, Kind::Commentary, Kind::AnythingSince];

/// So many at most leave as one message.
pub(super) const MOST: u32 = 20;

/// What a message of the chase asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The return.
    pub due: Due,
    /// The words of the message in the templates' own markup, facts guarded.
    pub words: String,
}

/// One of several messages that leave as one.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// What it asks for.
    pub owed: Owed,
    /// The names of the files that go with it.
    pub files: Vec<String>,
}

impl Letter {
    /// The return it asks for, of a letter that can leave together with others.
    pub(super) fn due_of_chase(&self) -> Option<&Due> {
        match self {
            Self::Notice { due, .. }
            | Self::Nudge { due, .. }
            | Self::DueToday { due, .. }
            | Self::Overdue { due, .. }
            | Self::Commentary { due, manager: false, .. }
            | Self::AnythingSince { due, manager: false, .. } => Some(due),
            _ => None,
        }
    }
}

/// The key of the message that begins with the row of this key. Its Message-ID is another than the row's, so that an answer
/// to it is not taken for one about that row's return alone.
pub(super) fn key(first: &str) -> String {
    format!("together/{first}")
}

/// One message of several to the same person; the same ones at the same instant always make the same message.
pub(super) fn message(
    mut members: Vec<Message>,
    templates: &Templates,
    board: &Board,
    now: Timestamp,
) -> Result<Message, MailError> {
    members.sort_by_key(|member| member.owed.as_ref().map(|owed| (owed.due.due_at, owed.due.name.clone())));
    let late = members.first().and_then(|first| first.owed.as_ref()).is_some_and(|first| first.due.due_at < now);
    let Some(first) = members.first() else { return Err(MailError::Compose("nothing leaves together".into())) };
    let (to, contact) = (first.to.clone(), first.contact.clone());
    let (mut parts, mut attachments, mut taken) = (Vec::new(), Vec::new(), BTreeSet::new());
    for member in members {
        let Some(owed) = member.owed else { continue };
        let mut files = Vec::new();
        for file in member.attachments {
            let name = distinct(&file.name, &mut taken);
            files.push(name.clone());
            attachments.push(Attachment { name, ..file });
        }
        parts.push(Part { owed, files });
    }
    let facts = Facts { board: board.clone(), to, contact, letter: Letter::Together { parts, late } };
    Ok(Message { attachments, ..templates.render(&facts)? })
}

/// A name that no other file of the message has: "return.xlsx", "return (2).xlsx".
fn distinct(name: &str, taken: &mut BTreeSet<String>) -> String {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut free = name.to_owned();
    let mut number = 2;
    while !taken.insert(free.to_lowercase()) {
        free = format!("{stem} ({number}){ending}");
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Content, example};

    fn owed(name: &str, due_at: &str) -> Message {
        let mut facts = example(Kind::Nudge).remove(0);
        if let Letter::Nudge { due, .. } = &mut facts.letter {
            due.name = format!("{name} return");
            due.title = name.to_owned();
            due.due_at = due_at.parse().unwrap();
        }
        let mut message = Templates::shipped().unwrap().render(&facts).unwrap();
        message.attachments.push(Attachment {
            name: "Return.xlsx".into(),
            media_type: "application/octet-stream".into(),
            content: Content::Bytes(name.as_bytes().to_vec()),
            otherwise: "Ask us.".into(),
        });
        message
    }

    #[test]
    fn the_first_to_be_due_comes_first_each_keeps_its_words_and_files_their_own_names() {
        let members = vec![
            owed("Visits", "2025-07-21T16:00:00Z"),
            owed("**Missing** <b>", "2025-07-14T16:00:00Z"),
            owed("Strategy meetings", "2025-07-14T16:00:00Z"),
        ];
        let board = example(Kind::Nudge).remove(0).board;
        let templates = Templates::shipped().unwrap();
        let now: Timestamp = "2025-07-07T09:00:00Z".parse().unwrap();
        let message = message(members.clone(), &templates, &board, now).unwrap();
        assert_eq!(message.subject, "3 returns: the first due Monday 14 July, 17:00");
        let at = |words: &str| message.text.find(words).unwrap_or_else(|| panic!("{words}: {}", message.text));
        assert!(at("**Missing** <b>") < at("\"Strategy meetings\"") && at("\"Strategy meetings\"") < at("\"Visits\""));
        assert_eq!(message.text.matches("It is not here yet.").count(), 3);
        assert_eq!(message.html.matches("It is not here yet.").count(), 3);
        assert!(message.html.contains("&lt;b&gt;") && !message.html.contains("<b>"), "{}", message.html);
        assert_eq!(message.text.matches("Exampleshire Safeguarding").count(), 1, "one signature: {}", message.text);
        let names: Vec<&str> = message.attachments.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["Return.xlsx", "Return (2).xlsx", "Return (3).xlsx"]);
        assert!(message.text.contains("Return (3).xlsx"));
        let later: Timestamp = "2025-07-15T09:00:00Z".parse().unwrap();
        let late = super::message(members, &templates, &board, later).unwrap();
        assert_eq!(late.subject, "3 returns: the first was due Monday 14 July, 17:00");
    }
}

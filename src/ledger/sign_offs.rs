//! The sign-off of each pack: what was drafted, who was asked, what they said. Folded from events, and kept nowhere else.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{DaysEnd, Event, LedgerError, OutboxState, RecordedEvent, Result, Txn, Vector};
use crate::domain::Period;

/// Which sign-off: a pack about a period for a meeting. As the subject of events it is written
/// `sign-off/board/2025-26-Q1/2025-08-12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignOffKey {
    /// The pack.
    pub pack: String,
    /// The period it speaks of.
    pub period: Period,
    /// The day of the meeting.
    pub meeting: Date,
}

impl fmt::Display for SignOffKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sign-off/{}/{}/{}", self.pack, self.period, self.meeting)
    }
}

impl FromStr for SignOffKey {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || LedgerError::Unreadable { what: "a sign-off", why: text.into() };
        let mut parts = text.strip_prefix("sign-off/").ok_or_else(unreadable)?.rsplitn(3, '/');
        let mut part = || parts.next().ok_or_else(unreadable);
        Ok(Self {
            meeting: part()?.parse().map_err(|_| unreadable())?,
            period: part()?.parse().map_err(|_| unreadable())?,
            pack: part()?.to_owned(),
        })
    }
}

/// Who may sign a pack off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signatory {
    /// Who chairs.
    Chair,
    /// Who is asked when the chair is silent.
    ViceChair,
    /// The board's manager, for the chair.
    Manager,
}

impl Signatory {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chair, Self::ViceChair, Self::Manager];

    /// The word, as commands and links have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chair => "chair",
            Self::ViceChair => "vice-chair",
            Self::Manager => "manager",
        }
    }
}

impl FromStr for Signatory {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|who| who.as_str() == text).ok_or("one of chair, vice-chair, manager")
    }
}

/// How far somebody was asked to sign; later ones press more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asking {
    /// The chair got the draft.
    Draft,
    /// The chair was reminded.
    Reminder,
    /// The vice-chair was asked in the chair's stead.
    ViceChair,
}

impl Asking {
    /// The word, as keys of messages have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Reminder => "reminder",
            Self::ViceChair => "vice-chair",
        }
    }
}

/// Something that happened on the way to a sign-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "sign_off", rename_all = "snake_case")]
pub enum SignOffEvent {
    /// A draft was made; it takes the place of the one before it.
    Drafted {
        /// The digest of its PDF.
        draft_sha256: String,
        /// Its folder, relative to the data folder.
        folder: String,
        /// What it was made from.
        vector: Vector,
        /// What it lacked.
        gaps: Vec<String>,
    },
    /// Somebody was asked to sign.
    Asked {
        /// How far that is.
        asking: Asking,
        /// The outbox keys, one per recipient.
        keys: Vec<String>,
    },
    /// Somebody signed.
    Approved(Said),
    /// Somebody would not sign yet.
    SentBack(Said),
    /// It was circulated, and nobody had signed.
    NotSignedOff {
        /// The number of the edition that went out.
        edition: i64,
    },
    /// It was circulated, and somebody had signed.
    Circulated {
        /// The number of the edition that went out.
        edition: i64,
    },
}

impl SignOffEvent {
    /// Its kind, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Drafted { .. } => "drafted",
            Self::Asked { .. } => "sign_off_asked",
            Self::Approved(_) => "approved",
            Self::SentBack(_) => "sent_back",
            Self::NotSignedOff { .. } => "not_signed_off",
            Self::Circulated { .. } => "signed_off_circulated",
        }
    }
}

/// What somebody said about a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who: a name.
    pub by: String,
    /// As what.
    pub role: Signatory,
    /// How it was said: "by the signed link", "recorded by alex with `quarterday approve`".
    pub how: String,
    /// The digest of the draft it was said of.
    pub draft_sha256: String,
    /// Their words, or why it was recorded for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A draft as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The digest of its PDF.
    pub sha256: String,
    /// Its folder, relative to the data folder.
    pub folder: String,
    /// What it was made from.
    pub vector: Vector,
    /// What it lacked.
    pub gaps: Vec<String>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// How far a sign-off has come.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SignOff {
    /// The newest draft.
    pub draft: Option<Draft>,
    /// When somebody was first asked.
    pub asked_at: Option<Timestamp>,
    /// How far was asked.
    pub asked: Option<Asking>,
    /// The outbox keys of all who were asked.
    pub keys: Vec<String>,
    /// Who signed, and when.
    pub approved: Option<(Said, Timestamp)>,
    /// Who sent the newest draft back, and when.
    pub sent_back: Option<(Said, Timestamp)>,
    /// The edition that went out, and when.
    pub circulated: Option<(i64, Timestamp)>,
}

impl SignOff {
    /// The sign-off that the events of its subject leave.
    pub fn fold<'e>(events: impl IntoIterator<Item = &'e RecordedEvent>) -> Self {
        let mut folded = Self::default();
        for recorded in events {
            let at = recorded.at;
            let Event::SignOff(event) = &recorded.event else { continue };
            match event.clone() {
                SignOffEvent::Drafted { draft_sha256, folder, vector, gaps } => {
                    folded.draft = Some(Draft { sha256: draft_sha256, folder, vector, gaps, made_at: at });
                    folded.sent_back = None;
                }
                SignOffEvent::Asked { asking, keys } => {
                    folded.asked_at.get_or_insert(at);
                    folded.asked = folded.asked.max(Some(asking));
                    folded.keys.extend(keys);
                }
                SignOffEvent::Approved(said) => {
                    folded.approved.get_or_insert((said, at));
                }
                SignOffEvent::SentBack(said) => folded.sent_back = Some((said, at)),
                SignOffEvent::NotSignedOff { edition } | SignOffEvent::Circulated { edition } => {
                    folded.circulated.get_or_insert((edition, at));
                }
            }
        }
        folded
    }

    /// The word for how far it has come, as SQL has it.
    pub fn state(&self) -> &'static str {
        match (&self.approved, &self.circulated, &self.sent_back, self.asked) {
            (Some(_), _, _, _) => "signed_off",
            (None, Some(_), _, _) => "not_signed_off",
            (None, None, Some(_), _) => "sent_back",
            (None, None, None, Some(Asking::ViceChair)) => "with_vice_chair",
            (None, None, None, Some(Asking::Reminder)) => "reminded",
            (None, None, None, Some(Asking::Draft) | None) => "asked",
        }
    }
}

impl Txn<'_> {
    /// How far a sign-off has come; nothing has happened where nothing was recorded.
    pub fn sign_off(&self, key: &SignOffKey) -> Result<SignOff> {
        Ok(SignOff::fold(&self.events_of(&key.to_string())?))
    }

    /// The digests of every draft that was made for it, the oldest first.
    pub fn drafts(&self, key: &SignOffKey) -> Result<Vec<String>> {
        let events = self.events_of(&key.to_string())?.into_iter();
        let digest = |recorded: RecordedEvent| match recorded.event {
            Event::SignOff(SignOffEvent::Drafted { draft_sha256, .. }) => Some(draft_sha256),
            _ => None,
        };
        Ok(events.filter_map(digest).collect())
    }

    /// Every sign-off, by pack, period and meeting: as it is now, or as it was at the end of a day.
    pub fn sign_offs(&self, then: Option<DaysEnd>) -> Result<Vec<(SignOffKey, SignOff)>> {
        let events = self.recorded(
            "WHERE subject >= 'sign-off/' AND subject < 'sign-off0' AND seq <= ?1 AND payload IS NOT NULL
             ORDER BY subject, seq",
            [then.map_or(i64::MAX, |then| then.seq)],
        )?;
        let of_one = events.chunk_by(|a, b| a.subject == b.subject);
        of_one.map(|events| Ok((events[0].subject.parse()?, SignOff::fold(events)))).collect()
    }

    /// Calls off what asks for this sign-off and has not left.
    pub fn call_off(&self, sign_off: &SignOff, at: Timestamp, why: &str) -> Result<()> {
        for key in &sign_off.keys {
            if let Some(waiting) = self.message(key)?.filter(|message| message.state == OutboxState::Queued) {
                self.settle_message(at, &waiting, OutboxState::Superseded, why, None)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: &str, event: SignOffEvent) -> RecordedEvent {
        let subject = "sign-off/board/2025-26-Q1/2025-08-12".to_owned();
        RecordedEvent { seq: 1, at: at.parse().unwrap(), subject, event: Event::SignOff(event) }
    }

    fn drafted(sha256: &str) -> SignOffEvent {
        let (draft_sha256, folder) = (sha256.to_owned(), "drafts/x".to_owned());
        SignOffEvent::Drafted { draft_sha256, folder, vector: Vector::new(), gaps: vec![] }
    }

    fn asked(asking: Asking) -> SignOffEvent {
        SignOffEvent::Asked { asking, keys: vec![asking.as_str().to_owned()] }
    }

    fn said(by: &str) -> Said {
        Said { by: by.into(), role: Signatory::Chair, how: "x".into(), draft_sha256: "a".into(), because: None }
    }

    #[test]
    fn each_step_has_its_word_and_the_first_signature_stands() {
        let day = |n: usize| format!("2025-07-{n:02}T09:00:00Z");
        let mut events = Vec::new();
        let mut then = |next: SignOffEvent| {
            events.push(event(&day(events.len() + 1), next));
            SignOff::fold(&events)
        };
        assert_eq!(then(drafted("a")).state(), "asked");
        assert_eq!(then(asked(Asking::Draft)).state(), "asked");
        assert_eq!(then(SignOffEvent::SentBack(said("Ruth"))).state(), "sent_back");
        assert_eq!(then(drafted("b")).state(), "asked");
        assert_eq!(then(asked(Asking::Reminder)).state(), "reminded");
        assert_eq!(then(asked(Asking::ViceChair)).state(), "with_vice_chair");
        assert_eq!(then(SignOffEvent::Approved(said("Ruth"))).state(), "signed_off");
        let folded = then(SignOffEvent::Approved(said("Omar")));
        assert_eq!(folded.approved.unwrap().0.by, "Ruth");
        assert_eq!((folded.draft.unwrap().sha256.as_str(), folded.keys.len()), ("b", 3));
        let silent = [event(&day(1), drafted("a")), event(&day(2), SignOffEvent::NotSignedOff { edition: 1 })];
        assert_eq!(SignOff::fold(&silent).state(), "not_signed_off");
    }

    #[test]
    fn a_key_reads_back_and_is_no_obligation() {
        let text = "sign-off/board/2025-26-Q1/2025-08-12";
        assert_eq!(text.parse::<SignOffKey>().unwrap().to_string(), text);
        assert!(text.parse::<super::super::ObligationKey>().is_err());
        assert!("sign-off/board/2025-26-Q1".parse::<SignOffKey>().is_err());
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        for event in [drafted("a"), asked(Asking::Draft), SignOffEvent::Approved(said("Ruth"))] {
            let event = Event::SignOff(event);
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
        }
    }
}

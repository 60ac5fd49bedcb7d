//! The kinds of message: a word each, which names its template and stands in the outbox.

use std::str::FromStr;

use super::Letter;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal),* $(,)?) => {
        /// The kinds of message; each has a template of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name),*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word: the template's file name, and what the outbox keeps.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word),*
                }
            }
        }

        impl Letter {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name { .. } => Kind::$name),*
                }
            }
        }
    };
}

kinds! {
    /// A return is open.
    Notice "notice",
    /// A return will soon be due.
    Nudge "nudge",
    /// A return is due today.
    DueToday "due-today",
    /// A return is late.
    Overdue "overdue",
    /// Members of a group are not in the file that stands.
    Members "members",
    /// The manager sees what will go above the lead.
    Preview "preview",
    /// Somebody above the lead is told.
    Escalation "escalation",
    /// A figure stands out, and words on it are asked for.
    Commentary "commentary",
    /// It is asked whether anything happened that a return is about.
    AnythingSince "anything-since",
    /// A person gave more time, let the agency off, or asks again.
    Arranged "arranged",
    /// Somebody gets the board's messages from now on, or for a time.
    Contact "contact",
    /// A file was accepted.
    AnswerAccepted "answer-accepted",
    /// A file was accepted; something is to be explained.
    AnswerAcceptedWithQueries "answer-accepted-with-queries",
    /// A file was not accepted.
    AnswerNotAccepted "answer-not-accepted",
    /// A file waits for a person's decision.
    AnswerHeld "answer-held",
    /// Words on a figure came, and are printed.
    AnswerCommentary "answer-commentary",
    /// A document came, which is kept as it is.
    AnswerDocument "answer-document",
    /// The manager gets a document to read.
    Document "document",
    /// The same file came again.
    AnswerDuplicate "answer-duplicate",
    /// A file replaced an accepted one.
    AnswerRestated "answer-restated",
    /// Nothing to report was reported.
    AnswerNil "answer-nil",
    /// The analyst hears what a restatement changed.
    Restated "restated",
    /// The analyst reads what a sender wrote beside the figures.
    Narrative "narrative",
    /// A file holds what looks like identities; its sender is told how to put it right.
    IncidentSender "incident-sender",
    /// The same, for the manager and the custodian.
    IncidentManager "incident-manager",
    /// A message waits for a person's decision.
    PostHeld "post-held",
    /// A message without a file is read by a person.
    PostPassedOn "post-passed-on",
    /// Something in a message could not be used.
    PostNotTaken "post-not-taken",
    /// A pack is issued.
    Pack "pack",
    /// The chair reads a draft and is asked to sign it off; the manager sees it too.
    Draft "draft",
    /// The chair is reminded, or the vice-chair asked instead.
    SignOff "sign-off",
    /// The manager hears that a draft was sent back.
    SentBack "sent-back",
    /// An agency is told how punctual it was.
    AgencyReport "agency-report",
    /// Something needs a person.
    Alarm "alarm",
    /// What is wrong with the daemon or around it has changed.
    Watch "watch",
    /// How the week went.
    Digest "digest",
    /// Shows that mail leaves.
    Test "test",
    /// Several of the chase to one person, in one message; never a row of the outbox.
    Together "together",
}

impl Kind {
    /// What lead and deputy get of the chase.
    pub const TO_LEAD: [Self; 7] = [
        Self::Notice,
        Self::Nudge,
        Self::DueToday,
        Self::Overdue,
        Self::Members,
        Self::Commentary,
        Self::AnythingSince,
    ];
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or("one of the kinds of message")
    }
}

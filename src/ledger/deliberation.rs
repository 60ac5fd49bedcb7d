//! What people made of the figures: a sub-group's verdict on what stands out, and what the board decided, challenged and
//! owes agencies to tell. Folded from events, and kept nowhere else.

use std::str::FromStr;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Event, RecordedEvent, Result, Txn};
use crate::domain::{AgencyId, Period};

/// What a sub-group makes of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// It is explained, and nothing more is asked.
    Explained,
    /// It is looked at again next time.
    Watched,
    /// It is for the board.
    ForTheBoard,
    /// It is not what happened to children, but how it was counted.
    Counting,
}

impl Disposition {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Explained, Self::Watched, Self::ForTheBoard, Self::Counting];

    /// The word, as commands and SQL have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explained => "explained",
            Self::Watched => "watched",
            Self::ForTheBoard => "for-the-board",
            Self::Counting => "counting",
        }
    }
}

impl FromStr for Disposition {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or("one of explained, watched, for-the-board, counting")
    }
}

/// What the board said of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatterKind {
    /// It decided.
    Decision,
    /// It asked an agency to answer for something.
    Challenge,
    /// An agency is to be told something.
    Feedback,
}

impl MatterKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Decision, Self::Challenge, Self::Feedback];

    /// The word, as commands and SQL have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Challenge => "challenge",
            Self::Feedback => "feedback",
        }
    }
}

impl FromStr for MatterKind {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or("one of decision, challenge, feedback")
    }
}

/// What the board said at a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saying {
    /// What kind of thing.
    pub kind: MatterKind,
    /// The day of the meeting.
    pub meeting: Date,
    /// The indicator it is about, if it is about one.
    pub indicator: Option<String>,
    /// Whom it is for, if it is for one agency.
    pub agency: Option<AgencyId>,
    /// What was said.
    pub says: String,
    /// By when something is to come of it.
    pub due: Option<Date>,
    /// Who said it, or minuted it.
    pub by: String,
}

/// What was said about figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deliberation {
    /// A sub-group's verdict on what stands out. The subject is `exception/<indicator>/<period>`.
    Judged {
        /// The verdict.
        verdict: Disposition,
        /// Why.
        says: String,
        /// Whose verdict it is.
        by: String,
    },
    /// Something that the board said at a meeting. The subject is `matter/<number>`.
    Said(Saying),
    /// It was done, answered or told. The subject is that of the matter.
    Settled {
        /// What came of it.
        says: String,
        /// Who says so.
        by: String,
    },
}

impl Deliberation {
    /// Its kind, in one word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Judged { .. } => "exception_judged",
            Self::Said(_) => "matter_said",
            Self::Settled { .. } => "matter_settled",
        }
    }
}

/// A verdict that stands; a later one on the same exception takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The indicator.
    pub indicator: String,
    /// Of which period.
    pub period: Period,
    /// The verdict.
    pub verdict: Disposition,
    /// Why.
    pub says: String,
    /// Whose it is.
    pub by: String,
    /// When it was recorded.
    pub at: Timestamp,
}

/// A decision, a challenge or feedback that is due, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// Its number.
    pub number: i64,
    /// What was said.
    pub said: Saying,
    /// What came of it, who says so, and when.
    pub settled: Option<(String, String, Timestamp)>,
}

/// The subject of an exception's events.
pub fn exception_subject(indicator: &str, period: Period) -> String {
    format!("exception/{indicator}/{period}")
}

impl Txn<'_> {
    /// What was said about figures up to the event of that number, oldest first.
    pub fn deliberations(&self, until: i64) -> Result<Vec<RecordedEvent>> {
        self.recorded(
            "WHERE seq <= ?1 AND kind IN ('exception_judged', 'matter_said', 'matter_settled') AND payload IS NOT NULL
             ORDER BY seq",
            [until],
        )
    }

    /// The number of the next matter.
    pub fn next_matter(&self) -> Result<i64> {
        let (_, matters) = deliberated(&self.deliberations(i64::MAX)?);
        Ok(matters.iter().map(|matter| matter.number).max().unwrap_or_default() + 1)
    }
}

/// The verdicts and matters that follow from their events.
pub fn deliberated(events: &[RecordedEvent]) -> (Vec<Judgement>, Vec<Matter>) {
    let (mut judgements, mut matters): (Vec<Judgement>, Vec<Matter>) = (Vec::new(), Vec::new());
    for recorded in events {
        let Event::Deliberation(event) = &recorded.event else { continue };
        match event {
            Deliberation::Judged { verdict, says, by } => {
                let Some((indicator, period)) = exception_of(&recorded.subject) else { continue };
                judgements.retain(|one| (&one.indicator, one.period) != (&indicator, period));
                let (verdict, says, by, at) = (*verdict, says.clone(), by.clone(), recorded.at);
                judgements.push(Judgement { indicator, period, verdict, says, by, at });
            }
            Deliberation::Said(said) => {
                let Some(number) = number_of(&recorded.subject) else { continue };
                matters.push(Matter { number, said: said.clone(), settled: None });
            }
            Deliberation::Settled { says, by } => {
                let number = number_of(&recorded.subject);
                if let Some(matter) = matters.iter_mut().find(|matter| Some(matter.number) == number) {
                    matter.settled = Some((says.clone(), by.clone(), recorded.at));
                }
            }
        }
    }
    (judgements, matters)
}

fn exception_of(subject: &str) -> Option<(String, Period)> {
    let (indicator, period) = subject.strip_prefix("exception/")?.rsplit_once('/')?;
    Some((indicator.to_owned(), period.parse().ok()?))
}

fn number_of(subject: &str) -> Option<i64> {
    subject.strip_prefix("matter/")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(seq: i64, subject: &str, event: Deliberation) -> RecordedEvent {
        RecordedEvent {
            seq,
            at: Timestamp::from_second(seq).unwrap(),
            subject: subject.to_owned(),
            event: Event::Deliberation(event),
        }
    }

    #[test]
    fn a_later_verdict_takes_the_place_of_an_earlier_one_and_a_matter_is_settled_by_its_number() {
        let judged = |verdict| Deliberation::Judged { verdict, says: "because".into(), by: "sub-group".into() };
        let said = Deliberation::Said(Saying {
            kind: MatterKind::Challenge,
            meeting: jiff::civil::date(2025, 8, 12),
            indicator: Some("second-plans".into()),
            agency: None,
            says: "why?".into(),
            due: None,
            by: "the chair".into(),
        });
        let subject = exception_subject("second-plans", "2025-26-Q1".parse().unwrap());
        let events = [
            recorded(1, &subject, judged(Disposition::Watched)),
            recorded(2, "matter/1", said.clone()),
            recorded(3, "matter/2", said),
            recorded(4, &subject, judged(Disposition::ForTheBoard)),
            recorded(5, "matter/2", Deliberation::Settled { says: "told".into(), by: "unit".into() }),
        ];
        let (judgements, matters) = deliberated(&events);
        assert_eq!(judgements.len(), 1);
        assert_eq!(
            (judgements[0].verdict, judgements[0].indicator.as_str()),
            (Disposition::ForTheBoard, "second-plans")
        );
        let settled: Vec<bool> = matters.iter().map(|matter| matter.settled.is_some()).collect();
        assert_eq!(settled, [false, true]);
    }
}

//! What people said and did, as the pack's own statements answer it. No figure of a return is among it.

use arrow::array::RecordBatch;
use jiff::civil::Date;

use super::rows::{Rows, RowsError};
use crate::domain::{Period, Standing};

/// The statements a pack's record is made from, by the name of their file.
pub const STATEMENTS: [&str; 5] = ["actions", "queries", "restated", "stories", "timetable"];

/// Statements that a pack may leave out, with the table that is made from each.
pub const FURTHER: [&str; 1] = ["punctuality"];

/// What people said and did about one period.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Who owed what and what came of it.
    pub deliveries: Vec<Delivery>,
    /// Accepted files replaced since the period ended.
    pub restatements: Vec<Restatement>,
    /// What agencies wrote about their figures.
    pub stories: Vec<Story>,
    /// What was agreed, and how far it is.
    pub actions: Vec<Action>,
    /// What was asked about figures, and answered.
    pub queries: Vec<Query>,
    /// How punctual agencies were, in this period and before it.
    pub punctuality: Vec<Punctual>,
}

impl Record {
    /// Reads the answers of [`STATEMENTS`] and [`FURTHER`], each under its name; of what they give about other periods, only what belongs
    /// into a pack on `period` is kept. A statement that was not run gave nothing.
    ///
    /// # Errors
    /// When an answer lacks a column or a value that the statement's opening comment promises.
    pub fn from_answers(period: Period, answers: &[(String, Vec<RecordBatch>)]) -> Result<Self, RowsError> {
        let rows = |name: &'static str| {
            let answer = answers.iter().find(|(answered, _)| answered == name);
            Rows::new(name, answer.map_or(&[][..], |(_, batches)| batches.as_slice()))
        };
        let mut record = Self {
            deliveries: Delivery::from_rows(&rows("timetable"))?,
            restatements: Restatement::from_rows(&rows("restated"))?,
            stories: Story::from_rows(&rows("stories"))?,
            actions: Action::from_rows(&rows("actions"))?,
            queries: Query::from_rows(&rows("queries"))?,
            punctuality: Punctual::from_rows(&rows("punctuality"))?,
        };
        record.queries.retain(|query| belongs(query.period, period));
        record.deliveries.retain(|delivery| belongs(delivery.period, period));
        record.stories.retain(|story| belongs(story.period, period));
        record.restatements.retain(|restatement| restatement.replaced > period.end());
        let newest = record.actions.iter().map(|action| action.period.end()).filter(|end| *end <= period.end()).max();
        record.actions.retain(|action| Some(action.period.end()) == newest);
        Ok(record)
    }

    /// What is missing from the pack's figures, for the message that brings it: each a return, whose, and why.
    pub fn gaps(&self) -> Vec<String> {
        let gap = |one: &Delivery| format!("{} from {}: {}", one.title, one.agency, one.standing.words(one.days_late));
        self.deliveries.iter().filter(|one| one.standing.is_gap()).map(gap).collect()
    }
}

/// Whether something about `other` is told in a pack on `period`: it ends in it.
fn belongs(other: Period, period: Period) -> bool {
    (period.start()..=period.end()).contains(&other.end())
}

/// One return owed by one agency for one period.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The agency, as people know it.
    pub agency: String,
    /// The return, as people know it.
    pub title: String,
    /// The period it speaks of.
    pub period: Period,
    /// The day it was due.
    pub due: Option<Date>,
    /// The day the first readable file came.
    pub received: Option<Date>,
    /// How it stands.
    pub standing: Standing,
    /// Civil days by which it is or was late.
    pub days_late: i64,
    /// Whether an accepted file was replaced.
    pub restated: bool,
    /// Whether an earlier file was not accepted.
    pub corrected: bool,
    /// Messages beyond the notice that it needed.
    pub reminders: i64,
    /// What a person arranged about its day: "more time was given, until 21 July 2025".
    pub arranged: Option<String>,
    /// A reason somebody gave.
    pub note: Option<String>,
    /// Why the manager kept it from going above the lead, where that is so.
    pub escalation_held: Option<String>,
    /// Rows of its accepted file that broke a rule and were left out.
    pub rows_refused: i64,
    /// Whether the figures that stand are provisional.
    pub provisional: bool,
}

impl Delivery {
    fn from_rows(rows: &Rows<'_>) -> Result<Vec<Self>, RowsError> {
        let (agencies, titles) = (rows.texts("agency_name")?, rows.texts("title")?);
        let (periods, states) = (periods(rows)?, rows.texts("state")?);
        let (due, received) = (rows.days("due_day")?, rows.days("received_day")?);
        let (days_late, reminders) = (rows.numbers("days_late")?, rows.numbers("reminders")?);
        let (restated, corrected) = (rows.flags("restated")?, rows.flags("corrected")?);
        let arranged = rows.texts_opt("arranged")?;
        let (notes, holds) = (rows.texts_opt("note")?, rows.texts_opt("escalation_held")?);
        let (refused, provisional) = (rows.numbers("rows_refused")?, rows.flags_if_any("provisional")?);
        let expected = "one of overdue, to_correct, held, open, received, accepted_late, accepted, nil, waived";
        (0..rows.len())
            .map(|at| {
                Ok(Self {
                    agency: agencies[at].clone(),
                    title: titles[at].clone(),
                    period: periods[at],
                    due: due[at],
                    received: received[at],
                    standing: Standing::parse(&states[at]).ok_or_else(|| rows.not_a("state", expected))?,
                    days_late: days_late[at],
                    restated: restated[at],
                    corrected: corrected[at],
                    reminders: reminders[at],
                    arranged: arranged[at].clone(),
                    note: notes[at].clone(),
                    escalation_held: holds[at].clone(),
                    rows_refused: refused[at],
                    provisional: provisional[at],
                })
            })
            .collect()
    }
}

/// How punctual one agency was with one return for one period.
#[derive(Debug, Clone)]
pub struct Punctual {
    /// The agency, as people know it.
    pub agency: String,
    /// The period it speaks of.
    pub period: Period,
    /// Whether the first readable file came in time.
    pub on_time: bool,
    /// Whether the first file was accepted, once one was decided on.
    pub accepted_first_time: Option<bool>,
    /// Civil days by which it was late.
    pub days_late: i64,
    /// How often an accepted file was replaced.
    pub restatements: i64,
}

impl Punctual {
    /// The last day of its period.
    pub fn end(&self) -> Date {
        self.period.end()
    }

    fn from_rows(rows: &Rows<'_>) -> Result<Vec<Self>, RowsError> {
        let (agencies, periods) = (rows.texts("agency_name")?, periods(rows)?);
        let (on_time, first) = (rows.flags("on_time")?, rows.flags_opt("accepted_first_time")?);
        let (days_late, restatements) = (rows.numbers("days_late")?, rows.numbers("restatements")?);
        let one = |at: usize| Self {
            agency: agencies[at].clone(),
            period: periods[at],
            on_time: on_time[at],
            accepted_first_time: first[at],
            days_late: days_late[at],
            restatements: restatements[at],
        };
        Ok((0..rows.len()).map(one).collect())
    }
}

/// An accepted file that a later one replaced.
#[derive(Debug, Clone)]
pub struct Restatement {
    /// The agency, as people know it.
    pub agency: String,
    /// The return, as people know it.
    pub title: String,
    /// The period whose figures changed.
    pub period: Period,
    /// The day the first accepted file came.
    pub first: Option<Date>,
    /// The day the last accepted file came.
    pub replaced: Date,
}

impl Restatement {
    fn from_rows(rows: &Rows<'_>) -> Result<Vec<Self>, RowsError> {
        let (agencies, titles, periods) = (rows.texts("agency_name")?, rows.texts("title")?, periods(rows)?);
        let (first, replaced) = (rows.days("first_day")?, rows.days("last_day")?);
        (0..rows.len())
            .map(|at| {
                Ok(Self {
                    agency: agencies[at].clone(),
                    title: titles[at].clone(),
                    period: periods[at],
                    first: first[at],
                    replaced: replaced[at].ok_or_else(|| rows.empty("last_day", at))?,
                })
            })
            .collect()
    }
}

/// What an agency wrote about one indicator.
#[derive(Debug, Clone)]
pub struct Story {
    /// The indicator's identifier.
    pub indicator: String,
    /// The agency, as people know it.
    pub agency: String,
    /// The period it speaks of.
    pub period: Period,
    /// The day it came.
    pub received: Option<Date>,
    /// Its words, as written.
    pub text: String,
}

impl Story {
    fn from_rows(rows: &Rows<'_>) -> Result<Vec<Self>, RowsError> {
        let (indicators, agencies) = (rows.texts("indicator")?, rows.texts("agency_name")?);
        let (periods, received, texts) = (periods(rows)?, rows.days("received_day")?, rows.texts("text")?);
        let one = |at: usize| Self {
            indicator: indicators[at].clone(),
            agency: agencies[at].clone(),
            period: periods[at],
            received: received[at],
            text: texts[at].clone(),
        };
        Ok((0..rows.len()).map(one).collect())
    }
}

/// A question about a figure.
#[derive(Debug, Clone)]
pub struct Query {
    /// The agency, as people know it.
    pub agency: String,
    /// The return, as people know it.
    pub title: String,
    /// The period it speaks of.
    pub period: Period,
    /// The question.
    pub says: String,
    /// The recorded reason, if there is one yet.
    pub explanation: Option<String>,
    /// The day it was recorded.
    pub explained: Option<Date>,
}

impl Query {
    fn from_rows(rows: &Rows<'_>) -> Result<Vec<Self>, RowsError> {
        let (agencies, titles, periods) = (rows.texts("agency_name")?, rows.texts("title")?, periods(rows)?);
        let (says, explanations) = (rows.texts("says")?, rows.texts_opt("explanation")?);
        let explained = rows.days("explained_day")?;
        let one = |at: usize| Self {
            agency: agencies[at].clone(),
            title: titles[at].clone(),
            period: periods[at],
            says: says[at].clone(),
            explanation: explanations[at].clone(),
            explained: explained[at],
        };
        Ok((0..rows.len()).map(one).collect())
    }
}

/// How far an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Past its day and not done.
    Overdue,
    /// Nobody has begun.
    NotStarted,
    /// Under way, and unlikely to be in time.
    AtRisk,
    /// Under way and in time.
    OnTime,
    /// Finished.
    Done,
}

impl Progress {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.replace('_', " ").as_str() {
            "overdue" => Self::Overdue,
            "not started" => Self::NotStarted,
            "at risk" => Self::AtRisk,
            "on time" => Self::OnTime,
            "done" => Self::Done,
            _ => return None,
        })
    }
}

/// Something somebody agreed to do.
#[derive(Debug, Clone)]
pub struct Action {
    /// What.
    pub action: String,
    /// Who: an agency or a group, as people know it.
    pub owner: String,
    /// By when.
    pub due: Option<Date>,
    /// The period in which its progress was last told.
    pub period: Period,
    /// How far it is.
    pub status: Progress,
    /// The same in the owner's words.
    pub progress: Option<String>,
    /// The indicator it was agreed for, if any.
    pub indicator: Option<String>,
}

impl Action {
    fn from_rows(rows: &Rows<'_>) -> Result<Vec<Self>, RowsError> {
        let (actions, owners, periods) = (rows.texts("action")?, rows.texts("owner")?, periods(rows)?);
        let (due, statuses) = (rows.days("due")?, rows.texts("status")?);
        let (progress, indicators) = (rows.texts_opt("progress")?, rows.texts_opt("indicator")?);
        let expected = "one of on time, at risk, overdue, done, not started";
        (0..rows.len())
            .map(|at| {
                Ok(Self {
                    action: actions[at].clone(),
                    owner: owners[at].clone(),
                    due: due[at],
                    period: periods[at],
                    status: Progress::parse(&statuses[at]).ok_or_else(|| rows.not_a("status", expected))?,
                    progress: progress[at].clone(),
                    indicator: indicators[at].clone(),
                })
            })
            .collect()
    }
}

fn periods(rows: &Rows<'_>) -> Result<Vec<Period>, RowsError> {
    let read = |text: String| text.parse().map_err(|_| rows.not_a("period", "a period such as 2025-26-Q1"));
    rows.texts("period")?.into_iter().map(read).collect()
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;

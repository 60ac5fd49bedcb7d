//! From when on and until when a return is taken without a word: windows that open, close and lock.
//!
//! Pure. A window refuses nothing itself: what comes outside of it is held for a person, who may let it pass until the
//! window is locked.

use jiff::{Timestamp, civil};

use super::{Due, DueRule, dues::number, instant_on};
use crate::{
    domain::{Calendar, CalendarError, Period, civil_day, to_london},
    settings::Section,
};

/// No edge of a window lies further away, in working days.
const FURTHEST: i32 = 260;

/// Where a return's window lies, in working days. The default is one that opens when the period is over and stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowRule {
    /// From the period's last day: when files are taken first; negative before it. The day after it where nothing is said.
    pub opens: Option<i32>,
    /// From the due day: until when files are taken without a word.
    pub closes: Option<i32>,
    /// From the due day: until when a person may let a file pass.
    pub locks: Option<i32>,
}

/// One return's window for one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub opens_at: Timestamp,
    /// The last instant, if it closes.
    pub closes_at: Option<Timestamp>,
    /// The last instant at which what is held may be let pass, if it locks.
    pub locks_at: Option<Timestamp>,
}

/// Where an instant lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The window is not open yet.
    Before,
    /// Files are taken.
    Within,
    /// It has closed, and a person decides.
    Closed,
    /// It has closed and is locked.
    Locked,
}

impl WindowRule {
    /// The window for a period whose return is due then.
    ///
    /// # Errors
    /// When the holiday list does not reach so far.
    pub fn of(self, period: Period, due_at: Timestamp, calendar: &Calendar) -> Result<Window, CalendarError> {
        let due = to_london(due_at).datetime();
        let after_due = |days: Option<i32>| -> Result<Option<Timestamp>, CalendarError> {
            match days {
                None => Ok(None),
                Some(0) => Ok(Some(due_at)),
                Some(days) => Ok(Some(instant_on(calendar.add_working_days(due.date(), days)?, due.time()))),
            }
        };
        let closes_at = after_due(self.closes)?;
        let locks_at = after_due(self.locks)?;
        Ok(Window { opens_at: self.opens_at(period, calendar)?, closes_at: closes_at.or(locks_at), locks_at })
    }

    /// From when on files for a period are taken.
    ///
    /// # Errors
    /// When the holiday list does not reach so far.
    pub fn opens_at(self, period: Period, calendar: &Calendar) -> Result<Timestamp, CalendarError> {
        let end = period.end();
        let day = match self.opens {
            Some(days) if days != 0 => calendar.add_working_days(end, days)?,
            Some(_) => end,
            None => return Ok(end.tomorrow().map_or(Timestamp::MAX, |day| instant_on(day, civil::Time::midnight()))),
        };
        Ok(instant_on(day, civil::Time::midnight()))
    }

    /// Reads `[window]`; what is wrong is told to the section. `due` are the return's due rules.
    pub fn settle<'d>(table: &mut Section<'_>, due: impl Iterator<Item = &'d Due>) -> Self {
        let mut edge = |key: &str, least: i32, usual: i32| match table.has(key) {
            true => number(table, key, least, FURTHEST, usual),
            false => None,
        };
        let (opens, closes, locks) = (edge("opens", -FURTHEST, 1), edge("closes", 0, 5), edge("locks", 0, 10));
        if opens.is_none() && closes.is_none() && locks.is_none() {
            table.refuse("closes", "at least one of opens, closes, locks that can be read", "closes = 5");
        }
        if closes.zip(locks).is_some_and(|(closes, locks)| locks < closes) {
            table.refuse("locks", "a day not before that on which it closes", "locks = 10");
        }
        let soonest = due.filter_map(|due| match due.rule {
            DueRule::WorkingDays(days) => Some(days),
            _ => None,
        });
        if opens.zip(soonest.min()).is_some_and(|(opens, due)| opens > due) {
            table.refuse("opens", "a day not after that on which it is due", "opens = 1");
        }
        Self { opens, closes, locks }
    }
}

impl Window {
    /// Where an instant lies. What a person opened again at `reopened_at`, after it had closed, stays open.
    pub fn edge(&self, at: Timestamp, reopened_at: Option<Timestamp>) -> Edge {
        let is_over = |last: Option<Timestamp>| {
            last.is_some_and(|last| at > last && reopened_at.is_none_or(|reopened| reopened < last || reopened > at))
        };
        match () {
            () if at < self.opens_at => Edge::Before,
            () if is_over(self.locks_at) => Edge::Locked,
            () if is_over(self.closes_at) => Edge::Closed,
            () => Edge::Within,
        }
    }

    /// The same window for a corrected file that is awaited until the end of `corrected_by`.
    pub fn with_correction(mut self, corrected_by: Option<civil::Date>) -> Self {
        if let Some(after) = corrected_by.and_then(|day| day.tomorrow().ok()) {
            let end = instant_on(after, civil::Time::midnight());
            self.closes_at = self.closes_at.map(|at| at.max(end));
            self.locks_at = self.locks_at.map(|at| at.max(end));
        }
        self
    }

    /// Why what came at `at` waits for a person, for one who reads about `what`, as "April to June 2025 (Q1) from police";
    /// `replaces` says whether an earlier file stands. `None` if it is taken.
    pub fn holds(&self, at: Timestamp, reopened_at: Option<Timestamp>, what: &str, replaces: bool) -> Option<String> {
        let day = |at: Timestamp| civil_day(at).strftime("%-d %B").to_string();
        let closed = |closed_at: Option<Timestamp>, and: &str| {
            let decides = if replaces { "whether it replaces the earlier one" } else { "whether it is taken" };
            let closed = closed_at.map(day).unwrap_or_default();
            format!("{what} closed on {closed}{and}; the file is kept, and the board manager decides {decides}")
        };
        match self.edge(at, reopened_at) {
            Edge::Within => None,
            Edge::Before => {
                let opens = day(self.opens_at);
                Some(format!(
                    "{what} opens on {opens}; the file is kept, and the board manager decides whether it is taken"
                ))
            }
            Edge::Closed => Some(closed(self.closes_at, "")),
            Edge::Locked => Some(closed(self.closes_at, &format!(" and is locked since {}", day(self.locks_at?)))),
        }
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;

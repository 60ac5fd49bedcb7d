//! What may change while the daemon runs: a newer list of bank holidays takes the place of the present one, and the rules of
//! the cycles name further meetings.
//!
//! Whoever asks gets calendar or meetings as they are now, whole, and counts with those to the end.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use super::{Meeting, cycle::Cycle};
use crate::domain::{BankHolidays, Calendar};

/// A calendar that may be replaced. Clones share it.
#[derive(Debug, Clone)]
pub struct InForce(Arc<RwLock<Arc<Calendar>>>);

impl InForce {
    /// This calendar, until another list comes.
    pub fn new(calendar: Calendar) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(calendar))))
    }

    /// The calendar as it is now.
    pub fn now(&self) -> Arc<Calendar> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another list of bank holidays in force; the closures stay.
    pub fn put(&self, list: BankHolidays) {
        let mut calendar = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *calendar = Arc::new(calendar.with_list(list));
    }
}

/// The meetings of a board, of which cycles may name more. Clones share them.
#[derive(Clone)]
pub struct Meetings {
    known: Arc<RwLock<Arc<Vec<Meeting>>>>,
    cycles: Arc<[Cycle]>,
}

impl Meetings {
    /// These meetings, in their order, and the cycles that some of them came from.
    pub(super) fn new(meetings: Vec<Meeting>, cycles: Vec<Cycle>) -> Self {
        Self { known: Arc::new(RwLock::new(Arc::new(meetings))), cycles: cycles.into() }
    }

    /// The meetings as they are now.
    pub fn now(&self) -> Arc<Vec<Meeting>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds the meetings that cycles name now that the list of bank holidays reaches further; answers with how many. What is
    /// known stays where it is: people were told of it, and what moves is looked at when the daemon starts.
    pub(super) fn extend(&self, calendar: &Calendar) -> usize {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::clone(&known);
        for meeting in self.cycles.iter().flat_map(|cycle| cycle.meetings(calendar)) {
            if all.iter().all(|one| (&one.pack, one.period) != (&meeting.pack, meeting.period)) {
                all.push(meeting);
            }
        }
        all.sort_by(|a, b| a.order().cmp(&b.order()));
        let new = all.len() - known.len();
        *known = Arc::new(all);
        new
    }
}

/// The meetings alone: what is in force is known by this.
impl fmt::Debug for Meetings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.now().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::timetable::{Milestones, cycle};

    #[test]
    fn a_longer_list_adds_meetings_and_moves_none_that_is_known() {
        let calendar = |until| Calendar::new([date(2025, 1, 1), until], []);
        let quarterly = Cycle {
            id: "score-card".into(),
            pack: "board".into(),
            every: cycle::Span::Quarter,
            periods_back: 1,
            days: cycle::Days::Rule {
                text: String::new(),
                schedule: Box::new("0 14 * 2,5,8,11 TUE#3".parse().unwrap()),
                except: Default::default(),
            },
            milestones: Milestones::default(),
            starts_on: date(2025, 4, 1),
        };
        let mut first = quarterly.meetings(&calendar(date(2025, 12, 26)));
        first[0].on = date(2025, 8, 12);
        let meetings = Meetings::new(first.clone(), vec![quarterly]);
        assert_eq!(meetings.extend(&calendar(date(2025, 12, 26))), 0);
        assert_eq!(meetings.extend(&calendar(date(2026, 12, 28))), 4);
        let now = meetings.now();
        assert_eq!(now[..2], first[..], "what people were told of stays");
        assert!(now.is_sorted_by_key(|meeting| meeting.on));
        assert_eq!(format!("{meetings:?}"), format!("{now:?}"));
    }
}

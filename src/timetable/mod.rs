//! What is owed now: dates and recorded facts in, duties and rungs out.
//!
//! Pure. Knows nothing of cron's ringing, mail or files; the present instant is an argument.

mod ahead;
mod cron;
mod duty;
mod held;
mod ladder;
#[cfg(test)]
mod ladder_tests;
mod meeting;
mod members;
mod settle;
mod sign_off;

use std::collections::BTreeMap;

use jiff::{Timestamp, civil};

pub use ahead::escalates_at;
pub use cron::{BadSchedule, Schedule};
pub use duty::{Due, Duty, Every, Opening, openings};
pub use held::reminder_of_held;
pub use ladder::{FOR_WORDS, Ladder, Role, Rung, RungKind, Step, next_rung, owed};
pub use meeting::{Meeting, Milestones, OutOfOrder};
pub use members::owed_by_members;
pub use sign_off::{SignOffTimes, asked, next_asking};

use crate::domain::{Calendar, CalendarError, Period, london};

/// An instant on a civil day in London.
///
/// A time that does not exist on the day (the spring gap) is moved to the end of the gap.
pub fn instant_on(day: civil::Date, time: civil::Time) -> Timestamp {
    day.to_datetime(time).to_zoned(london()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The board's timetable: from when it is in force, which days count, who is chased how, when the board meets.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// Periods that end before this day are nobody's duty.
    pub starts_on: civil::Date,
    /// Which days are working days.
    pub calendar: Calendar,
    /// How a late return is chased.
    pub ladder: Ladder,
    /// Other ladders, for the returns that name them.
    pub named_ladders: BTreeMap<String, Ladder>,
    /// When the board meets, and about what.
    pub meetings: Vec<Meeting>,
    /// Where the steps before a meeting lie.
    pub milestones: Milestones,
    /// Working days after its circulation within which a pack that an outage delayed is still issued unasked.
    pub packs_within: i32,
    /// Working days after a quarter's end on which each agency is told how punctual it was.
    pub agency_report: i32,
}

/// So many days before the holiday list ends it is warned of.
const WARNED_BEFORE: i32 = 180;

impl Timetable {
    /// Every ladder.
    pub fn ladders(&self) -> impl Iterator<Item = &Ladder> {
        [&self.ladder].into_iter().chain(self.named_ladders.values())
    }

    /// The ladder of this name; the usual one where there is none, or none is named.
    pub fn ladder_named(&self, name: Option<&str>) -> &Ladder {
        name.and_then(|name| self.named_ladders.get(name)).unwrap_or(&self.ladder)
    }

    /// The last day the holiday list covers, once `today` is near it.
    pub fn list_ends_soon(&self, today: civil::Date) -> Option<civil::Date> {
        self.calendar.covered_until().filter(|end| (*end - today).get_days() <= WARNED_BEFORE)
    }

    /// From when until when commentary on a meeting's exceptions is asked for.
    pub fn commentary(&self, meeting: &Meeting) -> Result<(Timestamp, Timestamp), CalendarError> {
        let day = |days| self.calendar.add_working_days(meeting.period.end(), days);
        let (from, until) = (day(self.milestones.validated)?, day(self.milestones.commentary)?);
        Ok((instant_on(from, self.ladder.at), instant_on(until, civil::time(17, 0, 0, 0))))
    }

    /// When agencies are told how punctual they were up to that quarter.
    ///
    /// # Errors
    /// When the holiday list does not reach the day.
    pub fn agency_report_at(&self, quarter: Period) -> Result<Timestamp, CalendarError> {
        let day = self.calendar.add_working_days(quarter.end(), self.agency_report)?;
        Ok(instant_on(day, self.ladder.at))
    }

    /// When the meeting's pack is circulated.
    pub fn circulation(&self, meeting: &Meeting) -> Result<Timestamp, CalendarError> {
        let day = self.calendar.add_working_days(meeting.on, self.milestones.circulated)?;
        Ok(instant_on(day, civil::time(12, 0, 0, 0)))
    }
}

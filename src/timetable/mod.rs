//! What is owed now: dates and recorded facts in, duties and rungs out.
//!
//! Pure. Knows nothing of cron's ringing, mail or files; the present instant is an argument.

mod ahead;
mod cron;
mod cycle;
mod dates;
mod due;
mod dues;
mod duty;
mod every;
mod finals;
mod held;
mod in_force;
mod ladder;
#[cfg(test)]
mod ladder_tests;
mod meeting;
mod meetings;
mod members;
mod milestones;
mod moves;
mod outline;
mod role;
mod settle;
mod sign_off;
mod since;
mod window;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil, tz::AmbiguousOffset};

pub use ahead::{climb, escalates_at};
pub use cron::{BadSchedule, Schedule};
pub use dates::{Dated, Dates, What, dates};
pub use due::{Due, DueAt, DueError, DueRule, YearDay};
pub use dues::Dues;
pub use duty::{Duty, Opening, opening, openings};
pub use every::Every;
pub use finals::Final;
pub use held::reminder_of_held;
pub use in_force::{InForce, Meetings};
pub use ladder::{FOR_WORDS, Ladder, Rung, RungKind, Step, next_rung, owed};
pub use meeting::{Meeting, OutOfOrder};
pub use members::owed_by_members;
pub use milestones::{Milestone, Milestones};
pub use moves::{DueMove, Moves, PackMove, moves};
pub use outline::{Outline, RungLine};
pub use role::Role;
pub use settle::fetched_list;
pub use sign_off::{SignOffTimes, asked, next_asking};
pub use since::Since;
pub use window::{Edge, Window, WindowRule};

use crate::domain::{BankHolidays, Calendar, CalendarError, Nation, Period, london};

/// An instant on a civil day in London.
///
/// A time that does not exist on the day (the spring gap) is moved to the end of the gap; of one that comes twice (the
/// autumn repeat) the first is meant.
pub fn instant_on(day: civil::Date, time: civil::Time) -> Timestamp {
    let zone = london();
    let meant = zone.to_ambiguous_timestamp(day.to_datetime(time));
    let Ok(earlier) = meant.earlier() else { return Timestamp::MAX };
    match meant.offset() {
        AmbiguousOffset::Gap { .. } => {
            zone.following(earlier).next().map_or(Timestamp::MAX, |change| change.timestamp())
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => earlier,
    }
}

/// The board's timetable: from when it is in force, which days count, who is chased how, when the board meets.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// Periods that end before this day are nobody's duty.
    pub starts_on: civil::Date,
    /// Whether the first cycle is a rehearsal, until a person confirms it.
    pub rehearsal: bool,
    /// Whose bank holidays count.
    pub nation: Nation,
    /// Which days are working days.
    pub days: InForce,
    /// How a late return is chased.
    pub ladder: Ladder,
    /// Other ladders, for the returns that name them.
    pub named_ladders: BTreeMap<String, Ladder>,
    /// When the board meets, and about what.
    pub meets: Meetings,
    /// Working days after its circulation within which a pack that an outage delayed is still issued unasked.
    pub packs_within: i32,
    /// Working days after a quarter's end on which each agency is told how punctual it was.
    pub agency_report: i32,
}

/// So many days before the holiday list ends it is warned of.
const WARNED_BEFORE: i32 = 180;

impl Timetable {
    /// One with everything else as it usually is, for the tests of what follows from it.
    #[cfg(test)]
    pub(crate) fn plain(starts_on: civil::Date, calendar: Calendar, meetings: Vec<Meeting>) -> Self {
        Self {
            starts_on,
            rehearsal: false,
            nation: Nation::default(),
            days: InForce::new(calendar),
            ladder: Ladder::default(),
            named_ladders: BTreeMap::new(),
            meets: Meetings::new(meetings, Vec::new()),
            packs_within: 3,
            agency_report: 25,
        }
    }

    /// Every ladder.
    pub fn ladders(&self) -> impl Iterator<Item = &Ladder> {
        [&self.ladder].into_iter().chain(self.named_ladders.values())
    }

    /// Every rung of every ladder, with the ladder's name where it is not the usual one.
    fn rungs(&self) -> impl Iterator<Item = (Option<&str>, &Rung)> {
        let usual = self.ladder.rungs.iter().map(|rung| (None, rung));
        let named = self.named_ladders.iter();
        usual.chain(named.flat_map(|(name, ladder)| ladder.rungs.iter().map(|rung| (Some(name.as_str()), rung))))
    }

    /// The ladder of this name; the usual one where there is none, or none is named.
    pub fn ladder_named(&self, name: Option<&str>) -> &Ladder {
        name.and_then(|name| self.named_ladders.get(name)).unwrap_or(&self.ladder)
    }

    /// Which days are working days, as of now.
    pub fn calendar(&self) -> Arc<Calendar> {
        self.days.now()
    }

    /// When the board meets, as of now.
    pub fn meetings(&self) -> Arc<Vec<Meeting>> {
        self.meets.now()
    }

    /// Puts another list of bank holidays in force; answers with how many meetings the cycles name further.
    pub fn put(&self, list: BankHolidays) -> usize {
        self.days.put(list);
        self.meets.extend(&self.calendar())
    }

    /// Every obligation of a duty that exists by `now`; see [`openings`].
    pub fn openings(&self, duty: &Duty, now: Timestamp) -> Vec<Result<Opening, DueError>> {
        openings(duty, &self.calendar(), &self.meetings(), now)
    }

    /// The obligation of a duty for one period.
    ///
    /// # Errors
    /// When nobody can say when it is due.
    pub fn opening(&self, duty: &Duty, period: Period) -> Result<Opening, DueError> {
        opening(duty, period, &self.calendar(), &self.meetings())
    }

    /// The last day the holiday list covers, once `today` is near it.
    pub fn list_ends_soon(&self, today: civil::Date) -> Option<civil::Date> {
        self.calendar().covered_until().filter(|end| (*end - today).get_days() <= WARNED_BEFORE)
    }

    /// From when until when commentary on a meeting's exceptions is asked for.
    pub fn commentary(&self, meeting: &Meeting) -> Result<(Timestamp, Timestamp), CalendarError> {
        let day = |days| self.calendar().add_working_days(meeting.period.end(), days);
        let (from, until) = (day(meeting.milestones.validated)?, day(meeting.milestones.commentary)?);
        Ok((instant_on(from, self.ladder.at), instant_on(until, civil::time(17, 0, 0, 0))))
    }

    /// When agencies are told how punctual they were up to that quarter.
    ///
    /// # Errors
    /// When the holiday list does not reach the day.
    pub fn agency_report_at(&self, quarter: Period) -> Result<Timestamp, CalendarError> {
        let day = self.calendar().add_working_days(quarter.end(), self.agency_report)?;
        Ok(instant_on(day, self.ladder.at))
    }

    /// When the meeting's pack is circulated.
    pub fn circulation(&self, meeting: &Meeting) -> Result<Timestamp, CalendarError> {
        meeting.circulation(&self.calendar())
    }
}

#[cfg(test)]
#[path = "clock_change_tests.rs"]
mod clock_change_tests;

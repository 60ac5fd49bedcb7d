//! When a pack's draft goes to the chair, and who is asked next while nobody has signed. Pure.

use jiff::{Timestamp, civil};

use super::{Meeting, Timetable, instant_on};
use crate::{
    domain::CalendarError,
    ledger::{Asking, SignOff},
};

/// When each step of one meeting's sign-off is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignOffTimes {
    /// The chair gets the draft.
    pub drafted: Timestamp,
    /// The chair is reminded: the sign-off is due on this day.
    pub reminded: Timestamp,
    /// The chair was silent, and the vice-chair is asked.
    pub vice_chair: Timestamp,
    /// The pack goes out, signed or not.
    pub circulated: Timestamp,
}

impl Timetable {
    /// When the steps of the meeting's sign-off are due: at 10:00 on the days of the milestones `draft` and `sign_off`, and
    /// on the working day after that.
    ///
    /// # Errors
    /// Where the list of bank holidays does not reach.
    pub fn sign_off_times(&self, meeting: &Meeting) -> Result<SignOffTimes, CalendarError> {
        let ten = civil::time(10, 0, 0, 0);
        let on = |days| Ok(instant_on(self.calendar().add_working_days(meeting.on, days)?, ten));
        let steps = &meeting.milestones;
        Ok(SignOffTimes {
            drafted: on(steps.draft)?,
            reminded: on(steps.sign_off)?,
            vice_chair: on((steps.sign_off + 1).min(steps.circulated))?,
            circulated: self.circulation(meeting)?,
        })
    }
}

/// What is to be asked at `now`: after an outage the last of the steps alone, and never one twice.
pub fn asked(times: &SignOffTimes, known: &SignOff, has_vice_chair: bool, now: Timestamp) -> Option<Asking> {
    let settled = known.approved.is_some() || known.circulated.is_some() || known.sent_back.is_some();
    if settled || now >= times.circulated {
        return None;
    }
    let last = steps(times, has_vice_chair).filter(|(at, _)| *at <= now).last()?.1;
    (known.asked < Some(last)).then_some(last)
}

/// The first step after `now`.
pub fn next_asking(times: &SignOffTimes, has_vice_chair: bool, now: Timestamp) -> Option<Timestamp> {
    steps(times, has_vice_chair).map(|(at, _)| at).find(|at| *at > now)
}

fn steps(times: &SignOffTimes, has_vice_chair: bool) -> impl Iterator<Item = (Timestamp, Asking)> {
    let vice_chair = has_vice_chair.then_some((times.vice_chair, Asking::ViceChair));
    [(times.drafted, Asking::Draft), (times.reminded, Asking::Reminder)].into_iter().chain(vice_chair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Said, Signatory};

    fn at(day: i8, hour: i8) -> Timestamp {
        instant_on(civil::date(2025, 7, day), civil::time(hour, 0, 0, 0))
    }

    fn times() -> SignOffTimes {
        SignOffTimes { drafted: at(1, 10), reminded: at(5, 10), vice_chair: at(6, 10), circulated: at(7, 12) }
    }

    fn after(asked: Option<Asking>) -> SignOff {
        SignOff { asked, ..SignOff::default() }
    }

    #[test]
    fn each_step_is_asked_once_and_after_an_outage_only_the_last() {
        let silent = |known: Option<Asking>, now| asked(&times(), &after(known), true, now);
        assert_eq!(silent(None, at(1, 9)), None);
        assert_eq!(silent(None, at(1, 10)), Some(Asking::Draft));
        assert_eq!(silent(Some(Asking::Draft), at(4, 10)), None);
        assert_eq!(silent(Some(Asking::Draft), at(5, 10)), Some(Asking::Reminder));
        assert_eq!(silent(Some(Asking::Draft), at(6, 11)), Some(Asking::ViceChair), "the reminder is passed over");
        assert_eq!(silent(Some(Asking::ViceChair), at(7, 11)), None);
        assert_eq!(silent(None, at(7, 12)), None, "it has gone out");
        assert_eq!(asked(&times(), &after(None), false, at(6, 11)), Some(Asking::Reminder), "nobody stands in");
    }

    #[test]
    fn who_has_answered_is_not_asked_again() {
        let said =
            Said { by: "R".into(), role: Signatory::Chair, how: "x".into(), draft_sha256: "a".into(), because: None };
        let answer = Some((said, at(2, 9)));
        let draft = after(Some(Asking::Draft));
        let signed = SignOff { approved: answer.clone(), ..draft.clone() };
        let sent_back = SignOff { sent_back: answer, ..draft };
        assert_eq!(asked(&times(), &signed, true, at(6, 11)), None);
        assert_eq!(asked(&times(), &sent_back, true, at(6, 11)), None);
    }
}

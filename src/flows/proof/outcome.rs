//! What came of an obligation, in the sentences that a reader looks for first.

use jiff::{Timestamp, civil::Date};

use super::{Owed, events::moment};
use crate::{
    domain::{
        Standing, civil_day,
        words::{capital, count, number},
    },
    flows::{evidence, facts},
    ledger::OutboxState,
    timetable::Ladder,
};

/// What came of it by `as_at`.
pub(super) fn of(owed: &Owed, ladder: &Ladder, as_at: Timestamp) -> String {
    [arrival(owed, as_at), told(owed, ladder), not_sent(owed), came_back(owed)].concat()
}

fn arrival(owed: &Owed, as_at: Timestamp) -> String {
    let obligation = &owed.obligation;
    let late = |days: i32| count(usize::try_from(days).unwrap_or(0), "day", "days");
    let (due, by) = (day(civil_day(obligation.due_at)), day(civil_day(as_at)));
    let Some(received) = obligation.received_at else {
        let days = facts::days_late(obligation, as_at);
        return match facts::standing(obligation, as_at) {
            Standing::Overdue if days == 0 => format!("Not received by {}, after it was due. ", moment(as_at)),
            Standing::Overdue => format!("Not received by {by}, {} after it was due on {due}. ", late(days)),
            standing => format!("On {by}: {}. It is due on {due}. ", standing.brief()),
        };
    };
    let when = match facts::days_late(obligation, as_at) {
        0 if received <= obligation.due_at => "in time".to_owned(),
        0 => "late, on the day it was due".to_owned(),
        days => format!("{} late", late(days)),
    };
    let arrived = format!("The first readable file arrived on {}, {when}", moment(received));
    let decided = obligation.decided_at.map(moment).unwrap_or_default();
    match facts::standing(obligation, as_at) {
        Standing::Accepted | Standing::AcceptedLate if obligation.corrected => {
            format!("{arrived}, and was not accepted; what stands was accepted on {decided}. ")
        }
        Standing::Accepted | Standing::AcceptedLate => format!("{arrived}; what stands was accepted on {decided}. "),
        Standing::Nil => format!("That there was nothing to report was said on {}, {when}. ", moment(received)),
        Standing::ToCorrect => format!("{arrived}, and was not accepted; by {by} no corrected one was accepted. "),
        standing => format!("{arrived}; on {by} it was {}. ", standing.brief()),
    }
}

fn told(owed: &Owed, ladder: &Ladder) -> String {
    let told = evidence::of(&owed.recorded, ladder);
    let accepted = told.iter().filter(|told| told.accepted_at.is_some()).count();
    let times = match told.len() {
        0 => return "Nobody at the agency was told. ".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{} times", number(more)),
    };
    let of_them = match accepted {
        0 => "a relay accepted none of these".to_owned(),
        all if all == told.len() => "a relay accepted each of these".to_owned(),
        some => format!("a relay accepted {} of these", number(some)),
    };
    format!("The lead or the deputy was written to {times}; {of_them}. ")
}

fn not_sent(owed: &Owed) -> String {
    let in_state = |state| owed.messages.iter().filter(|message| message.row.state == state).count();
    let mut says = String::new();
    let written = in_state(OutboxState::Written);
    if written > 0 {
        let were = if written == 1 { "was" } else { "were" };
        says += &format!(
            "{} {were} written to a folder and not sent: that is no evidence that anybody was told. ",
            capital(&count(written, "message", "messages"))
        );
    }
    let refused = in_state(OutboxState::Refused);
    if refused > 0 {
        says += &format!("A relay refused {} for good. ", count(refused, "message", "messages"));
    }
    let waiting = in_state(OutboxState::Queued) + in_state(OutboxState::Sending);
    if waiting > 0 {
        says += &format!("{} had not left. ", capital(&count(waiting, "message", "messages")));
    }
    says
}

fn came_back(owed: &Owed) -> String {
    match owed.messages.iter().filter(|message| message.bounced.is_some()).count() {
        0 => String::new(),
        back => format!("{} came back and told nobody. ", capital(&count(back, "message", "messages"))),
    }
}

/// A day as a page prints it.
pub(super) fn day(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

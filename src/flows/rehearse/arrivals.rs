//! What a rehearsal supposes of the world: a list of who sends what, and which figures will stand out.

use jiff::{Timestamp, civil};

use super::super::{Board, board::COMMENTARY, intake::supposed::Supposed};
use crate::{domain::civil_day, ledger::ObligationKey, timetable::instant_on};

/// What is supposed to happen, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// For what.
    pub key: ObligationKey,
    /// What it comes to.
    pub what: What,
}

/// What is supposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A file comes.
    File(Supposed),
    /// A figure stands out, and words on it are asked for until then.
    StandsOut(Timestamp),
    /// Words on such a figure come.
    Words,
}

/// Reads a list of arrivals: CSV with the headings `when,return,agency,period,what`.
///
/// # Errors
/// Every line that cannot be used, by its number.
pub fn arrivals(text: &str, board: &Board, from: Timestamp, to: Timestamp) -> Result<Vec<Arrival>, Vec<String>> {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let headings = lines.next().map(|(_, line)| line.split(',').map(str::trim).collect::<Vec<_>>().join(","));
    if headings.as_deref() != Some(HEADINGS) {
        wrong.push(format!("line 1: the headings are {HEADINGS}"));
    }
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match arrival(line, board) {
            Ok(arrival) if arrival.at < from || arrival.at > to => {
                wrong.push(format!("line {}: {} is not within the rehearsal", number + 1, arrival.at));
            }
            Ok(arrival) => found.push(arrival),
            Err(why) => wrong.push(format!("line {}: {why}", number + 1)),
        }
    }
    found.sort_by_key(|arrival| arrival.at);
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

const HEADINGS: &str = "when,return,agency,period,what";

fn arrival(line: &str, board: &Board) -> Result<Arrival, String> {
    let cells: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
    let [when, return_id, agency, period, what] = cells.as_slice() else {
        return Err(format!("five cells are wanted ({HEADINGS}), and there are {}", cells.len()));
    };
    let at = instant(when).ok_or_else(|| format!("{when:?} is no time; write 2026-07-10 or 2026-07-10 09:30"))?;
    let key: ObligationKey = format!("{return_id}/{agency}/{period}").parse().map_err(|_| {
        format!("{return_id:?}, {agency:?} and {period:?} name nothing that is owed; write a period as 2026-27-Q1")
    })?;
    if key.return_id.as_str().starts_with(COMMENTARY) {
        let what = words(board, &key, at, what)?;
        return Ok(Arrival { at, key, what });
    }
    let contract = board.returns.get(&key.return_id).ok_or_else(|| format!("there is no return {return_id:?}"))?;
    if !contract.agencies.contains(&key.agency) {
        let owers: Vec<&str> = contract.agencies.iter().map(|agency| agency.as_str()).collect();
        return Err(format!("{agency:?} does not owe {return_id}; {} does", owers.join(", ")));
    }
    if !contract.has(key.period) {
        return Err(format!("{return_id} has no period {period}"));
    }
    if civil_day(at) <= key.period.end() {
        return Err(format!("{} has not ended by {when}", key.period.human()));
    }
    let what = what.parse::<Supposed>().map_err(|wanted| format!("{what:?} is not {wanted}"))?;
    Ok(Arrival { at, key, what: What::File(what) })
}

/// What is supposed of a comment: that its figure stands out, while words are asked for, or that they come.
fn words(board: &Board, key: &ObligationKey, at: Timestamp, what: &str) -> Result<What, String> {
    let ObligationKey { return_id, agency, period } = key;
    if board.commentary(key).is_none() {
        return Err(format!(
            "{return_id} names no figure of {agency}: write {COMMENTARY} and the indicator's identifier"
        ));
    }
    if what == "accepted" {
        return Ok(What::Words);
    }
    if what != "stands-out" {
        return Err(format!("{what:?} is not one of stands-out, accepted"));
    }
    let mut asked = Vec::new();
    for meeting in board.timetable.meetings().iter().filter(|meeting| meeting.period == *period) {
        let (from, until) = board.timetable.commentary(meeting).map_err(|error| error.to_string())?;
        if (from..until).contains(&at) {
            return Ok(What::StandsOut(until));
        }
        asked.push(format!("from {} to {}", civil_day(from), civil_day(until)));
    }
    Err(match asked.as_slice() {
        [] => format!("no meeting speaks of {}, so no words are asked for", period.human()),
        asked => format!("words on figures of {} are asked for {}", period.human(), asked.join(", and ")),
    })
}

/// A day (its noon), a time of a day in London, or an instant.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(day) = civil::Date::strptime("%Y-%m-%d", text) {
        return Some(instant_on(day, civil::time(12, 0, 0, 0)));
    }
    let at = civil::DateTime::strptime("%Y-%m-%d %H:%M", text).ok()?;
    Some(instant_on(at.date(), at.time()))
}

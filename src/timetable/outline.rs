//! The timetable in outline, as it is recorded when it takes effect: enough to tell later what moves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
};
use serde::{Deserialize, Serialize};

use super::{Duty, Milestone, Opening, Rung, Timetable};
use crate::{
    domain::sha256,
    ledger::{ObligationKey, State},
};

/// What opens later than this is not in the outline.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);

/// The dates of a timetable that somebody was told of or counts on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// A digest of the definitions it was made from. Another version of the program may make another of the same.
    pub definitions: String,
    /// Who owes what, as `missing-children/police`.
    pub duties: BTreeSet<String>,
    /// What is owed and not settled, and what opens within about a year, by its key.
    pub dues: BTreeMap<String, Due>,
    /// The rungs of every ladder.
    pub rungs: Vec<RungLine>,
    /// The meetings, as `board/2025-26-Q1`.
    pub meetings: BTreeMap<String, Meets>,
}

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// From when on it is owed.
    pub opens_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// The rule of it.
    pub rule: String,
    /// The ladder on which it is chased, where that is not the usual one.
    pub ladder: Option<String>,
    /// When its final figures are due and by which rule, where those that come first are provisional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finals: Option<(Timestamp, String)>,
}

/// One rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungLine {
    /// The ladder, where it is not the usual one.
    pub ladder: Option<String>,
    /// Its name.
    pub name: String,
    /// Working days from the due day.
    pub working_days: i32,
    /// What it says and who is told, as the definitions have it.
    pub says: String,
}

impl RungLine {
    /// A rung of the ladder of that name, or of the usual one.
    pub(super) fn of(ladder: Option<&str>, rung: &Rung) -> Self {
        let says = format!("{:?} to {:?}", rung.kind, rung.to);
        Self { ladder: ladder.map(str::to_owned), name: rung.name.clone(), working_days: rung.working_days, says }
    }

    /// Its name, with that of its ladder where it is not the usual one.
    pub fn full_name(&self) -> String {
        self.ladder.as_ref().map_or_else(|| self.name.clone(), |ladder| format!("{} ({ladder})", self.name))
    }
}

/// One meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meets {
    /// The day.
    pub on: Date,
    /// The time of day in London.
    pub time: Time,
    /// When its pack goes out.
    pub circulated_at: Timestamp,
    /// The day of each of its steps that is known.
    pub steps: BTreeMap<String, Date>,
}

impl Outline {
    /// The outline at `now`. `known` says how far each obligation of the ledger has come.
    pub fn of(duties: &[Duty], timetable: &Timetable, known: &BTreeMap<ObligationKey, State>, now: Timestamp) -> Self {
        let calendar = &*timetable.calendar();
        let until = now.saturating_add(AHEAD).unwrap_or(now);
        let mut dues = BTreeMap::new();
        // What has no day yet is nobody's date; it is told when the list is renewed.
        let opened =
            duties.iter().flat_map(|duty| timetable.openings(duty, until).into_iter().map(move |it| (duty, it)));
        for (duty, opening) in opened.filter_map(|(duty, opening)| Some((duty, opening.ok()?))) {
            if !known.get(&opening.key).is_some_and(|state| state.is_settled()) {
                let (ladder, meetings) = (duty.ladder.clone(), timetable.meetings());
                let finals =
                    duty.finals.as_ref().and_then(|finals| finals.due_of(opening.key.period, calendar, &meetings).ok());
                let Opening { key, opens_at, due_at, rule } = opening;
                let due = Due { opens_at, due_at, rule, ladder, finals };
                dues.insert(key.to_string(), due);
            }
        }
        let meetings = timetable.meetings();
        let meetings = meetings.iter().filter_map(|meeting| {
            let steps = Milestone::ALL.into_iter().filter(|step| *step != Milestone::ReturnsDue);
            let steps =
                steps.filter_map(|step| Some((step.as_str().to_owned(), meeting.day_of(step, 0, calendar).ok()?)));
            let circulated_at = meeting.circulation(calendar).ok()?;
            let meets = Meets { on: meeting.on, time: meeting.time, circulated_at, steps: steps.collect() };
            Some((format!("{}/{}", meeting.pack, meeting.period), meets))
        });
        Self {
            definitions: sha256(format!("{timetable:?} {duties:?}").as_bytes()),
            duties: duties.iter().map(|duty| format!("{}/{}", duty.return_id, duty.agency)).collect(),
            dues,
            rungs: timetable.rungs().map(|(ladder, rung)| RungLine::of(ladder, rung)).collect(),
            meetings: meetings.collect(),
        }
    }
}

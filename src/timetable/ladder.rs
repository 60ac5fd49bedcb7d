//! Which rung of the ladder an obligation has reached.
//!
//! Knows nothing of addresses or messages: an obligation, what its people were demonstrably told, and the present
//! instant in; at most one rung out. A rung is told at most once; of several that are overdue only the latest is
//! told, and after an outage nothing above "overdue" is caught up at once.

use std::str::FromStr;

use jiff::{Timestamp, civil};

use super::instant_on;
use crate::{
    domain::{Calendar, CalendarError, civil_day},
    ledger::{Obligation, State},
};

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The named lead of the agency.
    Lead,
    /// The lead's deputy.
    Deputy,
    /// The agency's member of the board.
    BoardMember,
    /// The board's manager.
    Manager,
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "lead" => Self::Lead,
            "deputy" => Self::Deputy,
            "board-member" => Self::BoardMember,
            "manager" => Self::Manager,
            _ => return Err("one of lead, deputy, board-member, manager"),
        })
    }
}

/// What a rung says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RungKind {
    /// The return is open.
    Notice,
    /// It will soon be due.
    Nudge,
    /// It is due today.
    DueToday,
    /// It is late.
    Overdue,
    /// The manager sees what will go above the lead.
    Preview,
    /// Somebody above the lead is told.
    Escalation,
}

impl RungKind {
    fn is_above_the_lead(self) -> bool {
        matches!(self, Self::Preview | Self::Escalation)
    }
}

impl FromStr for RungKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "notice" => Self::Notice,
            "nudge" => Self::Nudge,
            "due-today" => Self::DueToday,
            "overdue" => Self::Overdue,
            "preview" => Self::Preview,
            "escalation" => Self::Escalation,
            _ => return Err("one of notice, nudge, due-today, overdue, preview, escalation"),
        })
    }
}

/// One step of the chase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Its name, unique in the ladder.
    pub name: String,
    /// What it says.
    pub kind: RungKind,
    /// Working days from the due day; the notice instead goes on the first working day after the period.
    pub working_days: i32,
    /// Who is told.
    pub to: Vec<Role>,
}

/// The whole chase, lowest rung first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// The rungs.
    pub rungs: Vec<Rung>,
    /// At which time of day messages leave.
    pub at: civil::Time,
    /// Working days a corrected file may take without escalation.
    pub correction: i32,
    /// Working days between a message the lead demonstrably got and anything above the lead.
    pub evidence: i32,
}

impl Default for Ladder {
    fn default() -> Self {
        let lead = || vec![Role::Lead, Role::Deputy];
        let rung = |name: &str, kind, working_days, to| Rung { name: name.into(), kind, working_days, to };
        Self {
            rungs: vec![
                rung("notice", RungKind::Notice, 0, lead()),
                rung("nudge", RungKind::Nudge, -5, lead()),
                rung("due-today", RungKind::DueToday, 0, lead()),
                rung("overdue", RungKind::Overdue, 2, lead()),
                rung("preview", RungKind::Preview, 4, vec![Role::Manager]),
                rung("escalation", RungKind::Escalation, 5, vec![Role::BoardMember]),
            ],
            at: civil::time(10, 0, 0, 0),
            correction: 3,
            evidence: 3,
        }
    }
}

/// What the ladder asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// The rung to tell now.
    pub tell: Option<Rung>,
    /// Rungs that are passed over, each with its reason.
    pub skip: Vec<(String, &'static str)>,
    /// When to look again; `None` when nothing more will be asked.
    pub look_again: Option<Timestamp>,
}

/// What the ladder asks for of one obligation at `now`.
///
/// `lead_told` is the first instant at which a relay accepted a message about it to lead or deputy.
pub fn owed(
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    now: Timestamp,
    lead_told: Option<Timestamp>,
) -> Result<Step, CalendarError> {
    let mut step = Step::default();
    if !obligation.duty || !matches!(obligation.state, State::Open | State::ToCorrect) {
        return Ok(step);
    }
    let due_day = chase_from(obligation, ladder, calendar)?;
    let mut reached: Vec<(&Rung, Timestamp)> = Vec::new();
    for rung in ladder.rungs.iter().filter(|rung| !obligation.is_past(&rung.name)) {
        let at = match instant(rung, obligation, ladder, calendar, due_day, lead_told)? {
            Some(at) => at,
            // What it waits for has not happened; whatever makes it happen wakes the obligation.
            None => continue,
        };
        if at <= now {
            reached.push((rung, at));
        } else {
            step.look_again = Some(step.look_again.map_or(at, |sooner| sooner.min(at)));
        }
    }
    // A late start (an outage, a new agency) resumes at "overdue": of the lead's rungs only the latest is told.
    let Some(latest) =
        reached.iter().rposition(|(rung, _)| !rung.kind.is_above_the_lead()).or(reached.len().checked_sub(1))
    else {
        return Ok(step);
    };
    let (tell, _) = reached[latest];
    step.skip =
        reached[..latest].iter().map(|(rung, _)| (rung.name.clone(), "a later rung was already reached")).collect();
    step.tell = Some(tell.clone());
    if reached.len() > latest + 1 {
        step.look_again = Some(now);
    }
    Ok(step)
}

/// The day the chase counts from: the due day, or the end of the window for a correction if that is later.
fn chase_from(obligation: &Obligation, ladder: &Ladder, calendar: &Calendar) -> Result<civil::Date, CalendarError> {
    let due = civil_day(obligation.due_at);
    match (obligation.state, obligation.decided_at) {
        (State::ToCorrect, Some(decided)) => {
            Ok(due.max(calendar.add_working_days(civil_day(decided), ladder.correction)?))
        }
        _ => Ok(due),
    }
}

/// When a rung may be told; `None` while what it waits for has not happened.
fn instant(
    rung: &Rung,
    obligation: &Obligation,
    ladder: &Ladder,
    calendar: &Calendar,
    due_day: civil::Date,
    lead_told: Option<Timestamp>,
) -> Result<Option<Timestamp>, CalendarError> {
    let on_day = |day| instant_on(day, ladder.at);
    let planned = match rung.kind {
        RungKind::Notice => calendar.add_working_days(civil_day(obligation.opened_at), 0)?,
        _ => calendar.add_working_days(due_day, rung.working_days)?,
    };
    let planned = on_day(planned);
    if obligation.state == State::ToCorrect && !rung.kind.is_above_the_lead() && rung.kind != RungKind::Overdue {
        // The answer to the file said what to do and by when.
        return Ok(None);
    }
    let told = |kind| {
        let of_kind = ladder.rungs.iter().filter(|r| r.kind == kind);
        of_kind.filter_map(|r| obligation.told_at(&r.name)).max()
    };
    Ok(match rung.kind {
        RungKind::Preview => match (told(RungKind::Overdue), lead_told) {
            (Some(overdue), Some(lead_told)) => {
                let after_overdue = calendar.add_working_days(civil_day(overdue), 2)?;
                let after_evidence = calendar.add_working_days(civil_day(lead_told), ladder.evidence - 1)?;
                Some(planned.max(on_day(after_overdue)).max(on_day(after_evidence)))
            }
            _ => None,
        },
        RungKind::Escalation => match (told(RungKind::Preview), lead_told) {
            (Some(previewed), Some(lead_told)) => {
                let after_preview = calendar.add_working_days(civil_day(previewed), 1)?;
                let after_evidence = calendar.add_working_days(civil_day(lead_told), ladder.evidence)?;
                Some(planned.max(on_day(after_preview)).max(on_day(after_evidence)))
            }
            _ => None,
        },
        _ => Some(planned),
    })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::ObligationKey;

    fn obligation() -> Obligation {
        let key: ObligationKey = "missing-children/police/2025-26-Q1".parse().unwrap();
        let (opened, due) = ("2025-06-30T23:00:00Z".parse().unwrap(), "2025-07-14T16:00:00Z".parse().unwrap());
        Obligation::opened(&key, opened, due, "")
    }

    /// Walks the days, telling whatever is owed, and writes down on which day each rung went.
    fn chase(mut obligation: Obligation, relay: bool, from: &str, until: &str) -> Vec<String> {
        let (calendar, ladder) = (Calendar::england_and_wales([]), Ladder::default());
        let (mut now, until): (Timestamp, Timestamp) = (from.parse().unwrap(), until.parse().unwrap());
        let mut told = Vec::new();
        let mut lead_told = None;
        while now <= until {
            let step = owed(&obligation, &ladder, &calendar, now, lead_told).unwrap();
            for (rung, why) in step.skip {
                told.push(format!("{} skipped: {why}", rung));
                obligation.skipped.push(rung);
            }
            if let Some(rung) = step.tell {
                told.push(format!("{} {}", civil_day(now), rung.name));
                if relay && rung.to.contains(&Role::Lead) {
                    lead_told.get_or_insert(now);
                }
                obligation.told.push((rung.name, now));
            }
            now += 1.hour();
        }
        told
    }

    #[test]
    fn a_silent_agency_climbs_the_ladder_in_order() {
        assert_eq!(
            chase(obligation(), true, "2025-07-01T00:00:00Z", "2025-08-30T00:00:00Z"),
            [
                "2025-07-01 notice",
                "2025-07-07 nudge",
                "2025-07-14 due-today",
                "2025-07-16 overdue",
                "2025-07-18 preview",
                "2025-07-21 escalation"
            ]
        );
    }

    #[test]
    fn nothing_goes_above_a_lead_whom_no_relay_told() {
        let told = chase(obligation(), false, "2025-07-01T00:00:00Z", "2025-12-30T00:00:00Z");
        assert_eq!(told.last().map(String::as_str), Some("2025-07-16 overdue"));
    }

    #[test]
    fn after_an_outage_the_chase_resumes_at_overdue_and_climbs_from_there() {
        assert_eq!(
            chase(obligation(), true, "2025-09-01T12:00:00Z", "2025-09-30T00:00:00Z"),
            [
                "notice skipped: a later rung was already reached",
                "nudge skipped: a later rung was already reached",
                "due-today skipped: a later rung was already reached",
                "2025-09-01 overdue",
                "2025-09-03 preview",
                "2025-09-04 escalation"
            ]
        );
    }

    #[test]
    fn a_settled_obligation_is_left_alone() {
        let settled = Obligation { state: State::Accepted, ..obligation() };
        assert!(chase(settled, true, "2025-07-01T00:00:00Z", "2025-12-30T00:00:00Z").is_empty());
    }

    #[test]
    fn a_file_under_correction_gets_three_working_days_of_peace() {
        let correcting = Obligation {
            state: State::ToCorrect,
            decided_at: Some("2025-07-14T15:55:00Z".parse().unwrap()),
            ..obligation()
        };
        let told = chase(correcting, true, "2025-07-14T16:00:00Z", "2025-07-30T00:00:00Z");
        assert_eq!(told.first().map(String::as_str), Some("2025-07-21 overdue"));
    }

    proptest! {
        #[test]
        fn however_rarely_it_looks_nobody_is_told_twice_nor_out_of_order(
            looks in prop::collection::vec(1i64..400, 1..60),
            relay in any::<bool>(),
        ) {
            let (calendar, ladder) = (Calendar::england_and_wales([]), Ladder::default());
            let mut obligation = obligation();
            let mut now = obligation.opened_at;
            let mut lead_told = None;
            let mut order = Vec::new();
            for hours in looks {
                now += hours.hours();
                let step = owed(&obligation, &ladder, &calendar, now, lead_told).unwrap();
                obligation.skipped.extend(step.skip.into_iter().map(|(rung, _)| rung));
                if let Some(rung) = step.tell {
                    prop_assert!(!obligation.is_past(&rung.name));
                    if rung.kind.is_above_the_lead() {
                        let told = lead_told.expect("the lead was told first");
                        prop_assert!(calendar.working_days_between(civil_day(told), civil_day(now)).unwrap() >= 2);
                    }
                    if relay && rung.to.contains(&Role::Lead) {
                        lead_told.get_or_insert(now);
                    }
                    order.push(ladder.rungs.iter().position(|r| r.name == rung.name));
                    obligation.told.push((rung.name, now));
                }
            }
            prop_assert!(order.is_sorted(), "{order:?}");
        }
    }
}

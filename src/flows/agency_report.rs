//! Once a quarter each agency that owed something is told how punctual it was: one message about itself, and nobody else.
//!
//! After an outage the latest quarter is told of, and no earlier one.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};

use super::{App, Board, first_cycle, letters, note_failure, punctuality};
use crate::{
    domain::{AgencyId, CalendarError, Period, ReturnId, civil_day},
    fault,
    ledger::{Obligation, OutboxRow, RecordedEvent},
    mail::{AgencyReport, Letter, Person, Reported, ReportedPeriod},
};

/// So many quarters are told of.
const QUARTERS: i16 = 4;

/// What the ledger knows of one obligation that a report tells.
struct Known {
    obligation: Obligation,
    events: Vec<RecordedEvent>,
    /// Questions that nobody has answered.
    questions: usize,
}

/// Writes the reports whose day has come; answers with the number of agencies that were written to.
///
/// # Errors
/// When the ledger does not answer, or the holiday list does not reach the day.
pub async fn send(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let Some(quarter) = due(&app.board, now)? else { return Ok(0) };
    if first_cycle::is_rehearsing(&app.board, &app.ledger).await? {
        return Ok(0);
    }
    let keys: Vec<_> = app.board.agencies.keys().map(|agency| (agency.clone(), occurrence(agency, quarter))).collect();
    let open = app.ledger.read(move |txn| {
        let is_open = |(_, key): &(AgencyId, String)| txn.occurrence(key).map(|known| known.is_none());
        let mut open = Vec::new();
        for one in keys {
            if is_open(&one)? {
                open.push(one);
            }
        }
        Ok(open)
    });
    let open = open.await?;
    if open.is_empty() {
        return Ok(0);
    }
    let mut written = 0;
    for (agency, key) in open {
        let known = known(app, &agency, quarter).await?;
        match letters(app, &known, &agency, quarter, &key, now) {
            Ok(letters) => {
                written += usize::from(!letters.is_empty());
                settle(app, key, letters, now).await?;
            }
            Err(error) => note_failure(app, &format!("writing the report of {agency}"), &error).await,
        }
    }
    Ok(written)
}

/// When the next report is due.
///
/// # Errors
/// When the holiday list does not reach the day.
pub fn next_at(app: &App) -> Result<Option<Timestamp>, CalendarError> {
    let now = app.clock.now();
    let ended = Period::quarter_ended_by(civil_day(now));
    for quarter in [Some(ended), ended.next()].into_iter().flatten() {
        let at = app.board.timetable.agency_report_at(quarter)?;
        if at > now {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// The latest quarter whose day has come; none that ended before the timetable began.
fn due(board: &Board, now: Timestamp) -> Result<Option<Period>, CalendarError> {
    let ended = Period::quarter_ended_by(civil_day(now));
    for quarter in [Some(ended), ended.previous()].into_iter().flatten() {
        if quarter.end() >= board.timetable.starts_on && board.timetable.agency_report_at(quarter)? <= now {
            return Ok(Some(quarter));
        }
    }
    Ok(None)
}

/// Puts the letters out, once for each agency and quarter.
async fn settle(app: &App, key: String, letters: Vec<OutboxRow>, now: Timestamp) -> anyhow::Result<()> {
    let outcome = if letters.is_empty() { "nothing was owed" } else { "written" };
    app.ledger
        .write(move |txn| {
            if txn.settle_occurrence(now, &key, outcome)? {
                for letter in &letters {
                    txn.enqueue(letter)?;
                }
            }
            fault::point("agency-report-before-commit");
            Ok(())
        })
        .await?;
    fault::point("agency-report-after-commit");
    Ok(())
}

/// What an agency owed in the quarters that are told of; one agency's at a time, whatever was ever owed.
async fn known(app: &App, agency: &AgencyId, quarter: Period) -> anyhow::Result<Vec<Known>> {
    let ends = quarter.shift(1 - QUARTERS).unwrap_or(quarter).start()..=quarter.end();
    let agency = agency.clone();
    let known = app.ledger.read(move |txn| {
        let mut known = Vec::new();
        for obligation in txn.obligations_of(&agency, &ends)? {
            let queries = txn.queries(std::slice::from_ref(&obligation), None)?;
            known.push(Known {
                events: txn.events_of(&obligation.key.to_string())?,
                questions: queries.iter().filter(|query| query.numbered.explanation.is_none()).count(),
                obligation,
            });
        }
        Ok(known)
    });
    Ok(known.await?)
}

/// The letters to an agency's lead and deputy; none where it owed nothing.
fn letters(
    app: &App,
    known: &[Known],
    agency: &AgencyId,
    quarter: Period,
    key: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let report = report(&app.board, known, agency, quarter.end(), now);
    if report.due == 0 {
        return Ok(Vec::new());
    }
    let mut people: Vec<Person> = Vec::new();
    for person in app.board.leads(agency, civil_day(now)) {
        if people.iter().all(|known| known.email != person.email) {
            people.push(person);
        }
    }
    letters::post(app, key, None, people, &Letter::AgencyReport(report), now)
}

fn report(board: &Board, known: &[Known], agency: &AgencyId, until: Date, now: Timestamp) -> AgencyReport {
    let rules = (&board.timetable.ladder, &*board.timetable.calendar());
    let mut returns: BTreeMap<&ReturnId, Vec<ReportedPeriod>> = BTreeMap::new();
    for Known { obligation, events, questions } in known {
        if !punctuality::counts(board, obligation) {
            continue;
        }
        let events: Vec<&RecordedEvent> = events.iter().collect();
        let found = punctuality::of(obligation, &events, rules, now);
        let Some(on_time) = found.on_time else { continue };
        let number = |number: i32| usize::try_from(number).unwrap_or(0);
        returns.entry(&obligation.key.return_id).or_default().push(ReportedPeriod {
            period: obligation.key.period,
            due: civil_day(obligation.due_at),
            arrived: obligation.received_at.map(civil_day),
            on_time,
            days_late: number(found.days_late),
            accepted_first_time: found.accepted_first_time,
            questions: *questions,
            restatements: number(found.restatements),
        });
    }
    let all = || returns.values().flatten();
    let (due, in_time) = (all().count(), all().filter(|one| one.on_time).count());
    let returns = returns.iter().map(|(id, periods)| {
        let mut periods = periods.clone();
        periods.sort_by_key(|one| std::cmp::Reverse(one.period.end()));
        Reported { title: board.return_title(id), periods }
    });
    let returns = returns.collect();
    AgencyReport { agency: board.agency_name(agency), until, in_time, due, returns }
}

fn occurrence(agency: &AgencyId, quarter: Period) -> String {
    format!("agency-report/{agency}/{quarter}")
}

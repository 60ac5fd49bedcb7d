//! Once a quarter each agency that owed something is told how punctual it was: one message about itself, and nobody else.
//!
//! After an outage the latest quarter is told of, and no earlier one.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};

use super::{App, Board, letters, note_failure, punctuality};
use crate::{
    domain::{AgencyId, CalendarError, Period, ReturnId, civil_day},
    fault,
    ledger::{Obligation, ObligationKey, OutboxRow, RecordedEvent},
    mail::{AgencyReport, Letter, Person, Reported, ReportedPeriod},
};

/// So many quarters are told of.
const QUARTERS: i16 = 4;

/// What the ledger knows that a report tells.
struct Known {
    obligations: Vec<Obligation>,
    decisions: Vec<RecordedEvent>,
    /// Questions that nobody has answered.
    open: BTreeMap<ObligationKey, usize>,
}

/// Writes the reports whose day has come; answers with the number of agencies that were written to.
///
/// # Errors
/// When the ledger does not answer, or the holiday list does not reach the day.
pub async fn send(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let Some(quarter) = due(&app.board, now)? else { return Ok(0) };
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
    let known = app.ledger.read(|txn| {
        let obligations = txn.obligations()?;
        let mut open = BTreeMap::new();
        for query in txn.queries(&obligations, None)? {
            *open.entry(query.key).or_default() += usize::from(query.numbered.explanation.is_none());
        }
        Ok(Known { obligations, decisions: txn.decisions(i64::MAX)?, open })
    });
    let known = known.await?;
    let mut written = 0;
    for (agency, key) in open {
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

/// The letters to an agency's lead and deputy; none where it owed nothing.
fn letters(
    app: &App,
    known: &Known,
    agency: &AgencyId,
    quarter: Period,
    key: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<OutboxRow>> {
    let report = report(&app.board, known, agency, quarter, now);
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

fn report(board: &Board, known: &Known, agency: &AgencyId, quarter: Period, now: Timestamp) -> AgencyReport {
    let first = quarter.shift(1 - QUARTERS).unwrap_or(quarter).start();
    let is_in = |day: Date| first <= day && day <= quarter.end();
    let events = punctuality::by_obligation(&known.decisions);
    let rules = (&board.timetable.ladder, &*board.timetable.calendar());
    let mut returns: BTreeMap<&ReturnId, Vec<ReportedPeriod>> = BTreeMap::new();
    for one in &known.obligations {
        let key = &one.key;
        if key.agency != *agency || !is_in(key.period.end()) || !punctuality::counts(board, one) {
            continue;
        }
        let events = events.get(key.to_string().as_str()).map_or(&[][..], Vec::as_slice);
        let found = punctuality::of(one, events, rules, now);
        let Some(on_time) = found.on_time else { continue };
        let number = |number: i32| usize::try_from(number).unwrap_or(0);
        returns.entry(&key.return_id).or_default().push(ReportedPeriod {
            period: key.period,
            due: civil_day(one.due_at),
            arrived: one.received_at.map(civil_day),
            on_time,
            days_late: number(found.days_late),
            accepted_first_time: found.accepted_first_time,
            questions: known.open.get(key).copied().unwrap_or(0),
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
    AgencyReport { agency: board.agency_name(agency), until: quarter.end(), in_time, due, returns }
}

fn occurrence(agency: &AgencyId, quarter: Period) -> String {
    format!("agency-report/{agency}/{quarter}")
}

//! What an agency is told once a quarter about its own returns.

use jiff::civil::Date;
use serde::Serialize;

use super::Letter;
use crate::domain::Period;

/// An agency's returns over four quarters. No figure of a return is among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgencyReport {
    /// The agency's name.
    pub agency: String,
    /// The last day of the newest of the four quarters.
    pub until: Date,
    /// How many arrived in time.
    pub in_time: usize,
    /// How many were due.
    pub due: usize,
    /// Return by return.
    pub returns: Vec<Reported>,
}

/// One return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// Its title.
    pub title: String,
    /// Period by period, the newest first.
    pub periods: Vec<ReportedPeriod>,
}

/// One return for one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedPeriod {
    /// The period.
    pub period: Period,
    /// The day it was due.
    pub due: Date,
    /// The day the first readable file arrived.
    pub arrived: Option<Date>,
    /// Whether that was in time.
    pub on_time: bool,
    /// Civil days by which it was late, or is.
    pub days_late: usize,
    /// Whether the first file was accepted, once one was decided on.
    pub accepted_first_time: Option<bool>,
    /// Questions about its figures that nobody has answered.
    pub questions: usize,
    /// How often an accepted file was replaced.
    pub restatements: usize,
}

/// Invented reports: one with everything that can be said, one of an agency that was always in time.
pub(super) fn examples() -> Vec<Letter> {
    let quarter = |quarter| Period::Quarter { year: 2025, quarter };
    let day = |month, day| Date::constant(2025, month, day);
    let good = ReportedPeriod {
        period: quarter(1),
        due: day(7, 14),
        arrived: Some(day(7, 10)),
        on_time: true,
        days_late: 0,
        accepted_first_time: Some(true),
        questions: 0,
        restatements: 0,
    };
    let autumn = ReportedPeriod { period: quarter(2), due: day(10, 14), ..good.clone() };
    let missing =
        ReportedPeriod { arrived: None, on_time: false, days_late: 21, accepted_first_time: None, ..autumn.clone() };
    let late = ReportedPeriod {
        arrived: Some(day(7, 17)),
        on_time: false,
        days_late: 3,
        accepted_first_time: Some(false),
        questions: 1,
        restatements: 1,
        ..good.clone()
    };
    let report = |in_time, returns: Vec<Reported>| {
        let due = returns.iter().map(|one| one.periods.len()).sum();
        Letter::AgencyReport(AgencyReport {
            agency: "Exampleshire Police".into(),
            until: quarter(2).end(),
            in_time,
            due,
            returns,
        })
    };
    let of = |title: &str, periods| Reported { title: title.into(), periods };
    let (missing_children, prevent) = ("Children missing from home and care", "Prevent referrals");
    vec![
        report(
            2,
            vec![
                of(missing_children, vec![missing, late]),
                of(prevent, vec![ReportedPeriod { arrived: Some(day(10, 9)), ..autumn.clone() }, good.clone()]),
            ],
        ),
        report(1, vec![of(prevent, vec![good])]),
    ]
}

//! The templates of the board's returns, with what the board knows filled in.

use anyhow::Context;
use jiff::Timestamp;

use super::Board;
use crate::{
    check::Contract,
    decode::Format,
    domain::{AgencyId, Period, civil_day, to_london},
    form::{CSV, FormError, Template, WORKBOOK},
    settings::Problems,
};

/// A file to be filled in, and the name it goes by.
#[derive(Debug, Clone)]
pub struct Form {
    /// The file's name; it says return, agency and period.
    pub name: String,
    /// Its media type: that of a workbook or of CSV.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The template of a return.
///
/// # Errors
/// When the return is sent as nothing that people fill in, or in a shape of its own, or the agency does not owe it.
pub fn form(
    board: &Board,
    contract: &Contract,
    agency: Option<&AgencyId>,
    period: Option<Period>,
    now: Timestamp,
) -> anyhow::Result<Form> {
    if let Some(agency) = agency.filter(|agency| !contract.agencies.contains(agency)) {
        let owers: Vec<&str> = contract.agencies.iter().map(AgencyId::as_str).collect();
        anyhow::bail!("{} is owed by {}, not by {agency}", contract.id, owers.join(", "));
    }
    if let Some(period) = period.filter(|period| contract.due.is_some() && !is_one_of(contract, *period)) {
        let example = usual_period(contract, now).map(|period| period.to_string()).unwrap_or_default();
        anyhow::bail!("{} has no period {period}; the one that ended last is {example}", contract.id);
    }
    let named = agency.map(|agency| (agency, board.agency_name(agency)));
    let contact = &board.contact;
    let template = Template {
        contract,
        agency: named.as_ref().map(|(agency, name)| (*agency, name.as_str())),
        period,
        due: period.and_then(|period| due(board, contract, agency, period)),
        board: &board.name,
        contact: [&contact.name, &contact.phone, &contact.email],
        now,
    };
    let words = [Some(contract.id.to_string()), agency.map(ToString::to_string), period.map(|p| p.to_string())];
    let (ending, media_type) = match contract.format {
        Format::Csv(_) => ("csv", CSV),
        _ => ("xlsx", WORKBOOK),
    };
    let name = format!("{}.{ending}", words.into_iter().flatten().collect::<Vec<_>>().join(" "));
    Ok(Form { name, media_type, bytes: template.write()? })
}

fn is_one_of(contract: &Contract, period: Period) -> bool {
    contract.every.has(period)
}

/// When a period is due from an agency, or usually, as people read it; nothing where nobody can say.
fn due(board: &Board, contract: &Contract, agency: Option<&AgencyId>, period: Period) -> Option<String> {
    let dues = contract.due.as_ref()?;
    let rule = agency.map_or_else(|| dues.usual(period), |agency| dues.rule(agency, period));
    let due = rule.of(period, &board.timetable.calendar(), &board.timetable.meetings()).ok()?;
    Some(to_london(due.at).strftime("%A %-d %B %Y, %H:%M").to_string())
}

/// The period that ended last: the one a template is made for when nobody says which.
pub fn usual_period(contract: &Contract, now: Timestamp) -> Option<Period> {
    contract.every.period_of(civil_day(now))?.previous()
}

/// Returns whose template cannot be written, with why: a sheet's name that no spreadsheet takes.
pub fn check(board: &Board, now: Timestamp) -> Problems {
    let mut problems = Problems::default();
    for contract in board.returns.values() {
        let made = form(board, contract, contract.agencies.first(), None, now);
        let Err(error) = made.map(drop).context("its template") else { continue };
        if !matches!(error.downcast_ref(), Some(FormError::NotByHand { .. } | FormError::OwnShape(_))) {
            let file = board.home.join("pipelines").join(contract.id.as_str()).join("return.toml");
            let expected = "names of sheets and lists that a spreadsheet takes";
            problems.about(&file.display().to_string(), format!("{error:#}"), expected, "");
        }
    }
    problems
}

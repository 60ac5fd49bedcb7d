//! Whether a file is asked for at all, and how its obligation opens if nothing opened it yet.

use anyhow::{Context, bail};

use super::super::App;
use crate::{
    check::Contract,
    domain::{Period, civil_day},
    ledger::{Event, ObligationKey},
    timetable::{Every, instant_on},
};

/// Why a file for this cannot be taken at all, if it cannot.
pub(in super::super) fn refusal(app: &App, key: &ObligationKey) -> Option<String> {
    owed_contract(app, key).and_then(|contract| refuse_a_file(contract, key)).err().map(|why| format!("{why:#}"))
}

/// Why a nil return for this cannot be taken at all, if it cannot.
pub(in super::super) fn refusal_of_nil(app: &App, key: &ObligationKey) -> Option<String> {
    owed_contract(app, key).err().map(|why| format!("{why:#}"))
}

/// The contract of a return that an agency owes for a period.
///
/// # Errors
/// When it does not, or the period has not ended and no window is open for what comes early.
pub fn owed_contract<'a>(app: &'a App, key: &ObligationKey) -> anyhow::Result<&'a Contract> {
    let contract =
        app.board.returns.get(&key.return_id).with_context(|| {
            format!("there is no return {}; the returns are the folders of pipelines/", key.return_id)
        })?;
    if !contract.agencies.contains(&key.agency) {
        let owers: Vec<_> = contract.agencies.iter().map(|agency| agency.as_str()).collect();
        bail!("{} is owed by {}, not by {}", key.return_id, owers.join(", "), key.agency);
    }
    let (period, today) = (key.period, civil_day(app.clock.now()));
    if !contract.has(period) {
        match contract.every {
            Every::Release => {
                bail!("{} is published on a day; {period} names none, write the day as 2025-07-14", key.return_id)
            }
            Every::Occurrence => {
                bail!("{} is about what happened on a day; {period} names none, write it as 2025-07-14", key.return_id)
            }
            every => {
                let example = every.period_of(today).and_then(Period::previous).map(|p| p.to_string());
                let example = example.unwrap_or_default();
                bail!("{} has no period {period}; the one that ended last is {example}", key.return_id)
            }
        }
    }
    let is_over = match contract.every {
        Every::Release => true,
        Every::Occurrence if !contract.asks(period) => period.end() <= today,
        // What comes before its window opens is held, as long as the period has begun.
        _ if contract.window.opens.is_some() => period.start() <= today,
        _ => period.end() < today,
    };
    if !is_over {
        bail!("{} has not ended yet; was another period meant?", period.human());
    }
    Ok(contract)
}

/// Why a file cannot be for this, where only words can: the answer whether anything happened.
pub(super) fn refuse_a_file(contract: &Contract, key: &ObligationKey) -> anyhow::Result<()> {
    if contract.asks(key.period) {
        bail!(
            "for {} it is asked whether anything happened, and a file is about what did: name its day, as 2025-07-14, \
             which `quarterday open {} {} 2025-07-14 --because \"…\"` opens; nothing happened: a nil return says so",
            key.period.human(),
            key.return_id,
            key.agency
        );
    }
    Ok(())
}

/// What opens the obligation, if nothing opened it yet.
///
/// # Errors
/// As [`opening`].
pub(super) async fn unopened(app: &App, contract: &Contract, key: &ObligationKey) -> anyhow::Result<Vec<Event>> {
    let wanted = key.clone();
    if app.ledger.read(move |txn| txn.obligation(&wanted)).await?.is_some() {
        return Ok(Vec::new());
    }
    let opened = opening(app, contract, key)?;
    let comes_twice = contract.finals.is_some() && matches!(opened, Event::Opened { duty: true, .. });
    Ok([opened].into_iter().chain(comes_twice.then_some(Event::Provisional {})).collect())
}

/// How the obligation opens if nothing opened it: a release or a past period is nobody's duty.
///
/// # Errors
/// When it is about something of which no notice was given, or nobody can say when it is due.
pub(super) fn opening(app: &App, contract: &Contract, key: &ObligationKey) -> anyhow::Result<Event> {
    let (period, end) = (key.period, key.period.end());
    if contract.every == Every::Occurrence && !contract.asks(period) && end >= app.board.owed_from(contract) {
        bail!(
            "nothing was opened for {}; `quarterday open {} {} {period} --because \"…\"` does",
            period.human(),
            key.return_id,
            key.agency
        );
    }
    let opens_at = instant_on(end.tomorrow()?, jiff::civil::Time::midnight());
    let (duty, due_at, rule) = match contract.dues(period) {
        Some(dues) => {
            let (rule, timetable) = (dues.rule(&key.agency, period), &app.board.timetable);
            let duty = end >= app.board.owed_from(contract);
            match rule.of(period, &timetable.calendar(), &timetable.meetings()) {
                Ok(due) => (duty, due.at, due.rule),
                // Nobody owes it, so it does not matter when it would have been due.
                Err(_) if !duty => (duty, opens_at, rule.to_string()),
                Err(error) => return Err(error).with_context(|| format!("when {key} is due")),
            }
        }
        None => (false, opens_at, "published when its publisher releases it".to_owned()),
    };
    Ok(Event::Opened {
        return_id: key.return_id.clone(),
        agency: key.agency.clone(),
        period,
        opens_at,
        duty,
        due_at,
        rule,
    })
}

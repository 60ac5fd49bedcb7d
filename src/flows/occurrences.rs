//! Something happened of which an agency owes a return, as an inspection: a notice opens what is owed.

use anyhow::{Context, bail};
use jiff::civil::Date;

use super::{App, reason::identity_in};
use crate::{
    domain::{AgencyId, Period, ReturnId, civil_day, to_london},
    ledger::{Event, ObligationKey},
    timetable::{Every, instant_on},
};

/// Opens what `agency` owes about what happened on a day; answers with when it is due.
///
/// # Errors
/// When the return is not about such things or not the agency's, the day is still to come or was opened before, or no
/// reason is given.
pub async fn open(
    app: &App,
    return_id: &ReturnId,
    agency: &AgencyId,
    on: Date,
    because: &str,
    actor: &str,
) -> anyhow::Result<String> {
    let contract = app
        .board
        .returns
        .get(return_id)
        .with_context(|| format!("there is no return {return_id}; the returns are the folders of pipelines/"))?;
    let dues = contract.due.as_ref().filter(|_| contract.every == Every::Occurrence).with_context(|| {
        format!("{return_id} opens by itself; only a return with every = \"occurrence\" is opened by a notice")
    })?;
    if !contract.agencies.contains(agency) {
        let owers: Vec<_> = contract.agencies.iter().map(|agency| agency.as_str()).collect();
        bail!("{return_id} is owed by {}, not by {agency}", owers.join(", "));
    }
    let (now, because) = (app.clock.now(), because.trim());
    if on > civil_day(now) {
        bail!("{on} is still to come; open it on the day");
    }
    if on < app.board.owed_from(contract) {
        bail!(
            "{return_id} is owed from {} on; what happened before can be loaded as history",
            app.board.owed_from(contract)
        );
    }
    if because.is_empty() {
        bail!("a notice needs one line of reason; it stands with the due rule");
    }
    if let Some(holds) = identity_in(because) {
        bail!("the reason is kept and shown, and {holds}: say it without");
    }
    let (period, timetable) = (Period::Release { date: on }, &app.board.timetable);
    let due = dues.rule(agency, period).of(period, &timetable.calendar(), &timetable.meetings())?;
    let key = ObligationKey { return_id: return_id.clone(), agency: agency.clone(), period };
    let opened = Event::Opened {
        return_id: return_id.clone(),
        agency: agency.clone(),
        period,
        opens_at: now.max(instant_on(on, jiff::civil::Time::midnight())),
        duty: true,
        due_at: due.at,
        rule: format!("{}; opened because: {because}", due.rule),
    };
    let (subject, actor, comes_twice) = (key.to_string(), actor.to_owned(), contract.finals.is_some());
    let question = contract.since.as_ref().and_then(|since| since.every.period_of(on));
    let question = question.map(|period| ObligationKey { period, ..key.clone() });
    let is_new = app
        .ledger
        .write(move |txn| {
            let is_new = txn.obligation(&key)?.is_none();
            if is_new {
                txn.append(now, &key.to_string(), &actor, &opened)?;
                if comes_twice {
                    txn.append(now, &key.to_string(), &actor, &Event::Provisional {})?;
                }
                // Whether anything happened is answered then, where it was asked already.
                if let Some(asked) = question.map(|key| txn.obligation(&key)).transpose()?.flatten()
                    && !asked.state.is_settled()
                {
                    let answer = Event::Commented { says: format!("{key} was opened"), by: actor.clone() };
                    txn.append(now, &asked.key.to_string(), &actor, &answer)?;
                }
            }
            Ok(is_new)
        })
        .await?;
    if !is_new {
        bail!("{subject} is open already; `quarterday owed` lists it");
    }
    Ok(format!("{subject} is open; it is due on {}", to_london(due.at).strftime("%A %-d %B %Y at %H:%M")))
}

/// The days in a period of which something of a return was opened for an agency.
pub(super) async fn known(app: &App, question: &ObligationKey) -> anyhow::Result<Vec<Date>> {
    let wanted = question.clone();
    let states = app.ledger.read(move |txn| txn.states_of(&wanted.agency)).await?;
    let of_return = states.into_keys().filter(|key| key.return_id == question.return_id);
    let days = of_return.filter_map(|key| match key.period {
        Period::Release { date } => Some(date),
        _ => None,
    });
    let within = question.period.start()..=question.period.end();
    Ok(days.filter(|day| within.contains(day)).collect())
}

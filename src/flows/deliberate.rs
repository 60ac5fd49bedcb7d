//! Records what people made of the figures: verdicts on what stands out, and what the board decided, challenged and owes
//! agencies to tell.

use super::{App, exceptions, reason::identity_in};
use crate::{
    domain::{AgencyId, Period, civil_day},
    ledger::{Deliberation, Disposition, Event, LedgerError, MatterKind, Saying, deliberated, exception_subject},
    settings::nearest,
};

/// The longest words, in characters.
const LONGEST: usize = 1000;

/// Records a sub-group's verdict on what stands out in a period.
///
/// # Errors
/// When it does not stand out, or the words cannot be kept; nothing is recorded then.
pub async fn judge(
    app: &App,
    indicator: &str,
    period: Period,
    verdict: Disposition,
    words: (&str, &str),
    actor: &str,
) -> anyhow::Result<String> {
    let (says, by) = (kept(words.0)?, kept(words.1)?);
    let title = known(app, indicator)?;
    let found = exceptions::exceptions(app, Some(period)).await?;
    if !found.list.iter().any(|(one, _)| one.indicator == indicator) {
        let why = format!("{title} does not stand out in {}; `quarterday exceptions` lists what does", period.human());
        return Err(LedgerError::Refused(why).into());
    }
    let (subject, now, actor) = (exception_subject(indicator, period), app.clock.now(), actor.to_owned());
    let event = Event::Deliberation(Deliberation::Judged { verdict, says, by: by.clone() });
    app.ledger.write(move |txn| txn.append(now, &subject, &actor, &event)).await?;
    Ok(format!("{title}, {}: {}, says {by}", period.human(), verdict.as_str()))
}

/// Records what the board said at a meeting; answers with its number.
///
/// # Errors
/// When it speaks of an indicator or an agency that there is not, or the words cannot be kept.
pub async fn say(app: &App, saying: Saying, actor: &str) -> anyhow::Result<String> {
    let said = Saying { says: kept(&saying.says)?, by: kept(&saying.by)?, ..saying };
    let Saying { kind, meeting, due, indicator, agency, .. } = &said;
    let kind = *kind;
    if let Some(indicator) = indicator {
        known(app, indicator)?;
    }
    if let Some(agency) = agency.as_ref().filter(|agency| !app.board.agencies.contains_key(*agency)) {
        let meant = nearest(agency.as_str(), app.board.agencies.keys().map(AgencyId::as_str));
        let meant = meant.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
        return Err(LedgerError::Refused(format!("there is no agency {agency} in config/agencies.toml{meant}")).into());
    }
    let why = match kind {
        MatterKind::Challenge | MatterKind::Feedback if agency.is_none() => {
            Some(format!("a {} is for an agency: name it with --agency", kind.as_str()))
        }
        _ if *meeting > civil_day(app.clock.now()) => Some(format!("the meeting of {meeting} has not been yet")),
        _ if due.is_some_and(|due| due < *meeting) => Some("it would be due before the meeting".to_owned()),
        _ => None,
    };
    if let Some(why) = why {
        return Err(LedgerError::Refused(why).into());
    }
    let (now, actor) = (app.clock.now(), actor.to_owned());
    let event = Event::Deliberation(Deliberation::Said(said));
    let number = app.ledger.write(move |txn| {
        let number = txn.next_matter()?;
        txn.append(now, &format!("matter/{number}"), &actor, &event)?;
        Ok(number)
    });
    let number = number.await?;
    Ok(format!(
        "the {} is recorded as number {number}; `quarterday settle {number} …` says what came of it",
        kind.as_str()
    ))
}

/// Records what came of a matter.
///
/// # Errors
/// When there is no such matter, it is settled already, or the words cannot be kept.
pub async fn settle(app: &App, number: i64, words: (&str, &str), actor: &str) -> anyhow::Result<String> {
    let (says, by) = (kept(words.0)?, kept(words.1)?);
    let (now, actor) = (app.clock.now(), actor.to_owned());
    let settled = app.ledger.write(move |txn| {
        let (_, matters) = deliberated(&txn.deliberations(i64::MAX)?);
        let Some(matter) = matters.into_iter().find(|matter| matter.number == number) else {
            let why = format!("there is no number {number}; SELECT * FROM ledger.decisions lists them");
            return Err(LedgerError::Refused(why));
        };
        if let Some((_, by, at)) = matter.settled {
            let on = civil_day(at).strftime("%-d %B %Y");
            return Err(LedgerError::Refused(format!("{by} settled it on {on}")));
        }
        let event = Event::Deliberation(Deliberation::Settled { says, by });
        txn.append(now, &format!("matter/{number}"), &actor, &event)?;
        Ok(matter.said.kind)
    });
    Ok(format!("the {} of number {number} is settled", settled.await?.as_str()))
}

/// The title of an indicator.
fn known(app: &App, id: &str) -> Result<String, LedgerError> {
    if let Some(found) = app.board.indicators.iter().find(|one| one.id == id) {
        return Ok(found.title.clone());
    }
    let meant = nearest(id, app.board.indicators.iter().map(|one| one.id.as_str()));
    let meant = meant.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
    Err(LedgerError::Refused(format!("there is no indicator {id} in reports/indicators{meant}")))
}

/// Words as they are kept. Those that cannot be are not repeated.
fn kept(words: &str) -> Result<String, LedgerError> {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = match words.chars().count() {
        0 => "it needs words".to_owned(),
        length if length > LONGEST => format!("it has at most {LONGEST} characters; say it shorter"),
        _ => match identity_in(&words) {
            Some(holds) => format!("{holds}, and packs may print it: say it without"),
            None => return Ok(words),
        },
    };
    Err(LedgerError::Refused(why))
}

//! A deadline passes: what is owed is opened, and those whom the ladder names are told.
//!
//! The message and the note that somebody was told are one transaction; whether the message is still wanted is
//! decided again when it leaves.

use anyhow::Context;
use jiff::{Timestamp, civil};

use super::{App, Board, agreements, evidence, finals, letters, note_failure, occurrences};
use crate::{
    check::{Contract, Coverage},
    domain::{AgencyId, civil_day},
    fault,
    ledger::{CoverageRow, Event, NOT_FETCHED, Numbered, Obligation, ObligationKey, OutboxRow, RecordedEvent, State},
    timetable::{
        Duty, Every, FOR_WORDS, Opening, Rung, WindowRule, instant_on, owed, owed_by_members, reminder_of_held,
    },
};

/// Opens what is owed by now and tells whom the ladder names; answers with the number of rungs told.
pub async fn chase(app: &App) -> anyhow::Result<usize> {
    fault::hold_up("chase-waits").await;
    let now = app.clock.now();
    open(app, now).await?;
    finals::ask(app, now).await?;
    let due = app.ledger.read(move |txn| txn.obligations_to_look_at(now)).await?;
    let mut told = 0;
    for obligation in due {
        match step(app, &obligation, now).await {
            Ok(rungs) => told += rungs,
            Err(error) => note_failure(app, &format!("chasing {}", obligation.key), &error).await,
        }
    }
    Ok(told)
}

/// Every duty of the board: one per return and agency that owes it.
pub(super) fn duties(board: &Board) -> impl Iterator<Item = Duty> {
    let owed = board.returns.values().filter(|contract| contract.every != Every::Release);
    owed.flat_map(|contract| contract.agencies.iter().filter_map(|agency| duty(board, contract, agency)))
}

/// What an agency owes by itself again and again; of what happens now and then, the answer whether it did.
fn duty(board: &Board, contract: &Contract, agency: &AgencyId) -> Option<Duty> {
    let usual = Duty {
        return_id: contract.id.clone(),
        agency: agency.clone(),
        every: contract.every,
        due: contract.due.clone()?,
        window: contract.window,
        finals: contract.finals.clone(),
        ladder: contract.ladder.clone(),
        starts_on: board.owed_from(contract),
    };
    Some(match &contract.since {
        Some(since) => Duty {
            every: since.every,
            due: since.dues(),
            window: WindowRule::default(),
            finals: None,
            ladder: Some(FOR_WORDS.to_owned()),
            starts_on: since.starts_on.max(Some(usual.starts_on)).unwrap_or(usual.starts_on),
            ..usual
        },
        None => usual,
    })
}

/// Opens what exists by now and was not opened yet. After that nothing is looked through until the next period has ended,
/// however much was ever owed.
async fn open(app: &App, now: Timestamp) -> anyhow::Result<()> {
    let mut nothing_before = app.opens_next.lock().await;
    if nothing_before.is_some_and(|next| now < next) {
        return Ok(());
    }
    let (duties, timetable) = (duties(&app.board).collect::<Vec<_>>(), app.board.timetable.clone());
    let found = app.ledger.read(move |txn| {
        let mut found = Vec::new();
        for duty in &duties {
            for key in duty.over_by(now) {
                if !txn.is_opened(&key)? {
                    let opening = timetable.opening(duty, key.period);
                    found.push((key, opening, duty.finals.is_some()));
                }
            }
        }
        Ok(found)
    });
    let mut next = next_opening(app)?.unwrap_or(Timestamp::MAX);
    let mut opened = Vec::new();
    for (key, opening, comes_twice) in found.await? {
        match opening {
            // Its window opens later than its period ends.
            Ok(opening) if opening.opens_at > now => next = next.min(opening.opens_at),
            Ok(opening) => opened.push((opening, comes_twice)),
            Err(error) => {
                note_failure(app, &format!("asking {} for {}", key.agency, key.return_id), &error.into()).await;
                // It is said again every day.
                next = next.min(instant_on(civil_day(now).tomorrow()?, civil::Time::midnight()));
            }
        }
    }
    if !opened.is_empty() {
        app.ledger
            .write(move |txn| {
                for (opening, comes_twice) in opened {
                    // A file for it may have come between the look and this.
                    if txn.is_opened(&opening.key)? {
                        continue;
                    }
                    let subject = opening.key.to_string();
                    txn.append(now, &subject, "daemon", &Event::from(opening))?;
                    if comes_twice {
                        txn.append(now, &subject, "daemon", &Event::Provisional {})?;
                    }
                }
                Ok(())
            })
            .await?;
    }
    *nothing_before = Some(next);
    Ok(())
}

/// The opening of one obligation, whether or not its day has come, and whether final figures follow; `None` where nobody
/// will owe it.
pub(super) fn opening_of(app: &App, key: &ObligationKey) -> anyhow::Result<Option<(Opening, bool)>> {
    let is_its = |duty: &Duty| duty.return_id == key.return_id && duty.agency == key.agency;
    let Some(duty) = duties(&app.board).find(is_its) else { return Ok(None) };
    let is_one = duty.every.period_of(key.period.start()) == Some(key.period) && key.period.end() >= duty.starts_on;
    Ok(if is_one { Some((app.board.timetable.opening(&duty, key.period)?, duty.finals.is_some())) } else { None })
}

async fn step(app: &App, obligation: &Obligation, now: Timestamp) -> anyhow::Result<usize> {
    if obligation.duty && !obligation.state.is_settled() && !app.board.is_owed(&obligation.key) {
        return leave_alone(app, obligation, now).await.map(|()| 0);
    }
    if obligation.state == State::Held {
        return remind_of_held(app, obligation, now).await;
    }
    let contract = app.board.returns.get(&obligation.key.return_id);
    let is_lapsed = contract.is_some_and(|contract| agreements::stops_pulls(contract, civil_day(now)));
    let (obligation, events) = &known(app, &obligation.key, is_lapsed, now).await?;
    let subject = obligation.key.to_string();
    let (ladder, calendar) = (app.board.ladder(&obligation.key), app.board.timetable.calendar());
    let lead_told = evidence::of(events, ladder);
    let accepted_at = evidence::accepted_at(&lead_told);
    let partial = partial(app, obligation).await?;
    let mut step = match partial {
        Some(_) => owed_by_members(obligation, ladder, &calendar, now)?,
        None => owed(obligation, ladder, &calendar, now, accepted_at)?,
    };
    if is_lapsed && !obligation.state.is_settled() {
        step.skip.extend(step.tell.take().map(|rung| (rung.name, NOT_FETCHED)));
        // Nobody says when it is renewed.
        let tomorrow = instant_on(calendar.add_working_days(civil_day(now), 1)?, ladder.at);
        step.look_again = step.look_again.into_iter().chain([tomorrow]).min();
    }
    let letters = match (&step.tell, partial) {
        (Some(rung), _) if app.board.is_question(&obligation.key) => {
            letters::question(app, obligation, rung, occurrences::known(app, &obligation.key).await?, now)?
        }
        (Some(rung), Some(partial)) => letters::members(app, obligation, rung, &partial, now)?,
        (Some(rung), None) => letters::rung(app, obligation, rung, &lead_told, now)?,
        (None, _) => Vec::new(),
    };
    let to_lead = step.tell.as_ref().map_or_else(Vec::new, |rung| to_lead(app, obligation, rung, &letters, now));
    let key = obligation.key.clone();
    let told = usize::from(step.tell.is_some());
    app.ledger
        .write(move |txn| {
            for (rung, why) in step.skip {
                txn.append(now, &subject, "daemon", &Event::Skipped { rung, why: why.to_owned() })?;
            }
            if let Some(rung) = step.tell {
                for letter in &letters {
                    txn.enqueue(letter)?;
                }
                let keys = letters.into_iter().map(|letter| letter.key).collect();
                txn.append(now, &subject, "daemon", &Event::Told { rung: rung.name, keys, to_lead })?;
            }
            txn.look_again(&key, step.look_again)
        })
        .await?;
    Ok(told)
}

/// Whether a rung was passed over because nothing was fetched, and that has not been taken back.
fn was_lapsed(events: &[RecordedEvent]) -> bool {
    let said = events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::AgreementRenewed {} => Some(false),
        Event::Skipped { why, .. } if why == NOT_FETCHED => Some(true),
        _ => None,
    });
    said.unwrap_or(false)
}

/// What has happened to an obligation. Where its agreement was renewed, what was passed over while nothing was fetched counts
/// again from now on.
async fn known(
    app: &App,
    key: &ObligationKey,
    is_lapsed: bool,
    now: Timestamp,
) -> anyhow::Result<(Obligation, Vec<RecordedEvent>)> {
    let (wanted, subject) = (key.clone(), key.to_string());
    let events = app.ledger.read(move |txn| txn.events_of(&subject)).await?;
    let events = match !is_lapsed && was_lapsed(&events) {
        true => {
            let renewed = app.ledger.write(move |txn| {
                let subject = wanted.to_string();
                txn.append(now, &subject, "daemon", &Event::AgreementRenewed {})?;
                txn.events_of(&subject)
            });
            renewed.await?
        }
        false => events,
    };
    let obligation = Obligation::fold(&events).with_context(|| format!("{key} was never opened"))?;
    Ok((obligation, events))
}

/// Reminds the manager of a file that waits for a decision; its lead has delivered.
async fn remind_of_held(app: &App, obligation: &Obligation, now: Timestamp) -> anyhow::Result<usize> {
    let ladder = app.board.ladder(&obligation.key);
    let owed = reminder_of_held(obligation, ladder, &app.board.timetable.calendar(), now)?;
    let key = obligation.key.clone();
    let Some((rung, at)) = owed else {
        app.ledger.write(move |txn| txn.look_again(&key, None)).await?;
        return Ok(0);
    };
    if at > now {
        app.ledger.write(move |txn| txn.look_again(&key, Some(at))).await?;
        return Ok(0);
    }
    let letters = letters::held(app, obligation, &rung, now)?;
    app.ledger
        .write(move |txn| {
            letters.iter().try_for_each(|letter| txn.enqueue(letter).map(|_| ()))?;
            let keys = letters.into_iter().map(|letter| letter.key).collect();
            txn.append(now, &key.to_string(), "daemon", &Event::Told { rung, keys, to_lead: Vec::new() })?;
            txn.look_again(&key, None)
        })
        .await?;
    Ok(1)
}

/// The coverage of the file of a group that stands, where members are not in it and nobody has said why.
async fn partial(app: &App, obligation: &Obligation) -> anyhow::Result<Option<CoverageRow>> {
    let is_group = app.board.agencies.get(&obligation.key.agency).is_some_and(|agency| !agency.members.is_empty());
    let Some(submission) = obligation.effective.filter(|_| is_group && !obligation.phase.is_awaited()) else {
        return Ok(None);
    };
    let obligation = obligation.clone();
    let partial = app.ledger.read(move |txn| {
        let asked = |one: &Numbered| one.finding.rule == Coverage::RULE && one.explanation.is_none();
        let is_open = txn.numbered_findings(submission, None)?.iter().any(asked);
        Ok(txn.coverage(&[obligation])?.pop().filter(|_| is_open))
    });
    Ok(partial.await?)
}

/// Leaves alone what the definitions no longer ask for. That is recorded once; it is looked at again the next day, for a
/// definition that comes back is asked for again.
async fn leave_alone(app: &App, obligation: &Obligation, now: Timestamp) -> anyhow::Result<()> {
    let key = obligation.key.clone();
    let again = instant_on(civil_day(now).tomorrow()?, app.board.timetable.ladder.at);
    let why = format!("pipelines/ no longer asks {} for it", key.agency);
    app.ledger
        .write(move |txn| {
            let subject = key.to_string();
            if txn.settle_occurrence(now, &format!("no-longer-owed/{subject}"), &why)? {
                txn.append(now, &subject, "daemon", &Event::NoLongerOwed { why })?;
            }
            txn.look_again(&key, Some(again))
        })
        .await?;
    Ok(())
}

/// The keys of a rung's letters that are addressed to lead, deputy or whoever covers for them.
fn to_lead(app: &App, obligation: &Obligation, rung: &Rung, letters: &[OutboxRow], now: Timestamp) -> Vec<String> {
    if !rung.is_for_the_lead() {
        return Vec::new();
    }
    let leads = app.board.leads(&obligation.key.agency, civil_day(now));
    let is_theirs = |letter: &&OutboxRow| leads.iter().any(|lead| lead.email == letter.recipient);
    letters.iter().filter(is_theirs).map(|letter| letter.key.clone()).collect()
}

/// When the next obligation opens, or the next final figures are asked for.
pub fn next_opening(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let (now, timetable) = (app.clock.now(), &app.board.timetable);
    let calendar = timetable.calendar();
    let mut next: Option<Timestamp> = None;
    for duty in duties(&app.board) {
        let Some(running) = duty.every.period_of(civil_day(now)) else { continue };
        let before = std::iter::successors(Some(running), |period| period.previous());
        for period in before.take_while(|period| period.end() >= duty.starts_on) {
            // Nobody can say when it is due; that is told where it is opened.
            let Ok(opening) = timetable.opening(&duty, period) else { continue };
            let finals = duty.finals.as_ref().and_then(|finals| finals.asked_at(opening.due_at, &calendar).ok());
            let ahead = [Some(opening.opens_at), finals].into_iter().flatten().filter(|at| *at > now);
            next = ahead.chain(next).min();
            if opening.opens_at.max(finals.unwrap_or(opening.opens_at)) <= now {
                // Those before it are further behind.
                break;
            }
        }
    }
    Ok(next)
}

//! What comes before its window opens or after it has closed is held for the manager; once it is locked, nothing is let pass.

use anyhow::bail;
use jiff::Timestamp;

use super::{super::App, archive::obligation_of, was_released};
use crate::{
    check::Contract,
    domain::{CalendarError, civil_day},
    ledger::{Obligation, Submission},
    timetable::{Edge, Window, WindowRule},
};

/// Why a submission waits for a person because of when it came, unless a person has let it pass.
pub(super) async fn holds(app: &App, contract: &Contract, submission: &Submission) -> anyhow::Result<Option<String>> {
    let obligation = obligation_of(app, &submission.obligation).await?;
    if !is_watched(app, contract, &obligation) || was_released(app, submission).await? {
        return Ok(None);
    }
    let (window, replaces) = (window(app, contract, &obligation)?, obligation.effective.is_some());
    Ok(window.holds(submission.received_at, reopened_at(&obligation), &named(app, &obligation), replaces))
}

/// Refuses to let anything pass whose window is locked.
pub(super) async fn refuse_locked(app: &App, submission: &Submission) -> anyhow::Result<()> {
    let obligation = obligation_of(app, &submission.obligation).await?;
    let Some(contract) = app.board.returns.get(&obligation.key.return_id) else { return Ok(()) };
    if !is_watched(app, contract, &obligation) {
        return Ok(());
    }
    let window = window(app, contract, &obligation)?;
    if let Some(locks_at) = window.locks_at
        && window.edge(app.clock.now(), reopened_at(&obligation)) == Edge::Locked
    {
        bail!(
            "{} is locked since {}; `quarterday extend {} --to DATE --reason \"…\"` opens it again, or `reopen` where a file stands",
            named(app, &obligation),
            civil_day(locks_at).strftime("%-d %B"),
            obligation.key
        );
    }
    Ok(())
}

/// Past periods and releases, which nobody owes, have no window; nor has the answer whether anything happened.
fn is_watched(app: &App, contract: &Contract, obligation: &Obligation) -> bool {
    obligation.duty && contract.window != WindowRule::default() && !app.board.is_question(&obligation.key)
}

/// The window, kept open for a corrected file that is awaited.
fn window(app: &App, contract: &Contract, obligation: &Obligation) -> Result<Window, CalendarError> {
    let (ladder, calendar) = (&app.board.timetable.ladder, app.board.timetable.calendar());
    let window = contract.window.of(obligation.key.period, obligation.due_at, &calendar)?;
    // Who sent a file in time may correct it; who sent one too late has no more time than anybody.
    let came_at = obligation.received_at.or(obligation.first_refused_at);
    let in_time = came_at.zip(window.closes_at).is_some_and(|(came, closes)| came <= closes);
    let refused_at = obligation.first_refused_at.filter(|_| in_time);
    let corrected_by = refused_at.map(|at| ladder.corrected_by(obligation, &calendar, at)).transpose()?;
    Ok(window.with_correction(corrected_by))
}

/// When a person last gave more time or asked again, which opens the window again.
fn reopened_at(obligation: &Obligation) -> Option<Timestamp> {
    obligation.chased_since
}

fn named(app: &App, obligation: &Obligation) -> String {
    let key = &obligation.key;
    format!("{} from {}", key.period.human(), app.board.agency_name(&key.agency))
}

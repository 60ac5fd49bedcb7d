//! The manager holds an escalation: with a reason, which the pack prints.
//!
//! A hold stands until the file is there or somebody lifts it; the lead goes on being reminded.

use super::{App, reason::identity_in};
use crate::{
    ledger::{Event, LedgerError, ObligationKey, OutboxRow, OutboxState},
    mail::Kind,
    timetable::RungKind,
};

/// Keeps everything about an obligation from going above its lead.
///
/// # Errors
/// When no reason is given, nothing is owed, or the escalation has left already; nothing is recorded then.
pub async fn hold(app: &App, key: &ObligationKey, reason: &str, actor: &str) -> Result<(), LedgerError> {
    let refused = |why: String| Err(LedgerError::Refused(why));
    let (key, reason, actor, now) = (key.clone(), reason.trim().to_owned(), actor.to_owned(), app.clock.now());
    let ladder = app.board.ladder(&key).clone();
    app.ledger
        .write(move |txn| {
            if reason.is_empty() {
                return refused("a hold needs one line of reason; the pack prints it".into());
            }
            if let Some(holds) = identity_in(&reason) {
                return refused(format!("{holds}, and the pack prints it: say it without"));
            }
            let Some(obligation) = txn.obligation(&key)?.filter(|obligation| obligation.duty) else {
                return refused(format!("nothing is owed as {key}; `quarterday owed` lists what is"));
            };
            if obligation.state.is_settled() {
                return refused(format!("{key} is settled, so nothing about it is escalated"));
            }
            let subject = key.to_string();
            let has_left = |m: &&OutboxRow| {
                m.kind == Kind::Escalation.as_str()
                    && matches!(m.state, OutboxState::Sending | OutboxState::Sent | OutboxState::Written)
                    && m.enqueued_at
                        >= obligation.chased_since.unwrap_or(obligation.opened_at).max(obligation.opened_at)
            };
            let steps = ladder.rungs.iter().filter(|rung| rung.kind == RungKind::Escalation);
            let is_over = steps.map(|rung| &rung.name).all(|name| obligation.is_past(name));
            if is_over && let Some(left) = txn.messages_of(&subject)?.iter().rfind(has_left) {
                return refused(format!("the escalation to {} has left already", left.recipient));
            }
            txn.append(now, &subject, &actor, &Event::EscalationHeld { reason })?;
            Ok(())
        })
        .await
}

/// Lets an obligation go above its lead again; the next step waits until its preview has been seen.
///
/// # Errors
/// When no reason is given, or nothing is held; nothing is recorded then.
pub async fn free(app: &App, key: &ObligationKey, reason: &str, actor: &str) -> Result<(), LedgerError> {
    let refused = |why: String| Err(LedgerError::Refused(why));
    let (key, reason, actor, now) = (key.clone(), reason.trim().to_owned(), actor.to_owned(), app.clock.now());
    app.ledger
        .write(move |txn| {
            if reason.is_empty() {
                return refused("lifting a hold needs one line of reason; it is recorded".into());
            }
            if let Some(holds) = identity_in(&reason) {
                return refused(format!("{holds}, and it is recorded: say it without"));
            }
            if txn.obligation(&key)?.is_none_or(|obligation| obligation.escalation_held.is_none()) {
                return refused(format!("nothing keeps {key} from going above the lead"));
            }
            txn.append(now, &key.to_string(), &actor, &Event::EscalationFreed { reason })?;
            Ok(())
        })
        .await
}

//! The manager holds an escalation: with a reason, which the pack prints.
//!
//! A hold stands until the file is there; the lead goes on being reminded.

use super::{App, reason::identity_in};
use crate::{
    ledger::{Event, LedgerError, ObligationKey, OutboxState},
    mail::Kind,
};

/// Keeps everything about an obligation from going above its lead.
///
/// # Errors
/// When no reason is given, nothing is owed, or the escalation has left already; nothing is recorded then.
pub async fn hold(app: &App, key: &ObligationKey, reason: &str, actor: &str) -> Result<(), LedgerError> {
    let refused = |why: String| Err(LedgerError::Refused(why));
    let (key, reason, actor, now) = (key.clone(), reason.trim().to_owned(), actor.to_owned(), app.clock.now());
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
            let has_left = |state| matches!(state, OutboxState::Sending | OutboxState::Sent | OutboxState::Written);
            let escalation = Kind::Escalation.as_str();
            if let Some(left) = txn.messages_of(&subject)?.iter().find(|m| m.kind == escalation && has_left(m.state)) {
                return refused(format!("the escalation to {} has left already", left.recipient));
            }
            txn.append(now, &subject, &actor, &Event::EscalationHeld { reason })?;
            Ok(())
        })
        .await
}

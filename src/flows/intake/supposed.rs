//! A verdict without a file: what a rehearsal or a simulation supposes that somebody sends.
//!
//! Everything but the bytes is the intake's own: what is recorded, who is answered, and what is no longer asked for.

use std::str::FromStr;

use super::{
    super::App,
    NewSubmission, Received,
    archive::the_submission,
    owed::{opening, owed_contract},
    store::{Outcome, decide},
};
use crate::{
    domain::{Verdict, sha256},
    ledger::{Event, ObligationKey},
};

/// What a supposed file comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supposed {
    /// It is accepted.
    Accepted,
    /// Something in it is to be corrected first.
    NotAccepted,
    /// A person is to decide.
    Held,
    /// There is nothing to report.
    Nil,
}

impl FromStr for Supposed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "accepted" => Self::Accepted,
            "not-accepted" => Self::NotAccepted,
            "held" => Self::Held,
            "nil" => Self::Nil,
            _ => return Err("one of accepted, not-accepted, held, nil"),
        })
    }
}

/// Records that a file has come for `key`; answers with the submission's number. It has no verdict yet.
///
/// # Errors
/// When nobody owes it, its period has not ended, or the ledger failed.
pub async fn arrives(app: &App, key: &ObligationKey, supposed: Supposed, actor: &str) -> anyhow::Result<i64> {
    let contract = owed_contract(app, key)?;
    let opened = opening(app, contract, key)?;
    let is_nil = supposed == Supposed::Nil;
    let (now, actor) = (app.clock.now(), actor.to_owned());
    let new = NewSubmission {
        obligation: key.clone(),
        sha256: if is_nil { String::new() } else { sha256(format!("supposed: {key}, {now}").as_bytes()) },
        name: if is_nil { "nil return" } else { "supposed" }.into(),
        source: actor.clone(),
        contract_hash: contract.hash.clone(),
        contract: contract.text.clone(),
    };
    let id = app.ledger.write(move |txn| {
        let subject = new.obligation.to_string();
        if !txn.is_opened(&new.obligation)? {
            txn.append(now, &subject, &actor, &opened)?;
        }
        let id = txn.add_submission(now, &new)?;
        if !is_nil {
            let received = Event::ExtractReceived { submission: id, sha256: new.sha256, arrived_at: None };
            txn.append(now, &subject, &actor, &received)?;
        }
        Ok(id)
    });
    Ok(id.await?)
}

/// Gives it its verdict and answers it.
///
/// # Errors
/// When there is no such submission, or the ledger failed.
pub async fn judged(app: &App, id: i64, supposed: Supposed) -> anyhow::Result<Received> {
    let submission = the_submission(app, id).await?;
    let outcome = match supposed {
        Supposed::Accepted => Outcome::of(Verdict::Accepted, true),
        Supposed::NotAccepted => Outcome {
            reason: Some("something in it is to be corrected".into()),
            ..Outcome::of(Verdict::NotAccepted, true)
        },
        Supposed::Held => {
            Outcome { reason: Some("it differs from what came before".into()), ..Outcome::of(Verdict::Held, true) }
        }
        Supposed::Nil => Outcome { nil: Some("nothing to report".into()), ..Outcome::of(Verdict::Accepted, true) },
    };
    decide(app, &submission, outcome, &[]).await
}

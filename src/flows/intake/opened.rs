//! What an extract holds, once its wrappings are off.

use std::time::Duration;

use anyhow::Context;

use super::super::App;
use crate::{
    check::Contract,
    content::Content,
    decode::{self, DecodeError, Decoded, Keys, Limits, Unwrapped},
    domain::AgencyId,
};

/// What taking the wrappings off may use. What comes out may be as long as what a partner may send unwrapped; the format
/// that it is in has limits of its own.
const LIMITS: Limits = Limits { memory_bytes: 1 << 30, wall: Duration::from_secs(300), decoded_bytes: 4 << 30 };

/// Why an extract's tables are not at hand.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum OpenError {
    /// The file cannot be read; its sender can mend it.
    #[error(transparent)]
    File(DecodeError),
    /// A disk, a worker or a key of ours; it is tried again.
    #[error("{0:#}")]
    Ours(anyhow::Error),
}

impl From<DecodeError> for OpenError {
    fn from(error: DecodeError) -> Self {
        if error.is_ours() { Self::Ours(error.into()) } else { Self::File(error) }
    }
}

/// Takes the wrappings off an extract, with the keys of the agency that owes it.
pub(in super::super) async fn open(
    app: &App,
    agency: &AgencyId,
    contract: &Contract,
    extract: Content,
) -> Result<Unwrapped, OpenError> {
    let head = extract.head(decode::HEAD).map_err(DecodeError::from)?;
    let keys = if decode::may_be_wrapped(&head) { keys_of(app, agency)? } else { Keys::default() };
    let (members, incoming) = (&contract.members, app.board.incoming());
    let opened = match contract.governance.is_guarded() {
        // The guard looks through what nobody asked for too.
        true => decode::unwrap_all(extract, members, &keys, &app.launcher, LIMITS, &incoming).await,
        false => decode::unwrap(extract, members, &keys, &app.launcher, LIMITS, &incoming).await,
    };
    Ok(opened?)
}

/// Reads what came out.
pub(in super::super) async fn read(app: &App, contract: &Contract, opened: Unwrapped) -> Result<Decoded, OpenError> {
    if let Some(refused) = opened.refused {
        return Err(DecodeError::from(refused).into());
    }
    Ok(decode::decode_each(&contract.format, &contract.members, opened, &app.launcher).await?)
}

fn keys_of(app: &App, agency: &AgencyId) -> Result<Keys, OpenError> {
    let Some(agency) = app.board.agencies.get(agency) else { return Ok(Keys::default()) };
    let keys = agency.keys.resolve(&app.environment);
    keys.with_context(|| format!("the keys of {} in config/agencies.toml", agency.id)).map_err(OpenError::Ours)
}

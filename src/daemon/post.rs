//! The post: messages leave beside everything else, so that a slow relay holds up nobody.

use anyhow::Context;

use crate::{
    flows::{App, hold, letterbox, note_failure},
    mail::Pumped,
};

/// Sends a handful of what is due; one at a time does. `more` says that there is more to send.
///
/// # Errors
/// When the ledger does not answer; what a relay says is not an error.
pub(super) async fn deliver(app: &App) -> anyhow::Result<Pumped> {
    let _post = app.post.lock().await;
    let held = hold::reason(&app.board.data, &app.ledger, &app.clock).await?;
    let mut pumped = app.mailroom.pump(&app.ledger, app.clock.now(), held.as_deref()).await.context("sending mail")?;
    pumped.more |= letterbox::refused(app).await.context("telling of refused messages")? > 0;
    Ok(pumped)
}

/// Sends all that is due and answers with the number of messages that need nothing more; a failure is noted.
pub(super) async fn deliver_all(app: &App) -> usize {
    let mut left = 0;
    loop {
        match deliver(app).await {
            Ok(pumped) => {
                left += pumped.sent + pumped.written + pumped.refused + pumped.superseded;
                if !pumped.more {
                    return left;
                }
            }
            Err(error) => {
                note_failure(app, "sending mail", &error).await;
                return left;
            }
        }
    }
}

//! A board's first cycle is a rehearsal until a person has read what would have gone out, and confirms it.

use super::{App, Board};
use crate::{
    ledger::{Event, Ledger, OutboxState},
    mail::{self, Way},
};

/// Whether messages of the timetable are written to a folder and not sent, because nobody has confirmed them yet.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn is_rehearsing(board: &Board, ledger: &Ledger) -> anyhow::Result<bool> {
    if !board.timetable.rehearsal || matches!(board.mail.way, Way::Folder(_)) {
        return Ok(false);
    }
    Ok(!ledger.read(mail::is_confirmed).await?)
}

/// Has the timetable's messages leave from now on; answers with what was rehearsed.
///
/// # Errors
/// When it was confirmed before, or nothing is rehearsed.
pub async fn confirm(app: &App, actor: &str) -> anyhow::Result<String> {
    if !app.board.timetable.rehearsal {
        anyhow::bail!("nothing is rehearsed: config/timetable.toml says rehearsal = false");
    }
    let (now, actor) = (app.clock.now(), actor.to_owned());
    let written = app
        .ledger
        .write(move |txn| {
            if !mail::confirm(txn, &actor)? {
                return Ok(None);
            }
            let says = "the first cycle is confirmed: messages leave from now on".to_owned();
            let event = Event::TimetableTookEffect { definitions: String::new(), says };
            txn.append(now, "timetable", &actor, &event)?;
            Ok(Some(txn.messages_in(OutboxState::Written)?))
        })
        .await?;
    match written {
        None => anyhow::bail!("the first cycle was confirmed before; messages leave"),
        Some(written) => Ok(format!(
            "messages of the timetable leave from now on. {written} were written to {} and reached nobody; to ask for one of \
             those returns anew, `quarterday extend` it",
            app.board.data.join(mail::REHEARSAL_FOLDER).display()
        )),
    }
}

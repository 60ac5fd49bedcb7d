//! Warns before the list of bank holidays ends: past its end no due day can be told.

use jiff::{Timestamp, civil::Date};

use super::{App, Board, letters};
use crate::domain::civil_day;

/// What status says when the end is near.
pub fn warning(board: &Board, now: Timestamp) -> Option<String> {
    board.timetable.list_ends_soon(civil_day(now)).map(what)
}

/// Tells the manager once of each list that is about to end.
pub(super) async fn warn(app: &App, now: Timestamp) -> anyhow::Result<()> {
    let Some(end) = app.board.timetable.list_ends_soon(civil_day(now)) else { return Ok(()) };
    let why = "no due day beyond it can be told, so nothing beyond it is asked for";
    let next_step = "save https://www.gov.uk/bank-holidays.json as config/bank-holidays.json, name it in \
                     config/timetable.toml (holidays = \"config/bank-holidays.json\") and start the daemon anew";
    let alarms = letters::alarm(app, &what(end), why, next_step, now)?;
    app.ledger
        .write(move |txn| {
            if txn.settle_occurrence(now, &format!("holidays/{end}"), "the manager was told")? {
                for alarm in &alarms {
                    txn.enqueue(alarm)?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

fn what(end: Date) -> String {
    format!("The list of bank holidays ends on {}", end.strftime("%-d %B %Y"))
}

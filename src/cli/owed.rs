//! `quarterday owed`.

use std::path::Path;

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};

use super::board;
use crate::{
    clock::Clock,
    domain::{civil_day, to_london},
    flows::standing::{self, Standing},
};

/// Prints what is owed on a day.
pub async fn owed(home: &Path, on: Option<jiff::civil::Date>) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let day = on.unwrap_or_else(|| civil_day(Clock::System.now()));
    let ledger = board::ledger(&board)?;
    let owed = standing::owed_on(&board, ledger.as_ref(), day).await?;
    if owed.is_empty() {
        println!("Nothing is owed on {}.", day.strftime("%A %-d %B %Y"));
        return Ok(());
    }
    println!("Owed on {}:\n{}", day.strftime("%A %-d %B %Y"), table(&owed));
    Ok(())
}

/// Obligations as a table for the eye.
pub fn table(owed: &[Standing]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["Agency", "Return", "Period", "Due", "Standing", "Next message"]);
    for one in owed {
        let standing = match one.standing {
            "overdue" => format!("overdue, {} days", one.days_late),
            other => other.replace('_', " "),
        };
        let next = one.next.as_ref().map_or_else(
            || "none".to_owned(),
            |next| format!("{} on {}", next.rung, to_london(next.at).strftime("%a %-d %b, %H:%M")),
        );
        table.add_row([
            one.agency.clone(),
            one.title.clone(),
            one.key.period.human(),
            to_london(one.due_at).strftime("%a %-d %b %Y, %H:%M").to_string(),
            standing,
            next,
        ]);
    }
    table
}

//! What a restatement changed, told to the analyst.

use super::{
    super::{App, intake, restated::Difference},
    contract, due, post,
};
use crate::{
    domain::words::{several, whole},
    ledger::OutboxRow,
    mail::{Changed, Letter},
};

/// Issued figures that are named one by one.
const NAMED: usize = 10;

/// The message to the analyst, or to the manager where there is none.
pub(in super::super) async fn restated(app: &App, found: &Difference) -> anyhow::Result<Vec<OutboxRow>> {
    let key = found.obligation.clone();
    let obligation = app.ledger.read(move |txn| txn.obligation(&key)).await?;
    let Some(obligation) = obligation else { return Ok(Vec::new()) };
    let contract = contract(app, &obligation)?;
    let (before, after) =
        (intake::the_submission(app, found.before).await?, intake::the_submission(app, found.after).await?);
    let letter = Letter::Restated {
        due: due(app, &obligation),
        before: found.before,
        replaced_at: before.received_at,
        after: found.after,
        arrived_at: after.received_at,
        tables: found.tables.iter().map(|table| changed(table, contract)).collect(),
        totals: found
            .totals
            .iter()
            .map(|total| {
                let words = |value: &Option<String>| value.clone().unwrap_or_else(|| "not given".to_owned());
                format!(
                    "{}: {} before, {} now",
                    total.label.replace('_', " "),
                    words(&total.before),
                    words(&total.after)
                )
            })
            .collect(),
        figures: figures(found),
        exceptions: found.exceptions.clone(),
    };
    let to = app.board.analyst.clone().unwrap_or_else(|| app.board.manager.clone());
    post(app, &format!("restated/{}", found.after), Some(&obligation), vec![to], &letter, app.clock.now())
}

fn changed(table: &super::super::restated::TableDifference, contract: &crate::check::Contract) -> Changed {
    let known = contract.tables.iter().find(|known| contract.qualified(known) == table.table);
    let label = |name: &String| {
        let column = known.and_then(|known| known.column(name));
        column.map_or_else(|| name.clone(), |column| column.label().replace('_', " "))
    };
    Changed {
        table: known.and_then(|known| known.sheet.clone()).unwrap_or_else(|| table.table.clone()),
        rows_before: table.rows_before,
        rows_after: table.rows_after,
        says: match &table.rows {
            Some(rows) => {
                let columns: Vec<String> = rows
                    .columns
                    .iter()
                    .map(|(name, count)| format!("{} in {}", label(name), several(*count as usize, "row", "rows")))
                    .collect();
                let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
                format!(
                    "{} added, {} removed, {} changed{columns}",
                    whole(rows.added),
                    whole(rows.removed),
                    whole(rows.changed)
                )
            }
            None => "too many rows to hold them against each other".to_owned(),
        },
    }
}

fn figures(found: &Difference) -> Vec<String> {
    let line = |figure: &super::super::restated::Figure| {
        let category = figure.category.as_ref().map(|category| format!(", {category}")).unwrap_or_default();
        format!(
            "{}: {}{category}, {}: {} printed, {} now",
            figure.edition, figure.indicator, figure.period, figure.before, figure.after
        )
    };
    let mut lines: Vec<String> = found.figures.iter().take(NAMED).map(line).collect();
    if found.figures.len() > NAMED {
        lines.push(format!("and {} more", found.figures.len() - NAMED));
    }
    lines
}

//! What a reader noticed of a table beside its cells, told to the sender.

use super::{
    ColumnType, Extra, Severity, TableContract,
    findings::{Findings, rule},
    headings::Layout,
};
use crate::decode::{Runs, Sheet, is_unnamed};

/// Tells what was noticed of `sheet`, whose columns are found.
pub(super) fn tell(table: &TableContract, sheet: &Sheet, layout: &Layout, findings: &mut Findings) {
    tell_hidden(sheet, layout, findings);
    tell_hidden_columns(table, sheet, findings);
    tell_outside(table, sheet, findings);
    tell_stored(table, sheet, layout, findings);
}

fn tell_hidden(sheet: &Sheet, layout: &Layout, findings: &mut Findings) {
    let remarks = &sheet.remarks;
    if remarks.hidden_sheet {
        findings.add(Severity::Note, &layout.table, None, rule::HIDDEN, || {
            "the whole sheet is hidden, and is read all the same. Is that meant?".to_owned()
        });
    }
    if let Some((first, _)) = remarks.hidden_rows.first.first() {
        let treated = treated(remarks.without_hidden);
        findings.add(Severity::Note, &layout.table, Some(*first), rule::HIDDEN, || match remarks.hidden_rows.count {
            1 => format!("row {first} is hidden, and is {treated}. Is that meant? If not, please show or delete it."),
            count => format!(
                "{count} rows are hidden ({}), and are {treated}. Is that meant? If not, please show or delete them.",
                stretches(&remarks.hidden_rows)
            ),
        });
    }
}

fn treated(left_out: bool) -> &'static str {
    if left_out { "left out, as this return has it" } else { "read all the same" }
}

/// "5 to 7, 9 and others".
fn stretches(rows: &Runs) -> String {
    let stretch = |(from, to): &(u32, u32)| if from == to { from.to_string() } else { format!("{from} to {to}") };
    let named: u32 = rows.first.iter().map(|(from, to)| to - from + 1).sum();
    let mut words = rows.first.iter().map(stretch).collect::<Vec<_>>().join(", ");
    if named < rows.count {
        words.push_str(" and others");
    }
    words
}

fn tell_hidden_columns(table: &TableContract, sheet: &Sheet, findings: &mut Findings) {
    let remarks = &sheet.remarks;
    for place in &remarks.hidden_columns {
        let place = *place as usize;
        let Some(heading) = sheet.columns.get(place) else { continue };
        let name = sheet.name.as_deref();
        let heading = (!is_unnamed(heading)).then_some(heading.as_str());
        let is_filled = remarks.stored.get(place).is_some_and(|stored| stored.filled > 0);
        if !(is_filled || remarks.without_hidden) {
            continue;
        }
        let mut spot = findings.spot(&table.name, name, Some((heading.unwrap_or_default(), sheet.letter(place))));
        spot.heading = heading.map(str::to_owned);
        findings.add(Severity::Note, &spot, None, rule::HIDDEN, || {
            let treated = treated(remarks.without_hidden);
            format!("this column is hidden, and is {treated}. Is that meant? If not, please show or delete it.")
        });
    }
}

fn tell_outside(table: &TableContract, sheet: &Sheet, findings: &mut Findings) {
    let severity = match table.extra_columns {
        Extra::Error => Severity::Error,
        Extra::Query => Severity::Query,
        Extra::Ignore => return,
    };
    let Some(outside) = &sheet.remarks.outside else { return };
    let mut spot = findings.spot(&table.name, sheet.name.as_deref(), Some(("", Some(outside.letter.clone()))));
    spot.heading = None;
    findings.add(severity, &spot, Some(outside.row), rule::OUTSIDE, || {
        let more = match outside.count {
            1 => String::new(),
            2 => " One more stands like it.".to_owned(),
            count => format!(" {} more stand like it.", count - 1),
        };
        format!(
            "this cell stands beside the table, and is not read.{more} Please give its column a heading, or clear it."
        )
    });
}

/// Numbers where a text is meant have lost what a number does not keep; numbers stored as text are read.
fn tell_stored(table: &TableContract, sheet: &Sheet, layout: &Layout, findings: &mut Findings) {
    for ((column, place), spot) in table.columns.iter().zip(&layout.places).zip(&layout.spots) {
        let Some(stored) = place.and_then(|place| sheet.remarks.stored.get(place)) else { continue };
        let heading = spot.quoted();
        if stored.merged.count > 0 {
            findings.add(Severity::Note, spot, Some(stored.merged.first), rule::MERGED, || {
                let cells = cells(stored.merged.count, "is merged with one above", "are merged with cells above them");
                format!("{heading}: {cells}, whose text counts for each row.")
            });
        }
        if stored.merged_numbers.count > 0 {
            findings.add(Severity::Query, spot, Some(stored.merged_numbers.first), rule::MERGED, || {
                let cells = cells(
                    stored.merged_numbers.count,
                    "is merged with a number above it",
                    "are merged with numbers above them",
                );
                format!("{heading}: {cells}, which counts once. Please unmerge them and fill in each cell.")
            });
        }
        if column.kind == ColumnType::Text && column.allowed.is_empty() && stored.numbers.count > 0 {
            findings.add(Severity::Note, spot, Some(stored.numbers.first), rule::STORED, || {
                format!(
                    "{heading} holds texts, and {}. Zeros in front and digits beyond the fifteenth are lost that way. \
                     Please check, and set the column's format to Text.",
                    cells(stored.numbers.count, "is stored as a number", "are stored as numbers")
                )
            });
        }
        if column.kind.is_measure() && stored.digits.count > 0 {
            findings.add(Severity::Note, spot, Some(stored.digits.first), rule::STORED, || {
                format!(
                    "{heading} holds numbers, and {}. Read as numbers all the same.",
                    cells(stored.digits.count, "is stored as text", "are stored as text")
                )
            });
        }
    }
}

fn cells(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("1 cell {one}") } else { format!("{count} cells {many}") }
}

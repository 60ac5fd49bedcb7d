//! What is read back to the sender of a file, beside what the replaced file said and last period's: each figure of a small
//! one, the totals of a long one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::App;
use crate::{
    check::{self, Classification, Contract, MOST_FIGURES},
    domain::{Status, words::lower_first},
    mail::{Read, ReadRow, Total},
};

/// A column of numbers as it was kept. Files judged before there were labels, places, reasons and figures have none of
/// them.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct KeptTotal {
    /// The table's name in SQL.
    table: Option<String>,
    /// The column's name in SQL.
    column: Option<String>,
    heading: String,
    /// What people call it.
    label: Option<String>,
    unit: Option<String>,
    value: Option<String>,
    /// The least and the greatest of what is not to be added up.
    bounds: Option<(String, String)>,
    /// Why the first number that is missing is missing.
    status: Option<Status>,
    #[serde(default)]
    figures: Vec<KeptFigure>,
}

/// A figure of a small table as it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptFigure {
    /// What its row is called; nothing in a table of one row.
    row: String,
    value: Option<String>,
    status: Option<Status>,
}

/// What is read back of a file.
pub(super) struct ReadBack {
    pub read: Read,
    pub figures: Vec<ReadRow>,
    /// Rows that the file before had.
    pub gone: Vec<String>,
}

/// What is kept of a column of numbers, to be read back.
pub(in super::super) fn kept_total(total: &check::Total) -> serde_json::Value {
    let figure = |figure: &check::Figure| KeptFigure {
        row: figure.row.clone(),
        value: figure.value.clone(),
        status: figure.status,
    };
    let kept = KeptTotal {
        table: Some(total.table.clone()),
        column: Some(total.column.clone()),
        heading: total.heading.clone(),
        label: Some(total.label.clone()),
        unit: total.unit.clone(),
        value: total.value.map(|value| value.to_string()),
        bounds: total.bounds.clone(),
        status: total.status,
        figures: total.figures.iter().map(figure).collect(),
    };
    serde_json::to_value(kept).unwrap_or_default()
}

/// What is read back of submission `id`; `before` is the one it replaces, `last` that of the period before.
pub(super) async fn read_back(
    app: &App,
    contract: &Contract,
    id: i64,
    before: Option<i64>,
    last: Option<i64>,
) -> anyhow::Result<ReadBack> {
    if contract.governance.classification == Classification::ChildLevel {
        return Ok(ReadBack { read: Read::ChildLevel, figures: Vec::new(), gone: Vec::new() });
    }
    let (now, before, last) = app
        .ledger
        .read(move |txn| {
            let kept = |id: Option<i64>| id.map(|id| txn.totals(id)).transpose().map(Option::flatten);
            Ok((kept(Some(id))?, kept(before)?, kept(last)?))
        })
        .await?;
    let kept = |totals: Option<serde_json::Value>| -> Vec<KeptTotal> {
        totals.and_then(|totals| serde_json::from_value(totals).ok()).unwrap_or_default()
    };
    let sheet = |table: &str| {
        let known = contract.tables.iter().find(|known| contract.qualified(known) == table);
        known.map(|known| known.sheet_name().to_owned())
    };
    Ok(beside(&kept(now), &kept(before), &kept(last), sheet))
}

/// What a file says beside two others; `sheet` is what people call a table.
fn beside(
    now: &[KeptTotal],
    before: &[KeptTotal],
    last: &[KeptTotal],
    sheet: impl Fn(&str) -> Option<String>,
) -> ReadBack {
    let is_small = now.iter().map(|total| total.figures.len()).sum::<usize>() <= MOST_FIGURES;
    let has_rows = |total: &KeptTotal| total.figures.iter().any(|figure| !figure.row.is_empty());
    if !is_small || !now.iter().any(has_rows) {
        let total = |total: &KeptTotal| {
            let twice = now.iter().any(|other| other.table != total.table && other.looks_like(total));
            let table = total.table.as_deref().filter(|_| twice);
            let place = table.map(|table| format!(" ({})", sheet(table).unwrap_or_else(|| table.to_owned())));
            Total { label: total.label() + &place.unwrap_or_default(), ..total.beside(now, before, last) }
        };
        return ReadBack { read: Read::Totals(now.iter().map(total).collect()), figures: Vec::new(), gone: Vec::new() };
    }
    let mut tables: Vec<&Option<String>> = now.iter().map(|total| &total.table).collect();
    tables.dedup();
    let (mut figures, mut gone, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    for table in &tables {
        let columns: Vec<&KeptTotal> = now.iter().filter(|total| total.table == **table).collect();
        let name = table.as_deref().filter(|_| tables.len() > 1).and_then(&sheet);
        let called = |row: &str| match (&name, row) {
            (Some(name), "") => name.clone(),
            (Some(name), row) => format!("{name}, {row}"),
            (None, row) => row.to_owned(),
        };
        let Some(first) = columns.first() else { continue };
        for (at, row) in first.figures.iter().enumerate() {
            let figure = |column: &&KeptTotal| column.figure(at, now, before, last);
            figures.push(ReadRow { label: called(&row.row), figures: columns.iter().filter_map(figure).collect() });
        }
        let older = if before.is_empty() { last } else { before };
        gone.extend(
            first.among(now, older).map(|older| first.gone(older)).unwrap_or_default().iter().map(|r| called(r)),
        );
        // A long table beside a small one is told by its totals.
        let is_long = first.figures.is_empty();
        if is_long || first.figures.len() > 1 {
            let summed = columns.iter().filter(|column| is_long || column.value.is_some());
            sums.extend(summed.map(|column| {
                let total = column.beside(now, before, last);
                Total {
                    label: name.as_ref().map_or(column.label(), |name| format!("{name}, {}", column.label())),
                    ..total
                }
            }));
        }
    }
    ReadBack { read: Read::Totals(sums), figures, gone }
}

impl KeptTotal {
    /// What people call it, as it stands in a sentence.
    fn label(&self) -> String {
        lower_first(self.label.as_ref().unwrap_or(&self.heading).replace('_', " ").trim())
    }

    /// Whether a reader would take it for the other, if nothing said where each stands.
    fn looks_like(&self, other: &Self) -> bool {
        (self.column.is_some() && self.column == other.column) || self.label() == other.label()
    }

    /// The whole column beside those of two other files.
    fn beside(&self, mine: &[Self], before: &[Self], last: &[Self]) -> Total {
        Total {
            label: self.label(),
            value: self.words(),
            before: self.among(mine, before).and_then(Self::in_brackets),
            last: self.among(mine, last).and_then(Self::in_brackets),
        }
    }

    /// One of its figures beside those of two other files.
    fn figure(&self, at: usize, mine: &[Self], before: &[Self], last: &[Self]) -> Option<Total> {
        let figure = self.figures.get(at)?;
        let then = |theirs: &[Self]| {
            let older = self.among(mine, theirs)?;
            let mut same = older.figures.iter().filter(|older| older.row == figure.row && !figure.is_numbered());
            let alone = self.figures.iter().filter(|other| other.row == figure.row).count() == 1;
            same.next().filter(|_| alone && same.next().is_none()).and_then(|older| self.known(older))
        };
        let value = self.known(figure).unwrap_or_else(|| "not given".to_owned());
        Some(Total { label: self.label(), value, before: then(before), last: then(last) })
    }

    /// The number of a figure, or why there is none; nothing where nothing was given.
    fn known(&self, figure: &KeptFigure) -> Option<String> {
        match (&figure.value, figure.status) {
            (Some(value), _) => Some(self.with_unit(value)),
            (None, None | Some(Status::X)) => None,
            (None, Some(status)) => Some(format!("{} ({})", status.words(), status.symbol())),
        }
    }

    /// Rows of an older file that this one lacks; none where the two have no row in common and speak of other things.
    fn gone(&self, older: &Self) -> Vec<String> {
        let rows = |total: &Self| -> BTreeSet<String> {
            total.figures.iter().filter(|figure| !figure.is_numbered()).map(|figure| figure.row.clone()).collect()
        };
        let (now, then) = (rows(self), rows(older));
        if now.is_disjoint(&then) { Vec::new() } else { then.difference(&now).cloned().collect() }
    }

    /// The same column of an earlier file: by table and column or, where those were not kept, by a heading that tells it
    /// from all others.
    fn among<'a>(&self, mine: &[Self], theirs: &'a [Self]) -> Option<&'a Self> {
        let place = |total: &Self| total.table.clone().zip(total.column.clone());
        let headed = |total: &&Self| total.heading == self.heading;
        let by_heading = || {
            let alone = mine.iter().filter(headed).count() == 1;
            let mut found = theirs.iter().filter(headed).filter(|other| self.place_is_unknown(other));
            found.next().filter(|_| alone && found.next().is_none())
        };
        let by_place = theirs.iter().find(|other| place(self).is_some() && place(other) == place(self));
        by_place.or_else(by_heading)
    }

    fn place_is_unknown(&self, other: &Self) -> bool {
        [self, other].iter().any(|total| total.table.is_none() || total.column.is_none())
    }

    /// What the column comes to: its sum, or between which numbers it lies.
    fn sum(&self) -> Option<String> {
        let between = |(least, most): &(String, String)| match least == most {
            true => self.with_unit(least),
            false => format!("{} to {}", grouped(least), self.with_unit(most)),
        };
        self.value.as_ref().map(|value| self.with_unit(value)).or(self.bounds.as_ref().map(between))
    }

    /// A number as people write what it counts: `1,204`, `62.5 %`.
    fn with_unit(&self, number: &str) -> String {
        let number = grouped(number);
        match self.unit.as_deref() {
            Some("%") => format!("{number} %"),
            Some("£") => format!("£{number}"),
            _ => number,
        }
    }

    /// Its number; where cells have none, that too.
    fn words(&self) -> String {
        // A blank cell is as good as one with an x.
        let why = self.status.filter(|status| *status != Status::X);
        let why = why.map(|status| format!(" ({})", status.symbol())).unwrap_or_default();
        match (self.sum(), self.status) {
            (Some(value), None) => value,
            (Some(value), Some(_)) => format!("{value}, and some cells without a number{why}"),
            (None, _) if why.is_empty() => "not given".to_owned(),
            (None, _) => format!("no number{why}"),
        }
    }

    /// The same as it stands in brackets beside a newer one; nothing where nothing was given.
    fn in_brackets(&self) -> Option<String> {
        let value = self.sum()?;
        Some(if self.status.is_some() { format!("{value} and some cells without a number") } else { value })
    }
}

impl KeptFigure {
    /// Whether its row has no name but its number, which says nothing of what another file has there.
    fn is_numbered(&self) -> bool {
        self.row.strip_prefix("row ").is_some_and(|number| number.parse::<usize>().is_ok())
    }
}

/// A number with its thousands apart: `46,410`.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && text != "-" {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(place: Option<(&str, &str)>, heading: &str, value: Option<&str>) -> KeptTotal {
        KeptTotal {
            table: place.map(|(table, _)| table.to_owned()),
            column: place.map(|(_, column)| column.to_owned()),
            heading: heading.to_owned(),
            value: value.map(str::to_owned),
            ..KeptTotal::default()
        }
    }

    fn lines(now: &[KeptTotal], last: &[KeptTotal]) -> Vec<String> {
        let Read::Totals(totals) = beside(now, &[], last, |table| Some(table.to_uppercase())).read else {
            return Vec::new();
        };
        totals.iter().map(|t| format!("{} {} {}", t.label, t.value, t.last.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn a_total_is_known_again_by_its_table_and_column_and_two_alike_name_their_table() {
        let now = [
            total(Some(("home", "episodes")), "Episodes", Some("11")),
            total(Some(("care", "episodes")), "Episodes", Some("5")),
        ];
        let last = [
            total(Some(("care", "episodes")), "Times missing", Some("4")),
            total(Some(("home", "episodes")), "Episodes", Some("9")),
        ];
        assert_eq!(lines(&now, &last), ["episodes (HOME) 11 9", "episodes (CARE) 5 4"]);
        let old = [total(None, "Episodes", Some("9")), total(None, "Episodes", Some("4"))];
        assert_eq!(lines(&now, &old), ["episodes (HOME) 11 -", "episodes (CARE) 5 -"], "it could be either");
        let old = [total(None, "Episodes", Some("9"))];
        assert_eq!(lines(&now[..1], &old), ["episodes 11 9"], "by its heading, where no place was kept");
        let moved = [total(Some(("care", "episodes")), "Episodes", Some("4"))];
        assert_eq!(lines(&now[..1], &moved), ["episodes 11 -"], "another table's");
    }

    #[test]
    fn a_total_with_cells_that_hold_no_number_says_so() {
        let with = |value: Option<&str>, status| KeptTotal { status, ..total(None, "n", value) }.words();
        assert_eq!(with(Some("1234"), None), "1,234");
        assert_eq!(with(Some("11"), Some(Status::C)), "11, and some cells without a number (c)");
        assert_eq!(with(Some("11"), Some(Status::X)), "11, and some cells without a number");
        assert_eq!(with(None, Some(Status::C)), "no number (c)");
        assert_eq!(with(None, Some(Status::X)), "not given");
        assert_eq!(with(None, None), "not given");
    }

    #[test]
    fn what_is_not_added_up_is_told_by_its_bounds_and_unit() {
        let with = |unit: &str, least: &str, most: &str| {
            let (unit, bounds) = (Some(unit.to_owned()), Some((least.to_owned(), most.to_owned())));
            KeptTotal { unit, bounds, ..total(None, "n", None) }.words()
        };
        assert_eq!(with("%", "40", "95.5"), "40 to 95.5 %");
        assert_eq!(with("£", "1200", "1200"), "£1,200");
        assert_eq!(with("days", "3", "12"), "3 to 12");
    }
}

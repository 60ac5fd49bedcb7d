//! What is read back to the sender of a file: each of its totals, beside what the replaced file said and last period's.

use serde::Deserialize;

use super::super::App;
use crate::{
    check::{Classification, Contract},
    domain::{Status, words::lower_first},
    mail::{Read, Total},
};

/// A total as it was kept. Files judged before there were labels, places and reasons have none of them.
#[derive(Debug, Default, Deserialize)]
struct KeptTotal {
    /// The table's name in SQL.
    table: Option<String>,
    /// The column's name in SQL.
    column: Option<String>,
    heading: String,
    /// What people call it.
    label: Option<String>,
    value: Option<String>,
    /// Why the first number that is missing is missing.
    status: Option<Status>,
}

/// What is read back of submission `id`; `before` is the one it replaces, `last` that of the period before.
pub(super) async fn read_back(
    app: &App,
    contract: &Contract,
    id: i64,
    before: Option<i64>,
    last: Option<i64>,
) -> anyhow::Result<Read> {
    if contract.governance.classification == Classification::ChildLevel {
        return Ok(Read::ChildLevel);
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
    Ok(Read::Totals(beside(&kept(now), &kept(before), &kept(last), sheet)))
}

/// The totals of a file beside those of two others; `sheet` is what people call a table.
fn beside(
    now: &[KeptTotal],
    before: &[KeptTotal],
    last: &[KeptTotal],
    sheet: impl Fn(&str) -> Option<String>,
) -> Vec<Total> {
    let total = |total: &KeptTotal| {
        let twice = now.iter().any(|other| other.table != total.table && other.looks_like(total));
        let table = total.table.as_deref().filter(|_| twice);
        let place = table.map(|table| format!(" ({})", sheet(table).unwrap_or_else(|| table.to_owned())));
        Total {
            label: total.label() + &place.unwrap_or_default(),
            value: total.words(),
            before: total.among(now, before).and_then(KeptTotal::in_brackets),
            last: total.among(now, last).and_then(KeptTotal::in_brackets),
        }
    };
    now.iter().map(total).collect()
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

    /// The same total of an earlier file: by table and column or, where those were not kept, by a heading that tells it
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

    /// Its number; where cells have none, that too.
    fn words(&self) -> String {
        // A blank cell is as good as one with an x.
        let why = self.status.filter(|status| *status != Status::X);
        let why = why.map(|status| format!(" ({})", status.symbol())).unwrap_or_default();
        match (&self.value, self.status) {
            (Some(value), None) => grouped(value),
            (Some(value), Some(_)) => format!("{}, and some cells without a number{why}", grouped(value)),
            (None, _) if why.is_empty() => "not given".to_owned(),
            (None, _) => format!("no number{why}"),
        }
    }

    /// The same as it stands in brackets beside a newer one; nothing where nothing was given.
    fn in_brackets(&self) -> Option<String> {
        let value = grouped(self.value.as_ref()?);
        Some(if self.status.is_some() { format!("{value} and some cells without a number") } else { value })
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
        let totals = beside(now, &[], last, |table| Some(table.to_uppercase()));
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
}

//! How a file's columns differ from those of the last accepted one: renamed, moved, retyped, new, gone, and symbols that
//! were never there before.
//!
//! Headings and kinds of content are remembered, never a cell.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use serde::{Deserialize, Serialize};

use super::{
    Severity, TableContract, cell,
    findings::{Findings, rule},
    headings::{Layout, plain},
    table::status_of,
};
use crate::{
    decode::{Sheet, is_unnamed},
    domain::Status,
    settings::nearest,
};

/// Rows of a file whose cells are looked at for what they hold.
const SAMPLE: usize = 2000;

/// So many new columns are told one by one; the contract tells how many more it does not know.
const MOST_NEW: usize = 100;

/// A column as a file had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenColumn {
    /// Its heading as written.
    pub heading: String,
    /// What its first cells held.
    pub kind: Kind,
    /// The symbols that stood in place of numbers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symbols: String,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing so far.
    Empty,
    /// Numbers alone, or symbols in their place.
    Number,
    /// Dates alone.
    Date,
    /// Anything else.
    Text,
}

impl Kind {
    fn of(text: &str) -> Self {
        let digits = text.bytes().any(|byte| byte.is_ascii_digit());
        match cell::number(text, 6, 28, &[]) {
            cell::Number::Symbol(_) => Self::Empty,
            cell::Number::Value { .. } | cell::Number::TooLarge => Self::Number,
            cell::Number::Missing | cell::Number::Unreadable => match digits.then(|| cell::date(text)).flatten() {
                Some(_) => Self::Date,
                None => Self::Text,
            },
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, one) | (one, Self::Empty) => one,
            (one, another) if one == another => one,
            _ => Self::Text,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Number => "numbers",
            Self::Date => "dates",
            Self::Text => "text",
        }
    }
}

/// What is seen of a table's columns.
pub(super) struct Drift<'a> {
    table: &'a TableContract,
    before: Option<&'a [SeenColumn]>,
    now: Vec<SeenColumn>,
    letters: Vec<Option<String>>,
    looked_at: usize,
}

impl<'a> Drift<'a> {
    pub(super) fn of(table: &'a TableContract, sheet: &Sheet, before: Option<&'a [SeenColumn]>) -> Self {
        let column =
            |heading: &String| SeenColumn { heading: heading.clone(), kind: Kind::Empty, symbols: String::new() };
        Self {
            table,
            before,
            now: sheet.columns.iter().map(column).collect(),
            letters: (0..sheet.columns.len()).map(|at| sheet.letter(at)).collect(),
            looked_at: 0,
        }
    }

    /// Looks at the text cells of a batch and at the typed rows made of them.
    pub(super) fn look(&mut self, text: &RecordBatch, typed: &RecordBatch, layout: &Layout) {
        if self.looked_at < SAMPLE {
            let rows = text.num_rows().min(SAMPLE - self.looked_at);
            self.looked_at += rows;
            for (seen, cells) in self.now.iter_mut().zip(&text.columns()[1..]) {
                let Some(cells) = cells.as_string_opt::<i32>() else { continue };
                for cell in cells.iter().take(rows).flatten().map(str::trim).filter(|text| !text.is_empty()) {
                    if seen.kind == Kind::Text {
                        break;
                    }
                    let is_missing = self.table.missing.iter().any(|word| word.trim() == cell);
                    seen.kind = if is_missing { seen.kind } else { seen.kind.and(Kind::of(cell)) };
                }
            }
        }
        for (column, place) in self.table.columns.iter().zip(&layout.places) {
            let Some(seen) = place.and_then(|place| self.now.get_mut(place)) else { continue };
            if !column.kind.is_measure() {
                continue;
            }
            let statuses =
                typed.column_by_name(&status_of(&column.name)).and_then(|array| array.as_string_opt::<i32>());
            let Some(statuses) = statuses.filter(|statuses| statuses.null_count() < statuses.len()) else { continue };
            for symbol in statuses.iter().flatten() {
                if !seen.symbols.contains(symbol) {
                    seen.symbols.push_str(symbol);
                }
            }
        }
    }

    /// Tells what is other than before, and answers with what was seen.
    pub(super) fn tell(self, layout: &Layout, findings: &mut Findings) -> Vec<SeenColumn> {
        // Where none of the headings is known, anything may stand in their row, and nothing of it is repeated.
        let has_headings = self.looked_at > 0 && layout.places.iter().any(Option::is_some);
        if let Some(before) = self.before.filter(|before| !before.is_empty() && has_headings) {
            self.compare(before, layout, findings);
        }
        // A sheet that was used far to the right has many of them behind its last column.
        let is_blank = |seen: &SeenColumn| is_unnamed(&seen.heading) && seen.kind == Kind::Empty;
        let mut now = self.now;
        now.truncate(now.iter().rposition(|seen| !is_blank(seen)).map_or(0, |last| last + 1));
        now
    }

    fn compare(&self, before: &[SeenColumn], layout: &Layout, findings: &mut Findings) {
        let name = |column: &SeenColumn| plain(&column.heading);
        let had: Vec<String> = before.iter().map(name).collect();
        let has: Vec<String> = self.now.iter().map(name).collect();
        let named = |column: &SeenColumn| !is_unnamed(&column.heading);
        let mut new: Vec<usize> = (0..has.len())
            .filter(|at| named(&self.now[*at]))
            .filter(|at| !had.contains(&has[*at]) && !self.is_alias(&has[*at], &had))
            .collect();
        // Wide columns come and go with their periods.
        let is_wide = |seen: &SeenColumn| self.table.unpivot.as_ref().is_some_and(|wide| wide.takes(&seen.heading));
        new.retain(|at| !is_wide(&self.now[*at]));
        let lost = (0..had.len()).filter(|then| named(&before[*then]));
        for then in lost.filter(|then| !has.contains(&had[*then]) && !self.is_alias(&had[*then], &has)) {
            if is_wide(&before[then]) {
                continue;
            }
            let old = &before[then];
            match new.iter().position(|at| self.is_renamed(then, old, *at)) {
                Some(found) => self.tell_renamed(old, new.remove(found), layout, findings),
                None if self.is_known(&old.heading) => {}
                None => findings.add(Severity::Note, &layout.table, None, rule::GONE, || {
                    format!(
                        "{:?} stood in the last file and is gone. If it was left out by mistake, please send it again.",
                        old.heading
                    )
                }),
            }
        }
        for at in new.into_iter().take(MOST_NEW) {
            let spot = self.spot(at, layout, findings);
            findings.add(Severity::Note, &spot, None, rule::NEW, || {
                format!(
                    "{:?} was not in the last file. If it is to be read, the business unit adds it to the return.",
                    self.now[at].heading
                )
            });
        }
        let kept = |list: &[String], other: &[String]| -> Vec<String> {
            list.iter().filter(|name| !is_unnamed(name) && other.contains(name)).cloned().collect()
        };
        if kept(&had, &has) != kept(&has, &had) {
            findings.add(Severity::Note, &layout.table, None, rule::MOVED, || {
                "the columns stand in another order than in the last file; they are read by their headings.".into()
            });
        }
        for (at, now) in self.now.iter().enumerate().filter(|(_, now)| named(now)) {
            let Some(then) = before.iter().find(|then| plain(&then.heading) == has[at]) else { continue };
            self.tell_content(then, now, at, layout, findings);
        }
    }

    fn tell_renamed(&self, old: &SeenColumn, at: usize, layout: &Layout, findings: &mut Findings) {
        // A column that must be there is told as missing; this says what became of it.
        let severity = if self.is_known(&old.heading) && self.may_be_absent(&old.heading) {
            Severity::Query
        } else {
            Severity::Note
        };
        let spot = self.spot(at, layout, findings);
        findings.add(severity, &spot, None, rule::REPLACED, || {
            let place = self.letters[at].as_ref().map(|letter| format!(" in column {letter}")).unwrap_or_default();
            format!(
                "{:?} is gone and {:?} stands in its place{place}, with the same kind of content. If it is the same \
                 column, please give it its old heading.",
                old.heading, self.now[at].heading
            )
        });
    }

    fn tell_content(&self, then: &SeenColumn, now: &SeenColumn, at: usize, layout: &Layout, findings: &mut Findings) {
        let was_strict = matches!(then.kind, Kind::Number | Kind::Date);
        if was_strict && now.kind != then.kind && now.kind != Kind::Empty {
            let spot = self.spot(at, layout, findings);
            // Where it matters to the type of a column, each cell is told already.
            findings.add(Severity::Query, &spot, None, rule::RETYPED, || {
                format!(
                    "the cells of {} were all {} in the last file and are {} now. Is it still the same column?",
                    spot.quoted(),
                    then.kind.words(),
                    now.kind.words()
                )
            });
        }
        let mut first: BTreeSet<char> = now.symbols.chars().filter(|symbol| !then.symbols.contains(*symbol)).collect();
        let spot = self.spot(at, layout, findings);
        if findings.has_errors_in(&spot) {
            // What is no number counts as not available, and nobody wrote that.
            first.remove(&'x');
        }
        if !first.is_empty() && then.kind != Kind::Empty {
            findings.add(Severity::Note, &spot, None, rule::SYMBOL, || {
                let of = |symbol: char| {
                    let words = Status::from_symbol(&symbol.to_string()).map(Status::words);
                    format!("{symbol} ({})", words.unwrap_or_default())
                };
                let symbols: Vec<String> = first.into_iter().map(of).collect();
                format!(
                    "{} has {} in place of a number, which the last file had not.",
                    spot.quoted(),
                    symbols.join(" and ")
                )
            });
        }
    }

    /// What findings about a column of the file point at.
    fn spot(&self, at: usize, layout: &Layout, findings: &mut Findings) -> super::findings::Spot {
        match layout.places.iter().position(|place| *place == Some(at)) {
            Some(column) => layout.spots[column].clone(),
            None => findings.spot(
                &self.table.name,
                layout.table.sheet.as_deref(),
                Some((&self.now[at].heading, self.letters[at].clone())),
            ),
        }
    }

    /// Whether two of three speak for it: a similar name, the same place, the same kind of content.
    fn is_renamed(&self, then: usize, old: &SeenColumn, at: usize) -> bool {
        let now = &self.now[at];
        let similar = nearest(&plain(&old.heading), [plain(&now.heading).as_str()]).is_some();
        let same_kind = now.kind == old.kind && now.kind != Kind::Empty;
        (then == at && same_kind) || (similar && (then == at || same_kind))
    }

    fn is_known(&self, heading: &str) -> bool {
        self.table.columns.iter().any(|column| column.headings.iter().any(|known| plain(known) == plain(heading)))
    }

    fn may_be_absent(&self, heading: &str) -> bool {
        let named = |known: &String| plain(known) == plain(heading);
        self.table.columns.iter().any(|column| column.sometimes && column.headings.iter().any(named))
    }

    /// Whether one of `others` is another heading of the same column of the contract.
    fn is_alias(&self, heading: &str, others: &[String]) -> bool {
        let of = |column: &&super::Column| column.headings.iter().any(|known| plain(known) == heading);
        let column = self.table.columns.iter().find(of);
        column.is_some_and(|column| column.headings.iter().any(|known| others.contains(&plain(known))))
    }
}

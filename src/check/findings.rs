//! Collects findings without letting a bad file fill the memory.

use std::{borrow::Cow, collections::HashMap};

use super::{Finding, Severity};
use crate::domain::words::whole;

/// The names of the rules that every table has; a contract's own rules are named otherwise.
pub(super) mod rule {
    pub const SHEET: &str = "sheet-missing";
    pub const NO_HEADINGS: &str = "headings-missing";
    pub const COLUMN: &str = "column-missing";
    pub const ABSENT: &str = "column-absent";
    pub const TWICE: &str = "column-twice";
    pub const RENAMED: &str = "heading-renamed";
    pub const UNKNOWN: &str = "heading-unknown";
    pub const REQUIRED: &str = "required";
    pub const TYPE: &str = "type";
    pub const ROUNDED: &str = "rounded";
    pub const NOT_AVAILABLE: &str = "not-available";
    pub const RANGE: &str = "range";
    pub const ALLOWED: &str = "allowed";
    pub const SPELLING: &str = "spelling";
    pub const PERIOD: &str = "period";
    pub const UNIQUE: &str = "unique";
    pub const TOO_MANY: &str = "too-many-rows";

    pub const ALL: [&str; 17] = [
        SHEET,
        NO_HEADINGS,
        COLUMN,
        ABSENT,
        TWICE,
        RENAMED,
        UNKNOWN,
        REQUIRED,
        TYPE,
        ROUNDED,
        NOT_AVAILABLE,
        RANGE,
        ALLOWED,
        SPELLING,
        PERIOD,
        UNIQUE,
        TOO_MANY,
    ];
}

/// A column of the file, or a whole table of it: what findings point at.
#[derive(Debug, Clone, Default)]
pub(super) struct Spot {
    /// Tells spots apart cheaply; given by [`Findings::spot`].
    number: usize,
    pub table: String,
    pub sheet: Option<String>,
    pub heading: Option<String>,
    pub letter: Option<String>,
}

impl Spot {
    /// The cell as people call it: "C14", or the column's heading in quotes where the file has no letters.
    pub(super) fn cell(&self, row: u32) -> String {
        match &self.letter {
            Some(letter) => format!("{letter}{row}"),
            None => self.quoted(),
        }
    }

    /// The column's heading in quotes.
    pub(super) fn quoted(&self) -> String {
        format!("{:?}", self.heading.as_deref().unwrap_or(&self.table))
    }
}

#[derive(Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    tallies: HashMap<(usize, Cow<'static, str>), Tally>,
    spots: usize,
    errors: u64,
    queries: u64,
}

/// The findings of one rule at one spot.
#[derive(Default)]
struct Tally {
    found: u64,
    /// Where the last one kept stands.
    last: usize,
}

impl Findings {
    /// Something findings can point at.
    pub(super) fn spot(&mut self, table: &str, sheet: Option<&str>, column: Option<(&str, Option<String>)>) -> Spot {
        self.spots += 1;
        Spot {
            number: self.spots,
            table: table.to_owned(),
            sheet: sheet.map(|name| name.trim().to_owned()),
            heading: column.as_ref().map(|(heading, _)| (*heading).to_owned()),
            letter: column.and_then(|(_, letter)| letter),
        }
    }

    /// Adds one. The sentence is asked for only if the finding is kept word for word: of a note the first, of an error
    /// or query the first thousand.
    pub(super) fn add(
        &mut self,
        severity: Severity,
        spot: &Spot,
        row: Option<u32>,
        rule: impl Into<Cow<'static, str>>,
        says: impl FnOnce() -> String,
    ) {
        let rule = rule.into();
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Query => self.queries += 1,
            Severity::Note => {}
        }
        let tally = self.tallies.entry((spot.number, rule.clone())).or_default();
        tally.found += 1;
        if tally.found > most(severity) {
            return;
        }
        tally.last = self.kept.len();
        self.kept.push(Finding {
            severity,
            table: spot.table.clone(),
            sheet: spot.sheet.clone(),
            heading: spot.heading.clone(),
            letter: spot.letter.clone(),
            row,
            rule: rule.into_owned(),
            says: says(),
        });
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    pub(super) fn has_queries(&self) -> bool {
        self.queries > 0
    }

    /// The findings kept, errors first; the last one of a rule says how many like it were left out.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        for Tally { found, last } in self.tallies.into_values() {
            let finding = &mut self.kept[last];
            match found.saturating_sub(most(finding.severity)) {
                0 => {}
                1 => finding.says.push_str(" There is 1 more like it."),
                more => finding.says.push_str(&format!(" There are {} more like it.", whole(more))),
            }
        }
        self.kept.sort_by_key(|finding| finding.severity);
        self.kept
    }
}

/// How many findings of one rule at one spot are kept word for word.
fn most(severity: Severity) -> u64 {
    match severity {
        Severity::Error | Severity::Query => 1000,
        Severity::Note => 1,
    }
}

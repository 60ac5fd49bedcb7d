//! Collects findings without letting a bad file fill the memory.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use super::{Finding, Severity, marks};

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
    pub const UNCHECKED: &str = "total-unchecked";
    pub const UNIT: &str = "unit";
    pub const SHARES: &str = "shares";
    pub const PATTERN: &str = "pattern";
    pub const CHECK_DIGIT: &str = "check-digit";
    pub const CODES: &str = "codes";
    pub const POSTCODE: &str = "postcode";
    pub const AGENCY: &str = "agency";
    pub const REFUSED: &str = "too-many-refused";
    pub const REPLACED: &str = "column-renamed";
    pub const RETYPED: &str = "column-retyped";
    pub const MOVED: &str = "columns-moved";
    pub const NEW: &str = "column-new";
    pub const GONE: &str = "column-gone";
    pub const SYMBOL: &str = "symbol-new";
    pub const FORMULA: &str = "formula";
    pub const HIDDEN: &str = "hidden";
    pub const OUTSIDE: &str = "outside";
    pub const BELOW: &str = "below-table";
    pub const STORED: &str = "stored-otherwise";
    pub const MERGED: &str = "merged-cells";
    pub const AREA: &str = "area";
    pub const STRANGER: &str = "member-unknown";
    pub const MISSING_MEMBERS: &str = "members-missing";

    pub const ALL: [&str; 41] = [
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
        UNCHECKED,
        UNIT,
        SHARES,
        PATTERN,
        CHECK_DIGIT,
        CODES,
        POSTCODE,
        AGENCY,
        REFUSED,
        REPLACED,
        RETYPED,
        MOVED,
        NEW,
        GONE,
        SYMBOL,
        FORMULA,
        HIDDEN,
        OUTSIDE,
        BELOW,
        STORED,
        MERGED,
        AREA,
        STRANGER,
        MISSING_MEMBERS,
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
    /// Each with its place in the order of the file.
    kept: Vec<(u64, Finding)>,
    places: u64,
    /// What the queries among them are about.
    marks: HashMap<usize, String>,
    tallies: HashMap<(usize, Cow<'static, str>), Tally>,
    spots: usize,
    /// Errors that no refusal of a row makes good.
    errors: u64,
    queries: u64,
    /// While rows may be refused: those that broke a rule.
    refusing: Option<BTreeSet<u32>>,
    /// Columns that the contract says are to be ignored.
    pub ignored: Vec<Spot>,
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

    /// A place in the order of what is found, after all that was found so far and before all that follows.
    pub(super) fn place(&mut self) -> u64 {
        self.places += 2;
        self.places - 1
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
        self.add_at(self.places, severity, spot, row, rule, says);
    }

    /// Adds one that belongs to an earlier [`place`](Self::place).
    pub(super) fn add_at(
        &mut self,
        place: u64,
        severity: Severity,
        spot: &Spot,
        row: Option<u32>,
        rule: impl Into<Cow<'static, str>>,
        says: impl FnOnce() -> String,
    ) {
        let rule = rule.into();
        match severity {
            Severity::Error => match (&mut self.refusing, row) {
                (Some(refused), Some(row)) => {
                    refused.insert(row);
                }
                _ => self.errors += 1,
            },
            Severity::Query => self.queries += 1,
            Severity::Note => {}
        }
        let tally = self.tallies.entry((spot.number, rule.clone())).or_default();
        tally.found += 1;
        if tally.found > most(severity) {
            return;
        }
        tally.last = self.kept.len();
        let finding = Finding {
            severity,
            table: spot.table.clone(),
            sheet: spot.sheet.clone(),
            heading: spot.heading.clone(),
            letter: spot.letter.clone(),
            row,
            rule: rule.into_owned(),
            says: says(),
        };
        self.kept.push((place, finding));
    }

    /// Counts errors like the ones added last, of which only the number is known.
    pub(super) fn count_more(&mut self, spot: &Spot, rule: &'static str, more: u64) {
        self.errors += more;
        if let Some(tally) = self.tallies.get_mut(&(spot.number, Cow::Borrowed(rule))) {
            tally.found += more;
        }
    }

    /// From here on a row with an error is refused, until [`refused`](Self::refused) is asked.
    pub(super) fn refuse(&mut self) {
        self.refusing = Some(BTreeSet::new());
    }

    /// The rows refused since; from here on an error is the file's again.
    pub(super) fn refused(&mut self) -> BTreeSet<u32> {
        self.refusing.take().unwrap_or_default()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether an error of a column is among those that are kept.
    pub(super) fn has_errors_in(&self, spot: &Spot) -> bool {
        let is_there = |finding: &Finding| {
            (&finding.sheet, &finding.heading, &finding.letter) == (&spot.sheet, &spot.heading, &spot.letter)
        };
        self.kept.iter().any(|(_, finding)| finding.severity == Severity::Error && is_there(finding))
    }

    pub(super) fn has_queries(&self) -> bool {
        self.queries > 0
    }

    /// Says of the queries about rows, kept since there were `before`, what they are about.
    pub(super) fn mark(&mut self, before: usize, mark: impl Fn(&Finding) -> Option<String>) {
        let new = self.kept.iter().enumerate().skip(before);
        self.marks.extend(new.filter_map(|(at, (_, finding))| Some((at, mark(finding)?))));
    }

    /// How many are kept.
    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// The findings kept, errors first, and what the queries among them are about; the last one of a rule says how many
    /// like it were left out.
    pub(super) fn finish(mut self) -> (Vec<Finding>, Vec<Option<String>>) {
        for Tally { found, last } in self.tallies.into_values() {
            let (_, finding) = &mut self.kept[last];
            finding.add_more_like_it(found.saturating_sub(most(finding.severity)));
        }
        let marked = self.kept.into_iter().enumerate().map(|(at, (place, finding))| {
            let mark = self.marks.remove(&at).or_else(|| marks::of_whole(&finding));
            (place, finding, mark)
        });
        let mut marked: Vec<_> = marked.collect();
        marked.sort_by_key(|(place, finding, _)| (finding.severity, *place));
        marked.into_iter().map(|(_, finding, mark)| (finding, mark)).unzip()
    }
}

/// How many findings of one rule at one spot are kept word for word.
fn most(severity: Severity) -> u64 {
    match severity {
        Severity::Error | Severity::Query => 1000,
        Severity::Note => 1,
    }
}

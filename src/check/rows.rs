//! One table's rows: typed, checked across columns and against each other, ready for the warehouse.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array},
    datatypes::UInt32Type,
    error::ArrowError,
};

use super::{
    CheckError, Claim, Coverage, Past, Rule, Severity, TableContract, Total,
    cells::{Cells, Sum},
    cover::check_cover,
    details::Details,
    drift::SeenColumn,
    figures::Figures,
    findings::{Findings, rule},
    headings::{Layout, lay_out},
    keys::Keys,
    marks,
    met::{Known, Met},
    own_period,
    parts::Roll,
    past::Comparison,
    refusal::{add_kept, without},
    rules::{self, Breach, Planned},
    unread::{Unread, tell_below},
    window::{self, Window},
};
use crate::{
    decode::{Below, Sheet},
    domain::words::several,
};

/// What is known of a table once all its rows are read.
pub(super) struct Finished {
    pub read: i64,
    /// Rows of other areas, and filled ones of later periods.
    pub left_out: i64,
    pub refused: BTreeSet<u32>,
    pub layout: Layout,
    pub seen: Vec<SeenColumn>,
    pub totals: Vec<Total>,
    /// For each measure, how many of its cells are not empty.
    pub filled: Vec<(String, i64)>,
}

/// One table's rows, being read.
pub(super) struct Rows<'a> {
    table: &'a TableContract,
    claim: &'a Claim,
    layout: Layout,
    rules: Vec<Planned>,
    keys: Keys,
    met: Met,
    /// The first row of each batch with keys, and the place of findings about them.
    batches: Vec<(u32, u64)>,
    /// The columns that say the same in every row.
    own: Option<[ArrayRef; 4]>,
    comparisons: Vec<Comparison<'a>>,
    sums: Vec<Sum>,
    figures: Figures,
    details: Details<'a>,
    /// Whether a row that breaks a rule is refused by itself.
    refuses: bool,
    /// The rows that were refused when the file was judged before.
    refused_before: Option<&'a BTreeSet<u32>>,
    refused: BTreeSet<u32>,
    /// Which rows are of the period asked for, where a file holds several.
    pub window: Option<Window>,
    /// Which members of a group were met.
    pub roll: Option<Roll<'a>>,
    unread: Unread,
    /// How many rows of other areas were left out.
    left_out: i64,
    /// The areas of which there are rows.
    areas_met: BTreeSet<usize>,
    /// How many there were so far.
    pub read: i64,
    pub findings: &'a mut Findings,
}

impl<'a> Rows<'a> {
    /// Finds the table's columns in its sheet and gets its rules ready.
    pub(super) fn of(
        table: &'a TableContract,
        claim: &'a Claim,
        past: &'a Past,
        refuses: bool,
        sheet: &Sheet,
        room: Option<PathBuf>,
        findings: &'a mut Findings,
    ) -> Result<Self, CheckError> {
        let schema = table.read_schema();
        let plan = |rule: &Rule| {
            rules::plan(&rule.sql, &schema).map_err(|source| CheckError::Rule { id: rule.id.clone(), source })
        };
        let rules = table.rules.iter().map(plan).collect::<Result<_, _>>()?;
        let comparisons = table.compares.iter().map(|compare| Comparison::with(past, table, compare));
        let layout = lay_out(table, sheet, findings);
        check_cover(table, claim, past, sheet, findings);
        let unread = Unread::of(sheet, &layout, findings);
        Ok(Self {
            details: Details::of(table, claim, past, sheet, &layout, findings)?,
            table,
            claim,
            layout,
            rules,
            keys: Keys::of(table, &table.unique)?,
            met: Met::new(room, refuses),
            batches: Vec::new(),
            own: None,
            comparisons: comparisons.collect::<Result<_, _>>()?,
            sums: vec![Sum::default(); table.columns.len()],
            figures: Figures::of(table),
            refuses,
            refused_before: past.refused.get(&table.name),
            refused: BTreeSet::new(),
            window: None,
            roll: table.member_column.as_ref().filter(|_| !past.members.is_empty()).map(|_| Roll::of(&past.members)),
            unread,
            left_out: 0,
            areas_met: BTreeSet::new(),
            read: 0,
            findings,
        })
    }

    /// Takes the rows of one period where a file holds several; of wide columns, holds their periods against it.
    pub(super) fn watch_periods(&mut self, window: Option<Window>) {
        let asked = self.claim.obligation.period;
        if let (None, Some(wide), Some(unpivot)) = (&window, &self.layout.wide, &self.table.unpivot)
            && let Some(into) = self.table.column(&unpivot.into)
        {
            wide.tell_periods(into.kind, asked, &self.layout.table, self.findings);
        }
        self.window = window;
    }

    /// How often each batch of the sheet is to be gone over: once, or once for each group of wide columns.
    pub(super) fn turns(&self) -> usize {
        self.layout.wide.as_ref().map_or(1, |wide| wide.groups.len())
    }

    /// Looks at what a batch of the sheet holds beside what is read.
    pub(super) fn look(&mut self, batch: &RecordBatch) {
        self.unread.look(batch);
    }

    /// What a batch of the sheet gives at one of its turns.
    pub(super) fn turn(&mut self, turn: usize, batch: &RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(wide) = self.layout.wide.take() else { return Ok(Some(batch.clone())) };
        let part = wide.turn(turn, batch, self.claim.obligation.period, &mut self.layout);
        if self.window.is_some() && self.table.period_column.is_none() {
            self.layout.period = wide.said(&self.layout);
        }
        self.layout.wide = Some(wide);
        part
    }

    /// Checks one batch of text cells and makes the warehouse's rows of it.
    pub(super) fn check(&mut self, text: &RecordBatch) -> Result<RecordBatch, CheckError> {
        let kept = match (&mut self.window, &self.layout.period) {
            (Some(window), Some((place, spot))) => {
                let figures = window::Told::of(self.table, &self.layout);
                Some(window.keep(text, *place, &figures, spot, self.findings)?)
            }
            _ => None,
        };
        let text = kept.as_ref().unwrap_or(text);
        let ours = match (&self.table.areas, &self.layout.area) {
            (Some(areas), Some((place, spot))) => {
                let (ours, left_out) = areas.keep(text, *place, &mut self.areas_met, spot, self.findings)?;
                self.left_out += left_out;
                Some(ours)
            }
            _ => None,
        };
        let text = ours.as_ref().unwrap_or(text);
        let met = match (&mut self.roll, &self.layout.member) {
            (Some(roll), Some((place, spot))) => {
                let figures = window::Told::of(self.table, &self.layout);
                Some(roll.meet(text, *place, &figures, spot, self.findings)?)
            }
            _ => None,
        };
        let text = met.as_ref().unwrap_or(text);
        let rows = text.column(0).as_primitive::<UInt32Type>();
        if self.refuses {
            self.findings.refuse();
        }
        let cells = |place: usize| text.column(place + 1).as_string::<i32>();
        let before = self.findings.kept();
        if let (Some((place, spot)), None) = (&self.layout.period, &kept) {
            own_period::check(cells(*place), rows, self.claim.obligation.period, spot, self.findings);
        }
        let mut arrays = self.own_columns(rows);
        // Rows that are refused do not count; which they are is known only at the end.
        let mut uncounted = if self.refuses { vec![Sum::default(); self.sums.len()] } else { Vec::new() };
        for (at, column) in self.table.columns.iter().enumerate() {
            let reading = Cells {
                column,
                cells: self.layout.places[at].map(cells),
                rows,
                missing: &self.table.missing,
                symbols: &self.table.symbols,
                spot: &self.layout.spots[at],
                findings: self.findings,
            };
            let sum = uncounted.get_mut(at).unwrap_or(&mut self.sums[at]);
            arrays.extend(reading.read(sum));
        }
        let batch = RecordBatch::try_new(self.table.read_schema(), arrays)?;
        let batch = self.details.check(text, batch, rows, &self.layout, self.findings)?;
        self.check_number(rows);
        self.check_unique(&self.details.as_keys(&batch)?, rows)?;
        self.check_rules(&batch, rows);
        let batch = self.details.shield(batch, rows, &self.layout, self.findings)?;
        self.compare(&batch, rows)?;
        self.details.watch(&batch, rows)?;
        let table = self.table;
        self.findings.mark(before, |finding| {
            let at = rows.values().iter().position(|row| Some(*row) == finding.row)?;
            marks::of_row(table, finding, &batch, at)
        });
        self.read += i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        let batch = if self.refuses { self.refuse(batch, rows)? } else { batch };
        self.figures.look(table, &batch);
        Ok(batch)
    }

    /// The batch without the rows that broke a rule, and that were refused before.
    fn refuse(&mut self, batch: RecordBatch, rows: &UInt32Array) -> Result<RecordBatch, ArrowError> {
        let mut refused = self.findings.refused();
        if let Some(before) = self.refused_before {
            refused.extend(rows.values().iter().filter(|row| before.contains(row)));
        }
        let batch = if refused.is_empty() { batch } else { without(&batch, rows, &refused)? };
        self.refused.extend(refused);
        add_kept(&mut self.sums, self.table, &batch);
        Ok(batch)
    }

    /// Tells what only the whole table shows.
    pub(super) fn finish(mut self, qualified: &str, below: Option<Below>) -> Finished {
        if let Some(wide) = self.layout.wide.take() {
            wide.forget(&mut self.layout);
        }
        self.left_out += self.window.as_ref().map_or(0, |window| window.later);
        let totals = self.figures.totals(self.table, qualified, &self.sums);
        // A column that may be left out, and is, has not lost its figures.
        let filled = (self.table.columns.iter().zip(&self.sums).zip(&self.layout.places))
            .filter(|((column, _), place)| column.kind.is_measure() && !(column.sometimes && place.is_none()))
            .map(|((column, sum), _)| (column.name.clone(), sum.filled))
            .collect();
        self.unread.tell(self.table, self.findings);
        if let Some(below) = below {
            tell_below(below, &self.layout, self.findings);
        }
        let seen = self.details.tell(&self.layout, self.findings);
        let (read, left_out) = (self.read, self.left_out);
        Finished { read, left_out, refused: self.refused, layout: self.layout, seen, totals, filled }
    }

    fn own_columns(&mut self, rows: &UInt32Array) -> Vec<ArrayRef> {
        let key = &self.claim.obligation;
        let long_enough = self.own.as_ref().is_some_and(|own| own[0].len() >= rows.len());
        if !long_enough {
            let text = |text: String| -> ArrayRef {
                Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text.as_str(), rows.len())))
            };
            let submission = Int64Array::from_value(self.claim.submission, rows.len());
            self.own = Some([
                text(key.return_id.to_string()),
                text(key.agency.to_string()),
                text(key.period.to_string()),
                Arc::new(submission),
            ]);
        }
        let mut own: Vec<ArrayRef> = self.own.iter().flatten().map(|own| own.slice(0, rows.len())).collect();
        let numbers = rows.values().iter().map(|row| i32::try_from(*row).unwrap_or(i32::MAX));
        own.push(Arc::new(Int32Array::from_iter_values(numbers)));
        own
    }

    /// Every row beyond the most that the table may have.
    fn check_number(&mut self, rows: &UInt32Array) {
        let Some(most) = self.table.most_rows else { return };
        let room = usize::try_from(i64::from(most) - self.read).unwrap_or(0);
        for row in rows.values().iter().skip(room) {
            self.findings.add(Severity::Error, &self.layout.table, Some(*row), rule::TOO_MANY, || {
                let rows = several(most as usize, "row", "rows");
                format!("this return has {rows} for a period, and this is one more. Please delete or correct one.")
            });
        }
    }

    fn check_unique(&mut self, batch: &RecordBatch, rows: &UInt32Array) -> Result<(), CheckError> {
        let table = self.table;
        let is_there = |name: &String| {
            table.columns.iter().zip(&self.layout.places).any(|(c, at)| c.name == *name && at.is_some())
        };
        if table.unique.is_empty() || !table.unique.iter().all(is_there) {
            return Ok(());
        }
        let spot = self.layout.spot_of(self.table, self.table.unique.first());
        let place = self.findings.place();
        self.batches.extend(rows.values().first().map(|row| (*row, place)));
        for (key, row) in self.keys.digests(batch)?.into_iter().zip(rows.values()) {
            match self.met.meet(key, *row).map_err(CheckError::Room)? {
                Known::New => {}
                Known::Before(before) => {
                    let says = || self.table.says_twice(before);
                    self.findings.add_at(place, Severity::Error, spot, Some(*row), rule::UNIQUE, says);
                }
                Known::Full => {
                    self.findings.add_at(place, Severity::Error, spot, Some(*row), rule::TOO_MANY, || {
                        "there are too many rows to tell whether each is there once. Please send smaller files.".into()
                    });
                }
            }
        }
        Ok(())
    }

    /// Tells which keys repeat far apart.
    pub(super) fn tell_repeats(&mut self) -> Result<(), CheckError> {
        let met = std::mem::replace(&mut self.met, Met::new(None, false));
        let repeats = met.finish().map_err(CheckError::Room)?;
        let spot = self.layout.spot_of(self.table, self.table.unique.first());
        for (row, before) in &repeats.rows {
            let batch = self.batches.partition_point(|(first, _)| first <= row);
            let place = batch.checked_sub(1).and_then(|batch| self.batches.get(batch)).map_or(0, |(_, place)| *place);
            let says = || self.table.says_twice(*before);
            self.findings.add_at(place, Severity::Error, spot, Some(*row), rule::UNIQUE, says);
        }
        self.findings.count_more(spot, rule::UNIQUE, repeats.count.saturating_sub(repeats.rows.len() as u64));
        Ok(())
    }

    fn check_rules(&mut self, batch: &RecordBatch, rows: &UInt32Array) {
        for (rule, planned) in self.table.rules.iter().zip(&self.rules) {
            for (at, breach) in planned.breaches(batch) {
                let row = rows.value(at);
                let spot = self.layout.spot_of(self.table, rule.columns.first());
                // A rule that cannot be worked out is no fault of the file.
                let severity =
                    if breach == Breach::Failed { rule.severity.max(Severity::Query) } else { rule.severity };
                self.findings.add(severity, spot, Some(row), rule.id.clone(), || match breach {
                    Breach::Broken => self.layout.addressed(self.table, &rule.says, row),
                    Breach::Failed => "this rule cannot be worked out here; the business unit looks at it.".into(),
                });
            }
        }
    }

    fn compare(&mut self, batch: &RecordBatch, rows: &UInt32Array) -> Result<(), ArrowError> {
        for comparison in &self.comparisons {
            let compare = comparison.compare;
            for at in comparison.fallen(self.table, batch)? {
                let row = rows.value(at);
                let spot = self.layout.spot_of(self.table, Some(&compare.column));
                self.findings.add(compare.severity, spot, Some(row), compare.id.clone(), || {
                    self.layout.addressed(self.table, &compare.says, row)
                });
            }
        }
        Ok(())
    }

    /// Says how many rows of other areas were left out, and asks about areas without a row.
    pub(super) fn tell_left_out(&mut self) {
        if let (Some(areas), Some(_)) = (&self.table.areas, &self.layout.area)
            && self.read + self.left_out > 0
        {
            areas.tell_absent(&self.areas_met, &self.layout.table, self.findings);
        }
        if self.left_out == 0 {
            return;
        }
        let left_out = usize::try_from(self.left_out).unwrap_or(usize::MAX);
        self.findings.add(Severity::Note, &self.layout.table, None, rule::AREA, || {
            let rows = several(left_out, "row is", "rows are");
            format!("{rows} of other areas and left out, as this return says.")
        });
    }

    /// How much of a group was met, where the agency is one; what is missing becomes a finding.
    pub(super) fn coverage(&mut self) -> Option<Coverage> {
        let roll = self.roll.take().filter(|_| self.layout.member.is_some())?;
        Some(roll.settle(&self.layout.table, self.findings))
    }
}

//! One table of a sheet in the making: it looks for its headings, then takes the rows below them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use arrow::ipc::writer::StreamWriter;

use super::area::{Area, cell};
use super::layout::Layout;
use super::row::Row;
use super::search::{Headings, Names, Together, texts, together};
use super::value::Stored;
use super::{Wanted, fits};
use crate::decode::cells::{Batch, headings, looks_like_a_number, schema};
use crate::decode::remarks::{self, Below, Outside, Remarks};
use crate::decode::wire::Heading;
use crate::decode::{is_unnamed, letter};

/// A table that looks for its headings, or has found them.
pub(super) struct Table<'a> {
    wanted: &'a Wanted,
    names: Names,
    area: Area,
    /// Whether the sheet has other tables, so that what stands outside this one is theirs.
    is_shared: bool,
    layout: &'a Layout,
    /// The cells that are told beside it: row, column, and what was met there.
    cells: Vec<(u32, u32, Option<String>)>,
    /// The row read last.
    read_to: u32,
    state: State,
}

enum State {
    Searching {
        /// Rows that may belong to a row of headings that is not decided yet.
        recent: VecDeque<Row>,
        /// The best row so far: how many headings it has, and its number.
        best: Option<(usize, u32)>,
        /// The row that is taken in the end, whatever it has.
        settled: Option<Settled>,
    },
    Reading(Box<Reading>),
}

/// What is taken for the row of headings where no row has them all.
#[derive(Debug, Clone, Copy)]
pub(super) enum Settled {
    /// This one.
    Row(u32),
    /// The first with two texts, or none.
    Any,
}

/// What came of a table.
pub(super) enum Outcome {
    Found(Box<Found>),
    /// The row that has most of the headings, and how many.
    Best(Option<(usize, u32)>),
}

/// A table with its rows, as an Arrow IPC stream.
pub(super) struct Found {
    pub heading: Heading,
    pub rows: Vec<u8>,
}

impl<'a> Table<'a> {
    /// A table that takes the first whole row of headings, or what is `settled`.
    pub(super) fn new(
        wanted: &'a Wanted,
        area: Area,
        is_shared: bool,
        layout: &'a Layout,
        settled: Option<Settled>,
    ) -> Self {
        let state = State::Searching { recent: VecDeque::new(), best: None, settled };
        let cells = wanted.cells.iter().filter_map(|address| cell(address)).map(|(row, column)| (row, column, None));
        Self { wanted, names: Names::of(wanted), area, is_shared, layout, cells: cells.collect(), read_to: 0, state }
    }

    /// Whether further rows change nothing.
    pub(super) fn has_ended(&self) -> bool {
        matches!(&self.state, State::Reading(reading) if reading.has_ended && reading.is_shared)
            && self.cells.iter().all(|(row, _, _)| *row <= self.read_to)
    }

    /// Takes the next row of the sheet.
    pub(super) fn take(&mut self, row: &Row) -> Result<(), String> {
        self.read_to = row.number;
        for (_, column, met) in self.cells.iter_mut().filter(|(at, _, _)| *at == row.number) {
            *met = row.cells().find(|(at, _, _)| at == column).map(|(_, text, _)| text.to_owned());
        }
        if !self.area.rows.contains(&row.number) {
            return Ok(());
        }
        match &mut self.state {
            State::Reading(reading) => reading.take(row, self.wanted, self.layout),
            State::Searching { recent, .. } => {
                recent.push_back(row.clone());
                self.decide(row.number)
            }
        }
    }

    /// Judges the rows that are whole now that the sheet has been read up to `row`.
    fn decide(&mut self, row: u32) -> Result<(), String> {
        let State::Searching { recent, best, settled } = &mut self.state else { return Ok(()) };
        while let Some(first) = recent.front().map(|row| row.number) {
            let end = first.saturating_add(self.wanted.header_rows);
            if end > row.saturating_add(1) {
                return Ok(());
            }
            let rows = || recent.iter().filter(move |row| row.number < end);
            let counts = |column| self.area.columns.contains(&column);
            let Together { headings, is_closed } =
                together(self.wanted.header_rows, self.layout, first, rows(), counts);
            let texts = texts(rows());
            let score = self.names.score(&headings, texts);
            let is_it = match settled {
                None => score.is_whole && is_closed,
                Some(Settled::Row(row)) => *row == first,
                Some(Settled::Any) => texts >= 2,
            };
            if is_it {
                let block = self.is_shared.then(|| block(&headings, &score.columns));
                let columns = block.unwrap_or_else(|| span(&headings));
                let below: Vec<Row> = recent.drain(..).filter(|row| row.number >= end).collect();
                let is_alone = !self.is_shared && self.area == Area::default();
                let headings = self.told_apart(headings);
                let mut reading = Reading::new(self.wanted, self.layout, headings, columns, end, is_alone)?;
                reading.is_shared = self.is_shared;
                for row in &below {
                    reading.take(row, self.wanted, self.layout)?;
                }
                self.state = State::Reading(Box::new(reading));
                return Ok(());
            }
            if score.found > best.map_or(0, |(found, _)| found) {
                *best = Some((score.found, first));
            }
            recent.pop_front();
        }
        Ok(())
    }

    /// Gives headings that nobody looks for, and that stand there twice, their column's letter.
    fn told_apart(&self, mut headings: Headings) -> Headings {
        if self.names.is_empty() {
            return headings;
        }
        let mut seen = BTreeSet::new();
        for (column, text) in &mut headings {
            if !seen.insert(text.clone()) && !self.names.has(text) {
                *text = format!("{text} ({})", letter(*column as usize));
            }
        }
        headings
    }

    /// The sheet has ended.
    pub(super) fn finish(mut self) -> Result<Outcome, String> {
        self.decide(u32::MAX)?;
        let mut found = match self.state {
            State::Searching { settled: Some(_), .. } => {
                let (none, start) = (Headings::new(), *self.area.rows.start());
                let empty = Reading::new(self.wanted, self.layout, none, (1, 0), start.saturating_add(1), false)?;
                empty.finish(self.wanted)?
            }
            State::Searching { best, .. } => return Ok(Outcome::Best(best)),
            State::Reading(reading) => reading.finish(self.wanted)?,
        };
        found.heading.remarks.cells = self.cells.into_iter().map(|(_, _, met)| met).collect();
        Ok(Outcome::Found(found))
    }
}

/// The columns from the first heading to the last.
fn span(headings: &Headings) -> (u32, u32) {
    let first = headings.keys().next().copied().unwrap_or(0);
    (first, headings.keys().next_back().copied().unwrap_or(first))
}

/// The columns of the headings found, and of those that stand beside them without a gap.
fn block(headings: &Headings, found: &BTreeSet<u32>) -> (u32, u32) {
    let (Some(mut first), Some(mut last)) = (found.first().copied(), found.last().copied()) else {
        return span(headings);
    };
    while first.checked_sub(1).is_some_and(|left| headings.contains_key(&left)) {
        first -= 1;
    }
    while headings.contains_key(&(last + 1)) {
        last += 1;
    }
    (first, last)
}

/// A table whose headings are found.
struct Reading {
    heading: Heading,
    columns: (u32, u32),
    batch: Batch,
    stream: StreamWriter<Vec<u8>>,
    /// By column, what a cell that is merged with some below it holds, and the last row of them.
    carried: BTreeMap<u32, (u32, String, Stored)>,
    /// The row taken last.
    last: Option<u32>,
    has_ended: bool,
    /// Whether cells outside the columns are worth a remark.
    is_alone: bool,
    /// Whether the sheet has other tables, which may be what stands below this one.
    is_shared: bool,
    /// How many columns have a heading.
    width: usize,
}

impl Reading {
    fn new(
        wanted: &Wanted,
        layout: &Layout,
        mut found: Headings,
        columns: (u32, u32),
        header_end: u32,
        is_alone: bool,
    ) -> Result<Self, String> {
        let (first, last) = columns;
        let hidden: Vec<u32> = (first..=last).filter(|column| layout.hidden_columns.has(*column)).collect();
        if wanted.without_hidden {
            hidden.iter().for_each(|column| drop(found.remove(column)));
        }
        let names = (first..=last).map(|column| found.remove(&column).unwrap_or_default());
        let columns_named = headings(names, first as usize).map_err(|error| error.to_string())?;
        let stored = vec![remarks::Stored::default(); columns_named.len()];
        let remarks = Remarks {
            hidden_columns: hidden.into_iter().map(|column| column - first).collect(),
            without_hidden: wanted.without_hidden,
            stored,
            ..Remarks::default()
        };
        let heading =
            Heading { name: None, header_row: header_end, first_column: first, columns: columns_named, remarks };
        let schema = schema(&heading.columns);
        let stream = StreamWriter::try_new(Vec::new(), &schema).map_err(|error| error.to_string())?;
        let batch = Batch::new(schema);
        let width = heading.columns.iter().filter(|name| !is_unnamed(name)).count();
        let (last, has_ended, is_shared) = (None, false, false);
        let carried = BTreeMap::new();
        Ok(Self { heading, columns, batch, stream, carried, last, has_ended, is_alone, is_shared, width })
    }

    fn take(&mut self, row: &Row, wanted: &Wanted, layout: &Layout) -> Result<(), String> {
        let (first, last) = self.columns;
        let number = row.number + 1;
        let within = |column: &u32| (first..=last).contains(column);
        if self.has_ended {
            let filled = row.cells().filter(|(column, _, _)| within(column)).count();
            if let Some(below) = self.heading.remarks.below.as_mut().filter(|_| filled > 0) {
                below.add(number, filled, self.width);
            }
            return Ok(());
        }
        let mut own = row.cells().filter(|(column, _, _)| within(column)).peekable();
        let Some((_, opening, _)) = own.peek() else {
            self.tell_outside(row);
            return Ok(());
        };
        let gap = self.last.filter(|last| wanted.ends_at_blank && row.number > last + 1);
        let is_footer = wanted.footer.iter().any(|pattern| fits(opening, pattern));
        if gap.is_some() || is_footer {
            self.has_ended = true;
            let end = gap.map_or(number, |last| last + 2);
            self.heading.remarks.below = (!self.is_shared).then(|| Below::row(end));
            return if is_footer { Ok(()) } else { self.take(row, wanted, layout) };
        }
        self.last = Some(row.number);
        self.tell_outside(row);
        if layout.hidden_rows.has(row.number) {
            self.heading.remarks.hidden_rows.add(number);
            if wanted.without_hidden {
                return Ok(());
            }
        }
        let left_out = |column: u32| wanted.without_hidden && layout.hidden_columns.has(column);
        let (stored, carried) = (&mut self.heading.remarks.stored, &mut self.carried);
        carried.retain(|_, (to, _, _)| *to >= row.number);
        for (column, text, kind) in row.cells().filter(|(column, _, _)| within(column)) {
            carried.remove(&column);
            if let Some((to, _)) = layout.merged_to(row.number, column).filter(|(to, _)| *to > row.number) {
                carried.insert(column, (to, text.to_owned(), kind));
            }
        }
        let texts = (first..=last).map(|column| {
            let known = &mut stored[(column - first) as usize];
            let Some((_, text, kind)) = own.next_if(|(at, _, _)| *at == column) else {
                let (_, text, kind) = carried.get(&column).filter(|_| !left_out(column))?;
                // A label counts for each of its rows; a number would be counted twice.
                if *kind == Stored::Number {
                    known.merged_numbers.add(number);
                    return None;
                }
                known.merged.add(number);
                return Some(text.as_str());
            };
            if left_out(column) {
                return None;
            }
            known.filled += 1;
            match kind {
                Stored::Number => known.numbers.add(number),
                Stored::Text if looks_like_a_number(text) => known.digits.add(number),
                Stored::Text | Stored::Other => {}
            }
            Some(text)
        });
        self.batch.push(number, texts);
        if self.batch.is_full() { self.write() } else { Ok(()) }
    }

    fn tell_outside(&mut self, row: &Row) {
        let (first, last) = self.columns;
        if !self.is_alone {
            return;
        }
        for (column, _, _) in row.cells().filter(|(column, _, _)| !(first..=last).contains(column)) {
            let outside = self.heading.remarks.outside.get_or_insert_with(|| Outside {
                letter: letter(column as usize),
                row: row.number + 1,
                count: 0,
            });
            outside.count += 1;
        }
    }

    fn write(&mut self) -> Result<(), String> {
        if let Some(batch) = self.batch.take().map_err(|error| error.to_string())? {
            self.stream.write(&batch).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn finish(mut self, wanted: &Wanted) -> Result<Box<Found>, String> {
        self.write()?;
        if !wanted.table.is_empty() {
            self.heading.remarks.table = Some(wanted.table.clone());
        }
        let rows = self.stream.into_inner().map_err(|error| error.to_string())?;
        Ok(Box::new(Found { heading: self.heading, rows }))
    }
}

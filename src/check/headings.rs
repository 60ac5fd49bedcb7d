//! Finds a table's columns in a file by their headings.

use super::{
    Column, Extra, Severity, TableContract,
    findings::{Findings, Spot, rule},
    remarks,
    table::with_address,
    unpivot::{self, Unpivot, Wide},
};
pub(super) use crate::decode::plain;

use crate::{
    decode::{Sheet, is_unnamed},
    domain::words::{self, whole},
    settings::nearest,
};

/// So many columns that the contract does not know are told one by one.
const MOST_UNKNOWN: usize = 100;

/// Where a table's columns stand in a file.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The table as a whole.
    pub table: Spot,
    /// For each column of the contract, what findings about it point at.
    pub spots: Vec<Spot>,
    /// For each column of the contract, its place among the file's columns.
    pub places: Vec<Option<usize>>,
    /// The column that names the period.
    pub period: Option<(usize, Spot)>,
    /// The column that names the agency.
    pub agency: Option<(usize, Spot)>,
    /// The wide columns that become rows.
    pub wide: Option<Wide>,
    /// The column that names the member of a group.
    pub member: Option<(usize, Spot)>,
    /// The column that names the area.
    pub area: Option<(usize, Spot)>,
    /// The places of columns without a heading.
    pub unnamed: Vec<usize>,
}

impl Layout {
    /// What findings about a column point at; the table as a whole if there is none.
    pub(super) fn spot_of(&self, table: &TableContract, column: Option<&String>) -> &Spot {
        let at = table.columns.iter().position(|known| Some(&known.name) == column);
        at.map_or(&self.table, |at| &self.spots[at])
    }

    /// A rule's sentence with the addresses of the row's cells.
    pub(super) fn addressed(&self, table: &TableContract, says: &str, row: u32) -> String {
        let columns = table.columns.iter().zip(&self.spots);
        columns.fold(says.to_owned(), |says, (column, spot)| with_address(&says, column, &spot.cell(row)))
    }
}

/// Finds the columns of `table` in `sheet`; what is amiss with its headings becomes findings.
pub(super) fn lay_out(table: &TableContract, sheet: &Sheet, findings: &mut Findings) -> Layout {
    let headings: Vec<String> = sheet.columns.iter().map(|heading| plain(heading)).collect();
    let named = |name: &str| headings.iter().position(|heading| *heading == plain(name));
    let mut search = Search { table, sheet, findings, taken: vec![false; headings.len()] };
    let whole = search.spot(None);
    let mut layout = Layout {
        table: whole,
        spots: Vec::new(),
        places: Vec::new(),
        period: None,
        agency: None,
        wide: None,
        member: None,
        area: None,
        unnamed: Vec::new(),
    };
    let period = table.period_column.as_deref().map(|name| (name, named(name)));
    let agency = table.agency_column.as_deref().map(|name| (name, named(name)));
    let is_made = |column: &Column| table.unpivot.as_ref().is_some_and(|unpivot| unpivot.makes(column));
    let found: Vec<Vec<usize>> = table
        .columns
        .iter()
        .map(|column| {
            let meant: Vec<String> =
                column.headings.iter().filter(|_| !is_made(column)).map(|name| plain(name)).collect();
            (0..headings.len()).filter(|at| headings.get(*at).is_some_and(|name| meant.contains(name))).collect()
        })
        .collect();
    if found.iter().all(Vec::is_empty) && period.is_none_or(|(_, place)| place.is_none()) {
        search.tell_no_headings(&layout.table);
        layout.spots = table.columns.iter().map(|_| layout.table.clone()).collect();
        layout.places = vec![None; table.columns.len()];
        return layout;
    }
    if let Some((_, Some(place))) = period {
        search.taken[place] = true;
        layout.period = Some((place, search.spot(Some(place))));
    }
    if let Some((_, Some(place))) = agency {
        search.taken[place] = true;
        layout.agency = Some((place, search.spot(Some(place))));
    }
    let area = table.areas.as_ref().map(|areas| areas.column.as_str());
    for (name, is_area) in [(table.member_column.as_deref(), false), (area, true)] {
        let Some(name) = name else { continue };
        match named(name) {
            Some(place) => {
                search.taken[place] = true;
                let spot = Some((place, search.spot(Some(place))));
                if is_area { layout.area = spot } else { layout.member = spot }
            }
            // One of the table's own columns tells of itself.
            None if table.columns.iter().any(|column| column.headings.iter().any(|own| plain(own) == plain(name))) => {}
            None => search.tell_missing(&layout.table, name, &[name.to_owned()]),
        }
    }
    for places in &found {
        places.iter().for_each(|place| search.taken[*place] = true);
    }
    for named in [period, agency] {
        if let Some((name, None)) = named {
            search.tell_missing(&layout.table, name, &[name.to_owned()]);
        }
    }
    if let Some(unpivot) = &table.unpivot {
        let wide = unpivot::find(table, unpivot, sheet, &mut search.taken, search.findings);
        if wide.groups.is_empty() {
            search.tell_no_wide(&layout.table, unpivot);
        }
        layout.wide = Some(wide);
    }
    for (column, places) in table.columns.iter().zip(&found) {
        if is_made(column) {
            layout.spots.push(layout.table.clone());
            layout.places.push(None);
            continue;
        }
        let spot = match places.first() {
            Some(place) => search.spot(Some(*place)),
            None => layout.table.clone(),
        };
        search.tell_of(column, &spot, places);
        layout.spots.push(spot);
        layout.places.push(places.first().copied());
    }
    layout.unnamed = search.unknown(true);
    search.tell_unknown();
    remarks::tell(table, sheet, &layout, findings);
    layout
}

struct Search<'a> {
    table: &'a TableContract,
    sheet: &'a Sheet,
    findings: &'a mut Findings,
    /// Which of the file's columns the contract knows.
    taken: Vec<bool>,
}

impl Search<'_> {
    /// What findings about the column at `place` point at, or about the table as a whole.
    fn spot(&mut self, place: Option<usize>) -> Spot {
        let column = place.map(|place| (self.sheet.columns[place].as_str(), self.sheet.letter(place)));
        self.findings.spot(&self.table.name, self.sheet.name.as_deref(), column)
    }

    /// What findings about a column that is not there point at.
    fn absent(&mut self, heading: &str) -> Spot {
        self.findings.spot(&self.table.name, self.sheet.name.as_deref(), Some((heading, None)))
    }

    fn add(&mut self, severity: Severity, spot: &Spot, rule: &'static str, says: impl FnOnce() -> String) {
        self.findings.add(severity, spot, None, rule, says);
    }

    /// None of the headings is there. The first row may hold anything then, so that nothing of it is repeated.
    fn tell_no_headings(&mut self, whole: &Spot) {
        let expected: Vec<String> = self.table.columns.iter().map(|column| format!("{:?}", column.heading())).collect();
        let says = || {
            let expected = expected.join(", ");
            format!("none of this return's headings is here. Please put them into the first row: {expected}.")
        };
        self.add(Severity::Error, whole, rule::NO_HEADINGS, says);
    }

    /// None of the wide columns is there.
    fn tell_no_wide(&mut self, whole: &Spot, unpivot: &Unpivot) {
        self.add(Severity::Error, whole, rule::COLUMN, || match unpivot.pattern {
            None => "no column is headed by a period, such as Apr 2025 or 2025-26 Q1. Please add them.".to_owned(),
            Some(_) => format!("the columns that hold {} are missing. Please use the template.", unpivot.into),
        });
    }

    fn tell_missing(&mut self, whole: &Spot, heading: &str, headings: &[String]) {
        let unknown = self.unknown(false).into_iter().map(|place| (place, self.sheet.columns[place].as_str()));
        let unknown: Vec<(usize, &str)> = unknown.collect();
        let near = headings.iter().find_map(|name| nearest(name, unknown.iter().map(|(_, heading)| *heading)));
        let near = unknown.iter().find(|(_, heading)| Some(*heading) == near).copied();
        if let Some((place, _)) = near {
            // It is told here, and is not to be told again as unknown.
            self.taken[place] = true;
        }
        let sheet = self.sheet;
        self.add(Severity::Error, whole, rule::COLUMN, || match near {
            Some((place, near)) => {
                let column = sheet.letter(place).map(|letter| format!(" in column {letter}")).unwrap_or_default();
                format!("the column {heading:?} is missing. If {near:?}{column} is meant, please correct its heading.")
            }
            None => format!("the column {heading:?} is missing. Please add it with that heading."),
        });
    }

    fn tell_of(&mut self, column: &Column, spot: &Spot, places: &[usize]) {
        let heading = column.heading();
        match places {
            [] if column.sometimes => {
                let spot = self.absent(heading);
                self.add(Severity::Note, &spot, rule::ABSENT, || {
                    format!("the column {heading:?} is not in this file; it counts as not available.")
                });
            }
            [] => {
                let spot = self.absent(heading);
                self.tell_missing(&spot, heading, &column.headings);
            }
            [only] if plain(&self.sheet.columns[*only]) != plain(heading) => {
                let written = self.sheet.columns[*only].clone();
                self.add(Severity::Note, spot, rule::RENAMED, || {
                    format!("the heading {written:?} is read as {heading:?}, its name in this return.")
                });
            }
            [_] => {}
            [first, second, ..] => {
                let (first, second) = (self.sheet.columns[*first].clone(), self.sheet.columns[*second].clone());
                self.add(Severity::Error, spot, rule::TWICE, || {
                    format!("{first:?} and {second:?} are two names of one column. Please leave only one of them.")
                });
            }
        }
    }

    /// The columns that nothing speaks of: those without a heading, or the others.
    fn unknown(&self, unnamed: bool) -> Vec<usize> {
        let columns = self.sheet.columns.iter().enumerate();
        columns.filter(|(at, name)| !self.taken[*at] && is_unnamed(name) == unnamed).map(|(at, _)| at).collect()
    }

    fn tell_unknown(&mut self) {
        let severity = match self.table.extra_columns {
            Extra::Error => Severity::Error,
            Extra::Query => Severity::Query,
            Extra::Ignore => {
                for place in self.unknown(false) {
                    let spot = self.spot(Some(place));
                    self.findings.ignored.push(spot);
                }
                return;
            }
        };
        let unknown = self.unknown(false);
        if let Some(more) = unknown.len().checked_sub(MOST_UNKNOWN).filter(|more| *more > 0) {
            let whole = self.spot(None);
            self.add(severity, &whole, rule::UNKNOWN, || {
                format!("{} more columns are not part of this return. Please delete them.", words::whole(more as u64))
            });
        }
        for place in unknown.into_iter().take(MOST_UNKNOWN) {
            let spot = self.spot(Some(place));
            let sheet = self.sheet;
            let times = match sheet.counts.get(place) {
                Some(count) if *count > 1 => format!(" (there are {} of them)", whole(*count)),
                _ => String::new(),
            };
            let says = || {
                let heading = &sheet.columns[place];
                format!("{heading:?}{times} is not part of this return. Please delete it, or tell us what it holds.")
            };
            self.add(severity, &spot, rule::UNKNOWN, says);
        }
    }
}
